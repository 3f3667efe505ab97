//! A target -> a download in slskd that is followed. How it goes on is `job`'s.

use std::sync::Arc;

use musicdl_plugin_api::{
    Download, DownloadRequest, Progress, SourceError, TargetKind, extra_value,
};

use crate::core::Core;
use crate::enqueue::enqueue;
use crate::follow::{Follower, Mark};
use crate::job::{Handed, Job};
use crate::names;
use crate::peers::Album;
use crate::target::Target;

/// Asks for one file and hands the download over.
///
/// # Errors
/// `Unsupported` for anything but a track, `NotFound` for a peer that is not there or is
/// left alone, `NotConfigured` when slskd's files cannot be read here, `Cancelled`.
pub(crate) fn download(
    core: &Arc<Core>,
    follower: &Follower,
    request: &DownloadRequest,
    progress: &Progress,
) -> Result<Download, SourceError> {
    if request.kind != TargetKind::TRACK {
        return Err(SourceError::unsupported("Soulseek delivers tracks only"));
    }
    let target = Target::parse(&request.target_id)?;
    core.peers.allow(&target.username)?;
    progress.check()?;
    // Before anything is asked of a peer: a file that we could not read would be for nothing.
    let setup = core.server.setup(&core.api)?;
    progress.state(&format!("asking {}", target.username));
    let began = enqueue(&core.api, &setup, &core.ledger, &target, progress)?;
    if let Some(album) = extra_value(&request.hit.extra, "for_album") {
        core.peers.chosen(&target.username, Album::from_text(album));
    }
    let job = Job::new(
        Handed {
            mark: Mark::new(&request.target_id, &target.username, &began.id),
            to: request.dest_dir.join(file_name(&target)),
            codec: request.hit.codec.clone(),
            progress: progress.clone(),
            ours: began.ours,
            target,
            setup,
        },
        core,
    );
    follower.follow(job)?;
    Ok(Download::Following)
}

/// `audio.flac`; the extension is the peer's word, so only a harmless one is taken.
fn file_name(target: &Target) -> String {
    let extension = names::extension(&target.filename).filter(|extension| {
        extension.len() <= 8 && extension.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    format!("audio.{}", extension.as_deref().unwrap_or("bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_taken_only_if_it_is_harmless() {
        for (filename, name) in [
            (r"a\Song.FLAC", "audio.flac"),
            (r"a\Song", "audio.bin"),
            (r"a\Song.mp3 (1)", "audio.bin"),
            (r"a\Song.averylongone", "audio.bin"),
        ] {
            let target = Target {
                username: "ann".into(),
                filename: filename.into(),
                size: 1,
                search: None,
            };
            assert_eq!(file_name(&target), name);
        }
    }
}
