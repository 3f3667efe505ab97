//! What the tests of the host stand on.

pub(crate) mod judge;
pub(crate) mod music_server;
pub(crate) mod program;
pub(crate) mod scene;
pub(crate) mod server;
pub(crate) mod shelf;
pub(crate) mod song;
pub(crate) mod supysonic;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod tracer;
