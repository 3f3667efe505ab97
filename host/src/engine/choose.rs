//! Raw hits become ranked candidates: by matching first, by quality second.

use std::cmp::Ordering;

use musicdl_plugin_api::{Hit, Query, TargetKind};

use crate::matching::{Rules, Score, Verdict, score};
use crate::music::{Codec, Track};

/// A hit with its score.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) hit: Hit,
    pub(super) score: Score,
}

/// The hits of one search, sorted.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// May be the wanted recording, best first.
    pub(super) accepted: Vec<Candidate>,
    /// Are not, best first, each with its reason.
    pub(super) refused: Vec<(Candidate, String)>,
}

/// Scores closer than this are equal, and quality decides.
const SCORE_STEP: f64 = 0.02;

/// Scores and ranks what a source found. A target that occurs twice counts once.
pub(super) fn choose(wanted: &Track, hits: Vec<Hit>, rules: &Rules) -> Choice {
    let mut choice = Choice::default();
    let mut seen = std::collections::HashSet::new();
    for hit in hits {
        if !seen.insert(hit.target_id.clone()) {
            continue;
        }
        let score = score(wanted, &hit, rules);
        match score.verdict.clone() {
            Verdict::Accepted => choice.accepted.push(Candidate { hit, score }),
            Verdict::Refused(why) => choice.refused.push((Candidate { hit, score }, why)),
        }
    }
    choice.accepted.sort_by(better_first);
    choice
        .refused
        .sort_by(|(left, _), (right, _)| right.score.total.total_cmp(&left.score.total));
    choice
}

fn better_first(left: &Candidate, right: &Candidate) -> Ordering {
    step(right.score.total)
        .cmp(&step(left.score.total))
        .then_with(|| quality(&right.hit).cmp(&quality(&left.hit)))
        .then_with(|| right.hit.free_slot.cmp(&left.hit.free_slot))
        .then_with(|| left.hit.target_id.cmp(&right.hit.target_id))
}

fn step(total: f64) -> i64 {
    (total / SCORE_STEP).round() as i64
}

/// Lossless before lossy, then depth, rate and bitrate; what is unknown counts as least.
fn quality(hit: &Hit) -> (bool, u32, u32, u32) {
    let lossless = hit
        .codec
        .as_deref()
        .and_then(Codec::parse)
        .is_some_and(Codec::is_lossless);
    (
        lossless,
        if lossless {
            hit.bit_depth.unwrap_or(0)
        } else {
            0
        },
        if lossless {
            hit.sample_rate.unwrap_or(0)
        } else {
            0
        },
        hit.bitrate.unwrap_or(0),
    )
}

/// What to ask for a track, the most specific words first. The second is for services that
/// look in titles only; nothing is asked with fewer words than the whole title.
pub(super) fn queries(track: &Track, limit: u32) -> Vec<Query> {
    let facts = Query {
        kind: TargetKind::TRACK,
        title: Some(track.title.clone()),
        artists: track.artists.clone(),
        album: track.album.clone(),
        album_artist: track.album_artist.clone(),
        duration_ms: track.duration_ms,
        isrc: track.isrc.as_ref().map(|isrc| isrc.as_str().to_owned()),
        recording_mbid: track.recording_mbid.clone(),
        track_number: track.track_number,
        disc_number: track.disc_number,
        year: track.year(),
        explicit: track.explicit,
        limit,
        ..Query::default()
    };
    let full = match track.artist() {
        Some(artist) => format!("{artist} {}", track.title),
        None => track.title.clone(),
    };
    let mut queries = vec![Query {
        text: full,
        ..facts.clone()
    }];
    if track.artist().is_some() {
        queries.push(Query {
            text: track.title.clone(),
            ..facts
        });
    }
    queries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::TrackId;

    fn track() -> Track {
        Track {
            artists: vec!["Ann Example".to_owned()],
            ..Track::new(TrackId::text("x"), "Bluebird")
        }
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
    fn quality_decides_between_equal_matches_and_never_over_a_better_one() {
        let choice = choose(
            &track(),
            vec![
                hit("mp3", "Bluebird", "mp3", 320_000),
                hit("other", "Bluebirdx", "flac", 900_000),
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
        assert_eq!(ids, ["flac", "mp3", "low", "other"]);
        assert_eq!(choice.refused.len(), 1);
        assert_eq!(choice.refused[0].1, "another version: live");
    }

    #[test]
    fn the_whole_title_is_the_least_that_is_asked_for() {
        let texts: Vec<String> = queries(&track(), 10)
            .into_iter()
            .map(|query| query.text)
            .collect();
        assert_eq!(texts, ["Ann Example Bluebird", "Bluebird"]);
    }
}
