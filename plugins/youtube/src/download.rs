//! A target -> its best audio. Whether it is the right recording, whole and sound is the
//! host's to verify.

use musicdl_plugin_api::{
    Download, DownloadRequest, Files, Progress, QualityCeiling, SourceError, TargetKind,
};
use musicdl_ytdlp::{Desk, Fetch};

use crate::video::is_id;

/// Audio alone if there is; a video's sound is taken out of it. Never an encrypted format:
/// yt-dlp leaves those out itself.
const BEST: &str = "bestaudio[vcodec=none]/bestaudio/best";

/// Fetches one track.
///
/// # Errors
/// `Unsupported` for anything but a track, `NotFound` for what is no id, `Cancelled`, else
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
        return Err(SourceError::not_found("that is no id of a video"));
    }
    let fetch = Fetch {
        address: &format!("https://www.youtube.com/watch?v={}", request.target_id),
        format: &format(request.ceiling),
        silence: None,
    };
    let fetched = desk.download(&fetch, request, progress)?;
    Ok(Download::Files(Files::one(fetched.file)))
}

/// The smallest audio that reaches the ceiling, else the best.
fn format(ceiling: QualityCeiling) -> String {
    match ceiling.bitrate {
        Some(bits) => format!("worstaudio[vcodec=none][abr>={}]/{BEST}", bits / 1_000),
        None => BEST.to_owned(),
    }
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
            format(ceiling),
            "worstaudio[vcodec=none][abr>=128]/bestaudio[vcodec=none]/bestaudio/best"
        );
        assert_eq!(format(QualityCeiling::default()), BEST);
    }
}
