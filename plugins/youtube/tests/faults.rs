//! Whatever yt-dlp may say or do, said and done by the real one: its extractors are replaced
//! by those of `packages/loopfake`, which ask the test.

mod site;

use std::fs;
use std::path::Path;
use std::time::Duration;

use musicdl_plugin_api::testing::{Answer, ProgressRecord, TestHost};
use musicdl_plugin_api::{ErrorKind, Plugin, Progress, Settings, Source, extra, extra_value};
use musicdl_youtube::YoutubeSource;
use serde_json::{Value, json};

use site::support::{Internet, Kind, audio, part_of, ytdlp};
use site::{fetch, wanted};

/// A video with one audio file at `path` of the site.
fn video(path: &str) -> Value {
    json!({"id": "bluebird_-1", "title": "Bluebird", "duration": 8, "formats": [{
        "format_id": "251", "ext": "webm", "acodec": "opus", "vcodec": "none",
        "url": format!("https://loop.test{path}")}]})
}

/// A site where every video is what `about` says of its id.
fn loop_site(about: impl Fn(&str) -> Value + Send + Sync + 'static) -> Internet {
    let webm = audio(Kind::WebmOpus);
    let served = std::sync::atomic::AtomicU32::new(0);
    Internet::start(move |request| match request.path.as_str() {
        "/search" => Answer::json(about(&request.param("q").unwrap_or_default()).to_string()),
        "/good" => part_of(&webm, request),
        "/empty" => Answer::ok(""),
        "/forbidden" => Answer::status(403),
        "/failing" => Answer::status(503),
        // Breaks off each time, and knows no ranges.
        "/breaks" => Answer::ok(webm.clone()).cut_after(webm.len() / 2),
        "/breaks-once" => {
            let first = served.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            if first {
                Answer::ok(webm.clone()).cut_after(webm.len() / 2)
            } else {
                part_of(&webm, request)
            }
        }
        path => match path.strip_prefix("/video/") {
            Some(id) => Answer::json(about(id).to_string()),
            None => Answer::status(404),
        },
    })
}

/// The arguments that bring the package of the tests in, and more.
fn arguments(more: &[&str]) -> Vec<String> {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages");
    let packages = packages.display().to_string();
    let ours = [
        "--plugin-dirs",
        &packages,
        "--use-extractors",
        "-youtube.*,loop:.*",
    ];
    // A test does not wait as long as a user would.
    let all = ours.iter().chain(&["--retry-sleep", "http:0"]).chain(more);
    all.map(|&word| word.to_owned()).collect()
}

fn settings(internet: &Internet, more: &[(&str, &str)]) -> Settings {
    let one = |text: &str| vec![text.to_owned()];
    let mut pairs = vec![
        ("search", one("videos")),
        ("ytdlp_path", one(&ytdlp().display().to_string())),
        ("proxy", one(&internet.proxy())),
        ("ca_file", one(&internet.authority().display().to_string())),
        ("extra_args", arguments(&[])),
    ];
    pairs.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    pairs.extend(more.iter().map(|(key, value)| (*key, one(value))));
    Settings::from_pairs(pairs)
}

fn source(internet: &Internet, kit: &TestHost) -> YoutubeSource {
    YoutubeSource::create(settings(internet, &[]), kit.host()).expect("the settings can be meant")
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).expect("the directory is there").count() == 0
}

#[test]
fn every_error_text_becomes_a_kind_and_leaves_nothing() {
    use ErrorKind::{Auth, NotFound, Permanent, RateLimited, Transient, Unsupported};
    let texts = [
        ("HTTP Error 429: Too Many Requests", RateLimited),
        (
            "This content isn't available. The session has been rate-limited by YouTube",
            RateLimited,
        ),
        (
            "Sign in to confirm your age. This video may be inappropriate",
            Permanent,
        ),
        (
            "Private video. Sign in if you've been granted access",
            Permanent,
        ),
        (
            "Join this channel to get access to members-only content",
            Permanent,
        ),
        ("Video unavailable", NotFound),
        ("This video has been removed by the uploader", NotFound),
        (
            "The uploader has not made this video available in your country",
            Unsupported,
        ),
        ("Premieres in 3 hours", NotFound),
        ("This live event will begin in 2 days.", NotFound),
        ("This video is DRM protected", Unsupported),
        ("HTTP Error 503: Service Unavailable", Transient),
        ("[Errno 111] Connection refused", Transient),
        ("Unable to extract initial data", Unsupported),
        ("something nobody has seen", Permanent),
        ("Sign in to confirm you\u{2019}re not a bot", Auth),
    ];
    let internet = loop_site(move |id| {
        let at: usize = id.trim_start_matches('x').parse().unwrap_or(0);
        json!({ "error": texts[at].0 })
    });
    let kit = TestHost::new();
    let source = source(&internet, &kit);
    for (at, (text, kind)) in texts.into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let error = fetch(
            &source,
            &format!("{at:x>11}"),
            dir.path(),
            &Progress::ignored(),
        );
        let error = error.unwrap_err();
        assert_eq!(error.kind, kind, "{text}: {error}");
        assert!(
            error.message.starts_with("YouTube, fetching the file: "),
            "{error}"
        );
        assert!(is_empty(dir.path()), "{text}");
    }
    assert_eq!(source.processes_started(), 1, "an error ends no process");
}

