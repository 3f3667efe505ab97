//! What the tests of the plugin stand on.

#![allow(dead_code, unused_imports, reason = "no test program needs all of it")]

pub(crate) mod network;
mod slskd;
pub(crate) mod use_of;

pub(crate) use slskd::*;
