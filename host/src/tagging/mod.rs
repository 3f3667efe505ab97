//! What is written into a file, on a copy of it.
//!
//! What the catalog knows replaces what the file says; everything else in the file stays:
//! genre, ids, loudness, lyrics, the cover it came with. The audio is compared before and
//! after, packet by packet, because tag writers have damaged files before: a copy whose
//! audio changed is removed and the caller keeps the untagged file. Whether and where the
//! copy goes into a library is `publish`'s.

mod cover;
mod edit;
mod error;
mod from_track;
mod gain;
mod id3;
mod ilst;
mod lyrics;
mod older;
mod opened;
mod room;
mod sound;
#[cfg(test)]
mod tests;
mod vorbis;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use lofty::picture::{Picture, PictureType};

use crate::music::Container;
use crate::verify::{self, VerifyError, payload_hash};

pub use cover::{Cover, CoverError, CoverLimits};
pub use edit::EditError;
pub use error::TagError;
pub use gain::Gain;
pub use lyrics::{Lyrics, LyricsError};
pub use sound::sound;

use error::chain;
use opened::Opened;

/// What is said of a recording inside its file. Facts nobody said are `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// Title.
    pub title: Option<String>,
    /// Credited artists, the main one first.
    pub artists: Vec<String>,
    /// Title of the album.
    pub album: Option<String>,
    /// Artist of the album.
    pub album_artist: Option<String>,
    /// Position on its disc, from 1.
    pub track_number: Option<u32>,
    /// How many tracks that disc has.
    pub track_total: Option<u32>,
    /// Disc within the album, from 1.
    pub disc_number: Option<u32>,
    /// How many discs the album has.
    pub disc_total: Option<u32>,
    /// `1987`, `1987-04` or `1987-04-01`.
    pub date: Option<String>,
    /// International Standard Recording Code, twelve characters.
    pub isrc: Option<String>,
    /// MusicBrainz id of the recording, a lower-case UUID.
    pub recording_mbid: Option<String>,
    /// `true`: explicit; `false`: not marked as explicit.
    pub explicit: Option<bool>,
    /// Kinds of music, the main one first.
    pub genres: Vec<String>,
    /// Who published the album.
    pub label: Option<String>,
    /// Barcode of the album (UPC or EAN), digits.
    pub upc: Option<String>,
    /// MusicBrainz id of the release, a lower-case UUID.
    pub release_mbid: Option<String>,
    /// Whether the album has tracks of several artists who did not make it together.
    pub compilation: Option<bool>,
    /// A word of whoever put the file into the library.
    pub comment: Option<String>,
    /// The words that are sung, as text or as LRC.
    pub lyrics: Option<String>,
    /// How loud the recording is.
    pub track_gain: Option<Gain>,
    /// How loud its album is.
    pub album_gain: Option<Gain>,
}

/// Which version of ID3 is written, into MP3, WAV, AIFF and bare AAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Id3 {
    /// ID3v2.4: UTF-8, several values in a field.
    #[default]
    V24,
    /// ID3v2.3, for players that know nothing newer: several values are joined by `/`.
    V23,
}

/// What becomes of the pictures in a file.
#[derive(Clone, Copy, Debug)]
pub enum Art<'a> {
    /// They stay.
    AsItIs,
    /// They stay, and a file without any gets this one.
    IfNone(&'a Cover),
    /// Those within the limits stay, and a file without a front cover gets that one.
    Within(CoverLimits, Option<&'a Cover>),
    /// They go.
    Nothing,
}

impl<'a> Art<'a> {
    /// That picture, if there is one, for a file without any.
    pub fn of(cover: Option<&'a Cover>) -> Self {
        cover.map_or(Art::AsItIs, Art::IfNone)
    }
}

/// What became of the cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoverOutcome {
    /// The file had one already; it was kept.
    Kept,
    /// The given one was put in.
    Embedded,
    /// There was none, and none was given.
    Absent,
    /// The given one was not put in, for this reason.
    LeftOut(String),
}

/// A tagged copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What became of the cover.
    pub cover: CoverOutcome,
    /// Digest of its audio, the same as that of the file it was copied from.
    pub audio_hash: String,
}

