//! yt-dlp, as the sources use whose sites it knows.
//!
//! Starting yt-dlp costs more than what a search or a download then does. So it is not
//! started for each call: a process is started once, with a small plugin of ours inside
//! (`desk/desk.py`, loaded by yt-dlp itself, so that any way of installing it will do), and
//! serves one call after the other over its stdin and stdout. A call that is cancelled or
//! overdue costs its process, with everything that one started; the next call gets a fresh
//! one. When this side goes away, even by SIGKILL, the pipe closes and the processes end
//! themselves.
//!
//! What is common to the sites is here:
//!
//! - `options`: the settings they share; `program`: which yt-dlp, in which environment
//! - `process`: one running yt-dlp; `desk`: all of them, each lent to one call at a time
//! - `wire`: what is said to it and what it says
//! - `fetch`: a download into its directory; `tools`: what is installed and what is too old
//! - `failure`: what its error texts mean to the host, one table
//!
//! What a site's answers mean, and which addresses are asked, is each source's own.

mod cookies;
mod desk;
mod failure;
mod fetch;
mod options;
mod process;
mod program;
mod tools;
mod wire;

pub use desk::{Desk, Site};
pub use failure::{Asked, Meaning, meaning_of};
pub use fetch::{Fetch, Fetched};
pub use options::{Options, javascript_settings, settings};
pub use program::needs;
pub use wire::{Found, Kept, Publisher, Run};
