//! The four sections of the want-list, in all their forms.

use super::*;

fn link(text: &str) -> WantedInput {
    WantedInput::Link(text.to_owned())
}

fn text(text: &str) -> WantedInput {
    WantedInput::Text(text.to_owned())
}

#[test]
fn a_single_value_is_a_link_a_file_or_words_by_its_looks() {
    let scene = Scene::with_library(
        "songs:
  - https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC?si=1
  - HTTP://example.org/x.csv
  - spotify:track:4uLU6hMCjMI75M1A2tKUQC
  - Ann Example - Bluebird
  - AC/DC - Song
  - ' .. '
  - ./no-ending
  - ../up/list
  - /abs/list
  - list.CSV
  - sub/list.jspf
  - 007
  - no
  - True
  - 1.50
  - .nan
  - 0x10
  - &a 1e5
  - *a
  - 'Title: with colon'
",
    );
    let file = |name: &str| WantedInput::File(scene.path(name));
    let expected = [
        link("https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC?si=1"),
        link("HTTP://example.org/x.csv"),
        link("spotify:track:4uLU6hMCjMI75M1A2tKUQC"),
        text("Ann Example - Bluebird"),
        text("AC/DC - Song"),
        text(".."),
        file("no-ending"),
        file("../up/list"),
        WantedInput::File("/abs/list".into()),
        file("list.CSV"),
        file("sub/list.jspf"),
        // Titles stay as typed, whatever YAML would make of them.
        text("007"),
        text("no"),
        text("True"),
        text("1.50"),
        text(".nan"),
        text("0x10"),
        text("1e5"),
        text("1e5"),
        text("Title: with colon"),
    ];
    let wanted = scene.load().wanted;
    let inputs: Vec<&WantedInput> = wanted.iter().map(|entry| &entry.input).collect();
    assert_eq!(inputs, expected.iter().collect::<Vec<_>>());
    assert!(
        wanted
            .iter()
            .all(|entry| entry.kind == WantedKind::Song && entry.name.is_none())
    );
    assert_eq!(wanted[0].line, Some(3));
    assert_eq!(wanted[18].line, Some(21));
}

#[test]
fn albums_come_as_a_list_a_map_written_out_or_mixed() {
    let scene = Scene::bare();
    let entry = |name: Option<&str>, input, line| Wanted {
        kind: WantedKind::Album,
        name: name.map(str::to_owned),
        input,
        create_m3u: None,
        layout: None,
        line: Some(line),
    };
    let file = |name: &str| WantedInput::File(scene.path(name));
    let url = "https://open.spotify.com/album/1";
    let written_out = Wanted {
        create_m3u: Some(true),
        layout: Some(EntryLayout::Library),
        ..entry(Some("First Album"), file("first.csv"), 3)
    };
    for (yaml, expected) in [
        ("albums: []", vec![]),
        ("albums:", vec![]),
        (
            "albums:\n  - https://open.spotify.com/album/1\n  - ./first.csv",
            vec![entry(None, link(url), 3), entry(None, file("first.csv"), 4)],
        ),
        (
            "albums:\n  First Album: https://open.spotify.com/album/1\n  1999: ./first.csv",
            vec![
                entry(Some("First Album"), link(url), 3),
                entry(Some("1999"), file("first.csv"), 4),
            ],
        ),
        (
            "albums:\n  - name: First Album\n    file: ./first.csv\n    create_m3u: true\n    layout: library",
            vec![written_out.clone()],
        ),
        (
            "albums:\n  - First Album:\n      file: ./first.csv\n      create_m3u: true\n      layout: library",
            vec![written_out.clone()],
        ),
        (
            "albums:\n  First Album: {file: first.csv, create_m3u: true, layout: library}",
            vec![written_out.clone()],
        ),
        (
            "albums:\n  - My Album: ./first.csv\n  - https://open.spotify.com/album/1\n  - {name: Named, url: https://open.spotify.com/album/1}\n  - Ann - First",
            vec![
                entry(Some("My Album"), file("first.csv"), 3),
                entry(None, link(url), 4),
                entry(Some("Named"), link(url), 5),
                entry(None, text("Ann - First"), 6),
            ],
        ),
    ] {
        std::fs::write(
            scene.path("musicdl.yaml"),
            format!("library: {{path: music}}\n{yaml}\n"),
        )
        .unwrap();
        assert_eq!(scene.load().wanted, expected, "{yaml}");
    }
}

#[test]
fn wanted_goes_songs_albums_artists_playlists_each_in_the_order_of_the_file() {
    let mut scene = Scene::with_library(
        "playlists: [./p1.csv, ./p2.csv]\nartists: [Ann]\nsongs: [b, a]\nalbums: [c]\n",
    );
    scene.inputs.flags.playlists = vec!["last.m3u".into(), "/abs.m3u".into()];
    let file = |name: &str| WantedInput::File(scene.path(name));
    use WantedKind::{Album, Artist, Playlist, Song};
    let expected = [
        (Song, text("b")),
        (Song, text("a")),
        (Album, text("c")),
        (Artist, text("Ann")),
        (Playlist, file("p1.csv")),
        (Playlist, file("p2.csv")),
        (Playlist, file("last.m3u")),
        (Playlist, WantedInput::File("/abs.m3u".into())),
    ];
    // Named explicitly, or the playlists of the command line would stand alone.
    scene.inputs.file = Some("musicdl.yaml".into());
    let wanted = scene.load().wanted;
    let found: Vec<_> = wanted.iter().map(|e| (e.kind, e.input.clone())).collect();
    assert_eq!(found, expected);
    assert_eq!(wanted[7].line, None);
}

