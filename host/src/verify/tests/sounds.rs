//! Real audio files for tests, made by ffmpeg as each test needs them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of files made for one test.
pub(crate) struct Sounds {
    dir: tempfile::TempDir,
}

/// Noise of that many seconds, as arguments for an input of ffmpeg; every second differs.
pub(crate) fn noise(seconds: f32) -> String {
    format!("anoisesrc=d={seconds}:c=pink:r=44100:a=0.3:seed=7")
}

/// Each format under test: file name, arguments of the encoder, and what it is.
pub(crate) const FORMATS: [(&str, &[&str]); 13] = [
    ("16.flac", &["-c:a", "flac", "-sample_fmt", "s16"]),
    (
        "24.flac",
        &["-c:a", "flac", "-sample_fmt", "s32", "-ar", "96000"],
    ),
    ("cbr.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"]),
    ("vbr.mp3", &["-c:a", "libmp3lame", "-q:a", "2"]),
    (
        "bare.mp3",
        &[
            "-c:a",
            "libmp3lame",
            "-q:a",
            "4",
            "-write_xing",
            "0",
            "-id3v2_version",
            "0",
        ],
    ),
    ("aac.m4a", &["-c:a", "aac", "-b:a", "128k"]),
    ("alac.m4a", &["-c:a", "alac", "-sample_fmt", "s16p"]),
    ("faststart.m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
    ("vorbis.ogg", &["-c:a", "libvorbis", "-q:a", "5"]),
    ("opus.opus", &["-c:a", "libopus", "-b:a", "96k"]),
    ("pcm.wav", &["-c:a", "pcm_s16le"]),
    ("pcm.aiff", &["-c:a", "pcm_s24be"]),
    ("adts.aac", &["-c:a", "aac", "-b:a", "96k"]),
];

impl Sounds {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Four seconds of stereo noise in that format.
    pub(crate) fn make(&self, name: &str, encoder: &[&str]) -> PathBuf {
        self.make_from(&noise(4.0), name, encoder)
    }

    /// A generated source (a filter graph of ffmpeg) in that format.
    pub(crate) fn make_from(&self, source: &str, name: &str, encoder: &[&str]) -> PathBuf {
        let to = self.path(name);
        let mut args = vec!["-f", "lavfi", "-i", source, "-ac", "2"];
        args.extend(encoder);
        run_ffmpeg(&args, &to);
        to
    }

    /// One of [`FORMATS`] by its name.
    pub(crate) fn format(&self, name: &str) -> PathBuf {
        let (_, encoder) = FORMATS.iter().find(|(n, _)| *n == name).unwrap();
        self.make(name, encoder)
    }

    /// A file that ffmpeg makes of another one.
    pub(crate) fn remake(&self, from: &Path, name: &str, args: &[&str]) -> PathBuf {
        let to = self.path(name);
        let mut all = vec!["-i", from.to_str().unwrap()];
        all.extend(args);
        run_ffmpeg(&all, &to);
        to
    }

    /// A file of exactly these bytes.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let to = self.path(name);
        std::fs::write(&to, bytes).unwrap();
        to
    }
}

fn run_ffmpeg(args: &[&str], to: &Path) {
    let out = Command::new("ffmpeg")
        .args(["-y", "-nostdin", "-loglevel", "error"])
        .args(args)
        .arg(to)
        .output()
        .expect("these tests need `ffmpeg` in PATH");
    assert!(
        out.status.success(),
        "ffmpeg {args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
}
