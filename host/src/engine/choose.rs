//! Raw hits become ranked candidates: by matching first, by quality second.

use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;

use musicdl_plugin_api::{Hit, Provenance, QualityCeiling, extra, extra_value};

use crate::matching::{Matcher, Rules, Score, Verdict};
use crate::music::{Codec, QualityPreference, Sound, Track};

/// A hit with its score.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) hit: Hit,
    pub(super) score: Score,
    pub(super) grade: Grade,
}

/// What was found for one item, sorted.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// May be the wanted recording, best first.
    pub(super) accepted: Vec<Candidate>,
    /// Are not, best first, each with its reason.
    pub(super) refused: Vec<(Candidate, String)>,
}

/// Scores closer than this are equal, and quality decides: all of them are the wanted
/// recording, and a tenth is what another album and an unknown length cost.
const SCORE_STEP: f64 = 0.1;

/// Scores and ranks what a source finds for one item, answer after answer. A target that occurs
/// twice counts once; what is known to be below the floor of quality is refused.
pub(super) struct Chooser<'a> {
    matcher: Matcher<'a>,
    rules: &'a Rules,
    seen: HashSet<String>,
    choice: Choice,
}

impl<'a> Chooser<'a> {
    pub(super) fn new(wanted: &'a Track, rules: &'a Rules) -> Self {
        Self {
            matcher: Matcher::new(wanted, rules),
            rules,
            seen: HashSet::new(),
            choice: Choice::default(),
        }
    }

    /// Adds an answer.
    pub(super) fn weigh(&mut self, hits: Vec<Hit>) {
        let rules = self.rules;
        for hit in hits {
            if !self.seen.insert(hit.target_id.clone()) {
                continue;
            }
            let score = self.matcher.score(&hit);
            let sound = sound(&hit);
            let refusal = match &score.verdict {
                Verdict::Refused(why) => Some(why.to_string()),
                Verdict::Accepted => rules
                    .quality
                    .floor
                    .filter(|_| rules.quality.is_too_low(&sound))
                    .map(|floor| format!("below the least quality, {floor}")),
            };
            let candidate = Candidate {
                grade: Grade::of(&sound, rules),
                hit,
                score,
            };
            match refusal {
                Some(why) => self.choice.refused.push((candidate, why)),
                None => self.choice.accepted.push(candidate),
            }
        }
        self.choice.accepted.sort_by(better_first);
        self.choice
            .refused
            .sort_by(|(left, _), (right, _)| right.score.total.total_cmp(&left.score.total));
    }

    /// How many different ones were found.
    pub(super) fn found(&self) -> usize {
        self.seen.len()
    }

    /// Those that may be the wanted recording, best first.
    pub(super) fn accepted(&self) -> &[Candidate] {
        &self.choice.accepted
    }

    /// All of it, sorted.
    pub(super) fn choice(self) -> Choice {
        self.choice
    }
}

/// The match first, then what the user prefers, then who can send at once. What is equal in
/// all of that stays as its source put it, which knows more of its peers.
pub(super) fn better_first(left: &Candidate, right: &Candidate) -> Ordering {
    step(right.score.total)
        .cmp(&step(left.score.total))
        .then_with(|| left.grade.cmp(&right.grade))
        .then_with(|| right.score.total.total_cmp(&left.score.total))
        .then_with(|| right.hit.free_slot.cmp(&left.hit.free_slot))
}

fn step(total: f64) -> i64 {
    (total / SCORE_STEP).round() as i64
}

/// How good a hit sounds to this user, smaller first: within the ceiling, by the target it
/// meets, originals before transcodes, lossless before lossy, then depth, rate and bitrate.
/// What is not known counts as least, so that targets below stay as fallbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grade {
    too_high: bool,
    target: usize,
    transcoded: bool,
    lossy: bool,
    measures: Reverse<(u32, u32, u32)>,
}

impl Grade {
    fn of(sound: &Sound, rules: &Rules) -> Self {
        let lossless = sound.is_lossless();
        let of_lossless = |measure: Option<u32>| measure.filter(|_| lossless).unwrap_or(0);
        Self {
            too_high: rules.quality.is_too_high(sound),
            target: rules.quality.step(sound),
            transcoded: sound.is_transcoded(),
            lossy: !lossless,
            measures: Reverse((
                of_lossless(sound.bit_depth),
                of_lossless(sound.sample_rate),
                sound.bitrate.unwrap_or(0),
            )),
        }
    }

    /// The first of the wanted qualities that it meets, from 0.
    pub(super) fn step(&self) -> usize {
        self.target
    }
}

/// What a hit says of its sound. Facts a plugin only concludes are no facts where more than a
/// CD is asked for.
fn sound(hit: &Hit) -> Sound {
    let said = |measure: Option<u32>| measure.filter(|_| hit.provenance != Provenance::ASSUMED);
    Sound {
        codec: hit.codec.as_deref().and_then(Codec::parse),
        bit_depth: said(hit.bit_depth),
        sample_rate: said(hit.sample_rate),
        bitrate: hit.bitrate,
        transcoded: extra_value(&hit.extra, extra::TRANSCODED).is_some_and(|value| value != "no"),
    }
}

