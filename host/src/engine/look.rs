//! One source is asked for one track: in ever fewer words, until something may be the wanted
//! recording.

use std::sync::Arc;

use super::choose::{Choice, choose};
use super::event::Event;
use super::fallback::Step;
use super::job::{Context, Setback};
use super::ladder::queries;
use super::lane::Wrapped;
use super::post::Errand;
use crate::plan::PlanItem;

/// What came of asking.
#[derive(Debug)]
pub(super) enum Look {
    /// It answered, with something that fits or without.
    Found {
        choice: Choice,
        /// How much it found, fitting or not.
        hits: usize,
        /// Whether any of it is an answer that was kept.
        kept: bool,
    },
    /// It answered nothing.
    Setback(Setback),
}

/// Asks.
pub(super) async fn look(
    lane: Arc<Wrapped>,
    item: Arc<PlanItem>,
    context: Arc<Context>,
    errand: Errand,
) -> Look {
    let mut queries = queries(&item.track, context.hits_per_search);
    if lane.shapes_queries() {
        queries.truncate(1);
    }
    let (mut all, mut kept) = (Vec::new(), false);
    let mut choice = Choice::default();
    for query in queries {
        let found = match lane.search(&query, &errand).await {
            Ok(found) => found,
            Err(fault) => return Look::Setback(context.setback(Step::Search, fault, &errand)),
        };
        kept |= found.kept;
        all.extend(found.hits);
        // Everything found so far, because two questions find the same thing twice and it is
        // one candidate.
        choice = choose(&item.track, all.clone(), &context.rules);
        errand.post.tell(Event::Searched {
            id: item.id().clone(),
            source: lane.name().clone(),
            hits: choice.accepted.len() + choice.refused.len(),
            accepted: choice.accepted.len(),
        });
        if !choice.accepted.is_empty() {
            break;
        }
    }
    Look::Found {
        hits: all.len(),
        choice,
        kept,
    }
}
