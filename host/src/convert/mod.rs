//! Makes one kind of audio of another, by the user's ffmpeg. Decides whether a file is
//! converted at all, and how; that the result is whole, `verify` says, and what is in its tags,
//! `tagging`.
//!
//! Nothing is made to look better than it is: lossy audio stays what it is where the wanted
//! format would be lossless or larger, and that is told.

mod error;
mod loudness;
mod scale;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use crate::ffmpeg::{self, Ffmpeg};
use crate::music::{Container, Encoding, Sound};

pub use error::ConvertError;
pub use loudness::{Heard, hear, loudness, loudness_together};
pub use scale::scaled_down;

/// What fetched files are to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The format.
    pub encoding: Encoding,
    /// Whether lossless files stay as they are.
    pub keep_lossless: bool,
}

/// What becomes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is as wanted.
    Keep,
    /// It is not as wanted, and stays as it is for this reason.
    KeepBut(String),
    /// It is converted.
    Convert,
}

/// What a slow machine needs for the shortest file.
const LEAST_TIME: Duration = Duration::from_secs(60);

/// Bitrates of encoders are targets: what is a little above one is at it.
const SLACK: u64 = 105;

impl Conversion {
    /// What becomes of audio that sounds like that.
    pub fn decide(&self, found: &Sound) -> Decision {
        let Some(codec) = found.codec else {
            return Decision::KeepBut("not converted: its codec is not known".to_owned());
        };
        let wanted = self.encoding;
        if codec.is_lossless() {
            let as_it_is = codec == wanted.codec() || self.keep_lossless;
            return if as_it_is {
                Decision::Keep
            } else {
                Decision::Convert
            };
        }
        if wanted.codec().is_lossless() {
            return Decision::KeepBut(format!(
                "not converted: {codec} is lossy, and {wanted} would only be larger"
            ));
        }
        let most = wanted.as_sound();
        let is_small = match (found.as_mp3(), most.as_mp3()) {
            (Some(has), Some(most)) => u64::from(has) * 100 <= u64::from(most) * SLACK,
            _ => false,
        };
        match (is_small, codec == wanted.codec()) {
            (false, _) => Decision::Convert,
            (true, true) => Decision::Keep,
            (true, false) => Decision::KeepBut(format!(
                "not converted: {codec} of {} kbit/s would gain nothing as {wanted}",
                found.bitrate.unwrap_or_default() / 1000
            )),
        }
    }
}

impl Ffmpeg {
    /// Writes the first audio stream of `from` to `to` in that encoding, with the tags that
    /// ffmpeg knows to carry over. `length_ms` bounds how long that may take.
    ///
    /// # Errors
    /// See [`ConvertError`]; what is at `to` then is of no use.
    pub fn convert(
        &self,
        (from, container): (&Path, Container),
        to: &Path,
        encoding: Encoding,
        length_ms: u64,
    ) -> Result<(), ConvertError> {
        self.write((from, container), to, &encoding.arguments(), length_ms)
    }

    /// Writes the packets of an MP4 into a plain one, as they are.
    ///
    /// # Errors
    /// See [`ConvertError`]; what is at `to` then is of no use.
    pub fn defragment(&self, from: &Path, to: &Path, length_ms: u64) -> Result<(), ConvertError> {
        let arguments = ["-c", "copy", "-f", "ipod"].map(str::to_owned);
        self.write((from, Container::Mp4), to, &arguments, length_ms)
    }

    fn write(
        &self,
        (from, container): (&Path, Container),
        to: &Path,
        encoder: &[String],
        length_ms: u64,
    ) -> Result<(), ConvertError> {
        let mut arguments = ffmpeg::input(from, container);
        arguments.extend(["-map_metadata", "0", "-n"].map(OsString::from));
        arguments.extend(encoder.iter().map(OsString::from));
        arguments.push(ffmpeg::file(to));
        run(self, &arguments, length_ms, |_| Ok(()))
    }
}

