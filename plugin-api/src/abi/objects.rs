//! What crosses the boundary beside plain records: the calls of a source, and what the host
//! does for it. A method that stands here stays, in this order; API 1 gets no more.

#![allow(
    unsafe_code,
    unused_qualifications,
    reason = "abi_stable's macros write unsafe impls and full paths"
)]

use abi_stable::library::RootModule;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RBox, ROption, RResult, RString, RVec, Tuple2};
use abi_stable::{StableAbi, sabi_trait};

use super::records::{
    ConnectionRecord, DeclarationRecord, DownloadRecord, DownloadRequestRecord, FilesRecord,
    HeadRecord, HitRecord, Pairs, QueryRecord, RequestRecord, ResponseRecord, SavedRecord,
    SourceErrorRecord,
};

/// What a call that may fail answers.
pub(crate) type Answer<T> = RResult<T, SourceErrorRecord>;

/// [`Settings`](crate::Settings), by key.
pub(crate) type SettingsRecord = RVec<Tuple2<RString, RVec<RString>>>;

pub(crate) type SourceObject = SourceCalls_TO<'static, RBox<()>>;
pub(crate) type ServicesObject = ServicesCalls_TO<'static, RBox<()>>;
pub(crate) type ProgressObject = ProgressCalls_TO<'static, RBox<()>>;
pub(crate) type ReaderObject = ReaderCalls_TO<'static, RBox<()>>;

/// [`Source`](crate::Source), implemented by the plugin.
#[sabi_trait]
pub(crate) trait SourceCalls: Send + Sync {
    fn is_configured(&self) -> bool;
    fn check_connection(&self) -> Answer<ConnectionRecord>;
    fn search_raw(&self, query: QueryRecord) -> Answer<RVec<HitRecord>>;
    fn download_raw(
        &self,
        request: DownloadRequestRecord,
        progress: ProgressObject,
    ) -> Answer<DownloadRecord>;
    #[sabi(last_prefix_field)]
    fn cancel_raw(&self, target_id: RString) -> Answer<bool>;
}

/// [`HostServices`](crate::HostServices), implemented by the host.
#[sabi_trait]
pub(crate) trait ServicesCalls: Send + Sync {
    fn http_send(&self, request: RequestRecord) -> Answer<ResponseRecord>;
    fn http_save(
        &self,
        request: RequestRecord,
        dest: RVec<u8>,
        progress: ProgressObject,
    ) -> Answer<SavedRecord>;
    fn http_open(&self, request: RequestRecord) -> Answer<BodyRecord>;
    fn log(&self, level: u32, message: RString, fields: Pairs);
    fn store_get(&self, key: RString) -> Answer<ROption<RString>>;
    fn store_set(&self, key: RString, value: ROption<RString>) -> Answer<()>;
    fn now_ms(&self) -> u64;
    #[sabi(last_prefix_field)]
    fn temp_dir(&self) -> Answer<RVec<u8>>;
}

/// [`ProgressSink`](crate::ProgressSink), implemented by the host.
#[sabi_trait]
pub(crate) trait ProgressCalls: Send + Sync {
    fn bytes(&self, done: u64, total: ROption<u64>);
    fn state(&self, text: RString);
    fn finished(&self, files: FilesRecord);
    fn failed(&self, error: SourceErrorRecord);
    #[sabi(last_prefix_field)]
    fn is_cancelled(&self) -> bool;
}

/// [`BodyReader`](crate::http::BodyReader), implemented by the host.
#[sabi_trait]
pub(crate) trait ReaderCalls: Send {
    #[sabi(last_prefix_field)]
    fn chunk(&mut self) -> Answer<ROption<RVec<u8>>>;
}

/// [`Body`](crate::http::Body): what came at once, and the reader of the rest.
#[repr(C)]
#[derive(StableAbi)]
pub(crate) struct BodyRecord {
    pub(crate) head: HeadRecord,
    pub(crate) reader: ReaderObject,
}

/// Everything a library exports beside its tag.
#[doc(hidden)]
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = SourceModule_Ref)))]
#[sabi(missing_field(panic))]
pub struct SourceModule {
    pub(crate) declare: extern "C" fn() -> Answer<DeclarationRecord>,
    #[sabi(last_prefix_field)]
    pub(crate) create: extern "C" fn(SettingsRecord, ServicesObject) -> Answer<SourceObject>,
}

impl RootModule for SourceModule_Ref {
    abi_stable::declare_root_module_statics! {SourceModule_Ref}

    const BASE_NAME: &'static str = "musicdl_source";
    const NAME: &'static str = "musicdl_source";
    const VERSION_STRINGS: VersionStrings = abi_stable::package_version_strings!();
}
