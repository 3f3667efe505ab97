//! What a failure at one source leads to: one pure table. Searching and fetching are
//! `job`'s; nothing here waits.

use std::time::Duration;

use musicdl_plugin_api::{ErrorKind, SourceError, extra_value};

use crate::plugin::DROP_SOURCE;

/// What happens to the item next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The same call again, after that time.
    SameAgainAfter(Duration),
    /// The next candidate of the same source; for a search, the next source.
    OtherCandidate,
    /// The source is of no use to any item of this run.
    DropSource,
    /// The user stopped the run.
    Park,
    /// The disk does not take files; nothing can be fetched.
    Stop,
}

/// What the user allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Further tries after the first.
    pub(super) retries: u32,
    /// A longer wait than this is not waited for; the item goes elsewhere.
    pub(super) max_wait: Duration,
    /// The user asked for the run to end.
    pub(super) stopping: bool,
}

/// The first back-off; it doubles with each try up to the ceiling (promises D1).
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// Names of [`std::io::ErrorKind`] that sources and services put into the extra `io_error`,
/// and after which the next file would fail the same way.
const DISK_STOPS: [&str; 4] = [
    "StorageFull",
    "ReadOnlyFilesystem",
    "QuotaExceeded",
    "FileTooLarge",
];

/// `tries` counts the calls already made, from 1.
pub(super) fn after_failure(error: &SourceError, tries: u32, patience: Patience) -> Next {
    if extra_value(&error.extra, "io_error").is_some_and(|kind| DISK_STOPS.contains(&kind)) {
        return Next::Stop;
    }
    if extra_value(&error.extra, DROP_SOURCE).is_some() {
        return Next::DropSource;
    }
    match error.kind {
        ErrorKind::Cancelled if patience.stopping => Next::Park,
        // Nobody asked for it: this target ended itself.
        ErrorKind::Cancelled => Next::OtherCandidate,
        ErrorKind::NotConfigured | ErrorKind::Auth => Next::DropSource,
        ErrorKind::RateLimited | ErrorKind::Transient => {
            let wait = error.retry_after.unwrap_or_else(|| backoff(tries));
            if tries > patience.retries || wait > patience.max_wait {
                Next::OtherCandidate
            } else {
                Next::SameAgainAfter(wait)
            }
        }
        ErrorKind::NotFound
        | ErrorKind::Unsupported
        | ErrorKind::Permanent
        | ErrorKind::Internal => Next::OtherCandidate,
        // A kind of a later plugin-api: its failure says nothing about the source.
        _ => Next::OtherCandidate,
    }
}

fn backoff(tries: u32) -> Duration {
    FIRST_BACKOFF
        .saturating_mul(1 << tries.saturating_sub(1).min(10))
        .min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_consequence() {
        use ErrorKind::{
            Auth, Cancelled, Internal, NotConfigured, NotFound, Permanent, RateLimited, Transient,
            Unsupported,
        };
        use Next::{DropSource, OtherCandidate, SameAgainAfter};
        let patience = Patience {
            retries: 2,
            max_wait: Duration::from_secs(60),
            stopping: false,
        };
        let ms = Duration::from_millis;
        for (kind, asked, tries, expected) in [
            (NotConfigured, None, 1, DropSource),
            (Auth, None, 1, DropSource),
            (NotFound, None, 1, OtherCandidate),
            (Unsupported, None, 1, OtherCandidate),
            (Permanent, None, 1, OtherCandidate),
            (Internal, None, 1, OtherCandidate),
            (Cancelled, None, 1, OtherCandidate),
            (Transient, None, 1, SameAgainAfter(ms(500))),
            (Transient, None, 2, SameAgainAfter(ms(1000))),
            (Transient, None, 3, OtherCandidate),
            (RateLimited, Some(ms(7000)), 1, SameAgainAfter(ms(7000))),
            (RateLimited, Some(ms(61_000)), 1, OtherCandidate),
            (RateLimited, None, 2, SameAgainAfter(ms(1000))),
            (RateLimited, Some(ms(1)), 3, OtherCandidate),
        ] {
            let mut error = SourceError::new(kind, "test");
            error.retry_after = asked;
            let next = after_failure(&error, tries, patience);
            assert_eq!(next, expected, "{kind:?} after {tries} tries");
        }
    }

    #[test]
    fn a_cancel_parks_the_item_only_when_the_user_asked_for_it() {
        let patience = Patience {
            retries: 2,
            max_wait: Duration::from_secs(60),
            stopping: true,
        };
        assert_eq!(
            after_failure(&SourceError::cancelled(), 1, patience),
            Next::Park
        );
    }

    #[test]
    fn a_source_that_was_put_aside_is_dropped_whatever_the_kind() {
        let patience = Patience {
            retries: 2,
            max_wait: Duration::from_secs(60),
            stopping: false,
        };
        for kind in ErrorKind::ALL {
            let mut error = SourceError::new(kind, "its process ended 3 times within 60 s");
            error.extra = vec![(DROP_SOURCE.to_owned(), "yes".to_owned())];
            assert_eq!(after_failure(&error, 1, patience), Next::DropSource);
        }
    }

    #[test]
    fn a_full_disk_stops_the_run_whatever_the_kind() {
        let patience = Patience {
            retries: 2,
            max_wait: Duration::from_secs(60),
            stopping: false,
        };
        let mut error = SourceError::internal("no space left");
        error
            .extra
            .push(("io_error".to_owned(), "StorageFull".to_owned()));
        assert_eq!(after_failure(&error, 1, patience), Next::Stop);
    }

    #[test]
    fn backing_off_has_a_ceiling_whatever_the_count() {
        assert_eq!(backoff(u32::MAX), LONGEST_BACKOFF);
    }
}
