//! How a failure of the disk is reported to a plugin, and through it to the engine.

use std::io;
use std::path::Path;

use musicdl_plugin_api::{SourceError, extra};

/// `Internal`: cannot *do* (an infinitive) something to `path`, and why.
pub(in crate::plugin) fn failure(doing: &str, path: &Path, error: &io::Error) -> SourceError {
    let kind = error.kind();
    let mut failure = SourceError::internal(format!(
        "cannot {doing} {}: {error} ({kind:?})",
        path.display()
    ));
    // The engine recognises a full disk by this pair, not by the words.
    failure.extra.push(extra::io_error(kind));
    failure
}
