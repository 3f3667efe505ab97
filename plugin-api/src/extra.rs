//! Facts that have no field of their own, and the keys that a host acts on.
//!
//! Every other key is the plugin's own. Keys of [`Declaration::extra`](crate::Declaration::extra)
//! are made by [`needs`](crate::needs).
//!
//! ```
//! use musicdl_plugin_api::{Hit, extra};
//! let mut hit = Hit::new("17", "Bluebird");
//! hit.extra.push((extra::TRANSCODED.to_owned(), "yes".to_owned()));
//! ```

use std::io;

/// Key and value pairs that travel with every record of the contract.
///
/// The shape of API 1 never changes, so a fact that a later host or plugin wants to pass
/// on travels here. Keys are lower-case words joined by `_`; a receiver ignores keys it
/// does not know. A key that occurs twice counts with its last value.
pub type Extra = Vec<(String, String)>;

/// Of a [`SourceError`](crate::SourceError): the [`io::ErrorKind`] of a disk's failure, by name.
/// `StorageFull`, `ReadOnlyFilesystem`, `QuotaExceeded` and `FileTooLarge` stop the run, because
/// the next file would fail the same way. [`io_error`] makes the pair.
pub const IO_ERROR: &str = "io_error";
/// Of a [`SourceError`](crate::SourceError): the source is of no use to any item of this run and
/// is not asked again. The value is `yes`.
pub const DROP_SOURCE: &str = "drop_source";

/// Of a [`Hit`](crate::Hit): it was made from lossy audio, whatever its format. Any value but
/// `no`.
pub const TRANSCODED: &str = "transcoded";
/// Of a [`Hit`](crate::Hit): artist and title were derived, e.g. from a path. The value does not
/// count.
pub const NAMES: &str = "names";
/// Of a [`Hit`](crate::Hit): the title as it was uploaded. Artist and title were derived then.
pub const VIDEO_TITLE: &str = "video_title";
/// Of a [`Hit`](crate::Hit): the account that uploaded it. Artist and title were derived then.
pub const UPLOADER: &str = "uploader";

/// Of a [`DownloadedFile`](crate::DownloadedFile): genres, with `;` between them.
pub const GENRE: &str = "genre";
/// Of a [`DownloadedFile`](crate::DownloadedFile): the record label.
pub const LABEL: &str = "label";
/// Of a [`DownloadedFile`](crate::DownloadedFile): the barcode, 8 to 14 digits.
pub const UPC: &str = "upc";
/// Of a [`DownloadedFile`](crate::DownloadedFile): `1987`, `1987-04` or `1987-04-01`.
pub const DATE: &str = "date";
/// Of a [`DownloadedFile`](crate::DownloadedFile): tracks of its disc, from 1.
pub const TRACK_TOTAL: &str = "track_total";
/// Of a [`DownloadedFile`](crate::DownloadedFile): discs of its album, from 1.
pub const DISC_TOTAL: &str = "disc_total";
/// Of a [`DownloadedFile`](crate::DownloadedFile): MusicBrainz id of the release, a lower-case
/// UUID.
pub const RELEASE_MBID: &str = "release_mbid";

/// The pair [`IO_ERROR`] of that failure.
///
/// ```
/// use std::io::ErrorKind;
/// use musicdl_plugin_api::extra;
/// let (key, value) = extra::io_error(ErrorKind::StorageFull);
/// assert_eq!((key.as_str(), value.as_str()), (extra::IO_ERROR, "StorageFull"));
/// ```
pub fn io_error(kind: io::ErrorKind) -> (String, String) {
    (IO_ERROR.to_owned(), format!("{kind:?}"))
}

/// The value of `key`, or `None` if it is not there.
///
/// ```
/// use musicdl_plugin_api::extra_value;
/// let extra = vec![("peer".to_owned(), "ann".to_owned())];
/// assert_eq!(extra_value(&extra, "peer"), Some("ann"));
/// assert_eq!(extra_value(&extra, "queue"), None);
/// ```
pub fn extra_value<'a>(extra: &'a [(String, String)], key: &str) -> Option<&'a str> {
    extra
        .iter()
        .rev()
        .find(|(known, _)| known == key)
        .map(|(_, value)| value.as_str())
}
