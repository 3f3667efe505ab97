//! Two different recordings never share a path. Decides over all paths of a plan, in plan
//! order; paths that only case, composition or invisible characters tell apart count as one,
//! because some file systems hold them once.
//!
//! The first recording keeps the path, a later one gets the beginning of a digest of its id:
//! `Intro [1a2b3c]`. A digest and no ` (2)`, because it does not depend on how many others
//! there are, or on what is added later: an entry only ever depends on those before it. Paths
//! of earlier runs are [reserved](Collisions::reserve) first and then win, so that a playlist
//! in a new order does not trade the paths of finished files.
//!
//! A folder has one spelling too, that of its first use: `The Band/` and `the band/` are one
//! folder on one disk and two on another.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;

use super::names::fold;
use super::{RelPath, STEM_LIMIT, component_with_limit};

/// Digits of the digest, tried in turn until the path is free. Six (16 million values) only
/// compete with the same name in the same folder; the last is the whole digest.
const DIGITS: [usize; 4] = [6, 12, 24, 64];

/// The paths of a plan, one recording each. `K` is the recording's (or playlist's) id.
///
/// The work for one path does not grow with the number of paths.
#[derive(Debug)]
pub struct Collisions<K> {
    /// Folded folder -> the spelling of its first use.
    folders: HashMap<String, String>,
    /// Folded path -> whose it is.
    taken: HashMap<String, K>,
    reserved: HashSet<K>,
}

impl<K> Default for Collisions<K> {
    fn default() -> Self {
        Self {
            folders: HashMap::new(),
            taken: HashMap::new(),
            reserved: HashSet::new(),
        }
    }
}

impl<K: Eq + Hash + Clone + Display> Collisions<K> {
    /// Keeps the path (without extension) at which an earlier run put this recording.
    /// Of two recordings said to be at one path the first has it.
    pub fn reserve(&mut self, id: &K, stem: &RelPath) {
        let place = self.place_of(stem);
        self.taken
            .entry(place.key(&place.name))
            .or_insert_with(|| id.clone());
        self.reserved.insert(id.clone());
    }

    /// The path this recording gets where the templates say `stem`. The same recording at the
    /// same path gets the same answer.
    pub fn settle(&mut self, id: &K, stem: &RelPath) -> RelPath {
        let place = self.place_of(stem);
        let mut names = Names {
            place: &place,
            id: id.to_string(),
            tried: 0,
        };
        if self.reserved.contains(id) {
            // Where a suffix was needed in an earlier run it stays, needed or not.
            let before = names.by_ref().take(1 + DIGITS.len());
            for name in before {
                if self.taken.get(&place.key(&name)) == Some(id) {
                    return place.path(&name);
                }
            }
            names.tried = 0;
        }
        for name in names {
            let owner = self
                .taken
                .entry(place.key(&name))
                .or_insert_with(|| id.clone());
            if owner == id {
                return place.path(&name);
            }
        }
        unreachable!("the names never end and the paths taken do")
    }

    /// The folder in its first spelling, and the name as it is.
    fn place_of(&mut self, stem: &RelPath) -> Placement {
        let mut folder = String::new();
        let mut folder_key = String::new();
        let mut components = stem.components().peekable();
        let mut name = "";
        while let Some(component) = components.next() {
            if components.peek().is_none() {
                name = component;
                break;
            }
            folder_key.push_str(&fold(component));
            folder_key.push('/');
            folder = match self.folders.get(&folder_key) {
                Some(first) => first.clone(),
                None => {
                    folder.push_str(component);
                    folder.push('/');
                    self.folders.insert(folder_key.clone(), folder.clone());
                    folder
                }
            };
        }
        Placement {
            folder,
            folder_key,
            name: name.to_owned(),
        }
    }
}

/// Settles a whole plan: the answers come in the order of the questions.
///
/// ```
/// use musicdl::layout::{RelPath, resolve};
/// let path = |text| RelPath::from_saved(text).unwrap();
/// let settled = resolve([("a", path("Mix/Intro")), ("b", path("mix/INTRO")), ("a", path("Mix/Intro"))]);
/// assert_eq!(settled[0].as_str(), "Mix/Intro");
/// assert_eq!(settled[1].as_str(), "Mix/INTRO [10e5cf]");
/// assert_eq!(settled[2], settled[0]);
/// ```
pub fn resolve<K: Eq + Hash + Clone + Display>(
    stems: impl IntoIterator<Item = (K, RelPath)>,
) -> Vec<RelPath> {
    let mut collisions = Collisions::default();
    stems
        .into_iter()
        .map(|(id, stem)| collisions.settle(&id, &stem))
        .collect()
}

struct Placement {
    /// Empty or with `/` at its end, as its folded form.
    folder: String,
    folder_key: String,
    name: String,
}

impl Placement {
    fn key(&self, name: &str) -> String {
        format!("{}{}", self.folder_key, fold(name))
    }

    fn path(&self, name: &str) -> RelPath {
        RelPath::from_saved(&format!("{}{name}", self.folder))
            .expect("names of a path and a name with a suffix are names")
    }
}

/// The name itself, then with more and more of the digest, then counted: an endless supply,
/// because a title may be written to look like somebody else's suffix.
struct Names<'a> {
    place: &'a Placement,
    id: String,
    tried: usize,
}

