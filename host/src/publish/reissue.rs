//! Gives a file that this very run placed a new version of itself: the same audio, other tags.
//! What it was a moment ago nobody needs to keep; files that were there before a run give way
//! by [`Publisher::replace`] instead.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::content::{Content, fill, open_in};
use super::folders::Folder;
use super::name::{self, At, Onto, Refusal};
use super::staging::set_mode;
use super::{Placed, PublishError, Publisher};

impl Publisher {
    /// Moves a finished file from staging to the name of one that was placed before, in one
    /// step. When it answers, file and folder are on disk.
    ///
    /// # Errors
    /// [`PublishError::Occupied`] when what is there is not what was placed; else what the
    /// system said. Whatever it is, a whole file is at the place.
    pub fn reissue(&self, staged: &Path, was: &Placed) -> Result<Placed, PublishError> {
        self.root.check_still_there()?;
        let file = self.open_regular(staged)?;
        set_mode(&file, self.mode);
        file.sync_all().map_err(self.root.failed("sync", staged))?;
        let folder = self.folders.make(was.relative.parent().as_ref())?;
        let name = was.relative.file_name();
        self.check_is_what_was_placed(&folder, was)?;
        match name::give(At::path(staged), &folder, name, Onto::OurOwn) {
            Err(Refusal::OtherDevice) => {
                self.copy_beside(Content::Of(&file), &folder, name, Onto::OurOwn)?;
            }
            given => given.map_err(|refusal| self.refused(refusal, &folder, name))?,
        }
        self.placed(&folder, was.relative.clone())
    }

    /// The same for a further name of the audio at `new`, which has its new version already.
    /// `aside` is a free path in staging.
    ///
    /// # Errors
    /// As those of [`Publisher::reissue`].
    pub fn reissue_by_link(
        &self,
        new: &Path,
        aside: &Path,
        was: &Placed,
    ) -> Result<Placed, PublishError> {
        let file = self.open_regular(new)?;
        if fs::hard_link(new, aside).is_err() {
            let copy = File::create_new(aside).map_err(self.root.failed("create", aside))?;
            fill(&copy, Content::Of(&file)).map_err(self.root.failed("write", aside))?;
        }
        let reissued = self.reissue(aside, was);
        // Moved away it is not there; else it goes with its staging directory.
        let _ = fs::remove_file(aside);
        reissued
    }

    fn check_is_what_was_placed(&self, folder: &Folder, was: &Placed) -> Result<(), PublishError> {
        let found = open_in(folder, was.relative.file_name())
            .and_then(|file| file.metadata())
            .map_err(self.root.failed("look at", &was.path))?;
        let mtime_ns = found
            .mtime()
            .saturating_mul(1_000_000_000)
            .saturating_add(found.mtime_nsec());
        if (found.len(), mtime_ns) == (was.size, was.mtime_ns) {
            Ok(())
        } else {
            Err(PublishError::Occupied {
                path: was.path.clone(),
            })
        }
    }
}
