//! From a Rust value to an object that can cross.
//!
//! The side that implements a trait exports it, so this runs in the plugin for a source and in the
//! host for everything the host does. Nothing unwinds out of any function here.

use std::sync::Arc;

use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{ROption, RString, RVec};

use super::guard::{self, Guarded};
use super::import;
use super::objects::{
    Answer, BodyRecord, ProgressCalls, ProgressCalls_TO, ProgressObject, ReaderCalls,
    ReaderCalls_TO, ServicesCalls, ServicesCalls_TO, ServicesObject, SettingsRecord, SourceCalls,
    SourceCalls_TO, SourceModule, SourceModule_Ref, SourceObject,
};
use super::records::{
    ConnectionRecord, DeclarationRecord, DownloadRecord, DownloadRequestRecord, FilesRecord,
    HitRecord, Pairs, QueryRecord, RequestRecord, ResponseRecord, SavedRecord, SourceErrorRecord,
};
use super::wire::Wire;
use crate::http::{BodyReader, Request};
use crate::{
    DownloadRequest, Files, Host, HostServices, LogLevel, Plugin, Progress, ProgressSink, Query,
    Settings, Source, SourceError,
};

/// The root module of a library with that plugin; what [`export_source!`](crate::export_source)
/// exports.
pub fn root_module<P: Plugin>() -> SourceModule_Ref {
    guard::install_hook();
    SourceModule {
        declare: declare::<P>,
        create: create::<P>,
    }
    .leak_into_prefix()
}

extern "C" fn declare<P: Plugin>() -> Answer<DeclarationRecord> {
    guarded("declaration", || Ok(P::declaration())).to_abi()
}

extern "C" fn create<P: Plugin>(
    settings: SettingsRecord,
    services: ServicesObject,
) -> Answer<SourceObject> {
    guarded("create", || {
        let host = Host::new(import::services(services));
        let source = P::create(Settings::from_abi(settings), host.clone())?;
        let source = Guarded::new(source);
        Ok(SourceCalls_TO::from_value(
            ExportedSource { source, host },
            TD_Opaque,
        ))
    })
    .map_err(SourceError::to_abi)
    .into()
}

/// Runs one call; a panic becomes [`ErrorKind::Internal`](crate::ErrorKind::Internal).
fn guarded<T>(call: &str, body: impl FnOnce() -> Result<T, SourceError>) -> Result<T, SourceError> {
    guard::told(body)
        .unwrap_or_else(|panic| Err(SourceError::internal(format!("`{call}` {panic}"))))
}

struct ExportedSource<S> {
    source: Guarded<S>,
    host: Host,
}

impl<S> ExportedSource<S> {
    /// For what has no error to answer with.
    fn log_panic(&self, call: &str, panic: &str) {
        self.host
            .log(LogLevel::ERROR, &format!("`{call}` {panic}"), &[]);
    }
}

impl<S: Source> SourceCalls for ExportedSource<S> {
    /// A source that panics here is not configured, and the log says why.
    fn is_configured(&self) -> bool {
        guard::told(|| self.source.get().is_configured()).unwrap_or_else(|panic| {
            self.log_panic("is_configured", &panic);
            false
        })
    }

    fn check_connection(&self) -> Answer<ConnectionRecord> {
        guarded("check_connection", || self.source.get().check_connection()).to_abi()
    }

    fn search_raw(&self, query: QueryRecord) -> Answer<RVec<HitRecord>> {
        guarded("search_raw", || {
            self.source.get().search_raw(&Query::from_abi(query))
        })
        .to_abi()
    }

    fn download_raw(
        &self,
        request: DownloadRequestRecord,
        progress: ProgressObject,
    ) -> Answer<DownloadRecord> {
        guarded("download_raw", || {
            self.source.get().download_raw(
                &DownloadRequest::from_abi(request),
                &import::progress(progress),
            )
        })
        .to_abi()
    }

    fn cancel_raw(&self, target_id: RString) -> Answer<bool> {
        guarded("cancel_raw", || self.source.get().cancel_raw(&target_id)).to_abi()
    }
}