/// Runs it, and tells its failure and that of whoever hears what it writes to stdout.
/// `length_ms` of music is what it works on: no encoder is slower than the music.
fn run(
    ffmpeg: &Ffmpeg,
    arguments: &[OsString],
    length_ms: u64,
    mut heard: impl FnMut(&[u8]) -> Result<(), ConvertError>,
) -> Result<(), ConvertError> {
    let time = LEAST_TIME + Duration::from_millis(length_ms);
    let mut useless = None;
    let ended = ffmpeg.run(arguments, time, |bytes| match heard(bytes) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            useless = Some(error);
            ControlFlow::Break(())
        }
    })?;
    if let Some(error) = useless {
        return Err(error);
    }
    if !ended.status.success() {
        return Err(ConvertError::Failed {
            status: ended.status,
            words: ended.first_line().to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Codec;
    use crate::verify::tests::sounds::Sounds;
    use crate::verify::{Expected, check};

    #[test]
    fn every_format_is_made_whole_and_as_long_as_it_was() {
        let sounds = Sounds::new();
        let path = std::env::var_os("PATH");
        let ffmpeg = Ffmpeg::find(None, path.as_deref()).unwrap();
        let from = sounds.format("alac.m4a");
        let before = check(&from, &Expected::default()).unwrap();
        for (wanted, extension) in [
            ("mp3 192", "mp3"),
            ("opus 96", "opus"),
            ("aac 128", "m4a"),
            ("vorbis 128", "ogg"),
            ("flac", "flac"),
            ("alac", "m4a"),
        ] {
            let encoding = Encoding::parse(wanted).unwrap();
            let to = sounds.path(&wanted.replace(' ', "-"));
            let source = (from.as_path(), before.container);
            ffmpeg
                .convert(source, &to, encoding, before.duration_ms)
                .unwrap_or_else(|error| panic!("{wanted}: {error}"));
            let duration_ms = Some(before.duration_ms);
            let made = check(&to, &Expected { duration_ms }).unwrap();
            assert_eq!(made.codec, encoding.codec(), "{wanted}");
            assert_eq!(made.extension, extension, "{wanted}");
            let longer = made.duration_ms.abs_diff(before.duration_ms);
            assert!(longer < 100, "{wanted}: {longer} ms");
            if made.codec.is_lossless() {
                assert_eq!(made.bit_depth, before.bit_depth, "{wanted}");
                assert_eq!(made.sample_rate, before.sample_rate, "{wanted}");
            }
        }
    }

    #[test]
    fn why_there_is_no_result_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let ffmpeg = ffmpeg::script(dir.path(), "echo zeros; echo \"no such codec\" >&2; exit 3");
        let error = run(&ffmpeg, &[], 0, |_| Ok(())).unwrap_err().to_string();
        assert_eq!(error, "ffmpeg ended with exit status: 3: no such codec");
        let refuse = |_: &[u8]| Err(ConvertError::Useless("zeros".to_owned()));
        let error = run(&ffmpeg, &[], 0, refuse).unwrap_err();
        assert!(matches!(error, ConvertError::Useless(_)), "{error}");
    }

    fn sound(codec: Codec, kilobits: u32) -> Sound {
        Sound {
            codec: Some(codec),
            bitrate: Some(kilobits * 1000),
            ..Sound::default()
        }
    }

    #[test]
    fn nothing_is_made_to_look_better_than_it_is() {
        use Decision::{Convert, Keep, KeepBut};
        let but = || KeepBut(String::new());
        for (wanted, keep_lossless, found, expected) in [
            ("mp3 320", false, sound(Codec::Flac, 900), Convert),
            ("mp3 320", true, sound(Codec::Flac, 900), Keep),
            ("mp3 320", true, sound(Codec::Mp3, 320), Keep),
            ("mp3 192", true, sound(Codec::Mp3, 320), Convert),
            ("mp3 320", false, sound(Codec::Mp3, 128), Keep),
            ("mp3 320", false, sound(Codec::Opus, 160), but()),
            ("mp3 192", false, sound(Codec::Aac, 256), Convert),
            ("opus 160", false, sound(Codec::Mp3, 320), Convert),
            ("opus 160", false, sound(Codec::Mp3, 192), but()),
            ("flac", false, sound(Codec::Mp3, 320), but()),
            ("flac", false, sound(Codec::Alac, 900), Convert),
            ("flac", true, sound(Codec::Alac, 900), Keep),
            ("flac", false, sound(Codec::Flac, 900), Keep),
            ("flac", false, sound(Codec::Pcm, 1411), Convert),
        ] {
            let conversion = Conversion {
                encoding: Encoding::parse(wanted).unwrap(),
                keep_lossless,
            };
            let decided = match conversion.decide(&found) {
                KeepBut(why) => {
                    assert!(why.starts_with("not converted: "), "{why}");
                    but()
                }
                decided => decided,
            };
            assert_eq!(decided, expected, "{found:?} to {wanted}");
        }
    }
}