impl Iterator for Names<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let name = &self.place.name;
        let digest = || blake3::hash(self.id.as_bytes()).to_hex();
        let tried = self.tried;
        self.tried += 1;
        let suffix = match tried.checked_sub(1) {
            None => return Some(name.clone()),
            Some(nth) if nth < DIGITS.len() => format!(" [{}]", &digest()[..DIGITS[nth]]),
            Some(nth) => format!(" [{} {}]", digest(), nth - DIGITS.len() + 2),
        };
        let stem = component_with_limit(name, STEM_LIMIT - suffix.len());
        Some(format!("{stem}{suffix}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::component;
    use super::*;
    use crate::cpu_time::cpu_time;

    fn path(text: &str) -> RelPath {
        RelPath::from_saved(text).unwrap()
    }

    fn settled(stems: &[(&'static str, &str)]) -> Vec<String> {
        resolve(stems.iter().map(|(id, stem)| (*id, path(stem))))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn different_recordings_at_one_path_are_told_apart_by_their_ids() {
        let got = settled(&[
            ("a", "X/Intro"),
            ("b", "X/Intro"),
            ("c", "X/Intro"),
            ("b", "X/Intro"),
            ("a", "X/Intro"),
        ]);
        assert_eq!(got[0], "X/Intro");
        assert!(got[1].starts_with("X/Intro [") && got[1].len() == "X/Intro [1a2b3c]".len());
        assert_ne!(got[1], got[2]);
        assert_eq!((&got[3], &got[4]), (&got[1], &got[0]));
    }

    #[test]
    fn case_composition_and_invisible_characters_make_no_second_path() {
        for (one, other) in [
            ("X/Intro", "X/INTRO"),
            ("X/Stra\u{df}e", "X/STRASSE"),
            ("X/Bj\u{f6}rk", "X/Bjo\u{308}rk"),
            ("X/a\u{200D}b", "X/ab"),
            ("The Band/Intro", "the band/intro"),
        ] {
            let got = settled(&[("a", one), ("b", other)]);
            assert_eq!(got[0], one);
            assert!(got[1].contains(" ["), "{got:?}");
        }
    }

    #[test]
    fn a_folder_is_spelled_as_at_its_first_use() {
        assert_eq!(
            settled(&[
                ("a", "The Band/Live/x"),
                ("b", "the band/live/y"),
                ("c", "THE BAND/Studio/z"),
                ("d", "the band/studio/w")
            ]),
            [
                "The Band/Live/x",
                "The Band/Live/y",
                "The Band/Studio/z",
                "The Band/Studio/w"
            ]
        );
    }

    #[test]
    fn what_comes_later_changes_nothing_before_it() {
        let all = [
            ("a", "X/i"),
            ("b", "x/I"),
            ("c", "X/i"),
            ("d", "X/j"),
            ("e", "x/J"),
        ];
        let got = settled(&all);
        for many in 0..all.len() {
            assert_eq!(settled(&all[..many]), got[..many]);
        }
    }

    #[test]
    fn a_title_that_looks_like_a_suffix_takes_no_path_from_another() {
        let suffixed = settled(&[("a", "Intro"), ("b", "Intro")])[1].clone();
        let got = settled(&[("a", "Intro"), ("c", &suffixed), ("b", "Intro")]);
        assert_eq!(got[1], suffixed);
        assert!(
            got[2].len() == suffixed.len() + 6,
            "six more digits: {got:?}"
        );
    }

    #[test]
    fn paths_of_earlier_runs_are_kept_in_whatever_order_the_plan_now_is() {
        let first = settled(&[("a", "X/i"), ("b", "X/i")]);
        let mut collisions = Collisions::default();
        collisions.reserve(&"a", &path(&first[0]));
        collisions.reserve(&"b", &path(&first[1]));
        assert_eq!(collisions.settle(&"b", &path("X/i")).as_str(), first[1]);
        assert_eq!(collisions.settle(&"a", &path("X/i")).as_str(), first[0]);

        let mut without_the_first = Collisions::default();
        without_the_first.reserve(&"b", &path(&first[1]));
        assert_eq!(
            without_the_first.settle(&"b", &path("X/i")).as_str(),
            first[1]
        );
    }

    #[test]
    fn a_suffix_keeps_the_longest_name_within_its_limit() {
        let long = format!("X/{}", component(&"é".repeat(300)));
        let got = settled(&[("a", &long), ("b", &long)]);
        let name = path(&got[1]).file_name().to_owned();
        assert!(name.len() <= STEM_LIMIT && name.ends_with(']'), "{name}");
        assert_eq!(component(&name), name);
    }

    #[test]
    fn a_hundred_thousand_tracks_at_one_path_are_settled_quickly() {
        let start = cpu_time();
        let got = resolve((0..100_000).map(|n| (n, path("Artist/Artist - Album/Intro"))));
        let different: HashSet<_> = got.iter().collect();
        assert_eq!(different.len(), 100_000);
        // Seconds unoptimised on a slow machine; with work that grows per path it is hours.
        let took = cpu_time() - start;
        assert!(took < Duration::from_secs(60), "{took:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_path_is_ever_shared(entries in prop::collection::vec((0u8..6, "[aAäÄß]{1,2}(/[aAsS]{1,2})?"), 0..30)) {
            let stems: Vec<_> = entries.iter().map(|(id, stem)| (*id, path(&stem.split('/').map(component).collect::<Vec<_>>().join("/")))).collect();
            let got = resolve(stems.clone());
            let mut owners: HashMap<String, u8> = HashMap::new();
            for ((id, stem), settled) in stems.iter().zip(&got) {
                prop_assert_eq!(*owners.entry(fold(settled.as_str())).or_insert(*id), *id, "{} and {}", stem, settled);
            }
        }
    }
}
