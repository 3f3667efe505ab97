//! Which content is loaded, whatever happens to the files, and the life of a lock.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::Arc;

use musicdl::plugin::trust::{Change, Directory, Identity, Renewal, Row, TrustError, Which, renew};
use musicdl::plugin::{Isolation, LoadFailure, Registry, Snapshot, Untrusted, load_snapshot};
use musicdl_plugin_api::Settings;
use serde_json::{Value, json};

use crate::{Plugins, built, bytes, processes, set_mode};

fn isolation() -> Isolation {
    Isolation::Process(Arc::new(processes()))
}

fn open(plugins: &Plugins) -> Registry {
    plugins.open(&Settings::default(), isolation())
}

fn vetted(plugins: &Plugins, name: &str) -> Result<Snapshot, LoadFailure> {
    let file = plugins.file(name);
    let directory = Directory::open(plugins.path()).unwrap();
    directory.admit(file.file_name().unwrap())
}

/// The name a snapshot answers to when it is loaded.
fn loaded(snapshot: Snapshot) -> String {
    load_snapshot(snapshot).unwrap().name.to_string()
}

fn trust(plugins: &Plugins, which: &Which) -> Result<Renewal, TrustError> {
    renew(plugins.path(), which, &|snapshot| {
        load_snapshot(snapshot).map(|library| Identity::from(&library))
    })
}

fn these(names: &[&str]) -> Which {
    let file = |name: &&str| OsString::from(format!("{name}{}", std::env::consts::DLL_SUFFIX));
    Which::These(names.iter().map(file).collect())
}

/// `new x` for each row.
fn rows(renewal: &Renewal) -> Vec<String> {
    let words = |Row { file, change }: &Row| {
        let change = match change {
            Change::New { now } => format!("new {now}"),
            Change::Changed { was, now } => format!("changed {was} -> {now}"),
            Change::Same { now } => format!("same {now}"),
            Change::Gone { was } => format!("gone {was}"),
            Change::Unlisted => "unlisted".to_owned(),
        };
        format!(
            "{} {change}",
            Path::new(file).file_stem().unwrap().display()
        )
    };
    renewal.rows.iter().map(words).collect()
}

