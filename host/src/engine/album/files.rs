//! Which file of an album is which track: by what the source says of it, by its tags, by its
//! name, and by its number on its disc. Whether it is whole and long enough is `verify`'s, and
//! comes after.

use std::path::Path;

use musicdl_plugin_api::{DownloadedFile, Hit, MissingTrack};

use crate::engine::delivered::Delivered;
use crate::layout::{RelPath, component};
use crate::matching::{Normalized, Rules, score};
use crate::music::{Track, TrackId};
use crate::plan::PlanItem;
use crate::tagging;

/// A file and what is known of it.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) delivered: Delivered,
    /// As matching knows what a source found.
    hit: Hit,
}

/// How much the number counts beside the match, which is 0 to 1: it decides between two tracks
/// of one name, and never against a better match.
const SAME_NUMBER: f64 = 0.2;
const OTHER_NUMBER: f64 = -0.05;

/// What is known of each file: the source's word first, then its tags, then its name.
///
/// Tags are read by name and not by handle: what somebody puts in the place of the name decides
/// at most for which track the file that was checked is tried.
pub(super) fn name_all(
    files: Vec<(Delivered, DownloadedFile)>,
    dir: &Path,
    album: &Hit,
) -> Vec<Named> {
    files
        .into_iter()
        .map(|(delivered, said)| {
            // Unreadable tags are no tags; whether it is audio at all is `verify`'s to say.
            let tags = tagging::read(&dir.join(&said.path)).unwrap_or_default();
            let (number_in_name, title_in_name) = of_name(&said.path);
            let mut artists = said.artists;
            if artists.is_empty() {
                artists = tags.artists;
            }
            if artists.is_empty() {
                artists.clone_from(&album.artists);
            }
            let hit = Hit {
                title: said.title.or(tags.title).unwrap_or(title_in_name),
                artists,
                album_artist: album.album_artist.clone(),
                album: Some(album.title.clone()),
                track_number: said.track_number.or(tags.track_number).or(number_in_name),
                disc_number: said.disc_number.or(tags.disc_number),
                ..Hit::default()
            };
            Named { delivered, hit }
        })
        .collect()
}

/// `03 - Bluebird.flac` is the third and called `Bluebird`.
fn of_name(path: &Path) -> (Option<u32>, String) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let rest = stem[digits..].trim_start_matches([' ', '.', '-', '_']);
    // A title such as `99 Luftballons` keeps its number, if by accident.
    match stem[..digits].parse() {
        Ok(number) if (1..=2).contains(&digits) && !rest.is_empty() => {
            (Some(number), rest.to_owned())
        }
        _ => (None, stem.into_owned()),
    }
}

/// For each wanted track the position of its file. No file serves two tracks, and none is
/// taken that does not match: better none than another song.
pub(super) fn pair(wanted: &[&Track], files: &[Named], rules: &Rules) -> Vec<Option<usize>> {
    let mut fits = Vec::new();
    for (track_at, track) in wanted.iter().enumerate() {
        for (file_at, file) in files.iter().enumerate() {
            let score = score(track, &file.hit, rules);
            if score.is_accepted() {
                fits.push((score.total + of_number(track, &file.hit), track_at, file_at));
            }
        }
    }
    // Best first; of equals the earlier track, so that the same album is always shared alike.
    fits.sort_by(|left, right| {
        right
            .0
            .total_cmp(&left.0)
            .then((left.1, left.2).cmp(&(right.1, right.2)))
    });
    let mut of_track = vec![None; wanted.len()];
    let mut taken = vec![false; files.len()];
    for (_, track_at, file_at) in fits {
        if of_track[track_at].is_none() && !taken[file_at] {
            of_track[track_at] = Some(file_at);
            taken[file_at] = true;
        }
    }
    of_track
}

fn of_number(track: &Track, file: &Hit) -> f64 {
    let (Some(wanted), Some(number)) = (track.track_number, file.track_number) else {
        return 0.0;
    };
    let disc = |disc: Option<u32>| disc.unwrap_or(1);
    if (disc(track.disc_number), wanted) == (disc(file.disc_number), number) {
        SAME_NUMBER
    } else {
        OTHER_NUMBER
    }
}

