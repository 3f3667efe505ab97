//! Where the bytes come from: finds libraries, loads each one and keeps the sources they
//! make. Which settings a source gets is the configuration's business, what a source may ask
//! of the host is [`services`]', and when it is called the engine's.
//!
//! [`mod@discover`] -> [`trust`] -> [`snapshot`] (with [`elf`]) -> [`mod@load`] -> [`registry`] ->
//! [`report`]: a file that falls out on the way is reported with its reason and costs the
//! others nothing.
//!
//! A library runs in a [`process`] of its own unless the config says otherwise; [`child`] is
//! the other end of that, and `messages` in `frames` are what both say. `masked` takes secrets
//! out of what any source says. `byte_budget`, `cut`,
//! `rate_limiter`, `thread_pool` and `process_tree` keep the memory, answers, noise, threads and
//! children of one plugin within bounds,
//! [`sandbox`] its reach, and [`scratch`] what it leaves behind.

mod byte_budget;
pub mod child;
mod cut;
pub mod discover;
pub mod elf;
mod frames;
pub mod info;
pub mod load;
mod masked;
mod messages;
pub mod process;
mod process_tree;
mod rate_limiter;
pub mod registry;
pub mod report;
pub mod sandbox;
pub mod scratch;
pub mod services;
pub mod snapshot;
mod thread_pool;
pub mod trust;

pub use discover::{DiscoverError, Discovery, NotAFile, discover};
pub use info::PluginInfo;
pub use load::{
    LoadError, LoadFailure, LoadedLibrary, load, load_in_process, load_snapshot,
    load_snapshot_in_process,
};
pub use process::ProcessOptions;
pub use registry::{Declared, Isolation, LoadedSource, Making, Refusal, RefusalReason, Registry};
pub use report::PluginReport;
pub use sandbox::Sandbox;
pub use snapshot::Snapshot;
pub use trust::Untrusted;
