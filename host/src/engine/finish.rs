//! From a fetched file to its places: verify, tag a copy, place, link. Blocking; the order
//! is the one of the promises (A2), and only `publish` touches a final path.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use musicdl_plugin_api::Hit;

use super::art::{self, CoverEmbedding, Picture};
use super::delivered::Delivered;
use super::inspect::{Findings, Inspector};
use crate::convert::{self, Decision};
use crate::ffmpeg::Ffmpeg;
use crate::layout::RelPath;
use crate::music::{Container, Encoding, QualityPreference, Sound, SourceName};
use crate::plan::PlanItem;
use crate::plan::renewal::Renewal;
use crate::publish::{
    HeldNote, Note, Placed, PublishError, Publisher, Quarantine, Staging, stops_the_run,
};
use crate::tagging::{self, Art, Cover, CoverOutcome, Id3, Lyrics, TagError, Tags};
use crate::verify::{self, Expected, Verified, VerifyError};

/// Puts audio where the plan says.
pub struct Finisher {
    pub(super) publisher: Arc<Publisher>,
    pub(super) finishing: Finishing,
    inspector: Inspector,
    quarantine: Option<Quarantine>,
}

/// What the user decided about files that were fetched.
#[derive(Clone, Debug, Default)]
pub struct Finishing {
    /// Whether a `cover.jpg` is put beside audio.
    pub cover_file: bool,
    /// By which a file that is there is better or worse than another one.
    pub quality: QualityPreference,
    /// The version of ID3 tags.
    pub id3: Id3,
    /// Which pictures go into files.
    pub cover: CoverEmbedding,
    /// Whether tracks of an album wait until all of them are ready.
    pub together: bool,
    /// Where lyrics go.
    pub lyrics: LyricsWish,
    /// Whether a comment names the source.
    pub source_comment: bool,
    /// Whether loudness is measured and written; needs [`Self::ffmpeg`].
    pub replaygain: bool,
    /// Whether that of whole albums is, too; needs [`Self::ffmpeg`].
    pub album_gain: bool,
    /// What files become; needs [`Self::ffmpeg`].
    pub convert: Option<convert::Conversion>,
    /// The user's ffmpeg. Without it fragmented MP4 keeps its own tags.
    pub ffmpeg: Option<Ffmpeg>,
}

/// Where lyrics go that came with the audio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LyricsWish {
    /// Into the file.
    pub embedded: bool,
    /// Beside the file, if they have times.
    pub beside: bool,
}

/// Whose file it is.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) source: SourceName,
    /// What the source said of it.
    pub(super) hit: Hit,
}

/// An item at its places, or ready for them.
#[derive(Debug)]
pub(super) struct Finished {
    /// The first is the item's own; empty while it waits.
    pub(super) placed: Vec<Placed>,
    /// Whether it waits for the others of its album.
    pub(super) held: bool,
    pub(super) audio_hash: Option<String>,
    /// What was found out about its audio; `None` when nothing was fetched.
    pub(super) findings: Option<Box<Findings>>,
    /// What did not work and did not matter enough to fail.
    pub(super) flaws: Vec<String>,
}

