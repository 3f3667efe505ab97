//! The tracks and files of an album in Lidarr's library -> copies with what is known of each,
//! and the tracks that are not among them. A file is joined to its track by Lidarr's own ids
//! and never by its place in a list; whether it is the wanted recording is the host's to say.

use std::collections::BTreeMap;
use std::path::Path;

use musicdl_plugin_api::{
    DownloadedFile, Files, LogLevel, MissingTrack, PathMap, Progress, SourceError,
};

use crate::api::Api;
use crate::copy::Original;
use crate::error::{Asked, Failure};
use crate::quality;
use crate::records::{Track, TrackFile};

/// Copies what is there of the album `album` to `dest`.
///
/// `short` says why the album is not whole; it is the reason of the missing tracks, and the
/// error when there is not one file.
///
/// # Errors
/// What Lidarr says; `NotConfigured` when no file can be read here; `Cancelled`.
pub(crate) fn deliver(
    api: &Api,
    paths: &PathMap,
    album: i64,
    short: Option<Failure>,
    dest: &Path,
    progress: &Progress,
) -> Result<Files, SourceError> {
    let tracks = api.tracks(album)?;
    let files = api.track_files(album)?;
    let numbers = numbers(&tracks);
    let mut chosen = Vec::new();
    let mut missing = Vec::new();
    let mut trouble = None;
    for (track, number) in tracks.iter().zip(&numbers) {
        match open(paths, &tracks, &files, track) {
            Ok((file, original)) => chosen.push((track, *number, file, original)),
            Err(failure) => {
                let reason = match (&failure, &short) {
                    (Failure::NoFile, Some(short)) => short.to_string(),
                    (failure, _) => failure.to_string(),
                };
                missing.push(MissingTrack {
                    title: track.title.clone().unwrap_or_default(),
                    track_number: *number,
                    disc_number: track.medium_number.filter(|&disc| disc > 0),
                    reason,
                    ..MissingTrack::default()
                });
                // A file that cannot be taken says more than one that is not there.
                if !matches!(failure, Failure::NoFile) {
                    trouble.get_or_insert(failure);
                }
            }
        }
    }
    if chosen.is_empty() {
        return Err(match (trouble, short) {
            (None, Some(short)) => api.report(short, Asked::Queue),
            (trouble, _) => api.report(trouble.unwrap_or(Failure::NoFile), Asked::Files),
        });
    }
    let total: u64 = chosen.iter().map(|(.., original)| original.size).sum();
    let mut delivered = Vec::new();
    let mut done = 0;
    progress.state("copying the files");
    progress.bytes(0, Some(total));
    for (at, (track, number, file, original)) in chosen.into_iter().enumerate() {
        let size = original.size;
        let name = format!("{:03}.{}", at + 1, extension(original.path()));
        original
            .copy_to(&dest.join(&name), progress, (done, total))
            .map_err(|failure| api.report(failure, Asked::Files))?;
        done += size;
        delivered.push(described(track, number, file, size, dest.join(name)));
    }
    if !missing.is_empty() {
        let counts = [delivered.len().to_string(), missing.len().to_string()];
        let fields = [("delivered", counts[0].as_str()), ("missing", &counts[1])];
        api.host()
            .log(LogLevel::INFO, "an album came in part", &fields);
    }
    Ok(Files {
        files: delivered,
        missing,
        ..Files::default()
    })
}

/// The file of a track, open.
fn open<'a>(
    paths: &PathMap,
    tracks: &[Track],
    files: &'a [TrackFile],
    track: &Track,
) -> Result<(&'a TrackFile, Original), Failure> {
    let id = track.track_file_id;
    let file = files.iter().find(|file| id != 0 && file.id == id);
    let file = file.ok_or(Failure::NoFile)?;
    if tracks
        .iter()
        .filter(|other| other.track_file_id == id)
        .count()
        > 1
    {
        return Err(Failure::Unsplit);
    }
    let remote = file.path.clone().unwrap_or_default();
    let opened = paths.real(&remote).and_then(Original::open);
    match opened {
        Ok(original) => Ok((file, original)),
        Err(error) => Err(Failure::Unreadable {
            local: paths.local(&remote),
            remote,
            why: error.to_string(),
        }),
    }
}

fn described(
    track: &Track,
    number: Option<u32>,
    file: &TrackFile,
    size: u64,
    path: std::path::PathBuf,
) -> DownloadedFile {
    let mut extra = quality::facts(file);
    let mut tell = |key: &str, value: Option<String>| {
        extra.extend(value.map(|value| (key.to_owned(), value)));
    };
    tell("recording_mbid", track.foreign_recording_id.clone());
    let length = track.duration.filter(|&length| length > 0);
    tell("duration_ms", length.map(|length| length.to_string()));
    tell("size", Some(size.to_string()));
    DownloadedFile {
        title: track.title.clone().filter(|title| !title.is_empty()),
        track_number: number,
        disc_number: track.medium_number.filter(|&disc| disc > 0),
        codec: quality::codec(file),
        extra,
        ..DownloadedFile::at(path)
    }
}

/// The number of each track on its disc: what it says itself, or where that is not a number
/// (`A1`) its rank on the disc.
fn numbers(tracks: &[Track]) -> Vec<Option<u32>> {
    let mut discs: BTreeMap<Option<u32>, Vec<u32>> = BTreeMap::new();
    for track in tracks {
        if let Some(absolute) = track.absolute_track_number {
            discs.entry(track.medium_number).or_default().push(absolute);
        }
    }
    discs.values_mut().for_each(|disc| disc.sort_unstable());
    tracks
        .iter()
        .map(|track| {
            let said = track.track_number.as_deref();
            let said = said.and_then(|number| number.trim().parse().ok());
            said.filter(|&number| number > 0).or_else(|| {
                let disc = discs.get(&track.medium_number)?;
                let rank = disc.binary_search(&track.absolute_track_number?).ok()?;
                u32::try_from(rank + 1).ok()
            })
        })
        .collect()
}

/// Of the file's own name; only a harmless one is taken.
fn extension(path: &Path) -> String {
    path.extension()
        .and_then(|extension| extension.to_str())
        .filter(|text| text.len() <= 8 && text.bytes().all(|b| b.is_ascii_alphanumeric()))
        .unwrap_or("bin")
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_has_its_number_or_its_rank_on_the_disc() {
        let track = |medium: u32, number: &str, absolute: u32| Track {
            medium_number: Some(medium),
            track_number: Some(number.to_owned()),
            absolute_track_number: Some(absolute).filter(|&absolute| absolute > 0),
            ..Track::default()
        };
        let tracks = [
            track(1, "1", 1),
            track(1, " 02", 2),
            track(2, "B1", 4),
            track(2, "A1", 3),
            track(2, "0", 5),
            track(3, "C1", 0),
        ];
        let expected = [Some(1), Some(2), Some(2), Some(1), Some(3), None];
        assert_eq!(numbers(&tracks), expected);
    }

    #[test]
    fn a_file_keeps_only_a_harmless_extension() {
        for (path, expected) in [
            ("/m/01.FLAC", "flac"),
            ("/m/01", "bin"),
            ("/m/01.averylongone", "bin"),
            ("/m/01.f;x", "bin"),
        ] {
            assert_eq!(extension(Path::new(path)), expected, "{path}");
        }
    }
}
