//! What a failed exchange means to a plugin: the kind, and words without secrets.

use std::error::Error;
use std::io;
use std::iter;

use musicdl_plugin_api::SourceError;

use super::reach::OutOfReach;
use super::roots::Roots;

/// The failure of an exchange with `host`. The URL that reqwest knows is left out, because
/// its query may hold a password.
pub(super) fn of_exchange(host: &str, roots: Roots, error: reqwest::Error) -> SourceError {
    let error = error.without_url();
    let refusal = chain(&error).find_map(|cause| cause.downcast_ref::<OutOfReach>());
    if let Some(refusal) = refusal {
        return refusal.clone().into();
    }
    let words = causes(&error);
    if error.is_builder() {
        SourceError::permanent(format!("the request to {host} cannot be sent: {words}"))
    } else if is_certificate(&error) {
        let hint = match roots {
            Roots::Some => "",
            Roots::None => "; this machine has no root certificates, install `ca-certificates`",
        };
        SourceError::permanent(format!("{host} is not trusted: {words}{hint}"))
    } else if error.is_connect() {
        SourceError::transient(format!("cannot connect to {host}: {words}"))
    } else if error.is_body() || error.is_decode() {
        SourceError::transient(format!("the answer of {host} broke off: {words}"))
    } else {
        SourceError::transient(format!("no answer from {host}: {words}"))
    }
}

/// The causes of an error in one line, without its own words (reqwest's outermost ones say
/// nothing) and without repetitions.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in chain(error).skip(1) {
        let cause = cause.to_string();
        if words.last() != Some(&cause) {
            words.push(cause);
        }
    }
    if words.is_empty() {
        words.push(error.to_string());
    }
    words.join(": ")
}

fn is_certificate(error: &reqwest::Error) -> bool {
    chain(error).any(|cause| {
        matches!(
            cause.downcast_ref::<rustls::Error>(),
            Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)
        )
    })
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| cause(error))
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // `source` of an `io::Error` is the source of what it wraps and skips the wrapped itself,
    // which for TLS is the very error looked for.
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
