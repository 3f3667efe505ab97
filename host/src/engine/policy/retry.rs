//! What may work the next time is tried again: after the wait that the service asked for, or
//! after one of our own that grows. Which failures those are, and how long, is `fallback`'s;
//! a wait that the user finds too long is `breaker`'s.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use musicdl_plugin_api::{DownloadRequest, Files, Query, SourceError, extra};

use super::counts::Counts;
use super::{CallError, CallFuture, Found, SourceService};
use crate::engine::event::Event;
use crate::engine::executor::blocking;
use crate::engine::fallback::{Next, Patience, Step, after_failure};
use crate::engine::mailbox::CallContext;
use crate::music::SourceName;

/// From here on another item may run while this one waits.
const LONG_WAIT: Duration = Duration::from_secs(2);

/// A source that is asked again.
pub(in crate::engine) struct Retried<S> {
    pub(in crate::engine) inner: S,
    pub(in crate::engine) name: SourceName,
    pub(in crate::engine) patience: Patience,
    pub(in crate::engine) counts: Arc<Counts>,
    /// Picks a wait between nothing and that; workers that failed together must not come back
    /// together.
    pub(in crate::engine) jitter: fn(Duration) -> Duration,
}

impl<S: SourceService> Retried<S> {
    /// `None`: this is the last word.
    fn wait_after(
        &self,
        step: Step,
        error: &SourceError,
        tries: u32,
        call_context: &CallContext,
    ) -> Option<Duration> {
        let patience = Patience {
            stopping: call_context.cancel.is_stopping(),
            ..self.patience
        };
        match after_failure(step, error, tries, patience) {
            Next::SameAgainAfter(wait) => Some(wait),
            Next::SameAgainWithin(most) => Some((self.jitter)(most)),
            Next::OtherCandidate
            | Next::OtherSource
            | Next::RestSource(_)
            | Next::DropSource
            | Next::GiveBack
            | Next::Stop => None,
        }
    }

    async fn wait(
        &self,
        wait: Duration,
        error: &SourceError,
        call_context: &CallContext,
    ) -> Result<(), CallError> {
        call_context.mailbox.emit(Event::Retrying {
            id: call_context.id.clone(),
            source: self.name.clone(),
            after: wait,
            reason: error.to_string(),
        });
        let _place = (wait >= LONG_WAIT).then(|| call_context.only_waits());
        tokio::select! {
            () = tokio::time::sleep(wait) => {
                self.counts.waited(wait);
                self.counts.retries.add(1);
                Ok(())
            }
            () = call_context.cancel.stopping() => Err(SourceError::cancelled().into()),
        }
    }
}

impl<S: SourceService> SourceService for Retried<S> {
    fn search<'a>(
        &'a self,
        query: &'a Query,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Found> {
        Box::pin(async move {
            let mut tries = 0;
            loop {
                let error = match self.inner.search(query, call_context).await {
                    Err(CallError::Failed(error)) => error,
                    end => return end,
                };
                tries += 1;
                match self.wait_after(Step::Search, &error, tries, call_context) {
                    Some(wait) => self.wait(wait, &error, call_context).await?,
                    None => return Err(error.into()),
                }
            }
        })
    }

    fn download<'a>(
        &'a self,
        request: &'a DownloadRequest,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Files> {
        Box::pin(async move {
            let mut tries = 0;
            loop {
                let error = match self.inner.download(request, call_context).await {
                    Err(CallError::Failed(error)) => error,
                    end => return end,
                };
                tries += 1;
                match self.wait_after(Step::Download, &error, tries, call_context) {
                    Some(wait) => self.wait(wait, &error, call_context).await?,
                    None => return Err(error.into()),
                }
                empty(&request.dest_dir).await?;
            }
        })
    }
}

