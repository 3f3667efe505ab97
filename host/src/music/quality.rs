//! What audio is made of, and which of it the user wants: targets such as `flac 24/96` or
//! `mp3 320`, in order of preference.

use std::fmt;

use super::InvalidId;

/// File extensions under which musicdl keeps audio, lower case.
pub const AUDIO_EXTENSIONS: [&str; 10] = [
    "flac", "mp3", "m4a", "opus", "ogg", "wav", "aiff", "aif", "aac", "wv",
];

/// An audio codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Free Lossless Audio Codec.
    Flac,
    /// Apple Lossless.
    Alac,
    /// Uncompressed samples, in WAV or AIFF.
    Pcm,
    /// MPEG layer III.
    Mp3,
    /// Advanced Audio Coding.
    Aac,
    /// Opus.
    Opus,
    /// Vorbis.
    Vorbis,
}

impl Codec {
    /// The codec of that name, as plugins write it.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "flac" => Codec::Flac,
            "alac" => Codec::Alac,
            "pcm" | "wav" | "aiff" => Codec::Pcm,
            "mp3" => Codec::Mp3,
            "aac" | "m4a" => Codec::Aac,
            "opus" => Codec::Opus,
            "vorbis" | "ogg" => Codec::Vorbis,
            _ => return None,
        })
    }

    /// Its name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Codec::Flac => "flac",
            Codec::Alac => "alac",
            Codec::Pcm => "pcm",
            Codec::Mp3 => "mp3",
            Codec::Aac => "aac",
            Codec::Opus => "opus",
            Codec::Vorbis => "vorbis",
        }
    }

    /// Whether the audio is kept bit for bit.
    pub fn is_lossless(self) -> bool {
        match self {
            Codec::Flac | Codec::Alac | Codec::Pcm => true,
            Codec::Mp3 | Codec::Aac | Codec::Opus | Codec::Vorbis => false,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What somebody says of the sound of a file. What nobody says is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// The codec.
    pub codec: Option<Codec>,
    /// Bits per sample, of lossless audio.
    pub bit_depth: Option<u32>,
    /// Hz.
    pub sample_rate: Option<u32>,
    /// Bits per second.
    pub bitrate: Option<u32>,
    /// It was made from lossy audio, or is said to be.
    pub transcoded: bool,
}

/// Below this share of the samples' own rate a lossless file has nothing to keep: it was made
/// from a lossy one. Of one channel, because nobody says how many there are, and two that are
/// equal take no more room than one.
const TOO_SMALL_FOR_LOSSLESS: f64 = 0.3;
/// A lossless file of unknown depth or rate has to need so much of the samples' own rate to be
/// believed more than a CD.
const BELIEVED: f64 = 0.55;
/// Bits per second from which a file of unknown depth is believed to have 24 bits: no CD needs
/// so much (1411 kbit/s raw).
const MORE_THAN_A_CD: u32 = 1_450_000;
const CD_DEPTH: u32 = 16;
const CD_RATE: u32 = 44_100;
const CHANNELS: f64 = 2.0;

impl Sound {
    /// What was found in a file itself. Its size tells nothing of a lossless one: quiet and
    /// narrow music packs into few bits and is no less for it.
    pub fn found(
        codec: Option<Codec>,
        bit_depth: Option<u32>,
        sample_rate: Option<u32>,
        bitrate: Option<u32>,
    ) -> Self {
        Self {
            codec,
            bit_depth,
            sample_rate,
            bitrate: bitrate.filter(|_| !codec.is_some_and(Codec::is_lossless)),
            transcoded: false,
        }
    }

    /// Whether the audio is kept bit for bit, as far as its facts can be true.
    pub fn is_lossless(&self) -> bool {
        self.codec.is_some_and(Codec::is_lossless) && !self.is_transcoded()
    }

    /// Whether it was made from lossy audio, most likely: somebody says so, or a lossless file
    /// is far too small for its samples.
    pub fn is_transcoded(&self) -> bool {
        let too_small = || {
            let depth = self.bit_depth.unwrap_or(CD_DEPTH);
            let rate = self.sample_rate.unwrap_or(CD_RATE);
            let one_channel = raw(depth, rate) / CHANNELS;
            self.bitrate
                .is_some_and(|bits| f64::from(bits) < TOO_SMALL_FOR_LOSSLESS * one_channel)
        };
        self.transcoded || (self.codec.is_some_and(Codec::is_lossless) && too_small())
    }

    /// What ears make of a lossy bitrate: newer codecs need less. Bits per second of an MP3.
    pub fn as_mp3(&self) -> Option<u32> {
        let factor = match self.codec? {
            Codec::Opus => 150,
            Codec::Aac | Codec::Vorbis => 125,
            Codec::Mp3 => 100,
            Codec::Flac | Codec::Alac | Codec::Pcm => return None,
        };
        Some(u32::try_from(u64::from(self.bitrate?) * factor / 100).unwrap_or(u32::MAX))
    }
}

fn raw(depth: u32, rate: u32) -> f64 {
    f64::from(depth) * f64::from(rate) * CHANNELS
}

/// Which codecs a target takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    One(Codec),
    /// `lossless`
    Lossless,
    /// `lossy`
    Lossy,
}