fn names(registry: &Registry) -> Vec<&str> {
    registry.sources.iter().map(|s| s.name.as_str()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_replaced_after_it_was_vetted_is_not_what_loads() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("echo")).add("y", &bytes("rogue"));
    let snapshot = vetted(&plugins, "x").unwrap();
    fs::rename(plugins.file("y"), plugins.file("x")).unwrap();
    assert_eq!(loaded(snapshot), "echo");
    assert_eq!(loaded(vetted(&plugins, "x").unwrap()), "rogue");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_removed_after_it_was_vetted_loads_all_the_same() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("echo"));
    let snapshot = vetted(&plugins, "x").unwrap();
    fs::remove_file(plugins.file("x")).unwrap();
    assert_eq!(loaded(snapshot), "echo");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_written_into_after_it_was_vetted_does_no_harm() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("echo"));
    let open = || File::options().write(true).open(plugins.file("x")).unwrap();

    let snapshot = vetted(&plugins, "x").unwrap();
    let mut file = open();
    file.seek(std::io::SeekFrom::Start(64)).unwrap();
    file.write_all(&vec![0xCC; bytes("echo").len() - 64])
        .unwrap();
    let library = load_snapshot(snapshot).unwrap();

    // Pages that were not touched yet would be gone with the file: a SIGBUS.
    open().set_len(0).unwrap();
    let desk = Arc::new(crate::desk::Desk::default());
    let source = library.create(Settings::default(), desk).unwrap();
    let hits = source.search_raw(&crate::full::query()).unwrap();
    assert_eq!(hits.len(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_of_the_same_user_reaches_the_content_by_the_loadable_path() {
    let taken = Snapshot::of(&built("rogue")).unwrap();
    let read = std::process::Command::new("cat")
        .arg(taken.loadable_path())
        .output()
        .unwrap();
    assert!(read.stdout == bytes("rogue"), "{read:?}");
}

#[test]
fn a_dropped_file_is_used_until_plugins_are_trusted_and_then_only_listed_ones() {
    let plugins = Plugins::new();
    plugins.add("echo", &bytes("echo"));
    assert_eq!(names(&open(&plugins)), ["echo"]);

    let first = trust(&plugins, &Which::All).unwrap();
    assert_eq!(rows(&first), ["echo new echo 3.2.1-rc.4+build.5"]);
    assert_eq!(first.file, plugins.path().join("plugins.lock"));

    plugins.add("rogue", &bytes("rogue"));
    let registry = open(&plugins);
    assert_eq!(names(&registry), ["echo"]);
    let expected = format!(
        "plugins.lock does not list it; if you trust it: `musicdl plugins trust {}`",
        plugins.file("rogue").display()
    );
    assert_eq!(registry.refused[0].reason.to_string(), expected);

    let second = trust(&plugins, &these(&["rogue"])).unwrap();
    let expected = ["echo same echo 3.2.1-rc.4+build.5", "rogue new rogue 0.1.0"];
    assert_eq!(rows(&second), expected);
    assert_eq!(names(&open(&plugins)), ["echo", "rogue"]);
}

#[test]
fn a_changed_file_is_refused_until_it_is_trusted_again() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("rogue"));
    trust(&plugins, &Which::All).unwrap();

    let mut changed = bytes("rogue");
    changed.push(0);
    plugins.add("x", &changed);
    let registry = open(&plugins);
    let expected = format!(
        "it is not the file that was trusted as rogue 0.1.0; if you trust this one: `musicdl \
         plugins trust {}`",
        plugins.file("x").display()
    );
    assert_eq!(registry.refused[0].reason.to_string(), expected);

    let again = trust(&plugins, &these(&["x"])).unwrap();
    assert_eq!(rows(&again), ["x changed rogue 0.1.0 -> rogue 0.1.0"]);
    plugins.add("x", &bytes("echo"));
    let again = trust(&plugins, &Which::All).unwrap();
    assert_eq!(
        rows(&again),
        ["x changed rogue 0.1.0 -> echo 3.2.1-rc.4+build.5"]
    );
    assert_eq!(names(&open(&plugins)), ["echo"]);
}

#[test]
fn what_is_gone_is_forgotten_and_what_cannot_be_loaded_is_not_trusted() {
    let plugins = Plugins::new();
    plugins
        .add("gone", &bytes("echo"))
        .add("spoilt", &bytes("rogue"));
    trust(&plugins, &Which::All).unwrap();

    fs::remove_file(plugins.file("gone")).unwrap();
    plugins.add("spoilt", b"404 not found\n");
    let renewal = trust(&plugins, &Which::All).unwrap();
    let expected = [
        "gone gone echo 3.2.1-rc.4+build.5",
        "spoilt gone rogue 0.1.0",
    ];
    assert_eq!(rows(&renewal), expected);
    assert_eq!(renewal.refused.len(), 1);
    assert_eq!(renewal.refused[0].file, plugins.file("spoilt"));

    // Not even what was listed before comes back by itself.
    plugins.add("gone", &bytes("echo"));
    let registry = open(&plugins);
    assert!(registry.sources.is_empty());
}

#[test]
fn to_trust_one_file_is_not_to_trust_its_neighbours() {
    let plugins = Plugins::new();
    plugins.add("a", &bytes("echo")).add("b", &bytes("rogue"));
    let renewal = trust(&plugins, &these(&["a", "missing"])).unwrap();
    assert_eq!(
        rows(&renewal),
        ["a new echo 3.2.1-rc.4+build.5", "b unlisted"]
    );
    assert_eq!(renewal.refused[0].file, plugins.file("missing"));
    assert_eq!(names(&open(&plugins)), ["echo"]);
}

#[test]
fn a_failed_attempt_to_trust_shuts_nothing_out() {
    let plugins = Plugins::new();
    plugins.add("a", &bytes("echo"));
    let renewal = trust(&plugins, &these(&["missing"])).unwrap();
    assert_eq!(renewal.refused.len(), 1);
    assert!(!renewal.written && !renewal.file.exists());
    assert_eq!(names(&open(&plugins)), ["echo"]);
}

