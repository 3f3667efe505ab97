//! The host's services, as a plugin in a process of its own sees them: every call is a
//! message and a wait. Nothing is done here; a file is written by the host itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use musicdl_plugin_api::http::{Body, BodyReader, Request, Response, Saved};
use musicdl_plugin_api::{HostServices, LogLevel, Progress, SourceError};

use super::host_connection::{HostConnection, ServiceEvent};
use crate::plugin::messages::{ProgressUpdate, ServiceReply, ServiceRequest, ToHost};
use crate::plugin::services::SourceServices;

/// How often a download that waits for the host looks whether it is to end.
const LOOK: Duration = Duration::from_millis(100);

pub(super) struct RemoteServices {
    host: Arc<HostConnection>,
}

impl RemoteServices {
    pub(super) fn new(host: Arc<HostConnection>) -> Self {
        Self { host }
    }

    fn ask(&self, service: ServiceRequest) -> Result<(ServiceReply, Vec<u8>), SourceError> {
        let (_, heard) = self.host.ask(service, &[])?;
        answer(&heard)
    }

    /// With the body beside the request.
    fn ask_http(
        &self,
        request: &Request,
        service: impl FnOnce(Request) -> ServiceRequest,
    ) -> Result<(u64, Receiver<ServiceEvent>), SourceError> {
        let mut request = request.clone();
        let body = std::mem::take(&mut request.body);
        self.host.ask(service(request), &body)
    }
}

/// Waits to the end. The host answers everything, and without the host there is no process.
fn answer(heard: &Receiver<ServiceEvent>) -> Result<(ServiceReply, Vec<u8>), SourceError> {
    loop {
        match heard.recv() {
            Ok(ServiceEvent::Served(result, bytes)) => return result.map(|served| (served, bytes)),
            Ok(ServiceEvent::Progress(_)) => {}
            Err(_) => return Err(misplaced()),
        }
    }
}

fn misplaced() -> SourceError {
    SourceError::internal("the host gave the answer to another question")
}

impl HostServices for RemoteServices {
    fn http_send(&self, request: &Request) -> Result<Response, SourceError> {
        let (_, heard) = self.ask_http(request, |request| ServiceRequest::Send { request })?;
        let (ServiceReply::Sent { head }, body) = answer(&heard)? else {
            return Err(misplaced());
        };
        Ok(Response { head, body })
    }

    fn http_save(
        &self,
        request: &Request,
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, SourceError> {
        let dest = dest.to_owned();
        let mut told = progress.is_cancelled();
        let (id, heard) = self.ask_http(request, |request| ServiceRequest::Save {
            request,
            dest,
            cancelled: told,
        })?;
        loop {
            if !told && progress.is_cancelled() {
                self.host.send(&ToHost::Cancelled { id });
                told = true;
            }
            // On this thread, which is the plugin's, because the handle may be the plugin's too.
            match heard.recv_timeout(LOOK) {
                Ok(ServiceEvent::Progress(ProgressUpdate::Bytes { done, total })) => {
                    progress.bytes(done, total)
                }
                Ok(ServiceEvent::Progress(ProgressUpdate::State(text))) => progress.state(&text),
                Ok(ServiceEvent::Progress(
                    ProgressUpdate::Finished(_) | ProgressUpdate::Failed(_),
                ))
                | Err(RecvTimeoutError::Timeout) => {}
                Ok(ServiceEvent::Served(result, bytes)) => {
                    let ServiceReply::Saved(saved) = result? else {
                        return Err(misplaced());
                    };
                    return Ok(Saved {
                        body: bytes,
                        ..saved
                    });
                }
                Err(RecvTimeoutError::Disconnected) => return Err(misplaced()),
            }
        }
    }

    fn http_open(&self, request: &Request) -> Result<Body, SourceError> {
        let (_, heard) = self.ask_http(request, |request| ServiceRequest::Open { request })?;
        let (ServiceReply::Opened { head, body }, _) = answer(&heard)? else {
            return Err(misplaced());
        };
        let host = Arc::clone(&self.host);
        Ok(Body::new(head, Box::new(RemoteBody { host, body })))
    }

    fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]) {
        let Some(left_out) = self.host.may_log() else {
            return;
        };
        let log = |level, message: &str, fields: &[(&str, &str)]| {
            let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
            self.host.send(&ToHost::Log {
                level,
                message: message.to_owned(),
                fields: fields.iter().map(owned).collect(),
            });
        };
        if left_out > 0 {
            let said = format!("{left_out} lines were left out here: too many at once");
            log(LogLevel::WARN, &said, &[]);
        }
        log(level, message, fields);
    }

    fn store_get(&self, key: &str) -> Result<Option<String>, SourceError> {
        let key = key.to_owned();
        let (ServiceReply::Kept(value), _) = self.ask(ServiceRequest::StoreGet { key })? else {
            return Err(misplaced());
        };
        Ok(value)
    }

    fn store_set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError> {
        let (key, value) = (key.to_owned(), value.map(str::to_owned));
        let (ServiceReply::Set, _) = self.ask(ServiceRequest::StoreSet { key, value })? else {
            return Err(misplaced());
        };
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        // The host always knows the time; 0 is what its own clock says when it does not.
        match self.ask(ServiceRequest::Now) {
            Ok((ServiceReply::Now(now), _)) => now,
            Ok(_) | Err(_) => 0,
        }
    }

    fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        let (ServiceReply::Dir(dir), _) = self.ask(ServiceRequest::TempDir)? else {
            return Err(misplaced());
        };
        Ok(dir)
    }
}

// Masking and counting are done in the host.
impl SourceServices for RemoteServices {}

/// A body that the host reads for us.
struct RemoteBody {
    host: Arc<HostConnection>,
    body: u64,
}

impl BodyReader for RemoteBody {
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let body = self.body;
        let (_, heard) = self.host.ask(ServiceRequest::Chunk { body }, &[])?;
        let (ServiceReply::Chunk { more }, bytes) = answer(&heard)? else {
            return Err(misplaced());
        };
        Ok(more.then_some(bytes))
    }
}

impl Drop for RemoteBody {
    fn drop(&mut self) {
        let body = self.body;
        self.host.send(&ToHost::CloseBody { body });
    }
}
