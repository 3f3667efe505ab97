//! Whole runs of the program with a plugin that misbehaves: the items come from the other
//! source, and nothing outlives the program.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::{Plugins, bytes};

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
        for title in ["Bluebird", "Nightjar"] {
            tone(title, &scene.path(&format!("mine/{title}.flac")));
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

    fn path(&self, below: &str) -> std::path::PathBuf {
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

    fn run(&self) -> Output {
        self.command().output().unwrap()
    }
}

/// Three seconds of audio with tags.
fn tone(title: &str, file: &Path) {
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-f", "lavfi", "-i"])
        .arg("sine=frequency=440:duration=3")
        .args(["-metadata", &format!("title={title}")])
        .args(["-metadata", "artist=Ann Example"])
        .arg(file)
        .status()
        .expect("these tests need ffmpeg");
    assert!(made.success());
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

#[test]
fn whatever_one_source_does_the_run_completes_on_the_other() {
    for (misdeed, told) in [
        ("search_raw:segfault", "signal 11 (SIGSEGV)"),
        ("search_raw:exit", "exit code 0"),
        ("download_raw:abort", "signal 6 (SIGABRT)"),
        ("download_raw:outside", "is not a file of this download"),
        ("download_raw:link", "is a link"),
        ("search_raw:nonsense", "sent nonsense"),
    ] {
        let scene = Scene::new(&format!("{{misdeed: \"{misdeed}\"}}"));
        let output = scene.run();
        let said = String::from_utf8_lossy(&output.stdout);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{misdeed}: {said}\n{talk}");
        assert_eq!(audio_in(&scene.path("music")), 2, "{misdeed}: {said}");
        let report = fs::read_to_string(scene.path(".musicdl/report.json")).unwrap();
        let all = format!("{said}{report}");
        assert!(all.contains(told), "{misdeed}: {all}");
        assert!(all.contains("rogue"), "{misdeed}: {all}");
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
    command.stdout(Stdio::null()).stderr(Stdio::null());
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
    for _ in 0..2 {
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        // Two that come together count as one.
        thread::sleep(Duration::from_millis(200));
    }
    running.wait().unwrap();
    assert!(has_ended.recv_timeout(GONE_WITHIN).is_ok());
}
