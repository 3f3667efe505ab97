//! One source is asked for one track: in ever fewer words, until something may be the wanted
//! recording.

use std::sync::Arc;

use super::choose::{Choice, Chooser};
use super::event::Event;
use super::fallback::Step;
use super::job::{Context, FailureEffect};
use super::mailbox::CallContext;
use super::query_relaxation::queries;
use super::source_handle::SourceStack;
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
    FailureEffect(FailureEffect),
}

/// Asks.
pub(super) async fn look(
    handle: Arc<SourceStack>,
    item: Arc<PlanItem>,
    context: Arc<Context>,
    call_context: CallContext,
) -> Look {
    let most = if handle.shapes_queries() {
        1
    } else {
        usize::MAX
    };
    let track = item.track.unpack();
    let queries = queries(&track, context.hits_per_search).take(most);
    let (mut hits, mut kept) = (0, false);
    // Over all answers, because two questions find the same thing twice and it is one candidate.
    let mut chooser = Chooser::new(&track, &context.rules);
    for query in queries {
        let found = match handle.search(&query, &call_context).await {
            Ok(found) => found,
            Err(fault) => {
                return Look::FailureEffect(context.failure_effect(
                    Step::Search,
                    fault,
                    &call_context,
                ));
            }
        };
        kept |= found.kept;
        hits += found.hits.len();
        chooser.weigh(found.hits);
        call_context.mailbox.emit(Event::Searched {
            id: item.id().clone(),
            source: handle.name().clone(),
            hits: chooser.found(),
            accepted: chooser.accepted().len(),
        });
        if !chooser.accepted().is_empty() {
            break;
        }
    }
    Look::Found {
        hits,
        choice: chooser.choice(),
        kept,
    }
}
