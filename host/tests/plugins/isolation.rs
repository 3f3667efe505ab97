//! Whatever a plugin does to its process: the call is answered, the answer names plugin and
//! cause, another plugin does not notice, and nothing of the process stays behind.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use musicdl::plugin::{Isolation, ProcessOptions, load_in_process};
use musicdl_plugin_api::extra::DROP_SOURCE;
use musicdl_plugin_api::{
    Connection, Download, DownloadRequest, ErrorKind, Progress, Query, Settings, Source,
    SourceError, extra_value,
};

use crate::desk::{Desk, Listener, Said};
use crate::{Plugins, built, bytes, full, processes, rogue_slot, setting, source_of};

const MS: Duration = Duration::from_millis(1);
/// Promises A4: nothing of a plugin outlives its host, or its own process, any longer.
const GONE_WITHIN: Duration = Duration::from_secs(3);

fn source(
    library: &Path,
    settings: Settings,
    options: ProcessOptions,
) -> (Arc<dyn Source>, Arc<Desk>) {
    let library = load_in_process(library, &Arc::new(options)).unwrap();
    source_of(&library, settings)
}

fn rogue(misdeed: &str, options: ProcessOptions) -> (Arc<dyn Source>, Arc<Desk>) {
    source(&built("rogue"), setting("misdeed", misdeed), options)
}

fn echo() -> Arc<dyn Source> {
    source(&built("echo"), Settings::default(), processes()).0
}

fn search(source: &Arc<dyn Source>) -> Result<Vec<musicdl_plugin_api::Hit>, SourceError> {
    source.search_raw(&full::query())
}

fn download(dir: &Path) -> DownloadRequest {
    DownloadRequest {
        target_id: "wanted".to_owned(),
        dest_dir: dir.to_owned(),
        ..DownloadRequest::default()
    }
}

fn listener() -> (Arc<Listener>, Progress, Receiver<Said>) {
    let (listener, heard) = Listener::new();
    let listener = Arc::new(listener);
    (listener.clone(), Progress::new(listener), heard)
}

/// A pipe that says when the last process that holds it is gone.
struct Witness {
    path: PathBuf,
    gone: Receiver<()>,
    _dir: tempfile::TempDir,
}

impl Witness {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("witness");
        let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, mode, 0).unwrap();
        let (say, gone) = channel();
        let pipe = path.clone();
        thread::spawn(move || {
            // Opens when the first process does, ends when the last one has ended.
            let ended = File::open(pipe).and_then(|mut pipe| pipe.read_to_end(&mut Vec::new()));
            drop(ended.map(|_| say.send(())));
        });
        Self {
            path,
            gone,
            _dir: dir,
        }
    }

    fn settings(&self, misdeed: &str) -> Settings {
        let path = self.path.to_str().unwrap();
        Settings::from_pairs([("misdeed", [misdeed]), ("witness", [path])])
    }

    fn is_gone(&self) -> bool {
        self.gone.recv_timeout(GONE_WITHIN).is_ok()
    }
}

#[test]
fn a_process_that_ends_costs_its_call_and_the_answer_says_whose_it_was_and_how() {
    let echo = echo();
    for (how, told) in [
        ("abort", "was ended by signal 6 (SIGABRT)"),
        ("segfault", "was ended by signal 11 (SIGSEGV)"),
        ("overflow", "was ended by signal 6 (SIGABRT)"),
        ("exit", "ended by itself with exit code 0"),
        ("close", "was ended by signal 9 (SIGKILL)"),
        ("half", "was ended by signal 6 (SIGABRT)"),
        ("fork", "was ended by signal 6 (SIGABRT)"),
        (
            "nonsense",
            "was killed, because it sent invalid data: a message of ",
        ),
        (
            "huge",
            "was killed, because it sent invalid data: a message of ",
        ),
        (
            "foreigners",
            "was killed, because it sent invalid data: 1001 unrequested replies",
        ),
    ] {
        let (rogue, _) = rogue(&format!("search_raw:{how}"), processes());
        let error = search(&rogue).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal, "{how}");
        let expected = format!("the process of `rogue` {told}");
        assert!(error.message.starts_with(&expected), "{how}: {error}");
        assert_eq!(search(&echo).unwrap().len(), 2, "{how}");
        assert!(rogue.is_configured(), "{how}: it was started again");
    }
}

#[test]
fn a_call_that_does_not_return_is_ended_at_its_deadline_and_may_be_tried_again() {
    for how in ["hang", "loop"] {
        let options = ProcessOptions {
            search: 300 * MS,
            check_connection: 200 * MS,
            ..processes()
        };
        for (call, deadline) in [("search_raw", "300ms"), ("check_connection", "200ms")] {
            let (rogue, _) = rogue(&format!("{call}:{how}"), options.clone());
            let error = match call {
                "search_raw" => search(&rogue).map(drop),
                _ => rogue.check_connection().map(drop),
            };
            let error = error.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Transient);
            let expected = format!(
                "the process of `rogue` was killed, because `{call}` had no answer within {deadline}"
            );
            assert!(error.message.starts_with(&expected), "{error}");
            assert!(rogue.is_configured());
        }
    }
}

