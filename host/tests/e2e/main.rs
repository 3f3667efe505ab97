//! The whole program, as a user runs it: the real binary, plugins from real shared libraries,
//! audio made by ffmpeg, servers on loopback ports, signals that end processes.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in a helper fails the test that called it"
)]

mod bad_input;
mod collection;
mod control;
mod disk;
mod fallback;
mod interrupted;
mod killed;
mod main_job;
mod misbehaving;
mod output;
mod over_http;
mod plans;
mod plugin_list;
#[path = "../support/mod.rs"]
mod support;
mod two_runs;