#[test]
fn a_broken_lock_shuts_its_directory_and_is_replaced_only_as_a_whole() {
    let (plugins, other) = (Plugins::new(), Plugins::new());
    plugins.add("x", &bytes("echo"));
    other.add("x", &bytes("rogue"));
    let lock = plugins.path().join("plugins.lock");
    fs::write(&lock, "{").unwrap();
    set_mode(&lock, 0o644);

    let directories = [plugins.path().to_owned(), other.path().to_owned()];
    let registry = crate::open(&directories, &Settings::default(), isolation());
    assert_eq!(names(&registry), ["rogue"]);
    let said = registry.refused[0].reason.to_string();
    assert!(
        said.contains("nothing in its directory is loaded"),
        "{said}"
    );

    let error = trust(&plugins, &these(&["x"])).unwrap_err();
    assert!(matches!(error, TrustError::Lock(_)), "{error}");
    let renewal = trust(&plugins, &Which::All).unwrap();
    assert!(renewal.replaced.is_some());
    assert_eq!(names(&open(&plugins)), ["echo"]);
}

#[test]
fn nothing_is_trusted_that_others_can_change() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("echo"));
    set_mode(&plugins.file("x"), 0o666);
    let renewal = trust(&plugins, &Which::All).unwrap();
    assert!(
        matches!(
            renewal.refused[0].reason,
            LoadFailure::Untrusted(Untrusted::File { .. })
        ),
        "{renewal:?}"
    );
    set_mode(plugins.path(), 0o777);
    let error = trust(&plugins, &Which::All).unwrap_err();
    assert!(matches!(error, TrustError::Exposed { .. }), "{error}");
    assert!(!plugins.path().join("plugins.lock").exists());
}

/// Exit code, stdout and stderr of the program, with the directory's path taken out.
fn musicdl(plugins: &Plugins, words: &[&str]) -> (i32, String, String) {
    let nowhere = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_musicdl"))
        .current_dir(nowhere.path())
        .env_clear()
        .env("HOME", nowhere.path())
        .arg("--plugins")
        .arg(plugins.path())
        .args(words)
        .output()
        .unwrap();
    let shown = |bytes: Vec<u8>| {
        let path = plugins.path().display().to_string();
        String::from_utf8(bytes).unwrap().replace(&path, "PLUGINS")
    };
    let code = output.status.code().unwrap();
    (code, shown(output.stdout), shown(output.stderr))
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_shows_what_changed_and_the_list_what_is_refused() {
    let plugins = Plugins::new();
    let (code, out, _) = musicdl(&plugins, &["plugins", "trust"]);
    let expected = "PLUGINS/plugins.lock: not written, there is no plugin to list\n";
    assert_eq!((code, out.as_str()), (0, expected));

    plugins.add("rogue", &bytes("rogue"));
    let (code, out, err) = musicdl(&plugins, &["plugins", "trust"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "PLUGINS/plugins.lock\n  new: rogue.so (rogue 0.1.0)\n");

    plugins.add("text", b"404 not found\n");
    let (code, out, err) = musicdl(&plugins, &["plugins", "trust", "--json"]);
    assert_eq!(code, 5, "{err}");
    let plugin = json!({"name": "rogue", "version": "0.1.0", "api_version": "1.0.0"});
    let expected = json!({"locks": [{
        "lock": "PLUGINS/plugins.lock",
        "written": true,
        "plugins": [{"file": "rogue.so", "change": "same", "now": plugin}],
        "refused": [{
            "file": "PLUGINS/text.so",
            "reason": "it is not a shared library of this system",
        }],
    }]});
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);

    let (_, out, _) = musicdl(&plugins, &["plugins"]);
    let expected = "refused: PLUGINS/text.so: plugins.lock does not list it; if you trust it: \
                    `musicdl plugins trust PLUGINS/text.so`\n";
    assert!(out.ends_with(expected), "{out}");

    let (code, _, err) = musicdl(&plugins, &["plugins", "trust", "rogue.so"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, _, err) = musicdl(&plugins, &["plugins", "trust", "other.so"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("no plugin directory has a file other.so"),
        "{err}"
    );
    let (code, _, err) = musicdl(&plugins, &["plugins", "--check", "trust"]);
    assert_eq!(code, 2, "{err}");
}
