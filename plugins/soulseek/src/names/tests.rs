use super::*;

fn wanted(artist: &str, title: &str) -> Wanted {
    Wanted {
        artists: vec![folded(artist)],
        title: folded(title),
    }
}

/// Path -> title, artist, album, (disc, track), year.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    (u32, u32),
    i32,
);

#[test]
fn a_path_names_title_artist_album_and_place() {
    let rows: &[Row] = &[
        (
            r"@@abc\Music\Ann Example\First Album\01 - Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album",
            (0, 1),
            0,
        ),
        (
            "Music/Ann Example/First Album/01 - Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album",
            (0, 1),
            0,
        ),
        (
            r"Music\Ann Example\First Album\Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album",
            (0, 0),
            0,
        ),
        (
            r"D:\Ann Example\1999 - First Album [FLAC]\01. Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album",
            (0, 1),
            1999,
        ),
        (
            r"Music\Ann Example - First Album (1999) [FLAC]\01 Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album",
            (0, 1),
            1999,
        ),
        (
            r"Music\Ann Example - 1999 - First Album\01-Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album",
            (0, 1),
            1999,
        ),
        (
            r"Music\Ann Example\Ann Example - First Album\CD2\03 - Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album",
            (2, 3),
            0,
        ),
        (
            r"Music\Ann Example\First Album\2-03 Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album",
            (2, 3),
            0,
        ),
        (
            r"Music\Ann Example\First Album\Ann Example - First Album - 03 - Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album",
            (0, 3),
            0,
        ),
        (
            r"Music\Various Artists\Hits (2001)\07 - Ann Example - Bluebird.mp3",
            "Bluebird",
            "Ann Example",
            "Hits",
            (0, 7),
            2001,
        ),
        (
            r"Music\VA\Hits\Ann Example - Bluebird.mp3",
            "Bluebird",
            "Ann Example",
            "Hits",
            (0, 0),
            0,
        ),
        (
            r"Music\Ann Example - Bluebird.mp3",
            "Bluebird",
            "Ann Example",
            "",
            (0, 0),
            0,
        ),
        (
            r"shared\Ann_Example_-_Bluebird.mp3",
            "Bluebird",
            "Ann Example",
            "",
            (0, 0),
            0,
        ),
        (
            r"Ann Example\Bluebird.mp3",
            "Bluebird",
            "Ann Example",
            "",
            (0, 0),
            0,
        ),
        (
            r"Music\Ann Example\First Album\04 - Bluebird - Live.flac",
            "Bluebird - Live",
            "Ann Example",
            "First Album",
            (0, 4),
            0,
        ),
        (
            r"Music\Zoe Other\Covers\04 - Bluebird.flac",
            "Bluebird",
            "Zoe Other",
            "Covers",
            (0, 4),
            0,
        ),
        (
            r"Music\Ann Example\First Album (Deluxe Edition)\04 - Bluebird.flac",
            "Bluebird",
            "Ann Example",
            "First Album (Deluxe Edition)",
            (0, 4),
            0,
        ),
        ("Bluebird.mp3", "Bluebird", "", "", (0, 0), 0),
    ];
    for &(path, title, artist, album, (disc, track), year) in rows {
        let names = of(path, &wanted("Ann Example", "Bluebird"));
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let expected = Names {
            title: title.to_owned(),
            artist: some(artist),
            album: some(album),
            track_number: Some(track).filter(|&n| n > 0),
            disc_number: Some(disc).filter(|&n| n > 0),
            year: Some(year).filter(|&n| n > 0),
        };
        assert_eq!(names, expected, "{path}");
    }
}

#[test]
fn a_number_with_which_the_wanted_title_begins_is_part_of_it() {
    for (path, artist, title, found) in [
        (
            r"Nena\Nena\99 Luftballons.mp3",
            "Nena",
            "99 Luftballons",
            "99 Luftballons",
        ),
        (
            r"Nena\Nena\03 99 Luftballons.mp3",
            "Nena",
            "99 Luftballons",
            "99 Luftballons",
        ),
        (
            r"Nena\Nena\99 Luftballons.mp3",
            "Nena",
            "Luftballons",
            "Luftballons",
        ),
        (r"Ann\Album\7.mp3", "Ann", "7", "7"),
    ] {
        assert_eq!(of(path, &wanted(artist, title)).title, found, "{path}");
    }
}

#[test]
fn the_right_file_is_read_right_where_a_word_of_its_title_looks_like_a_version() {
    for (path, artist, title) in [
        (
            r"Music\Oasis\Definitely Maybe\08 - Live Forever.flac",
            "Oasis",
            "Live Forever",
        ),
        (
            r"Music\Queen\The Works\Let Me Live.flac",
            "Queen",
            "Let Me Live",
        ),
        (
            r"Music\Kraftwerk\Tour de France\01 - Tour de France.flac",
            "Kraftwerk",
            "Tour de France",
        ),
        (
            r"Music\Regina Spektor\Begin to Hope\05 Edit.mp3",
            "Regina Spektor",
            "Edit",
        ),
        (
            r"Foo Fighters\The Colour and the Shape\Everlong.flac",
            "Foo Fighters",
            "Everlong",
        ),
        (r"VA\Sampler\03 - Ann - Bluebird.mp3", "Ann", "Bluebird"),
    ] {
        let names = of(path, &wanted(artist, title));
        assert_eq!(
            (names.title.as_str(), names.artist.as_deref()),
            (title, Some(artist)),
            "{path}"
        );
    }
}

#[test]
fn an_extension_is_read_from_the_name_in_any_case() {
    for (path, expected) in [
        (r"a\b.FLAC", Some("flac")),
        (r"a.b\c", None),
        ("x.tar.mp3", Some("mp3")),
        (".flac", None),
        ("x.", None),
    ] {
        assert_eq!(extension(path).as_deref(), expected, "{path}");
    }
}
