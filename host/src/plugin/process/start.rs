//! Starts the process of a plugin: the socket, the pipe for what it prints, the threads that
//! look after it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use musicdl_plugin_api::{LogLevel, SourceError};
use rustix::process::Pid;

use super::ProcessOptions;
use super::death::Death;
use super::output::Output;
use super::running::Running;
use super::supervise::supervise;
use crate::plugin::child;
use crate::plugin::frames::Link;
use crate::plugin::process_tree;
use crate::plugin::sandbox::Rules;
use crate::plugin::snapshot::Snapshot;

/// A process for that library. `died` hears of its end first.
///
/// # Errors
/// When the system has no process, thread or handle left.
pub(super) fn start(
    library: &Snapshot,
    rules: Option<&Rules>,
    options: &Arc<ProcessOptions>,
    died: impl FnOnce(&Death) -> SourceError + Send + 'static,
) -> io::Result<Arc<Running>> {
    let (ours, theirs) = UnixStream::pair()?;
    let (printed, prints) = io::pipe()?;
    let link = Link::new(ours.try_clone()?)?;
    let mut command = Command::new(&options.program);
    command
        .arg0("musicdl")
        .arg(child::COMMAND)
        .arg(library.loadable_path())
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(prints.try_clone()?)
        .stderr(prints);
    if let Some(rules) = rules {
        command
            .env_clear()
            .envs(rules.surroundings(std::env::vars_os()))
            .current_dir(rules.working_directory());
    }
    let mut process = command.spawn()?;
    // It holds their ends of socket and pipe, which we must not.
    drop(command);
    let pid = Pid::from_child(&process);
    // A process that cannot read its rules hangs up before it loads anything.
    let _ = link.send(&rules, &[]);
    let running = Arc::new(Running::new(pid, link, Arc::clone(options)));
    let output = Arc::new(Output::new());

    let threads = (|| {
        let (reading, speaker) = (Arc::clone(&output), Arc::clone(&running));
        spawn("plugin output", move || {
            reading.read(printed, |line| {
                let from = [("printed".to_owned(), "yes".to_owned())];
                speaker.log(LogLevel::DEBUG, line, &from);
            });
        })?;
        let reader = Arc::clone(&running);
        spawn("plugin answers", move || reader.listen(ours))
    })();
    let supervised = threads.and_then(|()| {
        let (running, output) = (Arc::clone(&running), Arc::clone(&output));
        // Handed over by a slot, to have the process back when there is no thread for it.
        let (hand_over, take) = std::sync::mpsc::channel();
        spawn("plugin", move || {
            if let Ok(process) = take.recv() {
                supervise(&running, process, &output, died);
            }
        })?;
        Ok(hand_over)
    });
    match supervised {
        Ok(hand_over) => match hand_over.send(process) {
            Ok(()) => Ok(running),
            Err(unsent) => {
                process = unsent.0;
                process_tree::kill(pid);
                process.wait()?;
                Err(io::Error::other("the thread for the process ended"))
            }
        },
        Err(error) => {
            process_tree::kill(pid);
            process.wait()?;
            Err(error)
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
}
