//! Whole runs of the program with a plugin that misbehaves: the items come from the other
//! source, and nothing outlives the program.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Plugins, bytes, rogue_slot};

/// Promises A4.
const GONE_WITHIN: Duration = Duration::from_secs(3);

/// A directory with a want-list of two songs, which the source `folder` has.
struct Scene {
    dir: tempfile::TempDir,
    plugins: Plugins,
}

impl Scene {
    fn new(rogue: &str) -> Self {
        let scene = Self {
            dir: tempfile::tempdir().unwrap(),
            plugins: Plugins::new(),
        };
        scene
            .plugins
            .add("rogue", &bytes("rogue"))
            .add("folder", &bytes("folder"));
        fs::create_dir(scene.path("mine")).unwrap();
        for (title, tone) in TONES.get_or_init(|| ["Bluebird", "Nightjar"].map(tone)) {
            fs::write(scene.path(&format!("mine/{title}.flac")), tone).unwrap();
        }
        fs::write(
            scene.path("list.csv"),
            "Title,Artist\nBluebird,Ann Example\nNightjar,Ann Example\n",
        )
        .unwrap();
        let config = format!(
            "library: {{path: ./music}}\nplaylists: [./list.csv]\nsources:\n  - rogue: {rogue}\n  - folder: {{paths: [./mine]}}\n"
        );
        fs::write(scene.path("musicdl.yaml"), config).unwrap();
        scene
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_musicdl"));
        command
            .current_dir(self.dir.path())
            .arg("--plugins")
            .arg(self.plugins.path())
            .arg("--json")
            .stdin(Stdio::null());
        command
    }

    fn add_to_config(&self, lines: &str) {
        let config = fs::read_to_string(self.path("musicdl.yaml")).unwrap();
        fs::write(self.path("musicdl.yaml"), config + lines).unwrap();
    }

    /// Every file with its length, but the library and the state.
    fn all_but_ours(&self) -> Vec<(PathBuf, u64)> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.path().to_owned(), self.plugins.path().to_owned()];
        let ours = [self.path("music"), self.path(".musicdl")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !ours.contains(&path) {
                    folders.push(path);
                } else if !ours.contains(&path) {
                    found.push((path.clone(), path.metadata().unwrap().len()));
                }
            }
        }
        found.sort();
        found
    }

    /// Whether every process that a plugin of this scene was, or started, is gone in time:
    /// they inherit where their cache is.
    fn is_left_alone(&self) -> bool {
        let cache = self.path(".musicdl/plugins/cache");
        let cache = cache.to_str().unwrap().as_bytes();
        let lives = || {
            let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
            let environments = processes.map(|entry| fs::read(entry.path().join("environ")));
            environments
                .filter_map(Result::ok)
                .any(|text| text.windows(cache.len()).any(|part| part == cache))
        };
        let started = Instant::now();
        while lives() {
            if started.elapsed() > GONE_WITHIN {
                return false;
            }
            thread::yield_now();
        }
        true
    }

    fn run(&self) -> Output {
        self.command().output().unwrap()
    }
}

/// Made once for all runs of a test.
static TONES: OnceLock<[(&str, Vec<u8>); 2]> = OnceLock::new();

/// Three seconds of audio with tags.
fn tone(title: &'static str) -> (&'static str, Vec<u8>) {
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-f", "lavfi", "-i"])
        .arg("sine=frequency=440:duration=3")
        .args(["-metadata", &format!("title={title}")])
        .args(["-metadata", "artist=Ann Example", "-f", "flac", "-"])
        .output()
        .expect("these tests need ffmpeg");
    assert!(made.status.success());
    (title, made.stdout)
}

fn audio_in(dir: &Path) -> usize {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| match path.extension() {
            _ if path.is_dir() => audio_in(&path),
            Some(extension) if extension == "flac" => 1,
            _ => 0,
        })
        .sum()
}

