//! Why a track is taken from where it is: every candidate of every source, with its scores and
//! the rule that decided. Asks sources and changes nothing.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::choose::{Candidate, Chooser};
use super::fallback::Patience;
use super::job::shown;
use super::mailbox::{CallContext, MailboxSender};
use super::policy::CallError;
use super::query_relaxation::queries;
use super::source_handle::SourceHandle;
use super::source_memory::SourceMemory;
use super::{Cancel, Options};
use crate::matching::Score;
use crate::music::{SourceName, Track};

/// What one source says of a track.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// Which source.
    pub source: SourceName,
    /// What was asked, in order, and how much was found.
    pub asked: Vec<Asked>,
    /// What it found, those that fit first and best first.
    pub candidates: Vec<Weighed>,
    /// Why it was not asked, or did not answer.
    pub failure: Option<String>,
}

/// One search.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// Its words.
    pub text: String,
    /// How much was found.
    pub hits: usize,
    /// Whether an answer of an earlier search was used.
    pub kept: bool,
}

/// A candidate.
#[derive(Debug, Serialize)]
pub struct Weighed {
    /// Its number among all that are explained, from 1.
    pub number: usize,
    /// As the source names it.
    pub target: String,
    /// For people.
    pub title: String,
    /// Name of its codec, as the source says.
    pub codec: Option<String>,
    /// Bits per second, as the source says.
    pub bitrate: Option<u32>,
    /// Bits of a sample, as the source says.
    pub bit_depth: Option<u32>,
    /// Samples per second, as the source says.
    pub sample_rate: Option<u32>,
    /// Bytes, as the source says.
    pub size: Option<u64>,
    /// Whether it would be fetched.
    pub accepted: bool,
    /// Part by part.
    pub score: Score,
    /// The rule that decided against it.
    pub refused: Option<String>,
    /// What an earlier run found out when it fetched it.
    pub known_to_be_bad: Option<String>,
}

/// Asks every source in turn.
pub async fn explain(
    track: &Track,
    handles: Vec<SourceHandle>,
    options: &Options,
    memory: &Arc<dyn SourceMemory>,
) -> Vec<Explained> {
    let (mailbox, _inbox) = MailboxSender::new();
    let call_context = CallContext {
        at: 0,
        id: track.id.clone(),
        cancel: Cancel::new(),
        mailbox,
        fresh: false,
    };
    // Somebody waits for the answer: nothing is tried twice.
    let patience = Patience {
        retries: 0,
        max_wait: Duration::ZERO,
        stopping: false,
    };
    let mut explained = Vec::new();
    let mut number = 0;
    for handle in handles {
        let handle = handle.wrap(memory, patience, options.cache_age, Timestamp::now());
        let mut of_one = Explained {
            source: handle.name().clone(),
            asked: Vec::new(),
            candidates: Vec::new(),
            failure: None,
        };
        if handle.is_album_only() {
            of_one.failure = Some("serves whole albums only".to_owned());
            explained.push(of_one);
            continue;
        }
        let mut chooser = Chooser::new(track, &options.rules);
        let most = if handle.shapes_queries() {
            1
        } else {
            usize::MAX
        };
        for query in queries(track, options.hits_per_search).take(most) {
            match handle.search(&query, &call_context).await {
                Ok(found) => {
                    of_one.asked.push(Asked {
                        text: query.text,
                        hits: found.hits.len(),
                        kept: found.kept,
                    });
                    chooser.weigh(found.hits);
                }
                Err(fault) => {
                    of_one.failure = Some(match fault {
                        CallError::Failed(error) => error.to_string(),
                        CallError::Rests(rest) => format!("is left alone: {}", rest.why),
                        CallError::Dropped(why) => why,
                    });
                    break;
                }
            }
            if !chooser.accepted().is_empty() {
                break;
            }
        }
        let choice = chooser.choice();
        let mut weigh = |candidate: Candidate, refused: Option<String>| {
            number += 1;
            Weighed {
                number,
                title: shown(&candidate),
                accepted: refused.is_none(),
                known_to_be_bad: memory.bad_file(
                    &of_one.source,
                    &candidate.hit.target_id,
                    &track.id,
                ),
                target: candidate.hit.target_id,
                codec: candidate.hit.codec,
                bitrate: candidate.hit.bitrate,
                bit_depth: candidate.hit.bit_depth,
                sample_rate: candidate.hit.sample_rate,
                size: candidate.hit.size,
                score: candidate.score,
                refused,
            }
        };
        let accepted = choice.accepted.into_iter();
        let accepted = accepted.map(|candidate| (candidate, None));
        let refused = choice.refused.into_iter();
        let refused = refused.map(|(candidate, why)| (candidate, Some(why)));
        let all = accepted.chain(refused);
        let candidates = all.map(|(candidate, refused)| weigh(candidate, refused));
        of_one.candidates = candidates.collect();
        explained.push(of_one);
    }
    explained
}
