//! Processes that do not behave: shell scripts in yt-dlp's place, because the real one does
//! none of this on request. What the real one does is in the tests of the sources.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

const READY: &str = r#"echo '{"ready": {"version": "2026.10.26"}}'"#;

struct Stand {
    dir: TempDir,
}

impl Stand {
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let program = dir.path().join("yt-dlp");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("the directory is ours");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        Self { dir }
    }

    fn start(&self, patience: &Patience<'_>) -> Result<Process, Broken> {
        let mut command = Command::new(self.dir.path().join("yt-dlp"));
        command.current_dir(self.dir.path());
        Process::start(command, &self.log(), Vec::new(), patience)
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// What the script and its children wrote of their ids is not a process any more.
    fn assert_nobody_is_left(&self) {
        let ids = fs::read_to_string(self.dir.path().join("ids")).unwrap_or_default();
        for id in ids.split_whitespace() {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            // Nobody may have waited for an orphan yet: a zombie does nothing more.
            let over = stat.is_empty() || stat.contains(") Z ");
            assert!(over, "{id} is still there: {stat}");
        }
    }
}

const TAKES_ITS_TIME: Duration = Duration::from_secs(30);

fn patience(whole: Duration, silence: Duration) -> Patience<'static> {
    Patience {
        whole,
        silence,
        cancelled: &|| false,
    }
}

fn call(process: &mut Process, patience: &Patience<'_>) -> Result<Reply, Broken> {
    process.call(&Call::Tools, patience, &mut |_| {})
}

#[test]
fn one_that_hangs_at_its_start_is_ended() {
    let stand = Stand::new("echo $$ > ids; sleep 600");
    let short = Duration::from_millis(300);
    let broken = stand.start(&patience(short, TAKES_ITS_TIME)).err();
    assert!(matches!(broken, Some(Broken::Overdue(_))), "{broken:?}");
    stand.assert_nobody_is_left();
    assert!(!stand.log().exists(), "its messages go with it");
}

#[test]
fn one_that_ends_says_how_and_its_last_words() {
    for (script, code, words) in [
        ("exit 0", Some(0), ""),
        (
            "echo 'no such option: --x' >&2; exit 2",
            Some(2),
            "no such option",
        ),
        ("kill -9 $$", None, ""),
    ] {
        let stand = Stand::new(script);
        let patience = patience(TAKES_ITS_TIME, TAKES_ITS_TIME);
        match stand.start(&patience).err() {
            Some(Broken::Ended { status, said }) => {
                assert_eq!(status.and_then(|status| status.code()), code, "{script}");
                assert!(said.contains(words), "{script}: {said}");
            }
            other => panic!("{script}: {other:?}"),
        }
    }
}

#[test]
fn an_answer_that_is_none_is_not_understood() {
    for answer in [
        "echo null",
        "echo",
        r#"printf '{"done": {"hits": ['"#,
        r#"echo '{"done": {"hits": [}'"#,
        r#"printf '\377\376\n'"#,
        "head -c 9000000 /dev/zero",
    ] {
        let stand = Stand::new(&format!("{READY}; read call; {answer}"));
        let patience = patience(TAKES_ITS_TIME, TAKES_ITS_TIME);
        let mut process = stand.start(&patience).unwrap();
        let broken = call(&mut process, &patience).err();
        assert!(
            matches!(broken, Some(Broken::Nonsense(_))),
            "{answer}: {broken:?}"
        );
    }
}

#[test]
fn one_that_falls_silent_is_ended_and_one_that_goes_on_is_not() {
    let short = Duration::from_millis(400);
    let talk = r#"echo '{"progress": {"done": 1, "total": 2}}'; sleep 0.2;"#;
    for (script, stalls) in [
        (format!("{talk} sleep 600"), true),
        (
            format!("{talk}{talk}{talk}{talk} echo '{{\"done\": 1}}'; read more"),
            false,
        ),
    ] {
        let stand = Stand::new(&format!("{READY}; read call; {script}"));
        let mut process = stand
            .start(&patience(TAKES_ITS_TIME, TAKES_ITS_TIME))
            .unwrap();
        let heard = call(&mut process, &patience(TAKES_ITS_TIME, short));
        assert_eq!(
            matches!(heard, Err(Broken::Stalled(_))),
            stalls,
            "{heard:?}"
        );
    }
}

#[test]
fn one_that_minds_no_signal_is_ended_with_its_children() {
    let stand = Stand::new(&format!(
        "trap '' INT TERM HUP; {READY}; read call; sleep 600 & echo $$ $! > ids; \
         echo '{{\"state\": \"converting\"}}'; while true; do sleep 600; done"
    ));
    let mut process = stand
        .start(&patience(TAKES_ITS_TIME, TAKES_ITS_TIME))
        .unwrap();
    let heard = std::cell::Cell::new(false);
    let patience = Patience {
        cancelled: &|| heard.get(),
        ..patience(TAKES_ITS_TIME, TAKES_ITS_TIME)
    };
    let broken = process.call(&Call::Tools, &patience, &mut |_| heard.set(true));
    assert!(matches!(broken, Err(Broken::Cancelled)), "{broken:?}");
    stand.assert_nobody_is_left();
}

#[test]
fn a_child_that_outlives_it_is_ended_with_it() {
    let stand = Stand::new(&format!(
        "{READY}; read call; sleep 600 >/dev/null & echo $! > ids; exit 0"
    ));
    let patience = patience(TAKES_ITS_TIME, TAKES_ITS_TIME);
    let mut process = stand.start(&patience).unwrap();
    let broken = call(&mut process, &patience).err();
    assert!(matches!(broken, Some(Broken::Ended { .. })), "{broken:?}");
    stand.assert_nobody_is_left();
}

#[test]
fn of_many_messages_the_end_is_kept() {
    let stand = Stand::new("yes WARNING | head -c 300000 >&2; echo 'ERROR: last' >&2; exit 1");
    match stand.start(&patience(TAKES_ITS_TIME, TAKES_ITS_TIME)).err() {
        Some(Broken::Ended { said, .. }) => {
            assert!(said.ends_with("ERROR: last\n"), "{said}");
            assert_eq!(said.len() as u64, TAIL);
        }
        other => panic!("{other:?}"),
    }
}
