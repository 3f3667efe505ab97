//! Loudness in tags: ReplayGain 2.0 (wiki.hydrogenaud.io, "ReplayGain 2.0 specification"), and
//! what Opus has instead. What a file's loudness is, `loudness` measures.

use std::fmt;

use super::Tags;

/// Names of gain and peak of a recording.
pub(super) const TRACK: (&str, &str) = ("REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_PEAK");
/// Names of gain and peak of an album.
pub(super) const ALBUM: (&str, &str) = ("REPLAYGAIN_ALBUM_GAIN", "REPLAYGAIN_ALBUM_PEAK");

/// Opus counts from -23 LUFS, ReplayGain from -18: hundredths of a decibel between the two.
const R128_BELOW: i32 = 500;

/// What a player is to add so that everything is as loud as -18 LUFS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// Hundredths of a decibel.
    pub centibels: i32,
    /// The highest sample in millionths of full scale; `None` where nobody said.
    pub peak: Option<u32>,
}

impl fmt::Display for Gain {
    /// `-7.12 dB`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} dB", f64::from(self.centibels) / 100.0)
    }
}

impl Gain {
    /// Of a loudness in LUFS and a peak, 1 for full scale.
    pub fn of_loudness(lufs: f64, peak: f64) -> Self {
        Self {
            centibels: ((-18.0 - lufs) * 100.0).round() as i32,
            peak: Some((peak * 1_000_000.0).round() as u32),
        }
    }

    /// As Opus says it: 256ths of a decibel, against -23 LUFS. The peak has no place there.
    pub(super) fn to_r128(self) -> String {
        let centibels = f64::from(self.centibels - R128_BELOW);
        ((centibels * 2.56).round() as i64).to_string()
    }

    /// Reads what [`Self::to_r128`] writes.
    pub(super) fn of_r128(text: &str) -> Option<Self> {
        let steps: i16 = text.trim().parse().ok()?;
        Some(Self {
            centibels: (f64::from(steps) / 2.56).round() as i32 + R128_BELOW,
            peak: None,
        })
    }
}

/// The fields that say what `tags` knows.
pub(super) fn fields(tags: &Tags) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    for ((gain_name, peak_name), gain) in [(TRACK, tags.track_gain), (ALBUM, tags.album_gain)] {
        let Some(gain) = gain else { continue };
        fields.push((gain_name, gain.to_string()));
        if let Some(peak) = gain.peak {
            let peak = f64::from(peak) / 1_000_000.0;
            fields.push((peak_name, format!("{peak:.6}")));
        }
    }
    fields
}

/// Reads what [`fields`] makes.
pub(super) fn parse(gain: Option<String>, peak: Option<String>) -> Option<Gain> {
    let gain = gain?;
    let number: f64 = gain.trim().trim_end_matches("dB").trim().parse().ok()?;
    let peak: Option<f64> = peak.and_then(|peak| peak.trim().parse().ok());
    Some(Gain {
        centibels: (number * 100.0).round() as i32,
        peak: peak.map(|peak| (peak * 1_000_000.0).round() as u32),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_written_as_players_read_it() {
        for (lufs, peak, shown, r128) in [
            (-10.88, 0.988_553, "-7.12 dB", "-3103"),
            (-18.0, 1.0, "0.00 dB", "-1280"),
            (-31.5, 0.1, "13.50 dB", "2176"),
        ] {
            let gain = Gain::of_loudness(lufs, peak);
            assert_eq!(gain.to_string(), shown);
            assert_eq!(gain.to_r128(), r128, "{lufs}");
            let back = Gain::of_r128(r128).unwrap();
            assert_eq!(
                (back.centibels, back.peak),
                (gain.centibels, None),
                "{lufs}"
            );
            let tags = Tags {
                track_gain: Some(gain),
                ..Tags::default()
            };
            let fields = fields(&tags);
            let value = |at: usize| Some(fields[at].1.clone());
            assert_eq!(parse(value(0), value(1)), Some(gain));
        }
        assert_eq!(parse(Some("loud".into()), None), None);
    }
}
