//! Which yt-dlp, with which arguments, in which environment. Starting it is `process`'s.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use musicdl_plugin_api::{Extra, SourceError, needs};

use crate::desk::Site;
use crate::options::Options;

/// Where programs are looked for by default: a plugin may live without an environment.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Of the environment only this reaches yt-dlp: what it needs to start and to reach the net.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "SYSTEMROOT",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "TZ",
];

/// The executable that is meant.
///
/// # Errors
/// `NotConfigured` when there is none, with what to do.
pub(crate) fn find(options: &Options) -> Result<PathBuf, SourceError> {
    match &options.ytdlp {
        Some(path) if is_executable(path) => Ok(path.clone()),
        Some(path) => Err(SourceError::not_configured(format!(
            "`ytdlp_path` is {}, which is not an executable file",
            path.display()
        ))),
        None => on_path("yt-dlp").ok_or_else(|| {
            SourceError::not_configured(
                "no yt-dlp was found on the PATH: install it (`pipx install yt-dlp`), or set \
                 `ytdlp_path`",
            )
        }),
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&search_path())
        .map(|dir| dir.join(name).with_extension(env::consts::EXE_EXTENSION))
        .find(|path| is_executable(path))
}

fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into())
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// What yt-dlp keeps of the sites' scripts; longer than for a run where that is possible.
fn cache(scratch: &Path) -> PathBuf {
    match env::var_os("XDG_CACHE_HOME").map(PathBuf::from) {
        Some(kept) if kept.is_absolute() => kept.join("musicdl-yt-dlp"),
        _ => scratch.join("cache"),
    }
}

/// What such a source needs beyond the host's services, as pairs of a declaration's `extra`:
/// programs to run, the network for them, a directory that stays.
pub fn needs(programs: &[&str]) -> Extra {
    let all = ["yt-dlp", "ffmpeg", "ffprobe"].iter().chain(programs);
    [needs::network(), needs::cache()]
        .into_iter()
        .chain(all.map(|program| needs::program(program)))
        .collect()
}

/// Files of ours that a process needs.
pub(crate) struct Places<'a> {
    /// Scratch space: yt-dlp's home, cache and temporary files.
    pub(crate) scratch: &'a Path,
    /// The directory above the package of our plugin.
    pub(crate) plugins: &'a Path,
    /// The private copy of the cookies.
    pub(crate) cookies: Option<&'a Path>,
}

/// The command that starts yt-dlp for a site.
///
/// The options of a download are given here and not with each call, so that `extra_args`
/// can change any of them as on a command line.
pub(crate) fn command(program: &Path, site: &Site, options: &Options, at: &Places<'_>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in PASSED_ON {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("PATH", search_path())
        .env("HOME", at.scratch)
        .env("TMPDIR", at.scratch)
        .env("LC_ALL", "C.UTF-8")
        // Python would leave compiled copies beside plugins that are not ours.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(at.scratch);
    if let Some(proxy) = &options.proxy {
        // Not an argument: those every user of the machine can read, and it may hold a login.
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(name, proxy);
            command.env_remove(name.to_ascii_lowercase());
        }
        command.env_remove("NO_PROXY").env_remove("no_proxy");
    }
    if let Some(file) = &options.ca_file {
        command.env("SSL_CERT_FILE", file);
        // Where the package certifi is beside yt-dlp, that would be believed alone.
        command.args(["--compat-options", "no-certifi"]);
    }
    command
        .args(["--ignore-config", "--no-update", "--color", "never"])
        .args(["--quiet", "--no-progress", "--abort-on-error"])
        .args(["--no-playlist", "--flat-playlist"])
        .args(["--socket-timeout", "20", "--retries", "3"])
        .args(["--fragment-retries", "3", "--extractor-retries", "2"])
        .args(["--retry-sleep", "http:exp=1:20"])
        .args(["--use-extractors", "musicdl.*"])
        .args(["--use-extractors", site.extractors])
        // Only the id names the file: titles may hold anything and be of any length.
        .args([
            "--output",
            "%(id)s.%(ext)s",
            "--no-mtime",
            "--no-overwrites",
        ])
        .args(["--match-filters", "!is_live", "--max-filesize", "500M"])
        .args(["--plugin-dirs", "default", "--plugin-dirs"])
        .arg(at.plugins)
        .arg("--cache-dir")
        .arg(cache(at.scratch));
    if let Some(path) = &options.ffmpeg {
        command.arg("--ffmpeg-location").arg(path);
    }
    if options.js_runtime.is_some() || options.js_runtime_path.is_some() {
        let mut runtime = OsString::from(options.js_runtime.as_deref().unwrap_or("deno"));
        if let Some(path) = &options.js_runtime_path {
            runtime.push(":");
            runtime.push(path);
        }
        command.args(["--no-js-runtimes", "--js-runtimes"]);
        command.arg(runtime);
    }
    if let Some(path) = at.cookies {
        command.arg("--cookies").arg(path);
    }
    command
        .args(["--format", site.format])
        .args(&site.arguments)
        .args(&options.extra_args)
        .args(["--", "musicdl:desk"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site {
            name: "YouTube",
            extractors: "youtube.*",
            format: "bestaudio",
            arguments: vec!["--extractor-args".into(), "youtube:player_client=tv".into()],
            needs_javascript: true,
        }
    }

    fn arguments(options: &Options) -> Vec<String> {
        let at = Places {
            scratch: Path::new("/scratch"),
            plugins: Path::new("/scratch/plugins"),
            cookies: Some(Path::new("/scratch/cookies-1.txt")),
        };
        command(Path::new("yt-dlp"), &site(), options, &at)
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn the_users_arguments_come_last_but_for_the_address() {
        let options = Options {
            extra_args: vec!["--retries".into(), "9".into()],
            ..Options::default()
        };
        let arguments = arguments(&options);
        let (at, last) = arguments.split_at(arguments.len() - 4);
        assert_eq!(last, ["--retries", "9", "--", "musicdl:desk"]);
        assert!(at.contains(&"youtube:player_client=tv".to_owned()));
    }

    #[test]
    fn neither_proxy_nor_the_users_own_cookie_file_is_an_argument() {
        let options = Options {
            proxy: Some("http://ann:hunter2@127.0.0.1:1".into()),
            cookies: Some("/home/ann/cookies.txt".into()),
            ..Options::default()
        };
        let arguments = arguments(&options).join(" ");
        assert!(!arguments.contains("hunter2"), "{arguments}");
        assert!(!arguments.contains("/home/ann"), "{arguments}");
        assert!(arguments.contains("--cookies /scratch/cookies-1.txt"));
    }
}