/// A quality somebody asks for: a codec and the least of its measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    format: Format,
    /// Bits per sample, at least.
    bit_depth: Option<u32>,
    /// Hz, at least.
    sample_rate: Option<u32>,
    /// Bits per second, at least.
    bitrate: Option<u32>,
}

impl Target {
    /// Reads `flac`, `flac 24/96`, `lossless 24`, `mp3 320`, `opus 160`, `lossy 192`: a codec
    /// (or `lossless`, `lossy`), then bits per sample and kHz, or kbit/s.
    ///
    /// ```
    /// use musicdl::music::Target;
    /// assert_eq!(Target::parse("FLAC 24/96").unwrap().to_string(), "flac 24/96");
    /// assert!(Target::parse("mp3 24/96").is_err());
    /// ```
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        Self::read(text).ok_or_else(|| InvalidId {
            text: text.to_owned(),
            what: "quality such as `flac 24/96`, `flac`, `lossless`, `mp3 320` or `lossy 192`",
        })
    }

    fn read(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let mut words = lower.split_whitespace();
        let format = match words.next()? {
            "lossless" => Format::Lossless,
            "lossy" => Format::Lossy,
            name => Format::One(Codec::parse(name)?),
        };
        let mut target = Self {
            format,
            bit_depth: None,
            sample_rate: None,
            bitrate: None,
        };
        if let Some(measure) = words.next() {
            if target.is_lossless() {
                let (depth, rate) = match measure.split_once('/') {
                    Some((depth, rate)) => (depth, Some(rate)),
                    None => (measure, None),
                };
                target.bit_depth = Some(within(depth.parse().ok()?, 8, 32)?);
                target.sample_rate = rate
                    .map(kilohertz)
                    .map_or(Some(None), |rate| rate.map(Some))?;
            } else {
                let kilobits = within(measure.parse().ok()?, 8, 640)?;
                target.bitrate = Some(kilobits * 1000);
            }
        }
        words.next().is_none().then_some(target)
    }

    /// Whether only lossless audio meets it.
    pub fn is_lossless(&self) -> bool {
        match self.format {
            Format::One(codec) => codec.is_lossless(),
            Format::Lossless => true,
            Format::Lossy => false,
        }
    }

    /// Whether a file of that sound is what is asked for. What is not known is never taken
    /// for more than a CD, or for a bitrate.
    pub fn is_met_by(&self, sound: &Sound) -> bool {
        let Some(codec) = sound.codec else {
            return false;
        };
        let format = match self.format {
            Format::One(wanted) => wanted == codec,
            Format::Lossless => codec.is_lossless(),
            Format::Lossy => !codec.is_lossless(),
        };
        if !format || sound.is_transcoded() {
            return false;
        }
        if !self.is_lossless() {
            return self
                .bitrate
                .is_none_or(|least| sound.bitrate.is_some_and(|bits| bits >= least));
        }
        let depth = self.bit_depth.is_none_or(|least| match sound.bit_depth {
            Some(depth) => depth >= least,
            None => least <= CD_DEPTH || sound.bitrate.is_some_and(|bits| bits >= MORE_THAN_A_CD),
        });
        let rate = self
            .sample_rate
            .is_none_or(|least| match sound.sample_rate {
                Some(rate) => rate >= least,
                None => {
                    let depth = sound.bit_depth.or(self.bit_depth).unwrap_or(CD_DEPTH);
                    least <= CD_RATE
                        || sound
                            .bitrate
                            .is_some_and(|bits| f64::from(bits) >= BELIEVED * raw(depth, least))
                }
            });
        depth && rate
    }

    /// Whether what is known of a sound is less than this, whatever its codec. What is not
    /// known is not less, and a size is no knowledge: what comes of it is looked at.
    pub fn is_above(&self, sound: &Sound) -> bool {
        let Some(codec) = sound.codec else {
            return false;
        };
        if self.is_lossless() {
            let less = |least: Option<u32>, have: Option<u32>| matches!((least, have), (Some(least), Some(have)) if have < least);
            return !codec.is_lossless()
                || sound.transcoded
                || less(self.bit_depth, sound.bit_depth)
                || less(self.sample_rate, sound.sample_rate);
        }
        matches!((self.as_sound().as_mp3(), sound.as_mp3()), (Some(least), Some(have)) if have < least)
    }

    /// Whether what is known of a sound is more than this.
    pub fn is_below(&self, sound: &Sound) -> bool {
        let Some(codec) = sound.codec else {
            return false;
        };
        if self.is_lossless() {
            let more = |most: Option<u32>, have: Option<u32>| matches!((most, have), (Some(most), Some(have)) if have > most);
            return codec.is_lossless()
                && (more(self.bit_depth, sound.bit_depth)
                    || more(self.sample_rate, sound.sample_rate));
        }
        codec.is_lossless()
            || matches!((self.as_sound().as_mp3(), sound.as_mp3()), (Some(most), Some(have)) if have > most)
    }

    /// The least that meets it; `lossy` counts as MP3.
    pub fn as_sound(&self) -> Sound {
        let codec = match self.format {
            Format::One(codec) => codec,
            Format::Lossless => Codec::Flac,
            Format::Lossy => Codec::Mp3,
        };
        Sound {
            codec: Some(codec),
            bit_depth: self.bit_depth,
            sample_rate: self.sample_rate,
            bitrate: self.bitrate,
            transcoded: false,
        }
    }
}

