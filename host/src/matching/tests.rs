use super::*;
use crate::music::TrackId;

fn wanted(artist: &str, title: &str, seconds: u64) -> Track {
    Track {
        artists: vec![artist.to_owned()],
        duration_ms: Some(seconds * 1000),
        ..Track::new(TrackId::text("x"), title)
    }
}

fn hit(artist: &str, title: &str, seconds: u64) -> Hit {
    Hit {
        artists: vec![artist.to_owned()],
        title: title.to_owned(),
        duration_ms: Some(seconds * 1000),
        ..Hit::default()
    }
}

fn accepted(wanted: &Track, hit: &Hit) -> bool {
    score(wanted, hit, &Rules::default()).is_accepted()
}

#[test]
fn the_same_recording_is_taken_in_another_spelling() {
    for (artist, title, hit_artist, hit_title) in [
        ("Björk", "Jóga", "Bjork", "Joga"),
        ("Oasis", "Live Forever", "Oasis", "Live Forever"),
        ("Queen", "Let Me Live", "Queen", "Let Me Live"),
        ("Kraftwerk", "Tour de France", "Kraftwerk", "Tour De France"),
        ("Regina Spektor", "Edit", "Regina Spektor", "Edit"),
        (
            "Ann Example",
            "Bluebird",
            "Ann Example",
            "Bluebird (feat. Bob)",
        ),
        ("Ann Example", "Bluebird", "Ann Example & Bob", "Bluebird"),
        (
            "Ann Example",
            "Bluebird",
            "Ann Example",
            "Bluebird - 2011 Remaster",
        ),
        (
            "Ann Example",
            "Bluebird (Live)",
            "Ann Example",
            "Bluebird - Live",
        ),
    ] {
        let found = score(
            &wanted(artist, title, 200),
            &hit(hit_artist, hit_title, 201),
            &Rules::default(),
        );
        assert!(found.is_accepted(), "{artist} - {title}: {found:?}");
    }
}

#[test]
fn another_recording_is_refused() {
    for (artist, title, hit_artist, hit_title, seconds) in [
        (
            "Ann Example",
            "Bluebird",
            "Ann Example",
            "Bluebird (Live)",
            200,
        ),
        (
            "Ann Example",
            "Bluebird",
            "Ann Example",
            "Bluebird (Karaoke)",
            200,
        ),
        (
            "Ann Example",
            "Bluebird (Live)",
            "Ann Example",
            "Bluebird",
            200,
        ),
        ("Ann Example", "Bluebird", "Somebody Else", "Bluebird", 200),
        ("Ann Example", "Bluebird", "Ann Example", "Goldfinch", 200),
        ("Ann Example", "Bluebird", "Ann Example", "Bluebird", 30),
        ("Ann Example", "Bluebird", "Ann Example", "Bluebird", 3600),
        ("Ann Example", "Part 1", "Somebody", "Part 2", 200),
    ] {
        let found = score(
            &wanted(artist, title, 200),
            &hit(hit_artist, hit_title, seconds),
            &Rules::default(),
        );
        assert!(
            !found.is_accepted(),
            "{artist} - {title} / {hit_title}: {found:?}"
        );
    }
}

#[test]
fn an_album_that_is_named_after_a_version_does_not_refuse_its_songs() {
    let mut track = wanted("Nirvana Tribute Band", "About a Boy", 200);
    track.album = Some("Unplugged".to_owned());
    let mut found = hit("Nirvana Tribute Band", "About a Boy (Unplugged)", 200);
    found.album = Some("Unplugged".to_owned());
    assert!(accepted(&track, &found));
}

#[test]
fn the_same_recording_code_decides_over_spelling_but_not_over_length() {
    let mut track = wanted("Аня Пример", "Птица", 200);
    track.isrc = Isrc::parse("QZABC2600001").ok();
    let mut found = hit("Anya Primer", "Ptitsa", 200);
    found.isrc = Some("QZABC2600001".to_owned());
    assert!(accepted(&track, &found));
    found.duration_ms = Some(30_000);
    assert!(!accepted(&track, &found));
}

#[test]
fn a_want_without_artist_or_length_is_judged_by_what_is_known() {
    let track = Track::new(TrackId::text("x"), "Bluebird");
    assert!(accepted(&track, &hit("Ann Example", "Bluebird", 200)));
    assert!(!accepted(&track, &hit("Ann Example", "Goldfinch", 200)));
}

/// ..and every fact by which it says so is in the guide for authors.
#[test]
fn a_video_may_have_an_intro_and_a_listed_track_may_not() {
    let guide = include_str!("../../../docs/plugin-author-guide.md");
    let track = wanted("Ann Example", "Bluebird", 200);
    let found = hit("Ann Example", "Bluebird", 212);
    assert!(!accepted(&track, &found));
    let with = |key: &str| Hit {
        extra: vec![(key.to_owned(), "Ann Example - Bluebird".to_owned())],
        ..found.clone()
    };
    assert!(!accepted(&track, &with("channel")));
    for key in DERIVED {
        assert!(accepted(&track, &with(key)), "{key}");
        assert!(guide.contains(&format!("| `Hit` | `{key}` |")), "{key}");
    }
}
