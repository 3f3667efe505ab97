//! However a download ends, nobody and nothing is left: no process, no file.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test's scenery may fail by panicking")]

mod site;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use musicdl_plugin_api::testing::{ProgressRecord, TestHost};
use musicdl_plugin_api::{ErrorKind, Plugin, Source};
use musicdl_youtube::YoutubeSource;

use site::support::{Internet, Kind, audio, processes_below};
use site::{OFFICIAL, fetch, settings, source, wanted, youtube};

/// Children may outlive the program by no more (promises A4).
const OUTLIVING: Duration = Duration::from_secs(3);

fn left_in(dir: &Path) -> usize {
    fs::read_dir(dir).expect("the directory is there").count()
}

/// Waits until there is such a file, which a program of the test makes.
fn wait_for(path: &Path) {
    let since = Instant::now();
    while !path.exists() {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "{}",
            path.display()
        );
        thread::yield_now();
    }
}

/// A directory with an ffmpeg that never ends its work, has a child of its own, and says when
/// it is at it by the file `converting`.
fn endless_ffmpeg(dir: &Path) -> String {
    let bin = dir.join("bin");
    fs::create_dir(&bin).expect("the directory is ours");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *-bsfs*) exec ffmpeg \"$@\";; esac\n\
         sleep 600 &\ntouch '{}'\nsleep 600\n",
        dir.join("converting").display()
    );
    for name in ["ffmpeg", "ffprobe"] {
        fs::write(bin.join(name), &script).expect("the directory is ours");
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755))
            .expect("the file is ours");
    }
    bin.display().to_string()
}

#[test]
fn a_cancel_while_it_downloads_ends_it_at_once() {
    let (internet, kit) = (youtube(), TestHost::new());
    internet.hold(".googlevideo.com", 40_000);
    let source = source(&internet, &kit);
    let (dir, record) = (tempfile::tempdir().unwrap(), ProgressRecord::new());
    let error = thread::scope(|scope| {
        let download = scope.spawn(|| fetch(&source, OFFICIAL, dir.path(), &record.progress()));
        internet.wait_until_held();
        record.cancel();
        let asked = Instant::now();
        let ended = download.join().unwrap();
        assert!(
            asked.elapsed() < Duration::from_secs(2),
            "{:?}",
            asked.elapsed()
        );
        ended.unwrap_err()
    });
    assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
    assert_eq!(left_in(dir.path()), 0);
    let scratch = kit.host().temp_dir().unwrap();
    assert_eq!(processes_below(&scratch), [""; 0]);
}

