//! One source of a run: what is given for it, and the same wrapped in its policies.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use musicdl_plugin_api::{Capabilities, DownloadRequest, Files, Limits, Query, Source};
use tokio_util::sync::CancellationToken;

use super::fallback::Patience;
use super::mailbox::CallContext;
use super::policy::breaker::{Breaker, Guarded};
use super::policy::cache::Cached;
use super::policy::call::{Deadlines, DirectService, SourceLiveness};
use super::policy::counts::{Counts, SourceTotals};
use super::policy::log::Logged;
use super::policy::pace::{Allowance, PaceWish, Paced};
use super::policy::retry::{Retried, full_jitter};
use super::policy::{CallError, Found, SourceService};
use super::source_memory::SourceMemory;
use crate::music::SourceName;

/// One source as it is given for a run.
pub struct SourceHandle {
    name: SourceName,
    source: Arc<dyn Source>,
    capabilities: Capabilities,
    limits: Limits,
    wish: PaceWish,
    deadlines: Deadlines,
}

impl SourceHandle {
    /// A source with what it declares, and what its user wishes instead.
    pub fn new(
        name: SourceName,
        source: Arc<dyn Source>,
        capabilities: Capabilities,
        limits: Limits,
        wish: PaceWish,
        deadlines: Deadlines,
    ) -> Self {
        Self {
            name,
            source,
            capabilities,
            limits,
            wish,
            deadlines,
        }
    }

    /// Its name.
    pub fn name(&self) -> &SourceName {
        &self.name
    }

    /// Wraps it in its policies. What they remember of earlier runs is in `memory`; `cache_age`
    /// is how long an answer to a search is good.
    pub(super) fn wrap(
        self,
        memory: &Arc<dyn SourceMemory>,
        patience: Patience,
        cache_age: Duration,
        now: Timestamp,
    ) -> SourceStack {
        let Self {
            name,
            source,
            capabilities,
            limits,
            wish,
            deadlines,
        } = self;
        let ended = CancellationToken::new();
        let (counts, liveness) = (Arc::<Counts>::default(), SourceLiveness::default());
        let declared = |own: Option<Duration>, hosts: Duration| own.unwrap_or(hosts);
        let direct = DirectService {
            name: name.clone(),
            source,
            capabilities,
            deadlines: Deadlines {
                search: declared(limits.search_deadline, deadlines.search),
                stall: declared(limits.stall_deadline, deadlines.stall),
                ..deadlines
            },
            liveness: liveness.clone(),
            ended: ended.clone(),
        };
        let paced = Arc::new(Paced::new(
            direct,
            name.clone(),
            &Allowance::new(&limits, &wish, patience.max_wait),
            liveness,
            Arc::clone(&counts),
            memory,
            now,
        ));
        let retried = Retried {
            inner: Arc::clone(&paced),
            name: name.clone(),
            patience,
            counts: Arc::clone(&counts),
            jitter: full_jitter,
        };
        let kept = Guarded::<()>::kept_rest(memory.as_ref(), &name, now);
        let breaker = Arc::new(Breaker::resting(kept));
        let guarded = Guarded {
            inner: retried,
            name: name.clone(),
            breaker: Arc::clone(&breaker),
            patience,
            memory: Arc::clone(memory),
        };
        let local = capabilities.has(Capabilities::LOCAL);
        let cached = Cached {
            inner: guarded,
            name: name.clone(),
            memory: Arc::clone(memory),
            age: if local { Duration::ZERO } else { cache_age },
            counts: Arc::clone(&counts),
        };
        let service = Logged {
            inner: cached,
            name: name.clone(),
            counts: Arc::clone(&counts),
        };
        SourceStack {
            service: Box::new(service),
            ended,
            name,
            capabilities,
            breaker,
            counts,
            paced,
        }
    }
}

/// A source in its policies.
pub(super) struct SourceStack {
    name: SourceName,
    capabilities: Capabilities,
    service: Box<dyn SourceService>,
    ended: CancellationToken,
    breaker: Arc<Breaker>,
    counts: Arc<Counts>,
    paced: Arc<Paced<DirectService>>,
}

impl SourceStack {
    pub(super) fn name(&self) -> &SourceName {
        &self.name
    }

    /// Whether it has whole albums only; it is never asked for a track.
    pub(super) fn is_album_only(&self) -> bool {
        self.capabilities.has(Capabilities::ALBUM_ONLY)
    }

    /// Whether it shapes its own queries, so that asking again in other words is of no use.
    pub(super) fn shapes_queries(&self) -> bool {
        self.capabilities.has(Capabilities::OWN_QUERIES)
    }

    /// Whether its files are the user's own, who may mend them at any time.
    pub(super) fn is_local(&self) -> bool {
        self.capabilities.has(Capabilities::LOCAL)
    }

    /// Why it is out of the run; `None` while it is not.
    pub(super) fn dropped(&self) -> Option<String> {
        self.breaker.dropped()
    }

    /// The user has done with it: it is not asked any more, and its running calls end.
    pub(super) fn end(&self, why: &str) {
        self.breaker.end(why);
        self.ended.cancel();
    }

    pub(super) async fn search(
        &self,
        query: &Query,
        call_context: &CallContext,
    ) -> Result<Found, CallError> {
        self.service.search(query, call_context).await
    }

    pub(super) async fn download(
        &self,
        request: &DownloadRequest,
        call_context: &CallContext,
    ) -> Result<Files, CallError> {
        self.service.download(request, call_context).await
    }

    /// Bytes that it delivered arrived.
    pub(super) fn delivered(&self, bytes: u64) {
        self.counts.delivered(bytes);
    }

    /// What it was asked for and what came of it.
    pub(super) fn totals(&self) -> SourceTotals {
        SourceTotals {
            searches_left: self.paced.searches_left(),
            ..self.counts.totals(&self.name)
        }
    }
}
