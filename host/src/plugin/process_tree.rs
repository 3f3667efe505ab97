//! The end of a plugin process together with everything it started.
//!
//! A plugin process leads a session of its own, so all its descendants can be told from
//! other processes, also those it put into process groups of their own (as is usual for
//! yt-dlp, which has children itself) and those whose parent died. Only one that makes
//! itself a session of its own escapes.
//!
//! The death signal of Linux is of no use here: it would end the leader before the leader can
//! end the others.

use std::time::Duration;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getpid, kill_current_process_group, kill_process,
    kill_process_group, setrlimit,
};

/// A killed process is gone within one or two of these.
const PAUSE: Duration = Duration::from_millis(2);
/// A process that waits for a broken disk may not be gone even then.
const ROUNDS: u32 = 250;

/// Kills a session that another process leads, leader included. The caller has not yet
/// waited for the leader, so that its number is not reused.
pub(super) fn kill(leader: Pid) {
    // Errors say that a process is gone already. The leader by itself too: at its very start
    // it leads no group yet.
    let _ = kill_process_group(leader, Signal::KILL);
    let _ = kill_process(leader, Signal::KILL);
    kill_members(leader);
}

/// Kills the session this process leads, this process last.
///
/// Its other threads go on until then, and one of them may be about to start a program: after
/// the last look, that would not be found any more. So the process first gives up the right to
/// have children, which the system does not take from root, and then, once only what is being
/// started this moment can be left, the memory to start them with. With the latter a thread
/// may end the process at any time, hence the look before. What has no group of its own ends
/// together with this process whenever it was started.
pub(super) fn kill_own() -> ! {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Nproc, none);
    kill_members(getpid());
    let _ = setrlimit(Resource::As, none);
    kill_members(getpid());
    loop {
        let _ = kill_current_process_group(Signal::KILL);
        let _ = kill_process(getpid(), Signal::KILL);
        std::thread::sleep(PAUSE);
    }
}

/// Every process of the session but this one. What is started meanwhile is found in the
/// next round.
fn kill_members(leader: Pid) {
    for _ in 0..ROUNDS {
        let members = members(leader);
        if members.is_empty() {
            return;
        }
        for member in members {
            let _ = kill_process(member, Signal::KILL);
        }
        std::thread::sleep(PAUSE);
    }
}

/// The living processes of a session but this one.
#[cfg(target_os = "linux")]
fn members(leader: Pid) -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .filter(|&pid| pid != getpid() && is_member(pid, leader).unwrap_or(false))
        .collect()
}

/// Where there is no `/proc`, the process group is all that can be ended at once.
#[cfg(not(target_os = "linux"))]
fn members(leader: Pid) -> Vec<Pid> {
    if leader == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    Vec::new()
}

/// `None` for a process that is gone. Fields: proc_pid_stat(5).
#[cfg(target_os = "linux")]
fn is_member(pid: Pid, leader: Pid) -> Option<bool> {
    let stat = std::fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name of the program stands in brackets and may hold anything, brackets included.
    let behind_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
    let mut fields = std::str::from_utf8(&stat[behind_name..])
        .ok()?
        .split_whitespace();
    let state = fields.next()?;
    let session: i32 = fields.nth(2)?.parse().ok()?;
    Some(!matches!(state, "Z" | "X") && session == leader.as_raw_nonzero().get())
}
