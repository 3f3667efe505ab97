//! A target -> its copy in the download's own directory, with what lies beside it. Which file a
//! target may mean is `directory`'s decision; here it is only fetched.

use std::io::Write;
use std::path::{Path, PathBuf};

use musicdl_plugin_api::{
    DownloadRequest, DownloadedFile, Files, Host, Progress, SourceError, TargetKind,
};

use crate::companions::{self, Companion};
use crate::copy::{Original, Staged, copy};
use crate::directory::Directories;
use crate::error::FolderError;
use crate::{format, target};

/// Answers `download_raw`.
pub(crate) fn download(
    directories: &Directories,
    request: &DownloadRequest,
    progress: &Progress,
    host: &Host,
) -> Result<Files, SourceError> {
    if request.kind != TargetKind::TRACK {
        return Err(FolderError::TracksOnly.into());
    }
    progress.check()?;
    let found = target::path_of(&request.target_id)
        .ok_or_else(|| FolderError::ForeignTarget(request.target_id.clone()))?;
    let mut original = Original::open(&directories.locate(&found)?)?;
    let extension = extension_of(&original)?;

    // Dropped at any return before the end, and takes with it what was written so far.
    let mut staged = Staged::default();
    let audio = request.dest_dir.join(format!("audio.{extension}"));
    copy(&mut original, &audio, &mut staged, progress)?;
    let beside = companions::beside(&found, directories.links(), host);
    let cover = place(beside.cover, &request.dest_dir, "cover", &mut staged)?;
    let lyrics = place(beside.lyrics, &request.dest_dir, "lyrics", &mut staged)?;
    progress.check()?;
    staged.keep();
    Ok(Files::one(DownloadedFile {
        path: audio,
        cover,
        lyrics,
        ..DownloadedFile::default()
    }))
}

/// By content, and nothing else is handed out: a directory of music may also hold what is
/// irrelevant.
fn extension_of(original: &Original) -> Result<&'static str, FolderError> {
    format::recognise(original.file())
        .map_err(|source| FolderError::reading(original.path(), source))?
        .and_then(format::extension)
        .ok_or_else(|| FolderError::NotAudio(original.path().to_owned()))
}

fn place(
    companion: Option<Companion>,
    directory: &Path,
    stem: &str,
    staged: &mut Staged,
) -> Result<Option<PathBuf>, FolderError> {
    let Some(Companion { content, extension }) = companion else {
        return Ok(None);
    };
    let path = directory.join(format!("{stem}.{extension}"));
    let mut file = staged.create(&path)?;
    file.write_all(&content)
        .map_err(|source| FolderError::Write {
            path: path.clone(),
            source,
        })?;
    Ok(Some(path))
}
