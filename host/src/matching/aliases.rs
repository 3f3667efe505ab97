//! Artists with two names: renamed, or known in two scripts. A short list of those whom
//! services really list under either; spellings need no entry.

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

/// The row of a name, for comparing with another's.
pub(super) fn row(compact: &str) -> Option<usize> {
    ALIASES.iter().position(|names| names.contains(&compact))
}
