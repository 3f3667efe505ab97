//! What a track costs, beside what it would cost with a yt-dlp for every call. CPU time and
//! not time: another test on the same machine makes it no longer.

mod site;

use std::process::{Command, Stdio};

use musicdl_plugin_api::Source;
use musicdl_plugin_api::testing::{ProgressRecord, TestHost};

use site::support::{Internet, ytdlp};
use site::{OFFICIAL, fetch, source, wanted, youtube};

/// Measured 0.12 on 2026-11-21, of which ffmpeg's start is half.
const BOUND: f64 = 0.15;
/// Enough for the start of the one process to be no longer most of it.
const TRACKS: u32 = 40;
/// Tracks fetched with a process for every call.
const ALONE: u32 = 5;

#[test]
fn a_track_costs_a_fraction_of_a_process_for_its_search_and_one_for_its_download() {
    let (internet, kit) = (youtube(), TestHost::new());
    let dir = tempfile::tempdir().unwrap();

    let before = cpu_of_children();
    for at in 0..ALONE {
        alone(&internet, &["--flat-playlist", "-J", "ytsearch10:Bluebird"]);
        let into = format!("home:{}", dir.path().join(at.to_string()).display());
        let address = format!("https://www.youtube.com/watch?v={OFFICIAL}");
        let audio = ["-f", "bestaudio", "-x", "--audio-format", "best"];
        let output = ["-P", &into, "-o", "%(id)s.%(ext)s", address.as_str()];
        alone(&internet, &[audio, output].concat());
    }
    let each_alone = (cpu_of_children() - before) / f64::from(ALONE);

    let before = cpu_of_children();
    let ours = source(&internet, &kit);
    for at in 0..TRACKS {
        let hits = ours.search_raw(&wanted("Ann Example", "Bluebird")).unwrap();
        let into = dir.path().join(format!("ours {at}"));
        std::fs::create_dir(&into).unwrap();
        let progress = ProgressRecord::new().progress();
        fetch(&ours, &hits[0].target_id, &into, &progress).unwrap();
    }
    assert_eq!(ours.processes_started(), 1, "for {TRACKS} tracks");
    // Its cost is known when it is over.
    drop(ours);
    let each_of_ours = (cpu_of_children() - before) / f64::from(TRACKS);
    let share = each_of_ours / each_alone;
    println!("{each_alone:.3} s alone, {each_of_ours:.3} s of ours: {share:.3}");
    assert!(
        share < BOUND,
        "{each_of_ours:.3} s instead of {each_alone:.3} s"
    );
}

/// As a program that starts yt-dlp for every call does.
fn alone(internet: &Internet, args: &[&str]) {
    let status = Command::new(ytdlp())
        .env("HTTPS_PROXY", internet.proxy())
        .env("SSL_CERT_FILE", internet.authority())
        .env(
            "XDG_CACHE_HOME",
            internet.authority().with_file_name("cache"),
        )
        .args(["--ignore-config", "--quiet", "--no-progress"])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("yt-dlp is installed");
    assert!(status.success(), "{args:?}");
}

/// CPU seconds of the children that have ended, and theirs: `cutime` and `cstime` of
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>, in hundredths of a second.
fn cpu_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this is Linux");
    let (_, rest) = stat.rsplit_once(')').expect("the name stands in brackets");
    let ticks: f64 = rest
        .split_whitespace()
        .skip(13)
        .take(2)
        .map(|field| field.parse::<f64>().expect("a number of ticks"))
        .sum();
    ticks / 100.0
}
