//! One exchange with a server, on the runtime: redirects, limits, the body piece by piece.
//!
//! Whatever becomes of it, the last event says so; without a last event the runtime ended.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use bytes::Bytes;
use musicdl_plugin_api::SourceError;
use musicdl_plugin_api::http::Head;
use reqwest::Response;
use tokio::sync::Semaphore;
use tokio::time::{timeout, timeout_at};

use super::client::SourceNet;
use super::failure;
use super::net::{MAX_HEADERS, SlowLimit};
use super::outgoing::{Outgoing, host_of};
use super::reach::Leg;
use super::redirect;

/// What came of an exchange, in order: a head, chunks, and one of the other two; or the
/// failure alone.
pub(super) enum Event {
    Head(Head),
    Chunk(Bytes),
    End,
    Failed(SourceError),
}

/// Runs the exchange until its end, at most until `deadline`. A chunk takes a permit of
/// `room`, which the receiver gives back, so that a slow disk slows the network down.
pub(super) async fn run(
    net: &SourceNet,
    outgoing: Outgoing,
    deadline: Option<Instant>,
    events: Sender<Event>,
    room: &Semaphore,
) {
    let host = outgoing.host();
    let relay = relay(net, outgoing, deadline, &events, room);
    let result = match deadline {
        Some(at) => timeout_at(at.into(), relay).await.unwrap_or_else(|_| {
            let message = format!("{host} was not done within the time of the request");
            Err(SourceError::transient(message))
        }),
        None => relay.await,
    };
    // A receiver that is gone has what it wanted.
    let _ = events.send(match result {
        Ok(()) => Event::End,
        Err(error) => Event::Failed(error),
    });
}

async fn relay(
    net: &SourceNet,
    outgoing: Outgoing,
    deadline: Option<Instant>,
    events: &Sender<Event>,
    room: &Semaphore,
) -> Result<(), SourceError> {
    let mut response = answer(net, outgoing, deadline).await?;
    let host = host_of(response.url());
    if events.send(Event::Head(head(&response))).is_err() {
        return Ok(());
    }
    let mut pace = Pace::new(net.host.options.slow);
    loop {
        // Never closed; would it be, nobody would want the rest.
        let Ok(permit) = room.acquire().await else {
            return Ok(());
        };
        permit.forget();
        let asked = Instant::now();
        let stall = net.host.options.stall;
        let chunk = timeout(stall, response.chunk())
            .await
            .map_err(|_| SourceError::transient(format!("{host} sent nothing for {stall:?}")))?
            .map_err(|error| failure::of_exchange(&host, net.host.roots, error))?;
        let Some(chunk) = chunk else {
            return Ok(());
        };
        if pace.is_too_slow(asked.elapsed(), chunk.len()) {
            let SlowLimit {
                bytes_per_second,
                over,
            } = net.host.options.slow;
            return Err(SourceError::transient(format!(
                "{host} sent less than {bytes_per_second} bytes a second for {over:?}"
            )));
        }
        if events.send(Event::Chunk(chunk)).is_err() {
            return Ok(());
        }
    }
}

/// The answer at the end of all redirects. A request with a time of its own is waited for as
/// long as that, however long others may take to begin: who asked knows how slow the server is.
async fn answer(
    net: &SourceNet,
    mut outgoing: Outgoing,
    deadline: Option<Instant>,
) -> Result<Response, SourceError> {
    let mut followed = 0;
    let mut leg = Leg::Asked;
    loop {
        net.reach.check(&outgoing.url, leg)?;
        leg = Leg::Redirected;
        let host = outgoing.host();
        let failed = |error| failure::of_exchange(&host, net.host.roots, error);
        // The builder turns a user in the URL into an Authorization header, unless the
        // plugin set one.
        let request = net
            .client
            .request(outgoing.method.clone(), outgoing.url.clone())
            .headers(outgoing.headers.clone())
            .body(outgoing.body.clone())
            .build()
            .map_err(failed)?;
        let executed = net.client.execute(request);
        let limit = net.host.options.first_byte;
        let response = match deadline {
            Some(_) => executed.await,
            None => timeout(limit, executed).await.map_err(|_| {
                SourceError::transient(format!("no answer from {host} for {limit:?}"))
            })?,
        };
        let response = response.map_err(failed)?;
        check_header_size(&host, &response)?;
        match redirect::next(&outgoing, response.status(), response.headers(), followed)? {
            Some(next) => outgoing = next,
            None => return Ok(response),
        }
        followed += 1;
    }
}

fn check_header_size(host: &str, response: &Response) -> Result<(), SourceError> {
    let size: usize = response
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum();
    if size > MAX_HEADERS as usize {
        return Err(SourceError::permanent(format!(
            "{host} sent {size} bytes of headers; up to {MAX_HEADERS} are taken"
        )));
    }
    Ok(())
}

fn head(response: &Response) -> Head {
    Head {
        status: response.status().as_u16(),
        headers: response
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.as_str().to_owned(), value.into_owned())
            })
            .collect(),
        // Without the user, whom the builder of the request took out.
        url: response.url().to_string(),
        ..Head::default()
    }
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
