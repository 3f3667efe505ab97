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
//!
//! Of a million paths the folded texts alone would be 200 MB. So none is kept: the tables hold
//! the paths, which share their text with the plan, under the hashes of their folded forms.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Display;
use std::hash::{BuildHasher, Hash, RandomState};

use hashbrown::HashTable;

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
    hasher: RandomState,
    folders: HashTable<Folder>,
    taken: HashTable<Taken<K>>,
    reserved: HashSet<K>,
}

/// A folder in the spelling of its first use.
#[derive(Debug)]
struct Folder {
    /// A path through it.
    path: RelPath,
    /// Bytes of the path up to and with the `/` behind the folder.
    length: u32,
    /// Of its folded form: to fold it again whenever the table grows takes longer.
    hash: u32,
}

impl Folder {
    fn spelling(&self) -> &str {
        &self.path.as_str()[..self.length as usize]
    }
}

/// A path and whose it is.
#[derive(Debug)]
struct Taken<K> {
    path: RelPath,
    owner: K,
}

impl<K> Default for Collisions<K> {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl<K> Collisions<K> {
    /// For as many paths without growing.
    pub fn with_capacity(paths: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            folders: HashTable::new(),
            taken: HashTable::with_capacity(paths),
            reserved: HashSet::new(),
        }
    }
}

impl<K: Eq + Hash + Clone + Display> Collisions<K> {
    /// Keeps the path (without extension) at which an earlier run put this recording.
    /// Of two recordings said to be at one path the first has it.
    pub fn reserve(&mut self, id: &K, stem: &RelPath) {
        let place = self.place_of(stem);
        let key = place.key(place.name);
        if self.owner(&key).is_none() {
            self.take(&key, place.path(place.name), id);
        }
        self.reserved.insert(id.clone());
    }

    /// The path this recording gets where the templates say `stem`. The same recording at the
    /// same path gets the same answer.
    pub fn settle(&mut self, id: &K, stem: &RelPath) -> RelPath {
        let place = self.place_of(stem);
        if self.reserved.contains(id) {
            // Where a suffix was needed in an earlier run it stays, needed or not.
            let before = Names::of(place.name, id).take(1 + DIGITS.len());
            for name in before {
                if self.owner(&place.key(&name)) == Some(id) {
                    return place.path(&name);
                }
            }
        }
        for name in Names::of(place.name, id) {
            let key = place.key(&name);
            match self.owner(&key) {
                Some(owner) if owner == id => return place.path(&name),
                Some(_) => {}
                None => {
                    let path = place.path(&name);
                    self.take(&key, path.clone(), id);
                    return path;
                }
            }
        }
        unreachable!("the names never end and the paths taken do")
    }

    /// Whose the path of that folded form is.
    fn owner(&self, key: &str) -> Option<&K> {
        let hash = self.hasher.hash_one(key);
        let same = |taken: &Taken<K>| fold(taken.path.as_str()) == key;
        self.taken.find(hash, same).map(|taken| &taken.owner)
    }

    /// Gives the path of that folded form to its first recording, and each folder on the way
    /// that is new the spelling that it has there.
    fn take(&mut self, key: &str, path: RelPath, owner: &K) {
        for (folded, spelt) in folders(key, path.as_str()) {
            if self.folder(folded, spelt).is_some() {
                // And so are those it is in.
                break;
            }
            let hash = self.hash_of_folder(folded);
            let folder = Folder {
                path: path.clone(),
                length: u32::try_from(spelt.len()).expect("a path has a few hundred bytes"),
                hash,
            };
            self.folders
                .insert_unique(spread(hash), folder, |folder| spread(folder.hash));
        }
        let Self { hasher, taken, .. } = self;
        let hash_of = |taken: &Taken<K>| hasher.hash_one(fold(taken.path.as_str()));
        let owner = owner.clone();
        taken.insert_unique(hasher.hash_one(key), Taken { path, owner }, hash_of);
    }

