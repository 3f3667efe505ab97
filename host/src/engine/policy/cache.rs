//! A search that a source answered lately is not made again, in this run or the next: most
//! services count searches, and a want-list is run many times.
//!
//! Not kept are answers without hits, because what is missing today may be there tomorrow,
//! and answers of sources on this machine, which are asked for nothing.

use std::sync::Arc;
use std::time::Duration;

use musicdl_plugin_api::{DownloadRequest, Files, Query};

use super::counts::Counts;
use super::{CallFuture, Found, SourceService};
use crate::engine::executor::blocking;
use crate::engine::mailbox::CallContext;
use crate::engine::source_memory::SourceMemory;
use crate::music::SourceName;

/// A source whose answers are kept.
pub(in crate::engine) struct Cached<S> {
    pub(in crate::engine) inner: S,
    pub(in crate::engine) name: SourceName,
    pub(in crate::engine) memory: Arc<dyn SourceMemory>,
    /// For how long an answer is good; zero: for nothing.
    pub(in crate::engine) age: Duration,
    pub(in crate::engine) counts: Arc<Counts>,
}

impl<S: SourceService> SourceService for Cached<S> {
    fn search<'a>(
        &'a self,
        query: &'a Query,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Found> {
        if self.age.is_zero() {
            return self.inner.search(query, call_context);
        }
        Box::pin(async move {
            let key = key(query);
            if !call_context.fresh {
                let (memory, name, age) = (Arc::clone(&self.memory), self.name.clone(), self.age);
                let wanted = key.clone();
                let kept = blocking(move || memory.answer(&name, &wanted, age));
                if let Some(hits) = kept.await {
                    self.counts.cache_hits.add(1);
                    return Ok(Found { hits, kept: true });
                }
                self.counts.cache_misses.add(1);
            }
            let found = self.inner.search(query, call_context).await?;
            if !found.hits.is_empty() {
                let (memory, name, hits) = (
                    Arc::clone(&self.memory),
                    self.name.clone(),
                    found.hits.clone(),
                );
                // Nobody waits for it to be written.
                drop(tokio::task::spawn_blocking(move || {
                    memory.answered(&name, &key, &hits);
                }));
            }
            Ok(found)
        })
    }

    fn download<'a>(
        &'a self,
        request: &'a DownloadRequest,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Files> {
        self.inner.download(request, call_context)
    }
}

