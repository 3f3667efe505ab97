use super::*;

fn wanted(kind: WantedKind, input: WantedInput) -> Wanted {
    Wanted {
        kind,
        name: None,
        input,
        create_m3u: None,
        layout: None,
        line: Some(3),
    }
}

async fn message(kind: WantedKind, input: WantedInput) -> String {
    let wanted = wanted(kind, input);
    let error = Catalogs::default().resolve(&wanted).await.unwrap_err();
    error.to_string()
}

#[tokio::test]
async fn what_no_catalog_answers_says_which_one_would_and_what_to_do_meanwhile() {
    use WantedInput::{Link, Text};
    use WantedKind::{Album, Artist, Playlist, Song};
    const ID: &str = "1aA1aA1aA1aA1aA1aA1aA1";
    for (kind, input, parts) in [
        (
            Playlist,
            Link(format!("https://open.spotify.com/playlist/{ID}?si=1")),
            [
                "(playlist) needs the catalog `spotify`",
                "export the playlist",
            ],
        ),
        (
            Song,
            Link(ID.into()),
            ["(track) needs the catalog `spotify`", "`Artist - Title`"],
        ),
        (
            Album,
            Link("https://www.deezer.com/de/album/12".into()),
            ["(album) needs the catalog `deezer`", "give that as `file:`"],
        ),
        (
            Song,
            Link("https://spotify.link/abc".into()),
            [
                "(short link) needs the catalog `spotify`",
                "copy the long address",
            ],
        ),
        (
            Song,
            Link("https://example.org/track/1".into()),
            [
                "`https://example.org/track/1` is no link of a catalog",
                "musicbrainz",
            ],
        ),
        (
            Album,
            Text("Ann Example - Garden Songs".into()),
            [
                "(album) needs the catalog `musicbrainz`",
                "list its tracks in a file",
            ],
        ),
        (
            Artist,
            Text("Ann Example".into()),
            [
                "(artist) needs the catalog `musicbrainz`",
                "list its tracks in a file",
            ],
        ),
        (
            Playlist,
            Text("Birds".into()),
            ["`Birds` is given in words", "export it"],
        ),
        (
            Song,
            Text(" -- ".into()),
            ["names no song", "`Artist - Title`"],
        ),
    ] {
        let message = message(kind, input).await;
        for part in parts {
            assert!(message.contains(part), "{part} in: {message}");
        }
    }
}

#[tokio::test]
async fn a_song_in_words_is_one_track() {
    let wanted = wanted(
        WantedKind::Song,
        WantedInput::Text("Ann Example - Bluebird".into()),
    );
    let resolved = Catalogs::default().resolve(&wanted).await.unwrap();
    assert_eq!(resolved.name, None);
    let [entry] = resolved.entries.as_slice() else {
        panic!("{resolved:?}");
    };
    assert_eq!(
        entry.track.unpack().display_name(),
        "Ann Example - Bluebird"
    );
    assert_eq!((entry.position, entry.line), (1, None));
}

#[tokio::test]
async fn a_file_may_stand_for_any_kind_of_entry() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("garden.txt");
    std::fs::write(&path, "Ann Example - Bluebird\nAnn Example - Robin\n").unwrap();
    for kind in [
        WantedKind::Song,
        WantedKind::Album,
        WantedKind::Artist,
        WantedKind::Playlist,
    ] {
        let wanted = wanted(kind, WantedInput::File(path.clone()));
        let resolved = Catalogs::default().resolve(&wanted).await.unwrap();
        assert_eq!(resolved.entries.len(), 2, "{kind:?}");
        assert_eq!(resolved.name.as_deref(), Some("garden"));
    }
}

#[tokio::test]
async fn the_first_catalog_that_answers_is_asked() {
    struct Radio;
    impl Catalog for Radio {
        fn name(&self) -> &str {
            "radio"
        }
        fn answers(&self, wanted: &Wanted) -> bool {
            matches!(wanted.input, WantedInput::Text(_))
        }
        fn resolve<'a>(&'a self, _: &'a Wanted) -> BoxFuture<'a, Result<Resolved, CatalogError>> {
            Box::pin(async { Ok(Resolved::default()) })
        }
    }
    let song = wanted(WantedKind::Song, WantedInput::Text("Ann - Owl".into()));
    let files = || Box::new(PlaylistFiles::default());
    let first = Catalogs::new(vec![Box::new(Radio), files()]);
    assert!(first.resolve(&song).await.unwrap().entries.is_empty());
    let second = Catalogs::new(vec![files(), Box::new(Radio)]);
    assert_eq!(second.resolve(&song).await.unwrap().entries.len(), 1);
}
