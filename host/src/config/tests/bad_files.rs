//! What the user reads when a config is wrong.

use super::*;

/// The error of a config that has a library and these lines below it.
fn refusal(yaml: &str) -> String {
    Scene::with_config(format!("{yaml}library: {{path: music}}\n")).refusal()
}

#[test]
fn a_mistyped_key_is_told_with_its_line_the_likely_word_and_the_known_ones() {
    assert_eq!(
        refusal("playlist:\n  - ./x.csv\n"),
        "\
DIR/musicdl.yaml:1:1: the config has no key `playlist`; did you mean `playlists`?
  |
1 | playlist:
  | ^^^^^^^^
accepted: version, songs, albums, artists, playlists, library, download, tags, ffmpeg_path, matching, verify, quarantine, sources, plugins, isolation, state, limits, network"
    );
    assert_eq!(
        refusal("download:\n  foo: 4\n"),
        "\
DIR/musicdl.yaml:2:3: `download` has no key `foo`
  |
2 |   foo: 4
  |   ^^^
accepted: jobs, threads, overwrite, upgrade, retries, max_wait, quality, min_quality, max_quality, search, search_cache, extra_files, publish, format, keep_lossless"
    );
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let yaml = "\
download:
  jbos: 4
  jobs: many
  retries: [1, 2]
  overwrite: always
  max_wait: 60
matching: 3
";
    assert_eq!(
        Scene::with_config(yaml).refusal(),
        "\
DIR/musicdl.yaml:2:3: `download` has no key `jbos`; did you mean `jobs`?
  |
2 |   jbos: 4
  |   ^^^^
accepted: jobs, threads, overwrite, upgrade, retries, max_wait, quality, min_quality, max_quality, search, search_cache, extra_files, publish, format, keep_lossless
DIR/musicdl.yaml:3:9: `download.jobs` is `many`; it must be a whole number from 1 to 64
  |
3 |   jobs: many
  |         ^^^^
DIR/musicdl.yaml:4:12: `download.retries` takes a single value, not a list
  |
4 |   retries: [1, 2]
  |            ^
DIR/musicdl.yaml:5:14: `download.overwrite` is `always`; it must be one of the accepted words
  |
5 |   overwrite: always
  |              ^^^^^^
accepted: skip, metadata, replace
DIR/musicdl.yaml:6:13: `download.max_wait` is `60`; it must be a time from 0s to 24h with its unit: ms, s, m or h
  |
6 |   max_wait: 60
  |             ^^
hint: for seconds write 60s
DIR/musicdl.yaml:7:11: `matching` is a set of keys such as `accept:`, not a single value
  |
7 | matching: 3
  |           ^
DIR/musicdl.yaml: nobody said where the music goes
hint: set `library.path` in the config, or MUSICDL_LIBRARY, or give --library DIR"
    );
}

#[test]
fn each_slip_in_the_yaml_has_its_own_words() {
    for (yaml, expected) in [
        (
            "songs:\n\t- a\n",
            "\
DIR/musicdl.yaml:2:2: this is no YAML: tabs disallowed within this context (block indentation)
  |
2 |  - a
  |  ^
hint: indent by spaces; YAML takes no tabs there",
        ),
        (
            "songs: [a]\nsongs: [b]\n",
            "\
DIR/musicdl.yaml:2:1: `songs` was said before; it may be said once
  |
2 | songs: [b]
  | ^
hint: put both under one key, or remove one of the two",
        ),
        (
            "songs: [*b]\n",
            "\
DIR/musicdl.yaml:1:9: `*` refers to an anchor that nobody defined
  |
1 | songs: [*b]
  |         ^
hint: put a text that starts with `*` in quotes",
        ),
        (
            "songs: [a]\n---\n",
            "\
DIR/musicdl.yaml:3:1: a second document starts here; a config is one
  |
3 | library: {path: music}
  | ^
hint: remove the line `---` and what follows, or make it a file of its own",
        ),
        (
            "playlists:\n  - {file: ./x.csv, layout: {playlist}/{title}}\n",
            "\
DIR/musicdl.yaml:2:39: this is no YAML: while parsing a flow mapping, did not find expected ',' or '}'
  |
2 |   - {file: ./x.csv, layout: {playlist}/{title}}
  |                                       ^
hint: put a text that starts with `{`, such as a template, in quotes",
        ),
        (
            "playlists:\n  - {file: ./x.csv, layout: {playlist}}\n",
            "\
DIR/musicdl.yaml:2:29: `playlists.layout` takes a single value, not a set of keys
  |
2 |   - {file: ./x.csv, layout: {playlist}}
  |                             ^
hint: put a text with `{` or `: ` in it in quotes",
        ),
    ] {
        assert_eq!(refusal(yaml), expected, "{yaml}");
    }
}

