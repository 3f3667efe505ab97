//! Opens a library and hands out sources. What the file is named, where it lies and whether
//! its [tag](super::VersionTag) suits is the host's business and settled before.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use abi_stable::library::{LibraryError, lib_header_from_path};

use super::objects::SourceModule_Ref;
use super::wire::Wire;
use super::{export, import, root_module};
use crate::{Declaration, HostServices, Plugin, Settings, Source, SourceError};

/// A library that is loaded, for as long as the program runs: unloading one is never safe,
/// because threads, hooks and thread-local values of its own may outlive every source.
#[derive(Clone, Copy)]
pub struct Library(SourceModule_Ref);

impl Library {
    /// Loads a file whose tag says that it was built for this API.
    ///
    /// The system remembers what it loaded: a path that was opened before answers with the
    /// library that lay there then.
    ///
    /// # Errors
    /// When it cannot be loaded, or its records are laid out otherwise than ours.
    pub fn open(file: &Path) -> Result<Library, OpenError> {
        // Not `load_from_file`: that one keeps the first library of an interface and answers
        // it for every later path.
        lib_header_from_path(file)
            .and_then(|header| header.init_root_module::<SourceModule_Ref>())
            .map(Library)
            .map_err(OpenError::from)
    }

    /// A plugin compiled into this program, reached through the same boundary as a file's:
    /// how an author tests that nothing gets lost on the way.
    pub fn linked<P: Plugin>() -> Library {
        Library(root_module::<P>())
    }

    /// What the library says of itself.
    ///
    /// # Errors
    /// `Internal` when it panics.
    pub fn declaration(&self) -> Result<Declaration, SourceError> {
        Wire::from_abi(self.0.declare()())
    }

    /// A source with those settings, which calls `services` for everything it needs.
    ///
    /// # Errors
    /// What [`Plugin::create`] answers; `Internal` when it panics.
    pub fn create(
        &self,
        settings: Settings,
        services: Arc<dyn HostServices>,
    ) -> Result<Box<dyn Source>, SourceError> {
        self.0.create()(settings.to_abi(), export::services(services))
            .into_result()
            .map(import::source)
            .map_err(SourceError::from_abi)
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Library")
    }
}

/// Why a library is not to be used.
#[derive(Debug)]
pub enum OpenError {
    /// The system's loader refused it, or it exports no source.
    Unusable {
        /// The loader's words, one line.
        reason: String,
    },
    /// It was built with other records than ours, though its tag says the same API.
    Layout {
        /// Every difference: thousands of lines, for finding a fault.
        report: String,
    },
}

impl OpenError {
    /// The comparison of layouts, where that was the reason.
    pub fn report(&self) -> Option<&str> {
        match self {
            OpenError::Layout { report } => Some(report),
            OpenError::Unusable { .. } => None,
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Unusable { reason } => f.write_str(reason),
            OpenError::Layout { .. } => f.write_str(
                "its records are laid out otherwise than those of this API: it was built \
                 against a changed copy of musicdl-plugin-api; rebuild it against the released one",
            ),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<LibraryError> for OpenError {
    fn from(error: LibraryError) -> Self {
        let report = error.to_string();
        match error {
            LibraryError::AbiInstability(_)
            | LibraryError::InvalidAbiHeader(_)
            | LibraryError::InvalidCAbi { .. }
            | LibraryError::ParseVersionError(_)
            | LibraryError::IncompatibleVersionNumber { .. }
            | LibraryError::Many(_) => OpenError::Layout { report },
            LibraryError::OpenError { .. }
            | LibraryError::GetSymbolError { .. }
            | LibraryError::RootModule { .. } => OpenError::Unusable {
                reason: report.split_whitespace().collect::<Vec<_>>().join(" "),
            },
        }
    }
}