#[test]
fn a_layout_is_library_playlist_or_a_template() {
    for (layout, expected) in [
        ("library", Some(EntryLayout::Library)),
        ("playlist", Some(EntryLayout::Playlist)),
        (
            "\"{artist}/{title}\"",
            Some(EntryLayout::Template("{artist}/{title}".to_owned())),
        ),
        (
            "'x/{title}'",
            Some(EntryLayout::Template("x/{title}".to_owned())),
        ),
        ("foo", None),
        ("Library", None),
    ] {
        let yaml = format!("playlists:\n  - {{file: ./x.csv, layout: {layout}}}\n");
        let loaded = load(&Scene::with_library(&yaml).inputs).ok();
        let found = loaded.map(|config| config.wanted[0].layout.clone());
        assert_eq!(found, expected.map(Some), "{layout}");
    }
    let refusal =
        Scene::with_library("playlists:\n  - {file: ./x.csv, layout: plylist}\n").refusal();
    assert_eq!(
        refusal,
        "\
DIR/musicdl.yaml:3:29: `playlists.layout` is `plylist`; it must be one of the accepted words; did you mean `playlist`?
  |
3 |   - {file: ./x.csv, layout: plylist}
  |                             ^^^^^^^
accepted: library, playlist, a template such as \"{artist}/{title}\""
    );
}

#[test]
fn an_entry_that_cannot_be_meant_is_told_with_what_to_write() {
    for (yaml, message, hint) in [
        (
            "songs: abc",
            "`songs` is a list, not a single value",
            "write it as a list of one: `songs: [\"abc\"]`",
        ),
        (
            "songs: [[a]]",
            "an entry of `songs` is a list itself",
            "one dash for each entry",
        ),
        (
            "songs: [a, ~]",
            "an entry of `songs` says nothing",
            "remove the dash, or put a title such as \"null\" in quotes",
        ),
        ("songs: ['']", "`songs` is ``; it must be a text", ""),
        (
            "songs: ['ftp://x/y']",
            "`songs` is `ftp://x/y`; it must be a link that starts with https:// or http://",
            "",
        ),
        (
            "songs: ['https://']",
            "`songs` is `https://`; it must be a link that starts with https:// or http://",
            "",
        ),
        (
            "songs:\n  - Ann - Part 2: Dawn",
            "`Dawn` is neither a link nor a playlist file",
            "after a name comes a link or a file; put words with `: ` in them in quotes",
        ),
        (
            "playlists: [roadtrip]",
            "`playlists` is `roadtrip`; it must be a link or a playlist file",
            "a file is recognised by `./` before it or by its ending: .csv .m3u .m3u8 .txt .xspf .jspf .json .pls .xml",
        ),
        (
            "playlists:\n  name: x\n  file: ./x.csv",
            "`playlists` is a list, and this is an entry without its dash",
            "write `- ` before the entry's first key and indent the others below it",
        ),
        (
            "albums: [{name: x}]",
            "the entry names neither a link (`url`) nor a playlist file (`file`)",
            "",
        ),
        (
            "albums: [{url: ./x.csv}]",
            "`albums.url` is `./x.csv`; it must be a link",
            "a playlist file is named by `file`",
        ),
        (
            "albums: [{file: 'https://a.b/'}]",
            "`albums.file` is `https://a.b/`; it must be a path",
            "a link is named by `url`",
        ),
        (
            "albums: [{file: x, url: 'https://a.b/'}]",
            "an entry has either `url` or `file`, not both",
            "make it two entries",
        ),
        (
            "albums: [{file: x, ulr: y}]",
            "`albums` has no key `ulr`; did you mean `url`?",
            "",
        ),
        (
            "albums: [{file: x, create_m3u: sure}]",
            "`albums.create_m3u` is `sure`; it must be one of the accepted words",
            "",
        ),
        (
            "albums: [{A: {name: B, file: x}}]",
            "`albums` has no key `name`",
            "",
        ),
        (
            "albums: {A: [x]}",
            "after a name comes a link or a file, not a list",
            "",
        ),
        (
            "albums: {A: }",
            "after a name comes a link or a file, not nothing",
            "",
        ),
    ] {
        let scene = Scene::with_library(yaml);
        let error = scene.error();
        let shown = scene.shown(&error);
        let first = shown.lines().next().unwrap();
        assert!(first.ends_with(&format!(": {message}")), "{yaml}: {shown}");
        assert_eq!(error.hint().unwrap_or_default(), hint, "{yaml}");
        assert_eq!(error.problems().len(), 1, "{yaml}: {shown}");
    }
}