#[test]
fn what_is_no_config_at_all_is_told_in_one_sentence() {
    for (content, expected) in [
        (&b""[..], "DIR/musicdl.yaml: the config file is empty"),
        (
            b"# nothing\n---\n",
            "DIR/musicdl.yaml: the config file is empty",
        ),
        (
            b"\xef\xbb\xbf\r\n",
            "DIR/musicdl.yaml: the config file is empty",
        ),
        (
            b"songs:\n  - caf\xe9\n",
            "DIR/musicdl.yaml:2:8: this is not UTF-8 text",
        ),
        (
            b"- a\n",
            "DIR/musicdl.yaml:1:1: a config is a set of keys such as `version:`, not a list",
        ),
        (
            b"just words",
            "DIR/musicdl.yaml:1:1: a config is a set of keys such as `version:`, not a single value",
        ),
        (b"\x00\x01\x02", "DIR/musicdl.yaml:1:1: this is no YAML"),
    ] {
        let refusal = Scene::with_config(content).refusal();
        assert!(refusal.starts_with(expected), "{content:?}: {refusal}");
    }
}

#[test]
fn a_file_that_cannot_be_a_config_is_refused_without_waiting_for_it() {
    let scene = Scene::bare();
    std::fs::create_dir(scene.path("folder")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(scene.path("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    let large = std::fs::File::create(scene.path("large")).unwrap();
    large.set_len(4 * 1024 * 1024 + 1).unwrap();
    std::os::unix::fs::symlink("nowhere", scene.path("link")).unwrap();
    for (name, expected) in [
        (
            "missing.yaml",
            "DIR/missing.yaml: there is no such config file\n\
             hint: name another by --config FILE, or do without: --playlist FILE --library DIR",
        ),
        (
            "link",
            "DIR/link: there is no such config file\n\
             hint: name another by --config FILE, or do without: --playlist FILE --library DIR",
        ),
        (
            "folder",
            "DIR/folder: this is a directory, not a config file\n\
             hint: name the file in it: --config DIR/musicdl.yaml",
        ),
        (
            "pipe",
            "DIR/pipe: this is no regular file, so it is not read as a config\n\
             hint: write its content to a file first",
        ),
        (
            "large",
            "DIR/large: the config file is larger than 4 MiB\n\
             hint: move long lists into playlist files and name those under `playlists`",
        ),
    ] {
        let inputs = Inputs {
            file: Some(name.into()),
            ..scene.inputs.clone()
        };
        let error = load(&inputs).unwrap_err();
        assert_eq!(scene.shown(&error), expected);
    }
}

#[test]
fn a_config_that_grows_in_memory_is_refused_instead_of_read() {
    let mut bomb = "songs:\n- &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (this, last) in ["b", "c", "d", "e", "f", "g", "h"]
        .iter()
        .zip("abcdefg".chars())
    {
        let ten = vec![format!("*{last}"); 10].join(", ");
        bomb.push_str(&format!("- &{this} [{ten}]\n"));
    }
    let lines = (0..1000).map(|depth| format!("{}-\n", " ".repeat(depth)));
    for yaml in [
        bomb,
        format!("songs: {}", "[".repeat(100_000)),
        format!("songs: {}", "{a: ".repeat(100_000)),
        format!("songs:\n{}", lines.collect::<String>()),
    ] {
        let refusal = Scene::with_config(&yaml).refusal();
        assert!(
            refusal.contains("nested deeper than 32 levels, or has too many words or repetitions"),
            "{refusal}"
        );
    }
}

#[test]
fn byte_order_mark_carriage_returns_and_utf_16_are_fine() {
    let text = "\u{feff}songs:\r\n  - Ann - Blåbär\r\nlibrary:\r\n  path: music\r\n";
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for content in [text.as_bytes(), &utf_16] {
        let config = Scene::with_config(content).load();
        let expected = WantedInput::Text("Ann - Blåbär".to_owned());
        assert_eq!(config.wanted[0].input, expected);
        assert_eq!(config.wanted[0].line, Some(2));
    }
    let wrong = Scene::with_config("\u{feff}songs:\r\n  - a\r\nfoo: 1\r\n").refusal();
    assert!(wrong.starts_with("DIR/musicdl.yaml:3:1: the config has no key `foo`"));
}

#[test]
fn a_value_out_of_range_or_of_another_type_says_what_it_must_be() {
    for (yaml, expected) in [
        (
            "download: {jobs: 0}\n",
            "`download.jobs` is `0`; it must be a whole number from 1 to 64",
        ),
        (
            "download: {threads: 65}\n",
            "`download.threads` is `65`; it must be a whole number from 1 to 64",
        ),
        (
            "download: {jobs: 2, threads: 3}\n",
            "`download.threads` is another word for `download.jobs`; say one of them",
        ),
        (
            "download: {retries: 11}\n",
            "`download.retries` is `11`; it must be a whole number from 0 to 10",
        ),
        (
            "download: {quality: [flac, best]}\n",
            "`download.quality` is `best`; it must be a codec (or lossless, lossy), then bits/kHz or kbit/s",
        ),
        (
            "download: {max_quality: mp3 24/96}\n",
            "`download.max_quality` is `mp3 24/96`; it must be a codec (or lossless, lossy), then bits/kHz or kbit/s",
        ),
        (
            "download: {max_wait: 25h}\n",
            "`download.max_wait` is `25h`; it must be a time from 0s to 24h with its unit: ms, s, m or h",
        ),
        (
            "matching: {accept: 80%}\n",
            "`matching.accept` is `80%`; it must be a number from 0 to 1",
        ),
        (
            "matching: {duration_tolerance: 2m}\n",
            "`matching.duration_tolerance` is `2m`; it must be a time from 0s to 1m with its unit: ms, s, m or h",
        ),
        (
            "limits: {search_timeout: 0s}\n",
            "`limits.search_timeout` is `0s`; it must be a time from 1s to 1h with its unit: ms, s, m or h",
        ),
        (
            "limits: {max_playlist_bytes: 2GiB}\n",
            "`limits.max_playlist_bytes` is `2GiB`; it must be a size from 1 to 1073741824 bytes: a number, with KiB, MiB or GiB behind it if not bytes",
        ),
        (
            "limits: {max_playlist_rows: 1e6}\n",
            "`limits.max_playlist_rows` is `1e6`; it must be a whole number from 1 to 10000000",
        ),
        (
            "version: [1]\n",
            "`version` takes a single value, not a list",
        ),
        (
            "plugins: [{a: b}]\n",
            "`plugins` takes a single value, not a set of keys",
        ),
        (
            "state: ~bob/x\n",
            "`state` is `~bob/x`; it must be a path; only `~/` stands for a home directory",
        ),
        (
            "state: ~/x\n",
            "`state` is `~/x`; it must be a path without `~`, for HOME is not set",
        ),
    ] {
        let refusal = refusal(yaml);
        let first = refusal.lines().next().unwrap();
        assert!(first.ends_with(expected), "{yaml}: {first}");
    }
    let layout =
        Scene::with_config("library: {path: m, cover_file: maybe, layout: {m3u: ''}}").refusal();
    assert!(
        layout.contains("`library.cover_file` is `maybe`; it must be one of the accepted words")
    );
    assert!(layout.contains("`library.layout.m3u` is ``; it must be a text"));
}

#[test]
fn a_proxy_is_never_repeated_because_a_password_may_be_in_it() {
    for said in ["'ann:hunter2@proxy'", "[hunter2]", "{ann: hunter2}"] {
        let refusal = refusal(&format!("network:\n  proxy: {said}\n"));
        assert!(refusal.contains("musicdl.yaml:2:"), "{refusal}");
        assert!(refusal.contains("`network.proxy`"), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
}

#[test]
fn a_password_of_the_proxy_that_others_can_read_is_told() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    for (proxy, mode, told) in [
        ("http://ann:hunter2@proxy:3128", 0o644, true),
        ("http://ann:hunter2@proxy:3128", 0o600, false),
        ("http://proxy:3128", 0o644, false),
        ("none", 0o644, false),
    ] {
        let scene = Scene::with_library(&format!("network: {{proxy: '{proxy}'}}\n"));
        set_permissions(scene.path("musicdl.yaml"), Permissions::from_mode(mode)).unwrap();
        let warnings = scene.load().warnings;
        assert_eq!(warnings.len(), usize::from(told), "{proxy} {mode:o}");
        let all = warnings.concat();
        assert!(!all.contains("hunter2"), "{all}");
        assert!(!told || all.contains("`network.proxy`"), "{all}");
    }
}
