//! Searching: what is asked, what is waited for, what becomes of the answers, and that
//! nothing is left in slskd's list.

mod support;

use std::thread;
use std::time::Duration;

use musicdl_plugin_api::testing::{Answer, TestHost};
use musicdl_plugin_api::{ErrorKind, Hit, Provenance, Query, Source, SourceError, extra_value};
use musicdl_soulseek::SoulseekSource;
use serde_json::json;

use crate::support::use_of::{fetch, source_at, wanted};
use crate::support::{Fake, Offer, Peer, offer, peer};

const SONG: &str = r"@@abc\Music\Ann Example\First Album\01 - Bluebird.flac";

fn song() -> Offer {
    offer(SONG)
}

fn slskd(peers: Vec<Peer>) -> Fake {
    Fake::start("0.26.0", peers)
}

fn source(slskd: &Fake, kit: &TestHost) -> SoulseekSource {
    source_at(&slskd.url(), &slskd.downloads(), kit, &[])
}

fn search(slskd: &Fake, title: &str) -> Result<Vec<Hit>, SourceError> {
    source(slskd, &TestHost::new()).search_raw(&wanted(title))
}

fn peers_of(hits: &[Hit]) -> Vec<&str> {
    hits.iter()
        .map(|hit| extra_value(&hit.extra, "peer").expect("every hit names its peer"))
        .collect()
}

// ---- what is found

#[test]
fn a_hit_carries_what_path_and_peer_say() {
    let file = Offer {
        said: json!({ "length": 243, "sampleRate": 96_000, "bitDepth": 24 }),
        audio: vec![0; 2_430_000],
        ..song()
    };
    let slskd = slskd(vec![Peer {
        speed: 5_000,
        queue: 3,
        free_slot: false,
        ..peer("peer one", vec![file])
    }]);
    let hits = search(&slskd, "Bluebird").unwrap();
    let hit = &hits[0];
    assert_eq!(hit.title, "Bluebird");
    assert_eq!(hit.artists, ["Ann Example"]);
    assert_eq!(hit.album.as_deref(), Some("First Album"));
    assert_eq!(
        (hit.track_number, hit.duration_ms),
        (Some(1), Some(243_000))
    );
    assert_eq!(hit.codec.as_deref(), Some("flac"));
    assert_eq!((hit.sample_rate, hit.bit_depth), (Some(96_000), Some(24)));
    assert_eq!((hit.bitrate, hit.size), (Some(80_000), Some(2_430_000)));
    assert_eq!((hit.queue_length, hit.speed), (Some(3), Some(5_000)));
    assert_eq!(hit.free_slot, Some(false));
    assert_eq!(hit.provenance, Provenance::DECLARED);
    assert_eq!(extra_value(&hit.extra, "peer"), Some("peer one"));
    assert_eq!(extra_value(&hit.extra, "path"), Some(SONG));
}

#[test]
fn each_kind_of_file_has_its_codec_and_others_are_no_hits() {
    let rows = [
        ("a.flac", json!({ "length": 1 }), Some("flac"), None),
        (
            "b.MP3",
            json!({ "bitRate": 320 }),
            Some("mp3"),
            Some(320_000),
        ),
        (
            "c.mp3",
            json!({ "bitRate": 0, "length": -1 }),
            Some("mp3"),
            None,
        ),
        ("d.ogg", json!({}), Some("vorbis"), None),
        ("e.opus", json!({}), Some("opus"), None),
        ("f.wav", json!({}), Some("pcm"), None),
        ("g.aiff", json!({}), Some("pcm"), None),
        (
            "h.m4a",
            json!({ "bitRate": 256 }),
            Some("aac"),
            Some(256_000),
        ),
        ("i.m4a", json!({ "bitDepth": 16 }), Some("alac"), None),
        ("j.m4a", json!({}), None, None),
    ];
    let files = rows.iter().map(|(name, said, ..)| Offer {
        said: said.clone(),
        ..offer(format!("Ann Example/First Album/Bluebird {name}").leak())
    });
    let hits = search(&slskd(vec![peer("ann", files.collect())]), "Bluebird").unwrap();
    assert_eq!(hits.len(), rows.len());
    for (name, _, codec, bitrate) in &rows {
        let is = |hit: &&Hit| extra_value(&hit.extra, "path").is_some_and(|p| p.ends_with(name));
        let hit = hits.iter().find(is).unwrap();
        assert_eq!(hit.codec.as_deref(), *codec, "{name}");
        assert_eq!(hit.bitrate, *bitrate, "{name}");
        assert_ne!(hit.duration_ms, Some(0), "{name}");
    }
    let others = ["x.jpg", "x.cue", "x.flac.part", "x"]
        .map(|name| offer(format!("Ann Example/First Album/Bluebird {name}").leak()));
    let empty = Offer {
        audio: Vec::new(),
        ..song()
    };
    let found = search(
        &slskd(vec![peer("ann", [others.to_vec(), vec![empty]].concat())]),
        "Bluebird",
    );
    assert_eq!(found.unwrap(), []);
}

