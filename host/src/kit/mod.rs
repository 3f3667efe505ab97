//! What an author of plugins works with: a crate to begin with, a reviewer, a bench to try
//! the plugin on, and the way into a plugin directory. Loading plugins for a run is
//! [`plugin`](crate::plugin)'s; printing is [`ui`](crate::ui)'s.
//!
//! - [`template`]: a name -> a crate whose tests pass.
//! - [`linkage`]: what a library needs of a system and offers to it, from the file alone.
//! - [`review`]: the reviewers' list; [`conduct`] is the half of it that runs the library,
//!   which happens in a child process ([`child`]).
//! - [`install`]: a library into a directory, and out of it.
//! - [`mod@bench`]: building a plugin and trying it by hand.

pub mod bench;
pub mod child;
pub mod conduct;
pub mod install;
pub mod linkage;
mod offline;
pub mod review;
pub mod template;
