//! Defaults, file, environment and flags, each stronger than the one before.

use super::*;
use crate::music::{QualityPreference, Target};

fn target(text: &str) -> Option<Target> {
    Target::parse(text).ok()
}

#[test]
fn a_config_with_a_library_alone_has_every_default() {
    let scene = Scene::with_library("");
    let config = scene.load();
    assert_eq!(config.file.as_deref(), Some(&*scene.path("musicdl.yaml")));
    assert_eq!(config.version, "1");
    assert!(config.wanted.is_empty() && config.sources.is_empty() && config.plugins.is_empty());
    assert_eq!(config.library.path, scene.path("music"));
    assert!(config.library.cover_file);
    let layout = &config.library.layout;
    assert_eq!(
        [&layout.album, &layout.single, &layout.m3u],
        [
            "{albumartist}/{albumartist} - {album}/[{track} - ]{title}",
            "{artist}/{artist} - {title}/{title}",
            "{playlist}/{playlist}",
        ]
    );
    assert_eq!(
        [&layout.playlist, &layout.playlist_single],
        [
            "{playlist}/{albumartist}/{albumartist} - {album}/[{track} - ]{title}",
            "{playlist}/{artist}/{artist} - {title}/{title}",
        ]
    );
    let (seconds, download) = (Duration::from_secs, &config.download);
    assert_eq!((download.jobs, download.retries), (4, 2));
    assert_eq!(download.overwrite, Overwrite::Skip);
    assert_eq!(download.search, SearchOrder::Priority);
    assert_eq!(download.extra_files, ExtraFiles::Discard);
    assert_eq!(download.publish, Publish::Tracks);
    assert_eq!(
        [download.max_wait, download.search_cache],
        [seconds(60), seconds(12 * 3600)]
    );
    assert!(!download.upgrade && !download.keep_lossless && download.format.is_none());
    let matching = &config.matching;
    assert_eq!(
        (matching.accept, matching.duration_tolerance),
        (0.8, seconds(3))
    );
    let limits = &config.limits;
    assert_eq!(
        [
            limits.search_timeout,
            limits.download_stall,
            limits.queue_wait
        ],
        [seconds(60), seconds(60), seconds(90)]
    );
    assert_eq!(
        [limits.follow_stall, limits.connect_check_timeout],
        [seconds(180), seconds(15)]
    );
    assert_eq!(limits.plugin_memory, None);
    assert_eq!(limits.max_playlist_bytes, 256 << 20);
    assert_eq!(limits.max_playlist_rows, 1_000_000);
    assert_eq!(config.state, scene.path(".musicdl"));
    assert!(config.warnings.is_empty());
}

#[test]
fn every_key_of_the_file_arrives() {
    let scene = Scene::with_config(
        "
version: 1.10
library:
  path: ~/Music
  cover_file: false
  layout: {album: 'a{title}', single: 'b{title}', playlist: 'c{title}', playlist_single: 'd{title}', m3u: 'e{playlist}'}
download: {threads: 1, overwrite: metadata, upgrade: true, retries: 0, max_wait: 5m, quality: [flac 24/96, mp3 320], min_quality: mp3 192, max_quality: flac 24/192, search: best, search_cache: 1h, extra_files: keep, publish: tracks, keep_lossless: true}
tags: {id3: 2.3, cover: none, cover_max_size: 600, cover_max_bytes: 100KiB, lyrics: file, source_comment: true, replaygain: album}
ffmpeg_path: bin/ffmpeg
matching: {accept: 1, duration_tolerance: 500ms, aliases: {Ann: Wren}}
plugins: [./plugins, /opt/plugins]
state: ../state
limits: {search_timeout: 1s, download_stall: 2s, queue_wait: 4s, follow_stall: 5s, connect_check_timeout: 3s, plugin_memory: 128MiB, max_playlist_bytes: 1KiB, max_playlist_rows: 9}
",
    )
    .env("HOME", "/home/ann");
    let config = scene.load();
    assert_eq!(config.version, "1.10");
    assert_eq!(config.library.path, Path::new("/home/ann/Music"));
    assert!(!config.library.cover_file);
    let layout = &config.library.layout;
    let templates = [
        &layout.album,
        &layout.single,
        &layout.playlist,
        &layout.playlist_single,
        &layout.m3u,
    ];
    assert_eq!(
        templates,
        [
            "a{title}",
            "b{title}",
            "c{title}",
            "d{title}",
            "e{playlist}"
        ]
    );
    let seconds = Duration::from_secs;
    assert_eq!(
        config.download,
        DownloadConfig {
            jobs: 1,
            overwrite: Overwrite::Metadata,
            upgrade: true,
            retries: 0,
            max_wait: seconds(300),
            quality: QualityPreference {
                targets: [
                    target("flac 24/96"),
                    target("mp3 320"),
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                ],
                floor: target("mp3 192"),
                ceiling: target("flac 24/192"),
            },
            search: SearchOrder::Best,
            search_cache: seconds(3600),
            extra_files: ExtraFiles::Keep,
            publish: Publish::Tracks,
            format: None,
            keep_lossless: true,
        }
    );
    assert_eq!(
        config.tags,
        TagsConfig {
            id3: Id3Version::V23,
            cover: false,
            cover_max_size: Some(600),
            cover_max_bytes: Some(100 * 1024),
            lyrics: LyricsPlace::Beside,
            source_comment: true,
            replaygain: ReplayGain::Album,
        }
    );
    assert_eq!(config.ffmpeg_path, Some(scene.path("bin/ffmpeg")));
    assert_eq!(
        config.matching,
        MatchingConfig {
            accept: 1.0,
            duration_tolerance: Duration::from_millis(500),
            aliases: Aliases::of(&[vec!["Ann".to_owned(), "Wren".to_owned()]]),
        }
    );
    assert_eq!(
        config.plugins,
        [scene.path("plugins"), "/opt/plugins".into()]
    );
    assert_eq!(config.state, scene.path("../state"));
    assert_eq!(
        config.limits,
        LimitsConfig {
            search_timeout: seconds(1),
            download_stall: seconds(2),
            queue_wait: seconds(4),
            follow_stall: seconds(5),
            connect_check_timeout: seconds(3),
            plugin_memory: Some(128 * 1024 * 1024),
            max_playlist_bytes: 1024,
            max_playlist_rows: 9,
        }
    );
}