#[test]
fn locked_files_are_left_out_and_counted_in_the_log() {
    let slskd = slskd(vec![Peer {
        locked: vec![offer(r"Ann Example\Secret\01 - Bluebird.flac")],
        ..peer("ann", vec![song(), song()])
    }]);
    let kit = TestHost::new();
    let hits = source(&slskd, &kit)
        .search_raw(&wanted("Bluebird"))
        .unwrap();
    // The same file twice in an answer is one hit.
    assert_eq!(hits.len(), 1);
    let counted = kit.log().into_iter().flat_map(|line| line.fields);
    assert!(
        counted
            .into_iter()
            .any(|field| field == ("locked".to_owned(), "1".to_owned()))
    );
}

#[test]
fn the_song_comes_before_others_and_of_equal_ones_who_can_send_soonest() {
    let other = offer(r"Zoe Other\Bluebird Example Ann\02 - Nightjar.flac");
    let lossy = offer(r"Music\Ann Example\First Album\01 - Bluebird.mp3");
    let slskd = slskd(vec![
        peer("other", vec![other]),
        peer("lossy", vec![lossy]),
        Peer {
            free_slot: false,
            ..peer("full", vec![song()])
        },
        Peer {
            queue: 9,
            ..peer("queue", vec![song()])
        },
        Peer {
            speed: 10,
            ..peer("slow", vec![song()])
        },
        peer("best", vec![song()]),
    ]);
    let hits = search(&slskd, "Bluebird").unwrap();
    assert_eq!(
        peers_of(&hits),
        ["best", "slow", "queue", "full", "lossy", "other"]
    );
    let few = Query {
        limit: 2,
        ..wanted("Bluebird")
    };
    let hits = source(&slskd, &TestHost::new()).search_raw(&few).unwrap();
    assert_eq!(peers_of(&hits), ["best", "slow"]);
}

#[test]
fn the_peer_that_already_sends_the_album_comes_first() {
    let second = || offer(r"Music\Ann Example\First Album\02 - Nightjar.flac");
    let slskd = slskd(vec![
        peer("fast", vec![second()]),
        Peer {
            speed: 10,
            ..peer("known", vec![song(), second()])
        },
    ]);
    let source = source(&slskd, &TestHost::new());
    let before = source.search_raw(&wanted("Nightjar")).unwrap();
    assert_eq!(peers_of(&before), ["fast", "known"]);
    let hits = source.search_raw(&wanted("Bluebird")).unwrap();
    fetch(&source, &hits[0], tempfile::tempdir().unwrap().path()).unwrap();
    let after = source.search_raw(&wanted("Nightjar")).unwrap();
    assert_eq!(peers_of(&after), ["known", "fast"]);
}

// ---- how it goes

#[test]
fn answers_are_read_when_the_search_has_ended_and_not_when_it_is_complete() {
    let slskd = slskd(vec![peer("ann", vec![song()])]);
    slskd.world().search_readings = 1;
    assert_eq!(search(&slskd, "Bluebird").unwrap().len(), 1);
    assert_eq!(slskd.asked("GET", "/responses"), 1);
    assert_eq!(slskd.asked("PUT", "/searches"), 0);
    assert_eq!(slskd.left_over(), [""; 0]);
}

#[test]
fn a_search_that_does_not_end_is_stopped_and_what_it_found_is_used() {
    let slskd = slskd(vec![peer("ann", vec![song()])]);
    slskd.world().search_readings = 1_000;
    let kit = TestHost::new();
    let silence = [("search_silence", "1")];
    let source = source_at(&slskd.url(), &slskd.downloads(), &kit, &silence);
    assert_eq!(source.search_raw(&wanted("Bluebird")).unwrap().len(), 1);
    assert_eq!(slskd.asked("PUT", "/searches"), 1);
    assert_eq!(slskd.left_over(), [""; 0]);
}

#[test]
fn answers_that_are_stored_late_are_read_again() {
    let slskd = slskd(vec![peer("ann", vec![song()])]);
    let mut late = 2;
    slskd.intercept(move |request| {
        let early = request.path.ends_with("/responses") && late > 0;
        late -= u32::from(early);
        early.then(|| Answer::json("[]"))
    });
    assert_eq!(search(&slskd, "Bluebird").unwrap().len(), 1);
}

#[test]
fn nothing_found_is_an_empty_list_and_no_search_stays() {
    let slskd = slskd(vec![peer("ann", vec![song()])]);
    assert_eq!(search(&slskd, "Kingfisher").unwrap(), []);
    assert_eq!(slskd.left_over(), [""; 0]);
}

