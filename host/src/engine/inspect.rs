//! Is a delivered file taken? What it is, `verify` says; here stands what of it is refused and
//! what only told, by the user's choice. Broken, cut and silent files are refused whatever the
//! choice.

use std::fmt;
use std::path::Path;

use musicdl_plugin_api::Hit;
use serde::Serialize;

use crate::catalog::acoustid::{AcoustId, Opinion};
use crate::music::{Codec, QualityPreference, Sound, Track};
use crate::verify::{
    BrokenClaim, Check, Expected, Reading, Verified, Verifier, VerifyError, broken_claims,
};

/// Says what a file is, or why it must not enter a library. [`Verifier`] does so by listening to
/// all of it; what else a run costs is measured with one that only looks at its size.
pub trait Examine: fmt::Debug + Send + Sync {
    /// Looks at the file. Blocking.
    ///
    /// # Errors
    /// The reason why it must not enter a library, in words for people.
    fn examine(&self, path: &Path, wanted: &Expected) -> Result<Verified, VerifyError>;
}

impl Examine for Verifier {
    fn examine(&self, path: &Path, wanted: &Expected) -> Result<Verified, VerifyError> {
        self.check(path, wanted)
    }
}

/// What a finding leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The file is taken, and the finding told.
    #[default]
    Report,
    /// The next candidate is tried.
    Refuse,
}

/// Looks into delivered files.
#[derive(Debug)]
pub struct Inspector {
    /// With what they are checked.
    pub verifier: Box<dyn Examine>,
    /// Of lossless files that look transcoded.
    pub fake_lossless: Policy,
    /// Of files that are far less than their source promised.
    pub broken_claims: Policy,
    /// Who is asked about their sound, and what his disagreement leads to.
    pub acoustid: Option<(AcoustId, Policy)>,
    /// Whose floor holds for what was measured as well.
    pub quality: QualityPreference,
}

impl Default for Inspector {
    fn default() -> Self {
        Self {
            verifier: Box::new(Verifier::default()),
            fake_lossless: Policy::default(),
            broken_claims: Policy::default(),
            acoustid: None,
            quality: QualityPreference::default(),
        }
    }
}

/// What was found out about a file that is taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Findings {
    /// How the audio is coded.
    pub codec: &'static str,
    /// Bits a sample that are in use; `None` for lossy audio.
    pub bit_depth: Option<u32>,
    /// Hz.
    pub sample_rate: u32,
    /// Bits per second.
    pub bitrate: u32,
    /// Milliseconds, counted.
    pub duration_ms: u64,
    /// How far it was listened to: `decoded`, `decoded_by_ffmpeg` or `packets_only`.
    pub check: &'static str,
    /// Hz, where the sound of a lossless file ends too early.
    pub cutoff_hz: Option<u32>,
    /// What AcoustID makes of it: `agrees`, `disagrees`, or why nobody knows.
    pub acoustid: Option<String>,
    /// What is odd about it, a clause each.
    pub remarks: Vec<String>,
    #[serde(skip)]
    words: String,
}

impl fmt::Display for Findings {
    /// One line: `flac 16/44.1, decoded to the end; looks transcoded: cut-off 16.0 kHz`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        for remark in &self.remarks {
            write!(f, "; {remark}")?;
        }
        if let Some(acoustid) = &self.acoustid {
            write!(f, "; AcoustID: {acoustid}")?;
        }
        Ok(())
    }
}

impl Inspector {
    /// Checks a file against what was wanted and what was said of it. Blocking; an AcoustID
    /// that does not answer costs half a minute.
    pub(super) fn inspect(
        &self,
        path: &Path,
        wanted: &Track,
        hit: &Hit,
    ) -> Result<(Verified, Findings), VerifyError> {
        let expected = Expected {
            duration_ms: wanted.duration_ms,
        };
        let verified = self.verifier.examine(path, &expected)?;
        self.refuse_what_is_too_low(&verified)?;
        let mut remarks = Vec::new();
        if let Check::PacketsOnly { .. } = &verified.check {
            remarks.push(format!("{}: {}", verified.codec, verified.check));
        }
        let broken = broken_claims(hit, &verified);
        let grave = broken.iter().any(BrokenClaim::is_grave);
        let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
        if grave && self.broken_claims == Policy::Refuse {
            let what = broken.join("; ");
            return Err(VerifyError::NotAsPromised { what });
        }
        remarks.extend(broken);
        if let Some(cutoff) = &verified.cutoff {
            let fake = cutoff.reading == Reading::Transcoded;
            if fake && self.fake_lossless == Policy::Refuse {
                let what = cutoff.to_string();
                return Err(VerifyError::FakeLossless { what });
            }
            remarks.push(cutoff.to_string());
        }
        if let (Some(bits), Some(used)) = (verified.bit_depth, verified.used_bits)
            && used < bits
        {
            remarks.push(format!("{used} of its {bits} bits are in use"));
        }
        let acoustid = self.ask(&verified, wanted, &mut remarks)?;
        let findings = Findings {
            codec: verified.codec.as_str(),
            bit_depth: verified.used_bits,
            sample_rate: verified.sample_rate,
            bitrate: verified.bitrate,
            duration_ms: verified.duration_ms,
            check: match verified.check {
                Check::Decoded => "decoded",
                Check::DecodedByFfmpeg => "decoded_by_ffmpeg",
                Check::PacketsOnly { .. } => "packets_only",
            },
            cutoff_hz: verified.cutoff.map(|cutoff| cutoff.hz),
            acoustid,
            remarks,
            words: format!("{}, {}", quality(&verified), verified.check),
        };
        Ok((verified, findings))
    }