#[test]
fn a_source_that_hangs_when_asked_for_its_settings_is_not_configured() {
    let options = ProcessOptions {
        is_configured: 200 * MS,
        ..processes()
    };
    let (rogue, _) = rogue("is_configured:hang", options);
    assert!(!rogue.is_configured());
    assert_eq!(search(&rogue), Ok(Vec::new()));
}

#[test]
fn the_last_words_of_a_process_are_in_the_report_without_what_commands_a_terminal() {
    let (rogue, _) = rogue("search_raw:last words", processes());
    let error = search(&rogue).unwrap_err().message;
    assert!(
        error.ends_with("; the last it printed: out of \\u{1b}[31mcheese"),
        "{error}"
    );
}

#[test]
fn after_three_deaths_in_a_minute_a_plugin_is_left_out_of_the_run() {
    let (rogue, _) = rogue("search_raw:abort", processes());
    for _ in 0..3 {
        let error = search(&rogue).unwrap_err();
        assert_eq!(extra_value(&error.extra, DROP_SOURCE), None, "{error}");
    }
    for _ in 0..2 {
        let error = search(&rogue).unwrap_err();
        assert_eq!(extra_value(&error.extra, DROP_SOURCE), Some("yes"));
        assert_eq!(
            error.message,
            "`rogue` is left out of this run: its process ended 3 times within 60 s; the last \
             one was ended by signal 6 (SIGABRT)"
        );
    }
    assert!(!rogue.is_configured());
}

#[test]
fn a_death_costs_every_call_that_was_in_the_process_and_none_that_was_elsewhere() {
    let (rogue, _) = rogue("search_raw:abort", processes());
    let echo = echo();
    let dir = tempfile::tempdir().unwrap();
    let wait = DownloadRequest {
        target_id: "wait".to_owned(),
        ..download(dir.path())
    };
    let (_listener, progress, heard) = listener();
    let (elsewhere, other_progress, heard_elsewhere) = listener();
    thread::scope(|scope| {
        let lost = scope.spawn(|| rogue.download_raw(&wait, &progress));
        let kept = scope.spawn(|| echo.download_raw(&wait, &other_progress));
        heard.recv().unwrap();
        heard_elsewhere.recv().unwrap();
        search(&rogue).unwrap_err();

        let error = lost.join().unwrap().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        assert!(error.message.contains("signal 6 (SIGABRT)"), "{error}");
        assert!(!kept.is_finished());
        elsewhere.cancelled.store(true, Ordering::SeqCst);
        let error = kept.join().unwrap().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_library_that_kills_hangs_or_leaves_while_it_is_loaded_is_refused_by_name() {
    let plugins = Plugins::new();
    plugins
        .add("abort", &rogue_slot("init", "nothing", "abort"))
        .add("exit", &rogue_slot("init", "nothing", "exit"))
        .add("hang", &rogue_slot("init", "nothing", "hang"))
        .add("segfault", &rogue_slot("init", "nothing", "segfault"))
        .add("z-good", &bytes("echo"));
    let options = ProcessOptions {
        load: 5_000 * MS,
        ..processes()
    };
    let registry = plugins.open(&Settings::default(), Isolation::Process(Arc::new(options)));
    assert_eq!(registry.sources.len(), 1);
    assert_eq!(registry.sources[0].name.as_str(), "echo");
    let told: Vec<String> = registry
        .refused
        .iter()
        .map(|refusal| refusal.reason.to_string())
        .collect();
    let file = |name: &str| plugins.file(name).file_name().unwrap().to_owned();
    for (told, (name, how)) in told.iter().zip([
        ("abort", "was ended by signal 6 (SIGABRT)"),
        ("exit", "ended by itself with exit code 0"),
        (
            "hang",
            "was killed, because `declaration` had no answer within 5s",
        ),
        ("segfault", "was ended by signal 11 (SIGSEGV)"),
    ]) {
        let file = file(name);
        let expected = format!(
            "it cannot be loaded: the process of `{}` {how}",
            file.to_str().unwrap()
        );
        assert_eq!(*told, expected);
    }
    assert_eq!(told.len(), 4);
}

#[test]
fn a_constructor_that_ends_the_process_refuses_its_own_file() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("rogue")).add("y", &bytes("echo"));
    let isolation = Isolation::Process(Arc::new(processes()));
    let registry = plugins.open(&setting("misdeed", "create:exit"), isolation);
    assert_eq!(registry.sources.len(), 1);
    assert_eq!(
        registry.refused[0].reason.to_string(),
        "it cannot start: plugin failure: the process of `rogue` ended by itself with exit code 0"
    );
}

#[test]
fn too_many_hits_and_too_long_texts_are_cut() {
    let (many, _) = rogue("search_raw:hits", processes());
    assert_eq!(search(&many).unwrap().len(), 1_000);
    let (long, _) = rogue("search_raw:giants", processes());
    let hits = search(&long).unwrap();
    assert_eq!(hits.len(), 2);
    assert_eq!(hits[0].title, "ü".repeat(2_048));
    assert_eq!(hits[1].artists, vec!["ü".repeat(2_048); 256]);
}

#[test]
fn an_answer_that_is_still_too_large_costs_its_call_only() {
    let (rogue, _) = rogue("search_raw:hoard", processes());
    let error = search(&rogue).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent);
    assert!(
        error
            .message
            .starts_with("cannot be passed on to the host: a message of "),
        "{error}"
    );
    assert!(rogue.is_configured());
}

