//! What is said to a running yt-dlp, a line of JSON for each call, and what it says. The
//! other end is `desk/desk.py`.
//!
//! yt-dlp promises no field of its descriptions, so that each is read for itself: one of
//! another shape than expected counts as not said.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// One call.
#[derive(Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Call<'a> {
    /// The first `most` results of a search.
    Search { address: &'a str, most: u32 },
    /// One file into the directory `into`.
    Download {
        address: &'a str,
        into: &'a std::path::Path,
        /// Which of its formats; `None`: the site's usual.
        format: Option<&'a str>,
    },
    /// What yt-dlp finds beside itself.
    Tools,
}

/// One line that yt-dlp says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// It has started and takes calls.
    Ready(Ready),
    /// Bytes there and expected, as far as known.
    Progress {
        done: Option<u64>,
        total: Option<u64>,
    },
    /// A few words on what it does.
    State(String),
    /// The call's answer.
    Done(Value),
    /// Why there is none, in yt-dlp's words.
    Failed(String),
}

/// The first word.
#[derive(Debug, Deserialize)]
pub(crate) struct Ready {
    /// As yt-dlp writes it: `2026.10.26`.
    pub(crate) version: String,
}

/// The answer to a search.
#[derive(Debug, Deserialize)]
pub(crate) struct Hits {
    pub(crate) hits: Vec<Found>,
}

/// The answer to a download.
#[derive(Debug, Deserialize)]
pub(crate) struct Downloaded {
    #[serde(default)]
    pub(crate) video: Found,
    #[serde(default)]
    pub(crate) files: Vec<File>,
}

/// A file that a download left.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct File {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) filepath: Option<PathBuf>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) acodec: Option<String>,
    /// Kilobits per second.
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) abr: Option<f64>,
    /// Hz.
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) asr: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) format_id: Option<String>,
}

/// One result of a search, or what a download says of its video. Everything may be missing.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Found {
    /// The site's own id.
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    /// The address to download.
    #[serde(default, deserialize_with = "lenient")]
    pub url: Option<String>,
    /// The address for people.
    #[serde(default, deserialize_with = "lenient")]
    pub webpage_url: Option<String>,
    /// Title as uploaded.
    #[serde(default, deserialize_with = "lenient")]
    pub title: Option<String>,
    /// Name of the channel.
    #[serde(default, deserialize_with = "lenient")]
    pub channel: Option<String>,
    /// Name of who uploaded it.
    #[serde(default, deserialize_with = "lenient")]
    pub uploader: Option<String>,
    /// Artists, where the site keeps them apart.
    #[serde(default, deserialize_with = "lenient")]
    pub artists: Option<Vec<String>>,
    /// Title of the track, where the site keeps it apart.
    #[serde(default, deserialize_with = "lenient")]
    pub track: Option<String>,
    /// Title of the album.
    #[serde(default, deserialize_with = "lenient")]
    pub album: Option<String>,
    /// Seconds.
    #[serde(default, deserialize_with = "lenient")]
    pub duration: Option<f64>,
    /// How often it was played.
    #[serde(default, deserialize_with = "lenient")]
    pub view_count: Option<u64>,
    /// `is_live`, `is_upcoming`, `was_live`, `not_live`, `post_live`.
    #[serde(default, deserialize_with = "lenient")]
    pub live_status: Option<String>,
    /// `public`, `unlisted`, `needs_auth`, `premium_only`, `subscriber_only`, `private`.
    #[serde(default, deserialize_with = "lenient")]
    pub availability: Option<String>,
    /// What our plugin inside yt-dlp kept beside yt-dlp's own fields.
    #[serde(default, deserialize_with = "lenient")]
    pub musicdl: Option<Kept>,
}

impl Found {
    /// Length in milliseconds; `None` if it was not said or cannot be.
    pub fn duration_ms(&self) -> Option<u64> {
        let ms = self.duration? * 1000.0;
        // A NaN is in no range.
        (1.0..1e12).contains(&ms).then_some(ms.round() as u64)
    }

    /// Whether there is no finished recording, as of a stream that runs or is to come.
    pub fn is_live(&self) -> bool {
        matches!(
            self.live_status.as_deref(),
            Some("is_live" | "is_upcoming" | "post_live")
        )
    }
}

/// What the sites say and yt-dlp does not pass on.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Kept {
    /// YouTube Music: the columns of a row.
    #[serde(default, deserialize_with = "lenient")]
    pub columns: Option<Vec<Vec<Run>>>,
    /// YouTube Music: its badges, e.g. `MUSIC_EXPLICIT_BADGE`.
    #[serde(default, deserialize_with = "lenient")]
    pub badges: Option<Vec<Option<String>>>,
    /// SoundCloud: `ALLOW`, `MONETIZE`, `SNIP` (30 seconds only) or `BLOCK`.
    #[serde(default, deserialize_with = "lenient")]
    pub policy: Option<String>,
    /// SoundCloud: the length of the whole track, milliseconds.
    #[serde(default, deserialize_with = "lenient")]
    pub full_duration: Option<f64>,
    /// SoundCloud: what a label said of the track.
    #[serde(default, deserialize_with = "lenient")]
    pub publisher: Option<Publisher>,
}

/// A text of a row, with the kind of page it links to: `MUSIC_PAGE_TYPE_ARTIST`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Run {
    /// The text.
    #[serde(default)]
    pub text: String,
    /// The page; `None` if it is not a link.
    #[serde(default)]
    pub page: Option<String>,
}

/// What a label said of a track.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Publisher {
    /// Artists, in one text.
    #[serde(default, deserialize_with = "lenient")]
    pub artist: Option<String>,
    /// Title of the album.
    #[serde(default, deserialize_with = "lenient")]
    pub album_title: Option<String>,
    /// International Standard Recording Code.
    #[serde(default, deserialize_with = "lenient")]
    pub isrc: Option<String>,
    /// Whether it is marked explicit.
    #[serde(default, deserialize_with = "lenient")]
    pub explicit: Option<bool>,
}

/// A value of the expected shape; of any other, nothing. An empty text is nothing too.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(None);
    }
    Ok(serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_another_shape_counts_as_not_said() {
        let found: Found = serde_json::from_str(
            r#"{"id": 7, "title": "Bluebird", "duration": "3:20", "artists": "Ann",
                "album": "", "view_count": -1, "live_status": null, "unknown": {}}"#,
        )
        .unwrap();
        assert_eq!(found.title.as_deref(), Some("Bluebird"));
        assert_eq!(
            (found.id, found.duration, found.artists),
            (None, None, None)
        );
        assert_eq!((found.album, found.view_count), (None, None));
    }

    #[test]
    fn a_length_is_in_milliseconds_and_nonsense_is_none() {
        for (text, ms) in [
            ("200", Some(200_000)),
            ("200.5", Some(200_500)),
            ("0", None),
            ("-3", None),
            ("1e300", None),
            ("null", None),
        ] {
            let found: Found = serde_json::from_str(&format!("{{\"duration\": {text}}}")).unwrap();
            assert_eq!(found.duration_ms(), ms, "{text}");
        }
    }
}
