//! The contract in a form that two separately compiled programs agree on.
//!
//! Authors need one thing of this module, [`export_source!`](crate::export_source), and the
//! host another, [`Library`]; what lies between is decided here and visible only here:
//!
//! - `tag`: plain data that says which API a library was built for, read before all else.
//! - `wire`, `records`: every record of the contract once more, flat and laid out as C does.
//! - `objects`: the calls, in both directions, and the root module of a library.
//! - `export`: a Rust value becomes such an object; panics end here, see `guard`.
//! - `import`: such an object becomes a Rust value again.
//! - `library`: opens a file and checks its layout against this host's.
//!
//! The layout is frozen. A record that gains a field is refused by every host and plugin
//! built before, in both directions, so later facts travel in `extra` pairs. Numbers stand
//! for kinds and capabilities, durations are milliseconds (rounded up), and paths are the
//! system's own bytes, which need not be UTF-8.

mod export;
mod guard;
mod import;
mod library;
#[allow(
    non_camel_case_types,
    non_local_definitions,
    reason = "abi_stable's macros write such names and impls"
)]
mod objects;
#[allow(
    non_camel_case_types,
    non_local_definitions,
    reason = "abi_stable's macros write such names and impls"
)]
mod records;
mod tag;
#[cfg(test)]
mod tests;
mod wire;

pub use library::{Library, OpenError};
pub use tag::{TAG_SYMBOL, VersionTag};

#[doc(hidden)]
pub use export::root_module;
#[doc(hidden)]
pub use objects::SourceModule_Ref;

/// Makes a shared library of a [`Plugin`](crate::Plugin): `export_source!(Jukebox);`, once,
/// at the top level of a crate of type `cdylib` that depends on `abi_stable`.
///
/// Every call is entered through a guard that turns a panic into an error, so the library
/// has to be built with `panic = "unwind"`; with `abort` it does not compile.
#[macro_export]
macro_rules! export_source {
    ($source:ty) => {
        #[cfg(panic = "abort")]
        compile_error!(
            "a musicdl plugin needs `panic = \"unwind\"` in its Cargo profile: with \"abort\" \
             its first panic would end the whole program"
        );

        const _: () = {
            #[unsafe(no_mangle)]
            pub static MUSICDL_PLUGIN: $crate::abi::VersionTag =
                $crate::abi::VersionTag::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

            #[::abi_stable::export_root_module]
            pub fn musicdl_root_module() -> $crate::abi::SourceModule_Ref {
                $crate::abi::root_module::<$source>()
            }
        };
    };
}
