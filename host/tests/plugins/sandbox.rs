//! What a plugin cannot reach from its process, by trying: each attempt is made by a real
//! library, with what it would reach really there.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use musicdl::plugin::sandbox::{Strength, strength};
use musicdl::plugin::{LoadedLibrary, ProcessOptions, Sandbox, load_in_process};
use musicdl_plugin_api::{Settings, Source};

use crate::desk::Desk;
use crate::skipped::skipped;
use crate::{Plugins, built, full, processes, rogue_slot};

/// What there is to reach, all below one directory.
struct Scene {
    dir: tempfile::TempDir,
    plugins: Plugins,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            dir: tempfile::tempdir().unwrap(),
            plugins: Plugins::new(),
        };
        for dir in [
            "home",
            "library",
            "mine",
            "downloads/rogue",
            "downloads/other",
        ] {
            fs::create_dir_all(scene.dir.path().join(dir)).unwrap();
        }
        for (file, text) in [
            ("home/id_ed25519", "a key"),
            ("library/song.flac", "a song"),
            ("mine/song.flac", "my song"),
            ("downloads/other/song.flac", "half a song"),
            ("musicdl.yaml", "password: hunter2"),
        ] {
            fs::write(scene.dir.path().join(file), text).unwrap();
        }
        scene
    }

    fn path(&self, below: &str) -> String {
        self.dir.path().join(below).to_str().unwrap().to_owned()
    }

    fn options(&self, memory: Option<u64>) -> ProcessOptions {
        let sandbox = Sandbox::new(self.dir.path().join("caches"), memory);
        let downloads = self.dir.path().join("downloads");
        sandbox.allow_downloads(Box::new(move |name| Ok(downloads.join(name.as_str()))));
        ProcessOptions {
            sandbox: Some(Arc::new(sandbox)),
            ..processes()
        }
    }

    /// Attempts of a plugin that declares to need `needs`, with their outcomes.
    fn outcomes(&self, needs: &str, attempts: &[String]) -> Vec<String> {
        self.plugins.add("x", &rogue_slot("needs", "all", needs));
        let options = Arc::new(self.options(Some(4 << 30)));
        let library = load_in_process(&self.plugins.file("x"), &options).unwrap();
        let mine = vec![self.path("mine")];
        let settings = Settings::from_pairs([("attempts", attempts.to_vec()), ("mine", mine)]);
        outcomes_of(&source_of(&library, settings))
    }
}

fn source_of(library: &LoadedLibrary, settings: Settings) -> Arc<dyn Source> {
    let mut desk = Desk::default();
    desk.scratch = Some(tempfile::tempdir().unwrap());
    library.create(settings, Arc::new(desk)).unwrap()
}

fn outcomes_of(source: &Arc<dyn Source>) -> Vec<String> {
    let hits = source.search_raw(&full::query()).unwrap();
    hits.into_iter().map(|hit| hit.title).collect()
}

/// Whether this kernel confines plugins. Where it does not, the test counts as skipped.
fn confined() -> bool {
    let confined = strength() == Strength::Full;
    if !confined {
        skipped("this kernel has no Landlock that confines files and connections");
    }
    confined
}

#[test]
fn a_user_is_warned_of_a_kernel_that_confines_less() {
    assert_eq!(Strength::Full.warning(), None);
    let weaker = [Strength::NoNetwork, Strength::None].map(Strength::warning);
    let [files_only, nothing] = weaker.map(Option::unwrap);
    assert!(
        files_only.contains("connecting to the network"),
        "{files_only}"
    );
    assert!(nothing.contains("read and write"), "{nothing}");
}

