//! The boundary within one program. That real libraries get through it with every field is
//! shown by the host's tests of plugins.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use abi_stable::std_types::{ROption, RResult, RString, RVec};

use super::Library;
use super::guard::{told, untold};
use super::records::{DownloadRecord, SourceErrorRecord};
use super::wire::Wire;
use crate::http::{Body, Request, Response, Saved};
use crate::{
    Connection, Declaration, Download, DownloadRequest, ErrorKind, Files, Hit, Host, HostServices,
    LogLevel, Plugin, Progress, Query, Settings, Source, SourceError,
};

fn error_record(kind: u32) -> SourceErrorRecord {
    SourceErrorRecord {
        kind,
        message: RString::from("words"),
        retry_after: ROption::RSome(7),
        extra: RVec::new(),
    }
}

#[test]
fn an_error_of_an_unknown_kind_is_internal_and_keeps_its_words_and_wait() {
    for unknown in [0, 10, u32::MAX] {
        let expected = SourceError::internal("words").with_retry_after(Duration::from_millis(7));
        assert_eq!(SourceError::from_abi(error_record(unknown)), expected);
    }
}

#[test]
fn a_download_with_an_unknown_outcome_is_an_internal_error() {
    for unknown in [0, 3, u32::MAX] {
        let answer = RResult::ROk(DownloadRecord {
            case: unknown,
            files: Files::default().to_abi(),
            extra: RVec::new(),
        });
        let read: Result<Download, SourceError> = Wire::from_abi(answer);
        let error = read.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        assert!(error.message.contains(&unknown.to_string()), "{error}");
    }
}

#[test]
fn a_short_time_does_not_become_none_and_a_long_one_no_short_one() {
    for (time, millis) in [
        (Duration::ZERO, 0),
        (Duration::from_nanos(1), 1),
        (Duration::from_millis(1), 1),
        (Duration::from_micros(1001), 2),
        (Duration::from_millis(u64::MAX), u64::MAX),
        (Duration::MAX, u64::MAX),
    ] {
        assert_eq!(time.to_abi(), millis, "{time:?}");
    }
}

#[test]
fn a_path_keeps_every_byte() {
    use std::os::unix::ffi::OsStringExt;
    let bytes: Vec<u8> = (1..=255).collect();
    let path = PathBuf::from(std::ffi::OsString::from_vec(bytes.clone()));
    let abi = path.clone().to_abi();
    assert_eq!(abi.as_slice(), bytes);
    assert_eq!(PathBuf::from_abi(abi), path);
}

/// Panics wherever no setting could tell it to.
struct Hopeless;

impl Source for Hopeless {
    fn is_configured(&self) -> bool {
        true
    }
    /// Panics with something that is no text.
    fn check_connection(&self) -> Result<Connection, SourceError> {
        std::panic::panic_any(42)
    }
    fn search_raw(&self, _: &Query) -> Result<Vec<Hit>, SourceError> {
        Err(SourceError::not_found("nothing"))
    }
    fn download_raw(&self, _: &DownloadRequest, _: &Progress) -> Result<Download, SourceError> {
        Ok(Download::Following)
    }
    fn cancel_raw(&self, _: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

impl Plugin for Hopeless {
    fn declaration() -> Declaration {
        panic!("who am I?")
    }
    fn create(_: Settings, _: Host) -> Result<Self, SourceError> {
        Ok(Self)
    }
}

/// Services for a source that asks for none.
struct NoServices;

const NONE: &str = "this source asks for no service";

impl HostServices for NoServices {
    fn http_send(&self, _: &Request) -> Result<Response, SourceError> {
        Err(SourceError::internal(NONE))
    }
    fn http_save(
        &self,
        _: &Request,
        _: &std::path::Path,
        _: &Progress,
    ) -> Result<Saved, SourceError> {
        Err(SourceError::internal(NONE))
    }
    fn http_open(&self, _: &Request) -> Result<Body, SourceError> {
        Err(SourceError::internal(NONE))
    }
    fn log(&self, _: LogLevel, message: &str, _: &[(&str, &str)]) {
        panic!("{NONE}: {message}");
    }
    fn store_get(&self, _: &str) -> Result<Option<String>, SourceError> {
        Err(SourceError::internal(NONE))
    }
    fn store_set(&self, _: &str, _: Option<&str>) -> Result<(), SourceError> {
        Err(SourceError::internal(NONE))
    }
    fn now_ms(&self) -> u64 {
        0
    }
    fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        Err(SourceError::internal(NONE))
    }
}

#[test]
fn a_declaration_that_panics_is_an_error_with_words_and_place() {
    let error = Library::linked::<Hopeless>().declaration().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
    let said = error.message;
    assert!(said.starts_with("`declaration` panicked at "), "{said}");
    assert!(said.contains("abi/tests.rs:"), "{said}");
    assert!(said.ends_with(": who am I?"), "{said}");
}

#[test]
fn a_panic_without_words_is_an_error_all_the_same() {
    let library = Library::linked::<Hopeless>();
    let source = library
        .create(Settings::default(), Arc::new(NoServices))
        .unwrap();
    let error = source.check_connection().unwrap_err();
    assert!(error.message.ends_with(": no message"), "{error}");
    assert_eq!(
        source.search_raw(&Query::default()),
        Err(SourceError::not_found("nothing"))
    );
}

#[test]
fn a_guard_within_a_guard_tells_of_its_own_panic_only() {
    let outer = told(|| {
        let inner = told(|| panic!("inner"));
        assert_eq!(untold(|| 1), Some(1));
        inner
    });
    let inner: Result<(), String> = outer.unwrap();
    assert!(inner.unwrap_err().ends_with("inner"));
}
