//! Which files are let in, and what is said of the others.

use std::fs;
use std::path::PathBuf;

use musicdl::plugin::{LoadFailure, NotAFile, PluginReport, RefusalReason, Registry};
use musicdl_plugin_api::{API_VERSION, Query, Settings};
use serde_json::json;

use super::{isolation, load, open};
use crate::{Plugins, built, bytes, full, rogue_slot, setting, with};

fn names(registry: &Registry) -> Vec<&str> {
    registry.sources.iter().map(|s| s.name.as_str()).collect()
}

/// The library as it would be, had it been built against that version of plugin-api.
fn of_api(library: &str, version: [u32; 3]) -> Vec<u8> {
    let tag = |version: [u32; 3]| {
        let mut tag = b"musicdl-plugin\0\0".to_vec();
        for number in [128, version[0], version[1], version[2]] {
            tag.extend(number.to_ne_bytes());
        }
        tag
    };
    let ours: Vec<u32> = API_VERSION.split('.').map(|n| n.parse().unwrap()).collect();
    with(library, &tag([ours[0], ours[1], ours[2]]), &tag(version))
}

/// A library of the system that this test program has loaded itself.
#[cfg(target_os = "linux")]
fn system_library() -> PathBuf {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let path = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
        .find(|path| path.contains("/libgcc_s.so") || path.contains("/libm.so"));
    path.expect("a Rust program has libgcc_s or libm loaded")
        .into()
}

