//! What a command, a server and a schedule all do: plan, choose what of it is carried out, load
//! the sources, run, report. Prints nothing, listens to no signal and ends no process.

pub(crate) mod connections;
mod control;
pub(crate) mod engine_config;
mod events;
pub(crate) mod exit;
pub(crate) mod explanation;
pub(crate) mod findings;
pub(crate) mod planning;
pub(crate) mod playlists;
pub(crate) mod programs;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod selection;
pub(crate) mod sources;
pub(crate) mod status;
pub(crate) mod verification;

pub use connections::Check;
pub use control::Control;
pub use events::{Listener, RunEvent, RunId};
pub use exit::{Exit, Failure};
pub use explanation::Explanation;
pub use report::Report;
pub use run::{Ended, Request, run};
pub use status::Status;