/// Whole runs in which the first source does that, each with what the report says of it. The
/// library is whole in the end, nothing lies elsewhere, nothing is left running.
fn each_is_contained(table: &[(&str, &str)]) {
    for &(misdeed, told) in table {
        let scene = Scene::new(&format!("{{misdeed: \"{misdeed}\"}}"));
        scene.add_to_config(
            "download: {retries: 0}\nlimits: {search_timeout: 2s, download_stall: 2s}\n",
        );
        let before = scene.all_but_ours();
        let output = scene.run();
        let said = String::from_utf8_lossy(&output.stdout);
        let talk = String::from_utf8_lossy(&output.stderr);
        let all = format!("{misdeed}: {said}\n{talk}");
        assert_eq!(output.status.code(), Some(0), "{all}");
        assert_eq!(audio_in(&scene.path("music")), 2, "{all}");
        assert_eq!(scene.all_but_ours(), before, "{all}");
        assert!(!scene.path("music/.musicdl").exists(), "{all}");
        if !told.is_empty() {
            let lost = said.lines().any(|line| {
                let event: serde_json::Value = serde_json::from_str(line).unwrap();
                let is = |key: &str, value: &str| event[key] == value;
                let reason = event["reason"].as_str().unwrap_or_default();
                is("event", "lost")
                    && is("source", "rogue")
                    && reason.contains(told)
                    && event["id"]
                        .as_str()
                        .is_some_and(|id| id.starts_with("text:"))
            });
            assert!(lost, "{all}");
        }
        assert!(scene.is_left_alone(), "{all}");
    }
}

#[test]
fn whatever_one_source_does_when_asked_the_run_completes_on_the_other() {
    each_is_contained(&[
        ("search_raw:abort", "signal 6 (SIGABRT)"),
        ("search_raw:segfault", "signal 11 (SIGSEGV)"),
        ("search_raw:overflow", "signal 6 (SIGABRT)"),
        ("search_raw:exit", "exit code 0"),
        ("search_raw:close", "signal 9 (SIGKILL)"),
        ("search_raw:half", "signal 6 (SIGABRT)"),
        ("search_raw:fork", "signal 6 (SIGABRT)"),
        (
            "search_raw:last words",
            "the last it printed: out of \\u{1b}[31mcheese",
        ),
        ("search_raw:nonsense", "sent invalid data: a message of "),
        ("search_raw:huge", "sent invalid data: a message of "),
        (
            "search_raw:foreigners",
            "sent invalid data: 1001 unrequested replies",
        ),
        ("search_raw:foreign", ""),
        ("search_raw:hang", "within 2"),
        ("search_raw:loop", "within 2"),
        ("search_raw:print", ""),
        ("search_raw:chatter", ""),
        ("search_raw:giants", ""),
        ("search_raw:hoard", ""),
        ("search_raw:orphans", "signal 6 (SIGABRT)"),
        ("search_raw:children", ""),
    ]);
}

#[test]
fn whatever_one_source_does_when_fetching_the_run_completes_on_the_other() {
    each_is_contained(&[
        ("download_raw:abort", "signal 6 (SIGABRT)"),
        ("download_raw:segfault", "signal 11 (SIGSEGV)"),
        ("download_raw:overflow", "signal 6 (SIGABRT)"),
        ("download_raw:exit", "exit code 0"),
        ("download_raw:close", "signal 9 (SIGKILL)"),
        ("download_raw:half", "signal 6 (SIGABRT)"),
        ("download_raw:fork", "signal 6 (SIGABRT)"),
        ("download_raw:nonsense", "sent invalid data: a message of "),
        ("download_raw:huge", "sent invalid data: a message of "),
        ("download_raw:hang", "no sign of life for 2 s"),
        ("download_raw:forgets", "without declaring `follows`"),
        ("download_raw:twice", "without declaring `follows`"),
        (
            "download_raw:save",
            "is neither in the directory of a running download",
        ),
        ("download_raw:flood", "cannot be opened"),
    ]);
}

#[test]
fn whatever_one_source_delivers_the_run_completes_on_the_other() {
    each_is_contained(&[
        ("download_raw:none", "0 files for one track"),
        ("download_raw:two", "2 files for one track"),
        ("download_raw:nothing", "cannot be opened"),
        ("download_raw:outside", "is not a file of this download"),
        ("download_raw:dots", "is not a file of this download"),
        ("download_raw:link", "is a link"),
        ("download_raw:behind a link", "is a link"),
        ("download_raw:swapped room", ""),
        ("download_raw:directory", "is no regular file"),
        ("download_raw:socket", "is no regular file"),
        ("download_raw:second name", "has a second name elsewhere"),
        ("download_raw:empty", "is empty"),
        ("download_raw:page", "HTML page"),
        ("download_raw:json", "JSON"),
        ("download_raw:zeros", ""),
    ]);
}

