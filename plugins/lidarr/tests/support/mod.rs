//! The plugin as a host uses it, on a Lidarr of the tests.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test program uses a part of it"
)]

mod fake;

use std::path::Path;

use musicdl_lidarr::LidarrSource;
use musicdl_plugin_api::testing::{ProgressRecord, TestHost};
use musicdl_plugin_api::{
    Download, DownloadRequest, Files, Hit, Plugin, Source, SourceError, TargetKind,
};

pub(crate) use fake::*;

impl Lidarr {
    pub(crate) fn source(&self, kit: &TestHost, more: &[(&str, &str)]) -> LidarrSource {
        LidarrSource::create(self.settings(more), kit.host()).expect("the settings can be meant")
    }
}

/// Fetches an album.
pub(crate) fn fetch(
    source: &impl Source,
    album: &str,
    dir: &Path,
    record: &ProgressRecord,
) -> Result<Files, SourceError> {
    let request = DownloadRequest {
        target_id: album.to_owned(),
        kind: TargetKind::ALBUM,
        dest_dir: dir.to_owned(),
        hit: Hit {
            target_id: album.to_owned(),
            kind: TargetKind::ALBUM,
            ..Hit::default()
        },
        ..DownloadRequest::default()
    };
    match source.download_raw(&request, &record.progress())? {
        Download::Files(files) => Ok(files),
        other => panic!("{other:?}"),
    }
}
