//! The programs that commands start: this one, and the user's ffmpeg by it.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::ffmpeg::{Ffmpeg, Missing};

/// The program that is running.
///
/// # Errors
/// When the system does not say which program that is.
pub(crate) fn this_program() -> io::Result<PathBuf> {
    // By the link and not by the path it leads to: an update may replace the file while we
    // run, and another release need not understand us.
    let link = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && link.exists() {
        Ok(link.to_owned())
    } else {
        std::env::current_exe()
    }
}

/// The ffmpeg of the config, or else that of `PATH`.
pub(crate) fn ffmpeg(config: &Config) -> Result<Ffmpeg, Missing> {
    let path = std::env::var_os("PATH");
    let ffmpeg = Ffmpeg::find(config.ffmpeg_path.as_deref(), path.as_deref())?;
    match this_program() {
        Ok(musicdl) => Ok(ffmpeg.launched_by(musicdl)),
        Err(error) => {
            tracing::warn!(%error, "ffmpeg would go on for a while after a musicdl that is killed");
            Ok(ffmpeg)
        }
    }
}
