//! A download into its directory: yt-dlp works in a directory of its own below it, and only
//! the finished file leaves that.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use musicdl_plugin_api::{DownloadRequest, DownloadedFile, Progress, SourceError, extra};

use crate::desk::Desk;
use crate::failure::{Asked, Failure};
use crate::process::Patience;
use crate::wire::{Call, Downloaded, Found, Word};

/// Half an hour of music at 50 KB/s, and its conversion.
const WHOLE: Duration = Duration::from_secs(15 * 60);
/// yt-dlp gives a silent server 20 s and tries thrice; this is for what else may hang.
const SILENCE: Duration = Duration::from_secs(90);

/// What is to be downloaded.
pub struct Fetch<'a> {
    /// The address.
    pub address: &'a str,
    /// Which of its formats, as `--format` takes it; `None`: the site's usual.
    pub format: Option<&'a str>,
}

/// What came.
pub struct Fetched {
    /// The audio, in the request's directory.
    pub file: DownloadedFile,
    /// What the site says of it.
    pub video: Found,
}

impl Desk {
    /// Downloads one file into the directory of `request`. On an error nothing is left there.
    ///
    /// # Errors
    /// By the table of [`meaning_of`](crate::meaning_of); `Cancelled` once `progress` says so.
    pub fn download(
        &self,
        fetch: &Fetch<'_>,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Fetched, SourceError> {
        progress.check()?;
        let work = request.dest_dir.join("yt-dlp");
        fs::create_dir(&work).map_err(|error| disk(&work, &error))?;
        let fetched = self.fetch(fetch, &work, progress).and_then(|downloaded| {
            let file = self.result(&downloaded, &work, &request.dest_dir)?;
            Ok(Fetched {
                file,
                video: downloaded.video,
            })
        });
        // The failure that is on its way says more than a second one would.
        let removed = fs::remove_dir_all(&work).map_err(|error| disk(&work, &error));
        let fetched = fetched?;
        removed?;
        Ok(fetched)
    }

    fn fetch(
        &self,
        fetch: &Fetch<'_>,
        work: &Path,
        progress: &Progress,
    ) -> Result<Downloaded, SourceError> {
        let call = Call::Download {
            address: fetch.address,
            into: work,
            format: fetch.format,
        };
        let cancelled = || progress.is_cancelled();
        let patience = Patience {
            whole: WHOLE,
            silence: SILENCE,
            cancelled: &cancelled,
        };
        progress.state("asking");
        let mut told = 0;
        let mut tell = |word: Word| match word {
            Word::Progress { done, total } => {
                // A fragmented stream is counted again from 0 when it is begun again.
                told = done.unwrap_or(0).max(told);
                progress.bytes(told, total.filter(|total| *total >= told));
            }
            Word::State(text) => progress.state(&text),
            Word::Ready(_) | Word::Done(_) | Word::Failed(_) => {}
        };
        let (downloaded, _) = self.call(Asked::Audio, &call, &patience, &mut tell)?;
        progress.check()?;
        Ok(downloaded)
    }

    /// Moves the finished file out of `work`.
    fn result(
        &self,
        downloaded: &Downloaded,
        work: &Path,
        dest: &Path,
    ) -> Result<DownloadedFile, SourceError> {
        let failed = |failure: Failure| self.strikes.report(failure, Asked::Audio, self);
        // Of what was left out, too, yt-dlp says where it would be.
        let there = downloaded.files.first().and_then(|file| {
            let path = file.filepath.as_deref()?;
            let found = fs::symlink_metadata(path).ok()?;
            // Anywhere else it is not the file of this download.
            (path.parent() == Some(work) && found.is_file()).then_some((file, path, found.len()))
        });
        let Some((said, path, bytes)) = there else {
            return Err(failed(Failure::NoFile {
                live: downloaded.video.is_live(),
            }));
        };
        if bytes == 0 {
            return Err(failed(Failure::EmptyFile));
        }
        let place = dest.join(file_name(path));
        fs::rename(path, &place).map_err(|error| disk(&place, &error))?;
        let extra = [
            ("format_id", said.format_id.clone()),
            (
                "bitrate",
                said.abr.and_then(|kilobits| number(kilobits * 1000.0)),
            ),
            ("sample_rate", said.asr.and_then(number)),
        ];
        Ok(DownloadedFile {
            codec: said.acodec.as_deref().and_then(codec).map(str::to_owned),
            extra: extra
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value?)))
                .collect(),
            ..DownloadedFile::at(place)
        })
    }
}

/// `audio.opus`; the extension is yt-dlp's word, so only a harmless one is taken.
fn file_name(path: &Path) -> PathBuf {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .filter(|text| text.len() <= 8 && text.bytes().all(|b| b.is_ascii_alphanumeric()));
    PathBuf::from("audio").with_extension(extension.unwrap_or("bin"))
}

fn number(value: f64) -> Option<String> {
    (1.0..1e9).contains(&value).then(|| format!("{value:.0}"))
}

/// `mp4a.40.2` -> `aac`.
fn codec(said: &str) -> Option<&'static str> {
    match said.split('.').next().unwrap_or_default() {
        "mp4a" | "aac" => Some("aac"),
        "opus" => Some("opus"),
        "vorbis" => Some("vorbis"),
        "mp3" => Some("mp3"),
        "flac" => Some("flac"),
        _ => None,
    }
}

fn disk(path: &Path, error: &io::Error) -> SourceError {
    let mut failure = SourceError::internal(format!("{}: {error}", path.display()));
    failure.extra.push(extra::io_error(error.kind()));
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_taken_only_if_it_is_harmless() {
        for (path, name) in [
            ("/w/abc.opus", "audio.opus"),
            ("/w/abc", "audio.bin"),
            ("/w/abc.averylongone", "audio.bin"),
            ("/w/abc.a b", "audio.bin"),
        ] {
            assert_eq!(file_name(Path::new(path)), Path::new(name), "{path}");
        }
    }

    #[test]
    fn the_name_of_a_codec_is_ours() {
        for (said, name) in [
            ("mp4a.40.2", Some("aac")),
            ("opus", Some("opus")),
            ("ec-3", None),
            ("none", None),
        ] {
            assert_eq!(codec(said), name, "{said}");
        }
    }
}