#[test]
fn whatever_one_source_does_before_it_is_asked_the_run_completes_on_the_other() {
    for (content, setting, told) in [
        (
            rogue_slot("init", "nothing", "abort"),
            "",
            "signal 6 (SIGABRT)",
        ),
        (rogue_slot("init", "nothing", "exit"), "", "exit code 0"),
        (
            rogue_slot("init", "nothing", "segfault"),
            "",
            "signal 11 (SIGSEGV)",
        ),
        (rogue_slot("name", "rogue", "../rogue"), "", "bad name"),
        (
            rogue_slot("version", "0.1.0", "one"),
            "",
            "not a semantic version",
        ),
        (
            rogue_slot("name", "rogue", "panic"),
            "",
            "rogue in declaration",
        ),
        (bytes("rogue")[..100_000].to_vec(), "", "cut short"),
        (bytes("rogue"), "panic: create", "rogue in create"),
        (bytes("rogue"), "misdeed: \"create:exit\"", "exit code 0"),
        (
            bytes("rogue"),
            "misdeed: \"create:segfault\"",
            "signal 11 (SIGSEGV)",
        ),
        (
            bytes("rogue"),
            "misdeed: \"is_configured:abort\"",
            "signal 6 (SIGABRT)",
        ),
        (
            bytes("rogue"),
            "panic: is_configured",
            "`is_configured` panicked",
        ),
    ] {
        let scene = Scene::new(&format!("{{{setting}}}"));
        scene.plugins.add("rogue", &content);
        let output = scene.run();
        let said = String::from_utf8_lossy(&output.stdout);
        let talk = String::from_utf8_lossy(&output.stderr);
        let all = format!("{setting}: {said}\n{talk}");
        assert_eq!(output.status.code(), Some(0), "{all}");
        assert_eq!(audio_in(&scene.path("music")), 2, "{all}");
        assert!(
            talk.contains(told) && talk.contains("rogue"),
            "{told}: {all}"
        );
        assert!(scene.is_left_alone(), "{all}");
    }
}

/// A run whose plugin has started children of its own, and the end of all of them.
fn run_with_children() -> (Scene, Child, Receiver<()>) {
    // In the cache of the plugin, where alone it may write at any time.
    let scene = Scene::new("{misdeed: \"download_raw:children\", witness: cached}");
    let cache = scene.path(".musicdl/plugins/cache/rogue");
    fs::create_dir_all(&cache).unwrap();
    let pipe = cache.join("witness");
    let config = fs::read_to_string(scene.path("musicdl.yaml")).unwrap();
    let config = config.replace("cached", &format!("\"{}\"", pipe.display()));
    fs::write(scene.path("musicdl.yaml"), config).unwrap();
    let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, fifo, mode, 0).unwrap();
    let (begun, has_begun) = channel();
    let (ended, has_ended) = channel();
    thread::spawn(move || {
        let mut pipe = File::open(pipe).unwrap();
        begun.send(()).unwrap();
        pipe.read_to_end(&mut Vec::new()).unwrap();
        let _ = ended.send(());
    });
    let mut command = scene.command();
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let running = command.spawn().unwrap();
    has_begun.recv_timeout(Duration::from_secs(60)).unwrap();
    (scene, running, has_ended)
}

#[test]
fn nothing_of_a_plugin_outlives_a_program_that_was_killed() {
    let (_scene, mut running, has_ended) = run_with_children();
    assert!(has_ended.try_recv().is_err());
    running.kill().unwrap();
    let gone = has_ended.recv_timeout(GONE_WITHIN);
    running.wait().unwrap();
    assert!(gone.is_ok());
}

#[test]
fn nothing_of_a_plugin_outlives_a_program_that_was_interrupted_twice() {
    let (_scene, mut running, has_ended) = run_with_children();
    let pid = rustix::process::Pid::from_child(&running);
    let interrupt = || rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    interrupt();
    // Two that come together count as one.
    let mut events = lines.by_ref().map(Result::unwrap);
    assert!(events.any(|event| event.contains("\"stopping\"")));
    interrupt();
    // It is not to wait for a reader.
    assert!(lines.all(|line| line.is_ok()));
    running.wait().unwrap();
    assert!(has_ended.recv_timeout(GONE_WITHIN).is_ok());
}
