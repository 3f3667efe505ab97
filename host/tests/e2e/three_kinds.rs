//! An album source, a source that hands its downloads over and one that runs a program, one
//! after the other: each fails where it can, and every track comes to an end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::peers::lidarr::{FIRST, Lidarr, Life, SECOND, Step as Look};
use crate::peers::slskd::{Lands, Peer, SMOOTH, Step, peer};
use crate::peers::{
    albums, configure, known, lidarr_source, nothing_runs_below, shared, soulseek, soulseek_source,
    videos, want, youtube, youtube_source,
};
use crate::support::scene::Scene;
use crate::support::song::Song;

const THIRD: &str = "0f0f1c0a-77d2-4c3e-9a66-3b1a5b2f0d11";
/// What soulseek declares: searches in a time.
const BUDGET: usize = 34;

const REFUSED: &[Step] = &[("Completed, Rejected", 0, 1, "Banned")];
const BREAKS: &[Step] = &[
    ("InProgress", 4, 1, ""),
    ("Completed, Errored", 4, 1, "Connection reset"),
];
const WAITS: &[Step] = &[("Queued, Remotely", 0, 1, "")];

/// How each item ended, by its name: its source, or why it has none.
fn endings(events: &[Value]) -> Vec<(String, Result<String, String>)> {
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let finished = events
        .iter()
        .filter(|event| event["event"] == "item_finished");
    let mut endings: Vec<_> = finished
        .map(|event| {
            let end = match event["status"].as_str() {
                Some("completed") => Ok(text(event, "source")),
                _ => Err(text(event, "error")),
            };
            (text(event, "name"), end)
        })
        .collect();
    endings.sort();
    endings
}

