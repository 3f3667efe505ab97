//! What every source is wrapped in, one rule a file. From the outside in:
//!
//! - [`log`]: what was called, how long it took, how it ended;
//! - [`cache`]: a search that was answered lately is not made again;
//! - [`breaker`]: a source that fails again and again, or asks for a long rest, is left alone;
//! - [`retry`]: what may work the next time is tried again, after a wait;
//! - [`pace`]: no more calls at once, and no faster, than the source declares;
//! - [`call`]: the call itself, under its deadline.
//!
//! A wrapper is a [`SourceService`] around a [`SourceService`]: the two calls of a
//! [`Source`](musicdl_plugin_api::Source) that cost it something, as futures. Futures, because
//! most of what policies do is wait, and a wait must neither hold a thread, of which a stalled
//! source would soon have taken all, nor go on when the item is cancelled
//! (`docs/adr/0009-policies-wait-as-futures.md`).

pub(super) mod breaker;
pub(super) mod cache;
pub(super) mod call;
pub(super) mod counts;
pub(super) mod log;
pub(super) mod pace;
pub(super) mod retry;

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use musicdl_plugin_api::{DownloadRequest, Files, Hit, Query, SourceError};
use tokio::time::Instant;

use super::mailbox::CallContext;

/// A call on its way.
pub(super) type CallFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send + 'a>>;

/// The two calls that cost a source something.
pub(super) trait SourceService: Send + Sync {
    fn search<'a>(
        &'a self,
        query: &'a Query,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Found>;

    fn download<'a>(
        &'a self,
        request: &'a DownloadRequest,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Files>;
}

impl<S: SourceService> SourceService for Arc<S> {
    fn search<'a>(
        &'a self,
        query: &'a Query,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Found> {
        S::search(self, query, call_context)
    }

    fn download<'a>(
        &'a self,
        request: &'a DownloadRequest,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Files> {
        S::download(self, request, call_context)
    }
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    /// Whether it is an answer that was kept.
    pub(super) kept: bool,
}

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CallError {
    /// The source was asked as often as it may be, and this is its last word.
    Failed(SourceError),
    /// The source was not asked, but may be later.
    Rests(Rest),
    /// The source is not asked any more in this run, for that reason.
    Dropped(String),
}

/// That a source is left alone for a while.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rest {
    pub(super) until: Instant,
    pub(super) why: String,
}

impl From<SourceError> for CallError {
    fn from(error: SourceError) -> Self {
        CallError::Failed(error)
    }
}

/// What a lock guards here is whole after every step, whoever panicked in between.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod interleavings;

#[cfg(test)]
pub(super) mod scripted {
    //! A source that answers what its script says, one line a call.

    use std::collections::VecDeque;
    use std::sync::Mutex;

    use tokio::time::Duration;

    use super::*;

    #[derive(Default)]
    pub(in crate::engine) struct Scripted {
        lines: Mutex<VecDeque<Result<Vec<Hit>, SourceError>>>,
        /// When each call came.
        pub(in crate::engine) calls: Mutex<Vec<Instant>>,
        /// How long each takes.
        takes: Duration,
    }

    impl Scripted {
        /// After its last line it finds nothing.
        pub(in crate::engine) fn new(
            lines: impl IntoIterator<Item = Result<Vec<Hit>, SourceError>>,
        ) -> Self {
            Self {
                lines: Mutex::new(lines.into_iter().collect()),
                ..Self::default()
            }
        }

        /// Takes so long for every call.
        pub(in crate::engine) fn slow(takes: Duration) -> Self {
            Self {
                takes,
                ..Self::default()
            }
        }

        pub(in crate::engine) fn called(&self) -> usize {
            lock(&self.calls).len()
        }

        async fn next(&self) -> Result<Vec<Hit>, CallError> {
            lock(&self.calls).push(Instant::now());
            tokio::time::sleep(self.takes).await;
            let line = lock(&self.lines).pop_front();
            Ok(line.unwrap_or_else(|| Ok(Vec::new()))?)
        }
    }

    impl SourceService for Scripted {
        fn search<'a>(&'a self, _: &'a Query, _: &'a CallContext) -> CallFuture<'a, Found> {
            Box::pin(async {
                let hits = self.next().await?;
                Ok(Found { hits, kept: false })
            })
        }

        fn download<'a>(
            &'a self,
            _: &'a DownloadRequest,
            _: &'a CallContext,
        ) -> CallFuture<'a, Files> {
            Box::pin(async {
                self.next().await?;
                Ok(Files::default())
            })
        }
    }
}
