//! Probing and searching.

use std::thread;

use super::Trial;
use crate::{ErrorKind, Hit, Query, TargetKind};

pub(super) fn reaches_its_service(trial: &Trial) {
    if let Err(error) = trial.source.check_connection() {
        panic!("the service cannot be reached: {error}");
    }
}

pub(super) fn finds_what_is_there(trial: &Trial) {
    let query = trial.known();
    let hits = found(trial, &query);
    assert!(!hits.is_empty(), "found nothing for `{}`", query.text);
    assert!(
        hits.len() <= query.limit as usize,
        "{} hits, {} were asked for",
        hits.len(),
        query.limit
    );
    for (at, hit) in hits.iter().enumerate() {
        assert!(!hit.target_id.is_empty(), "hit {at} has no target id");
        assert!(
            hit.target_id.len() <= 4096,
            "the target id of hit {at} is over 4 KiB"
        );
        assert!(!hit.title.trim().is_empty(), "hit {at} has no title");
        assert_eq!(
            hit.kind, query.kind,
            "hit {at} is of another kind than was asked for"
        );
        sane(at, hit);
    }
}

/// Facts that cannot be are worse than none: the host decides by them.
fn sane(at: usize, hit: &Hit) {
    for (what, number) in [
        ("track number", hit.track_number),
        ("disc number", hit.disc_number),
        ("bitrate", hit.bitrate),
        ("sample rate", hit.sample_rate),
        ("bit depth", hit.bit_depth),
    ] {
        assert_ne!(number, Some(0), "hit {at}: {what} is 0 instead of unknown");
    }
    assert_ne!(
        hit.duration_ms,
        Some(0),
        "hit {at}: its length is 0 instead of unknown"
    );
    assert!(
        hit.duration_ms.is_none_or(|ms| ms < 7 * 24 * 3_600_000),
        "hit {at}: a week long; are these milliseconds?"
    );
    assert!(
        hit.bitrate.is_none_or(|bits| bits >= 1_000),
        "hit {at}: {:?} bits per second; are these kilobits?",
        hit.bitrate
    );
    if let Some(codec) = &hit.codec {
        assert_eq!(
            *codec,
            codec.to_lowercase(),
            "hit {at}: codec names are lower case"
        );
    }
    assert!(
        hit.artists.iter().all(|artist| !artist.trim().is_empty()),
        "hit {at}: an artist without a name"
    );
}

pub(super) fn finds_nothing_where_nothing_is(trial: &Trial) {
    let query = Query {
        kind: trial.kind(),
        ..trial.subject.absent.clone()
    };
    let hits = found(trial, &query);
    assert!(hits.is_empty(), "found {} for `{}`", hits.len(), query.text);
}

pub(super) fn refuses_a_kind_it_does_not_have(trial: &Trial) {
    let mut kinds = vec![TargetKind(4_711)];
    if trial.is_album_only() {
        kinds.push(TargetKind::TRACK);
    }
    for kind in kinds {
        let query = Query {
            kind,
            ..trial.known()
        };
        match trial.source.search_raw(&query) {
            Ok(hits) => panic!("{} hits of a kind that does not exist", hits.len()),
            Err(error) => assert_eq!(error.kind, ErrorKind::Unsupported, "{error}"),
        }
    }
}

pub(super) fn survives_strange_words(trial: &Trial) {
    let long = "la ".repeat(4_000);
    for text in [
        "'\"`;--",
        "\u{0}\u{1}\u{7f}",
        "%s%n ${HOME} $(id)",
        "😀 ザ \u{202e}abc",
        "*",
        &long,
    ] {
        let query = Query {
            text: text.to_owned(),
            title: Some(text.to_owned()),
            artists: vec![text.to_owned()],
            ..trial.known()
        };
        if let Err(error) = trial.source.search_raw(&query) {
            assert_ne!(
                error.kind,
                ErrorKind::Internal,
                "searching {text:?}: {error}"
            );
        }
    }
    assert!(
        !found(trial, &trial.known()).is_empty(),
        "no longer usable afterwards"
    );
}

pub(super) fn searches_on_several_threads(trial: &Trial) {
    let expected = ids(&found(trial, &trial.known()));
    thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| ids(&found(trial, &trial.known()))))
            .collect();
        for one in all {
            let answer = one.join().expect("a search on a second thread panicked");
            assert_eq!(
                answer, expected,
                "several searches at once answer otherwise"
            );
        }
    });
}

fn found(trial: &Trial, query: &Query) -> Vec<Hit> {
    trial
        .source
        .search_raw(query)
        .unwrap_or_else(|error| panic!("searching `{}`: {error}", query.text))
}

fn ids(hits: &[Hit]) -> Vec<String> {
    hits.iter().map(|hit| hit.target_id.clone()).collect()
}
