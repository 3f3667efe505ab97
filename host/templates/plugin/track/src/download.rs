//! A target -> its file. Whether that is the right recording, whole and sound is the host's
//! to verify.

use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, Files, Progress, SourceError, TargetKind,
};

use crate::api::Api;

/// Fetches one track.
///
/// # Errors
/// `Unsupported` for anything but a track, `Cancelled`, else what the service says.
pub(crate) fn download(
    api: &Api,
    request: &DownloadRequest,
    progress: &Progress,
) -> Result<Download, SourceError> {
    if request.kind != TargetKind::TRACK {
        return Err(SourceError::unsupported(
            "this service delivers tracks only",
        ));
    }
    progress.check()?;
    let id = &request.target_id;
    if !is_file_name(id) {
        return Err(SourceError::not_found("no track has such an id"));
    }
    let path = request.dest_dir.join(id);
    api.save(id, &path, progress)?;
    Ok(Download::Files(Files::one(DownloadedFile::at(path))))
}

/// Ids are put into a URL and into a path, so only harmless ones are taken.
fn is_file_name(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && !id.starts_with('.')
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_file_name_is_an_id() {
        for (id, plain) in [
            ("7.mp3", true),
            ("a-b_c", true),
            ("", false),
            ("..", false),
            ("a/b", false),
            ("a b", false),
        ] {
            assert_eq!(is_file_name(id), plain, "{id}");
        }
    }
}
