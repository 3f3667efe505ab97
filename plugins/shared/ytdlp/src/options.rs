//! The settings that all sources over yt-dlp share. Whether the files they name are there is
//! found out when they are used.

use std::path::PathBuf;

use musicdl_plugin_api::{SettingKind, SettingSpec, Settings, SourceError};

/// How yt-dlp is to be started.
#[derive(Clone, Default)]
pub struct Options {
    /// The program. `None`: `yt-dlp` on the `PATH`.
    pub ytdlp: Option<PathBuf>,
    /// ffmpeg and ffprobe, or the directory they are in. `None`: on the `PATH`.
    pub ffmpeg: Option<PathBuf>,
    /// `deno`, `node`, `bun` or `quickjs`. `None`: deno.
    pub js_runtime: Option<String>,
    /// The program of it. `None`: on the `PATH`.
    pub js_runtime_path: Option<PathBuf>,
    /// Cookies of a browser, Netscape format; only ever read.
    pub cookies: Option<PathBuf>,
    /// Proxy for all that yt-dlp does; may hold a login, so no `Debug`.
    pub proxy: Option<String>,
    /// Certificates to trust instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Further arguments of yt-dlp, after ours.
    pub extra_args: Vec<String>,
}

impl Options {
    /// Reads the shared settings.
    ///
    /// # Errors
    /// `NotConfigured` when a setting is present but invalid.
    pub fn read(settings: &Settings) -> Result<Self, SourceError> {
        let path = |key| settings.text(key).map(PathBuf::from);
        let js_runtime = settings.text("js_runtime").map(str::to_owned);
        if let Some(runtime) = &js_runtime
            && !JS_RUNTIMES.contains(&runtime.as_str())
        {
            return Err(SourceError::not_configured(format!(
                "`js_runtime` is `{runtime}`, and can be {}",
                JS_RUNTIMES.join(", ")
            )));
        }
        Ok(Self {
            ytdlp: path("ytdlp_path"),
            ffmpeg: path("ffmpeg_location"),
            js_runtime,
            js_runtime_path: path("js_runtime_path"),
            cookies: path("cookies_file"),
            proxy: settings.text("proxy").map(str::to_owned),
            ca_file: path("ca_file"),
            extra_args: settings.list("extra_args").to_vec(),
        })
    }
}

/// The JavaScript runtimes yt-dlp knows.
const JS_RUNTIMES: [&str; 4] = ["deno", "node", "bun", "quickjs"];

/// The settings of a source whose site needs JavaScript.
pub fn javascript_settings() -> Vec<SettingSpec> {
    vec![
        SettingSpec::text(
            "js_runtime",
            "The JavaScript runtime that yt-dlp is to use.",
        )
        .choices(&JS_RUNTIMES)
        .default_value("deno"),
        SettingSpec::text(
            "js_runtime_path",
            "The program of that runtime. Without it, the one on the PATH.",
        )
        .kind(SettingKind::PATH),
    ]
}

/// The shared settings, for a declaration.
pub fn settings() -> Vec<SettingSpec> {
    vec![
        SettingSpec::text(
            "ytdlp_path",
            "The yt-dlp to use, 2025.11.12 or later. Without it, yt-dlp on the PATH.",
        )
        .kind(SettingKind::PATH),
        SettingSpec::text(
            "ffmpeg_location",
            "ffmpeg and ffprobe, or the directory they are in. Without it, those on the PATH.",
        )
        .kind(SettingKind::PATH),
        SettingSpec::text(
            "cookies_file",
            "Cookies of a browser that is logged in, in Netscape format (cookies.txt). It is \
             only read; yt-dlp gets copies.",
        )
        .kind(SettingKind::PATH),
        SettingSpec::text(
            "proxy",
            "Proxy for all that yt-dlp does: http://, https:// or socks5://. musicdl's own \
             `network` settings do not reach yt-dlp.",
        )
        .secret(),
        SettingSpec::text(
            "ca_file",
            "Certificates that yt-dlp is to trust, PEM, where a proxy has its own.",
        )
        .kind(SettingKind::PATH),
        SettingSpec::text(
            "extra_args",
            "Further arguments of yt-dlp, one a value, after those musicdl gives.",
        )
        .list(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_javascript_runtime_is_one_that_yt_dlp_knows() {
        for (text, good) in [("deno", true), ("quickjs", true), ("nodejs", false)] {
            let settings = Settings::from_pairs([("js_runtime", [text])]);
            assert_eq!(Options::read(&settings).is_ok(), good, "{text}");
        }
    }
}
