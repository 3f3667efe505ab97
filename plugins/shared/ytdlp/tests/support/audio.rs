//! What the sites of a test deliver: eight seconds of a tone, made once by ffmpeg.

use std::fs;
use std::path::Path;

use musicdl_plugin_api::testing::{Answer, Received};

/// A form of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Opus in WebM, as YouTube has it.
    WebmOpus,
    /// AAC in M4A.
    M4a,
    /// MP3, as SoundCloud has it.
    Mp3,
}

/// A file of that kind.
pub(crate) fn audio(kind: Kind) -> Vec<u8> {
    let (name, codec) = match kind {
        Kind::WebmOpus => ("tone.webm", ["-c:a", "libopus"]),
        Kind::M4a => ("tone.m4a", ["-c:a", "aac"]),
        Kind::Mp3 => ("tone.mp3", ["-c:a", "libmp3lame"]),
    };
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = kept.join(name);
    if let Ok(made) = fs::read(&path) {
        return made;
    }
    // Tests run side by side: each makes its own, and any of them will do.
    let aside = tempfile::tempdir_in(kept).expect("a temporary directory can be made");
    let made = aside.path().join(name);
    let tone = [
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:duration=8:sample_rate=48000",
    ];
    super::ffmpeg(
        &[tone.as_slice(), codec.as_slice(), &["-b:a", "128k"]].concat(),
        &made,
    );
    fs::rename(&made, &path).expect("the directory of temporary files is ours");
    fs::read(&path).expect("the tone has just been made")
}

/// What a server answers to a request for a file, whole or a part of it.
pub(crate) fn part_of(file: &[u8], request: &Received) -> Answer {
    let range = request
        .header("range")
        .and_then(|text| text.strip_prefix("bytes="))
        .and_then(|text| text.split_once('-'));
    let Some((first, last)) = range else {
        return Answer::ok(file);
    };
    let first: usize = first.parse().unwrap_or(0);
    let last = last.parse().unwrap_or(usize::MAX).min(file.len() - 1);
    if first > last {
        return Answer::status(416);
    }
    Answer::status(206).body(&file[first..=last]).header(
        "Content-Range",
        &format!("bytes {first}-{last}/{}", file.len()),
    )
}