#[test]
fn nothing_but_the_system_and_its_own_is_within_a_plugins_reach() {
    if !confined() {
        return;
    }
    let scene = Scene::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let p = |below: &str| scene.path(below);
    let (own, refused) = (p("downloads/rogue"), "PermissionDenied");
    let table = [
        (format!("read {}", p("home/id_ed25519")), refused),
        (format!("list {}", p("home")), refused),
        (format!("append {}", p("home/id_ed25519")), refused),
        (format!("read {}", p("musicdl.yaml")), refused),
        (format!("read {}", p("library/song.flac")), refused),
        (format!("write {}", p("library/new.flac")), refused),
        (format!("append {}", p("library/song.flac")), refused),
        (format!("cut {}", p("library/song.flac")), refused),
        (format!("remove {}", p("library/song.flac")), refused),
        (format!("make {}", p("library/new")), refused),
        (format!("read {}", p("downloads/other/song.flac")), refused),
        (format!("write {}", p("downloads/other/song.flac")), refused),
        (format!("write {}", p("downloads/new")), refused),
        (format!("write {own}/a"), "done"),
        (format!("rename {own}/a to {}", p("library/a")), refused),
        (
            format!("link {} to {own}/b", p("library/song.flac")),
            refused,
        ),
        (format!("read {}", p("mine/song.flac")), "done my song"),
        (format!("append {}", p("mine/song.flac")), refused),
        ("read /proc/1/environ".to_owned(), refused),
        (
            format!("read /proc/{}/environ", std::process::id()),
            refused,
        ),
        (format!("signal {}", std::process::id()), refused),
        (format!("connect {address}"), refused),
        ("listen 127.0.0.1:0".to_owned(), refused),
        ("run /bin/true".to_owned(), refused),
        (format!("run {}", env!("CARGO_BIN_EXE_musicdl")), refused),
        ("status NoNewPrivs".to_owned(), "done 1"),
        ("stdin".to_owned(), "done"),
        ("list /usr".to_owned(), "done"),
        ("memory 8589934592".to_owned(), "OutOfMemory"),
        ("memory 1048576".to_owned(), "done"),
    ];
    let attempts: Vec<String> = table.iter().map(|(attempt, _)| attempt.clone()).collect();
    let outcomes = scene.outcomes("none", &attempts);
    for ((attempt, expected), outcome) in table.iter().zip(&outcomes) {
        // How Landlock says that a file must not move or get a name there.
        let outcome = outcome.replace("CrossesDevices", refused);
        assert!(outcome.starts_with(expected), "{attempt}: {outcome}");
    }
    assert_eq!(outcomes.len(), table.len());
    let left = fs::read_to_string(scene.dir.path().join("library/song.flac")).unwrap();
    assert_eq!(left, "a song");
    assert_eq!(fs::read_dir(scene.path("library")).unwrap().count(), 1);
}

#[test]
fn what_a_plugin_declares_to_need_is_opened_and_no_more() {
    if !confined() {
        return;
    }
    let scene = Scene::new();
    let outcomes = scene.outcomes(
        "all",
        &[
            "run /bin/true".to_owned(),
            "variable HOME".to_owned(),
            "run /bin/pwd".to_owned(),
            format!("write {}", scene.path("caches/rogue/kept")),
            format!("read {}", scene.path("home/id_ed25519")),
            "connect 127.0.0.1:1".to_owned(),
        ],
    );
    assert_eq!(outcomes[0], "done");
    assert_eq!(outcomes[1], format!("done {}", scene.path("caches/rogue")));
    assert_eq!(
        outcomes[3..],
        ["done", "PermissionDenied", "PermissionDenied"]
    );
    assert!(Path::new(&scene.path("caches/rogue/kept")).exists());
}

#[test]
fn a_program_that_a_plugin_starts_is_confined_with_it() {
    if !confined() {
        return;
    }
    let scene = Scene::new();
    let script = scene.path("mine/tool");
    let key = scene.path("home/id_ed25519");
    fs::write(&script, format!("#!/bin/sh\ncat {key} || echo nothing\n")).unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let found = scene.outcomes("all", &["run /bin/cat".to_owned(), format!("run {script}")]);
    // The directory of a setting can be read; of programs only those that are named.
    assert_eq!(found, ["done", "PermissionDenied"]);

    let options = Arc::new(scene.options(None));
    let library = load_in_process(&built("rogue"), &options).unwrap();
    let settings = Settings::from_pairs([
        ("attempts", vec![format!("run {script}")]),
        ("mine", vec![script]),
    ]);
    assert_eq!(
        outcomes_of(&source_of(&library, settings)),
        ["done nothing"]
    );
}

#[test]
fn environment_and_handles_of_a_plugin_are_what_it_needs() {
    let scene = Scene::new();
    let attempts = ["environment".to_owned(), "handles".to_owned()];
    let outcomes = scene.outcomes("none", &attempts);
    let known = [
        "PATH",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TZDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HOME",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "LD_LIBRARY_PATH",
        "NIX_LD_LIBRARY_PATH",
    ];
    let keys = outcomes[0].strip_prefix("done ").unwrap();
    for key in keys.split(' ') {
        assert!(known.contains(&key) || key.starts_with("LC_"), "{keys}");
    }
    let handles: u64 = outcomes[1].strip_prefix("done ").unwrap().parse().unwrap();
    assert!((900..1024).contains(&handles), "{handles}");
}

#[test]
fn a_library_of_which_nothing_is_known_yet_is_confined_as_well() {
    if !confined() {
        return;
    }
    // It says who it is and is not asked for more; its process ends without a source.
    let scene = Scene::new();
    let options = Arc::new(scene.options(None));
    let library = load_in_process(&built("echo"), &options).unwrap();
    assert_eq!(library.declaration, full::declaration());
    let error = load_in_process(&scene.dir.path().join("musicdl.yaml"), &options).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it is not a shared library of this system"),
        "{error}"
    );
}
