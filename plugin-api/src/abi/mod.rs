//! The stable mirror of the contract; see the crate's front page for the contract itself.
