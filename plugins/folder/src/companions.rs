//! What lies beside an audio file and belongs to it: the front cover and the lyrics. They are
//! extras: one that cannot be used is reported and left, and the track goes without.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use musicdl_plugin_api::{Host, LogLevel};

use crate::config::Links;
use crate::directory::open_regular;
use crate::error::FolderError;

/// Names of a front cover, the likeliest first.
const COVER_STEMS: [&str; 3] = ["cover", "folder", "front"];
/// Extensions of a cover. What the content is decides, as with audio.
const COVER_EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];
/// Largest cover, bytes: the host takes no larger picture from anywhere.
const LARGEST_COVER: u64 = 20 * 1024 * 1024;
/// Largest lyrics, bytes: a hundred times the longest song.
const LARGEST_LYRICS: u64 = 1024 * 1024;

/// A file to go along with the audio.
#[derive(Debug)]
pub(crate) struct Companion {
    /// Its whole content.
    pub(crate) content: Vec<u8>,
    /// Extension by content.
    pub(crate) extension: &'static str,
}

/// What was found beside one audio file.
#[derive(Debug, Default)]
pub(crate) struct Companions {
    pub(crate) cover: Option<Companion>,
    pub(crate) lyrics: Option<Companion>,
}

/// Looks beside the audio file at `audio`.
pub(crate) fn beside(audio: &Path, links: Links, host: &Host) -> Companions {
    let listed = audio.parent().map(fs::read_dir);
    let Some(Ok(entries)) = listed else {
        // Files in a directory may be open to us while its list is not.
        let message = format!("no cover or lyrics looked for beside {}", audio.display());
        host.log(LogLevel::DEBUG, &message, &[]);
        return Companions::default();
    };
    let mut covers: Vec<(usize, PathBuf)> = Vec::new();
    let mut lyrics = None;
    for path in entries.flatten().map(|entry| entry.path()) {
        if let Some(rank) = cover_rank(&path) {
            covers.push((rank, path));
        } else if is_lyrics_of(audio, &path) {
            lyrics = Some(path);
        }
    }
    covers.sort();
    let usable = |path: &Path, largest, recognise: fn(&[u8]) -> Option<&'static str>| {
        read(path, links, largest, recognise)
            .inspect_err(|why| {
                let message = format!("{} is skipped: {why}", path.display());
                host.log(LogLevel::WARN, &message, &[]);
            })
            .ok()
    };
    Companions {
        cover: covers
            .iter()
            .find_map(|(_, path)| usable(path, LARGEST_COVER, picture)),
        lyrics: lyrics.and_then(|path| usable(&path, LARGEST_LYRICS, text)),
    }
}

/// Why a companion is not taken along.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("a symbolic link")]
    Link,
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    #[error("neither a JPEG nor a PNG picture, nor UTF-8 text")]
    OtherContent,
    #[error(transparent)]
    File(#[from] FolderError),
}

fn read(
    path: &Path,
    links: Links,
    largest: u64,
    recognise: fn(&[u8]) -> Option<&'static str>,
) -> Result<Companion, Unusable> {
    let reading = |source| FolderError::reading(path, source);
    if links == Links::Skip && fs::symlink_metadata(path).map_err(reading)?.is_symlink() {
        return Err(Unusable::Link);
    }
    let (file, _) = open_regular(path)?;
    let mut content = Vec::new();
    // One more than allowed tells a file that grew after its size was read.
    file.take(largest + 1)
        .read_to_end(&mut content)
        .map_err(reading)?;
    if content.len() as u64 > largest {
        return Err(Unusable::TooLarge(largest));
    }
    let extension = recognise(&content).ok_or(Unusable::OtherContent)?;
    Ok(Companion { content, extension })
}

/// The place of a file's name among those of covers, in any case: `Folder.JPG`.
fn cover_rank(path: &Path) -> Option<usize> {
    let among = |part: Option<&OsStr>, names: &[&str]| {
        let part = part?;
        names
            .iter()
            .position(|name| part.eq_ignore_ascii_case(name))
    };
    let extension = among(path.extension(), &COVER_EXTENSIONS)?;
    let stem = among(path.file_stem(), &COVER_STEMS)?;
    Some(stem * COVER_EXTENSIONS.len() + extension)
}

fn is_lyrics_of(audio: &Path, path: &Path) -> bool {
    path.file_stem() == audio.file_stem()
        && path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("lrc"))
}

fn picture(content: &[u8]) -> Option<&'static str> {
    if content.starts_with(b"\xFF\xD8\xFF") {
        Some("jpg")
    } else if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("png")
    } else {
        None
    }
}

fn text(content: &[u8]) -> Option<&'static str> {
    let readable = !content.is_empty() && std::str::from_utf8(content).is_ok();
    readable.then_some("lrc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_are_known_by_name_and_the_likeliest_comes_first() {
        let ranks: Vec<Option<usize>> = ["cover.jpg", "Cover.PNG", "folder.jpg", "FRONT.jpeg"]
            .iter()
            .map(|name| cover_rank(Path::new(name)))
            .collect();
        assert!(ranks.iter().all(Option::is_some), "{ranks:?}");
        assert!(ranks.is_sorted(), "{ranks:?}");
        for name in ["back.jpg", "cover.gif", "cover", "cover.jpg.part"] {
            assert_eq!(cover_rank(Path::new(name)), None, "{name}");
        }
    }
}
