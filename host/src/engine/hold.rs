//! Tracks that wait for the others of their album: which do, what of them is ready from an
//! earlier run, and how they get their places at last.

use super::album::AlbumKey;
use super::finish::{FinishError, Finished, Finisher};
use crate::music::SourceName;
use crate::plan::PlanItem;
use crate::publish::{Held, Placed, PublishError};
use crate::tagging::Cover;
use crate::verify;

impl Finished {
    /// Ready, and waiting.
    pub(super) fn waiting() -> Self {
        Self {
            placed: Vec::new(),
            held: true,
            audio_hash: None,
            findings: None,
            flaws: Vec::new(),
        }
    }
}

impl Finisher {
    /// Whether the item waits for its album. What is to be renewed is at its place already.
    pub(super) fn holds(&self, item: &PlanItem) -> bool {
        self.finishing.together
            && item.renewal.is_none()
            && AlbumKey::of(&item.track.unpack()).is_some()
    }

    /// Whether a file of the item waits since an earlier run.
    pub(super) fn has_held(&self, item: &PlanItem) -> bool {
        matches!(self.publisher.held(item.id()), Ok(Some(_)))
    }

    /// What an earlier run made ready for the item, and who delivered it. `None`: nothing, or
    /// nothing that is what it was. It waits on, or gets its places if nothing waits any more.
    pub(super) fn resume(
        &self,
        item: &PlanItem,
    ) -> Result<Option<(Finished, Option<SourceName>)>, FinishError> {
        let Some(Held { audio, note, .. }) = self.publisher.held(item.id())? else {
            return Ok(None);
        };
        if verify::payload_hash(&audio).ok().as_ref() != Some(&note.audio_hash) {
            tracing::warn!(path = %audio.display(), "what waited is damaged, and fetched again");
            self.publisher.forget_held(item.id())?;
            return Ok(None);
        }
        let finished = if self.holds(item) {
            Finished::waiting()
        } else {
            self.publish_held(item)?
        };
        Ok(Some((finished, note.source)))
    }

    /// What is at a place of the item that waits, in words; `None`: nothing.
    pub(super) fn obstruction(&self, item: &PlanItem) -> Option<String> {
        if item.owned.is_some() {
            // The same audio may be there.
            return None;
        }
        let held = self.publisher.held(item.id()).ok().flatten()?;
        let paths = item.targets.iter().map(|target| {
            let relative = target.join_extension(&held.note.extension);
            relative.under(self.publisher.library())
        });
        let mut taken = paths.filter(|path| path.symlink_metadata().is_ok());
        let path = taken.next()?;
        Some(PublishError::Occupied { path }.to_string())
    }

    /// Gives an item that waited its places.
    pub(super) fn publish_held(&self, item: &PlanItem) -> Result<Finished, FinishError> {
        if let Some(owned) = &item.owned {
            return self.link_missing(owned, item);
        }
        let held = self.publisher.held(item.id())?;
        let Some(held) = held else {
            return Err(FinishError::Unheld);
        };
        let Held { audio, cover, note } = held;
        let mut flaws = Vec::new();
        let cover = cover.and_then(|path| {
            let read = std::fs::read(path).map_err(|error| error.to_string());
            let cover = read.and_then(|data| Cover::new(data).map_err(|error| error.to_string()));
            cover
                .map_err(|why| flaws.push(format!("no cover file: {why}")))
                .ok()
        });
        let mut placed: Vec<Placed> = Vec::new();
        for target in &item.targets {
            placed.push(match placed.first() {
                None => self.publisher.place(&audio, target, &note.extension)?,
                Some(first) => self.publisher.link(&first.path, target, &note.extension)?,
            });
        }
        self.place_covers(&mut placed, cover.as_ref(), &mut flaws);
        self.place_lyrics(item, note.lyrics.as_deref(), &mut flaws);
        // What is forgotten here has to be found there.
        self.publisher.sync_names()?;
        self.publisher.forget_held(item.id())?;
        Ok(Finished {
            placed,
            held: false,
            audio_hash: Some(note.audio_hash),
            findings: None,
            flaws,
        })
    }
}
