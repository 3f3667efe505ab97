//! What the tests of the host stand on.

pub(crate) mod supysonic;