/// Digest of everything that was asked; two queries share an answer only when they are equal.
fn key(query: &Query) -> String {
    let mut digest = blake3::Hasher::new();
    let mut add = |text: &str| {
        digest.update(&(text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    };
    let Query {
        kind,
        text,
        title,
        artists,
        album,
        album_artist,
        duration_ms,
        isrc,
        recording_mbid,
        release_mbid,
        track_number,
        disc_number,
        year,
        explicit,
        limit,
        extra,
    } = query;
    add(text);
    for text in [
        title,
        album,
        album_artist,
        isrc,
        recording_mbid,
        release_mbid,
    ] {
        add(&format!("{text:?}"));
    }
    add(&format!("{artists:?} {extra:?}"));
    add(&format!(
        "{} {duration_ms:?} {track_number:?} {disc_number:?} {year:?} {explicit:?} {limit}",
        kind.0
    ));
    digest.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::{Hit, SourceError};

    use super::super::scripted::Scripted;
    use super::*;
    use crate::state::{SourceStore, State};

    const HOUR: Duration = Duration::from_secs(3600);

    fn hit(id: &str) -> Hit {
        Hit {
            target_id: id.to_owned(),
            title: "Bluebird".to_owned(),
            extra: vec![("peer".to_owned(), "ann".to_owned())],
            ..Hit::default()
        }
    }

    fn query(text: &str) -> Query {
        Query {
            text: text.to_owned(),
            ..Query::default()
        }
    }

    #[tokio::test]
    async fn an_answer_is_asked_for_once_and_kept_for_the_next_run() {
        let dir = tempfile::tempdir().unwrap();
        drop(State::open(dir.path()).unwrap());
        let (call_context, _inbox) = CallContext::for_test();
        let counts = Arc::<Counts>::default();
        let cached = |script: Scripted, age| Cached {
            inner: script,
            name: SourceName::parse("a").unwrap(),
            memory: Arc::new(SourceStore::open(dir.path()).unwrap()),
            age,
            counts: Arc::clone(&counts),
        };
        let hits = vec![hit("1"), hit("2")];
        let first = cached(Scripted::new([Ok(hits.clone())]), HOUR);
        let asked = first.search(&query("x"), &call_context).await.unwrap();
        assert_eq!((asked.hits, asked.kept), (hits.clone(), false));
        // The answer is written by somebody else in the meantime.
        while first
            .memory
            .answer(&first.name, &key(&query("x")), HOUR)
            .is_none()
        {
            tokio::task::yield_now().await;
        }

        let second = cached(Scripted::new([Ok(vec![hit("3")])]), HOUR);
        let kept = second.search(&query("x"), &call_context).await.unwrap();
        assert_eq!((kept.hits, kept.kept), (hits, true));
        assert_eq!(second.inner.called(), 0);
        let fresh = CallContext {
            fresh: true,
            ..call_context.clone()
        };
        let asked = second.search(&query("x"), &fresh).await.unwrap();
        assert_eq!(asked.hits, [hit("3")], "unless an old answer will not do");

        let third = cached(Scripted::default(), Duration::ZERO);
        assert!(
            third
                .search(&query("x"), &call_context)
                .await
                .unwrap()
                .hits
                .is_empty()
        );
        let totals = counts.totals(&third.name);
        assert_eq!((totals.cache_hits, totals.cache_misses), (1, 1));
    }

    #[tokio::test]
    async fn neither_nothing_nor_a_failure_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        drop(State::open(dir.path()).unwrap());
        let cached = Cached {
            inner: Scripted::new([
                Ok(Vec::new()),
                Err(SourceError::transient("down")),
                Ok(vec![hit("1")]),
            ]),
            name: SourceName::parse("a").unwrap(),
            memory: Arc::new(SourceStore::open(dir.path()).unwrap()),
            age: HOUR,
            counts: Arc::default(),
        };
        let (call_context, _inbox) = CallContext::for_test();
        assert!(
            cached
                .search(&query("x"), &call_context)
                .await
                .unwrap()
                .hits
                .is_empty()
        );
        assert!(cached.search(&query("x"), &call_context).await.is_err());
        assert_eq!(
            cached
                .search(&query("x"), &call_context)
                .await
                .unwrap()
                .hits
                .len(),
            1
        );
    }

    #[test]
    fn threads_that_ask_and_answer_at_once_see_whole_answers() {
        const THREADS: usize = 8;
        let dir = tempfile::tempdir().unwrap();
        drop(State::open(dir.path()).unwrap());
        let memory = SourceStore::open(dir.path()).unwrap();
        let source = SourceName::parse("a").unwrap();
        let all_are_there = std::sync::Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for thread in 1..=THREADS {
                let (memory, source, all_are_there) = (&memory, &source, &all_are_there);
                scope.spawn(move || {
                    all_are_there.wait();
                    for _ in 0..20 {
                        memory.answered(source, "key", &vec![hit(&thread.to_string()); thread]);
                        let kept = memory.answer(source, "key", HOUR).unwrap();
                        let of = kept[0].target_id.parse().unwrap();
                        assert_eq!(kept, vec![hit(&kept[0].target_id); of]);
                    }
                });
            }
        });
    }

    #[test]
    fn every_fact_of_a_query_counts() {
        let titled = |title: &str| Query {
            title: Some(title.to_owned()),
            ..Query::default()
        };
        let of_year = Query {
            year: Some(1987),
            ..Query::default()
        };
        let keys = [
            key(&query("a")),
            key(&query("b")),
            key(&titled("a")),
            key(&titled("b")),
            key(&of_year),
        ];
        let different: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
    }
}
