//! How each type of the contract is written on the wire, and read from it.
//!
//! Reading never fails: an unknown number keeps its value or has a defined meaning.

use std::path::PathBuf;
use std::time::Duration;

use abi_stable::std_types::{ROption, RResult, RString, RVec, Tuple2};

use super::records::SourceErrorRecord;
use crate::{
    Capabilities, ErrorKind, LogLevel, Provenance, SettingKind, Settings, SourceError, TargetKind,
};

/// A type with a form that both sides of the boundary lay out alike.
pub(crate) trait Wire: Sized {
    /// That form.
    type Abi;
    fn to_abi(self) -> Self::Abi;
    fn from_abi(abi: Self::Abi) -> Self;
}

macro_rules! as_it_is {
    ($($type:ty)*) => {$(
        impl Wire for $type {
            type Abi = $type;
            fn to_abi(self) -> $type {
                self
            }
            fn from_abi(abi: $type) -> Self {
                abi
            }
        }
    )*};
}
as_it_is! { bool i32 u16 u32 u64 }

macro_rules! as_its_number {
    ($($type:ident: $number:ty;)*) => {$(
        impl Wire for $type {
            type Abi = $number;
            fn to_abi(self) -> $number {
                self.0
            }
            fn from_abi(abi: $number) -> Self {
                $type(abi)
            }
        }
    )*};
}
as_its_number! {
    Capabilities: u64;
    LogLevel: u32;
    Provenance: u32;
    SettingKind: u32;
    TargetKind: u32;
}

impl Wire for ErrorKind {
    type Abi = u32;
    fn to_abi(self) -> u32 {
        self.code()
    }
    fn from_abi(abi: u32) -> Self {
        ErrorKind::from_code(abi)
    }
}

impl Wire for () {
    type Abi = ();
    fn to_abi(self) {}
    fn from_abi((): ()) {}
}

impl Wire for String {
    type Abi = RString;
    fn to_abi(self) -> RString {
        self.into()
    }
    fn from_abi(abi: RString) -> Self {
        abi.into()
    }
}

/// Bodies are megabytes: bytes are handed over whole where the allocator is the same.
impl Wire for Vec<u8> {
    type Abi = RVec<u8>;
    fn to_abi(self) -> RVec<u8> {
        self.into()
    }
    fn from_abi(abi: RVec<u8>) -> Self {
        abi.into()
    }
}

impl<T: Wire> Wire for Vec<T> {
    type Abi = RVec<T::Abi>;
    fn to_abi(self) -> RVec<T::Abi> {
        self.into_iter().map(T::to_abi).collect()
    }
    fn from_abi(abi: RVec<T::Abi>) -> Self {
        abi.into_iter().map(T::from_abi).collect()
    }
}

impl<T: Wire> Wire for Option<T> {
    type Abi = ROption<T::Abi>;
    fn to_abi(self) -> ROption<T::Abi> {
        self.map(T::to_abi).into()
    }
    fn from_abi(abi: ROption<T::Abi>) -> Self {
        abi.into_option().map(T::from_abi)
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    type Abi = Tuple2<A::Abi, B::Abi>;
    fn to_abi(self) -> Self::Abi {
        Tuple2(self.0.to_abi(), self.1.to_abi())
    }
    fn from_abi(Tuple2(a, b): Self::Abi) -> Self {
        (A::from_abi(a), B::from_abi(b))
    }
}

impl<T: Wire> Wire for Result<T, SourceError> {
    type Abi = RResult<T::Abi, SourceErrorRecord>;
    fn to_abi(self) -> Self::Abi {
        self.map(T::to_abi).map_err(SourceError::to_abi).into()
    }
    fn from_abi(abi: Self::Abi) -> Self {
        abi.into_result()
            .map(T::from_abi)
            .map_err(SourceError::from_abi)
    }
}

/// Milliseconds, rounded up so that a short time limit does not become none.
impl Wire for Duration {
    type Abi = u64;
    fn to_abi(self) -> u64 {
        let millis = self.as_nanos().div_ceil(1_000_000);
        u64::try_from(millis).unwrap_or(u64::MAX)
    }
    fn from_abi(abi: u64) -> Self {
        Duration::from_millis(abi)
    }
}

/// The bytes the system itself uses, because a name on disk need not be UTF-8.
impl Wire for PathBuf {
    type Abi = RVec<u8>;
    fn to_abi(self) -> RVec<u8> {
        use std::os::unix::ffi::OsStringExt;
        self.into_os_string().into_vec().into()
    }
    fn from_abi(abi: RVec<u8>) -> Self {
        use std::os::unix::ffi::OsStringExt;
        std::ffi::OsString::from_vec(abi.into()).into()
    }
}

impl Wire for Settings {
    type Abi = RVec<Tuple2<RString, RVec<RString>>>;
    fn to_abi(self) -> Self::Abi {
        self.iter()
            .map(|(key, values)| (key.to_owned(), values.to_vec()).to_abi())
            .collect()
    }
    fn from_abi(abi: Self::Abi) -> Self {
        Settings::from_pairs(Vec::<(String, Vec<String>)>::from_abi(abi))
    }
}
