//! A source whose words carry none of its secrets: errors, states of downloads, what it says of
//! its connection. They go into the report, the state, events and `explain`, so they are cleaned
//! once, where they come from.
//!
//! Hits and files stay as they are. They are data that goes back to the plugin, which could not
//! use it otherwise.

use std::sync::Arc;

use musicdl_plugin_api::{
    Connection, Download, DownloadRequest, Extra, Files, Hit, Progress, ProgressSink, Query,
    Source, SourceError,
};

use super::services::SourceServices;

/// That source, with everything it says cleaned by what its services know.
pub(super) struct Masked {
    pub(super) source: Arc<dyn Source>,
    pub(super) services: Arc<dyn SourceServices>,
}

impl Masked {
    fn error(&self, error: SourceError) -> SourceError {
        masked(error, &self.services)
    }
}

impl Source for Masked {
    fn is_configured(&self) -> bool {
        self.source.is_configured()
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        let connection = self.source.check_connection();
        connection
            .map(|connection| masked(connection, &self.services))
            .map_err(|error| self.error(error))
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        let hits = self.source.search_raw(query);
        hits.map_err(|error| self.error(error))
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        let progress = Progress::new(Arc::new(MaskedProgress {
            progress: progress.clone(),
            services: Arc::clone(&self.services),
        }));
        let mut download = self.source.download_raw(request, &progress);
        if let Ok(Download::Files(files)) = &mut download {
            *files = masked(std::mem::take(files), &self.services);
        }
        download.map_err(|error| self.error(error))
    }

    fn cancel_raw(&self, target_id: &str) -> Result<bool, SourceError> {
        let cancelled = self.source.cancel_raw(target_id);
        cancelled.map_err(|error| self.error(error))
    }
}

/// The host's end of a download of such a source.
struct MaskedProgress {
    progress: Progress,
    services: Arc<dyn SourceServices>,
}

impl ProgressSink for MaskedProgress {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.progress.bytes(done, total);
    }

    fn state(&self, text: &str) {
        self.progress.state(&self.services.without_secrets(text));
    }

    fn finished(&self, files: Files) {
        self.progress.finished(masked(files, &self.services));
    }

    fn failed(&self, error: SourceError) {
        self.progress.failed(masked(error, &self.services));
    }

    fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }
}

/// What a source says, without its secrets.
pub(super) fn masked<T: Words>(mut said: T, services: &Arc<dyn SourceServices>) -> T {
    said.each(&mut |text| {
        let clean = services.without_secrets(text);
        *text = clean;
    });
    said
}

/// A record with texts that people read.
pub(super) trait Words {
    /// Has each of them changed.
    fn each(&mut self, change: &mut dyn FnMut(&mut String));
}

impl Words for SourceError {
    fn each(&mut self, change: &mut dyn FnMut(&mut String)) {
        change(&mut self.message);
        values(&mut self.extra, change);
    }
}

impl Words for Connection {
    fn each(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.service.iter_mut().for_each(&mut *change);
        self.account.iter_mut().for_each(&mut *change);
        self.warnings.iter_mut().for_each(&mut *change);
        values(&mut self.extra, change);
    }
}

/// Of files only why some are missing: the rest is data.
impl Words for Files {
    fn each(&mut self, change: &mut dyn FnMut(&mut String)) {
        for track in &mut self.missing {
            change(&mut track.reason);
            values(&mut track.extra, change);
        }
    }
}

fn values(extra: &mut Extra, change: &mut dyn FnMut(&mut String)) {
    extra.iter_mut().for_each(|(_, value)| change(value));
}
