//! Readers that are not ours: ffmpeg says what is heard in a file, mutagen what its tags say.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// What mutagen reads of a file.
#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    pub(crate) title: Vec<String>,
    pub(crate) album: Vec<String>,
    pub(crate) artist: Vec<String>,
}

/// MD5 of the decoded audio of each file, whatever its tags.
///
/// # Panics
/// When ffmpeg complains about one of them.
#[track_caller]
pub(crate) fn sounds(files: &[PathBuf]) -> Vec<String> {
    if files.is_empty() {
        return Vec::new();
    }
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-xerror"]);
    for file in files {
        ffmpeg.arg("-i").arg(file);
    }
    for at in 0..files.len() {
        ffmpeg.args(["-map", &format!("{at}:a:0")]);
    }
    ffmpeg.args(["-c:a", "pcm_s32le", "-f", "streamhash", "-hash", "md5", "-"]);
    let output = ffmpeg.output().expect("ffmpeg is installed");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{files:#?}: {complaints}"
    );
    // `0,a,MD5=..`, a line for each stream in the order of the files.
    let lines = String::from_utf8_lossy(&output.stdout);
    let hashes = lines.lines().map(|line| line.rsplit('=').next().unwrap());
    let hashes: Vec<_> = hashes.map(str::to_owned).collect();
    assert_eq!(hashes.len(), files.len(), "{lines}");
    hashes
}

/// What the tags of each file say.
#[track_caller]
pub(crate) fn said(files: &[PathBuf]) -> Vec<Said> {
    if files.is_empty() {
        return Vec::new();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tags.py");
    let mut mutagen = Command::new(python());
    let output = mutagen.arg(script).args(files).output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{files:#?}: {complaints}");
    let said: Vec<Said> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said.len(), files.len());
    said
}

/// The Python that has mutagen.
fn python() -> PathBuf {
    let peers = env::var_os("XTASK_PEERS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/venv"),
        PathBuf::from,
    );
    let python = peers.join("bin/python");
    assert!(
        python.exists(),
        "{} is missing: run `cargo xtask test`, which installs it, or set XTASK_PEERS to the \
         directory of an environment that has mutagen",
        python.display()
    );
    python
}