/// What the source says of a track that did not come.
pub(super) fn why_missing(track: &Track, missing: &[MissingTrack]) -> String {
    let title = Normalized::new(&track.title);
    let same = |gone: &&MissingTrack| Normalized::new(&gone.title) == title;
    missing.iter().find(same).map_or_else(
        || "no file of the album is this track".to_owned(),
        |gone| gone.reason.clone(),
    )
}

impl Named {
    /// A file that nobody asked for, as an item in `home`. `None` when it has no name that a
    /// file could have.
    pub(super) fn as_item(&self, home: &RelPath) -> Option<PlanItem> {
        let Hit {
            title,
            artists,
            album,
            album_artist,
            track_number,
            disc_number,
            ..
        } = self.hit.clone();
        let name = match track_number {
            Some(number) => format!("{number:02} - {title}"),
            None => title.clone(),
        };
        let target = format!("{}/{}", home.as_str(), component(&name));
        let mut item = PlanItem::new(Track {
            artists,
            album,
            album_artist,
            track_number,
            disc_number,
            ..Track::new(TrackId::text(&target), title)
        });
        item.targets.push(RelPath::from_saved(&target).ok()?);
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Offered;

    fn track(title: &str, disc: u32, number: u32) -> Track {
        Track {
            artists: vec!["Ann".to_owned()],
            album: Some("Long Days".to_owned()),
            disc_number: Some(disc),
            track_number: Some(number),
            ..Track::new(TrackId::text(title), title)
        }
    }

    fn file(title: &str, disc: Option<u32>, number: Option<u32>) -> Named {
        Named {
            delivered: Delivered {
                audio: Offered {
                    file: tempfile::tempfile().unwrap(),
                    bytes: 1,
                    folder: tempfile::tempfile().unwrap().into(),
                    name: "song".into(),
                },
                cover: None,
                lyrics: None,
                facts: Vec::new(),
            },
            hit: Hit {
                title: title.to_owned(),
                artists: vec!["Ann".to_owned()],
                disc_number: disc,
                track_number: number,
                ..Hit::default()
            },
        }
    }

    fn paired(wanted: &[Track], files: &[Named]) -> Vec<Option<usize>> {
        let wanted: Vec<&Track> = wanted.iter().collect();
        pair(&wanted, files, &Rules::default())
    }

    #[test]
    fn a_title_finds_its_file_whatever_the_numbering() {
        let wanted = [track("Bluebird", 1, 1), track("Owls", 1, 2)];
        let files = [
            file("Owls (2011 Remaster)", None, Some(9)),
            file("Kestrel", None, Some(1)),
            file("Bluebird", None, None),
        ];
        assert_eq!(paired(&wanted, &files), [Some(2), Some(0)]);
    }

    #[test]
    fn of_two_tracks_of_one_name_the_number_and_the_disc_decide() {
        let wanted = [track("Intro", 2, 1), track("Intro", 1, 1)];
        let files = [
            file("Intro", Some(1), Some(1)),
            file("Intro", Some(2), Some(1)),
        ];
        assert_eq!(paired(&wanted, &files), [Some(1), Some(0)]);
    }

    #[test]
    fn a_file_that_is_left_is_not_taken_for_a_track_that_is() {
        let wanted = [track("Bluebird", 1, 1), track("Owls", 1, 2)];
        let files = [
            file("Bluebird", None, Some(1)),
            file("Kestrel", None, Some(2)),
            file("Owls (Live)", None, Some(2)),
        ];
        assert_eq!(paired(&wanted, &files), [Some(0), None]);
    }

    #[test]
    fn the_name_of_a_file_may_hold_number_and_title() {
        for (name, number, title) in [
            ("03 - Bluebird.flac", Some(3), "Bluebird"),
            ("3.Bluebird.flac", Some(3), "Bluebird"),
            ("Bluebird.flac", None, "Bluebird"),
            ("1999.flac", None, "1999"),
            ("07.flac", None, "07"),
        ] {
            let found = of_name(Path::new(name));
            assert_eq!(found, (number, title.to_owned()), "{name}");
        }
    }

    #[test]
    fn what_the_source_says_of_a_missing_track_is_passed_on() {
        let missing = [MissingTrack {
            title: "OWLS".to_owned(),
            reason: "removed by the label".to_owned(),
            ..MissingTrack::default()
        }];
        assert_eq!(
            why_missing(&track("Owls", 1, 2), &missing),
            "removed by the label"
        );
        assert!(why_missing(&track("Bluebird", 1, 1), &missing).contains("no file"));
    }
}