#[test]
fn too_many_requests_wait_twice_as_long_each_time() {
    let internet = loop_site(|_| json!({"error": "HTTP Error 429: Too Many Requests"}));
    let kit = TestHost::new();
    let source = source(&internet, &kit);
    for seconds in [60, 120, 240] {
        let error = source.search_raw(&wanted("Ann", "Bluebird")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::RateLimited, "{error}");
        assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)));
    }
}

#[test]
fn entries_that_are_null_live_or_without_an_id_are_left_out() {
    let internet = loop_site(|_| {
        json!({"entries": [
            null,
            {"id": "running_now", "title": "Bluebird", "live_status": "is_live"},
            {"id": "for_payers_", "title": "Bluebird", "availability": "premium_only"},
            {"id": "no_title___"},
            {"id": "short", "title": "Bluebird"},
            {"id": "good_one_-1", "title": "Bluebird", "channel": "Ann", "duration": 8.25},
            {"id": "good_one_-2", "title": "Bluebird", "channel": "Ann", "duration": null},
        ]})
    });
    let kit = TestHost::new();
    let hits = source(&internet, &kit)
        .search_raw(&wanted("Ann", "Bluebird"))
        .unwrap();
    let found: Vec<_> = hits
        .iter()
        .map(|hit| (&*hit.target_id, hit.duration_ms))
        .collect();
    assert_eq!(found, [("good_one_-1", Some(8_250)), ("good_one_-2", None)]);
}

#[test]
fn data_that_is_refused_is_tried_again_and_then_said_to_want_an_update() {
    let internet = loop_site(|asked| match asked {
        "Ann Bluebird" => json!({"entries": []}),
        _ => video("/forbidden"),
    });
    let kit = TestHost::new();
    let source = source(&internet, &kit);
    let dir = tempfile::tempdir().unwrap();
    let first = fetch(&source, "bluebird_-1", dir.path(), &Progress::ignored()).unwrap_err();
    assert_eq!(first.kind, ErrorKind::Transient, "{first}");
    // That a search works says nothing of the data.
    source.search_raw(&wanted("Ann", "Bluebird")).unwrap();
    let second = fetch(&source, "bluebird_-1", dir.path(), &Progress::ignored()).unwrap_err();
    assert_eq!(second.kind, ErrorKind::Unsupported, "{second}");
    assert!(second.message.contains("update yt-dlp"), "{second}");
    assert_eq!(
        source.processes_started(),
        2,
        "each try knows nothing of the one before"
    );
    assert!(is_empty(dir.path()));
}

#[test]
fn a_connection_that_breaks_is_mended_where_the_server_can_and_else_transient() {
    for (path, whole) in [
        ("/breaks-once", true),
        ("/breaks", false),
        ("/failing", false),
    ] {
        let internet = loop_site(move |_| video(path));
        let kit = TestHost::new();
        let dir = tempfile::tempdir().unwrap();
        let fetched = fetch(
            &source(&internet, &kit),
            "bluebird_-1",
            dir.path(),
            &Progress::ignored(),
        );
        match fetched {
            Ok(file) => {
                assert!(whole, "{path}");
                let webm = audio(Kind::WebmOpus).len() as u64;
                let length = fs::metadata(file.path).unwrap().len();
                assert!(
                    length.abs_diff(webm) < webm / 10,
                    "{length} of {webm} bytes"
                );
            }
            Err(error) => {
                assert!(!whole, "{path}: {error}");
                assert_eq!(error.kind, ErrorKind::Transient, "{path}: {error}");
                assert!(is_empty(dir.path()), "{path}");
            }
        }
    }
}

