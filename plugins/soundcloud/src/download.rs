//! A target -> its best audio, and never a preview. Whether it is the right recording, whole
//! and sound is the host's to verify.

use musicdl_plugin_api::{Download, DownloadRequest, Files, Progress, SourceError, TargetKind};
use musicdl_ytdlp::{Desk, Fetch};

use crate::track::is_address;

/// Fetches one track.
///
/// # Errors
/// `Unsupported` for anything but a track, `NotFound` for what is not an address of one,
/// `Cancelled`, else what yt-dlp says.
pub(crate) fn download(
    desk: &Desk,
    request: &DownloadRequest,
    progress: &Progress,
) -> Result<Download, SourceError> {
    if request.kind != TargetKind::TRACK {
        return Err(SourceError::unsupported("SoundCloud delivers tracks only"));
    }
    if !is_address(&request.target_id) {
        return Err(SourceError::not_found("that is not an address of a track"));
    }
    let fetch = Fetch {
        address: &request.target_id,
        format: None,
    };
    let fetched = desk.download(&fetch, request, progress)?;
    Ok(Download::Files(Files::one(fetched.file)))
}
