//! Times: what a thread had of the processor, and how times are told.

use std::path::Path;
use std::time::Duration;

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Time a thread was on a processor: the first field of the scheduler's statistics, in
/// nanoseconds (Linux, Documentation/scheduler/sched-stats). `thread` is its directory below
/// `/proc`; `None` where the system does not tell.
pub(crate) fn cpu_of(thread: impl AsRef<Path>) -> Option<Duration> {
    let text = std::fs::read_to_string(thread.as_ref().join("schedstat")).ok()?;
    text.split(' ')
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}