fn within(number: u32, least: u32, most: u32) -> Option<u32> {
    (least..=most).contains(&number).then_some(number)
}

/// `96`, `44.1` or `176.4` in Hz.
fn kilohertz(text: &str) -> Option<u32> {
    let (whole, tenths) = text.split_once('.').unwrap_or((text, "0"));
    let tenths: u32 = (tenths.len() == 1).then(|| tenths.parse().ok()).flatten()?;
    within(whole.parse::<u32>().ok()?, 8, 384).map(|whole| whole * 1000 + tenths * 100)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format {
            Format::One(codec) => write!(f, "{codec}")?,
            Format::Lossless => f.write_str("lossless")?,
            Format::Lossy => f.write_str("lossy")?,
        }
        if let Some(depth) = self.bit_depth {
            write!(f, " {depth}")?;
        }
        if let Some(rate) = self.sample_rate {
            write!(f, "/{}", f64::from(rate) / 1000.0)?;
        }
        if let Some(bits) = self.bitrate {
            write!(f, " {}", bits / 1000)?;
        }
        Ok(())
    }
}

/// Most targets of one list.
pub const MOST_TARGETS: usize = 8;

/// Which quality is wanted. None of it said: whole before lossy, then more before less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QualityPreference {
    /// In order of preference, gaps at the end. What meets none comes after what meets one.
    pub targets: [Option<Target>; MOST_TARGETS],
    /// What is known to be less is not taken.
    pub floor: Option<Target>,
    /// What is known to be more comes last.
    pub ceiling: Option<Target>,
}

impl QualityPreference {
    /// Which target a sound meets first; their number when it meets none.
    pub fn step(&self, sound: &Sound) -> usize {
        let targets = self.targets.iter().flatten();
        let count = targets.clone().count();
        targets
            .clone()
            .position(|target| target.is_met_by(sound))
            .unwrap_or(count)
    }

    /// Whether a sound is known to be less than the floor.
    pub fn is_too_low(&self, sound: &Sound) -> bool {
        self.floor.is_some_and(|floor| floor.is_above(sound))
    }

