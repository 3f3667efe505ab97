//! The internet of one test: a proxy that answers for every site itself. It accepts
//! `CONNECT`, speaks TLS as whatever host is asked for, and passes each request on to a
//! scripted server on loopback. Nothing leaves the machine: there is no way on from here.
//!
//! Used by tests of several crates, which take this file in by its path.

#![allow(dead_code, unused_imports, reason = "no test program needs all of it")]

mod audio;
mod relay;

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use audio::{Kind, audio, part_of};
pub(crate) use relay::Internet;

/// The authority that signed the certificate of all sites. Made on 2026-11-21 with
/// `openssl req -x509 -days 36500`, of the key in `relay.rs`.
const AUTHORITY: &str = include_str!("authority.pem");

/// The real yt-dlp, as `cargo xtask test` installs it.
///
/// # Panics
/// When it is not there.
pub(crate) fn ytdlp() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").is_file())
        .expect("a test is built inside the workspace");
    let installed = std::env::var_os("XTASK_YTDLP")
        .map_or_else(|| workspace.join("target/peers/ytdlp"), PathBuf::from);
    let program = installed.join("bin/yt-dlp");
    assert!(
        program.exists(),
        "{} is not there; `cargo xtask test` installs it",
        program.display()
    );
    program
}

/// The processes of this machine whose command line or working directory names `dir`.
pub(crate) fn processes_below(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("this is Linux").flatten() {
        let proc = entry.path();
        let cwd = std::fs::read_link(proc.join("cwd"));
        let line = std::fs::read(proc.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let id = entry.file_name().to_string_lossy().into_owned();
        let is_process = id.bytes().all(|b| b.is_ascii_digit());
        let names =
            cwd.is_ok_and(|cwd| cwd.starts_with(dir)) || line.contains(&*dir.to_string_lossy());
        if is_process && names && id != std::process::id().to_string() {
            found.push(format!("{id}: {line}"));
        }
    }
    found
}

fn ffmpeg(args: &[&str], to: &Path) {
    let status = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-y"])
        .args(args)
        .arg(to)
        .status()
        .expect("ffmpeg is installed");
    assert!(status.success(), "ffmpeg {args:?}");
}
