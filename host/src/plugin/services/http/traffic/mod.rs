//! What a source and its servers said to each other: kept without secrets, and said again
//! without a network. For the tests of plugin authors, and for reports of faults.
//!
//! Below the directory that the user named every source has one of its own, in it a file
//! `0001.json` for each request in the order in which they were made, and beside it what is not
//! text or too long ([`exchange_file`]). Redirects are not seen: an exchange is what the plugin
//! asked, and the answer it got in the end.
//!
//! A request is answered by the first recorded exchange of the same method, URL and body that
//! was not used yet. All three are compared without secrets ([`mask`]), so that a replay needs
//! none.

mod exchange_file;
mod mask;
mod record;
mod replay;

use std::path::PathBuf;
use std::sync::Arc;

use crate::music::SourceName;
use crate::plugin::services::secrets::Secrets;

use mask::Mask;

pub(super) use record::{Recorder, Recording};
pub(super) use replay::Replay;

/// Whether traffic is kept, or comes from what was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// From the network, and nothing of it is kept.
    Live,
    /// From the network, and written below that directory, which must not hold a recording of
    /// the same source yet.
    Record(PathBuf),
    /// From the files below that directory; no connection is made.
    Replay(PathBuf),
}

/// The same for one source.
pub(super) enum Tape {
    Live,
    Recording(Recording),
    Replaying(Replay),
}

impl Tape {
    pub(super) fn of(traffic: &Traffic, name: &SourceName, secrets: Arc<Secrets>) -> Self {
        let mask = Mask::new(secrets);
        match traffic {
            Traffic::Live => Self::Live,
            Traffic::Record(dir) => Self::Recording(Recording::new(dir.join(name.as_str()), mask)),
            Traffic::Replay(dir) => Self::Replaying(Replay::new(dir.join(name.as_str()), mask)),
        }
    }
}