    /// A hit of unknown quality passes the floor when it is chosen; what came of it is known.
    fn refuse_what_is_too_low(&self, verified: &Verified) -> Result<(), VerifyError> {
        let sound = Sound::found(
            Some(verified.codec),
            verified.used_bits,
            Some(verified.sample_rate),
            Some(verified.bitrate),
        );
        match self.quality.floor {
            Some(floor) if self.quality.is_too_low(&sound) => Err(VerifyError::BelowFloor {
                found: quality(verified),
                floor: floor.to_string(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn ask(
        &self,
        verified: &Verified,
        wanted: &Track,
        remarks: &mut Vec<String>,
    ) -> Result<Option<String>, VerifyError> {
        let Some((acoustid, policy)) = &self.acoustid else {
            return Ok(None);
        };
        let Some(print) = &verified.fingerprint else {
            return Ok(Some("unknown: it has no fingerprint".to_owned()));
        };
        Ok(Some(
            match acoustid.ask(print, verified.duration_ms, wanted) {
                Opinion::Agrees => "agrees".to_owned(),
                Opinion::Unknown { why } => format!("unknown: {why}"),
                Opinion::Disagrees { what } if *policy == Policy::Refuse => {
                    return Err(VerifyError::OtherRecording { what });
                }
                Opinion::Disagrees { what } => {
                    remarks.push(what);
                    "disagrees".to_owned()
                }
            },
        ))
    }
}

/// `flac 16/44.1` or `mp3 192 kbit/s`.
fn quality(verified: &Verified) -> String {
    let codec: Codec = verified.codec;
    let khz = f64::from(verified.sample_rate) / 1000.0;
    match verified.used_bits {
        Some(bits) => format!("{codec} {bits}/{khz}"),
        None => format!("{codec} {} kbit/s", verified.bitrate / 1000),
    }
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::Provenance;

    use super::*;
    use crate::music::{Target, TrackId};
    use crate::verify::tests::sounds::{Sounds, noise};

    fn track() -> Track {
        Track::new(TrackId::text("x"), "Noise")
    }

    fn claims(codec: &str) -> Hit {
        Hit {
            codec: Some(codec.to_owned()),
            provenance: Provenance::DECLARED,
            ..Hit::default()
        }
    }

    fn words(inspector: &Inspector, path: &Path, hit: &Hit) -> String {
        match inspector.inspect(path, &track(), hit) {
            Ok((_, findings)) => findings.to_string(),
            Err(error) => format!("refused: {error}"),
        }
    }

    #[test]
    fn what_is_odd_is_told_or_refused_as_the_user_says() {
        let sounds = Sounds::new();
        let mp3 = sounds.make_from(&noise(5.0), "a.mp3", &["-b:a", "128k"]);
        let fake = ["-c:a", "flac", "-sample_fmt", "s16"];
        let fake = sounds.remake(&mp3, "fake.flac", &fake);
        let inspector = |fake_lossless, broken_claims| Inspector {
            fake_lossless,
            broken_claims,
            ..Inspector::default()
        };
        use Policy::{Refuse, Report};
        for (path, claimed, policies, expected) in [
            (
                &mp3,
                "mp3",
                (Refuse, Refuse),
                "mp3 129 kbit/s, decoded to the end",
            ),
            (
                &mp3,
                "flac",
                (Report, Report),
                "mp3 129 kbit/s, decoded to the end; flac was promised, mp3 came",
            ),
            (
                &mp3,
                "flac",
                (Report, Refuse),
                "refused: not as promised: flac was promised, mp3 came",
            ),
            (
                &fake,
                "flac",
                (Report, Refuse),
                "flac 16/44.1, decoded to the end; looks transcoded: cut-off 1",
            ),
            (
                &fake,
                "flac",
                (Refuse, Refuse),
                "refused: fake lossless: looks transcoded: cut-off 1",
            ),
        ] {
            let inspector = inspector(policies.0, policies.1);
            let said = words(&inspector, path, &claims(claimed));
            assert!(said.starts_with(expected), "{said} instead of {expected}");
        }
    }

    #[test]
    fn the_floor_holds_for_what_was_measured() {
        let sounds = Sounds::new();
        let mp3 = sounds.make("a.mp3", &["-b:a", "128k"]);
        for (floor, taken) in [("mp3 192", false), ("mp3 112", true), ("flac", false)] {
            let inspector = Inspector {
                quality: QualityPreference {
                    floor: Some(Target::parse(floor).unwrap()),
                    ..QualityPreference::default()
                },
                ..Inspector::default()
            };
            let said = words(&inspector, &mp3, &Hit::default());
            assert_eq!(!said.starts_with("refused"), taken, "{floor}: {said}");
        }
    }

    #[test]
    fn how_far_it_was_listened_to_is_said() {
        let sounds = Sounds::new();
        let opus = sounds.format("opus.opus");
        let path = std::env::var_os("PATH");
        for (ffmpeg, expected) in [
            (
                crate::ffmpeg::Ffmpeg::find(None, path.as_deref()),
                ", decoded to the end by ffmpeg",
            ),
            (
                Err(crate::ffmpeg::Missing::Anywhere),
                "its packets are complete, but not decoded: there is no ffmpeg",
            ),
        ] {
            let inspector = Inspector {
                verifier: Box::new(Verifier {
                    ffmpeg,
                    ..Verifier::default()
                }),
                ..Inspector::default()
            };
            let said = words(&inspector, &opus, &Hit::default());
            assert!(said.contains(expected), "{said}");
        }
    }
}
