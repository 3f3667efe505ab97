//! A target -> the original file, and the cover beside it. Whether the file is the right
//! recording, whole and sound is the host's to verify.

use std::fs;
use std::path::{Path, PathBuf};

use musicdl_plugin_api::http::Saved;
use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, Files, Hit, LogLevel, Progress, SourceError,
    TargetKind, extra_value,
};

use crate::api::Api;
use crate::error::{Asked, Failure};

/// Fetches one track.
///
/// # Errors
/// `Unsupported` for anything but a track, `Cancelled`, else what the server says.
pub(crate) fn download(
    api: &Api,
    request: &DownloadRequest,
    progress: &Progress,
) -> Result<Download, SourceError> {
    if request.kind != TargetKind::TRACK {
        return Err(SourceError::unsupported(
            "a Subsonic server delivers tracks only",
        ));
    }
    progress.check()?;
    let path = request.dest_dir.join(file_name(&request.hit));
    let id = request.target_id.as_str();
    let saved = original(api, id, &path, progress)
        .and_then(|saved| check_size(api, &request.hit, saved))
        .map_err(|failure| api.report(failure, Asked::Audio))?;
    api.host().log(
        LogLevel::DEBUG,
        "file fetched",
        &[("id", id), ("bytes", &saved.bytes.to_string())],
    );
    progress.check()?;
    let file = DownloadedFile {
        cover: cover(api, &request.hit, &request.dest_dir)?,
        codec: request.hit.codec.clone(),
        ..DownloadedFile::at(path)
    };
    Ok(Download::Files(Files::one(file)))
}

/// The file as it lies on the server. A user who may listen but not download gets the same
/// bytes as a stream that is not transcoded.
fn original(api: &Api, id: &str, path: &Path, progress: &Progress) -> Result<Saved, Failure> {
    match api.save("download", &[("id", id)], path, progress) {
        Err(Failure::Service { code: 50, .. }) => {
            api.host().log(
                LogLevel::INFO,
                "this user may not download; the file is streamed instead",
                &[("id", id)],
            );
            api.save("stream", &[("id", id), ("format", "raw")], path, progress)
        }
        outcome => outcome,
    }
}

/// A file shorter than the search said is cut, unless the server announced just that
/// length: then it was changed since the server's last scan, or is transcoded.
fn check_size(api: &Api, hit: &Hit, saved: Saved) -> Result<Saved, Failure> {
    match hit.size {
        Some(expected) if saved.bytes != expected => {
            let announced = saved.head.header("content-length").is_some();
            if !announced && saved.bytes < expected {
                return Err(Failure::Short {
                    bytes: saved.bytes,
                    expected,
                });
            }
            api.host().log(
                LogLevel::WARN,
                "the file has another size than the search said: changed or transcoded by the server",
                &[
                    ("id", &hit.target_id),
                    ("bytes", &saved.bytes.to_string()),
                    ("expected", &expected.to_string()),
                ],
            );
            Ok(saved)
        }
        _ => Ok(saved),
    }
}

/// `audio.flac`; the extension is the server's word, so only a harmless one is taken.
fn file_name(hit: &Hit) -> String {
    let suffix = extra_value(&hit.extra, "suffix").filter(|suffix| {
        (1..=8).contains(&suffix.len()) && suffix.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    format!("audio.{}", suffix.unwrap_or("bin").to_ascii_lowercase())
}

/// The picture the server shows for the song. Without one the music is as good, so that a
/// failure is only logged.
fn cover(api: &Api, hit: &Hit, dir: &Path) -> Result<Option<PathBuf>, SourceError> {
    let Some(id) = extra_value(&hit.extra, "cover_art") else {
        return Ok(None);
    };
    let told = |why: &str| {
        let fields = [("id", id), ("why", why)];
        api.host().log(LogLevel::INFO, "no cover", &fields);
        None
    };
    let picture = match api.cover(id) {
        Ok(picture) => picture,
        Err(error) => return Ok(told(&error.to_string())),
    };
    let Some(name) = picture_name(&picture) else {
        return Ok(told("the picture is neither JPEG nor PNG"));
    };
    let path = dir.join(name);
    fs::write(&path, picture)
        .map_err(|error| SourceError::internal(format!("{}: {error}", path.display())))?;
    Ok(Some(path))
}

/// By content: servers say `image/jpeg` of anything.
fn picture_name(picture: &[u8]) -> Option<&'static str> {
    if picture.starts_with(b"\xff\xd8\xff") {
        Some("cover.jpg")
    } else if picture.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("cover.png")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_becomes_an_extension_only_if_it_is_harmless() {
        for (suffix, name) in [
            (Some("flac"), "audio.flac"),
            (Some("MP3"), "audio.mp3"),
            (Some("../../x"), "audio.bin"),
            (Some(""), "audio.bin"),
            (Some("averylongsuffix"), "audio.bin"),
            (None, "audio.bin"),
        ] {
            let hit = Hit {
                extra: suffix
                    .map(|suffix| ("suffix".to_owned(), suffix.to_owned()))
                    .into_iter()
                    .collect(),
                ..Hit::default()
            };
            assert_eq!(file_name(&hit), name, "{suffix:?}");
        }
    }
}
