//! What lies beside the audio: the cover, and playlist files.

use std::io::{self, Read};
use std::path::PathBuf;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::content::{Content, open_in};
use super::folders::Folder;
use super::name::Onto;
use super::{PublishError, Publisher};
use crate::layout::{RelPath, m3u};

/// Names under which media servers look for the picture of a folder, in the order of Plex,
/// Jellyfin and Navidrome alike.
const COVER_EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// What became of a cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cover {
    /// The folder had none; it is here now.
    Written(PathBuf),
    /// The folder had this one; it was left as it is.
    Kept(PathBuf),
}

/// What became of a playlist file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum M3uWritten {
    /// It says so already.
    Unchanged,
    /// It is new, or our older one has been replaced.
    Written,
}

impl Publisher {
    /// Puts `cover.EXT` into the folder of the audio at `dir_of` (its stem), unless the folder
    /// has a cover.
    ///
    /// # Errors
    /// What the system said; a cover being there is none.
    pub fn place_cover(
        &self,
        dir_of: &RelPath,
        picture: &[u8],
        ext: &str,
    ) -> Result<Cover, PublishError> {
        let folder = self.folders.make(dir_of.parent().as_ref())?;
        for known in COVER_EXTENSIONS {
            let name = format!("cover.{known}");
            let path = folder.path.join(&name);
            match rustix::fs::statat(&folder.dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => return Ok(Cover::Kept(path)),
                Err(Errno::NOENT) => {}
                Err(cause) => return Err(self.root.failed("look at", &path)(cause)),
            }
        }
        let relative = dir_of.beside("cover").join_extension(ext);
        match self.write(
            Content::Bytes(picture),
            &folder,
            relative.file_name(),
            Onto::FreeName,
        ) {
            // Another track of the album was faster.
            Err(PublishError::Occupied { path }) => Ok(Cover::Kept(path)),
            Err(failure) => Err(failure),
            Ok(()) => Ok(Cover::Written(self.placed(&folder, relative)?.path)),
        }
    }

    /// Puts lyrics beside the audio at `audio` (its stem), unless some are there.
    ///
    /// # Errors
    /// What the system said; lyrics being there are none.
    pub fn place_lyrics(&self, audio: &RelPath, lrc: &str) -> Result<(), PublishError> {
        let folder = self.folders.make(audio.parent().as_ref())?;
        let relative = audio.join_extension("lrc");
        let content = Content::Bytes(lrc.as_bytes());
        match self.write(content, &folder, relative.file_name(), Onto::FreeName) {
            Err(PublishError::Occupied { .. }) => Ok(()),
            Err(failure) => Err(failure),
            Ok(()) => self.placed(&folder, relative).map(drop),
        }
    }

    /// Writes the playlist file at `file` (with its extension), replacing an older one of ours.
    ///
    /// # Errors
    /// [`PublishError::NotOurs`] when the file there was not written by [`m3u::render`]; else
    /// what the system said.
    pub fn write_m3u(&self, file: &RelPath, text: &str) -> Result<M3uWritten, PublishError> {
        debug_assert!(
            m3u::is_ours(text.as_bytes()),
            "the text comes from m3u::render"
        );
        let folder = self.folders.make(file.parent().as_ref())?;
        let onto = match self.read_ours(&folder, file, text.len())? {
            Some(there) if there == text.as_bytes() => return Ok(M3uWritten::Unchanged),
            Some(_) => Onto::OurOwn,
            None => Onto::FreeName,
        };
        self.write(
            Content::Bytes(text.as_bytes()),
            &folder,
            file.file_name(),
            onto,
        )?;
        self.placed(&folder, file.clone())?;
        Ok(M3uWritten::Written)
    }

    /// The beginning of our file there, a little longer than the new text is; `None` when there
    /// is no file.
    fn read_ours(
        &self,
        folder: &Folder,
        file: &RelPath,
        length: usize,
    ) -> Result<Option<Vec<u8>>, PublishError> {
        let path = file.under(self.library());
        let opened = match open_in(folder, file.file_name()) {
            Ok(opened) => opened,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) if Errno::from_io_error(&cause) == Some(Errno::LOOP) => {
                return Err(PublishError::NotOurs { path });
            }
            Err(cause) => return Err(self.root.failed("open", &path)(cause)),
        };
        if !opened
            .metadata()
            .map_err(self.root.failed("look at", &path))?
            .is_file()
        {
            return Err(PublishError::NotOurs { path });
        }
        let mut there = Vec::new();
        let longest = u64::try_from(length).unwrap_or(u64::MAX).saturating_add(1);
        opened
            .take(longest)
            .read_to_end(&mut there)
            .map_err(self.root.failed("read", &path))?;
        if m3u::is_ours(&there) {
            Ok(Some(there))
        } else {
            Err(PublishError::NotOurs { path })
        }
    }
}
