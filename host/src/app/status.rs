//! How things stand, as data; printed in words by `ui`.

use std::path::Path;

use serde::Serialize;

use super::exit::Failure;
use crate::publish::{Quarantine, QuarantineTotals};
use crate::state::{ReadOnlyState, StatusReport};

/// How things stand, in the state and beside it.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// What the state says.
    #[serde(flatten)]
    pub state: StatusReport,
    /// The refused files that are kept; `None` when their directory cannot be read.
    pub quarantine: Option<QuarantineTotals>,
}

impl Status {
    /// How things stand now. The state is opened each time: that of an earlier program is read as
    /// of one moment.
    pub(crate) fn of(state: &Path, quarantine: &Quarantine) -> Result<Self, Failure> {
        Ok(Self {
            state: ReadOnlyState::open(state)?.status()?,
            // A directory that cannot be read hides nothing else.
            quarantine: quarantine.totals().ok(),
        })
    }
}