/// Every try is promised an empty directory.
async fn empty(dir: &Path) -> Result<(), CallError> {
    let dir = dir.to_owned();
    let emptied = blocking(move || -> io::Result<()> {
        for entry in std::fs::read_dir(&dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                std::fs::remove_dir_all(entry.path())?;
            } else {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    });
    match emptied.await {
        Ok(()) => Ok(()),
        Err(error) => {
            let mut fault =
                SourceError::internal(format!("its directory cannot be emptied: {error}"));
            fault.extra.push(extra::io_error(error.kind()));
            Err(fault.into())
        }
    }
}

/// Any time up to `most`, all equally likely.
pub(in crate::engine) fn full_jitter(most: Duration) -> Duration {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // Every `RandomState` is seeded differently; good enough to spread waits, not for secrets.
    let random = RandomState::new().build_hasher().finish();
    most.mul_f64((random >> 11) as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::ErrorKind;
    use tokio::time::Instant;

    use super::super::lock;
    use super::super::scripted::Scripted;
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn retried(script: Vec<SourceError>) -> Retried<Scripted> {
        Retried {
            inner: Scripted::new(script.into_iter().map(Err)),
            name: SourceName::parse("a").unwrap(),
            patience: Patience {
                retries: 2,
                max_wait: 60 * S,
                stopping: false,
            },
            counts: Arc::default(),
            jitter: |most| most,
        }
    }

    async fn search(retried: &Retried<Scripted>) -> Result<Found, CallError> {
        let (call_context, _inbox) = CallContext::for_test();
        retried.search(&Query::default(), &call_context).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_temporary_failure_is_tried_again_after_waits_that_grow() {
        let began = Instant::now();
        let retried = retried(vec![
            SourceError::transient("a"),
            SourceError::transient("b"),
        ]);
        assert!(search(&retried).await.is_ok());
        let calls: Vec<_> = lock(&retried.inner.calls)
            .iter()
            .map(|call| call.duration_since(began))
            .collect();
        assert_eq!(calls, [Duration::ZERO, S / 2, S / 2 + S]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_that_the_service_asked_for_is_kept_exactly() {
        let began = Instant::now();
        let busy = SourceError::new(ErrorKind::RateLimited, "busy").with_retry_after(7 * S);
        let retried = retried(vec![busy]);
        assert!(search(&retried).await.is_ok());
        assert_eq!(began.elapsed(), 7 * S);
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_work_the_next_time_and_what_was_tried_enough_is_given_up() {
        let long = SourceError::new(ErrorKind::RateLimited, "busy").with_retry_after(61 * S);
        let transient = || SourceError::transient("down");
        for (script, calls) in [
            (vec![SourceError::not_found("gone")], 1),
            (vec![long], 1),
            (vec![transient(), transient(), transient()], 3),
        ] {
            let last = script.last().cloned().unwrap();
            let retried = retried(script);
            assert_eq!(search(&retried).await.unwrap_err(), CallError::Failed(last));
            assert_eq!(retried.inner.called(), calls);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_run_that_was_stopped() {
        let retried = retried(vec![SourceError::transient("down")]);
        let (call_context, _inbox) = CallContext::for_test();
        let query = Query::default();
        let search = retried.search(&query, &call_context);
        let stop = async {
            tokio::time::sleep(S / 4).await;
            call_context.cancel.stop();
        };
        let (end, ()) = tokio::join!(search, stop);
        assert_eq!(
            end.unwrap_err(),
            CallError::Failed(SourceError::cancelled())
        );
        assert_eq!(retried.inner.called(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn every_try_of_a_download_finds_its_directory_empty() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("half.flac"), "half").unwrap();
        std::fs::create_dir(dir.path().join("parts")).unwrap();
        let retried = retried(vec![SourceError::transient("cut")]);
        let request = DownloadRequest {
            dest_dir: dir.path().to_owned(),
            ..DownloadRequest::default()
        };
        let (call_context, _inbox) = CallContext::for_test();
        retried.download(&request, &call_context).await.unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn jitter_stays_within_its_wait_and_is_not_always_the_same() {
        let waits: Vec<_> = (0..50).map(|_| full_jitter(S)).collect();
        assert!(waits.iter().all(|wait| *wait <= S));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