#[test]
fn a_flag_beats_the_environment_and_the_environment_the_file() {
    let mut scene = Scene::with_config(
        "library: {path: from-file}\nstate: from-file\nplugins: [from-file]\ndownload: {jobs: 2}\n",
    );
    let found = |scene: &Scene| {
        let config = scene.load();
        let paths = [&config.library.path, &config.state, &config.plugins[0]]
            .map(|path| scene.relative(path).to_owned());
        (paths, config.plugins.len(), config.download.jobs)
    };
    let all = |name: &str| [name, name, name].map(str::to_owned);
    assert_eq!(found(&scene), (all("from-file"), 1, 2));
    scene = scene
        .env("MUSICDL_LIBRARY", "from-env")
        .env("MUSICDL_STATE", "./from-env")
        .env("MUSICDL_PLUGINS", "from-env::/opt/plugins")
        .env("MUSICDL_JOBS", "3");
    assert_eq!(found(&scene), (all("from-env"), 2, 3));
    scene.inputs.flags = Flags {
        library: Some("from-flag".into()),
        state: Some("from-flag".into()),
        plugins: vec!["from-flag".into()],
        jobs: Some(4),
        playlists: Vec::new(),
    };
    assert_eq!(found(&scene), (all("from-flag"), 1, 4));
}

#[test]
fn paths_of_the_file_are_relative_to_it_and_others_to_the_current_directory() {
    let mut scene = Scene::bare();
    std::fs::create_dir(scene.path("etc")).unwrap();
    let yaml = "library: {path: music}\nplaylists: [./x.csv]\n";
    std::fs::write(scene.path("etc/my.yaml"), yaml).unwrap();
    scene = scene.env("MUSICDL_CONFIG", "etc/my.yaml");
    scene.inputs.flags.plugins = vec!["plugins".into()];
    let config = scene.load();
    assert_eq!(config.file.as_deref(), Some(&*scene.path("etc/my.yaml")));
    assert_eq!(config.library.path, scene.path("etc/music"));
    assert_eq!(config.state, scene.path("etc/.musicdl"));
    assert_eq!(config.plugins, [scene.path("plugins")]);
    let expected = WantedInput::File(scene.path("etc/x.csv"));
    assert_eq!(config.wanted[0].input, expected);
}

