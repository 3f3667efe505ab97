//! Verification over many files: whole ones in every shape that encoders and taggers give them,
//! which are all to be taken, and damaged ones, which may cost neither the program nor its time.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in a helper fails the test that called it"
)]

mod any_bytes;
#[path = "../support/cpu_time.rs"]
mod cpu_time;
mod damage;
mod shapes;
mod whole;
