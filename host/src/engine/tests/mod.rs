//! The engine as a whole: a plan, sources that live in the test, a real library and a real
//! state, both in a temporary directory.

mod albums;
mod cancels;
mod dependents;
mod follows;
mod orders;
mod questions;
mod shop;
mod stalls;
mod together;
mod unwritten;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use musicdl_plugin_api::{Capabilities, Limits, Source};
use tempfile::TempDir;

use super::*;
use crate::layout::RelPath;
use crate::music::Track;
use crate::plan::PlanItem;
use crate::publish::Publisher;
use crate::state::{RunKind, SourceStore, State};

/// A library, a state, and a plan.
struct Desk {
    dir: TempDir,
    plan: Plan,
    state: State,
    options: Options,
    finishing: Finishing,
    /// What every source declares.
    limits: Limits,
    cancel: Cancel,
    events: Vec<Event>,
}

/// Keeps what it is told.
struct Ears<'a>(&'a mut Vec<Event>);

impl Reporter for Ears<'_> {
    fn event(&mut self, event: &Event) {
        self.0.push(event.clone());
    }
}

/// A track of Ann's.
fn track(title: &str) -> Track {
    Track {
        artists: vec!["Ann".to_owned()],
        ..Track::new(TrackId::text(title), title)
    }
}

/// A track of Ann's album.
fn of_album(album: &str, number: u32, title: &str) -> Track {
    Track {
        album: Some(album.to_owned()),
        track_number: Some(number),
        ..track(title)
    }
}

impl Desk {
    fn wanting(tracks: impl IntoIterator<Item = Track>) -> Self {
        let item = |track: Track| {
            let mut item = PlanItem::new(track);
            let target = format!("Ann/{}", item.track.title());
            item.targets.push(RelPath::from_saved(&target).unwrap());
            item
        };
        let items = tracks.into_iter().map(item).collect();
        let dir = tempfile::tempdir().unwrap();
        let plan = Plan::new(items, Vec::new(), Timestamp::now(), "1".to_owned());
        let mut state = State::open(&dir.path().join("state")).unwrap();
        state
            .begin_run(&dir.path().join("music"), RunKind::Plan)
            .unwrap();
        state.save_plan(&plan).unwrap();
        Self {
            plan,
            state,
            dir,
            options: Options {
                jobs: 4,
                rules: Rules::default(),
                retries: 0,
                max_wait: Duration::from_secs(60),
                hits_per_search: 10,
                search: SearchOrder::Priority,
                cache_age: Duration::ZERO,
                extra_files: ExtraFiles::Discard,
            },
            finishing: Finishing::default(),
            limits: Limits {
                search_concurrency: 8,
                download_concurrency: 8,
                ..Limits::default()
            },
            cancel: Cancel::new(),
            events: Vec::new(),
        }
    }

    /// Carries the plan out with those sources, in that order.
    async fn run(&mut self, sources: Vec<(&str, Arc<dyn Source>, Capabilities)>) -> Outcome {
        let handle = |(name, source, capabilities): (&str, Arc<dyn Source>, Capabilities)| {
            SourceHandle::new(
                SourceName::parse(name).unwrap(),
                source,
                capabilities,
                self.limits.clone(),
                PaceWish::default(),
                Deadlines {
                    search: Duration::from_secs(60),
                    stall: Duration::from_secs(60),
                    queue: Duration::from_secs(90),
                    follow: Duration::from_secs(180),
                },
            )
        };
        let publisher = Arc::new(Publisher::open(&self.dir.path().join("music")).unwrap());
        let notes = SourceStore::open(&self.dir.path().join("state")).unwrap();
        let engine = Engine::new(
            sources.into_iter().map(handle).collect(),
            Finisher::new(publisher, self.finishing.clone()),
            self.options.clone(),
            Arc::new(notes),
        );
        let mut ears = Ears(&mut self.events);
        let cancel = self.cancel.clone();
        engine
            .run(&mut self.plan, &mut self.state, &mut ears, &cancel)
            .await
    }

    /// `Title: status, from whom`, in plan order.
    fn ends(&self) -> Vec<String> {
        let source = |id: &TrackId| {
            self.events.iter().find_map(|event| match event {
                Event::ItemFinished { id: of, source, .. } if of == id => source.clone(),
                _ => None,
            })
        };
        let items = self.plan.items.iter();
        items
            .map(|item| {
                let title = item.track.title();
                match source(item.id()) {
                    Some(source) => format!("{title}: {}, {source}", item.status()),
                    None => format!("{title}: {}", item.status()),
                }
            })
            .collect()
    }

    /// Files that were left in staging.
    fn unfinished(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.dir.path().join("music/.musicdl")];
        while let Some(folder) = folders.pop() {
            // Gone altogether is fine as well.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.file_type().unwrap().is_dir() {
                    true => folders.push(entry.path()),
                    false => files.push(entry.path().display().to_string()),
                }
            }
        }
        files
    }

    /// Why candidates of that title lost.
    fn losses(&self, title: &str) -> Vec<String> {
        let id = TrackId::text(title);
        let reason = |event: &Event| match event {
            Event::Lost(tried) if tried.id == id => {
                Some(format!("{}: {}", tried.source, tried.reason))
            }
            _ => None,
        };
        self.events.iter().filter_map(reason).collect()
    }
}
