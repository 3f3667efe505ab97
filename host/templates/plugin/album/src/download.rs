//! An album -> its files. Which of them serves which wanted track, and whether it is whole
//! and sound, is the host's to find out.

use std::sync::Arc;

use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, ErrorKind, Files, MissingTrack, Progress,
    ProgressSink, SourceError, TargetKind,
};

use crate::api::{Api, Track};

/// Fetches one album. A track that the service lists and does not have is reported as
/// missing, and the others come all the same.
///
/// # Errors
/// `Unsupported` for anything but an album, `Cancelled`, `NotFound` when not one track is
/// there, else what the service says.
pub(crate) fn download(
    api: &Api,
    request: &DownloadRequest,
    progress: &Progress,
) -> Result<Download, SourceError> {
    if request.kind != TargetKind::ALBUM {
        return Err(SourceError::unsupported(
            "this service delivers albums only",
        ));
    }
    progress.check()?;
    if !is_file_name(&request.target_id) {
        return Err(SourceError::not_found("no album has such an id"));
    }
    let album = api.album(&request.target_id)?;
    let mut files = Files::default();
    let mut done = 0;
    for track in album.tracks {
        progress.check()?;
        progress.state(&format!("fetching {}", track.title));
        if !is_file_name(&track.file) {
            let reason = "its file has no usable name";
            files.missing.push(missing(track, reason));
            continue;
        }
        let path = request.dest_dir.join(&track.file);
        match api.save(&track.file, &path, &after(done, progress)) {
            Ok(bytes) => {
                done += bytes;
                files.files.push(DownloadedFile {
                    title: Some(track.title),
                    track_number: track.number,
                    ..DownloadedFile::at(path)
                });
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                files.missing.push(missing(track, &error.message));
            }
            Err(error) => return Err(error),
        }
    }
    if files.files.is_empty() {
        return Err(SourceError::not_found("the album has no track to fetch"));
    }
    Ok(Download::Files(files))
}

fn missing(track: Track, reason: &str) -> MissingTrack {
    MissingTrack {
        title: track.title,
        track_number: track.number,
        reason: reason.to_owned(),
        ..MissingTrack::default()
    }
}

/// Names are put into a URL and into a path, so only harmless ones are taken.
fn is_file_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// The progress of a file that comes after `before` bytes of others.
fn after(before: u64, whole: &Progress) -> Progress {
    Progress::new(Arc::new(Part {
        before,
        whole: whole.clone(),
    }))
}

struct Part {
    before: u64,
    whole: Progress,
}

impl ProgressSink for Part {
    /// The total of the album is not known before its last file has begun.
    fn bytes(&self, done: u64, _total: Option<u64>) {
        self.whole.bytes(self.before + done, None);
    }

    fn state(&self, text: &str) {
        self.whole.state(text);
    }

    fn finished(&self, files: Files) {
        self.whole.finished(files);
    }

    fn failed(&self, error: SourceError) {
        self.whole.failed(error);
    }

    fn is_cancelled(&self) -> bool {
        self.whole.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_file_name_is_taken() {
        for (name, plain) in [
            ("7.mp3", true),
            ("a-b_c", true),
            ("", false),
            ("..", false),
            ("a/b", false),
            ("a b", false),
        ] {
            assert_eq!(is_file_name(name), plain, "{name}");
        }
    }
}
