//! Settings -> how yt-dlp is to be run for SoundCloud. There are no settings but the shared.

use musicdl_plugin_api::{Settings, SourceError};
use musicdl_ytdlp::{Options, Site};

/// Previews of 30 seconds are formats like others to yt-dlp, told by their names alone, and
/// would be delivered as a success.
const WHOLE: &str = "bestaudio[format_id!*=preview]/best[format_id!*=preview]";

/// # Errors
/// `NotConfigured` when a setting is present but invalid.
pub(crate) fn read(settings: &Settings) -> Result<(Site, Options), SourceError> {
    let site = Site {
        name: "SoundCloud",
        extractors: "soundcloud,soundcloud:search",
        format: WHOLE,
        arguments: Vec::new(),
        needs_javascript: false,
    };
    Ok((site, Options::read(settings)?))
}
