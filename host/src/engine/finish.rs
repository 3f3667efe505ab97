//! From a fetched file to its places: verify, tag a copy, place, link. Blocking; the order
//! is the one of the promises (A2), and only `publish` touches a final path.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::delivered::Delivered;
use crate::plan::PlanItem;
use crate::publish::{Placed, PublishError, Publisher, Staging, stops_the_run};
use crate::tagging::{self, Cover, CoverOutcome, TagError, Tags};
use crate::verify::{self, Expected, Verified, VerifyError};

/// Puts audio where the plan says.
pub struct Finisher {
    publisher: Arc<Publisher>,
    cover_file: bool,
}

/// An item at its places.
#[derive(Debug)]
pub(super) struct Finished {
    /// The first is the item's own.
    pub(super) placed: Vec<Placed>,
    pub(super) audio_hash: Option<String>,
    /// What did not work and did not matter enough to fail.
    pub(super) flaws: Vec<String>,
}

/// Why a fetched file did not become one of the library.
#[derive(Debug, thiserror::Error)]
pub(super) enum FinishError {
    /// It is not what was wanted; another candidate may be.
    #[error("{0}")]
    Refused(#[from] VerifyError),
    /// The disk, or somebody's file at the place.
    #[error("{0}")]
    Publish(#[from] PublishError),
    /// The disk, while the copy was tagged.
    #[error("{0}")]
    Tag(#[from] TagError),
}

/// No picture is longer (promises D3); one more byte shows that there is more.
const MOST_COVER_BYTES: u64 = 20 * 1024 * 1024;

fn read_cover(file: &File) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    file.take(MOST_COVER_BYTES + 1).read_to_end(&mut data)?;
    if data.len() as u64 > MOST_COVER_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(data)
}

impl FinishError {
    /// Whether no item can succeed before somebody mended the disk.
    pub(super) fn is_disk_stop(&self) -> bool {
        match self {
            FinishError::Refused(VerifyError::Io { source, .. })
            | FinishError::Tag(TagError::Io { source, .. }) => stops_the_run(source),
            FinishError::Publish(error) => error.is_disk_stop(),
            FinishError::Refused(_) | FinishError::Tag(_) => false,
        }
    }
}

impl Finisher {
    /// A finisher for that library. `cover_file`: whether a `cover.jpg` is put beside audio.
    pub fn new(publisher: Arc<Publisher>, cover_file: bool) -> Self {
        Self {
            publisher,
            cover_file,
        }
    }

    /// The one who creates final paths.
    pub fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// Verifies, tags and places what a source delivered.
    pub(super) fn finish(
        &self,
        staging: &Staging,
        delivered: &Delivered,
        item: &PlanItem,
    ) -> Result<Finished, FinishError> {
        let audio = staging.take(&delivered.audio, delivered.bytes)?;
        let verified = verify::check(
            &audio,
            &Expected {
                duration_ms: item.track.duration_ms,
            },
        )?;
        let mut flaws = Vec::new();
        if !verified.decoded {
            flaws.push(format!(
                "{} cannot be decoded here; its packets are complete",
                verified.codec
            ));
        }
        let ready = self.tagged(staging, &audio, delivered, item, &verified, &mut flaws)?;
        let first = self
            .publisher
            .place(&ready, &item.targets[0], verified.extension)?;
        let mut placed = vec![first];
        self.place_others(
            item,
            &placed[0].path.clone(),
            verified.extension,
            &mut placed,
        )?;
        self.place_covers(&mut placed, &mut flaws);
        Ok(Finished {
            placed,
            audio_hash: Some(verified.audio_hash),
            flaws,
        })
    }

    /// Gives an item the places it lacks, from a file of it that the library has.
    pub(super) fn link_missing(
        &self,
        owned: &Path,
        item: &PlanItem,
    ) -> Result<Finished, FinishError> {
        let extension = owned
            .extension()
            .and_then(|extension| extension.to_str())
            .map(str::to_ascii_lowercase)
            .unwrap_or_default();
        let mut placed = Vec::new();
        for target in &item.targets {
            placed.push(self.publisher.link(owned, target, &extension)?);
        }
        let mut flaws = Vec::new();
        self.place_covers(&mut placed, &mut flaws);
        Ok(Finished {
            placed,
            audio_hash: None,
            flaws,
        })
    }

    /// The file to place: a tagged copy, or the file as it came when tagging failed. Wrong
    /// tags can be mended later, audio that is not kept cannot (M160).
    fn tagged(
        &self,
        staging: &Staging,
        audio: &Path,
        delivered: &Delivered,
        item: &PlanItem,
        verified: &Verified,
        flaws: &mut Vec<String>,
    ) -> Result<PathBuf, TagError> {
        let cover = delivered
            .cover
            .as_ref()
            .and_then(|file| match read_cover(file) {
                Ok(data) => match Cover::new(data) {
                    Ok(cover) => Some(cover),
                    Err(error) => {
                        flaws.push(format!("cover left out: {error}"));
                        None
                    }
                },
                Err(error) => {
                    flaws.push(format!("cover left out: {error}"));
                    None
                }
            });
        let copy = staging.tag().join(format!("audio.{}", verified.extension));
        let tags = Tags::from_track(&item.track);
        match tagging::write_copy(audio, &copy, &tags, cover.as_ref(), verified.container) {
            Ok(written) => {
                if let CoverOutcome::LeftOut(why) = written.cover {
                    flaws.push(format!("cover left out: {why}"));
                }
                Ok(copy)
            }
            Err(error) if error.leaves_a_good_file() => {
                flaws.push(format!("not tagged: {error}"));
                Ok(audio.to_owned())
            }
            Err(error) => Err(error),
        }
    }

    fn place_others(
        &self,
        item: &PlanItem,
        from: &Path,
        extension: &str,
        placed: &mut Vec<Placed>,
    ) -> Result<(), PublishError> {
        for target in &item.targets[1..] {
            placed.push(self.publisher.link(from, target, extension)?);
        }
        Ok(())
    }

    /// The picture of the audio beside it, once per folder.
    fn place_covers(&self, placed: &mut [Placed], flaws: &mut Vec<String>) {
        if !self.cover_file {
            return;
        }
        let Some(first) = placed.first() else { return };
        let cover = match tagging::embedded_cover(&first.path) {
            Ok(Some(cover)) => cover,
            Ok(None) => return,
            Err(error) => {
                flaws.push(format!("no cover file: {error}"));
                return;
            }
        };
        for place in placed.iter() {
            if let Err(error) =
                self.publisher
                    .place_cover(&place.relative, cover.data(), cover.extension())
            {
                flaws.push(format!("no cover file: {error}"));
            }
        }
    }
}
