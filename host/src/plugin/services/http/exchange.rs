//! The asking half of an exchange, on the runtime: redirects and limits, until there is a head.
//! The body is read by who asked ([`body`](super::body)), but for what arrives with the head.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use musicdl_plugin_api::SourceError;
use musicdl_plugin_api::http::Head;
use reqwest::Response;
use tokio::time::{timeout, timeout_at};

use super::client::SourceNet;
use super::failure;
use super::net::MAX_HEADERS;
use super::outgoing::Outgoing;
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

/// Most bytes of a body that come along with its head, if they are there.
const ALONG: usize = 128 * 1024;

/// An answer, and what of its body was there with it.
pub(super) struct Answered {
    pub(super) response: Response,
    pub(super) along: VecDeque<Piece>,
}

/// Some of a body; `None`: its end.
pub(super) type Piece = reqwest::Result<Option<Bytes>>;

/// The answer at the end of all redirects, at most until `deadline`.
pub(super) async fn answer(
    net: &SourceNet,
    outgoing: Outgoing,
    deadline: Option<Instant>,
) -> Result<Answered, SourceError> {
    let response = answer_in_time(net, outgoing, deadline).await?;
    Ok(with_what_is_there(response).await)
}

/// Takes what has arrived already. To read a small body piece by piece on the thread that wants
/// it would let two threads wait for each other again and again, for longer than the body takes.
async fn with_what_is_there(mut response: Response) -> Answered {
    let (mut along, mut bytes) = (VecDeque::new(), 0);
    while bytes < ALONG {
        let Some(piece) = soon(pin!(response.chunk())).await else {
            break;
        };
        let is_last = !matches!(piece, Ok(Some(_)));
        bytes += piece
            .as_ref()
            .map_or(0, |piece| piece.as_ref().map_or(0, Bytes::len));
        along.push_back(piece);
        if is_last {
            break;
        }
    }
    Answered { response, along }
}

/// What the future comes to, if the task of the connection has it.
async fn soon<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    let mut asked = false;
    loop {
        if let Poll::Ready(value) = poll_fn(|c| Poll::Ready(future.as_mut().poll(c))).await {
            return Some(value);
        }
        if std::mem::replace(&mut asked, true) {
            return None;
        }
        // That task hears of it only when it is asked, and has its turn now.
        tokio::task::yield_now().await;
    }
}

async fn answer_in_time(
    net: &SourceNet,
    outgoing: Outgoing,
    deadline: Option<Instant>,
) -> Result<Response, SourceError> {
    let host = outgoing.host();
    let answer = follow(net, outgoing, deadline);
    match deadline {
        Some(at) => timeout_at(at.into(), answer)
            .await
            .unwrap_or_else(|_| Err(overdue(&host))),
        None => answer.await,
    }
}

/// The time that the request was given is over.
pub(super) fn overdue(host: &str) -> SourceError {
    SourceError::transient(format!(
        "{host} was not done within the time of the request"
    ))
}

/// The same without a time for all of it. A request with a time of its own is waited for as
/// long as that, however long others may take to begin: who asked knows how slow the server is.
async fn follow(
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
        let client = net.client(&outgoing.url);
        let request = client
            .request(outgoing.method.clone(), outgoing.url.clone())
            .headers(outgoing.headers.clone())
            .body(outgoing.body.clone())
            .build()
            .map_err(failed)?;
        let executed = client.execute(request);
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

/// What a plugin gets of it before its body.
pub(super) fn head(response: &Response) -> Head {
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
