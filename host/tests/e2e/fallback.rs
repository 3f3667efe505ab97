//! What one source does not have, or has wrong, the next one delivers.

use serde_json::Value;

use crate::support::music_server::MusicServer;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

/// Why the candidates of that title lost, as told while it happened.
fn losses(events: &[Value], title: &str) -> Vec<String> {
    let name = |event: &Value| event["name"].as_str().map(str::to_owned);
    let started = events
        .iter()
        .find(|event| {
            event["event"] == "item_started"
                && name(event).is_some_and(|name| name.ends_with(title))
        })
        .unwrap();
    events
        .iter()
        .filter(|event| event["event"] == "lost" && event["id"] == started["id"])
        .map(|event| format!("{}: {}", event["source"], event["reason"]).replace('"', ""))
        .collect()
}

#[test]
fn each_way_of_failing_at_one_source_leads_to_the_next() {
    let lacking = Song::single("Ann", "Lacking", "flac").without_cover();
    let live = Song::single("Ann", "Owls", "flac").without_cover();
    let cut = Song::single("Ann", "Cut", "flac").without_cover();
    let gone = Song::single("Ann", "Gone", "mp3").without_cover();
    let good = Song::single("Ann", "Good", "flac").without_cover();
    let wanted = [&lacking, &live, &cut, &gone, &good];

    let scene = Scene::with(&["subsonic", "folder"]);
    let songs: Vec<Song> = wanted.map(Clone::clone).to_vec();
    song::make(&scene.path("music"), &songs);
    let another = Song {
        title: "Owls (Live)".to_owned(),
        ..live.clone()
    };
    let offered = [another, cut.clone(), gone.clone(), good.clone()];
    let server = MusicServer::offering(&scene.path("music"), &offered);
    let whole = std::fs::read(scene.path("music").join(&cut.file)).unwrap();
    server.instead("Cut", &whole[..whole.len() / 2]);
    server.instead(
        "Gone",
        r#"{"subsonic-response": {"status": "failed", "error": {"code": 70}}}"#,
    );
    scene.write("all.csv", song::exportify(wanted));
    scene.write(
        "musicdl.yaml",
        format!(
            "playlists: [./all.csv]\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             sources:\n{}  - folder: {{paths: [./music]}}\n",
            server.config()
        ),
    );

    let run = scene.run(&["--json"]).exits(0);
    let events = run.events();
    for (title, lost) in [
        ("Lacking", "subsonic: found nothing"),
        ("Owls", "subsonic: another version: live"),
        ("Cut", "subsonic: cut off: "),
        ("Gone", "subsonic: not found: "),
    ] {
        let losses = losses(&events, title);
        let [loss] = losses.as_slice() else {
            panic!("{title}: {losses:?}: {}", run.told());
        };
        assert!(loss.starts_with(lost), "{title}: {loss}");
    }
    assert_eq!(losses(&events, "Good"), [""; 0]);
    assert_eq!(scene.delivered(), ["folder: 4", "subsonic: 1"]);
    scene.library().is_whole();
    let mut titles = songs
        .iter()
        .map(|song| song.title.clone())
        .collect::<Vec<_>>();
    titles.sort();
    assert_eq!(scene.library().titles(), titles);
}

#[test]
fn the_report_names_for_a_failed_item_what_was_tried_and_why_each_candidate_lost() {
    let owls = Song::single("Ann", "Owls", "flac").without_cover();
    let renamed = |title: &str| Song {
        title: title.to_owned(),
        file: format!("{title}.flac"),
        ..owls.clone()
    };
    let scene = Scene::with(&["subsonic", "folder"]);
    let offered = [renamed("Owls"), renamed("Owls (Live)")];
    song::make(&scene.path("elsewhere"), &offered);
    song::make(&scene.path("music"), &[renamed("Owls (Demo)")]);
    let server = MusicServer::offering(&scene.path("elsewhere"), &offered);
    let whole = std::fs::read(scene.path("elsewhere/Owls.flac")).unwrap();
    server.instead("Owls", &whole[..whole.len() / 2]);
    scene.write("all.csv", song::exportify([&owls]));
    scene.write(
        "musicdl.yaml",
        format!(
            "playlists: [./all.csv]\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             sources:\n{}  - folder: {{paths: [./music]}}\n",
            server.config()
        ),
    );
    let run = scene.run(&[]).exits(5).says(&[
        "failed: Ann - Owls",
        "subsonic: `Ann - Owls (Live)`",
        "another version: live",
        "cut off:",
        "folder: `Ann - Owls (Demo)`",
        "partial: 1 track, 0 completed, 0 skipped, 1 failed",
    ]);

    let report = scene.report();
    let tried: Vec<String> = report["failed"][0]["tried"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tried| {
            let word = |key: &str| tried[key].as_str().unwrap_or("-").to_owned();
            let reason = word("reason");
            let reason = reason.split([';', ':']).next().unwrap();
            format!("{} {}: {reason}", word("source"), word("title"))
        })
        .collect();
    assert_eq!(
        tried,
        [
            "subsonic Ann - Owls (Live): another version",
            "subsonic Ann - Owls: cut off",
            "folder Ann - Owls (Demo): another version",
        ],
        "{}",
        run.told()
    );
    assert_eq!(report["exit_code"], 5);
    assert_eq!(scene.library().audio(), [""; 0]);
}
