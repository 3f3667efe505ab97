//! The programs of the user's that commands need.

use crate::config::Config;
use crate::ffmpeg::{Ffmpeg, Missing};

/// The ffmpeg of the config, or else that of `PATH`.
pub(super) fn ffmpeg(config: &Config) -> Result<Ffmpeg, Missing> {
    let path = std::env::var_os("PATH");
    Ffmpeg::find(config.ffmpeg_path.as_deref(), path.as_deref())
}
