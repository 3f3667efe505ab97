//! Ended as by a power cut while others work for it, the same command goes on where they are:
//! a download client of Lidarr's, peers of a network, programs of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::peers::lidarr::{FIRST, Lidarr, Life, Step as Look};
use crate::peers::slskd::{SMOOTH, Step, peer};
use crate::peers::{
    albums, configure, known, lidarr_source, nothing_runs_below, shared, soulseek, soulseek_source,
    videos, want, youtube, youtube_source,
};
use crate::sites::support::processes_below;
use crate::support::program::until;
use crate::support::scene::Scene;
use crate::support::song::Song;

fn scene(plugin: &str, songs: usize) -> (Scene, Vec<Song>) {
    let scene = Scene::with(&[plugin]);
    let [songs] = albums([("First Album", songs)]);
    want(&scene, &songs);
    (scene, songs)
}

/// After the last run: every song, once, and nothing that still runs.
fn everything_is_there(scene: &Scene, songs: &[Song]) {
    let library = scene.library();
    library.is_whole();
    let mut titles: Vec<_> = songs.iter().map(|song| song.title.clone()).collect();
    titles.sort();
    assert_eq!(library.titles(), titles);
    assert!(!library.files().iter().any(|file| file.contains("staging")));
    nothing_runs_below(&scene.path(""));
}

#[test]
fn an_album_that_lidarr_fetches_while_the_run_is_killed_is_taken_over() {
    let (scene, songs) = scene("lidarr", 8);
    let lidarr = Lidarr::with(|state| {
        let mut album = known(&scene, FIRST, &songs);
        album.life = Some(Life(vec![Look::downloading(60)]));
        state.known = vec![album];
    });
    configure(&scene, &[lidarr_source(&lidarr, "10s")]);

    let run = scene.start(&[]);
    until("Lidarr downloads", || {
        lidarr.asked("GET", "queue/details").len() > 3
    });
    run.kill();
    nothing_runs_below(&scene.path(""));
    assert_eq!(scene.library().audio(), [""; 0]);

    for item in &mut lidarr.state().queue {
        item.life = Life::good(8);
        item.age = 2;
    }
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), ["lidarr: 8"]);
    everything_is_there(&scene, &songs);
    assert_eq!(lidarr.asked("POST", "command").len(), 1, "searched once");
    assert_eq!(lidarr.asked("POST", "album").len(), 1, "added once");
    assert_eq!(lidarr.state().removed, [""; 0]);
}

#[test]
fn what_slskd_does_while_the_run_is_killed_is_taken_over_or_cleaned_up() {
    const SLOW: &[Step] = &[("InProgress", 4, 1, "")];
    let (scene, songs) = scene("soulseek", 3);
    let offers = songs.iter().zip([SMOOTH, SMOOTH, SLOW]);
    let offers = offers.map(|(song, steps)| shared(&scene, song, steps));
    let slskd = soulseek(vec![peer("generous", offers.collect())]);
    configure(
        &scene,
        &[soulseek_source(&slskd, ", search_concurrency: 1")],
    );

    // In the middle of a search.
    slskd.world().search_readings = u32::MAX / 2;
    let run = scene.start(&[]);
    until("a search runs", || !slskd.world().searches.is_empty());
    run.kill();
    nothing_runs_below(&scene.path(""));
    assert_ne!(slskd.left_over(), [""; 0]);

    // In the middle of a download, with the others done.
    slskd.world().search_readings = 0;
    let run = scene.start(&[]);
    until("the others are there", || {
        scene.library().audio().len() == 2
    });
    until("a download runs", || slskd.states().contains(&"InProgress"));
    run.kill();
    nothing_runs_below(&scene.path(""));

    {
        let mut world = slskd.world();
        world.peers[0].offers[2].steps = SMOOTH;
        let under_way = world
            .transfers
            .iter_mut()
            .filter(|transfer| transfer.state() == "InProgress");
        for transfer in under_way {
            transfer.steps = SMOOTH;
            transfer.at = 1;
        }
    }
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), ["soulseek: 1"]);
    everything_is_there(&scene, &songs);
    assert_eq!(slskd.left_over(), [""; 0]);
}

/// A directory with an ffmpeg that never ends its work and has a child of its own.
fn endless_ffmpeg(scene: &Scene) -> String {
    let script = "#!/bin/sh\ncase \"$*\" in *-bsfs*) exec ffmpeg \"$@\";; esac\n\
                  sleep 600 &\nsleep 600\n";
    for name in ["bin/ffmpeg", "bin/ffprobe"] {
        let path = scene.write(name, script);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    scene.path("bin").display().to_string()
}

#[test]
fn yt_dlp_and_ffmpeg_end_with_a_run_that_is_killed_and_the_next_fetches_the_song() {
    let (scene, songs) = scene("youtube", 2);
    let internet = youtube(videos(&scene, &songs.iter().collect::<Vec<_>>()));
    let bin = endless_ffmpeg(&scene);

    // While it searches, and while bytes come.
    configure(&scene, &[youtube_source(&internet, "")]);
    for (host, bytes) in [("music.youtube.com", 40), (".googlevideo.com", 4_000)] {
        internet.hold(host, bytes);
        let run = scene.start(&[]);
        internet.wait_until_held();
        assert!(!processes_below(&scene.path("")).is_empty());
        run.kill();
        nothing_runs_below(&scene.path(""));
        internet.release();
    }

    // While they are converted.
    let converting = format!(", ffmpeg_location: \"{bin}\"");
    configure(&scene, &[youtube_source(&internet, &converting)]);
    let run = scene.start(&[]);
    until("ffmpeg works", || {
        let is_converter = |line: &String| line.contains("bin/ff") && !line.contains("-bsfs");
        processes_below(&scene.path("")).iter().any(is_converter)
    });
    run.kill();
    nothing_runs_below(&scene.path(""));
    assert_eq!(scene.library().audio(), [""; 0]);

    configure(&scene, &[youtube_source(&internet, "")]);
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), ["youtube: 2"]);
    everything_is_there(&scene, &songs);
}
