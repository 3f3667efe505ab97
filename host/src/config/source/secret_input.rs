//! Secrets that stand elsewhere: in a file of their own, or with a program that hands them
//! out. Nothing here puts a secret, or a command that may hold one, into a message.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// More than any key; less than what a command can print by mistake.
const MAX_BYTES: u64 = 64 * 1024;

/// How long a command may take, which includes a keyring asking its user nothing.
pub(in crate::config) const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// How often a command without output is asked whether it has ended; std cannot wait with a
/// limit.
const POLL: Duration = Duration::from_millis(5);

/// Why there is no secret; completes "the file ..." or "the command ...".
#[derive(Debug, thiserror::Error)]
pub(in crate::config) enum NoSecret {
    #[error("{path} cannot be read: {error}")]
    Unreadable { path: String, error: io::Error },
    #[error("{path} is no regular file")]
    NotAFile { path: String },
    #[error("the command could not be started: {0}")]
    NotStarted(io::Error),
    #[error("the command ended with {0}")]
    Failed(ExitStatus),
    #[error("the command did not end within {} s and was stopped", .0.as_secs())]
    TooSlow(Duration),
    #[error("what it gave could not be read: {0}")]
    Broken(io::Error),
    #[error("what it gave is larger than {} KiB", MAX_BYTES / 1024)]
    TooLarge,
    #[error("what it gave is not UTF-8 text")]
    NotText,
    #[error("what it gave is empty")]
    Empty,
}

/// The content of a file, without the line end at its end.
pub(in crate::config) fn from_file(path: &Path) -> Result<String, NoSecret> {
    let shown = || path.display().to_string();
    let unreadable = |error| NoSecret::Unreadable {
        path: shown(),
        error,
    };
    let mut options = OpenOptions::new();
    options.read(true);
    {
        use std::os::unix::fs::OpenOptionsExt;
        // So that a FIFO nobody writes to is refused below instead of waited for.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    let file = options.open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(NoSecret::NotAFile { path: shown() });
    }
    text(read_limited(file).map_err(unreadable)?)
}

/// What `sh -c COMMAND` prints, without the line end at its end. The command gets no input,
/// and its complaints are dropped: they may repeat the secret.
pub(in crate::config) fn from_command(
    command: &str,
    directory: &Path,
    limit: Duration,
) -> Result<String, NoSecret> {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    {
        use std::os::unix::process::CommandExt;
        // A group of its own, so that what the shell started can be stopped with it.
        shell.process_group(0);
    }
    let mut child = shell.spawn().map_err(NoSecret::NotStarted)?;
    let output = child.stdout.take().expect("stdout is piped");
    let deadline = Instant::now() + limit;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody listens any more once the limit has passed.
        let _ = sender.send(read_limited(output));
    });
    let Ok(bytes) = receiver.recv_timeout(limit) else {
        stop(&mut child);
        return Err(NoSecret::TooSlow(limit));
    };
    let bytes = bytes.map_err(NoSecret::Broken);
    if matches!(&bytes, Ok(bytes) if bytes.len() as u64 > MAX_BYTES) {
        stop(&mut child);
        return Err(NoSecret::TooLarge);
    }
    // Nearly always it ends with its output; a program may close that and stay, though.
    let status = loop {
        match child.try_wait().map_err(NoSecret::Broken)? {
            Some(status) => break status,
            None if Instant::now() < deadline => std::thread::sleep(POLL),
            None => {
                stop(&mut child);
                return Err(NoSecret::TooSlow(limit));
            }
        }
    };
    if !status.success() {
        return Err(NoSecret::Failed(status));
    }
    text(bytes?)
}

fn read_limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> Result<String, NoSecret> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(NoSecret::TooLarge);
    }
    let text = String::from_utf8(bytes).map_err(|_| NoSecret::NotText)?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(NoSecret::Empty);
    }
    Ok(text.to_owned())
}

/// Kills the shell with everything it started, and waits for it.
fn stop(child: &mut Child) {
    {
        let group = i32::try_from(child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // It may just have ended by itself.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &str) -> Result<String, String> {
        let directory = tempfile::tempdir().unwrap();
        from_command(command, directory.path(), COMMAND_LIMIT).map_err(|e| e.to_string())
    }

    #[test]
    fn a_command_gives_what_it_prints_and_says_how_it_failed() {
        for (command, expected) in [
            ("echo s3cret", Ok("s3cret")),
            ("printf 'two\\nlines\\n\\n'", Ok("two\nlines")),
            ("printf ' blanks '", Ok(" blanks ")),
            (
                "echo s3cret; exit 3",
                Err("the command ended with exit status: 3"),
            ),
            (
                "no-such-program-here",
                Err("the command ended with exit status: 127"),
            ),
            (
                "kill -9 $$",
                Err("the command ended with signal: 9 (SIGKILL)"),
            ),
            ("true", Err("what it gave is empty")),
            ("printf '\\377'", Err("what it gave is not UTF-8 text")),
            ("yes", Err("what it gave is larger than 64 KiB")),
            ("cat", Err("what it gave is empty")),
        ] {
            let given = run(command);
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(given, expected, "{command}");
        }
    }

    #[test]
    fn a_command_that_does_not_end_is_stopped_with_its_children() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        // A pipe ends when the last process that holds it open for writing is dead.
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut pipe = std::fs::File::open(pipe).unwrap();
            sender.send("a child holds the pipe").unwrap();
            pipe.read_to_end(&mut Vec::new()).unwrap();
            sender.send("no child holds the pipe").unwrap();
        });
        let mut seen = Vec::new();
        // On a busy machine the shell may need longer to start its child.
        for limit in [200, 2_000, 20_000].map(Duration::from_millis) {
            let command = "sleep 600 > pipe & wait";
            let error = from_command(command, directory.path(), limit).unwrap_err();
            assert!(matches!(error, NoSecret::TooSlow(_)), "{error}");
            seen.extend(receiver.try_recv());
            if !seen.is_empty() {
                break;
            }
        }
        let patience = Duration::from_secs(60);
        while seen.len() < 2 {
            seen.push(receiver.recv_timeout(patience).expect("the child is dead"));
        }
    }

    #[test]
    fn a_command_that_closes_its_output_and_stays_is_stopped() {
        let directory = tempfile::tempdir().unwrap();
        let limit = Duration::from_millis(200);
        let command = "echo s3cret; exec >&-; sleep 600";
        let error = from_command(command, directory.path(), limit).unwrap_err();
        assert!(matches!(error, NoSecret::TooSlow(_)), "{error}");
    }

    #[test]
    fn a_file_gives_its_content_and_a_pipe_or_directory_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pw");
        std::fs::write(&file, "s3cret\r\n").unwrap();
        assert_eq!(from_file(&file).unwrap(), "s3cret");
        std::fs::write(&file, "\n").unwrap();
        assert!(matches!(from_file(&file), Err(NoSecret::Empty)));
        assert!(matches!(
            from_file(directory.path()),
            Err(NoSecret::NotAFile { .. })
        ));
        let missing = from_file(&directory.path().join("none")).unwrap_err();
        assert!(
            missing
                .to_string()
                .contains("none cannot be read: No such file")
        );
        let pipe = directory.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(matches!(from_file(&pipe), Err(NoSecret::NotAFile { .. })));
    }
}
