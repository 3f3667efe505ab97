//! What a collector would say to search results and of a library, against what the matcher
//! says. The cases
//! stand in `corpus/`, whose README tells how to read and write them.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in a helper fails the test that called it"
)]

mod corpus;
mod golden;
mod invented;