#[test]
fn unrequested_replies_are_dropped() {
    let (rogue, _) = rogue("search_raw:foreign", processes());
    for _ in 0..3 {
        assert_eq!(search(&rogue), Ok(Vec::new()));
    }
}

#[test]
fn what_a_plugin_prints_is_logged_in_part_without_what_commands_a_terminal() {
    let (rogue, desk) = rogue("search_raw:print", processes());
    assert_eq!(search(&rogue), Ok(Vec::new()));
    drop(rogue);
    let lines = desk.lines.lock().unwrap();
    assert!((1..1_000).contains(&lines.len()), "{}", lines.len());
    for line in &*lines {
        assert!(line.len() < 1_500, "{}", line.len());
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    assert!(lines[0].contains("\\u{1b}[2J"), "{}", lines[0]);
}

#[test]
fn a_flood_of_log_lines_or_progress_is_thinned_on_its_way() {
    let (chatterer, desk) = rogue("search_raw:chatter", processes());
    search(&chatterer).unwrap();
    let lines = desk.lines.lock().unwrap().len();
    assert!((100..1_500).contains(&lines), "{lines}");

    let (flooder, _) = rogue("download_raw:flood", processes());
    let dir = tempfile::tempdir().unwrap();
    let (listener, progress, heard) = listener();
    flooder
        .download_raw(&download(dir.path()), &progress)
        .unwrap();
    drop((listener, progress, flooder));
    let signs = heard.iter().count();
    assert!((100..1_500).contains(&signs), "{signs}");
}

#[test]
fn a_download_ends_once_however_often_the_plugin_says_so() {
    let (rogue, _) = rogue("download_raw:twice", processes());
    let dir = tempfile::tempdir().unwrap();
    let (listener, progress, heard) = listener();
    let answer = rogue.download_raw(&download(dir.path()), &progress);
    assert_eq!(answer, Ok(Download::Following));
    drop((listener, progress, rogue));
    let heard: Vec<Said> = heard.iter().collect();
    assert!(matches!(&heard[..], [Said::Finished(files)] if files.files[0].path == Path::new("0")));
}

#[test]
fn a_followed_download_that_the_plugin_lets_go_of_has_failed() {
    let (rogue, _) = rogue("download_raw:forgets", processes());
    let dir = tempfile::tempdir().unwrap();
    let (_listener, progress, heard) = listener();
    let answer = rogue.download_raw(&download(dir.path()), &progress);
    assert_eq!(answer, Ok(Download::Following));
    let Said::Failed(error) = heard.recv().unwrap() else {
        panic!("it cannot go on");
    };
    assert_eq!(error.kind, ErrorKind::Internal);
}

#[test]
fn a_followed_download_fails_when_its_process_ends() {
    let (rogue, _) = rogue("download_raw:follow", processes());
    let dir = tempfile::tempdir().unwrap();
    let (_listener, progress, heard) = listener();
    let answer = rogue.download_raw(&download(dir.path()), &progress);
    assert_eq!(answer, Ok(Download::Following));
    assert_eq!(heard.recv().unwrap(), Said::State("following".to_owned()));
    // The end of the source ends the process, which still has the download.
    drop(rogue);
    assert!(matches!(heard.recv().unwrap(), Said::Failed(_)));
}

#[test]
fn a_download_that_does_not_hear_its_cancel_is_ended_after_its_grace() {
    let options = ProcessOptions {
        grace: 200 * MS,
        ..processes()
    };
    let (rogue, _) = rogue("download_raw:deaf", options);
    let dir = tempfile::tempdir().unwrap();
    let (listener, progress, heard) = listener();
    let running = {
        let (rogue, request) = (Arc::clone(&rogue), download(dir.path()));
        thread::spawn(move || rogue.download_raw(&request, &progress))
    };
    assert_eq!(
        heard.recv().unwrap(),
        Said::State("not listening".to_owned())
    );
    listener.cancelled.store(true, Ordering::SeqCst);
    let error = running.join().unwrap().unwrap_err();
    assert!(
        error.message.starts_with(
            "the process of `rogue` was killed, because a cancelled download did not return \
             within 200ms"
        ),
        "{error}"
    );
    assert!(rogue.is_configured());
}

#[test]
fn the_host_saves_nothing_outside_of_the_download_for_a_plugin() {
    let elsewhere = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("out")).unwrap();
    for dest in [
        elsewhere.path().join("song.flac"),
        dir.path().join("../song.flac"),
        dir.path().join("out/song.flac"),
        PathBuf::from("/"),
    ] {
        let settings = Settings::from_pairs([
            ("misdeed", ["download_raw:save"]),
            ("witness", [dest.to_str().unwrap()]),
        ]);
        let (rogue, desk) = source(&built("rogue"), settings, processes());
        let error = rogue
            .download_raw(&download(dir.path()), &Progress::ignored())
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent);
        assert!(error.message.contains("nothing is saved there"), "{error}");
        assert!(desk.requests.lock().unwrap().is_empty());
    }
}

