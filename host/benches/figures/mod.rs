//! How a program of `cargo xtask bench` tells what it measured: a line a figure with what it
//! is of, the figure, its bound and whether it holds, with tabs between.

#![expect(
    clippy::print_stdout,
    reason = "the figures are what these programs are for"
)]

pub(crate) fn figure(what: &str, measured: &str, bound: &str, holds: bool) {
    let holds = if holds { "yes" } else { "no" };
    println!("{what}\t{measured}\t{bound}\t{holds}");
}
