//! From an object that crossed back to the trait it came from, so that no code beyond this
//! module can tell whether there was a boundary.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::export;
use super::objects::{ProgressObject, ReaderObject, ServicesObject, SourceObject};
use super::wire::Wire;
use crate::http::{Body, BodyReader, Head, Request, Response, Saved};
use crate::{
    Connection, Download, DownloadRequest, Files, Hit, HostServices, LogLevel, Progress,
    ProgressSink, Query, Source, SourceError,
};

/// A plugin's source, for the host.
pub(crate) fn source(object: SourceObject) -> Box<dyn Source> {
    Box::new(ImportedSource(object))
}

struct ImportedSource(SourceObject);

impl Source for ImportedSource {
    fn is_configured(&self) -> bool {
        self.0.is_configured()
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        Wire::from_abi(self.0.check_connection())
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        Wire::from_abi(self.0.search_raw(query.clone().to_abi()))
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        let request = request.clone().to_abi();
        Wire::from_abi(self.0.download_raw(request, export::progress(progress)))
    }

    fn cancel_raw(&self, target_id: &str) -> Result<bool, SourceError> {
        Wire::from_abi(self.0.cancel_raw(target_id.into()))
    }
}

/// The host's services, for a plugin.
pub(crate) fn services(object: ServicesObject) -> Arc<dyn HostServices> {
    Arc::new(ImportedServices(object))
}

struct ImportedServices(ServicesObject);

impl HostServices for ImportedServices {
    fn http_send(&self, request: &Request) -> Result<Response, SourceError> {
        Wire::from_abi(self.0.http_send(request.clone().to_abi()))
    }

    fn http_save(
        &self,
        request: &Request,
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, SourceError> {
        Wire::from_abi(self.0.http_save(
            request.clone().to_abi(),
            dest.to_owned().to_abi(),
            export::progress(progress),
        ))
    }

    fn http_open(&self, request: &Request) -> Result<Body, SourceError> {
        let body = self.0.http_open(request.clone().to_abi()).into_result();
        let body = body.map_err(SourceError::from_abi)?;
        Ok(Body::new(
            Head::from_abi(body.head),
            Box::new(ImportedReader(body.reader)),
        ))
    }

    fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]) {
        let fields: Vec<(String, String)> = fields
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        self.0.log(level.to_abi(), message.into(), fields.to_abi());
    }

    fn store_get(&self, key: &str) -> Result<Option<String>, SourceError> {
        Wire::from_abi(self.0.store_get(key.into()))
    }

    fn store_set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError> {
        let value = value.map(str::to_owned).to_abi();
        Wire::from_abi(self.0.store_set(key.into(), value))
    }

    fn now_ms(&self) -> u64 {
        self.0.now_ms()
    }

    fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        Wire::from_abi(self.0.temp_dir())
    }
}

/// One download's end on the other side.
pub(crate) fn progress(object: ProgressObject) -> Progress {
    Progress::new(Arc::new(ImportedProgress(object)))
}

struct ImportedProgress(ProgressObject);

impl ProgressSink for ImportedProgress {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.0.bytes(done, total.to_abi());
    }

    fn state(&self, text: &str) {
        self.0.state(text.into());
    }

    fn finished(&self, files: Files) {
        self.0.finished(files.to_abi());
    }

    fn failed(&self, error: SourceError) {
        self.0.failed(error.to_abi());
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

struct ImportedReader(ReaderObject);

impl BodyReader for ImportedReader {
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        Wire::from_abi(self.0.chunk())
    }
}