    /// Whether a sound is known to be more than the ceiling.
    pub fn is_too_high(&self, sound: &Sound) -> bool {
        self.ceiling.is_some_and(|ceiling| ceiling.is_below(sound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `codec depth rate kbit/s`, with 0 for what is not known.
    fn sound(codec: &str, depth: u32, rate: u32, kilobits: u32) -> Sound {
        let known = |number: u32| (number > 0).then_some(number);
        Sound {
            codec: Codec::parse(codec),
            bit_depth: known(depth),
            sample_rate: known(rate),
            bitrate: known(kilobits * 1000),
            transcoded: false,
        }
    }

    #[test]
    fn a_target_is_read_and_shown() {
        for (text, shown) in [
            ("flac", Some("flac")),
            ("FLAC 24/96", Some("flac 24/96")),
            ("flac 24/44.1", Some("flac 24/44.1")),
            ("lossless 16", Some("lossless 16")),
            ("mp3 320", Some("mp3 320")),
            ("lossy 192", Some("lossy 192")),
            ("mp3 24/96", None),
            ("flac 96000", None),
            ("flac 24/96 320", None),
            ("best", None),
            ("", None),
        ] {
            let read = Target::parse(text).ok().map(|target| target.to_string());
            assert_eq!(read.as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_never_taken_for_more() {
        for (target, sound, met) in [
            ("flac 24/96", sound("flac", 24, 96_000, 2_800), true),
            ("flac 24/96", sound("flac", 24, 44_100, 1_600), false),
            ("flac 24/96", sound("flac", 0, 0, 0), false),
            ("flac 24/96", sound("flac", 0, 0, 1_000), false),
            ("flac 24", sound("flac", 0, 0, 1_500), true),
            ("flac 24/96", sound("flac", 0, 0, 2_600), true),
            ("flac", sound("flac", 0, 0, 0), true),
            ("flac 16/44.1", sound("flac", 0, 0, 0), true),
            ("flac", sound("alac", 16, 44_100, 900), false),
            ("lossless", sound("alac", 16, 44_100, 900), true),
            // Far too small for what it says it holds.
            ("flac", sound("flac", 16, 44_100, 200), false),
            ("flac", sound("flac", 24, 96_000, 680), false),
            ("mp3 320", sound("mp3", 0, 0, 320), true),
            ("mp3 320", sound("mp3", 0, 0, 0), false),
            ("mp3", sound("mp3", 0, 0, 0), true),
            ("lossy 192", sound("opus", 0, 0, 128), false),
        ] {
            let target = Target::parse(target).unwrap();
            assert_eq!(target.is_met_by(&sound), met, "{target}: {sound:?}");
        }
    }

    /// Bitrates that ffmpeg's FLAC needed for pink noise of that level (2026-11-21).
    #[test]
    fn quiet_and_mono_music_is_not_taken_for_a_transcode() {
        for (what, depth, rate, kilobits) in [
            ("mono", 16, 44_100, 579),
            ("a piano in mono", 16, 44_100, 326),
            ("mono of -50 dB", 16, 44_100, 268),
            ("both channels the same, -50 dB", 16, 44_100, 245),
            ("hi-res of -50 dB", 24, 96_000, 1_279),
            ("a dark sound in hi-res", 24, 192_000, 3_550),
        ] {
            let hit = sound("flac", depth, rate, kilobits);
            assert!(!hit.is_transcoded(), "{what}");
            assert!(Target::parse("flac").unwrap().is_met_by(&hit), "{what}");
        }
        // The softest there is, once it is here.
        let file = Sound::found(Some(Codec::Flac), Some(16), Some(44_100), Some(90_000));
        assert!(file.is_lossless());
        assert_eq!(file.bitrate, None);
    }

    #[test]
    fn floor_and_ceiling_hold_across_codecs() {
        for (bound, sound, below_floor, above_ceiling) in [
            ("mp3 192", sound("mp3", 0, 0, 128), true, false),
            ("mp3 192", sound("opus", 0, 0, 128), false, false),
            ("mp3 192", sound("opus", 0, 0, 160), false, true),
            ("mp3 192", sound("mp3", 0, 0, 0), false, false),
            ("mp3 192", sound("flac", 16, 44_100, 900), false, true),
            ("flac", sound("mp3", 0, 0, 320), true, false),
            (
                "flac 16/44.1",
                sound("flac", 24, 96_000, 2_800),
                false,
                true,
            ),
            ("flac 24/96", sound("flac", 16, 44_100, 900), true, false),
            // So small that it may be anything: nobody knows before it is here.
            ("flac", sound("flac", 16, 44_100, 150), false, false),
        ] {
            let bound = Some(Target::parse(bound).unwrap());
            let wish = QualityPreference {
                floor: bound,
                ceiling: bound,
                ..QualityPreference::default()
            };
            let found = (wish.is_too_low(&sound), wish.is_too_high(&sound));
            assert_eq!(found, (below_floor, above_ceiling), "{bound:?}: {sound:?}");
        }
    }
}
