//! From a fetched file to its places: verify, tag a copy, place, link. Blocking; the order
//! is the one of the promises (A2), and only `publish` touches a final path.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::delivered::Delivered;
use crate::layout::RelPath;
use crate::music::{QualityWish, Sound};
use crate::plan::PlanItem;
use crate::plan::renewal::Renewal;
use crate::publish::{Placed, PublishError, Publisher, Staging, stops_the_run};
use crate::tagging::{self, Cover, CoverOutcome, TagError, Tags};
use crate::verify::{self, Expected, Verified, VerifyError};

/// Puts audio where the plan says.
pub struct Finisher {
    publisher: Arc<Publisher>,
    finishing: Finishing,
}

/// What the user decided about files that were fetched.
#[derive(Clone, Debug, Default)]
pub struct Finishing {
    /// Whether a `cover.jpg` is put beside audio.
    pub cover_file: bool,
    /// By which a file that is there is better or worse than another one.
    pub quality: QualityWish,
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
    /// It is good, and what is there is not worse.
    #[error("no better than what is there")]
    NotBetter,
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
            FinishError::Refused(_) | FinishError::NotBetter | FinishError::Tag(_) => false,
        }
    }
}

impl Finisher {
    /// A finisher for that library.
    pub fn new(publisher: Arc<Publisher>, finishing: Finishing) -> Self {
        Self {
            publisher,
            finishing,
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
        self.refuse_unless_better(item, &verified)?;
        let mut flaws = Vec::new();
        if !verified.decoded {
            flaws.push(format!(
                "{} cannot be decoded here; its packets are complete",
                verified.codec
            ));
        }
        let ready = self.tagged(staging, &audio, delivered, item, &verified, &mut flaws)?;
        let mut placed = self.place(staging, &ready, item, verified.extension)?;
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

    /// Puts a finished file at all places of its item. Only for an item that is to be renewed
    /// does what is there give way.
    fn place(
        &self,
        staging: &Staging,
        ready: &Path,
        item: &PlanItem,
        extension: &str,
    ) -> Result<Vec<Placed>, PublishError> {
        let publisher = &self.publisher;
        let [own, others @ ..] = item.targets.as_slice() else {
            return Ok(Vec::new());
        };
        let renews = item.renewal.is_some();
        let first = if renews {
            publisher.replace(ready, own, extension)?
        } else {
            publisher.place(ready, own, extension)?
        };
        let aside = staging.tag().join("second name");
        let further = |target: &RelPath| {
            if renews {
                publisher.replace_by_link(&first.path, &aside, target, extension)
            } else {
                publisher.link(&first.path, target, extension)
            }
        };
        let mut placed: Vec<Placed> = others.iter().map(further).collect::<Result<_, _>>()?;
        placed.insert(0, first);
        Ok(placed)
    }

    /// A file that is there gives way to a better one only.
    fn refuse_unless_better(&self, item: &PlanItem, new: &Verified) -> Result<(), FinishError> {
        if item.renewal != Some(Renewal::Better) {
            return Ok(());
        }
        let wish = &self.finishing.quality;
        let sound = Sound {
            codec: Some(new.codec),
            bit_depth: new.bit_depth,
            sample_rate: Some(new.sample_rate),
            bitrate: Some(new.bitrate),
            transcoded: false,
        };
        match self.to_beat(item) {
            Some(step) if wish.step(&sound) >= step => Err(FinishError::NotBetter),
            Some(_) | None => Ok(()),
        }
    }

    /// Which of the wanted qualities the file that is there has; `None` when it is not to be
    /// renewed by a better one, or is not there any more.
    pub(super) fn to_beat(&self, item: &PlanItem) -> Option<usize> {
        let owned = item.owned.as_ref();
        let owned = owned.filter(|_| item.renewal == Some(Renewal::Better))?;
        let sound = tagging::sound(owned).ok()?;
        Some(self.finishing.quality.step(&sound))
    }

    /// Writes the tags of an item anew into the file that is there: into a copy, which takes
    /// its place once its audio is known to be the same.
    pub(super) fn retag(&self, owned: &Path, item: &PlanItem) -> Result<Finished, FinishError> {
        let staging = self.publisher.staging_of_owned(item.id())?;
        let verified = verify::check(owned, &Expected::default())?;
        let copy = staging.tag().join(format!("audio.{}", verified.extension));
        let tags = Tags::from_track(&item.track);
        tagging::write_copy(owned, &copy, &tags, None, verified.container)?;
        let placed = self.place(&staging, &copy, item, verified.extension)?;
        staging.remove()?;
        Ok(Finished {
            placed,
            audio_hash: Some(verified.audio_hash),
            flaws: Vec::new(),
        })
    }

    /// The picture of the audio beside it, once per folder.
    fn place_covers(&self, placed: &mut [Placed], flaws: &mut Vec<String>) {
        if !self.finishing.cover_file {
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