#[test]
fn two_libraries_of_one_interface_are_two_plugins() {
    let plugins = Plugins::new();
    plugins
        .add("one", &bytes("echo"))
        .add("two", &bytes("rogue"));
    let registry = open(&plugins, &Settings::default());

    assert_eq!(names(&registry), ["echo", "rogue"]);
    let [echo, rogue] = &registry.sources[..] else {
        unreachable!("two names are two sources")
    };
    assert_eq!(echo.declaration, full::declaration());
    assert_eq!(rogue.declaration.display_name, "Rogue");
    let asked = full::query();
    assert_eq!(echo.source.search_raw(&asked).unwrap().len(), 2);
    assert_eq!(rogue.source.search_raw(&asked).unwrap().len(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn each_useless_file_is_refused_with_its_reason_and_the_rest_works() {
    let echo = bytes("echo");
    let plugins = Plugins::new();
    plugins
        .add("a-good", &echo)
        .add("cut-half", &echo[..echo.len() / 2])
        .add("cut-page", &echo[..4096])
        .add("cut-tail", &echo[..echo.len() - 1])
        .add("empty", b"")
        .add("gone-api", &of_api("echo", [0, 9, 3]))
        .add("later-api", &of_api("echo", [2, 0, 0]))
        .add("layout", &with("echo", b"queue_length", b"queue_streng"))
        .add("system", &fs::read(system_library()).unwrap())
        .add("text", b"404 not found\n")
        .add("z-good", &bytes("rogue"));
    fs::create_dir(plugins.file("directory")).unwrap();
    std::os::unix::fs::symlink(built("rogue"), plugins.file("link")).unwrap();
    let (pipe, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, plugins.file("pipe"), pipe, mode, 0).unwrap();
    fs::write(
        plugins.path().join("README.md"),
        "not a plugin, and no concern",
    )
    .unwrap();
    fs::write(plugins.path().join("libecho.d"), "neither").unwrap();

    let registry = open(&plugins, &Settings::default());
    assert_eq!(names(&registry), ["echo", "rogue"]);

    let too_old = format!(
        "musicdl-echo 0.1.0 is too old: it was built for plugin API 0.9.3, this musicdl has \
         {API_VERSION}; get a newer release of the plugin, or rebuild it against \
         musicdl-plugin-api {API_VERSION}"
    );
    let too_new = format!(
        "musicdl-echo 0.1.0 needs a newer musicdl: it was built for plugin API 2.0.0, this one \
         has {API_VERSION}; update musicdl, or rebuild the plugin against musicdl-plugin-api \
         {API_VERSION}"
    );
    let expected = [
        ("cut-half", "the file is cut short"),
        ("cut-page", "the file is cut short"),
        ("cut-tail", "the file is cut short"),
        ("directory", "it is a directory"),
        ("empty", "the file is empty"),
        ("gone-api", too_old.as_str()),
        ("later-api", too_new.as_str()),
        ("layout", "its records are laid out otherwise"),
        ("link", "it is a symbolic link"),
        ("pipe", "it is a pipe, socket or device"),
        ("system", "it is a shared library, but not a musicdl plugin"),
        ("text", "it is not a shared library of this system"),
    ];
    let mut refused: Vec<_> = registry.refused.iter().collect();
    refused.sort_by(|a, b| a.file.cmp(&b.file));
    let files: Vec<_> = refused.iter().map(|refusal| refusal.file.clone()).collect();
    assert_eq!(files, expected.map(|(name, _)| plugins.file(name)));
    for (refusal, (name, reason)) in refused.iter().zip(expected) {
        let said = refusal.reason.to_string();
        assert!(said.starts_with(reason), "{name}: {said}");
        assert!(!said.contains('\n') && said.len() < 250, "{name}: {said}");
        assert!(refusal.to_string().contains(name), "{refusal}");
    }
}

#[test]
fn the_comparison_of_layouts_is_kept_for_who_asks() {
    let plugins = Plugins::new();
    plugins.add("x", &with("echo", b"queue_length", b"queue_streng"));
    let registry = open(&plugins, &Settings::default());
    let details = registry.refused[0].reason.details().unwrap();
    assert!(details.contains("queue_streng"), "{details}");
}

#[test]
fn a_plugin_of_any_release_of_our_api_is_let_in() {
    for version in [[1, 0, 0], [1, 99, 7]] {
        let plugins = Plugins::new();
        plugins.add("x", &of_api("rogue", version));
        let registry = open(&plugins, &Settings::default());
        let [major, minor, patch] = version.map(u64::from);
        let expected = semver::Version::new(major, minor, patch);
        assert_eq!(registry.sources[0].api_version, expected);
    }
}

#[test]
fn of_two_files_with_one_name_the_first_wins_and_the_other_is_reported() {
    let plugins = Plugins::new();
    let other = rogue_slot("version", "0.1.0", "9.9.9");
    plugins.add("b", &other).add("a", &bytes("rogue"));
    let registry = open(&plugins, &Settings::default());

    assert_eq!(registry.sources.len(), 1);
    assert_eq!(registry.sources[0].file, plugins.file("a"));
    assert_eq!(registry.sources[0].declaration.version, "0.1.0");
    let refusal = &registry.refused[0];
    assert_eq!(refusal.file, plugins.file("b"));
    assert!(
        matches!(&refusal.reason, RefusalReason::NameTaken { name, by }
            if name.as_str() == "rogue" && *by == plugins.file("a")),
        "{refusal}"
    );
}

#[test]
fn what_a_plugin_declares_is_checked() {
    for (content, expected) in [
        (
            rogue_slot("name", "rogue", "Rogue One"),
            "it declares a bad name: `Rogue One` is no source name",
        ),
        (
            rogue_slot("version", "0.1.0", "latest"),
            "it declares version `latest`, which is not a semantic version",
        ),
        (
            rogue_slot("name", "rogue", "panic"),
            "it cannot say what it is: plugin failure: `declaration` panicked at ",
        ),
    ] {
        let plugins = Plugins::new();
        plugins.add("x", &content).add("y", &bytes("echo"));
        let registry = open(&plugins, &Settings::default());
        let said = registry.refused[0].reason.to_string();
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(names(&registry), ["echo"]);
    }
}

#[test]
fn a_constructor_that_fails_or_panics_costs_its_own_file_only() {
    for (key, value, expected) in [
        (
            "voice",
            "none",
            "it cannot start: not configured: as asked: not configured",
        ),
        (
            "panic",
            "create",
            "it cannot start: plugin failure: `create` panicked at ",
        ),
    ] {
        let plugins = Plugins::new();
        plugins.add("x", &bytes("echo")).add("y", &bytes("rogue"));
        let registry = open(&plugins, &setting(key, value));
        assert_eq!(registry.sources.len(), 1, "{value}");
        let said = registry.refused[0].reason.to_string();
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn invalid_settings_refuse_the_source_in_the_users_words() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("echo"));
    let making = musicdl::plugin::Making {
        settings: &|name, _| Err(format!("musicdl.yaml:3: `{name}` has no setting `wings`")),
        services: &|_, _| std::sync::Arc::new(crate::desk::Desk::default()),
        isolation: isolation(),
    };
    let registry = Registry::open(&[plugins.path().to_owned()], &making).unwrap();
    let said = registry.refused[0].reason.to_string();
    assert_eq!(said, "musicdl.yaml:3: `echo` has no setting `wings`");
}

#[test]
fn a_source_that_lacks_a_setting_is_loaded_and_says_which() {
    for (settings, configured, missing) in [
        (Settings::default(), false, &["paths"][..]),
        (setting("paths", "/music"), true, &[]),
    ] {
        let plugins = Plugins::new();
        plugins.add("x", &bytes("echo"));
        let registry = open(&plugins, &settings);
        let echo = &registry.sources[0];
        assert_eq!(echo.configured, configured);
        assert_eq!(echo.missing, missing);
    }
}

#[test]
fn the_report_lists_every_file_as_data() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("echo")).add("y", b"");
    let report = open(&plugins, &Settings::default()).report();
    let PluginReport::Loaded { load_time_ms, .. } = report[0] else {
        panic!("{report:?}");
    };
    assert!(load_time_ms > 0.0 && load_time_ms < 10_000.0);
    assert_eq!(
        serde_json::to_value(&report).unwrap(),
        json!([
            {
                "status": "loaded",
                "file": plugins.file("x"),
                "name": "echo",
                "display_name": "Echo, the nymph",
                "version": "3.2.1-rc.4+build.5",
                "api_version": API_VERSION,
                "capabilities": ["follows"],
                "configured": false,
                "missing": ["paths"],
                "load_time_ms": load_time_ms,
            },
            {
                "status": "refused",
                "file": plugins.file("y"),
                "reason": "the file is empty",
            },
        ])
    );
}

#[test]
fn loading_a_link_or_a_missing_file_by_its_path_is_refused_as_well() {
    let plugins = Plugins::new();
    std::os::unix::fs::symlink(built("rogue"), plugins.file("link")).unwrap();
    let error = load(&plugins.file("link")).unwrap_err();
    assert!(
        matches!(error.reason, LoadFailure::NotAFile(NotAFile::Link)),
        "{error}"
    );
    let error = load(&plugins.file("gone")).unwrap_err();
    assert!(
        matches!(error.reason, LoadFailure::Unreadable(_)),
        "{error}"
    );
}

#[test]
fn a_query_reaches_the_source_of_that_name() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("rogue")).add("y", &bytes("echo"));
    let registry = open(&plugins, &Settings::default());
    let name = musicdl::music::SourceName::parse("echo").unwrap();
    let source = &registry.get(&name).unwrap().source;
    assert_eq!(
        source.search_raw(&Query::default()).unwrap()[0],
        full::hit()
    );
}
