use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::catalog::{Entry, RowWarning};
use crate::cpu_time::cpu_time;
use crate::music::{Track, TrackId};

const A: &str = "1aA1aA1aA1aA1aA1aA1aA1";
const B: &str = "2bB2bB2bB2bB2bB2bB2bB2";
const C: &str = "3cC3cC3cC3cC3cC3cC3cC3";

fn list(bytes: impl Into<Vec<u8>>, name: &str) -> Resolved {
    import(bytes.into(), name, Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn data(name: &str) -> Resolved {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/playlists");
    list(std::fs::read(path.join(name)).unwrap(), name)
}

fn names(list: &Resolved) -> Vec<String> {
    list.entries
        .iter()
        .map(|e| e.track.unpack().display_name())
        .collect()
}

/// Line and reason of what was left out; line 0 is the file as a whole.
fn reasons(list: &Resolved) -> Vec<(u64, &str)> {
    list.warnings
        .iter()
        .map(|warning| (warning.line.unwrap_or(0), warning.reason.as_str()))
        .collect()
}

fn artists(track: &Track) -> Vec<&str> {
    track.artists.iter().map(String::as_str).collect()
}

#[test]
fn exportify_net_of_2026_is_read() {
    let list = data("exportify_net_2026.csv");
    assert_eq!(list.name.as_deref(), Some("exportify net 2026"));
    let positions: Vec<(u32, Option<u64>)> =
        list.entries.iter().map(|e| (e.position, e.line)).collect();
    // The same track twice keeps both rows; rows that are no tracks leave a gap.
    assert_eq!(
        positions,
        [(1, Some(2)), (2, Some(3)), (3, Some(4)), (6, Some(7))]
    );
    let [first, second, again, bare] = &[0, 1, 2, 3].map(|at| list.entries[at].track.unpack());
    assert_eq!(first, again);
    assert_eq!(first.id, TrackId::spotify(A));
    assert_eq!(first.url, format!("https://open.spotify.com/track/{A}"));
    assert_eq!(artists(first), ["Ann Example", "Owl, Wren & Fire"]);
    assert_eq!(first.album.as_deref(), Some("Garden Songs"));
    assert_eq!(first.duration_ms, Some(215_040));
    assert_eq!(first.release_date.as_deref(), Some("2019-03-01"));
    assert_eq!(first.explicit, Some(true));
    assert_eq!(second.title, "Nightjar (Live)");
    assert_eq!(second.album.as_deref(), Some("Bj\u{f6}rk-Orchester"));
    assert_eq!(artists(second), ["Tyler, The Owl"]);
    assert_eq!(second.release_date.as_deref(), Some("2020"));
    let nothing_known = Track {
        url: format!("https://open.spotify.com/track/{C}"),
        ..Track::new(TrackId::spotify(C), "Say \"Kuckuck\"")
    };
    assert_eq!(*bare, nothing_known);
    assert_eq!(
        reasons(&list),
        [
            (
                0,
                "1 row without an artist, taken as a title alone (line 7)"
            ),
            (5, "a file on a disk of the playlist's owner, without an id"),
            (6, "a podcast, not music"),
        ]
    );
    assert!(list.warnings[1].text.starts_with("spotify:local:Ann"));
}

#[test]
fn exportify_net_of_earlier_years_is_read() {
    let may = data("exportify_net_2025-05.csv");
    assert_eq!(
        artists(&may.entries[0].track.unpack()),
        ["Ann Example", "Ben Wren"]
    );
    assert_eq!(artists(&may.entries[1].track.unpack()), ["Owl Wren & Fire"]);
    let explicit: Vec<Option<bool>> = may
        .entries
        .iter()
        .map(|e| e.track.unpack().explicit)
        .collect();
    assert_eq!(
        explicit,
        [Some(true), Some(false)],
        "the first that is not empty"
    );
    let old = data("exportify_net_2024.csv");
    assert_eq!(
        artists(&old.entries[0].track.unpack()),
        ["Ann Example", "Ben Wren"]
    );
    assert_eq!(
        old.entries[1].track.unpack().title,
        "Nightjar",
        "a row with fewer cells"
    );
    assert_eq!(old.entries[1].track.unpack().explicit, None);
    assert_eq!((may.warnings, old.warnings), (vec![], vec![]));
}

#[test]
fn exportify_app_is_read_in_every_language() {
    let english = data("exportify_app_2026.csv");
    let german = data("exportify_app_german.csv");
    assert_eq!(english.entries, german.entries);
    assert_eq!(english.warnings, german.warnings);
    let [first, second, old] = &[0, 1, 2].map(|at| english.entries[at].track.unpack());
    assert_eq!(artists(first), ["Tyler, The Owl", "Ann Example"]);
    assert_eq!(
        first.isrc.as_ref().map(|isrc| isrc.as_str()),
        Some("QZTST2400001")
    );
    assert_eq!((first.disc_number, first.track_number), (Some(1), Some(3)));
    assert_eq!(first.album_artist.as_deref(), Some("Ann Example"));
    assert_eq!(first.explicit, Some(true));
    assert_eq!(artists(second), ["Simon & Garfield"]);
    assert_eq!(second.album_artist.as_deref(), Some("Various Artists"));
    assert_eq!(artists(old), ["Florence, The Owl"], "one id, one artist");
    assert_eq!(old.album_artist.as_deref(), Some("Florence, The Owl"));
    assert_eq!((old.duration_ms, old.release_date.as_deref()), (None, None));
    assert_eq!(
        reasons(&english),
        [(
            0,
            "1 row with an ISRC that is none; the code was ignored (line 4)"
        )]
    );
}

#[test]
fn tables_of_converters_are_read() {
    let list = data("tunemymusic.csv");
    assert_eq!(
        names(&list),
        [
            "Ann Example, Ben Wren - Bluebird",
            "Simon & Garfield - Nightjar",
            "Ann Example - Bluebird (Official Video)",
        ]
    );
    assert_eq!(
        artists(&list.entries[0].track.unpack()),
        ["Ann Example, Ben Wren"]
    );
    assert!(list.entries[0].track.id.as_str() == "isrc:QZTST2400001");
    assert_eq!(list.entries[1].track.id, TrackId::spotify(B));
    assert_eq!(
        reasons(&list),
        [
            (
                0,
                "it holds 2 playlists (Birds, Videos), which were read as one"
            ),
            (6, "a whole album; give it as an entry of its own"),
        ]
    );
    let list = data("soundiiz.csv");
    assert_eq!(
        names(&list),
        [
            "Ann Example - Bluebird",
            "Owl, Wren & Fire - Nightjar; or, The Owl"
        ]
    );
    assert_eq!(list.entries[0].track.id.as_str(), "isrc:QZTST2400001");
    assert_eq!(list.name.as_deref(), Some("soundiiz"));
    assert_eq!(list.warnings, []);
}

#[test]
fn m3u_is_read() {
    let list = data("extended.m3u8");
    assert_eq!(list.name.as_deref(), Some("Birds, mostly"));
    assert_eq!(
        names(&list),
        [
            "Ann Example - Bluebird",
            "Ben Wren - Nightjar",
            "Ann Example - Wren",
            "Ann Example - Bluebird",
            "Ann Example - Robin",
        ]
    );
    let [first, second, third, by_path, linked] =
        &[0, 1, 2, 3, 4].map(|at| list.entries[at].track.unpack());
    assert_eq!((first.duration_ms, &first.album), (Some(215_000), &None));
    assert_eq!(second.duration_ms, Some(180_000));
    assert_eq!(second.album.as_deref(), Some("Night Birds"));
    assert_eq!((third.track_number, third.duration_ms), (Some(4), None));
    assert_eq!(by_path.album.as_deref(), Some("Garden Songs"));
    assert_eq!(linked.id, TrackId::spotify(A));
    assert_eq!(
        reasons(&list),
        [
            (12, "another playlist; give it as an entry of its own"),
            (13, "a folder, not a track"),
            (
                14,
                "a link without a title; it needs the catalog `spotify`, which is not configured"
            ),
            (17, "an #EXTINF line that no entry follows"),
        ]
    );
    assert_eq!(list.entries[4].position, 8);
}

#[test]
fn albums_and_artists_named_above_m3u_entries_belong_to_them() {
    let text = "#EXTM3U\r\n#EXTART:Ann\r\n#EXTALB:Birds\r#EXTINF:1,Owl\n1.mp3\n\
                #EXTINF:2,Ben - Wren\n2.mp3\n";
    let list = list(text, "x.m3u");
    assert_eq!(names(&list), ["Ann - Owl", "Ben - Wren"]);
    for entry in &list.entries {
        assert_eq!(entry.track.unpack().album.as_deref(), Some("Birds"));
        assert_eq!(entry.track.unpack().album_artist.as_deref(), Some("Ann"));
    }
    let lines: Vec<_> = list.entries.iter().map(|e| e.line).collect();
    assert_eq!(lines, [Some(5), Some(7)]);
}

#[test]
fn plain_lists_are_read() {
    let text = "# my birds\n// really\n1. Ann - Owl\n\n2. Ben \u{2013} Wren\n#3 Cy - Jay\n\
                Robin\nFinch by Dee\nspotify:track:1aA1aA1aA1aA1aA1aA1aA1\n\
                https://example.org/x\n...\nhttps://www.deezer.com/album/7\n";
    let list = list(text, "birds.txt");
    assert_eq!(
        names(&list),
        [
            "Ann - Owl",
            "Ben - Wren",
            "Cy - Jay",
            "Robin",
            "Dee - Finch"
        ]
    );
    assert_eq!(
        reasons(&list),
        [
            (
                0,
                "1 row without an artist, taken as a title alone (line 7)"
            ),
            (
                0,
                "1 row read as `Title by Artist`, for want of a ` - ` (line 8)"
            ),
            (
                9,
                "a link without a title; it needs the catalog `spotify`, which is not configured"
            ),
            (10, "an address that no known catalog has"),
            (11, "no words"),
            (12, "a link (album); give it as an entry of its own"),
        ]
    );
}

#[test]
fn a_cell_keeps_its_marks_and_delimiters() {
    for (row, title, artist) in [
        ("\"Owl, Wren\",Ann", "Owl, Wren", "Ann"),
        ("\"Say \"\"Owl\"\"\",Ann", "Say \"Owl\"", "Ann"),
        ("\"Say \\\"Owl\\\" twice\",Ann", "Say \"Owl\" twice", "Ann"),
        ("\u{201c}Owl\u{201d},Ann", "\u{201c}Owl\u{201d}", "Ann"),
        ("5\" Owl,Ann", "5\" Owl", "Ann"),
        ("\"two\nlines\",Ann", "two lines", "Ann"),
        ("\"=\"\"007\"\"\",Ann", "007", "Ann"),
        ("'Til Dawn,Ann", "'Til Dawn", "Ann"),
        ("'+1,Ann", "+1", "Ann"),
        (" Owl , Ann ", "Owl", "Ann"),
        ("null,Ann", "null", "Ann"),
    ] {
        let list = list(format!("Title,Artist\n{row}\nLast,Ann\n"), "x.csv");
        let track = list.entries[0].track.unpack();
        assert_eq!(
            (track.title.as_str(), artists(&track)),
            (title, vec![artist]),
            "{row}"
        );
        assert_eq!(list.entries.len(), 2, "{row}");
        assert_eq!(list.warnings, [], "{row}");
    }
}

#[test]
fn a_bad_row_costs_only_itself() {
    let text = "Title,Artist,Album\nOwl,Ann,Birds\n\n,Ann,Birds\n\"Wren,Ann,Birds\n\
                Jay,Ann\nFinch,Ann,Birds,more\n,,\nRobin,Ann,\"Birds\n";
    let list = list(text, "x.csv");
    let found: Vec<(&str, u32, Option<u64>)> = list
        .entries
        .iter()
        .map(|e| (e.track.title(), e.position, e.line))
        .collect();
    assert_eq!(
        found,
        [
            ("Owl", 1, Some(2)),
            ("Jay", 4, Some(6)),
            ("Finch", 5, Some(7))
        ]
    );
    let open = "a quotation mark is opened and not closed; its cells cannot be told apart";
    let extra = "1 row with more cells than the header, \
                 perhaps for want of quotation marks (line 7)";
    assert_eq!(
        reasons(&list),
        [(0, extra), (4, "no title"), (5, open), (9, open)]
    );
    assert_eq!(list.warnings[2].text, "\"Wren,Ann,Birds");
}

#[test]
fn lengths_are_read_in_every_unit() {
    for (header, cell, expected) in [
        ("Duration (ms)", "215040", Some(215_040)),
        ("Duration (ms)", "215040.0", Some(215_040)),
        ("Duration", "3:35", Some(215_000)),
        ("Duration", "1:02:03", Some(3_723_000)),
        ("Duration", "215", Some(215_000)),
        ("Duration", "215040", Some(215_040)),
        ("Duration (s)", "20000", Some(20_000_000)),
        ("Time", "0", None),
        ("Length", "long", None),
        ("Duration (s)", "99999999999999999999", None),
    ] {
        let list = list(format!("Title,Artist,{header}\nOwl,Ann,{cell}\n"), "x.csv");
        assert_eq!(
            list.entries[0].track.unpack().duration_ms,
            expected,
            "{header} {cell}"
        );
    }
}

#[test]
fn columns_may_stand_in_any_order_and_be_missing() {
    for (text, expected) in [
        ("Extra,Artist,Title\nx,Ann,Owl\n", "Ann - Owl"),
        ("Title,Album\nOwl,Birds\n", "Owl"),
        ("Title,Artist,Artist\nOwl,,Ann\n", "Ann - Owl"),
        ("sep=;\nTitle;Artist\nOwl;Ann\n", "Ann - Owl"),
        (
            "Shazam Library\nIndex,TagTime,Title,Artist,URL,TrackKey\n1,2,Owl,Ann,x,3\n",
            "Ann - Owl",
        ),
        ("Name\tArtist\tTime\rOwl\tAnn\t215\r", "Ann - Owl"),
        ("Title,Artist\nOwl,Various Artists", "Owl"),
        ("Title,Artist\nOwl,undefined", "Owl"),
    ] {
        assert_eq!(names(&list(text, "x.csv")), [expected], "{text:?}");
    }
}

#[test]
fn rows_with_an_id_and_no_title_name_the_catalog_that_could_tell() {
    let text = "Video ID,Playlist Video Creation Timestamp\nabcdefghijk,2024\n";
    let list = list(text, "x.csv");
    assert_eq!(
        (list.entries.len(), reasons(&list)),
        (0, vec![(2, "no title")])
    );
    let text = format!("Track URI,Added At\nspotify:track:{A},2024\nspotify:episode:{B},2024\n");
    let list = self::list(text, "x.csv");
    let needs = "a link without a title; it needs the catalog `spotify`, which is not configured";
    assert_eq!(reasons(&list), [(2, needs), (3, "a podcast, not music")]);
}

#[test]
fn a_table_without_a_header_is_read_as_lines_and_says_so() {
    let list = list("Ann - Owl\nBen - Wren\n", "x.csv");
    assert_eq!(names(&list), ["Ann - Owl", "Ben - Wren"]);
    assert!(list.warnings[0].reason.contains("no header"), "{list:?}");
}

#[test]
fn files_that_are_no_lists_are_refused() {
    let long = "x".repeat(200);
    for (bytes, name, expected) in [
        (
            &b""[..],
            "x.csv",
            "is empty; it should list one track a line",
        ),
        (
            b"Title,Artist\n",
            "x.csv",
            "has nothing but a header or comments",
        ),
        (
            b"#EXTM3U\n",
            "x.m3u8",
            "has nothing but a header or comments",
        ),
        (
            b"# only words\n",
            "x.txt",
            "has nothing but a header or comments",
        ),
        (b"PK\x03\x04rest", "x.json", "is a zip archive"),
        (b"<!DOCTYPE html><p>404", "x.csv", "is an HTML page"),
        (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9.9,\nseg0.ts\n",
            "x.m3u8",
            "is an HLS stream",
        ),
        (
            b"[playlist]\nFile1=a.mp3\n",
            "x.pls",
            "is a PLS playlist; what can be read is CSV",
        ),
        (
            b"\x01\x02\x03\x04\x05\x06\x07\x08",
            "x.csv",
            "is a binary file",
        ),
    ] {
        let error = import(bytes.to_vec(), name, Limits::default()).unwrap_err();
        assert!(
            error.to_string().starts_with(expected),
            "{error} for {expected}"
        );
    }
    assert_eq!(
        names(&list(format!("Ann - {long}"), "x.txt")).len(),
        1,
        "no line end"
    );
}

#[test]
fn limits_are_kept() {
    let limits = Limits {
        max_rows: 3,
        max_cell: 100,
        ..Limits::default()
    };
    let long = "x".repeat(101);
    for (name, header, row) in [
        ("x.csv", "Title,Artist\n", "Owl,Ann"),
        ("x.m3u", "#EXTM3U\n", "Ann - Owl.mp3"),
        ("x.txt", "", "Ann - Owl"),
    ] {
        let rows = |count| format!("{header}{}", format!("{row}\n").repeat(count)).into_bytes();
        assert_eq!(
            import(rows(3), name, limits).unwrap().entries.len(),
            3,
            "{name}"
        );
        let refused = import(rows(4), name, limits).unwrap_err().to_string();
        assert_eq!(refused, "has more than 3 rows; split it", "{name}");
        let wide = format!("{header}{row}\n{long}{row}\n{row}\n").into_bytes();
        let taken = import(wide, name, limits).unwrap();
        assert_eq!(taken.entries.len(), 2, "{name}");
        let [warning] = taken.warnings.as_slice() else {
            panic!("{name}: {taken:?}");
        };
        assert!(
            warning.reason.contains("more than any title"),
            "{name}: {warning:?}"
        );
        assert!(warning.text.chars().count() <= RowWarning::TEXT_CHARS);
    }
}

#[test]
fn a_mark_in_the_midst_of_a_cell_is_doubted() {
    let text = "Title,Artist\n\"Say \"Owl\" twice\",Ann\nWren,Ben\n";
    let list = list(text, "x.csv");
    assert_eq!(list.entries.len(), 2);
    assert_eq!(
        reasons(&list),
        [(
            0,
            "1 row with a quotation mark inside a quoted cell; its cells may be wrong (line 2)"
        )]
    );
}

#[test]
fn what_is_reported_is_limited_like_rows() {
    let limits = Limits {
        max_rows: 3,
        ..Limits::default()
    };
    for (text, name) in [
        ("Title,Artist\n\"a\n\"b\n\"c\n\"d\n", "x.csv"),
        (
            "#EXTINF:1,a\n#EXTINF:1,b\n#EXTINF:1,c\n#EXTINF:1,d\n#EXTINF:1,e\n",
            "x.m3u",
        ),
    ] {
        let refused = import(text.into(), name, limits).unwrap_err();
        assert!(
            matches!(refused, FileError::TooManyRows { limit: 3 }),
            "{name}"
        );
    }
}

#[test]
fn a_line_of_nothing_but_marks_is_read_in_linear_time() {
    let started = cpu_time();
    let brackets = format!("Ann - Owl{}\n", "[]".repeat(32_000));
    let bullets = format!("{}Ann - Owl\n", "- ".repeat(32_000));
    assert_eq!(list(brackets + &bullets, "x.txt").entries.len(), 2);
    let took = cpu_time() - started;
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_hundred_thousand_rows_are_read_in_linear_time() {
    // Far above what it takes even unoptimised, far below anything that
    // grows with the square of the rows.
    const ALLOWED: Duration = Duration::from_secs(30);
    let started = cpu_time();
    let mut csv = String::from("Title,Artist,Album\n");
    let mut text = String::new();
    for row in 0..100_000 {
        csv.push_str(&format!("Owl {row},Ann,\"Birds\"\n"));
        text.push_str(&format!("Ann - Owl {row}\n"));
    }
    assert_eq!(list(csv, "x.csv").entries.len(), 100_000);
    assert_eq!(list(text.clone(), "x.m3u").entries.len(), 100_000);
    assert_eq!(list(text, "x.txt").entries.len(), 100_000);
    let open = format!("Title,Artist\n{}", "\"Owl,Ann\n".repeat(100_000));
    assert_eq!(list(open, "x.csv").warnings.len(), 100_000);
    let took = cpu_time() - started;
    assert!(took < ALLOWED, "{took:?}");
}

fn wanted(path: PathBuf) -> Wanted {
    Wanted {
        kind: WantedKind::Playlist,
        name: None,
        input: WantedInput::File(path),
        create_m3u: None,
        layout: None,
        line: None,
    }
}

async fn refusal(path: PathBuf) -> String {
    let wanted = wanted(path);
    let error = PlaylistFiles::default().resolve(&wanted).await.unwrap_err();
    error.to_string()
}

#[tokio::test]
async fn what_cannot_be_opened_names_the_file_and_the_cause() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing.csv");
    let message = refusal(missing.clone()).await;
    assert!(message.contains(missing.to_str().unwrap()), "{message}");
    assert!(
        message.contains("cannot be read: No such file"),
        "{message}"
    );
    assert!(
        refusal(dir.path().into())
            .await
            .contains("is a directory, not a file")
    );
}

#[tokio::test]
async fn pipes_sockets_and_loops_do_not_stop_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let socket = dir.path().join("socket.csv");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let circle = dir.path().join("circle.csv");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    for (path, expected) in [
        (pipe, "is a named pipe, not a file"),
        (socket, "is a socket, not a file"),
        (circle, "cannot be read: "),
        (PathBuf::from("/dev/null"), "is a device, not a file"),
    ] {
        let message = refusal(path).await;
        assert!(message.contains(expected), "{message}");
    }
}

/// No more entries than lines, each with a title; or a message in one line.
fn is_read_or_refused(bytes: Vec<u8>, name: &str) -> bool {
    let lines = 1 + bytes.iter().filter(|byte| b"\r\n".contains(byte)).count();
    match import(bytes, name, Limits::default()) {
        Ok(list) => {
            let titled = |entry: &Entry| !entry.track.title().trim().is_empty();
            list.entries.len() <= lines && list.entries.iter().all(titled)
        }
        Err(error) => {
            let message = error.to_string();
            !message.is_empty() && !message.contains('\n')
        }
    }
}

proptest! {
    #[test]
    fn bytes_of_any_kind_are_read_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        name in "[a-z.]{0,8}",
    ) {
        prop_assert!(is_read_or_refused(bytes, &name));
    }

    #[test]
    fn texts_of_any_kind_are_read_or_refused(
        text in "(Title,Artist\n|#EXTM3U\n|sep=;\n|)([ -~\n\"\",;\\\\é–]{0,40}\n){0,8}",
        name in "x\\.(csv|m3u|txt)",
    ) {
        prop_assert!(is_read_or_refused(text.into_bytes(), &name));
    }

    #[test]
    fn no_line_of_a_list_is_lost(
        lines in proptest::collection::vec("(|#|#EXTINF:1,|https://|spotify:|Ann - |[0-9]\\. )\\PC{0,30}(|\\.mp3|/)", 0..20),
        m3u in any::<bool>(),
    ) {
        let text = lines.join("\n");
        let mut report = Report::default();
        let entries = if m3u {
            // Only a stream is refused as a whole.
            prop_assume!(!text.to_ascii_uppercase().contains("#EXT-X-"));
            m3u::read(&text, Limits::default(), &mut report).unwrap().1
        } else {
            plain::read(&text, Limits::default(), &mut report).unwrap()
        };
        let is_comment = |line: &str| if m3u { line.starts_with('#') } else { plain::is_comment(line) };
        let mut expected: Vec<u64> = numbered(&text)
            .filter(|(_, line)| !is_comment(line))
            .map(|(number, _)| number)
            .collect();
        let mut found: Vec<u64> = entries.iter().filter_map(|entry| entry.line).collect();
        found.extend(report.finish().iter().filter_map(|warning| warning.line));
        // An #EXTINF that nothing follows is reported although it is no row.
        found.retain(|&number| !is_comment(text.lines().nth(number as usize - 1).unwrap().trim()));
        found.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_row_of_a_table_is_lost(
        rows in proptest::collection::vec("[a-c\",\n]{0,12}", 0..12),
    ) {
        let text = format!("Title,Artist\n{}\nlast,row\n", rows.join("\n"));
        let resolved = import(text.clone().into_bytes(), "x.csv", Limits::default()).unwrap();
        let lines: Vec<&str> = text.split('\n').collect();
        let mut starts: Vec<u64> = resolved.entries.iter().filter_map(|e| e.line).collect();
        starts.extend(resolved.warnings.iter().filter_map(|w| w.line));
        starts.sort_unstable();
        let count = starts.len();
        starts.dedup();
        prop_assert_eq!(starts.len(), count, "a row was counted twice");
        let mut in_quotes = false;
        for (number, line) in (2_u64..).zip(&lines[1..]) {
            let begins = starts.binary_search(&number).is_ok();
            // A line belongs to the row above it only inside a quoted cell.
            let empty = line.chars().all(|c| matches!(c, ',' | '"' | ' '));
            prop_assert!(begins || in_quotes || empty, "line {} of {:?}", number, text);
            in_quotes = line.contains('"') || (in_quotes && !begins);
        }
        let positions: Vec<u32> = resolved.entries.iter().map(|e| e.position).collect();
        prop_assert!(positions.is_sorted());
    }
}
