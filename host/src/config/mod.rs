//! config.

pub mod wanted;