impl<S> Drop for ExportedSource<S> {
    fn drop(&mut self) {
        if let Err(panic) = self.source.end() {
            self.log_panic("drop", &panic);
        }
    }
}

/// The host's services, for a plugin.
pub(crate) fn services(services: Arc<dyn HostServices>) -> ServicesObject {
    ServicesCalls_TO::from_value(ExportedServices(Guarded::new(services)), TD_Opaque)
}

struct ExportedServices(Guarded<Arc<dyn HostServices>>);

impl ServicesCalls for ExportedServices {
    fn http_send(&self, request: RequestRecord) -> Answer<ResponseRecord> {
        guarded("http_send", || {
            self.0.get().http_send(&Request::from_abi(request))
        })
        .to_abi()
    }

    fn http_save(
        &self,
        request: RequestRecord,
        dest: RVec<u8>,
        progress: ProgressObject,
    ) -> Answer<SavedRecord> {
        guarded("http_save", || {
            self.0.get().http_save(
                &Request::from_abi(request),
                &std::path::PathBuf::from_abi(dest),
                &import::progress(progress),
            )
        })
        .to_abi()
    }

    fn http_open(&self, request: RequestRecord) -> Answer<BodyRecord> {
        guarded("http_open", || {
            let (head, reader) = self
                .0
                .get()
                .http_open(&Request::from_abi(request))?
                .into_parts();
            Ok(BodyRecord {
                head: head.to_abi(),
                reader: ReaderCalls_TO::from_value(ExportedReader(Guarded::new(reader)), TD_Opaque),
            })
        })
        .map_err(SourceError::to_abi)
        .into()
    }

    fn log(&self, level: u32, message: RString, fields: Pairs) {
        guard::untold(|| {
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|pair| (pair.0.as_str(), pair.1.as_str()))
                .collect();
            self.0.get().log(LogLevel(level), &message, &fields);
        });
    }

    fn store_get(&self, key: RString) -> Answer<ROption<RString>> {
        guarded("store_get", || self.0.get().store_get(&key)).to_abi()
    }

    fn store_set(&self, key: RString, value: ROption<RString>) -> Answer<()> {
        guarded("store_set", || {
            let value = value.as_ref().map(RString::as_str).into_option();
            self.0.get().store_set(&key, value)
        })
        .to_abi()
    }

    /// The epoch, should the clock panic.
    fn now_ms(&self) -> u64 {
        guard::untold(|| self.0.get().now_ms()).unwrap_or_default()
    }

    fn temp_dir(&self) -> Answer<RVec<u8>> {
        guarded("temp_dir", || self.0.get().temp_dir()).to_abi()
    }
}

/// The host's end of a download, for a plugin; or a plugin's own, for the host's services.
pub(crate) fn progress(progress: &Progress) -> ProgressObject {
    let sink = Arc::clone(progress.sink());
    ProgressCalls_TO::from_value(ExportedProgress(Guarded::new(sink)), TD_Opaque)
}

struct ExportedProgress(Guarded<Arc<dyn ProgressSink>>);

impl ProgressCalls for ExportedProgress {
    fn bytes(&self, done: u64, total: ROption<u64>) {
        guard::untold(|| self.0.get().bytes(done, total.into()));
    }

    fn state(&self, text: RString) {
        guard::untold(|| self.0.get().state(&text));
    }

    fn finished(&self, files: FilesRecord) {
        guard::untold(|| self.0.get().finished(Files::from_abi(files)));
    }

    fn failed(&self, error: SourceErrorRecord) {
        guard::untold(|| self.0.get().failed(SourceError::from_abi(error)));
    }

    /// A host that panics when asked has no use for the download any more.
    fn is_cancelled(&self) -> bool {
        guard::untold(|| self.0.get().is_cancelled()).unwrap_or(true)
    }
}

struct ExportedReader(Guarded<Box<dyn BodyReader>>);

impl ReaderCalls for ExportedReader {
    fn chunk(&mut self) -> Answer<ROption<RVec<u8>>> {
        guarded("chunk", || self.0.get_mut().chunk()).to_abi()
    }
}
