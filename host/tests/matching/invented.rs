//! Playlists against invented libraries: which of the wanted songs are there already, when
//! the other catalog spells them its own way. The libraries are dense on purpose: few words,
//! so that many titles and names are one word apart, and each song in several versions.

use musicdl::matching::{Index, Matcher, Rules};
use musicdl::music::{Track, TrackId};
use musicdl_plugin_api::Hit;

const TRACKS: usize = 6_000;
const OWNED: usize = 70;
const FOREIGN: usize = 30;
/// The best figure of comparable programs on such a playlist.
const RIGHT: usize = 66;

/// Random numbers, always the same ones (a linear congruential generator, Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const FIRST: [&str; 16] = [
    "Amber", "Björn", "Cedar", "Dusk", "Élan", "Frost", "Green", "Hollow", "Iron", "Jørgen",
    "Kind", "Lost", "Młody", "Night", "Öst", "Paper",
];
const SECOND: [&str; 16] = [
    "Airport", "Bridge", "Canyon", "Dream", "Engine", "Falcon", "Garden", "Harbor", "Island",
    "Journey", "Kingdom", "Lantern", "Meadow", "Number", "Orchard", "Parade",
];
const OTHER: [&str; 6] = [
    "夜明けの街",
    "서울의 밤",
    "Северный ветер",
    "מכתב מהים",
    "Ελαφρύ κύμα",
    "ทะเลสีเงิน",
];
const VERSIONS: [&str; 8] = [
    "",
    "",
    "",
    " (Live)",
    " - Radio Edit",
    " (Acoustic)",
    ", Pt. 2",
    " - Remastered 2011",
];

fn song(dice: &mut Dice, id: String) -> Hit {
    let artist = match dice.roll(4) {
        0 => format!("The {} {}s", dice.pick(&FIRST), dice.pick(&SECOND)),
        1 => format!("{} & The {}s", dice.pick(&FIRST), dice.pick(&SECOND)),
        2 => format!("{}-{}", dice.pick(&SECOND), 10 + dice.roll(80)),
        _ => format!("{} {}", dice.pick(&FIRST), dice.pick(&SECOND)),
    };
    let title = match dice.roll(5) {
        0 => dice.pick(&SECOND).to_owned(),
        1 => format!("{} of the {}", dice.pick(&SECOND), dice.pick(&SECOND)),
        2 if dice.roll(2) == 0 => dice.pick(&OTHER).to_owned(),
        _ => format!("{} {}", dice.pick(&FIRST), dice.pick(&SECOND)),
    };
    Hit {
        target_id: id,
        title: title + dice.pick(&VERSIONS),
        artists: vec![artist],
        album: Some(format!("{} {}", dice.pick(&SECOND), dice.roll(40))),
        duration_ms: Some(120_000 + dice.roll(200_000) as u64),
        ..Hit::default()
    }
}

/// The song as another catalog would spell it.
fn respelled(dice: &mut Dice, song: &Hit) -> Track {
    let (mut title, mut artist) = (song.title.clone(), song.artists[0].clone());
    match dice.roll(9) {
        0 => {
            title = format!(
                "{title} (feat. {} {})",
                dice.pick(&FIRST),
                dice.pick(&SECOND)
            )
        }
        1 => (title, artist) = (title.to_lowercase(), artist.to_uppercase()),
        2 => artist = artist.replace('&', "and").replace('-', " "),
        3 => {
            artist = artist
                .replace(['ö', 'ø'], "o")
                .replace('É', "E")
                .replace('ł', "l")
        }
        4 => {
            artist = artist
                .strip_prefix("The ")
                .map_or_else(|| format!("The {artist}"), str::to_owned)
        }
        5 => title = swapped(dice, &title),
        6 => title.push_str(" - Single Version"),
        _ => {}
    }
    Track {
        artists: vec![artist],
        album: song.album.clone(),
        duration_ms: song.duration_ms.map(|ms| ms + dice.roll(2_500) as u64),
        ..Track::new(TrackId::text(&song.target_id), title)
    }
}

/// Two letters of the name changed places.
fn swapped(dice: &mut Dice, title: &str) -> String {
    let mut letters: Vec<char> = title.chars().collect();
    let within = letters
        .iter()
        .position(|c| matches!(c, '(' | ',' | '-'))
        .unwrap_or(letters.len());
    if within >= 6 {
        let at = 1 + dice.roll(within - 4);
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

#[test]
fn invented_libraries_are_recognised_in_another_catalog_s_spelling() {
    for seed in 1..=5 {
        let mut dice = Dice(seed);
        let library: Vec<Hit> = (0..TRACKS)
            .map(|at| song(&mut dice, at.to_string()))
            .collect();
        let mut index = Index::default();
        for (number, hit) in (0..).zip(&library) {
            index.add(&hit.title, &hit.artists, None, number);
        }
        let best = |wanted: &Track| -> Option<&Hit> {
            let matcher = Matcher::new(wanted, &Rules::default());
            let hits = index
                .candidates(wanted)
                .into_iter()
                .map(|number| &library[number as usize]);
            hits.map(|hit| (matcher.score(hit), hit))
                .filter(|(score, _)| score.is_accepted())
                .max_by(|(left, _), (right, _)| left.total.total_cmp(&right.total))
                .map(|(_, hit)| hit)
        };
        let (mut right, mut wrong) = (0, Vec::new());
        for _ in 0..OWNED {
            let mine = &library[dice.roll(TRACKS)];
            let wanted = respelled(&mut dice, mine);
            match best(&wanted) {
                Some(hit) if hit.target_id == mine.target_id => right += 1,
                Some(hit) => wrong.push((wanted, hit.clone())),
                None => println!("seed {seed}: missed {} as {}", mine.title, wanted.title),
            }
        }
        let mut elsewhere = Dice(seed + 1_000);
        let spurious: Vec<_> = (0..FOREIGN)
            .map(|at| {
                let hit = song(&mut elsewhere, format!("elsewhere {at}"));
                respelled(&mut elsewhere, &hit)
            })
            .filter_map(|wanted| best(&wanted).map(|hit| (wanted.clone(), hit.clone())))
            .collect();
        println!(
            "seed {seed}: right {right} of {OWNED}, wrong {}, spurious {}",
            wrong.len(),
            spurious.len()
        );
        assert!(right >= RIGHT, "seed {seed}: {right} of {OWNED} are right");
        assert!(wrong.len() <= 1, "seed {seed}: {wrong:#?}");
        assert!(spurious.is_empty(), "seed {seed}: {spurious:#?}");
    }
}