#[test]
fn thirty_tracks_of_four_albums_end_at_an_album_source_a_network_and_a_site() {
    let scene = Scene::with(&["lidarr", "soulseek", "youtube"]);
    let [first, second, third, fourth] = albums([
        ("First Album", 8),
        ("Second Album", 8),
        ("Third Album", 7),
        ("Fourth Album", 7),
    ]);
    let all = [&first[..], &second, &third, &fourth].concat();
    want(&scene, &all);

    // The first album comes whole, the second lacks three tracks, of the third Lidarr fetches
    // a release that it cannot import, and nobody told it of the fourth.
    let blocked = Look::Shown(
        "completed",
        "warning",
        "importBlocked",
        0,
        "Has missing tracks",
    );
    let mut albums = [
        known(&scene, FIRST, &first),
        known(&scene, SECOND, &second),
        known(&scene, THIRD, &third),
    ];
    for (album, life) in albums.iter_mut().zip([
        Life::good(8),
        Life(vec![
            Look::downloading(50),
            Look::import(5),
            Look::Event("downloadImported", Box::new(Look::Absent)),
        ]),
        Life::ending(blocked),
    ]) {
        album.life = Some(life);
    }
    let lidarr = Lidarr::with(|state| state.known = albums.into());

    let slskd = soulseek(vec![
        peer(
            "generous",
            [
                &third[0], &third[1], &third[2], &fourth[0], &fourth[1], &second[5],
            ]
            .map(|song| shared(&scene, song, SMOOTH))
            .into(),
        ),
        Peer {
            locked: vec![shared(&scene, &third[4], SMOOTH)],
            ..peer("secretive", Vec::new())
        },
        peer("hostile", vec![shared(&scene, &third[3], REFUSED)]),
        peer("far away", vec![shared(&scene, &second[6], WAITS)]),
        peer("broken", vec![shared(&scene, &fourth[3], BREAKS)]),
    ]);
    slskd.world().lands = Lands::Later(1);

    let published: Vec<&Song> = second[6..]
        .iter()
        .chain(&third[3..])
        .chain(&fourth[2..6])
        .collect();
    let mut published = videos(&scene, &published);
    // The last of the third album.
    published[5].is_public = false;
    let internet = youtube(published);
    configure(
        &scene,
        &[
            lidarr_source(&lidarr, "300ms"),
            soulseek_source(&slskd, ""),
            youtube_source(&internet, ""),
        ],
    );

    let run = scene.run(&["--json"]).exits(5);
    let endings = endings(&run.events());
    assert_eq!(endings.len(), 30, "{}", run.told());
    for (source, songs) in [
        ("lidarr", [&first[..], &second[..5]].concat()),
        (
            "soulseek",
            [&third[..3], &fourth[..2], &second[5..6]].concat(),
        ),
        (
            "youtube",
            [&second[6..], &third[3..6], &fourth[2..6]].concat(),
        ),
    ] {
        for song in songs {
            let ending = endings.iter().find(|(name, _)| *name == song.words());
            let (_, end) = ending.unwrap_or_else(|| panic!("{song:?}: {}", run.told()));
            assert_eq!(*end, Ok(source.to_owned()), "{song:?}: {}", run.told());
        }
    }
    let failed: Vec<_> = endings.iter().filter(|(_, end)| end.is_err()).collect();
    let [(other, Err(hidden)), (one, Err(lost))] = failed[..] else {
        panic!("{failed:?}: {}", run.told());
    };
    assert_eq!([one, other], [&fourth[6].words(), &third[6].words()]);
    assert!(lost.contains("found nothing"), "{lost}");
    assert!(hidden.contains("Private video"), "{hidden}");

    let library = scene.library();
    library.is_whole();
    assert_eq!(library.audio().len(), 28);

    // One search at the indexers for each album it knows, whoever wanted its tracks.
    assert_eq!(lidarr.asked("POST", "command").len(), 3);
    assert!(lidarr.state().commands.iter().all(|search| search.ended));
    // The release that it cannot import waits there for its user; all else left the queue.
    let state = lidarr.state();
    let (removed, monitored): (&[String], Vec<_>) = (
        &state.removed,
        state.library.iter().map(|entry| entry.monitored).collect(),
    );
    assert_eq!((removed, monitored), (&[][..], vec![true; 3]));
    drop(state);
    let searches = slskd.world().texts.len();
    assert!((17..=BUDGET).contains(&searches), "{searches}");
    assert_eq!(slskd.left_over(), [""; 0], "{}", run.told());
    nothing_runs_below(&scene.path(""));
}

#[test]
fn a_budget_of_searches_holds_whoever_waits_for_it() {
    const SEARCHES: usize = 4;
    const TIME: Duration = Duration::from_secs(2);
    let scene = Scene::with(&["soulseek"]);
    let [songs] = albums([("First Album", 10)]);
    want(&scene, &songs);
    let offers = songs.iter().map(|song| shared(&scene, song, SMOOTH));
    let slskd = soulseek(vec![peer("generous", offers.collect())]);
    let begun = Arc::new(Mutex::new(Vec::new()));
    slskd.intercept({
        let begun = Arc::clone(&begun);
        move |request| {
            if request.method == "POST" && request.path.ends_with("/searches") {
                begun.lock().unwrap().push(Instant::now());
            }
            None
        }
    });
    let window = format!(", search_window: {SEARCHES}/{}s", TIME.as_secs());
    configure(&scene, &[soulseek_source(&slskd, &window)]);

    scene.run(&[]).exits(0);
    let begun = begun.lock().unwrap();
    assert_eq!(begun.len(), songs.len());
    // The first may have been long on its way, and the one after the window not at all.
    let on_the_way = Duration::from_millis(200);
    for pair in begun.windows(SEARCHES + 1) {
        let apart = pair[SEARCHES].duration_since(pair[0]);
        assert!(
            apart + on_the_way > TIME,
            "{SEARCHES} searches, then one after {apart:?}"
        );
    }
    assert_eq!(slskd.left_over(), [""; 0]);
}