/// Why a fetched file did not become one of the library.
#[derive(Debug, thiserror::Error)]
pub(super) enum FinishError {
    /// It is not what was wanted; another candidate may be.
    #[error("{why}")]
    Refused {
        /// Why not.
        why: VerifyError,
        /// Where it is kept for a while, if it is.
        kept: Option<PathBuf>,
    },
    /// It is good, and what is there is not worse.
    #[error("no better than what is there")]
    NotBetter,
    /// It waited for its album, and somebody removed it.
    #[error("what was ready of it is gone from `.musicdl/held`; run again")]
    Unheld,
    /// The disk, or somebody's file at the place.
    #[error("{0}")]
    Publish(#[from] PublishError),
    /// The disk, while the copy was tagged.
    #[error("{0}")]
    Tag(#[from] TagError),
}

/// No picture is longer (promises D3); one more byte shows that there is more.
const MOST_COVER_BYTES: u64 = 20 * 1024 * 1024;

/// The longest opera has less.
const MOST_LYRICS_BYTES: u64 = 1024 * 1024;

fn read_some(file: &File, most: u64) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    file.take(most + 1).read_to_end(&mut data)?;
    if data.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(data)
}

impl FinishError {
    /// Whether no item can succeed before somebody mended the disk.
    pub(super) fn is_disk_stop(&self) -> bool {
        match self {
            FinishError::Refused {
                why: VerifyError::Io { source, .. },
                ..
            }
            | FinishError::Tag(TagError::Io { source, .. }) => stops_the_run(source),
            FinishError::Publish(error) => error.is_disk_stop(),
            FinishError::Refused { .. }
            | FinishError::NotBetter
            | FinishError::Unheld
            | FinishError::Tag(_) => false,
        }
    }
}

/// What was measured, as it is wished for.
fn sound_of(verified: &Verified) -> Sound {
    Sound::found(
        Some(verified.codec),
        verified.bit_depth,
        Some(verified.sample_rate),
        Some(verified.bitrate),
    )
}

/// What ffmpeg made and what it was found to be; `None`: there was nothing to make. The error
/// is a flaw, in words.
type Made = Result<Option<(PathBuf, Verified)>, String>;

fn convert_to(
    ffmpeg: &Ffmpeg,
    staging: &Staging,
    (audio, verified): (&Path, &Verified),
    encoding: Encoding,
) -> Made {
    let to = staging.tag().join("converted");
    let from = (audio, verified.container);
    let failed = |why: &dyn std::fmt::Display| format!("not converted to {encoding}: {why}");
    ffmpeg
        .convert(from, &to, encoding, verified.duration_ms)
        .map_err(|error| failed(&error))?;
    // A damaged result must not take the place of good audio.
    let duration_ms = Some(verified.duration_ms);
    let made = verify::check(&to, &Expected { duration_ms }).map_err(|error| failed(&error))?;
    if made.codec != encoding.codec() {
        return Err(failed(&format!("it became {}", made.codec)));
    }
    Ok(Some((to, made)))
}

/// A fragmented MP4 as a plain one, whose tags can be written.
fn defragmented(ffmpeg: &Ffmpeg, staging: &Staging, (audio, verified): (&Path, &Verified)) -> Made {
    let is_fragmented = verified.container == Container::Mp4
        && verify::is_fragmented(audio).map_err(|error| error.to_string())?;
    if !is_fragmented {
        return Ok(None);
    }
    let to = staging.tag().join("whole");
    let failed = |why: &dyn std::fmt::Display| format!("its fragments were not joined: {why}");
    ffmpeg
        .defragment(audio, &to, verified.duration_ms)
        .map_err(|error| failed(&error))?;
    let duration_ms = Some(verified.duration_ms);
    let made = verify::check(&to, &Expected { duration_ms }).map_err(|error| failed(&error))?;
    if made.audio_hash != verified.audio_hash {
        return Err(failed(&"its audio would not be the same"));
    }
    Ok(Some((to, made)))
}

/// The picture that came with the audio.
fn delivered_cover(delivered: &Delivered, flaws: &mut Vec<String>) -> Option<Cover> {
    let file = delivered.cover.as_ref()?;
    let cover = read_some(file, MOST_COVER_BYTES)
        .map_err(|error| error.to_string())
        .and_then(|data| Cover::new(data).map_err(|error| error.to_string()));
    cover
        .map_err(|why| flaws.push(format!("cover left out: {why}")))
        .ok()
}

fn delivered_lyrics(delivered: &Delivered, flaws: &mut Vec<String>) -> Option<Lyrics> {
    let file = delivered.lyrics.as_ref()?;
    let lyrics = read_some(file, MOST_LYRICS_BYTES)
        .map_err(|error| error.to_string())
        .and_then(|data| Lyrics::new(data).map_err(|error| error.to_string()));
    lyrics
        .map_err(|why| flaws.push(format!("lyrics left out: {why}")))
        .ok()
}

impl Finisher {
    /// A finisher for that library.
    pub fn new(publisher: Arc<Publisher>, finishing: Finishing) -> Self {
        Self {
            publisher,
            finishing,
            inspector: Inspector::default(),
            quarantine: None,
        }
    }

