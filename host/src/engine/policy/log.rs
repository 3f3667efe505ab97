//! What was called, how long it took and how it ended, for the log and the counters. The
//! outermost policy: waits are part of the time.

use std::sync::Arc;

use musicdl_plugin_api::{DownloadRequest, Files, Query};
use tokio::time::Instant;

use super::counts::Counts;
use super::{CallError, CallFuture, Found, SourceService};
use crate::engine::mailbox::CallContext;
use crate::music::SourceName;

/// A source whose calls are written down.
pub(in crate::engine) struct Logged<S> {
    pub(in crate::engine) inner: S,
    pub(in crate::engine) name: SourceName,
    pub(in crate::engine) counts: Arc<Counts>,
}

impl<S> Logged<S> {
    fn note<T>(
        &self,
        call: &'static str,
        call_context: &CallContext,
        since: Instant,
        end: &Result<T, CallError>,
    ) {
        let took_ms = since.elapsed().as_millis();
        let (source, item) = (&self.name, &call_context.id);
        match end {
            Ok(_) => tracing::debug!(%source, %item, call, took_ms, "done"),
            Err(CallError::Failed(error)) => {
                self.counts.failed(error.kind);
                tracing::debug!(%source, %item, call, took_ms, %error, "failed");
            }
            Err(CallError::Rests(rest)) => {
                tracing::debug!(%source, %item, call, why = %rest.why, "rests");
            }
            Err(CallError::Dropped(why)) => tracing::debug!(%source, %item, call, %why, "dropped"),
        }
    }
}

impl<S: SourceService> SourceService for Logged<S> {
    fn search<'a>(
        &'a self,
        query: &'a Query,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Found> {
        Box::pin(async move {
            let since = Instant::now();
            let end = self.inner.search(query, call_context).await;
            self.note("search", call_context, since, &end);
            end
        })
    }

    fn download<'a>(
        &'a self,
        request: &'a DownloadRequest,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Files> {
        Box::pin(async move {
            let since = Instant::now();
            let end = self.inner.download(request, call_context).await;
            self.note("download", call_context, since, &end);
            end
        })
    }
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::SourceError;

    use super::super::scripted::Scripted;
    use super::*;

    #[tokio::test]
    async fn a_failure_is_counted_by_its_kind_and_passed_on_unchanged() {
        let error = SourceError::not_found("gone");
        let counts = Arc::new(Counts::default());
        let name = SourceName::parse("a").unwrap();
        let logged = Logged {
            inner: Scripted::new([Err(error.clone()), Ok(Vec::new())]),
            name: name.clone(),
            counts: Arc::clone(&counts),
        };
        let (call_context, _inbox) = CallContext::for_test();
        let end = logged
            .search(&Query::default(), &call_context)
            .await
            .unwrap_err();
        assert_eq!(end, CallError::Failed(error));
        assert!(
            logged
                .search(&Query::default(), &call_context)
                .await
                .is_ok()
        );
        assert_eq!(counts.totals(&name).failures.len(), 1);
    }
}
