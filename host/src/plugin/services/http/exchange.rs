//! The asking half of an exchange, on the runtime: redirects and limits, until there is a head.
//! The body is read by who asked ([`body`](super::body)).

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

/// The answer at the end of all redirects, at most until `deadline`.
pub(super) async fn answer(
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

/// What a plugin is told of it before its body.
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
