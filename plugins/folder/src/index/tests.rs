use super::*;
use crate::tags::Facts;

fn track(name: &str, facts: Facts) -> Track {
    Track {
        path: name.into(),
        real: name.into(),
        target_id: name.to_owned(),
        size: 1,
        facts,
    }
}

/// `Artist / Album / Title`, each file named by its place: `0`, `1`, ..
fn collection(lines: &[&str]) -> Index {
    let tracks = lines.iter().enumerate().map(|(place, line)| {
        let [artist, album, title] = line.split(" / ").collect::<Vec<_>>()[..] else {
            panic!("three parts: {line}");
        };
        let facts = Facts {
            title: title.to_owned(),
            artists: vec![artist.to_owned()],
            album: Some(album.to_owned()),
            ..Facts::default()
        };
        track(&place.to_string(), facts)
    });
    Index::of(tracks.collect())
}

fn query(artist: &str, title: &str) -> Query {
    Query {
        text: format!("{artist} {title}"),
        title: Some(title.to_owned()),
        artists: vec![artist.to_owned()],
        limit: 10,
        ..Query::default()
    }
}

fn names<'a>(found: &[&'a Track]) -> Vec<&'a str> {
    found.iter().map(|track| track.target_id.as_str()).collect()
}

const SHELF: [&str; 12] = [
    "Ann Example / First Light / Bluebird",
    "Ann Example / First Light / Bluebird (Live at Leeds)",
    "Paul McCartney / Band on the Run / Bluebird",
    "The Beatles / Help! / Yesterday",
    "The Beatles / Help! / Help!",
    "Beyoncé / Lemonade / Don't Hurt Yourself",
    "椎名林檎 / 無罪モラトリアム / 正しい街",
    "초아 / 앨범 / 피어나",
    "Ann Example / The Love / Love",
    "Sigur Rós / ( ) / Untitled 1",
    "Ed Sheeran / ÷ / ÷",
    "AC/DC / Back in Black / Back in Black",
];

#[test]
fn the_right_track_comes_first_however_it_is_spelled() {
    let index = collection(&SHELF);
    for (artist, title, first) in [
        ("Ann Example", "Bluebird", "0"),
        ("ANN EXAMPLE", "bluebird", "0"),
        ("Ann Example", "Bluebird - Live at Leeds", "1"),
        ("Paul McCartney & Wings", "Bluebird - Remastered 2010", "2"),
        ("Beatles", "Yesterday", "3"),
        ("The Beatles", "Help", "4"),
        ("Beyonce", "Dont Hurt Yourself (feat. Jack White)", "5"),
        ("椎名林檎", "正しい街", "6"),
        ("초아", "피어나", "7"),
        ("Ann Example", "Love", "8"),
        ("Sigur Ros", "Untitled #1", "9"),
        ("Ed Sheeran", "÷", "10"),
        ("ACDC", "Back In Black", "11"),
    ] {
        let found = names(&index.find(&query(artist, title)));
        assert_eq!(found.first(), Some(&first), "{artist} - {title}: {found:?}");
    }
}

#[test]
fn the_same_title_by_others_is_offered_but_later() {
    let index = collection(&SHELF);
    let found = index.find(&query("Paul McCartney", "Bluebird"));
    assert_eq!(names(&found), ["2", "0", "1"]);
}

#[test]
fn what_shares_no_title_word_of_weight_is_not_offered() {
    let index = collection(&SHELF);
    for (artist, title) in [
        ("The Beatles", "Something"),
        ("Ann Example", "Nightingale"),
        ("Nobody", "Run for Your Life in Leeds Tonight"),
    ] {
        let found = names(&index.find(&query(artist, title)));
        assert!(found.is_empty(), "{artist} - {title}: {found:?}");
    }
}

#[test]
fn a_code_of_the_recording_beats_every_word() {
    let coded = |isrc: Option<&str>, mbid: Option<&str>| Facts {
        title: "Spår 1".to_owned(),
        isrc: isrc.map(str::to_owned),
        recording_mbid: mbid.map(str::to_owned),
        ..Facts::default()
    };
    let plain = Facts {
        title: "Bluebird".to_owned(),
        artists: vec!["Ann Example".to_owned()],
        ..Facts::default()
    };
    let mbid = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae";
    let index = Index::of(vec![
        track("by words", plain),
        track("by isrc", coded(Some("GBAYE0601498"), None)),
        track("by mbid", coded(None, Some(mbid))),
    ]);
    let mut wanted = query("Ann Example", "Bluebird");
    wanted.isrc = Some("GBAYE0601498".to_owned());
    assert_eq!(names(&index.find(&wanted)), ["by isrc", "by words"]);
    wanted.recording_mbid = Some(mbid.to_owned());
    assert_eq!(
        names(&index.find(&wanted)),
        ["by isrc", "by mbid", "by words"]
    );
    wanted.title = None;
    assert_eq!(
        names(&index.find(&wanted)),
        ["by isrc", "by mbid", "by words"]
    );
}

#[test]
fn album_and_length_decide_between_equals() {
    let release = |album: &str, duration_ms| Facts {
        title: "Bluebird".to_owned(),
        artists: vec!["Ann Example".to_owned()],
        album: Some(album.to_owned()),
        duration_ms: Some(duration_ms),
        ..Facts::default()
    };
    let index = Index::of(vec![
        track("single", release("Bluebird", 180_000)),
        track("album", release("First Light", 201_000)),
        track("live", release("Live at Leeds", 300_000)),
    ]);
    let mut wanted = query("Ann Example", "Bluebird");
    wanted.album = Some("Live at Leeds".to_owned());
    assert_eq!(index.find(&wanted)[0].target_id, "live");
    wanted.duration_ms = Some(200_000);
    assert_eq!(index.find(&wanted)[0].target_id, "album");
}

#[test]
fn words_without_a_title_are_looked_for_everywhere() {
    let index = collection(&SHELF);
    for (text, expected) in [
        ("ann example bluebird", &["0", "1"][..]),
        ("bluebird", &["0", "2", "1"]),
        ("lemonade", &["5"]),
        ("nothing like that", &[]),
        ("", &[]),
    ] {
        let free = Query {
            text: text.to_owned(),
            limit: 3,
            ..Query::default()
        };
        let found = names(&index.find(&free));
        assert!(found.starts_with(expected), "{text}: {found:?}");
        assert_eq!(found.is_empty(), expected.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn never_more_than_the_limit() {
    let index = collection(&SHELF);
    for limit in [0, 1, 2] {
        let mut wanted = query("Ann Example", "Bluebird");
        wanted.limit = limit;
        assert_eq!(index.find(&wanted).len(), limit as usize);
    }
}

#[test]
fn an_empty_collection_has_nothing() {
    let index = Index::of(Vec::new());
    assert!(index.find(&query("Ann Example", "Bluebird")).is_empty());
}