    /// The same with these eyes, and a place for what they refuse.
    #[must_use]
    pub fn inspecting(self, inspector: Inspector, quarantine: Quarantine) -> Self {
        Self {
            inspector,
            quarantine: Some(quarantine),
            ..self
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
        origin: &Origin,
    ) -> Result<Finished, FinishError> {
        let audio = staging.take(&delivered.audio)?;
        let inspected = self
            .inspector
            .inspect(&audio, &item.track.unpack(), &origin.hit);
        let (verified, findings) =
            inspected.map_err(|why| self.refused(why, &audio, item, origin))?;
        let mut flaws = findings.remarks.clone();
        let cover = delivered_cover(delivered, &mut flaws);
        let lyrics = delivered_lyrics(delivered, &mut flaws);
        let (fit, verified) = self.made_fit(staging, &audio, verified, &mut flaws);
        // What is made anew may have lost its picture.
        let cover = match cover {
            None if fit != audio => tagging::embedded_cover(&audio).ok().flatten(),
            cover => cover,
        };
        let audio = fit;
        self.refuse_unless_better(item, &verified)?;
        let mut tags = Tags::from_track(&item.track.unpack());
        tags.fill_from(&delivered.facts);
        self.add_to(&mut tags, staging, (&audio, &verified), &mut flaws);
        if let Some(lyrics) = lyrics.as_ref().filter(|_| self.finishing.lyrics.embedded) {
            tags.lyrics = Some(lyrics.text().to_owned());
        }
        let picture = Picture::of(
            self.finishing.cover,
            (&audio, cover),
            self.finishing.ffmpeg.as_ref(),
            &staging.tag().join("picture"),
            &mut flaws,
        );
        let ready = self.tagged(
            staging,
            &audio,
            (&tags, picture.art()),
            &verified,
            &mut flaws,
        )?;
        let lyrics = lyrics.filter(|lyrics| self.finishing.lyrics.beside && lyrics.is_timed());
        let held = self.holds(item);
        let mut placed = Vec::new();
        if held {
            let note = HeldNote {
                id: item.id().clone(),
                extension: verified.extension.to_owned(),
                audio_hash: verified.audio_hash.clone(),
                source: Some(origin.source.clone()),
                lyrics: lyrics.map(|lyrics| lyrics.text().to_owned()),
            };
            let beside = picture.beside().map(Cover::data);
            self.publisher.hold(&ready, beside, &note)?;
        } else {
            placed = self.place(staging, &ready, item, verified.extension)?;
            self.place_covers(&mut placed, picture.beside(), &mut flaws);
            self.place_lyrics(item, lyrics.as_ref().map(Lyrics::text), &mut flaws);
        }
        Ok(Finished {
            placed,
            held,
            audio_hash: Some(verified.audio_hash),
            findings: Some(Box::new(findings)),
            flaws,
        })
    }

    /// The file goes where its owner can look at it; that it cannot is no reason to stop.
    fn refused(
        &self,
        why: VerifyError,
        audio: &Path,
        item: &PlanItem,
        origin: &Origin,
    ) -> FinishError {
        let unread = matches!(why, VerifyError::Io { .. });
        let kept = self.quarantine.as_ref().filter(|_| !unread).map(|place| {
            place.keep(
                audio,
                Note {
                    reason: why.to_string(),
                    source: origin.source.to_string(),
                    target: origin.hit.target_id.clone(),
                    wanted_id: item.id().as_str().to_owned(),
                    wanted: item.display_name(),
                    wanted_ms: item.track.duration_ms(),
                    at: Timestamp::now(),
                },
            )
        });
        let kept = match kept {
            Some(Ok(kept)) => kept,
            None => None,
            Some(Err(error)) => {
                tracing::warn!(%error, "a refused file could not be kept");
                None
            }
        };
        FinishError::Refused { why, kept }
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
        // The one in the file may be smaller, or gone.
        let original = match self.finishing.cover {
            CoverEmbedding::AsTheyCome => None,
            CoverEmbedding::Within(_) | CoverEmbedding::Nowhere => art::beside(owned),
        };
        self.place_covers(&mut placed, original.as_ref(), &mut flaws);
        Ok(Finished {
            placed,
            held: false,
            audio_hash: None,
            findings: None,
            flaws,
        })
    }

    pub(super) fn place_lyrics(
        &self,
        item: &PlanItem,
        text: Option<&str>,
        flaws: &mut Vec<String>,
    ) {
        let Some(text) = text else { return };
        for target in &item.targets {
            if let Err(error) = self.publisher.place_lyrics(target, text) {
                flaws.push(format!("no lyrics file: {error}"));
            }
        }
    }

    /// The audio in the format that the user wants, and in a form that can be tagged. What
    /// ffmpeg cannot do stays as it came: it is good audio all the same.
    fn made_fit(
        &self,
        staging: &Staging,
        audio: &Path,
        verified: Verified,
        flaws: &mut Vec<String>,
    ) -> (PathBuf, Verified) {
        let Some(ffmpeg) = &self.finishing.ffmpeg else {
            return (audio.to_owned(), verified);
        };
        let decision = match &self.finishing.convert {
            Some(preference) => preference.decide(&sound_of(&verified)),
            None => Decision::Keep,
        };
        let made = match (decision, &self.finishing.convert) {
            (Decision::Convert, Some(preference)) => {
                convert_to(ffmpeg, staging, (audio, &verified), preference.encoding)
            }
            (Decision::KeepBut(why), _) => {
                flaws.push(why);
                defragmented(ffmpeg, staging, (audio, &verified))
            }
            (Decision::Keep | Decision::Convert, _) => {
                defragmented(ffmpeg, staging, (audio, &verified))
            }
        };
        match made {
            Ok(Some((made, verified))) => (made, verified),
            Ok(None) => (audio.to_owned(), verified),
            Err(why) => {
                flaws.push(why);
                (audio.to_owned(), verified)
            }
        }
    }

    /// What no catalog says: who delivered the file, and how loud it is.
    fn add_to(
        &self,
        tags: &mut Tags,
        staging: &Staging,
        (audio, verified): (&Path, &Verified),
        flaws: &mut Vec<String>,
    ) {
        if self.finishing.source_comment
            && let Some(source) = staging.source()
        {
            tags.comment = Some(format!("musicdl: from {source}"));
        }
        if self.finishing.replaygain
            && let Some(ffmpeg) = &self.finishing.ffmpeg
        {
            match convert::loudness(ffmpeg, (audio, verified.container), verified.duration_ms) {
                Ok(gain) => tags.track_gain = gain,
                Err(error) => flaws.push(format!("loudness not measured: {error}")),
            }
        }
    }

    /// The file to place: a tagged copy, or the file as it came when tagging failed. Wrong
    /// tags can be mended later, audio that is not kept cannot (M160).
    fn tagged(
        &self,
        staging: &Staging,
        audio: &Path,
        (tags, art): (&Tags, Art<'_>),
        verified: &Verified,
        flaws: &mut Vec<String>,
    ) -> Result<PathBuf, TagError> {
        let copy = staging.tag().join(format!("audio.{}", verified.extension));
        let (container, id3) = (verified.container, self.finishing.id3);
        match tagging::write_copy(audio, &copy, tags, art, container, id3) {
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
        let preference = &self.finishing.quality;
        match self.to_beat(item) {
            Some(step) if preference.step(&sound_of(new)) >= step => Err(FinishError::NotBetter),
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
        let verified = verify::check(owned, &Expected::default())
            .map_err(|why| FinishError::Refused { why, kept: None })?;
        let copy = staging.tag().join(format!("audio.{}", verified.extension));
        let tags = Tags::from_track(&item.track.unpack());
        let (container, id3) = (verified.container, self.finishing.id3);
        tagging::write_copy(owned, &copy, &tags, Art::AsItIs, container, id3)?;
        let placed = self.place(&staging, &copy, item, verified.extension)?;
        staging.remove()?;
        Ok(Finished {
            findings: None,
            placed,
            held: false,
            audio_hash: Some(verified.audio_hash),
            flaws: Vec::new(),
        })
    }

    /// The picture of the audio beside it, once per folder; `original` where the one in the
    /// audio is another one.
    pub(super) fn place_covers(
        &self,
        placed: &mut [Placed],
        original: Option<&Cover>,
        flaws: &mut Vec<String>,
    ) {
        if !self.finishing.cover_file {
            return;
        }
        let Some(first) = placed.first() else { return };
        let embedded = match original {
            Some(original) => Ok(Some(original.clone())),
            None => tagging::embedded_cover(&first.path),
        };
        let cover = match embedded {
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
