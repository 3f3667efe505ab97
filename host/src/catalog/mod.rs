//! What an entry of the want-list means.

pub mod link;
