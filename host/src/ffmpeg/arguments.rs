//! What ffmpeg is told of files.

use std::ffi::OsString;
use std::path::Path;

use crate::music::Container;

/// For reading the first audio stream of a file. Told what the file is, it does not guess, and
/// no playlist can pose as audio.
pub(crate) fn input(path: &Path, container: Container) -> Vec<OsString> {
    let demuxer = match container {
        Container::Flac => "flac",
        Container::Mp3 => "mp3",
        Container::Mp4 => "mov",
        Container::Ogg => "ogg",
        Container::Wav => "wav",
        Container::Aiff => "aiff",
        Container::Adts => "aac",
    };
    let mut arguments = ["-protocol_whitelist", "file,pipe", "-f", demuxer, "-i"]
        .map(OsString::from)
        .to_vec();
    arguments.push(file(path));
    arguments.extend(["-map", "0:a:0", "-vn", "-sn", "-dn"].map(OsString::from));
    arguments
}

/// A path that is never taken for an option or an address.
pub(crate) fn file(path: &Path) -> OsString {
    let mut file = OsString::from("file:");
    file.push(path);
    file
}