#[test]
fn a_cancel_is_heard_also_where_the_host_ignores_interrupts() {
    // As nohup and background jobs do; whoever is started inherits it.
    let ignoring = "trap '' INT; exec \"$0\" --exact a_cancel_while_it_downloads_ends_it_at_once";
    let status = Command::new("sh")
        .args(["-c", ignoring])
        .arg(std::env::current_exe().unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn two_downloads_of_one_track_do_not_meet() {
    let (internet, kit) = (youtube(), TestHost::new());
    let source = source(&internet, &kit);
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    internet.hold(".googlevideo.com", 40_000);
    thread::scope(|scope| {
        let downloads = dirs.each_ref().map(|dir| {
            let progress = ProgressRecord::new().progress();
            let source = &source;
            scope.spawn(move || fetch(source, OFFICIAL, dir.path(), &progress))
        });
        internet.wait_until_so_many_are_held(2);
        internet.release();
        for (download, dir) in downloads.into_iter().zip(&dirs) {
            let file = download.join().unwrap().unwrap();
            assert_eq!(file.path, dir.path().join("audio.opus"));
            assert_eq!(left_in(dir.path()), 1);
        }
    });
}

#[test]
fn a_cancel_while_it_converts_ends_ffmpeg_and_its_children() {
    let (internet, kit) = (youtube(), TestHost::new());
    let (tools, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let location = endless_ffmpeg(tools.path());
    let settings = settings(&internet, &[("ffmpeg_location", &location)]);
    let source = YoutubeSource::create(settings, kit.host()).unwrap();
    let record = ProgressRecord::new();
    let error = thread::scope(|scope| {
        let download = scope.spawn(|| fetch(&source, OFFICIAL, dir.path(), &record.progress()));
        wait_for(&tools.path().join("converting"));
        record.cancel();
        download.join().unwrap().unwrap_err()
    });
    assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
    assert_eq!(left_in(dir.path()), 0);
    for place in [kit.host().temp_dir().unwrap().as_path(), tools.path()] {
        assert_eq!(processes_below(place), [""; 0]);
    }
}

#[test]
fn a_cancel_after_the_last_byte_leaves_nothing_or_the_whole_file() {
    let (internet, kit) = (youtube(), TestHost::new());
    let source = source(&internet, &kit);
    let dir = tempfile::tempdir().unwrap();
    let record = ProgressRecord::cancelling_at(audio(Kind::WebmOpus).len() as u64);
    match fetch(&source, OFFICIAL, dir.path(), &record.progress()) {
        Ok(file) => assert_eq!(
            fs::read_dir(dir.path())
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .path(),
            file.path
        ),
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
            assert_eq!(left_in(dir.path()), 0);
        }
    }
}

#[test]
fn a_source_that_is_dropped_takes_its_processes_along() {
    let (internet, kit) = (youtube(), TestHost::new());
    let source = source(&internet, &kit);
    source
        .search_raw(&wanted("Ann Example", "Bluebird"))
        .unwrap();
    let scratch = kit.host().temp_dir().unwrap();
    assert_eq!(processes_below(&scratch).len(), 1);
    drop(source);
    assert_eq!(processes_below(&scratch), [""; 0]);
}

#[test]
fn a_process_that_was_killed_meanwhile_is_replaced_without_a_word() {
    let (internet, kit) = (youtube(), TestHost::new());
    let source = source(&internet, &kit);
    let query = wanted("Ann Example", "Bluebird");
    source.search_raw(&query).unwrap();
    let scratch = kit.host().temp_dir().unwrap();
    for process in processes_below(&scratch) {
        let (id, _) = process.split_once(':').unwrap();
        assert!(
            Command::new("kill")
                .args(["-9", id])
                .status()
                .unwrap()
                .success()
        );
    }
    assert_eq!(source.search_raw(&query).unwrap().len(), 1);
    assert_eq!(source.processes_started(), 2);
}

/// In a child of the next test: a host with a download that does not get on.
fn host_a_download_in(dir: &Path) -> ! {
    let [proxy, authority, ffmpeg] =
        ["ENDINGS_PROXY", "ENDINGS_CA", "ENDINGS_FFMPEG"].map(|name| std::env::var(name).unwrap());
    let mut pairs = vec![
        ("ytdlp_path", site::support::ytdlp().display().to_string()),
        ("proxy", proxy),
        ("ca_file", authority),
    ];
    if !ffmpeg.is_empty() {
        pairs.push(("ffmpeg_location", ffmpeg));
    }
    let settings = pairs.into_iter().map(|(key, value)| (key, [value]));
    let settings = musicdl_plugin_api::Settings::from_pairs(settings);
    let kit = TestHost::new();
    let source = YoutubeSource::create(settings, kit.host()).unwrap();
    let into = dir.join("into");
    fs::create_dir(&into).unwrap();
    let progress = ProgressRecord::new().progress();
    panic!("ended: {:?}", fetch(&source, OFFICIAL, &into, &progress));
}

#[test]
fn a_host_that_is_killed_takes_all_processes_along() {
    if let Some(dir) = std::env::var_os("ENDINGS_DIR") {
        host_a_download_in(Path::new(&dir));
    }
    for converting in [false, true] {
        let internet = youtube();
        let dir = tempfile::tempdir().unwrap();
        let ffmpeg = if converting {
            endless_ffmpeg(dir.path())
        } else {
            internet.hold(".googlevideo.com", 40_000);
            String::new()
        };
        let mut host = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_host_that_is_killed_takes_all_processes_along"])
            .env("TMPDIR", dir.path())
            .env("ENDINGS_DIR", dir.path())
            .env("ENDINGS_PROXY", internet.proxy())
            .env("ENDINGS_CA", internet.authority())
            .env("ENDINGS_FFMPEG", ffmpeg)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until_it_runs(&internet, converting.then(|| dir.path().join("converting")));
        assert!(!processes_below(dir.path()).is_empty());
        host.kill().unwrap();
        host.wait().unwrap();
        let since = Instant::now();
        while !processes_below(dir.path()).is_empty() {
            let left = processes_below(dir.path());
            assert!(since.elapsed() < OUTLIVING, "still there: {left:?}");
            thread::yield_now();
        }
    }
}

fn wait_until_it_runs(internet: &Internet, mark: Option<std::path::PathBuf>) {
    match mark {
        Some(path) => wait_for(&path),
        None => internet.wait_until_held(),
    }
}
