//! Where the bytes come from: finds libraries, loads each one and keeps the sources they
//! make. Which settings a source gets is the configuration's business, what a source may ask
//! of the host is [`services`]', and when it is called the engine's.
//!
//! [`mod@discover`] -> [`trust`] -> [`snapshot`] (with [`elf`]) -> [`mod@load`] -> [`registry`] ->
//! [`report`]: a file that falls out on the way is reported with its reason and costs the
//! others nothing.

pub mod discover;
pub mod elf;
pub mod info;
pub mod load;
pub mod registry;
pub mod report;
pub mod services;
pub mod snapshot;
pub mod trust;

pub use discover::{DiscoverError, Discovery, NotAFile, discover};
pub use info::PluginInfo;
pub use load::{LoadError, LoadFailure, LoadedLibrary, load, load_snapshot};
pub use registry::{LoadedSource, Making, Refusal, RefusalReason, Registry};
pub use report::PluginReport;
pub use snapshot::Snapshot;
pub use trust::Untrusted;
