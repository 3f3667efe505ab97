//! Sources and their settings.

use musicdl_plugin_api::{SettingKind, SettingSpec, Settings, Window};

use super::*;

fn name(name: &str) -> SourceName {
    SourceName::parse(name).unwrap()
}

/// What a plugin `subsonic` might declare.
fn declared() -> Vec<SettingSpec> {
    let text = SettingSpec::text;
    vec![
        text("url", "").kind(SettingKind::URL).required(),
        text("username", ""),
        text("password", "").secret().required(),
        text("paths", "").kind(SettingKind::PATH).list(),
        text("format", "")
            .choices(&["flac", "mp3"])
            .default_value("flac"),
        text("cache", "")
            .kind(SettingKind::PATH)
            .default_value("cache"),
        text("page", "").kind(SettingKind::NUMBER),
        text("deep", "").kind(SettingKind::FLAG),
    ]
}

/// A config with one source `subsonic` and these settings.
fn subsonic(settings: &str) -> Scene {
    let indented: String = settings
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    Scene::with_library(&format!("sources:\n  - subsonic:\n{indented}"))
}

fn settings(scene: &Scene) -> Result<ResolvedSettings, ConfigError> {
    scene.load().source(&name("subsonic")).settings(&declared())
}

fn resolved(scene: &Scene) -> ResolvedSettings {
    settings(scene).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(scene: &Scene) -> String {
    scene.shown(&settings(scene).expect_err("the settings are wrong"))
}

fn servers(resolved: &ResolvedSettings) -> Vec<&str> {
    resolved.servers.iter().map(reqwest::Url::as_str).collect()
}

fn exposed(resolved: &ResolvedSettings) -> Vec<&str> {
    resolved.secrets.iter().map(Secret::expose).collect()
}

#[test]
fn settings_arrive_as_the_plugin_declares_them() {
    let scene = subsonic(
        "url: http://127.0.0.1:4040
username: 007
password: 1e5
paths: [./mine, /abs, ~/x]
page: 010
deep: True
enabled: true
concurrency: 2
search_concurrency: 3
search_spacing: 500ms
download_spacing: 3s
search_window: 34/220s",
    )
    .env("HOME", "/home/ann")
    .env("MUSICDL_SOURCES_SUBSONIC_DOWNLOAD_SPACING", "4s");
    let paths = ["mine", "cache"].map(|path| scene.path(path).display().to_string());
    let resolved = resolved(&scene);
    let expected = Settings::from_pairs([
        ("url", vec!["http://127.0.0.1:4040"]),
        ("username", vec!["007"]),
        ("password", vec!["1e5"]),
        ("paths", vec![&paths[0], "/abs", "/home/ann/x"]),
        ("format", vec!["flac"]),
        ("cache", vec![&paths[1]]),
        ("page", vec!["10"]),
        ("deep", vec!["true"]),
    ]);
    assert!(
        resolved.settings == expected,
        "{:?}",
        resolved.settings.iter().collect::<Vec<_>>()
    );
    assert!(resolved.missing.is_empty());
    assert_eq!(exposed(&resolved), ["1e5"]);
    assert_eq!(servers(&resolved), ["http://127.0.0.1:4040/"]);
    let source = scene.load().source(&name("subsonic"));
    assert_eq!(
        (source.enabled, source.concurrency, source.line),
        (true, Some(2), Some(3))
    );
    assert_eq!(
        source.pace,
        PaceConfig {
            search_concurrency: Some(3),
            search_spacing: Some(Duration::from_millis(500)),
            download_spacing: Some(Duration::from_secs(4)),
            search_window: Some(Window {
                requests: 34,
                per: Duration::from_secs(220),
            }),
        }
    );
}

#[test]
fn sources_keep_their_order_and_may_be_a_bare_name_or_switched_off() {
    let scene = Scene::with_library(
        "sources:\n  - youtube\n  - folder:\n      paths: ./mine\n  - subsonic: {enabled: false}\n  - tidal:\n",
    );
    let config = scene.load();
    let found: Vec<_> = config
        .sources
        .iter()
        .map(|source| (source.name.as_str(), source.enabled, source.line))
        .collect();
    assert_eq!(
        found,
        [
            ("youtube", true, Some(3)),
            ("folder", true, Some(4)),
            ("subsonic", false, Some(6)),
            ("tidal", true, Some(7)),
        ]
    );
    // A single value does for a list.
    let declared = [SettingSpec::text("paths", "")
        .kind(SettingKind::PATH)
        .list()];
    let folder = config.sources[1].settings(&declared).unwrap();
    assert_eq!(
        folder.settings.list("paths"),
        [scene.path("mine").display().to_string()]
    );
}

#[test]
fn a_host_is_the_users_word_only_where_the_user_wrote_it() {
    let declared = [
        SettingSpec::text("url", "")
            .kind(SettingKind::URL)
            .default_value("http://127.0.0.1:5030"),
        SettingSpec::text("mirrors", "")
            .kind(SettingKind::URL)
            .list(),
        SettingSpec::text("note", ""),
    ];
    for (settings, expected) in [
        ("note: http://note.lan", &[][..]),
        ("url: http://nas.lan:5030/x", &["http://nas.lan:5030/"]),
        (
            "mirrors: ['http://a.lan', 'http://b.lan']",
            &["http://a.lan/", "http://b.lan/"],
        ),
    ] {
        let source = subsonic(settings).load().source(&name("subsonic"));
        let resolved = source.settings(&declared).unwrap();
        assert_eq!(servers(&resolved), expected, "{settings}");
    }
    let scene = subsonic("note: x").env("MUSICDL_SOURCES_SUBSONIC_URL", "http://env.lan");
    let source = scene.load().source(&name("subsonic"));
    let resolved = source.settings(&declared).unwrap();
    assert_eq!(servers(&resolved), ["http://env.lan/"]);
}

#[test]
fn what_is_required_and_not_there_is_missing_and_no_error() {
    for (yaml, missing) in [
        ("", &["url", "password"][..]),
        ("url: ''\npassword:", &["url", "password"]),
        ("url: http://host", &["password"]),
        ("url: http://host\npassword: x", &[]),
    ] {
        assert_eq!(resolved(&subsonic(yaml)).missing, missing, "{yaml}");
    }
}

#[test]
fn the_environment_beats_the_file_and_serves_sources_that_are_not_listed() {
    let variables = |scene: Scene| {
        scene
            .env("MUSICDL_SOURCES_SUBSONIC_URL", "https://env")
            .env("MUSICDL_SOURCES_SUBSONIC_PASSWORD", "from-env")
            .env("MUSICDL_SOURCES_SUBSONIC_PATHS", "mine:/abs")
            .env("MUSICDL_SOURCES_SUBSONIC_CONCURRENCY", "7")
            .env("MUSICDL_SOURCES_SUBSONIC_ENABLED", "false")
    };
    let listed =
        subsonic("url: http://file\nusername: ann\npassword_command: exit 1\nconcurrency: 2");
    for (scene, username) in [
        (variables(listed), Some("ann")),
        (variables(Scene::with_library("")), None),
    ] {
        let resolved = resolved(&scene);
        let settings = &resolved.settings;
        assert_eq!(settings.text("url"), Some("https://env"));
        assert_eq!(settings.text("username"), username);
        assert_eq!(settings.text("password"), Some("from-env"));
        let mine = scene.path("mine").display().to_string();
        assert_eq!(settings.list("paths"), [mine.as_str(), "/abs"]);
        let source = scene.load().source(&name("subsonic"));
        assert_eq!((source.enabled, source.concurrency), (false, Some(7)));
    }
}

#[test]
fn a_variable_that_sets_nothing_is_warned_of() {
    let scene = Scene::with_library("sources: [sub, sub_sonic]\n")
        .env("MUSICDL_SOURCES_SUB_SONIC_X", "1")
        .env("MUSICDL_SOURCES_SUB_FOO", "1")
        .env("MUSICDL_SOURCES_OTHER_FOO", "1");
    let warnings = |source: &str| {
        scene
            .load()
            .source(&name(source))
            .settings(&[])
            .unwrap()
            .warnings
    };
    assert_eq!(
        warnings("sub"),
        [
            "the environment variable MUSICDL_SOURCES_SUB_FOO was ignored: the source `sub` has no setting `foo`"
        ]
    );
    assert_eq!(
        warnings("sub_sonic"),
        [
            "the environment variable MUSICDL_SOURCES_SUB_SONIC_X was ignored: the source `sub_sonic` has no setting `x`"
        ]
    );
    let loaded = [name("folder")];
    assert_eq!(
        scene.load().stray_variables(loaded.iter()),
        [
            "the environment variable MUSICDL_SOURCES_OTHER_FOO was ignored: no plugin was loaded that it could be for"
        ]
    );
}

#[test]
fn a_secret_comes_from_the_config_a_file_or_a_command() {
    let by_variable = |key: &str, value: &str| {
        let variable = format!("MUSICDL_SOURCES_SUBSONIC_{key}");
        Scene::with_library("").env(&variable, value)
    };
    for scene in [
        subsonic("password: s3cret"),
        subsonic("password_file: ./pw"),
        subsonic("password_command: cat pw"),
        subsonic("password_command: echo s3cret | tr x y"),
        by_variable("PASSWORD", "s3cret"),
        by_variable("PASSWORD_FILE", "pw"),
        by_variable("PASSWORD_COMMAND", "cat pw"),
        subsonic("password: other").env("MUSICDL_SOURCES_SUBSONIC_PASSWORD_FILE", "pw"),
    ] {
        std::fs::write(scene.path("pw"), "s3cret\n").unwrap();
        let resolved = resolved(&scene);
        assert_eq!(resolved.settings.text("password"), Some("s3cret"));
        assert_eq!(exposed(&resolved), ["s3cret"]);
    }
}

#[test]
fn a_secret_that_cannot_be_had_says_where_from_and_why() {
    for (yaml, expected) in [
        (
            "password_command: echo s3cret; exit 3",
            "\
DIR/musicdl.yaml:4:7: `sources.subsonic.password_command` gave no secret: the command ended with exit status: 3
  |
4 |       password_command: …
  |       ^^^^^^^^^^^^^^^^
hint: run the command in a shell to see what it says",
        ),
        (
            "password_file: ./none",
            "\
DIR/musicdl.yaml:4:7: `sources.subsonic.password_file` gave no secret: DIR/none cannot be read: No such file or directory (os error 2)
  |
4 |       password_file: …
  |       ^^^^^^^^^^^^^",
        ),
        (
            "password: a\npassword_file: ./pw",
            "\
DIR/musicdl.yaml:5:7: one secret is given more than once: `sources.subsonic.password`, `sources.subsonic.password_file`
  |
5 |       password_file: …
  |       ^^^^^^^^^^^^^
hint: keep one of them",
        ),
    ] {
        assert_eq!(refusal(&subsonic(yaml)), expected);
    }
}

#[test]
fn a_wrong_setting_is_told_with_its_line_but_without_the_value_of_a_secret() {
    for (yaml, expected) in [
        (
            "pasword: s3cret",
            "\
DIR/musicdl.yaml:4:7: the source `subsonic` has no setting `pasword`; did you mean `password`?
  |
4 |       pasword: …
  |       ^^^^^^^
accepted: url, username, password, password_file, password_command, paths, format, cache, page, deep, enabled, concurrency, search_concurrency, search_spacing, download_spacing, search_window",
        ),
        (
            "username_file: ./x",
            "\
DIR/musicdl.yaml:4:7: the source `subsonic` has no setting `username_file`
  |
4 |       username_file: …
  |       ^^^^^^^^^^^^^
accepted: url, username, password, password_file, password_command, paths, format, cache, page, deep, enabled, concurrency, search_concurrency, search_spacing, download_spacing, search_window
hint: only a secret can come from a file or a command",
        ),
        (
            "format: flak",
            "\
DIR/musicdl.yaml:4:7: `sources.subsonic.format` is `flak`; it must be one of the accepted words; did you mean `flac`?
  |
4 |       format: …
  |       ^^^^^^
accepted: flac, mp3",
        ),
        (
            "url: ann:s3cret@host",
            "\
DIR/musicdl.yaml:4:7: `sources.subsonic.url` must be a URL that starts with https:// or http://
  |
4 |       url: …
  |       ^^^",
        ),
        (
            "password: [s3cret]",
            "\
DIR/musicdl.yaml:4:7: `sources.subsonic.password` takes a single value, not a list
  |
4 |       password: …
  |       ^^^^^^^^",
        ),
        (
            "paths: {a: s3cret}",
            "\
DIR/musicdl.yaml:4:7: `sources.subsonic.paths` takes a single value or a list of values
  |
4 |       paths: …
  |       ^^^^^",
        ),
    ] {
        assert_eq!(refusal(&subsonic(yaml)), expected);
    }
    let two = refusal(&subsonic("page: many\ndeep: sure"));
    assert!(
        two.contains("`sources.subsonic.page` is `many`; it must be a whole number, 0 or more")
    );
    assert!(
        two.contains("`sources.subsonic.deep` is `sure`; it must be one of the accepted words")
    );
}

#[test]
fn a_bad_reserved_key_in_the_environment_is_told_with_the_settings() {
    let scene = subsonic("username: ann").env("MUSICDL_SOURCES_SUBSONIC_CONCURRENCY", "99");
    assert_eq!(
        refusal(&scene),
        "MUSICDL_SOURCES_SUBSONIC_CONCURRENCY: `sources.subsonic.concurrency` is `99`; it must be a whole number from 1 to 64"
    );
}

#[test]
fn a_list_of_sources_that_cannot_be_meant_is_told_with_what_to_write() {
    for (yaml, message, hint) in [
        (
            "sources: folder",
            "`sources` is a list in order of preference, not a single value",
            "write each source as `- NAME:` with its settings indented below",
        ),
        (
            "sources: {folder: {}}",
            "`sources` is a list in order of preference, not a set of keys",
            "write each source as `- NAME:` with its settings indented below",
        ),
        (
            "sources:\n  - subsonic:\n    url: http://x",
            "an entry of `sources` has several keys and should have one, the source's name",
            "indent the settings deeper than the source's name",
        ),
        (
            "sources: [Folder]",
            "`Folder` is no source name (lower-case letters, digits and `_`, at most 32)",
            "",
        ),
        (
            "sources: [folder, folder]",
            "the source `folder` is listed twice",
            "put its settings into one entry",
        ),
        (
            "sources: [[folder]]",
            "an entry of `sources` is a source's name, not a list",
            "",
        ),
        (
            "sources: [folder: ./mine]",
            "the settings of `folder` are keys with values, not a single value",
            "",
        ),
        (
            "sources: [folder: {enabled: maybe}]",
            "`sources.folder.enabled` is `maybe`; it must be one of the accepted words",
            "",
        ),
        (
            "sources: [folder: {concurrency: 0}]",
            "`sources.folder.concurrency` is `0`; it must be a whole number from 1 to 64",
            "",
        ),
        (
            "sources: [folder: {search_window: 34}]",
            "`sources.folder.search_window` is `34`; it must be a number of searches, a slash and a time from 1s to 24h",
            "e.g. 34/220s",
        ),
    ] {
        let scene = Scene::with_library(yaml);
        let error = scene.error();
        let shown = scene.shown(&error);
        let first = shown.lines().next().unwrap();
        assert!(first.ends_with(&format!(": {message}")), "{yaml}: {shown}");
        assert_eq!(error.hint().unwrap_or_default(), hint, "{yaml}");
    }
}

#[test]
fn no_debug_text_and_no_error_ever_shows_a_secret() {
    let scene = subsonic("url: http://ann:s3cret@host/\npassword: s3cret\ntoken: s3cret")
        .env("MUSICDL_SOURCES_SUBSONIC_API_KEY", "s3cret")
        .env("MUSICDL_SECRET", "s3cret");
    let config = scene.load();
    let source = config.source(&name("subsonic"));
    let mut declared = declared();
    let error = source.settings(&declared).unwrap_err();
    declared.push(SettingSpec::text("token", "").secret());
    let resolved = source.settings(&declared).unwrap();
    assert_eq!(exposed(&resolved), ["s3cret", "s3cret", "s3cret"]);
    let mut shown = vec![
        format!("{:?} {:#?}", scene.inputs, scene.inputs),
        format!("{config:?} {config:#?}"),
        format!("{source:?} {:?}", config.warnings),
        format!("{resolved:?} {resolved:#?}"),
        format!("{error:?} {error}"),
    ];
    // Slips beside a secret, which quote the line.
    for slip in [
        "sources:\n  - subsonic: {password: s3cret, password: s3cret}\n",
        "sources:\n  - subsonic:\n      password: \"s3cret\n",
        "sources:\n  - subsonic:\n      password: s3cret: x\n",
        "sources:\n  - subsonic:\n    password: s3cret\n",
        "sources:\n\t- subsonic: {password: s3cret}\n",
        "sources: {subsonic: {password: s3cret}}\n",
        "source:\n  - subsonic: {password: s3cret}\n  - x: y: z\n",
        "sources:\n  - subsonic: s3cret\n",
    ] {
        let error = Scene::with_config(slip).error();
        shown.push(format!("{error:?} {error}"));
    }
    for text in shown {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_secret_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let set_mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for (yaml, file, expected) in [
        (
            "password: s3cret",
            "musicdl.yaml",
            "DIR/musicdl.yaml holds `sources.subsonic.password` and can be read by others (mode 0640); \
             run `chmod 600 DIR/musicdl.yaml`, or keep the secret elsewhere by `password_file`",
        ),
        (
            "password_file: ./pw",
            "pw",
            "DIR/pw holds the secret of `sources.subsonic.password_file` and can be read by others (mode 0640); \
             run `chmod 600 DIR/pw`",
        ),
    ] {
        let scene = subsonic(yaml);
        std::fs::write(scene.path("pw"), "s3cret\n").unwrap();
        set_mode(&scene.path("musicdl.yaml"), 0o600);
        set_mode(&scene.path("pw"), 0o600);
        assert!(resolved(&scene).warnings.is_empty());
        set_mode(&scene.path(file), 0o640);
        let warnings = resolved(&scene).warnings;
        let directory = scene.directory.path().display().to_string();
        assert_eq!(warnings, [expected.replace("DIR", &directory)]);
    }
    // Without a secret in it a config may be shared.
    let scene = subsonic("username: ann");
    set_mode(&scene.path("musicdl.yaml"), 0o644);
    assert!(resolved(&scene).warnings.is_empty());
}