#[test]
fn a_success_without_a_file_is_a_failure() {
    let internet = loop_site(|id| match id {
        "live_______" => {
            let mut live = video("/good");
            live["is_live"] = json!(true);
            live
        }
        _ => video("/empty"),
    });
    let kit = TestHost::new();
    let source = source(&internet, &kit);
    for (id, kind) in [
        ("live_______", ErrorKind::NotFound),
        ("empty______", ErrorKind::Transient),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let error = fetch(&source, id, dir.path(), &Progress::ignored()).unwrap_err();
        assert_eq!(error.kind, kind, "{id}: {error}");
        assert!(is_empty(dir.path()), "{id}");
    }
}

#[test]
fn a_file_that_is_left_out_for_its_size_is_not_tried_again() {
    let internet = loop_site(|_| video("/good"));
    let kit = TestHost::new();
    let settings = settings(&internet, &[]);
    let mut pairs: Vec<_> = settings
        .iter()
        .map(|(key, list)| (key, list.to_vec()))
        .collect();
    pairs.retain(|(key, _)| *key != "extra_args");
    pairs.push(("extra_args", arguments(&["--max-filesize", "10k"])));
    let source = YoutubeSource::create(Settings::from_pairs(pairs), kit.host()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(&source, "bluebird_-1", dir.path(), &Progress::ignored()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(is_empty(dir.path()));
}

#[test]
fn a_directory_of_any_name_is_written_to() {
    let internet = loop_site(|_| video("/good"));
    let kit = TestHost::new();
    let source = source(&internet, &kit);
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "two words",
        "100% %(title)s",
        "it's \"quoted\"",
        "ü 夜",
        "-x",
        "new\nline",
    ] {
        let into = dir.path().join(name);
        fs::create_dir(&into).unwrap();
        let file = fetch(&source, "bluebird_-1", &into, &Progress::ignored());
        let file = file.unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert_eq!(file.path, into.join("audio.opus"));
        assert_eq!(fs::read_dir(&into).unwrap().count(), 1, "{name:?}");
    }
}

#[test]
fn a_flood_of_warnings_blocks_nothing() {
    let internet = loop_site(|_| {
        let mut video = video("/good");
        // Some 200 KiB; a pipe holds 64.
        video["warnings"] = json!(2_000);
        video
    });
    let kit = TestHost::new();
    let dir = tempfile::tempdir().unwrap();
    fetch(
        &source(&internet, &kit),
        "bluebird_-1",
        dir.path(),
        &Progress::ignored(),
    )
    .unwrap();
}

#[test]
fn a_missing_ffmpeg_is_found_by_the_check_and_by_a_download() {
    let internet = loop_site(|_| video("/good"));
    let (kit, nothing) = (TestHost::new(), tempfile::tempdir().unwrap());
    let location = nothing.path().display().to_string();
    let settings = settings(&internet, &[("ffmpeg_location", &location)]);
    let source = YoutubeSource::create(settings, kit.host()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for error in [
        source.check_connection().unwrap_err(),
        fetch(&source, "bluebird_-1", dir.path(), &Progress::ignored()).unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::NotConfigured, "{error}");
        assert!(error.message.contains("install ffmpeg"), "{error}");
    }
    assert!(is_empty(dir.path()));
}

#[test]
fn a_disk_that_takes_no_more_stops_the_run() {
    let internet = loop_site(|_| video("/good"));
    let (kit, bin) = (TestHost::new(), tempfile::tempdir().unwrap());
    // No file may grow past 16 KiB; Python ignores the signal and gets the error.
    let script = format!(
        "#!/bin/sh\nulimit -f 32\nexec '{}' \"$@\"\n",
        ytdlp().display()
    );
    let small = executable(&bin.path().join("yt-dlp"), &script);
    let settings = settings(&internet, &[("ytdlp_path", &small)]);
    let source = YoutubeSource::create(settings, kit.host()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(&source, "bluebird_-1", dir.path(), &Progress::ignored()).unwrap_err();
    assert_eq!(
        extra_value(&error.extra, extra::IO_ERROR),
        Some("FileTooLarge"),
        "{error}"
    );
    assert!(is_empty(dir.path()));
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let internet = loop_site(|_| video("/good"));
    let kit = TestHost::new();
    let dir = tempfile::tempdir().unwrap();
    let gone = dir.path().join("gone");
    let error = fetch(
        &source(&internet, &kit),
        "bluebird_-1",
        &gone,
        &Progress::ignored(),
    );
    let error = error.unwrap_err();
    assert!(error.message.contains(&*gone.to_string_lossy()), "{error}");
    assert_eq!(extra_value(&error.extra, extra::IO_ERROR), Some("NotFound"));
}

#[test]
fn the_users_cookies_are_read_and_never_written() {
    let internet = loop_site(|_| video("/good"));
    let (kit, dir) = (TestHost::new(), tempfile::tempdir().unwrap());
    let cookies = dir.path().join("cookies.txt");
    // Not as yt-dlp itself would write it, so that writing it again would show.
    let text = "# Netscape HTTP Cookie File\n\n# mine\n\
        .loop.test\tTRUE\t/\tTRUE\t2147483647\tlogin\thunter2\n";
    fs::write(&cookies, text).unwrap();
    let path = cookies.display().to_string();
    let settings = settings(&internet, &[("cookies_file", &path)]);
    let source = YoutubeSource::create(settings, kit.host()).unwrap();
    let into = tempfile::tempdir().unwrap();
    fetch(&source, "bluebird_-1", into.path(), &Progress::ignored()).unwrap();
    let sent: Vec<_> = internet
        .requests()
        .iter()
        .map(|r| r.header("cookie").map(str::to_owned))
        .collect();
    assert!(sent.contains(&Some("login=hunter2".to_owned())), "{sent:?}");

    let scratch = kit.host().temp_dir().unwrap();
    let copies = || {
        let entries = fs::read_dir(&scratch).unwrap().flatten();
        entries
            .filter(|e| e.file_name().to_string_lossy().starts_with("cookies"))
            .count()
    };
    assert_eq!(copies(), 1);
    drop(source);
    assert_eq!(copies(), 0, "a copy goes with its process");
    assert_eq!(fs::read_to_string(&cookies).unwrap(), text);
}

#[test]
fn what_makes_yt_dlp_refuse_to_start_is_named_with_what_to_do() {
    let internet = loop_site(|_| video("/good"));
    let (kit, dir) = (TestHost::new(), tempfile::tempdir().unwrap());
    let path = |name: &str| dir.path().join(name).display().to_string();
    fs::write(dir.path().join("picture.txt"), "no cookies at all").unwrap();
    fs::write(dir.path().join("not-executable"), "").unwrap();
    let silent = executable(&dir.path().join("silent"), "#!/bin/sh\n");
    let talking = executable(
        &dir.path().join("talking"),
        "#!/bin/sh\necho hello\nsleep 60\n",
    );
    let failing = executable(
        &dir.path().join("failing"),
        "#!/bin/sh\necho 'ERROR: no luck' >&2\nexit 1\n",
    );
    let no_interpreter = executable(&dir.path().join("broken"), "#!/nowhere/python\n");
    for (key, value, words) in [
        ("ytdlp_path", path("missing"), "not an executable file"),
        (
            "ytdlp_path",
            path("not-executable"),
            "not an executable file",
        ),
        ("ytdlp_path", silent, "it said nothing"),
        ("ytdlp_path", talking, "this is not yt-dlp"),
        ("ytdlp_path", failing, "no luck"),
        ("ytdlp_path", no_interpreter, "cannot be started"),
        ("cookies_file", path("missing.txt"), "cannot be used"),
        ("cookies_file", path("picture.txt"), "Netscape format"),
        (
            "extra_args",
            "--no-such-option".to_owned(),
            "no such option: --no-such-option",
        ),
    ] {
        let settings = settings(&internet, &[(key, &value)]);
        let source = YoutubeSource::create(settings, kit.host()).unwrap();
        let error = source.check_connection().unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotConfigured, "{value}: {error}");
        assert!(error.message.contains(words), "{value}: {error}");
        let error = source.search_raw(&wanted("Ann", "Bluebird")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotConfigured, "{value}: {error}");
    }
}

#[test]
fn a_login_of_the_proxy_shows_nowhere() {
    let internet = loop_site(|_| json!({"error": "Video unavailable"}));
    let kit = TestHost::new();
    let proxy = internet.proxy().replace("http://", "http://ann:hunter2@");
    let settings = settings(&internet, &[("proxy", &proxy)]);
    let source = YoutubeSource::create(settings, kit.host()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let record = ProgressRecord::new();
    let error = fetch(&source, "bluebird_-1", dir.path(), &record.progress()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    let scratch = kit.host().temp_dir().unwrap();
    let mut said = format!("{error} {:?}", kit.log());
    for line in site::support::processes_below(&scratch) {
        said.push_str(&line);
    }
    assert!(
        said.contains("musicdl:desk"),
        "the process is there: {said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}

fn executable(path: &Path, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, script).expect("the directory is ours");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    path.display().to_string()
}
