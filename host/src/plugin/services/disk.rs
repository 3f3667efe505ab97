//! How a refusal of the disk is told to a plugin, and through it to the engine.

use std::io;
use std::path::Path;

use musicdl_plugin_api::SourceError;

/// Key of the extra pair that carries the [`io::ErrorKind`] by name, e.g. `StorageFull`, so
/// that the engine tells a full disk from a fault of the plugin without reading words.
const IO_ERROR: &str = "io_error";

/// `Internal`: cannot *do* (an infinitive) something to `path`, and why.
pub(in crate::plugin) fn failure(doing: &str, path: &Path, error: &io::Error) -> SourceError {
    let kind = format!("{:?}", error.kind());
    let mut failure = SourceError::internal(format!(
        "cannot {doing} {}: {error} ({kind})",
        path.display()
    ));
    failure.extra.push((IO_ERROR.to_owned(), kind));
    failure
}
