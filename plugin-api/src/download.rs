//! Asking for the audio, and what comes back.

use std::path::PathBuf;

use crate::{Extra, Hit, TargetKind};

/// The best the host has use for. A source that can choose takes its smallest offer that
/// reaches this; one that cannot ignores it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QualityCeiling {
    /// Bits per second, of lossy audio. `None`: no ceiling.
    pub bitrate: Option<u32>,
    /// Hz. `None`: no ceiling.
    pub sample_rate: Option<u32>,
    /// Bits per sample. `None`: no ceiling.
    pub bit_depth: Option<u32>,
    /// `false`: lossless audio is not wanted.
    pub lossless: Option<bool>,
}

/// One download.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DownloadRequest {
    /// The [`Hit::target_id`] of what is to be fetched.
    pub target_id: String,
    /// Track or album, as the hit said.
    pub kind: TargetKind,
    /// Where the files go: an absolute path of a directory that exists, is empty and is
    /// this download's alone. Write nowhere else; leave nothing half-written in it.
    #[cfg_attr(feature = "serde", serde(with = "crate::raw_path"))]
    pub dest_dir: PathBuf,
    /// The best quality the host has use for.
    pub ceiling: QualityCeiling,
    /// The hit the target came from, unchanged.
    pub hit: Hit,
    /// Facts without a field of their own.
    pub extra: Extra,
}

/// One audio file that a download left in its directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DownloadedFile {
    /// The audio, below [`DownloadRequest::dest_dir`]: a regular file, not a link. Absolute,
    /// or relative to that directory.
    #[cfg_attr(feature = "serde", serde(with = "crate::raw_path"))]
    pub path: PathBuf,
    /// A picture of the front cover, JPEG or PNG, in the same directory.
    #[cfg_attr(feature = "serde", serde(with = "crate::raw_path::option"))]
    pub cover: Option<PathBuf>,
    /// Lyrics as plain or LRC text, UTF-8, in the same directory.
    #[cfg_attr(feature = "serde", serde(with = "crate::raw_path::option"))]
    pub lyrics: Option<PathBuf>,
    /// Title, where the source knows it better than the file's own tags.
    pub title: Option<String>,
    /// Artists, the main one first; empty when not known.
    pub artists: Vec<String>,
    /// Position on its disc, from 1.
    pub track_number: Option<u32>,
    /// Disc within the album, from 1.
    pub disc_number: Option<u32>,
    /// Codec in lower case, as in [`Hit::codec`].
    pub codec: Option<String>,
    /// Facts without a field of their own. For its tags the host takes, where no catalog says
    /// otherwise: `genre` (several with `;` between them), `label`, `upc` (digits), `date`
    /// (`1987`, `1987-04` or `1987-04-01`), `track_total`, `disc_total`, `release_mbid`.
    pub extra: Extra,
}

impl DownloadedFile {
    /// A file of which nothing is known but where it is.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            ..Self::default()
        }
    }
}

/// A track of an album that the source could not deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MissingTrack {
    /// Its title.
    pub title: String,
    /// Position on its disc, from 1.
    pub track_number: Option<u32>,
    /// Disc within the album, from 1.
    pub disc_number: Option<u32>,
    /// Why, in one sentence.
    pub reason: String,
    /// Facts without a field of their own.
    pub extra: Extra,
}

/// Everything a finished download left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Files {
    /// The audio: exactly one for a track, one per delivered track for an album.
    pub files: Vec<DownloadedFile>,
    /// The tracks of an album that did not come; empty for a track.
    pub missing: Vec<MissingTrack>,
    /// Facts without a field of their own.
    pub extra: Extra,
}

impl Files {
    /// What a track source answers: one file.
    pub fn one(file: DownloadedFile) -> Self {
        Self {
            files: vec![file],
            ..Self::default()
        }
    }
}

/// How a download went, or goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Download {
    /// Finished: the files are there.
    Files(Files),
    /// Handed to a service that fetches by itself. The call is over, its thread is free;
    /// the plugin keeps the [`Progress`](crate::Progress) and ends it later with
    /// [`finished`](crate::Progress::finished) or [`failed`](crate::Progress::failed). Only
    /// for sources that declare [`Capabilities::FOLLOWS`](crate::Capabilities::FOLLOWS).
    Following,
}
