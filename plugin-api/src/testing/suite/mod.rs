//! What every source has to keep to, as tests: [`conformance!`](crate::conformance) makes one
//! of each, and runs it twice: on the type itself, and through the boundary that a host
//! reaches it by. A source whose declaration says that it cannot do something is not asked
//! for it; there is nothing else to switch off.

mod calls;
mod declared;
mod downloads;

use std::any::Any;
use std::sync::Arc;

use super::TestHost;
use crate::abi::Library;
use crate::{Capabilities, Declaration, Hit, Plugin, Query, Settings, Source, TargetKind};

/// A service that a source can be tried on.
pub struct Subject {
    /// Settings with which the source is configured and reaches the service.
    pub settings: Settings,
    /// Something the service has.
    pub known: Query,
    /// Something it has not.
    pub absent: Query,
    /// The host it lives in.
    pub host: TestHost,
    /// Whatever has to live as long as the service: servers, directories.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl Subject {
    /// A subject in a plain host, for a track or album by its words.
    ///
    /// The facts of the queries can be filled in afterwards.
    pub fn new(settings: Settings, known: &str, absent: &str) -> Self {
        let query = |text: &str| Query {
            kind: TargetKind::TRACK,
            text: text.to_owned(),
            title: Some(text.to_owned()),
            limit: 20,
            ..Query::default()
        };
        Self {
            settings,
            known: query(known),
            absent: query(absent),
            host: TestHost::new(),
            keep: Box::new(()),
        }
    }
}

/// How a source is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As the type its author wrote.
    Direct,
    /// As a host does, through the ABI.
    Boundary,
}

/// One plugin on one subject.
pub struct Trial {
    subject: Subject,
    declaration: Declaration,
    source: Arc<dyn Source>,
    bare: Arc<dyn Source>,
}

/// A named check of the suite.
pub type Check = fn(&Trial);

/// Every check, by name.
pub const CHECKS: &[(&str, Check)] = &[
    ("declares_itself_soundly", declared::declares_itself_soundly),
    (
        "is_configured_exactly_with_its_settings",
        declared::is_configured_exactly_with_its_settings,
    ),
    (
        "says_what_is_missing_instead_of_failing",
        declared::says_what_is_missing,
    ),
    ("reaches_its_service", calls::reaches_its_service),
    ("finds_what_is_there", calls::finds_what_is_there),
    (
        "finds_nothing_where_nothing_is",
        calls::finds_nothing_where_nothing_is,
    ),
    (
        "refuses_a_kind_it_does_not_have",
        calls::refuses_a_kind_it_does_not_have,
    ),
    ("survives_strange_words", calls::survives_strange_words),
    (
        "searches_on_several_threads",
        calls::searches_on_several_threads,
    ),
    ("delivers_what_it_found", downloads::delivers_what_it_found),
    (
        "delivers_to_several_threads",
        downloads::delivers_to_several_threads,
    ),
    (
        "refuses_an_unknown_target",
        downloads::refuses_an_unknown_target,
    ),
    ("ends_when_cancelled", downloads::ends_when_cancelled),
    (
        "cancels_nothing_when_nothing_runs",
        downloads::cancels_nothing_when_nothing_runs,
    ),
    ("keeps_its_secrets", downloads::keeps_its_secrets),
];

impl Trial {
    /// Makes a source of that type, reached that way.
    ///
    /// # Panics
    /// When the source cannot be made, with its reason.
    pub fn new<P: Plugin>(subject: Subject, reach: Reach) -> Self {
        let make = |settings: Settings| -> Arc<dyn Source> {
            let host = subject.host.host();
            let made: Result<Arc<dyn Source>, _> = match reach {
                Reach::Direct => {
                    P::create(settings, host).map(|source| Arc::new(source) as Arc<dyn Source>)
                }
                Reach::Boundary => Library::linked::<P>()
                    .create(settings, Arc::clone(host.services()))
                    .map(Arc::from),
            };
            made.unwrap_or_else(|error| panic!("the source cannot be made: {error}"))
        };
        let declaration = match reach {
            Reach::Direct => P::declaration(),
            Reach::Boundary => Library::linked::<P>()
                .declaration()
                .unwrap_or_else(|error| panic!("the source cannot say what it is: {error}")),
        };
        let source = make(subject.settings.clone());
        let bare = make(Settings::default());
        Self {
            subject,
            declaration,
            source,
            bare,
        }
    }

