//! Reads a library back from the disk, as a player would: files, tags, playlists.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use lofty::file::TaggedFileExt;
use lofty::tag::{ItemKey, Tag};

/// What is below the library's directory; paths are relative to it, with `/`.
pub(crate) struct Library {
    /// Everything that is a file.
    pub(crate) files: BTreeMap<String, FileFacts>,
    /// The audio among it.
    pub(crate) songs: BTreeMap<String, Song>,
    /// The playlist files among it.
    pub(crate) playlists: BTreeMap<String, Vec<Entry>>,
}

/// What the file system knows of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileFacts {
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    /// The same for two names of one file; `None` where the system has no such number.
    pub(crate) inode: Option<u64>,
}

/// What the tags of an audio file say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Song {
    pub(crate) title: String,
    /// All artists, separated by `; `.
    pub(crate) artists: String,
    pub(crate) album: String,
    pub(crate) number: String,
    pub(crate) date: String,
    pub(crate) isrc: String,
    /// Bytes of the embedded picture.
    pub(crate) cover: Option<usize>,
}

/// An entry of a playlist file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// What is shown: the text of `#EXTINF`.
    pub(crate) shown: String,
    /// The file it leads to, relative to the library; `None`: nowhere.
    pub(crate) file: Option<String>,
}

impl Library {
    /// Reads everything; a file that cannot be read is an error that names it.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        walk(root, root, &mut files)?;
        let (mut songs, mut playlists) = (BTreeMap::new(), BTreeMap::new());
        for name in files.keys() {
            let path = root.join(name);
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("flac" | "mp3" | "m4a" | "ogg") => {
                    let song = song(&path).with_context(|| path.display().to_string())?;
                    songs.insert(name.clone(), song);
                }
                Some("m3u8") => {
                    playlists.insert(name.clone(), playlist(root, &path)?);
                }
                _ => {}
            }
        }
        Ok(Self {
            files,
            songs,
            playlists,
        })
    }
}

fn walk(root: &Path, dir: &Path, files: &mut BTreeMap<String, FileFacts>) -> Result<()> {
    let entries = fs::read_dir(dir).with_context(|| dir.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            walk(root, &path, files)?;
            continue;
        }
        let metadata = fs::symlink_metadata(&path)?;
        files.insert(
            relative(root, &path)?,
            FileFacts {
                size: metadata.len(),
                modified: metadata.modified()?,
                inode: inode(&metadata),
            },
        );
    }
    Ok(())
}

fn inode(metadata: &fs::Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

fn relative(root: &Path, path: &Path) -> Result<String> {
    let components: Vec<_> = path
        .strip_prefix(root)?
        .components()
        .map(|component| component.as_os_str().to_string_lossy())
        .collect();
    Ok(components.join("/"))
}

fn song(path: &Path) -> Result<Song> {
    let file = lofty::read_from_path(path)?;
    let tag = file.primary_tag().context("it has no tags")?;
    let text = |key| tag.get_string(key).unwrap_or_default().to_owned();
    Ok(Song {
        title: text(ItemKey::TrackTitle),
        artists: artists(tag),
        album: text(ItemKey::AlbumTitle),
        number: text(ItemKey::TrackNumber),
        date: text(ItemKey::RecordingDate),
        isrc: text(ItemKey::Isrc),
        cover: tag.pictures().first().map(|picture| picture.data().len()),
    })
}

/// A field of its own for each artist where there is one, else the one for all.
fn artists(tag: &Tag) -> String {
    for key in [ItemKey::TrackArtists, ItemKey::TrackArtist] {
        let names: Vec<&str> = tag.get_strings(key).collect();
        if !names.is_empty() {
            return names.join("; ");
        }
    }
    String::new()
}

fn playlist(root: &Path, path: &Path) -> Result<Vec<Entry>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut shown = String::new();
    let mut entries = Vec::new();
    for line in text.lines() {
        if let Some(info) = line.strip_prefix("#EXTINF:") {
            info.split_once(',')
                .map_or("", |(_, text)| text)
                .clone_into(&mut shown);
        } else if !line.starts_with('#') && !line.is_empty() {
            let file = resolved(root, path, line);
            entries.push(Entry {
                shown: std::mem::take(&mut shown),
                file,
            });
        }
    }
    Ok(entries)
}

/// Where a line leads, if a file of the library is there.
fn resolved(root: &Path, playlist: &Path, line: &str) -> Option<String> {
    let target: PathBuf = playlist.parent()?.join(line).canonicalize().ok()?;
    relative(&root.canonicalize().ok()?, &target).ok()
}
