//! The order in which a run of one track reaches the disk, read from its system calls
//! (promises A2). What is not synced before the next step may be gone after a power cut, and
//! no test that only kills a process can see that.

use std::fs;
use std::process::Command;

use crate::support::program::Running;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const CALLS: &str =
    "trace=openat,fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat";

fn scene() -> Scene {
    let scene = Scene::with(&["folder"]);
    let wren = Song::single("Ann", "Wren", "flac").without_cover();
    song::make(&scene.path("music"), &[wren]);
    configure(&scene, "skip");
    scene
}

fn configure(scene: &Scene, overwrite: &str) {
    scene.write(
        "musicdl.yaml",
        format!(
            "songs: [Ann - Wren]\nlibrary: {{path: ./library}}\nplugins: [./plugins]\n\
             download: {{overwrite: {overwrite}}}\nsources:\n  - folder: {{paths: [./music]}}\n"
        ),
    );
}

/// The calls of a run that succeeded, in order, with the paths behind their descriptors.
fn calls(scene: &Scene) -> Vec<String> {
    let run = scene.musicdl(&[]);
    let trace = scene.path("trace");
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-y",
            "-qq",
            "-s",
            "4096",
            "-e",
            "signal=none",
            "-e",
            CALLS,
            "-o",
        ])
        .arg(&trace)
        .arg(run.get_program())
        .current_dir(run.get_current_dir().unwrap())
        .env_clear()
        .envs(
            run.get_envs()
                .filter_map(|(key, value)| Some((key, value?))),
        );
    let there = Command::new("strace").arg("-V").output();
    assert!(
        there.is_ok(),
        "this test needs `strace`; `cargo xtask test` installs it"
    );
    Running::start(strace).finish().exits(0);
    let trace = fs::read_to_string(trace).unwrap();
    // A call that another thread interrupted stands in two lines, and counts where it ended:
    // by then its descriptor is told again only in the first.
    let mut begun: Vec<(String, String)> = Vec::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(head) = call.strip_suffix("<unfinished ...>") {
            begun.push((thread.to_owned(), head.to_owned()));
        } else if call.starts_with("<... ") {
            let at = begun.iter().position(|(waits, _)| waits == thread).unwrap();
            let (_, head) = begun.remove(at);
            let (_, tail) = call.split_once("resumed>").unwrap();
            calls.push(format!("{head}{tail}"));
        } else {
            calls.push(call.to_owned());
        }
    }
    let root = scene.path("").display().to_string();
    let short = |call: String| call.replace(&root, "");
    let mut calls: Vec<String> = calls.into_iter().map(short).collect();
    calls.retain(|call| !call.contains(" = -1 "));
    calls
}

/// Where the one call is that begins so and has all of that in it, after `from`.
#[track_caller]
fn after(calls: &[String], from: usize, name: &str, has: &[&str]) -> usize {
    let is_it = |call: &String| {
        call.starts_with(&format!("{name}(")) && has.iter().all(|words| call.contains(words))
    };
    let found = calls.iter().skip(from).position(is_it);
    let found = found.unwrap_or_else(|| {
        let all = calls.join("\n");
        panic!("no {name} of {has:?} after call {from} of:\n{all}")
    });
    from + found + 1
}

#[test]
fn a_track_is_on_disk_before_it_has_its_name_and_has_its_name_before_the_journal_says_done() {
    let scene = scene();
    let calls = calls(&scene);
    let folder = "library/Ann/Ann - Wren>";
    // The file, then the way to it, then its name, then the folder that has the name.
    let file = after(&calls, 0, "fsync", &["/tag/audio.flac>"]);
    let artist = after(&calls, 0, "mkdirat", &["library>", "\"Ann\""]);
    let in_root = after(&calls, artist, "fsync", &["library>)"]);
    let album = after(&calls, 0, "mkdirat", &["library/Ann>", "\"Ann - Wren\""]);
    let in_artist = after(&calls, album, "fsync", &["library/Ann>)"]);
    let ready = file.max(in_root).max(in_artist);
    let named = after(
        &calls,
        0,
        "renameat2",
        &["/tag/audio.flac", folder, "\"Wren.flac\""],
    );
    assert!(
        named > ready,
        "named before it was on disk:\n{}",
        calls.join("\n")
    );
    assert!(
        calls[named - 1].contains("RENAME_NOREPLACE"),
        "{}",
        calls[named - 1]
    );
    let durable = after(&calls, named, "fsync", &[folder]);
    after(&calls, durable, "fsync", &[".musicdl/state.db-wal>"]);

    // Nobody but that one call makes anything at a final path.
    for call in calls.iter().filter(|call| call.starts_with("openat(")) {
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT"]
            .iter()
            .any(|flag| call.contains(flag));
        let path = call.rsplit_once("<").map_or("", |(_, path)| path);
        let is_final = path.starts_with("library/") && !path.starts_with("library/.musicdl/");
        assert!(!(writes && is_final), "{call}");
    }
}

#[test]
fn what_gives_way_is_on_disk_in_the_recycle_folder_before_anything_takes_its_place() {
    let scene = scene();
    scene.run(&[]).exits(0);
    configure(&scene, "replace");
    let calls = calls(&scene);
    let folder = "library/Ann/Ann - Wren>";
    let file = after(&calls, 0, "fsync", &["/tag/audio.flac>"]);
    let kept = after(
        &calls,
        file,
        "linkat",
        &[folder, "library/.musicdl/recycle/"],
    );
    let on_disk = after(
        &calls,
        kept,
        "fsync",
        &["library/.musicdl/recycle/", "Ann - Wren>"],
    );
    let rename = calls.iter().position(|call| {
        call.starts_with("renameat") && call.contains(folder) && call.contains("\"Wren.flac\"")
    });
    let named = rename.expect("it was replaced") + 1;
    assert!(
        named > on_disk,
        "replaced before it was kept:\n{}",
        calls.join("\n")
    );
    let durable = after(&calls, named, "fsync", &[folder]);
    after(&calls, durable, "fsync", &[".musicdl/state.db-wal>"]);
}