#[test]
fn searches_are_begun_one_after_the_other() {
    let slskd = slskd(vec![peer("ann", vec![song()])]);
    slskd.world().begins_within = Duration::from_millis(100);
    let source = source(&slskd, &TestHost::new());
    thread::scope(|scope| {
        for title in ["Bluebird", "Nightjar", "Kingfisher", "Wagtail"] {
            let source = &source;
            scope.spawn(move || source.search_raw(&wanted(title)).expect("a search"));
        }
    });
    // None was refused and asked again.
    assert_eq!(slskd.asked("POST", "/searches"), 4);
    assert_eq!(slskd.world().texts.len(), 4);
}

#[test]
fn a_busy_slskd_is_asked_again_and_not_for_ever() {
    let slskd = slskd(vec![peer("ann", vec![song()])]);
    slskd.world().busy = 3;
    assert_eq!(search(&slskd, "Bluebird").unwrap().len(), 1);
    slskd.world().busy = u32::MAX;
    let error = search(&slskd, "Bluebird").unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited, "{error}");
    assert_eq!(error.retry_after, Some(Duration::from_millis(250)));
}

#[test]
fn a_search_whose_answer_was_lost_is_looked_up_and_not_begun_twice() {
    let slskd = slskd(vec![peer("ann", vec![song()])]);
    slskd.world().lost_answers = 1;
    assert_eq!(search(&slskd, "Bluebird").unwrap().len(), 1);
    assert_eq!(slskd.world().texts.len(), 1);
    assert_eq!(slskd.left_over(), [""; 0]);
}

#[test]
fn the_same_words_are_not_searched_for_twice_in_a_row() {
    let slskd = slskd(vec![peer("ann", vec![song()])]);
    let source = source(&slskd, &TestHost::new());
    let first = source.search_raw(&wanted("Bluebird")).unwrap();
    let second = source.search_raw(&wanted("Bluebird (feat. Zoe)")).unwrap();
    assert_eq!(first, second);
    assert_eq!(slskd.world().texts, ["ann example bluebird"]);
}

#[test]
fn a_search_that_cannot_be_deleted_is_noted_down_for_the_next_run() {
    let slskd = slskd(vec![peer("ann", vec![song()])]);
    let kit = TestHost::new();
    slskd.intercept(|request| (request.method == "DELETE").then(|| Answer::status(500)));
    let hits = source(&slskd, &kit)
        .search_raw(&wanted("Bluebird"))
        .unwrap();
    assert_eq!(slskd.left_over().len(), 1);
    slskd.world().intercept = None;
    // Only by a run that fetches something: another may just look while that one goes on.
    source(&slskd, &kit)
        .search_raw(&wanted("Nightjar"))
        .unwrap();
    assert_eq!(slskd.left_over().len(), 1);
    fetch(
        &source(&slskd, &kit),
        &hits[0],
        tempfile::tempdir().unwrap().path(),
    )
    .unwrap();
    assert_eq!(slskd.left_over(), [""; 0]);
    assert_eq!(kit.stored("searches"), None);
}

// ---- how it fails

#[test]
fn each_failure_of_a_search_has_its_kind() {
    use ErrorKind::{Auth, Permanent, Transient, Unsupported};
    let words = |status, words: &str| Answer::status(status).body(format!("\"{words}\""));
    for (method, part, answer, kind, said) in [
        (
            "POST",
            "/searches",
            words(400, "too short"),
            Permanent,
            "too short",
        ),
        (
            "POST",
            "/searches",
            words(409, "currently: Disconnected"),
            Transient,
            "Disconnected",
        ),
        ("POST", "/searches", Answer::status(401), Auth, "api_key"),
        (
            "POST",
            "/searches",
            Answer::status(403),
            Unsupported,
            "relay",
        ),
        ("POST", "/searches", words(500, "oh"), Transient, "oh"),
        ("GET", "/searches/", Answer::status(404), Transient, "404"),
        ("GET", "/searches/", Answer::json("{"), Permanent, "{"),
        (
            "GET",
            "/searches/",
            Answer::json(r#"{"state":"Completed, Errored","endedAt":"x"}"#),
            Transient,
            "failed",
        ),
    ] {
        let slskd = slskd(vec![peer("ann", vec![song()])]);
        slskd.intercept(move |request| {
            let meant = request.method == method && request.path.contains(part);
            meant.then(|| answer.clone())
        });
        let error = search(&slskd, "Bluebird").unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(said), "{error}");
        assert_eq!(slskd.left_over(), [""; 0], "{error}");
    }
}

#[test]
fn a_text_with_nothing_to_search_for_never_reaches_slskd() {
    let slskd = slskd(Vec::new());
    let query = Query {
        artists: Vec::new(),
        ..wanted("!?")
    };
    let error = source(&slskd, &TestHost::new())
        .search_raw(&query)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
    assert_eq!(slskd.requests(), []);
}
