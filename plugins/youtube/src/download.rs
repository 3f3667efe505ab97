//! A target -> its best audio. Whether it is the right recording, whole and sound is the
//! host's to verify.

use musicdl_plugin_api::{
    Download, DownloadRequest, Files, Progress, QualityCeiling, SourceError, TargetKind,
};
use musicdl_ytdlp::{Desk, Fetch};

use crate::config::BEST;
use crate::video::is_id;

/// Fetches one track.
///
/// # Errors
/// `Unsupported` for anything but a track, `NotFound` for what is not an id, `Cancelled`, else
/// what yt-dlp says.
pub(crate) fn download(
    desk: &Desk,
    request: &DownloadRequest,
    progress: &Progress,
) -> Result<Download, SourceError> {
    if request.kind != TargetKind::TRACK {
        return Err(SourceError::unsupported("YouTube delivers tracks only"));
    }
    if !is_id(&request.target_id) {
        return Err(SourceError::not_found("that is not an id of a video"));
    }
    let formats = format(request.ceiling);
    let fetch = Fetch {
        address: &format!("https://www.youtube.com/watch?v={}", request.target_id),
        format: formats.as_deref(),
    };
    let fetched = desk.download(&fetch, request, progress)?;
    Ok(Download::Files(Files::one(fetched.file)))
}

/// The smallest audio that reaches the ceiling, else the best; `None` without a ceiling.
fn format(ceiling: QualityCeiling) -> Option<String> {
    let kilobits = ceiling.bitrate? / 1_000;
    Some(format!("worstaudio[vcodec=none][abr>={kilobits}]/{BEST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_asks_for_the_smallest_that_reaches_it() {
        let ceiling = QualityCeiling {
            bitrate: Some(128_000),
            ..QualityCeiling::default()
        };
        assert_eq!(
            format(ceiling).as_deref(),
            Some("worstaudio[vcodec=none][abr>=128]/bestaudio[vcodec=none]/bestaudio/best")
        );
        assert_eq!(format(QualityCeiling::default()), None);
    }
}
