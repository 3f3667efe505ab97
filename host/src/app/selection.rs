//! Which items of a plan a run carries out: all of them, those that lists name, or those that
//! are tried again.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use crate::music::TrackId;
use crate::plan::{ItemState, Plan, SkipReason, Status};
use crate::state::{Memory, RunKind};

/// Which items a run carries out.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Only these; `None`: all.
    only: Option<HashSet<TrackId>>,
    /// Not these.
    except: HashSet<TrackId>,
    /// These as if for the first time.
    again: HashSet<TrackId>,
}

impl Selection {
    /// What lists say, each a file with an id at the beginning of every line; the rest of a
    /// line is for its reader.
    pub(crate) fn of_lists(include: &[PathBuf], exclude: &[PathBuf]) -> Result<Self, Failure> {
        let all = |files: &[PathBuf]| -> Result<HashSet<TrackId>, Failure> {
            let mut ids = HashSet::new();
            for file in files {
                ids.extend(read(file)?);
            }
            Ok(ids)
        };
        Ok(Self {
            only: match include {
                [] => None,
                files => Some(all(files)?),
            },
            except: all(exclude)?,
            again: HashSet::new(),
        })
    }

    /// Only these, and as if for the first time.
    pub(crate) fn again(ids: HashSet<TrackId>) -> Self {
        Self {
            only: Some(ids.clone()),
            except: HashSet::new(),
            again: ids,
        }
    }

    /// The items that are tried as if for the first time.
    pub(crate) fn again_wanted(&self) -> &HashSet<TrackId> {
        &self.again
    }

    /// What kind of run it makes.
    pub(crate) fn run_kind(&self) -> RunKind {
        match self.again.is_empty() {
            true => RunKind::Plan,
            false => RunKind::Retry,
        }
    }

    /// Name of its report in the state directory. That of a retry is not the last run's: it says
    /// nothing about all other tracks.
    pub(crate) fn report_name(&self) -> &'static str {
        match self.run_kind() {
            RunKind::Plan => "report.json",
            RunKind::Retry => "retry.json",
        }
    }

    /// Whether a track that is to be tried again is in no plan.
    pub(crate) fn lacks(&self, plan: &Plan) -> bool {
        self.again.iter().any(|id| plan.get_item(id).is_none())
    }

    /// Cancels that hold no longer, before a plan is made.
    pub(crate) fn forget_cancels(&self, memory: &mut Memory) {
        memory.forget_cancels(&self.again);
    }

    /// Leaves out what is not selected. One sentence for each id that is in no plan.
    pub(crate) fn apply(&self, plan: &mut Plan) -> Vec<String> {
        let named = self.only.iter().flatten().chain(&self.except);
        let mut unknown: Vec<String> = named
            .filter(|id| plan.get_item(id).is_none())
            .map(|id| format!("`{id}` is selected, but not in the plan"))
            .collect();
        unknown.sort();
        for item in &mut plan.items {
            let id = item.id();
            let selected = self.only.as_ref().is_none_or(|only| only.contains(id));
            let left_out = !selected || self.except.contains(id);
            if left_out && item.status() == Status::Pending {
                item.state = ItemState::Skipped {
                    reason: SkipReason::LeftOut,
                    path: None,
                };
            }
        }
        unknown
    }
}

/// The ids of a list.
fn read(file: &Path) -> Result<Vec<TrackId>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("the list `{}` cannot be read: {error}", file.display()),
        )
    })?;
    let ids = text.lines().filter_map(|line| {
        let id = line.split_whitespace().next()?;
        (!id.starts_with('#')).then(|| TrackId::from_saved(id))
    });
    Ok(ids.collect())
}

/// A list of what a plan would fetch, to be read, cut and given to `run --include`.
pub(crate) fn list(plan: &Plan) -> String {
    let pending = plan.items_by_status(Status::Pending);
    let line = |item: &crate::plan::PlanItem| {
        format!(
            "{}  {}\n",
            item.id(),
            crate::text::plain(&item.display_name())
        )
    };
    pending.map(line).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::music::Track;
    use crate::plan::PlanItem;

    fn plan() -> Plan {
        let item = |n: usize| PlanItem::new(Track::new(TrackId::text(&n.to_string()), "A song"));
        let items = (0..4).map(item).collect();
        Plan::new(items, Vec::new(), Timestamp::UNIX_EPOCH, "1".to_owned())
    }

    fn pending(plan: &Plan) -> Vec<&str> {
        let pending = plan.items_by_status(Status::Pending);
        pending.map(|item| item.id().as_str()).collect()
    }

    #[test]
    fn the_list_of_a_plan_selects_exactly_what_is_left_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list");
        let listed = list(&plan());
        let reviewed = listed.replacen("text:1 ", "# text:1 ", 1) + "\ntext:9 gone\n";
        std::fs::write(&path, reviewed).unwrap();
        let mut included = plan();
        let lists = [path];
        let unknown = Selection::of_lists(&lists, &[])
            .unwrap()
            .apply(&mut included);
        assert_eq!(pending(&included), ["text:0", "text:2", "text:3"]);
        assert_eq!(unknown, ["`text:9` is selected, but not in the plan"]);

        let mut excluded = plan();
        Selection::of_lists(&[], &lists)
            .unwrap()
            .apply(&mut excluded);
        assert_eq!(pending(&excluded), ["text:1"]);
    }

    #[test]
    fn a_list_that_is_not_there_is_an_error_and_not_an_empty_one() {
        let failure = Selection::of_lists(&["/nowhere/list".into()], &[]).unwrap_err();
        assert!(failure.message.contains("/nowhere/list"), "{failure:?}");
    }
}