    /// Runs the check of that name.
    ///
    /// # Panics
    /// When the source does not keep to the contract, with what it did; when there is no such
    /// check.
    pub fn run(&self, name: &str) {
        let (_, check) = CHECKS
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("no check is named `{name}`"));
        check(self);
    }

    fn is_album_only(&self) -> bool {
        self.declaration.capabilities.has(Capabilities::ALBUM_ONLY)
    }

    /// The kind of thing this source is asked for.
    fn kind(&self) -> TargetKind {
        if self.is_album_only() {
            TargetKind::ALBUM
        } else {
            TargetKind::TRACK
        }
    }

    fn known(&self) -> Query {
        Query {
            kind: self.kind(),
            ..self.subject.known.clone()
        }
    }

    /// The first thing it finds.
    fn hit(&self) -> Hit {
        let hits = self.source.search_raw(&self.known());
        let hits = hits.unwrap_or_else(|error| panic!("searching what is there: {error}"));
        hits.into_iter()
            .next()
            .expect("the subject's `known` query finds something")
    }
}

/// Tests a [`Plugin`](crate::Plugin) against the contract: one `#[test]` for every check, on
/// the type itself and through the boundary. The second argument makes a
/// [`Subject`](crate::testing::Subject); it is called once for each test.
///
/// ```
/// # use musicdl_plugin_api::testing::Subject;
/// # use musicdl_plugin_api::{
/// #     Connection, Declaration, Download, DownloadRequest, Hit, Host, Plugin, Progress, Query,
/// #     Settings, Source, SourceError,
/// # };
/// # struct Nothing;
/// # impl Source for Nothing {
/// #     fn is_configured(&self) -> bool { true }
/// #     fn check_connection(&self) -> Result<Connection, SourceError> { Ok(Connection::default()) }
/// #     fn search_raw(&self, _: &Query) -> Result<Vec<Hit>, SourceError> { Ok(Vec::new()) }
/// #     fn download_raw(&self, _: &DownloadRequest, _: &Progress) -> Result<Download, SourceError> {
/// #         Err(SourceError::not_found("nothing"))
/// #     }
/// #     fn cancel_raw(&self, _: &str) -> Result<bool, SourceError> { Ok(false) }
/// # }
/// # impl Plugin for Nothing {
/// #     fn declaration() -> Declaration { Declaration::default() }
/// #     fn create(_: Settings, _: Host) -> Result<Self, SourceError> { Ok(Nothing) }
/// # }
/// musicdl_plugin_api::conformance!(Nothing, || {
///     Subject::new(Settings::default(), "Bluebird", "Nobody ever sang this")
/// });
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($plugin:ty, $subject:expr) => {
        $crate::conformance!(@checks $plugin, $subject, [
            declares_itself_soundly
            is_configured_exactly_with_its_settings
            says_what_is_missing_instead_of_failing
            reaches_its_service
            finds_what_is_there
            finds_nothing_where_nothing_is
            refuses_a_kind_it_does_not_have
            survives_strange_words
            searches_on_several_threads
            delivers_what_it_found
            delivers_to_several_threads
            refuses_an_unknown_target
            ends_when_cancelled
            cancels_nothing_when_nothing_runs
            keeps_its_secrets
        ]);
    };
    (@checks $plugin:ty, $subject:expr, [$($check:ident)*]) => {
        /// The conformance suite, on the type itself.
        mod direct {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[test]
                fn $check() {
                    use $crate::testing::{Reach, Trial};
                    Trial::new::<$plugin>(($subject)(), Reach::Direct).run(stringify!($check));
                }
            )*
        }
        /// The conformance suite, through the boundary.
        mod boundary {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[test]
                fn $check() {
                    use $crate::testing::{Reach, Trial};
                    Trial::new::<$plugin>(($subject)(), Reach::Boundary).run(stringify!($check));
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests;
