use proptest::prelude::*;

use super::*;

fn song() -> Fields<'static> {
    Fields {
        artist: Some("Queen"),
        album: Some("A Night at the Opera"),
        title: Some("Bohemian Rhapsody"),
        track: Some(11),
        disc: Some(1),
        year: Some(1975),
        playlist: Some("Road Trip"),
        isrc: Some("GBUM71029604"),
        position: Some(7),
        ..Fields::default()
    }
}

fn rendered(template: &str, fields: &Fields<'_>) -> String {
    Template::parse(template)
        .unwrap()
        .render(fields)
        .as_str()
        .to_owned()
}

#[test]
fn each_part_of_a_pattern_is_filled_in_its_way() {
    let unknown = Fields::default();
    let lots = Fields {
        track: Some(101),
        ..song()
    };
    for (template, fields, expected) in [
        ("{artist}/{title}", song(), "Queen/Bohemian Rhapsody"),
        (
            "{albumartist} - {album}",
            song(),
            "Queen - A Night at the Opera",
        ),
        (
            "{track}",
            Fields {
                track: Some(3),
                ..song()
            },
            "03",
        ),
        ("{track}", lots, "101"),
        (
            "{position} {disc} {year} {isrc}",
            song(),
            "007 1 1975 GBUM71029604",
        ),
        ("{playlist}/x", song(), "Road Trip/x"),
        ("[{track} - ]{title}", song(), "11 - Bohemian Rhapsody"),
        (
            "[{track} - ]{title}",
            Fields {
                track: None,
                ..song()
            },
            "Bohemian Rhapsody",
        ),
        (
            "{title}[ ({album}, {year})]",
            Fields {
                year: None,
                ..song()
            },
            "Bohemian Rhapsody",
        ),
        (
            "{title}[ ({album})]",
            Fields {
                album: Some("  "),
                ..song()
            },
            "Bohemian Rhapsody",
        ),
        (
            "{album}/[Disc {disc}/]{title}",
            song(),
            "A Night at the Opera/Disc 1/Bohemian Rhapsody",
        ),
        (
            "{album}/[Disc {disc}/]{title}",
            Fields {
                disc: None,
                ..song()
            },
            "A Night at the Opera/Bohemian Rhapsody",
        ),
        (
            "a[/{year}][{disc}][/{track}]",
            Fields {
                disc: None,
                ..song()
            },
            "a/1975/11",
        ),
        (
            "a[{year}/][{disc}][/{track}]z",
            Fields {
                disc: None,
                ..song()
            },
            "a1975/11z",
        ),
        (
            "{artist}/{albumartist}/{album}/{title}",
            unknown,
            "Unknown Artist/Unknown Artist/Unknown Album/Unknown Title",
        ),
        (
            "{track} {disc} {year} {position} {isrc} {playlist}",
            unknown,
            "00 0 0000 000 Unknown ISRC Unknown Playlist",
        ),
        ("{{{title}}}", song(), "{Bohemian Rhapsody}"),
        ("[[{year}]] {title}", song(), "[1975] Bohemian Rhapsody"),
        ("{title}[ [[{year}]]]", song(), "Bohemian Rhapsody [1975]"),
        ("{artist}: {title}", song(), "Queen_ Bohemian Rhapsody"),
    ] {
        assert_eq!(rendered(template, &fields), expected, "{template}");
    }
}

#[test]
fn no_value_makes_a_folder_or_leaves_the_library() {
    let fields = Fields {
        artist: Some("../../.."),
        album: Some("a/b\\c"),
        title: Some("/etc/passwd"),
        ..Fields::default()
    };
    assert_eq!(
        rendered("{artist}/{album}/{title}", &fields),
        "_.._/a_b_c/_etc_passwd"
    );
}

#[test]
fn both_spellings_of_an_accent_are_one_folder() {
    let composed = Fields {
        artist: Some("Bj\u{f6}rk"),
        ..song()
    };
    let decomposed = Fields {
        artist: Some("Bjo\u{308}rk"),
        ..song()
    };
    assert_eq!(
        rendered("{artist}/x", &composed),
        rendered("{artist}/x", &decomposed)
    );
}