/// The most that the user has use for, as a source is told. A bitrate is that of the codec the
/// user named: one that counts in another gives more at most, and `QualityPreference` ranks that last.
pub(super) fn ceiling(preference: &QualityPreference) -> QualityCeiling {
    let Some(most) = preference.ceiling else {
        return QualityCeiling::default();
    };
    let sound = most.as_sound();
    QualityCeiling {
        bitrate: sound.bitrate,
        sample_rate: sound.sample_rate,
        bit_depth: sound.bit_depth,
        lossless: (!most.is_lossless()).then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::{Target, TrackId};

    #[test]
    fn a_source_is_told_the_most_that_is_wanted() {
        let all = QualityCeiling::default();
        for (most, told) in [
            (None, all),
            (Some("flac"), all),
            (
                Some("lossless 24/96"),
                QualityCeiling {
                    bit_depth: Some(24),
                    sample_rate: Some(96_000),
                    ..all
                },
            ),
            (
                Some("mp3 320"),
                QualityCeiling {
                    bitrate: Some(320_000),
                    lossless: Some(false),
                    ..all
                },
            ),
            (
                Some("lossy"),
                QualityCeiling {
                    lossless: Some(false),
                    ..all
                },
            ),
        ] {
            let preference = QualityPreference {
                ceiling: most.map(|most| Target::parse(most).unwrap()),
                ..QualityPreference::default()
            };
            assert_eq!(ceiling(&preference), told, "{most:?}");
        }
    }

    fn track() -> Track {
        Track {
            artists: vec!["Ann Example".to_owned()],
            ..Track::new(TrackId::text("x"), "Bluebird")
        }
    }

    fn choose(wanted: &Track, hits: Vec<Hit>, rules: &Rules) -> Choice {
        let mut chooser = Chooser::new(wanted, rules);
        chooser.weigh(hits);
        chooser.choice()
    }

    fn hit(id: &str, title: &str, codec: &str, bitrate: u32) -> Hit {
        Hit {
            target_id: id.to_owned(),
            title: title.to_owned(),
            artists: vec!["Ann Example".to_owned()],
            codec: Some(codec.to_owned()),
            bitrate: Some(bitrate),
            ..Hit::default()
        }
    }

    #[test]
    fn quality_decides_between_equal_matches_and_another_version_is_refused() {
        let choice = choose(
            &track(),
            vec![
                hit("mp3", "Bluebird", "mp3", 320_000),
                hit("other", "Bluebird Remastered", "flac", 900_000),
                hit("flac", "Bluebird", "flac", 800_000),
                hit("low", "Bluebird", "mp3", 128_000),
                hit("flac", "Bluebird", "flac", 800_000),
                hit("live", "Bluebird (Live)", "flac", 900_000),
            ],
            &Rules::default(),
        );
        let ids: Vec<&str> = choice
            .accepted
            .iter()
            .map(|c| c.hit.target_id.as_str())
            .collect();
        assert_eq!(ids, ["other", "flac", "mp3", "low"]);
        assert_eq!(choice.refused.len(), 1);
        assert_eq!(choice.refused[0].1, "another version: live");
    }

    fn ids_by(preference: QualityPreference, hits: Vec<Hit>) -> Vec<String> {
        let rules = Rules {
            quality: preference,
            ..Rules::default()
        };
        let choice = choose(&track(), hits, &rules);
        let ids = choice.accepted.into_iter().map(|c| c.hit.target_id);
        ids.collect()
    }

    fn preference(targets: &[&str]) -> QualityPreference {
        let mut preference = QualityPreference::default();
        for (place, target) in preference.targets.iter_mut().zip(targets) {
            *place = Target::parse(target).ok();
        }
        preference
    }

    #[test]
    fn targets_decide_in_their_order_and_the_rest_stays_as_fallback() {
        let hits = || {
            vec![
                hit("mp3-320", "Bluebird", "mp3", 320_000),
                hit("flac", "Bluebird", "flac", 900_000),
                hit("opus", "Bluebird", "opus", 160_000),
                hit("mp3-128", "Bluebird", "mp3", 128_000),
            ]
        };
        for (targets, expected) in [
            (&[][..], ["flac", "mp3-320", "opus", "mp3-128"]),
            (&["mp3 320", "opus"], ["mp3-320", "opus", "flac", "mp3-128"]),
            (
                &["flac 24/96", "opus 128"],
                ["opus", "flac", "mp3-320", "mp3-128"],
            ),
        ] {
            assert_eq!(ids_by(preference(targets), hits()), expected, "{targets:?}");
        }
    }

    #[test]
    fn the_floor_refuses_and_the_ceiling_comes_last() {
        let hits = vec![
            hit("flac", "Bluebird", "flac", 900_000),
            hit("mp3-320", "Bluebird", "mp3", 320_000),
            hit("mp3-128", "Bluebird", "mp3", 128_000),
        ];
        let preference = QualityPreference {
            floor: Target::parse("mp3 192").ok(),
            ceiling: Target::parse("mp3 320").ok(),
            ..QualityPreference::default()
        };
        assert_eq!(ids_by(preference, hits), ["mp3-320", "flac"]);
    }

    #[test]
    fn an_original_comes_before_a_transcode() {
        let mut made_of_lossy = hit("transcode", "Bluebird", "mp3", 320_000);
        made_of_lossy.extra = vec![(extra::TRANSCODED.to_owned(), "yes".to_owned())];
        let hits = vec![
            hit("too-small", "Bluebird", "flac", 200_000),
            made_of_lossy,
            hit("original", "Bluebird", "mp3", 256_000),
        ];
        let ids = ids_by(preference(&["flac"]), hits);
        assert_eq!(ids[0], "original");
    }
}