/// Copies `from` to `to`, which must not exist, and writes `tags` into the copy.
///
/// `art` says what becomes of pictures. ID3 tags become the version
/// `id3`. The copy has the permissions of a new file. Nothing is synced to the disk. Blocking.
///
/// # Errors
/// See [`TagError`]; whatever it is, `to` does not exist afterwards.
pub fn write_copy(
    from: &Path,
    to: &Path,
    tags: &Tags,
    art: Art<'_>,
    container: Container,
    id3: Id3,
) -> Result<Written, TagError> {
    if let Some(reason) = unsafe_to_write(from, container)? {
        return Err(TagError::LeftUntagged {
            path: from.to_owned(),
            reason: reason.to_owned(),
        });
    }
    let before = payload_hash(from).map_err(|source| audio(from, source))?;
    let mut file = copy(from, to, container)?;
    let write = || write(&mut file, (from, to), tags, art, container, id3);
    let written =
        room::in_turn(to, || guarded(to, write)).and_then(|cover| compare(from, to, before, cover));
    if written.is_err() {
        // The error that matters is the first one; a copy that cannot be removed lies in the
        // caller's staging folder, which is cleared anyway.
        let _ = fs::remove_file(to);
    }
    written
}

/// Reads what musicdl writes.
///
/// # Errors
/// When the file is no audio or its tags cannot be understood.
pub fn read(path: &Path) -> Result<Tags, TagError> {
    with_opened(path, Opened::tags).map(Option::unwrap_or_default)
}

/// The picture inside the file: its front cover, or its first picture that can be used.
///
/// # Errors
/// When the file is no audio or its tags cannot be understood.
pub fn embedded_cover(path: &Path) -> Result<Option<Cover>, TagError> {
    let cover = with_opened(path, |opened| {
        let mut pictures = opened.pictures();
        pictures.sort_by_key(|p| p.pic_type() != PictureType::CoverFront);
        pictures
            .into_iter()
            .find_map(|p| Cover::new(p.data().to_vec()).ok())
    })?;
    Ok(cover.flatten())
}

/// Why writing tags into this file is known to destroy it, if it is.
fn unsafe_to_write(path: &Path, container: Container) -> Result<Option<&'static str>, TagError> {
    let failed = |source| audio(path, source);
    Ok(match container {
        Container::Mp4 => verify::is_fragmented(path)
            .map_err(failed)?
            .then_some("tags inside fragmented MP4 would move its audio"),
        Container::Ogg => {
            (!verify::ogg_is_intact(path).map_err(failed)?).then_some("it has damaged pages")
        }
        Container::Flac | Container::Mp3 | Container::Wav | Container::Aiff | Container::Adts => {
            None
        }
    })
}

/// A new file with the same bytes. FLAC loses ID3 tags around it: they are foreign to the
/// format and would go on to say what its own tags then contradict. So does bare audio with an
/// ID3v2 tag behind it, which the tag library does not know and would leave in the way.
fn copy(from: &Path, to: &Path, container: Container) -> Result<File, TagError> {
    let failed = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| TagError::Io {
            doing,
            path,
            source,
        }
    };
    let mut source = File::open(from).map_err(failed("read", from))?;
    let len = source.metadata().map_err(failed("read", from))?.len();
    let range = || verify::payload_range(from).map_err(|e| audio(from, e));
    let is_bare = matches!(container, Container::Mp3 | Container::Adts);
    let (start, end) = if container == Container::Flac {
        range()?
    } else if is_bare && has_id3_at_its_end(&mut source, len).map_err(failed("read", from))? {
        (0, range()?.1)
    } else {
        (0, len)
    };
    source
        .seek(SeekFrom::Start(start))
        .map_err(failed("read", from))?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(to)
        .map_err(failed("create", to))?;
    let copied = io::copy(&mut source.take(end - start), &mut file).and_then(|_| file.rewind());
    if let Err(source) = copied {
        let _ = fs::remove_file(to);
        return Err(failed("write", to)(source));
    }
    Ok(file)
}