#[test]
fn a_pattern_that_cannot_work_is_refused_with_the_place() {
    use TemplateError as E;
    let unbalanced = |bracket, column| E::Unbalanced { bracket, column };
    let unknown = |name: &str, column, nearest| E::UnknownField {
        name: name.into(),
        column,
        nearest,
    };
    for (template, expected) in [
        ("", E::EmptyComponent),
        ("{artist}//{title}", E::EmptyComponent),
        ("{artist}/", E::EmptyComponent),
        ("{artist}/ /{title}", E::EmptyComponent),
        ("{artist}/[{track}]", E::EmptyComponent),
        ("[{artist}/]/{title}", E::EmptyComponent),
        ("../{title}", E::Climbs("..".into())),
        ("{artist}/./{title}", E::Climbs(".".into())),
        ("a/..[{track}]/b", E::Climbs("..".into())),
        ("/music/{title}", E::Absolute("/".into())),
        ("~/music/{title}", E::Absolute("~/".into())),
        (r"C:\music\{title}", E::Absolute(r"C:\".into())),
        ("{artist", unbalanced('{', 1)),
        ("ab{ar/tist}", unbalanced('{', 3)),
        ("artist}", unbalanced('}', 7)),
        ("[{track} {title}", unbalanced('[', 1)),
        ("{title}]", unbalanced(']', 8)),
        ("a[{track}[{disc}]]", E::NestedSection { column: 10 }),
        ("{title}[ live]", E::SectionWithoutField { column: 8 }),
        ("{}", unknown("", 1, None)),
        (
            "é {albumartits}",
            unknown("albumartits", 3, Some(Field::AlbumArtist)),
        ),
        (
            "{album_artist}",
            unknown("album_artist", 1, Some(Field::AlbumArtist)),
        ),
        ("{Title}", unknown("Title", 1, Some(Field::Title))),
        (
            "{track_number}",
            unknown("track_number", 1, Some(Field::Track)),
        ),
        ("{bitrate}", unknown("bitrate", 1, None)),
        (&"{title}/".repeat(17), E::TooLong),
        (&"x".repeat(1025), E::TooLong),
    ] {
        assert_eq!(Template::parse(template), Err(expected), "{template}");
    }
}

#[test]
fn an_unknown_field_is_answered_with_the_known_ones() {
    let error = Template::parse("{titel}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown field `{titel}` at column 1, did you mean `{title}`?; known fields: artist, albumartist, \
         album, title, track, disc, year, playlist, isrc, position"
    );
}

#[test]
fn a_pattern_for_audio_must_tell_tracks_apart() {
    for template in ["{artist}/{album}", "music", "{year}"] {
        let error = Template::parse_audio(template).unwrap_err();
        assert!(
            matches!(error, TemplateError::OnePathForAll { .. }),
            "{template}: {error}"
        );
    }
    for template in [
        "{album}/{track}",
        "{title}",
        "{position} x",
        "{isrc}",
        "x[ {track}]",
    ] {
        Template::parse_audio(template).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_pattern_or_an_error(text in r"[\[\]{}/. a]{0,12}|\PC{0,20}") {
        if let Ok(template) = Template::parse(&text) {
            let path = template.render(&Fields::default());
            prop_assert_eq!(RelPath::from_saved(path.as_str()), Ok(path));
        }
    }

    #[test]
    fn any_values_make_a_path_inside_the_library(artist in any::<String>(), album in any::<String>(), title in any::<String>()) {
        let fields = Fields { artist: Some(&artist), album: Some(&album), title: Some(&title), ..Fields::default() };
        let path = Template::parse("{artist}/{artist} - {album}/[{track} - ]{title}").unwrap().render(&fields);
        prop_assert_eq!(path.components().count(), 3);
        for name in path.components() {
            prop_assert_eq!(component(name), name);
        }
    }
}