#[test]
fn the_config_is_found_by_flag_then_variable_then_its_usual_names() {
    let scene = Scene::bare();
    let write = |name: &str| {
        let yaml = format!("version: {name}\nlibrary: {{path: music}}\n");
        std::fs::write(scene.path(name), yaml).unwrap();
    };
    let version = |inputs: &Inputs| load(inputs).unwrap().version;
    let mut inputs = scene.inputs.clone();
    write("musicdl.yml");
    assert_eq!(version(&inputs), "musicdl.yml");
    write("musicdl.yaml");
    assert_eq!(version(&inputs), "musicdl.yaml");
    write("variable");
    inputs.env = vec![("MUSICDL_CONFIG".to_owned(), "variable".to_owned())];
    assert_eq!(version(&inputs), "variable");
    write("flag");
    inputs.file = Some("flag".into());
    assert_eq!(version(&inputs), "flag");
}

#[test]
fn a_playlist_on_the_command_line_needs_no_config_but_a_library() {
    let mut scene = Scene::with_config("not a config");
    scene.inputs.flags.playlists = vec!["x.csv".into()];
    assert_eq!(
        scene.refusal(),
        "nobody said where the music goes\n\
         hint: set `library.path` in the config, or MUSICDL_LIBRARY, or give --library DIR"
    );
    scene.inputs.flags.library = Some("music".into());
    let config = scene.load();
    assert_eq!(config.file, None);
    assert_eq!(config.state, scene.path(".musicdl"));
    assert_eq!(config.wanted.len(), 1);
}

#[test]
fn without_a_config_a_run_is_refused_and_an_inspection_is_not() {
    let scene = Scene::bare();
    assert_eq!(
        scene.refusal(),
        "there is no musicdl.yaml in DIR\n\
         hint: write one, name another by --config FILE, or do without: --playlist FILE --library DIR"
    );
    let config = load_without_library(&scene.inputs).unwrap();
    assert_eq!((config.file, config.wanted), (None, vec![]));
    let broken = Scene::with_config("download: {jobs: 0}");
    assert!(load_without_library(&broken.inputs).is_err());
}

#[test]
fn bad_values_of_environment_and_flags_name_where_they_were_said() {
    let mut scene = Scene::with_library("")
        .env("MUSICDL_JOBS", "many")
        .env("MUSICDL_STATE", "~bob/state");
    assert_eq!(
        scene.refusal(),
        "\
MUSICDL_STATE: `state` is `~bob/state`; it must be a path; only `~/` stands for a home directory
hint: write the path in full, or `./~name` for a file of that name
MUSICDL_JOBS: `download.jobs` is `many`; it must be a whole number from 1 to 64"
    );
    scene.inputs.env.clear();
    scene.inputs.flags.jobs = Some(0);
    scene.inputs.flags.library = Some("".into());
    assert_eq!(
        scene.refusal(),
        "\
--library: `library.path` is ``; it must be a path
--jobs: `download.jobs` is `0`; it must be a whole number from 1 to 64"
    );
}

#[test]
fn an_unknown_variable_of_ours_is_warned_of_and_an_empty_one_counts_as_not_set() {
    let scene = Scene::with_library("")
        .env("MUSICDL_LIBARY", "/elsewhere")
        .env("MUSICDL_FOO", "1")
        .env("MUSICDL_STATE", "")
        .env("MUSICDL_SOURCES_FOLDER_PATHS", "/mine")
        .env("OTHER_LIBRARY", "x");
    let config = scene.load();
    assert_eq!(
        config.warnings,
        [
            "the environment variable MUSICDL_LIBARY is unknown and was ignored; did you mean MUSICDL_LIBRARY?",
            "the environment variable MUSICDL_FOO is unknown and was ignored",
        ]
    );
    assert_eq!(config.state, scene.path(".musicdl"));
}

#[test]
fn every_key_of_the_network_arrives() {
    let scene = Scene::with_library(
        "network: {proxy: 'http://ann:hunter2@proxy:3128', ca_file: ./company.pem, user_agent: me/1, \
         allow_hosts: [NAS.lan, 192.168.1.4], connect_timeout: 1s, first_byte_timeout: 2s, stall_timeout: 3s}",
    );
    let network = scene.load().network;
    assert!(!format!("{network:?}").contains("hunter2"));
    let ProxyChoice::Url(proxy) = network.proxy else {
        panic!("{:?}", network.proxy);
    };
    assert_eq!(proxy.expose(), "http://ann:hunter2@proxy:3128");
    assert_eq!(network.ca_file, Some(scene.path("company.pem")));
    assert_eq!(network.user_agent.as_deref(), Some("me/1"));
    assert_eq!(network.allow_hosts, ["nas.lan", "192.168.1.4"]);
    let limits = [
        network.connect_timeout,
        network.first_byte_timeout,
        network.stall_timeout,
    ];
    assert_eq!(limits, [1, 2, 3].map(Duration::from_secs));
}
