//! What a failure at one source leads to: one pure table. Searching and fetching are
//! `job`'s; nothing here waits.

use std::time::Duration;

use musicdl_plugin_api::extra::{DROP_SOURCE, IO_ERROR};
use musicdl_plugin_api::{ErrorKind, SourceError, extra_value};

/// What was being done when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A search.
    Search,
    /// A download of one candidate.
    Download,
}

/// What happens to the item next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The same call again, after exactly that time: the service asked for it.
    SameAgainAfter(Duration),
    /// The same call again, at any moment within that time.
    SameAgainWithin(Duration),
    /// The next candidate, of whichever source.
    OtherCandidate,
    /// The next source; this one does not know the item.
    OtherSource,
    /// The source is left alone for that time, and the item goes elsewhere.
    RestSource(Duration),
    /// The source is of no use to any item of this run.
    DropSource,
    /// The user stopped the run, or the item: it waits for another time.
    GiveBack,
    /// The disk does not take files; nothing can be fetched.
    Stop,
}

/// What the user allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Further tries after the first.
    pub(super) retries: u32,
    /// A longer wait than this is not waited for; the source rests.
    pub(super) max_wait: Duration,
    /// The user asked for an end.
    pub(super) stopping: bool,
}

/// After a 429 that did not end within all tries and named no wait: long enough for a quota
/// per minute to pass.
const UNNAMED_REST: Duration = Duration::from_secs(60);

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

/// `tries` counts the calls already made, from 1; more than any patience means that none is
/// left.
pub(super) fn after_failure(
    step: Step,
    error: &SourceError,
    tries: u32,
    patience: Patience,
) -> Next {
    if extra_value(&error.extra, IO_ERROR).is_some_and(|kind| DISK_STOPS.contains(&kind)) {
        return Next::Stop;
    }
    if extra_value(&error.extra, DROP_SOURCE).is_some() {
        return Next::DropSource;
    }
    let elsewhere = match step {
        Step::Search => Next::OtherSource,
        Step::Download => Next::OtherCandidate,
    };
    let out_of_tries = tries > patience.retries;
    match error.kind {
        ErrorKind::Cancelled if patience.stopping => Next::GiveBack,
        // Nobody asked for it: this target ended itself.
        ErrorKind::Cancelled => elsewhere,
        ErrorKind::NotConfigured | ErrorKind::Auth => Next::DropSource,
        ErrorKind::RateLimited => match error.retry_after {
            Some(wait) if out_of_tries || wait > patience.max_wait => Next::RestSource(wait),
            Some(wait) => Next::SameAgainAfter(wait),
            None if out_of_tries => Next::RestSource(UNNAMED_REST),
            None => Next::SameAgainWithin(backoff(tries)),
        },
        ErrorKind::Transient => match error.retry_after {
            // A 503 that names its wait is as good as a 429.
            Some(wait) if wait > patience.max_wait => Next::RestSource(wait),
            _ if out_of_tries => elsewhere,
            Some(wait) => Next::SameAgainAfter(wait),
            None => Next::SameAgainWithin(backoff(tries).min(patience.max_wait)),
        },
        ErrorKind::NotFound
        | ErrorKind::Unsupported
        | ErrorKind::Permanent
        | ErrorKind::Internal => elsewhere,
        // A kind of a later plugin-api: its failure says nothing about the source.
        _ => elsewhere,
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

    const PATIENCE: Patience = Patience {
        retries: 2,
        max_wait: Duration::from_secs(60),
        stopping: false,
    };

    #[test]
    fn each_kind_of_failure_has_its_consequence() {
        use ErrorKind::{
            Auth, Cancelled, Internal, NotConfigured, NotFound, Permanent, RateLimited, Transient,
            Unsupported,
        };
        use Next::{
            DropSource, OtherCandidate, OtherSource, RestSource, SameAgainAfter, SameAgainWithin,
        };
        let ms = Duration::from_millis;
        for (kind, asked, tries, of_search, of_download) in [
            (NotConfigured, None, 1, DropSource, DropSource),
            (Auth, None, 1, DropSource, DropSource),
            (NotFound, None, 1, OtherSource, OtherCandidate),
            (Unsupported, None, 1, OtherSource, OtherCandidate),
            (Permanent, None, 1, OtherSource, OtherCandidate),
            (Internal, None, 1, OtherSource, OtherCandidate),
            (Cancelled, None, 1, OtherSource, OtherCandidate),
            (
                Transient,
                None,
                1,
                SameAgainWithin(ms(500)),
                SameAgainWithin(ms(500)),
            ),
            (
                Transient,
                None,
                2,
                SameAgainWithin(ms(1000)),
                SameAgainWithin(ms(1000)),
            ),
            (Transient, None, 3, OtherSource, OtherCandidate),
            (
                Transient,
                Some(ms(700)),
                1,
                SameAgainAfter(ms(700)),
                SameAgainAfter(ms(700)),
            ),
            (
                Transient,
                Some(ms(61_000)),
                1,
                RestSource(ms(61_000)),
                RestSource(ms(61_000)),
            ),
            (
                RateLimited,
                Some(ms(7000)),
                1,
                SameAgainAfter(ms(7000)),
                SameAgainAfter(ms(7000)),
            ),
            (
                RateLimited,
                Some(ms(61_000)),
                1,
                RestSource(ms(61_000)),
                RestSource(ms(61_000)),
            ),
            (
                RateLimited,
                None,
                2,
                SameAgainWithin(ms(1000)),
                SameAgainWithin(ms(1000)),
            ),
            (
                RateLimited,
                None,
                3,
                RestSource(ms(60_000)),
                RestSource(ms(60_000)),
            ),
            (
                RateLimited,
                Some(ms(1)),
                3,
                RestSource(ms(1)),
                RestSource(ms(1)),
            ),
        ] {
            let mut error = SourceError::new(kind, "test");
            error.retry_after = asked;
            for (step, expected) in [(Step::Search, of_search), (Step::Download, of_download)] {
                let next = after_failure(step, &error, tries, PATIENCE);
                assert_eq!(next, expected, "{step:?}: {kind:?} after {tries} tries");
            }
        }
    }

    #[test]
    fn a_cancel_gives_the_item_back_only_when_the_user_asked_for_it() {
        let patience = Patience {
            stopping: true,
            ..PATIENCE
        };
        let next = after_failure(Step::Download, &SourceError::cancelled(), 1, patience);
        assert_eq!(next, Next::GiveBack);
    }

    #[test]
    fn a_source_that_was_put_aside_is_dropped_whatever_the_kind() {
        for kind in ErrorKind::ALL {
            let mut error = SourceError::new(kind, "its process ended 3 times within 60 s");
            error.extra = vec![(DROP_SOURCE.to_owned(), "yes".to_owned())];
            for step in [Step::Search, Step::Download] {
                assert_eq!(after_failure(step, &error, 1, PATIENCE), Next::DropSource);
            }
        }
    }

    #[test]
    fn a_full_disk_stops_the_run_whatever_the_kind() {
        let mut error = SourceError::internal("no space left");
        error
            .extra
            .push((IO_ERROR.to_owned(), "StorageFull".to_owned()));
        for step in [Step::Search, Step::Download] {
            assert_eq!(after_failure(step, &error, 1, PATIENCE), Next::Stop);
        }
    }

    #[test]
    fn backing_off_has_a_ceiling_whatever_the_count() {
        assert_eq!(backoff(u32::MAX), LONGEST_BACKOFF);
    }
}
