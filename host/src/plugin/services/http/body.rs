//! The body of an answer, read on the thread that wants it but for what came with the head. The connection is the runtime's;
//! only the server is waited for here, so that a piece goes from the connection to the
//! disk over one thread and not two, and no pieces wait in between: who reads slowly slows the
//! network down.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musicdl_plugin_api::{Progress, SourceError};
use reqwest::Response;

use super::client::SourceNet;
use super::exchange::{Answered, Event, Piece, overdue};
use super::failure;
use super::net::SlowLimit;
use super::outgoing::host_of;
use super::wait::wait_for;

/// What follows a head.
pub(super) struct LiveBody {
    net: Arc<SourceNet>,
    response: Response,
    /// What came with the head.
    along: VecDeque<Piece>,
    host: String,
    deadline: Option<Instant>,
    pace: Pace,
}

impl LiveBody {
    pub(super) fn new(net: Arc<SourceNet>, answered: Answered, deadline: Option<Instant>) -> Self {
        let Answered { response, along } = answered;
        Self {
            along,
            host: host_of(response.url()),
            pace: Pace::new(net.host.options.slow),
            net,
            response,
            deadline,
        }
    }

    /// The next piece, or how the body ended.
    ///
    /// # Errors
    /// `Cancelled` only.
    pub(super) fn next(&mut self, progress: &Progress) -> Result<Event, SourceError> {
        Ok(match self.piece(progress) {
            Ok(Some(event)) => event,
            Ok(None) => Event::End,
            Err(Stop::Cancelled(error)) => return Err(error),
            Err(Stop::Failed(error)) => Event::Failed(error),
        })
    }

    fn piece(&mut self, progress: &Progress) -> Result<Option<Event>, Stop> {
        let asked = Instant::now();
        let (host, deadline, stall) = (&self.host, self.deadline, self.net.host.options.stall);
        // A server that always has something more is never waited for.
        let in_time = || match deadline {
            Some(at) if at <= Instant::now() => Err(Stop::Failed(overdue(host))),
            Some(_) | None => Ok(()),
        };
        in_time()?;
        let chunk = match self.along.pop_front() {
            Some(piece) => piece,
            None => wait_for(pin!(self.response.chunk()), || {
                progress.check().map_err(Stop::Cancelled)?;
                in_time()?;
                if asked.elapsed() >= stall {
                    let message = format!("{host} sent nothing for {stall:?}");
                    return Err(Stop::Failed(SourceError::transient(message)));
                }
                let limits = [Some(asked + stall), deadline];
                Ok(limits.into_iter().flatten().min())
            })?,
        };
        let chunk = chunk.map_err(|error| {
            if self.net.host.is_over() {
                return Stop::Cancelled(SourceError::cancelled());
            }
            Stop::Failed(failure::of_exchange(host, self.net.host.roots, error))
        })?;
        let Some(chunk) = chunk else { return Ok(None) };
        if self.pace.is_too_slow(asked.elapsed(), chunk.len()) {
            let SlowLimit {
                bytes_per_second,
                over,
            } = self.net.host.options.slow;
            return Err(Stop::Failed(SourceError::transient(format!(
                "{host} sent less than {bytes_per_second} bytes a second for {over:?}"
            ))));
        }
        Ok(Some(Event::Chunk(chunk)))
    }
}

/// Why there is no piece.
enum Stop {
    /// It is not wanted any more.
    Cancelled(SourceError),
    Failed(SourceError),
}

/// Finds a body that trickles: never silent long enough to stall, never done either.
struct Pace {
    limit: SlowLimit,
    waited: Duration,
    got: u64,
}

impl Pace {
    fn new(limit: SlowLimit) -> Self {
        Self {
            limit,
            waited: Duration::ZERO,
            got: 0,
        }
    }

    /// Counts a chunk that was waited for. Time in which the receiver was busy is none of
    /// the server's and not counted.
    fn is_too_slow(&mut self, waited: Duration, bytes: usize) -> bool {
        self.waited += waited;
        self.got += bytes as u64;
        if self.waited < self.limit.over {
            return false;
        }
        let least = self.limit.bytes_per_second as f64 * self.waited.as_secs_f64();
        let too_slow = (self.got as f64) < least;
        *self = Self::new(self.limit);
        too_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_too_slow_when_a_whole_span_was() {
        let limit = SlowLimit {
            bytes_per_second: 1000,
            over: Duration::from_secs(10),
        };
        let seconds = Duration::from_secs;
        for (chunks, too_slow) in [
            (vec![(seconds(9), 1)], false),
            (vec![(seconds(9), 1), (seconds(1), 1)], true),
            (vec![(seconds(9), 1), (seconds(1), 9_999)], false),
            (vec![(seconds(20), 15_000)], true),
            // A fast beginning does not make up for a slow rest.
            (
                vec![(seconds(10), 1_000_000), (seconds(9), 1), (seconds(1), 1)],
                true,
            ),
        ] {
            let mut pace = Pace::new(limit);
            let judged: Vec<_> = chunks
                .iter()
                .map(|&(waited, bytes)| pace.is_too_slow(waited, bytes))
                .collect();
            assert_eq!(judged.last(), Some(&too_slow), "{chunks:?}");
        }
    }
}
