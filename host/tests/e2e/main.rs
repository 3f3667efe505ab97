//! The whole program, as a user runs it: the real binary, plugins from real shared libraries,
//! audio made by ffmpeg, servers on loopback ports, signals that end processes.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in a helper fails the test that called it"
)]

mod album_gain;
mod aliases;
mod bad_input;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod broken_off;
mod collection;
mod control;
mod covers;
mod cut_off;
mod disk;
#[cfg(target_os = "linux")]
mod durable;
mod earlier_states;
mod fallback;
mod finished;
mod interrupted;
mod killed;
mod killed_often;
mod killed_peers;
mod main_job;
mod misbehaving;
mod output;
mod over_http;
mod peers;
mod plans;
mod plugin_list;
mod renewed;
mod sites;
mod stuck_reader;
#[path = "../support/mod.rs"]
mod support;
mod tagged;
mod three_kinds;
mod together;
mod two_runs;
mod verification;