#[test]
fn the_children_of_a_process_that_crashed_are_gone_soon_after() {
    let witness = Witness::new();
    let settings = witness.settings("search_raw:orphans");
    let (rogue, _) = source(&built("rogue"), settings, processes());
    assert!(search(&rogue).is_err());
    assert!(witness.is_gone());
}

#[test]
fn the_children_of_a_process_that_is_no_longer_needed_are_gone_soon_after() {
    let witness = Witness::new();
    let settings = witness.settings("search_raw:children");
    let (rogue, _) = source(&built("rogue"), settings, processes());
    search(&rogue).unwrap();
    assert!(
        witness.gone.try_recv().is_err(),
        "they live with the plugin"
    );
    drop(rogue);
    assert!(witness.is_gone());
}

#[test]
fn a_process_without_work_is_stopped_and_the_next_call_starts_another() {
    let witness = Witness::new();
    let options = ProcessOptions {
        idle_stop: 100 * MS,
        ..processes()
    };
    let settings = witness.settings("hold:the witness");
    let (rogue, _) = source(&built("rogue"), settings, options);
    assert!(rogue.is_configured());
    assert!(witness.is_gone());
    // Another witness reads the same pipe for the next process.
    let again = {
        let pipe = witness.path.clone();
        thread::spawn(move || File::open(pipe).unwrap())
    };
    assert_eq!(search(&rogue), Ok(Vec::new()));
    drop(again.join().unwrap());
}

#[test]
fn a_library_that_was_replaced_is_started_again_as_what_it_was() {
    let plugins = Plugins::new();
    plugins.add("x", &bytes("rogue"));
    let (rogue, _) = source(
        &plugins.file("x"),
        setting("misdeed", "search_raw:abort"),
        processes(),
    );
    fs::remove_file(plugins.file("x")).unwrap();
    plugins.add("x", &rogue_slot("version", "0.1.0", "9.9.9"));
    search(&rogue).unwrap_err();
    assert_eq!(rogue.check_connection(), Ok(Connection::default()));
}

#[test]
fn a_source_in_a_process_answers_many_calls_at_once() {
    let echo = echo();
    let dir = tempfile::tempdir().unwrap();
    let (listener, progress, heard) = listener();
    let waiting = {
        let request = DownloadRequest {
            target_id: "wait".to_owned(),
            ..download(dir.path())
        };
        let echo = Arc::clone(&echo);
        thread::spawn(move || echo.download_raw(&request, &progress))
    };
    heard.recv().unwrap();
    for _ in 0..100 {
        assert_eq!(echo.search_raw(&Query::default()).unwrap().len(), 2);
    }
    listener.cancelled.store(true, Ordering::SeqCst);
    assert!(waiting.join().unwrap().is_err());
}

#[test]
fn what_musicdl_starts_itself_as_is_nothing_to_start_by_hand() {
    let library = built("echo");
    let library = library.to_str().unwrap();
    for arguments in [
        &["plugin-host", library][..],
        &["ffmpeg-host", "1", "echo", "begun"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_musicdl"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("is a part of musicdl that it starts itself"),
            "{said}"
        );
        let help = Command::new(env!("CARGO_BIN_EXE_musicdl"))
            .arg("--help")
            .output();
        let help = String::from_utf8(help.unwrap().stdout).unwrap();
        assert!(!help.contains(arguments[0]), "{help}");
    }
}
