//! Looks after one plugin process on a thread of its own: passes cancels on, ends it when it
//! must end or is not needed, and reports its end. The only place that waits for the process.

use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musicdl_plugin_api::{LogLevel, SourceError};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::death::{Cause, Death};
use super::output::Output;
use super::running::Running;
use crate::plugin::messages::ToChild;
use crate::plugin::process_tree;

/// How often a process that works is looked at.
const TICK: Duration = Duration::from_millis(100);
/// A process that crashed hangs up a moment before it counts as ended.
const HANG_UP_LIMIT: Duration = Duration::from_millis(500);
/// How long a source has to end in order.
pub(super) const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// How long the last of what a dead process said may take to be heard.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);
/// How long we wait for the last of what a dead process printed.
const OUTPUT_LIMIT: Duration = Duration::from_millis(200);

/// From the start of the process to its end. `died` is called first; its answer
/// is what those hear who followed a download.
pub(super) fn supervise(
    running: &Arc<Running>,
    mut process: Child,
    output: &Output,
    died: impl FnOnce(&Death) -> SourceError,
) {
    watch(running);
    let cause = running.state().cause.clone();
    if cause == Some(Cause::Unneeded) {
        running.tell(&ToChild::Close, &[]);
        wait_until_ended(running, CLOSE_LIMIT);
    } else if cause.is_none() {
        wait_until_ended(running, HANG_UP_LIMIT);
    }
    let by_itself = has_ended(running);
    process_tree::kill(running.pid);
    // `process_tree` has killed it, so this returns; its number is ours until here.
    let status = process.wait();
    // What it said before its end counts, and may still be on its way to us.
    running.wait_to_hear_all(DRAIN_LIMIT);
    running.hang_up();
    let cause = match (cause, status) {
        (Some(cause), _) => cause,
        (None, Ok(status)) if by_itself => Cause::Itself(status),
        (None, Ok(_) | Err(_)) => Cause::HungUp,
    };
    let last_words = output.last_words(OUTPUT_LIMIT);
    let death = Death { cause, last_words };
    if death.counts() {
        // By the plugin's log, which masks what is quoted of its output.
        running.log(LogLevel::WARN, &format!("the plugin process {death}"), &[]);
    }
    let word = died(&death);
    running.report_death(death, &word);
}

/// Until it ends, or is to end.
fn watch(running: &Running) {
    let idle_stop = running.options.idle_stop;
    loop {
        running.pass_cancels_on();
        let mut state = running.state();
        if state.cause.is_some() || state.hung_up {
            return;
        }
        let grace = running.options.grace;
        let deaf = state.downloads.values().any(|download| {
            let since = download.cancelled.map(|since| since.elapsed());
            download.in_call && since.is_some_and(|since| since > grace)
        });
        if deaf {
            state.cause = Some(Cause::Deaf { grace });
            return;
        }
        let pause = if state.is_unused() {
            let idle = state.last_used.elapsed();
            if idle >= idle_stop {
                // Under the lock under which calls enter, so that none is lost.
                state.cause = Some(Cause::Unneeded);
                return;
            }
            idle_stop - idle
        } else {
            TICK
        };
        drop(running.pause(state, pause));
        if has_ended(running) {
            return;
        }
    }
}

fn wait_until_ended(running: &Running, at_most: Duration) {
    let until = Instant::now() + at_most;
    while !has_ended(running) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether it has ended, without waiting for it: its number stays its own.
fn has_ended(running: &Running) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    !matches!(waitid(WaitId::Pid(running.pid), options), Ok(None))
}