    /// The folder of that folded form; it is mostly spelt as it was at first.
    fn folder(&self, folded: &str, spelt: &str) -> Option<&Folder> {
        let hash = self.hash_of_folder(folded);
        self.folders.find(spread(hash), |folder| {
            folder.hash == hash && (folder.spelling() == spelt || fold(folder.spelling()) == folded)
        })
    }

    fn hash_of_folder(&self, folded: &str) -> u32 {
        // Its upper half is as good as its lower one.
        (self.hasher.hash_one(folded) >> 32) as u32
    }

    /// The folder in its first spelling, as far as it is known, and the name as it is.
    fn place_of<'s>(&self, stem: &'s RelPath) -> Placement<'s> {
        let mut folder_key = fold(stem.as_str());
        let known = folders(&folder_key, stem.as_str())
            .find_map(|(folded, spelt)| Some((self.folder(folded, spelt)?, spelt)));
        let end_of_folder = |path: &str| path.rfind('/').map_or(0, |at| at + 1);
        folder_key.truncate(end_of_folder(&folder_key));
        let (folder, name) = stem.as_str().split_at(end_of_folder(stem.as_str()));
        let respelt = known
            .filter(|(known, spelt)| known.spelling() != *spelt)
            .map(|(known, spelt)| format!("{}{}", known.spelling(), &folder[spelt.len()..]));
        Placement {
            stem,
            folder: respelt.map_or(Cow::Borrowed(folder), Cow::Owned),
            folder_key,
            name,
        }
    }
}

/// Spreads 32 bits over 64: the table takes its groups from the low bits, its marks from the
/// high ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// The folders of a path from the innermost out, folded and spelt, each with its `/`. Folding
/// neither makes a `/` nor takes one away.
fn folders<'k, 'p>(key: &'k str, path: &'p str) -> impl Iterator<Item = (&'k str, &'p str)> {
    key.rmatch_indices('/')
        .zip(path.rmatch_indices('/'))
        .map(move |((folded, _), (spelt, _))| (&key[..=folded], &path[..=spelt]))
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
    let stems = stems.into_iter();
    let mut collisions = Collisions::with_capacity(stems.size_hint().0);
    stems
        .map(|(id, stem)| collisions.settle(&id, &stem))
        .collect()
}

struct Placement<'s> {
    stem: &'s RelPath,
    /// Empty or with `/` at its end, as its folded form.
    folder: Cow<'s, str>,
    folder_key: String,
    name: &'s str,
}

impl Placement<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}{}", self.folder_key, fold(name))
    }

    fn path(&self, name: &str) -> RelPath {
        // Most paths are as the templates say, and share the text.
        if let Cow::Borrowed(_) = self.folder
            && name == self.name
        {
            return self.stem.clone();
        }
        RelPath::from_saved(&format!("{}{name}", self.folder))
            .expect("names of a path and a name with a suffix are names")
    }
}

/// The name itself, then with more and more of the digest, then counted: an endless supply,
/// because a title may be written to look like somebody else's suffix.
struct Names<'a, K> {
    name: &'a str,
    id: &'a K,
    tried: usize,
}

impl<'a, K> Names<'a, K> {
    fn of(name: &'a str, id: &'a K) -> Self {
        Self { name, id, tried: 0 }
    }
}

impl<'a, K: Display> Iterator for Names<'a, K> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        let digest = || blake3::hash(self.id.to_string().as_bytes()).to_hex();
        let tried = self.tried;
        self.tried += 1;
        let suffix = match tried.checked_sub(1) {
            None => return Some(Cow::Borrowed(self.name)),
            Some(nth) if nth < DIGITS.len() => format!(" [{}]", &digest()[..DIGITS[nth]]),
            Some(nth) => format!(" [{} {}]", digest(), nth - DIGITS.len() + 2),
        };
        let stem = component_with_limit(self.name, STEM_LIMIT - suffix.len());
        Some(Cow::Owned(format!("{stem}{suffix}")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
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
