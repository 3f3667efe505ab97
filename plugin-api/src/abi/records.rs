//! The records of the contract, laid out as C does. One table: a record there and its mirror
//! here have the same fields by the same names, or it does not compile.

#![allow(unsafe_code, reason = "the derive writes unsafe impls")]

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RString, RVec, Tuple2};

use super::wire::Wire;
use crate::http::{Head, Request, Response, Saved};
use crate::{
    BestQuality, Connection, Declaration, Download, DownloadRequest, DownloadedFile, Files, Hit,
    Limits, MissingTrack, QualityCeiling, Query, SettingSpec, SourceError, Window,
};

/// Key and value pairs: `extra`, headers.
pub(crate) type Pairs = RVec<Tuple2<RString, RString>>;
type OptText = ROption<RString>;
type Texts = RVec<RString>;

macro_rules! mirror {
    ($($record:ident for $original:ident { $($field:ident: $type:ty,)* })*) => {$(
        #[repr(C)]
        #[derive(StableAbi)]
        pub(crate) struct $record {
            $(pub(crate) $field: $type,)*
        }

        impl Wire for $original {
            type Abi = $record;
            fn to_abi(self) -> $record {
                let $original { $($field),* } = self;
                $record { $($field: $field.to_abi()),* }
            }
            fn from_abi(abi: $record) -> Self {
                let $record { $($field),* } = abi;
                $original { $($field: Wire::from_abi($field)),* }
            }
        }
    )*};
}

mirror! {
    WindowRecord for Window {
        requests: u32,
        per: u64,
    }

    LimitsRecord for Limits {
        search_concurrency: u32,
        download_concurrency: u32,
        search_spacing: u64,
        download_spacing: u64,
        search_window: ROption<WindowRecord>,
        search_deadline: ROption<u64>,
        stall_deadline: ROption<u64>,
        extra: Pairs,
    }

    BestQualityRecord for BestQuality {
        codec: OptText,
        bitrate: ROption<u32>,
        sample_rate: ROption<u32>,
        bit_depth: ROption<u32>,
    }

    SettingSpecRecord for SettingSpec {
        key: RString,
        doc: RString,
        kind: u32,
        list: bool,
        secret: bool,
        required: bool,
        default: OptText,
        choices: Texts,
        extra: Pairs,
    }

    DeclarationRecord for Declaration {
        name: RString,
        display_name: RString,
        version: RString,
        capabilities: u64,
        limits: LimitsRecord,
        best_quality: BestQualityRecord,
        settings: RVec<SettingSpecRecord>,
        hosts: Texts,
        extra: Pairs,
    }

    ConnectionRecord for Connection {
        service: OptText,
        account: OptText,
        expires_at: ROption<u64>,
        warnings: Texts,
        extra: Pairs,
    }

    QueryRecord for Query {
        kind: u32,
        text: RString,
        title: OptText,
        artists: Texts,
        album: OptText,
        album_artist: OptText,
        duration_ms: ROption<u64>,
        isrc: OptText,
        recording_mbid: OptText,
        release_mbid: OptText,
        track_number: ROption<u32>,
        disc_number: ROption<u32>,
        year: ROption<i32>,
        explicit: ROption<bool>,
        limit: u32,
        extra: Pairs,
    }

    HitRecord for Hit {
        target_id: RString,
        kind: u32,
        title: RString,
        version: OptText,
        artists: Texts,
        album: OptText,
        album_artist: OptText,
        track_number: ROption<u32>,
        disc_number: ROption<u32>,
        track_count: ROption<u32>,
        year: ROption<i32>,
        duration_ms: ROption<u64>,
        isrc: OptText,
        recording_mbid: OptText,
        explicit: ROption<bool>,
        codec: OptText,
        bitrate: ROption<u32>,
        sample_rate: ROption<u32>,
        bit_depth: ROption<u32>,
        size: ROption<u64>,
        queue_length: ROption<u32>,
        free_slot: ROption<bool>,
        speed: ROption<u64>,
        provenance: u32,
        extra: Pairs,
    }

    QualityCeilingRecord for QualityCeiling {
        bitrate: ROption<u32>,
        sample_rate: ROption<u32>,
        bit_depth: ROption<u32>,
        lossless: ROption<bool>,
    }

    DownloadRequestRecord for DownloadRequest {
        target_id: RString,
        kind: u32,
        dest_dir: RVec<u8>,
        ceiling: QualityCeilingRecord,
        hit: HitRecord,
        extra: Pairs,
    }

    DownloadedFileRecord for DownloadedFile {
        path: RVec<u8>,
        cover: ROption<RVec<u8>>,
        lyrics: ROption<RVec<u8>>,
        title: OptText,
        artists: Texts,
        track_number: ROption<u32>,
        disc_number: ROption<u32>,
        codec: OptText,
        extra: Pairs,
    }

    MissingTrackRecord for MissingTrack {
        title: RString,
        track_number: ROption<u32>,
        disc_number: ROption<u32>,
        reason: RString,
        extra: Pairs,
    }

    FilesRecord for Files {
        files: RVec<DownloadedFileRecord>,
        missing: RVec<MissingTrackRecord>,
        extra: Pairs,
    }

    SourceErrorRecord for SourceError {
        kind: u32,
        message: RString,
        retry_after: ROption<u64>,
        extra: Pairs,
    }

    RequestRecord for Request {
        method: RString,
        url: RString,
        headers: Pairs,
        body: RVec<u8>,
        timeout: ROption<u64>,
        extra: Pairs,
    }

    HeadRecord for Head {
        status: u16,
        headers: Pairs,
        url: RString,
        extra: Pairs,
    }

    ResponseRecord for Response {
        head: HeadRecord,
        body: RVec<u8>,
    }

    SavedRecord for Saved {
        head: HeadRecord,
        bytes: u64,
        body: RVec<u8>,
    }
}

/// A [`Download`]: which of its cases, and the files of the one that has some.
#[repr(C)]
#[derive(StableAbi)]
pub(crate) struct DownloadRecord {
    pub(crate) case: u32,
    pub(crate) files: FilesRecord,
    pub(crate) extra: Pairs,
}

impl DownloadRecord {
    const FILES: u32 = 1;
    const FOLLOWING: u32 = 2;
}

/// The one record that can be misread: there is no sense in a case nobody knows.
impl Wire for Result<Download, SourceError> {
    type Abi = abi_stable::std_types::RResult<DownloadRecord, SourceErrorRecord>;

    fn to_abi(self) -> Self::Abi {
        let (case, files) = match self {
            Ok(Download::Files(files)) => (DownloadRecord::FILES, files),
            Ok(Download::Following) => (DownloadRecord::FOLLOWING, Files::default()),
            Err(error) => return Err(error.to_abi()).into(),
        };
        Ok(DownloadRecord {
            case,
            files: files.to_abi(),
            extra: RVec::new(),
        })
        .into()
    }

    fn from_abi(abi: Self::Abi) -> Self {
        let record = abi.into_result().map_err(SourceError::from_abi)?;
        match record.case {
            DownloadRecord::FILES => Ok(Download::Files(Files::from_abi(record.files))),
            DownloadRecord::FOLLOWING => Ok(Download::Following),
            unknown => Err(SourceError::internal(format!(
                "the plugin answered a download in a way this musicdl does not know (case \
                 {unknown}); a newer musicdl may"
            ))),
        }
    }
}