/// Whether the footer of an ID3v2.4 tag stands at the end, or before an ID3v1 tag.
fn has_id3_at_its_end(file: &mut File, len: u64) -> io::Result<bool> {
    const FOOTER: u64 = 10;
    const ID3V1: u64 = 128;
    for behind in [FOOTER, FOOTER + ID3V1] {
        let mut magic = [0; 3];
        let Some(at) = len.checked_sub(behind) else {
            continue;
        };
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut magic)?;
        if &magic == b"3DI" {
            return Ok(true);
        }
    }
    Ok(false)
}

fn write(
    file: &mut File,
    (from, to): (&Path, &Path),
    tags: &Tags,
    art: Art<'_>,
    container: Container,
    id3: Id3,
) -> Result<CoverOutcome, TagError> {
    let mut opened = Opened::open(file, container)
        .map_err(|e| TagError::Read {
            path: from.to_owned(),
            reason: chain(&e),
        })?
        .ok_or_else(|| TagError::LeftUntagged {
            path: from.to_owned(),
            reason: "tags of this codec in Ogg are not supported".to_owned(),
        })?;
    opened.put(tags);
    let outcome = depict(&mut opened, art);
    let failed = |error: &dyn std::error::Error| TagError::Write {
        path: to.to_owned(),
        reason: chain(error),
    };
    room::for_id3(file, container).map_err(|e| failed(&e))?;
    opened.save(file, id3).map_err(|e| failed(&e))?;
    Ok(outcome)
}

fn depict(opened: &mut Opened, art: Art<'_>) -> CoverOutcome {
    let has_front = |picture: &&Picture| picture.pic_type() == PictureType::CoverFront;
    let (kept, cover) = match art {
        Art::AsItIs => (!opened.pictures().is_empty(), None),
        Art::IfNone(cover) => (!opened.pictures().is_empty(), Some(cover)),
        Art::Within(limits, cover) => {
            opened.keep_pictures(|picture| {
                // What players cannot show either is of no use in a file.
                Cover::new(picture.data().to_vec()).is_ok_and(|cover| limits.allow(&cover))
            });
            // Formats that do not tell one kind of picture from another have it all the same.
            let is_it = |picture: &&Picture| cover.is_some_and(|c| c.data() == picture.data());
            let pictures = opened.pictures();
            let kept = pictures.iter().any(|one| has_front(one) || is_it(one));
            (kept, cover)
        }
        Art::Nothing => {
            opened.keep_pictures(|_| false);
            (false, None)
        }
    };
    match cover {
        _ if kept => CoverOutcome::Kept,
        None => CoverOutcome::Absent,
        Some(cover) => match opened.embed(cover) {
            Ok(()) => CoverOutcome::Embedded,
            Err(reason) => CoverOutcome::LeftOut(reason),
        },
    }
}

fn compare(
    from: &Path,
    to: &Path,
    before: String,
    cover: CoverOutcome,
) -> Result<Written, TagError> {
    // A copy that cannot be read any more was changed all the more.
    match payload_hash(to) {
        Ok(after) if after == before => Ok(Written {
            cover,
            audio_hash: before,
        }),
        Ok(_) | Err(_) => Err(TagError::AudioChanged {
            path: from.to_owned(),
        }),
    }
}

fn with_opened<T>(path: &Path, look: impl FnOnce(&Opened) -> T) -> Result<Option<T>, TagError> {
    let container = verify::container_of(path).map_err(|source| audio(path, source))?;
    guarded(path, || {
        let mut file = File::open(path).map_err(|source| TagError::Io {
            doing: "read",
            path: path.to_owned(),
            source,
        })?;
        let opened = Opened::open(&mut file, container).map_err(|e| TagError::Read {
            path: path.to_owned(),
            reason: chain(&e),
        })?;
        Ok(opened.as_ref().map(look))
    })
}

/// Runs the tag library on bytes of strangers; its panic becomes an error of this file.
fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T, TagError>) -> Result<T, TagError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(TagError::Read {
            path: path.to_owned(),
            reason: "the tag reader failed on them".to_owned(),
        })
    })
}

fn audio(path: &Path, source: VerifyError) -> TagError {
    TagError::Audio {
        path: path.to_owned(),
        source,
    }
}
