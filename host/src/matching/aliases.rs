//! Artists with two names: renamed, or known in two scripts. A short list of those whom
//! services really list under either; spellings need no entry. Users may add theirs.

use std::collections::HashMap;
use std::sync::Arc;

use super::artist::{Name, is_nobody};

/// Each row is one artist, normalised and without blanks.
const ALIASES: [&[&str]; 44] = [
    &["kanyewest", "ye"],
    &["catstevens", "yusuf", "yusufislam"],
    &["diddy", "pdiddy", "puffdaddy", "seancombs"],
    &["snoopdogg", "snoopdoggydogg", "snooplion"],
    &["prince", "theartist", "artist"],
    &["mosdef", "yasiinbey"],
    &["johncougarmellencamp", "johnmellencamp", "johncougar"],
    &["wutangclan", "wutang"],
    &["thechicks", "dixiechicks", "chicks"],
    &["ladya", "ladyantebellum"],
    &["hikaruutada", "宇多田ヒカル"],
    &["kenshiyonezu", "米津玄師"],
    &["sheenaringo", "shiinaringo", "椎名林檎"],
    &["ryuichisakamoto", "坂本龍一"],
    &["joehisaishi", "久石譲"],
    &["namieamuro", "安室奈美恵"],
    &["ayumihamasaki", "浜崎あゆみ"],
    &["yumimatsutoya", "松任谷由実"],
    &["kyarypamyupamyu", "きゃりーぱみゅぱみゅ"],
    &["jaychou", "周杰伦", "周杰倫"],
    &["teresateng", "邓丽君", "鄧麗君"],
    &["jjlin", "林俊杰", "林俊傑"],
    &["jolintsai", "蔡依林"],
    &["easonchan", "陈奕迅", "陳奕迅"],
    &["fayewong", "王菲"],
    &["andylau", "刘德华", "劉德華"],
    &["mayday", "五月天"],
    &["bts", "방탄소년단"],
    &["iu", "아이유"],
    &["blackpink", "블랙핑크"],
    &["girlsgeneration", "소녀시대", "snsd"],
    &["bigbang", "빅뱅"],
    &["exo", "엑소"],
    &["psy", "싸이"],
    &["fairuz", "fairouz", "فيروز"],
    &["ummkulthum", "oumkalthoum", "أمكلثوم", "امكلثوم"],
    &["latamangeshkar", "लतामंगेशकर"],
    &[
        "tchaikovsky",
        "pyotrilyichtchaikovsky",
        "peterilyichtchaikovsky",
        "чайковский",
    ],
    &[
        "rachmaninoff",
        "rachmaninov",
        "sergeirachmaninoff",
        "sergeirachmaninov",
    ],
    &[
        "shostakovich",
        "dmitrishostakovich",
        "dmitryshostakovich",
        "шостакович",
    ],
    &[
        "berlinphilharmonicorchestra",
        "berlinphilharmonic",
        "berlinerphilharmoniker",
    ],
    &[
        "viennaphilharmonicorchestra",
        "viennaphilharmonic",
        "wienerphilharmoniker",
    ],
    &[
        "royalconcertgebouworchestra",
        "concertgebouworchestra",
        "koninklijkconcertgebouworkest",
    ],
    &[
        "czechphilharmonicorchestra",
        "czechphilharmonic",
        "českafilharmonie",
        "ceskafilharmonie",
    ],
];

/// The row of a name in our list, for comparing with another's.
pub(super) fn row(compact: &str) -> Option<usize> {
    ALIASES.iter().position(|names| names.contains(&compact))
}

/// The names that belong to one artist each: ours, and the user's.
///
/// ```
/// use musicdl::matching::{Aliases, Rules, Verdict, score};
/// use musicdl::music::{Track, TrackId};
/// use musicdl_plugin_api::Hit;
/// let wanted = Track { artists: vec!["Ann".to_owned()], ..Track::new(TrackId::text("x"), "Bluebird") };
/// let hit = Hit {
///     title: "Bluebird".to_owned(),
///     artists: vec!["Zaunkönig".to_owned()],
///     ..Hit::default()
/// };
/// let rules = Rules { aliases: Aliases::of(&[vec!["Zaunkönig".to_owned(), "Ann".to_owned()]]), ..Rules::default() };
/// assert_eq!(score(&wanted, &hit, &rules).verdict, Verdict::Accepted);
/// assert_ne!(score(&wanted, &hit, &Rules::default()).verdict, Verdict::Accepted);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases {
    /// Rows of all names, normalised and without blanks; `None`: those of our list alone.
    rows: Option<Arc<HashMap<String, usize>>>,
}

impl Aliases {
    /// Our list and these rows, each the names of one artist. Rows that share a name are of
    /// one artist, also where one of them is ours.
    pub fn of(rows: &[Vec<String>]) -> Self {
        if rows.is_empty() {
            return Self::default();
        }
        let ours = ALIASES.iter().enumerate();
        let mut all: HashMap<String, usize> = ours
            .flat_map(|(row, names)| names.iter().map(move |name| ((*name).to_owned(), row)))
            .collect();
        for (own, names) in rows.iter().enumerate() {
            let row = ALIASES.len() + own;
            for name in names {
                let name = Name::new(name);
                if let Some(known) = all.insert(name.compact().to_owned(), row) {
                    let same = all.values_mut().filter(|of| **of == known);
                    same.for_each(|of| *of = row);
                }
            }
        }
        Self {
            rows: Some(Arc::new(all)),
        }
    }

    /// Whether a text names somebody: not `...`, and not `Various Artists`.
    pub fn can_name(text: &str) -> bool {
        let name = Name::new(text);
        name.compact().chars().any(char::is_alphanumeric) && !is_nobody(name.compact())
    }

    /// The row of a name.
    pub(super) fn row(&self, compact: &str) -> Option<usize> {
        match &self.rows {
            Some(rows) => rows.get(compact).copied(),
            None => row(compact),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aliases(rows: &[&[&str]]) -> Aliases {
        let owned = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Aliases::of(&rows.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn whatever_shares_a_name_is_one_artist_in_both_directions_and_with_our_list() {
        let found = aliases(&[
            &["Ann", "The Wren"],
            &["Björk", "Guðmundsdóttir"],
            &["WREN", "Ann of York"],
            &["Ye", "Louis V Don"],
        ]);
        let row = |name: &str| found.row(Name::new(name).compact());
        assert_eq!(row("Ann"), row("Ann Of York"));
        assert_eq!(row("the wren"), row("Ann"));
        assert_eq!(row("bjork"), row("Guðmundsdóttir"));
        assert_eq!(row("Louis V Don"), row("Kanye West"));
        assert_eq!(row("Puff Daddy"), row("Diddy"));
        assert!(row("Ann").is_some() && row("Ann") != row("Ye") && row("Ann") != row("bjork"));
        assert_eq!(row("Bob"), None);
        assert_eq!(aliases(&[]), Aliases::default());
        assert_eq!(
            Aliases::default().row("ye"),
            row("Ye").and(super::row("ye"))
        );
    }

    #[test]
    fn nobody_has_no_other_name() {
        for (text, can) in [
            ("Ann", true),
            ("椎名林檎", true),
            ("...", false),
            ("Various Artists", false),
            ("unknown", false),
            (" ", false),
        ] {
            assert_eq!(Aliases::can_name(text), can, "{text}");
        }
    }
}
