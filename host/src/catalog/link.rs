//! Which item of which catalog a link means.
//!
//! Reads addresses, URIs (`spotify:track:...`) and, where the kind is known, bare ids. All
//! forms of one item give the same [`Link`]. Whether the item exists is the catalog's to
//! say; nothing here asks the network, so a short link stays a [`LinkKind::Short`].

use std::fmt;

use reqwest::Url;

use crate::config::wanted::WantedKind;

/// The catalogs whose links are recognised.
pub const CATALOGS: [&str; 9] = [
    "spotify",
    "youtube",
    "deezer",
    "tidal",
    "qobuz",
    "apple",
    "soundcloud",
    "musicbrainz",
    "listenbrainz",
];

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// One recording, or a video of one.
    Track,
    /// A release.
    Album,
    /// An artist, channel or user who publishes music.
    Artist,
    /// A list of tracks.
    Playlist,
    /// An episode of a podcast, or the podcast.
    Episode,
    /// A file on the disk of the user of Spotify, listed there without an id.
    LocalFile,
    /// A shortened address; only the service knows where it leads.
    Short,
}

impl LinkKind {
    /// The kind an entry of the want-list asks for.
    pub fn of(wanted: WantedKind) -> Self {
        match wanted {
            WantedKind::Song => LinkKind::Track,
            WantedKind::Album => LinkKind::Album,
            WantedKind::Artist => LinkKind::Artist,
            WantedKind::Playlist => LinkKind::Playlist,
        }
    }

    /// The kind in words: `track`, `local file`.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkKind::Track => "track",
            LinkKind::Album => "album",
            LinkKind::Artist => "artist",
            LinkKind::Playlist => "playlist",
            LinkKind::Episode => "podcast",
            LinkKind::LocalFile => "local file",
            LinkKind::Short => "short link",
        }
    }

    /// The kind by the words that services use in their addresses.
    fn in_address(word: &str) -> Option<Self> {
        Some(match word {
            "track" | "tracks" | "song" | "video" | "recording" => LinkKind::Track,
            "album" | "release" | "release-group" => LinkKind::Album,
            "artist" | "interpreter" => LinkKind::Artist,
            "playlist" | "playlists" | "mix" => LinkKind::Playlist,
            "episode" | "show" => LinkKind::Episode,
            _ => return None,
        })
    }
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One item of one catalog.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// The catalog's name, one of [`CATALOGS`].
    pub catalog: &'static str,
    /// What the item is.
    pub kind: LinkKind,
    /// The catalog's id of it, without host, language and tracking marks. Albums of
    /// MusicBrainz keep which of the two sorts they are: `release/...`, `release-group/...`.
    pub id: String,
}

impl Link {
    /// Reads an address or URI. `None`: no link of a known catalog.
    ///
    /// ```
    /// use musicdl::catalog::link::Link;
    /// let address = "https://open.spotify.com/intl-de/track/4uLU6hMCjMI75M1A2tKUQC?si=1";
    /// let uri = "spotify:track:4uLU6hMCjMI75M1A2tKUQC";
    /// assert_eq!(Link::parse(address), Link::parse(uri));
    /// assert_eq!(Link::parse("Ann Example - Bluebird"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let scheme = text.get(..8)?;
        if scheme.eq_ignore_ascii_case("spotify:") {
            return spotify_uri(&text[8..]);
        }
        let url = if has_prefix(text, "https://") || has_prefix(text, "http://") {
            Url::parse(text).ok()?
        } else if text.contains('/') && !text.contains(char::is_whitespace) {
            // As copied from an address bar that hides the scheme.
            Url::parse(&format!("https://{text}")).ok()?
        } else {
            return None;
        };
        address(&url)
    }

    /// The same, and bare ids: 22 letters and digits are Spotify's, a UUID is MusicBrainz's
    /// (for playlists ListenBrainz's). `kind` is what the entry asks for.
    pub fn parse_as(text: &str, kind: WantedKind) -> Option<Self> {
        let text = text.trim();
        if is_spotify_id(text) {
            return Some(item("spotify", LinkKind::of(kind), text));
        }
        if is_uuid(text) {
            let catalog = match kind {
                WantedKind::Song | WantedKind::Album | WantedKind::Artist => "musicbrainz",
                WantedKind::Playlist => "listenbrainz",
            };
            let id = text.to_ascii_lowercase();
            return Some(item(catalog, LinkKind::of(kind), id));
        }
        Self::parse(text)
    }
}

/// Whether it is what Spotify numbers its items with: 22 digits to the base 62.
pub fn is_spotify_id(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether it is a UUID in its usual form, in either case.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn item(catalog: &'static str, kind: LinkKind, id: impl Into<String>) -> Link {
    Link {
        catalog,
        kind,
        id: id.into(),
    }
}

/// What follows `spotify:`; the forms are those of Spotify's own clients.
fn spotify_uri(rest: &str) -> Option<Link> {
    let parts: Vec<&str> = rest.split(':').collect();
    match parts.as_slice() {
        ["local", ..] => Some(item("spotify", LinkKind::LocalFile, rest)),
        ["user", _, "playlist", id] if is_spotify_id(id) => {
            Some(item("spotify", LinkKind::Playlist, *id))
        }
        [word, id] if is_spotify_id(id) => Some(item("spotify", LinkKind::in_address(word)?, *id)),
        _ => None,
    }
}

/// Which catalog's address it is, by its host.
fn address(url: &Url) -> Option<Link> {
    let host = url.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let path: Vec<&str> = url
        .path_segments()?
        .filter(|segment| !segment.is_empty())
        .collect();
    match host {
        "open.spotify.com" | "play.spotify.com" => spotify(&path),
        "spotify.link" | "spotify.app.link" => short("spotify", &path),
        "youtube.com" | "m.youtube.com" | "music.youtube.com" => youtube(url, &path),
        "youtu.be" => Some(item("youtube", LinkKind::Track, *path.first()?)),
        "deezer.com" => last_pair("deezer", &path),
        "link.deezer.com" | "deezer.page.link" => short("deezer", &path),
        "tidal.com" | "listen.tidal.com" => last_pair("tidal", &path),
        "qobuz.com" | "open.qobuz.com" | "play.qobuz.com" => named_item("qobuz", &path),
        "music.apple.com" | "geo.music.apple.com" | "itunes.apple.com" => apple(url, &path),
        "soundcloud.com" | "m.soundcloud.com" => soundcloud(&path),
        "api.soundcloud.com" => last_pair("soundcloud", &path),
        "on.soundcloud.com" => short("soundcloud", &path),
        "musicbrainz.org" | "beta.musicbrainz.org" => musicbrainz(&path),
        "listenbrainz.org" => last_pair("listenbrainz", &path),
        _ => None,
    }
}

fn short(catalog: &'static str, path: &[&str]) -> Option<Link> {
    Some(item(catalog, LinkKind::Short, path.join("/"))).filter(|link| !link.id.is_empty())
}

/// `[intl-xx/][embed/][user/NAME/]KIND/ID`; `album/ID/TRACK` is the album with a track marked.
fn spotify(path: &[&str]) -> Option<Link> {
    let mut path = path;
    loop {
        path = match path {
            [first, rest @ ..] if *first == "embed" || first.starts_with("intl-") => rest,
            ["user", _, rest @ ..] => rest,
            ["collection", "tracks"] => {
                return Some(item("spotify", LinkKind::Playlist, "collection"));
            }
            [word, id, ..] if is_spotify_id(id) => {
                return Some(item("spotify", LinkKind::in_address(word)?, *id));
            }
            _ => return None,
        };
    }
}

/// YouTube and YouTube Music have the same ids. Albums are lists whose id begins `OLAK5uy_`.
fn youtube(url: &Url, path: &[&str]) -> Option<Link> {
    let value = |key: &str| {
        url.query_pairs()
            .find(|(name, value)| name == key && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    let link = |kind, id: String| Some(item("youtube", kind, id));
    match path {
        ["watch"] => link(LinkKind::Track, value("v")?),
        ["playlist"] => {
            let id = value("list")?;
            let kind = if id.starts_with("OLAK5uy_") {
                LinkKind::Album
            } else {
                LinkKind::Playlist
            };
            link(kind, id)
        }
        ["shorts" | "embed" | "live" | "v", id, ..] => link(LinkKind::Track, (*id).to_owned()),
        ["browse", id] if id.starts_with("MPREb_") => link(LinkKind::Album, (*id).to_owned()),
        ["browse" | "channel", id, ..] if id.starts_with("UC") => {
            link(LinkKind::Artist, (*id).to_owned())
        }
        ["c" | "user", name, ..] => link(LinkKind::Artist, (*name).to_owned()),
        [handle, ..] if handle.starts_with('@') => link(LinkKind::Artist, (*handle).to_owned()),
        _ => None,
    }
}

/// The last `KIND/ID` of the path: `en/track/1`, `browse/album/1/track/2`.
fn last_pair(catalog: &'static str, path: &[&str]) -> Option<Link> {
    path.windows(2)
        .rev()
        .find_map(|pair| Some(item(catalog, LinkKind::in_address(pair[0])?, pair[1])))
}

/// `[LANGUAGE/]KIND/[NAME/]ID`.
fn named_item(catalog: &'static str, path: &[&str]) -> Option<Link> {
    let at = path
        .iter()
        .position(|word| LinkKind::in_address(word).is_some())?;
    let id = path.get(at + 1..)?.last()?;
    Some(item(catalog, LinkKind::in_address(path[at])?, *id))
}

/// A track is its album's address with `?i=ID`; ids of iTunes begin `id` in the old form.
fn apple(url: &Url, path: &[&str]) -> Option<Link> {
    if let Some((_, id)) = url.query_pairs().find(|(name, _)| name == "i") {
        return Some(item("apple", LinkKind::Track, id));
    }
    let mut link = named_item("apple", path)?;
    if let Some(number) = link.id.strip_prefix("id") {
        link.id = number.to_owned();
    }
    Some(link)
}

/// Items have names instead of ids: `USER`, `USER/TRACK`, `USER/sets/LIST`.
fn soundcloud(path: &[&str]) -> Option<Link> {
    let (kind, id) = match path {
        [user] => (LinkKind::Artist, (*user).to_owned()),
        [
            user,
            "tracks" | "albums" | "sets" | "popular-tracks" | "reposts",
        ] => (LinkKind::Artist, (*user).to_owned()),
        [user, "sets", list, ..] => (LinkKind::Playlist, format!("{user}/sets/{list}")),
        [user, track, ..] => (LinkKind::Track, format!("{user}/{track}")),
        [] => return None,
    };
    Some(item("soundcloud", kind, id))
}

fn musicbrainz(path: &[&str]) -> Option<Link> {
    let [word, id, ..] = path else { return None };
    if !is_uuid(id) {
        return None;
    }
    let id = id.to_ascii_lowercase();
    let kind = LinkKind::in_address(word)?;
    let id = if kind == LinkKind::Album {
        format!("{word}/{id}")
    } else {
        id
    };
    Some(item("musicbrainz", kind, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPOTIFY: &str = "4uLU6hMCjMI75M1A2tKUQC";
    const MBID: &str = "0f5c9a8b-1d2e-4f30-8a61-5b7c9d0e1f23";

    #[test]
    fn every_address_of_an_item_means_the_same_item() {
        use LinkKind::{Album, Artist, Episode, LocalFile, Playlist, Short, Track};
        let s = SPOTIFY;
        let m = MBID;
        let release = format!("release/{m}");
        let group = format!("release-group/{m}");
        let upper = m.to_uppercase();
        #[rustfmt::skip]
        let table: Vec<(String, &str, LinkKind, &str)> = vec![
            (format!("https://open.spotify.com/track/{s}"), "spotify", Track, s),
            (format!("https://open.spotify.com/intl-de/track/{s}?si=abc&context=x"), "spotify", Track, s),
            (format!("http://open.spotify.com/embed/album/{s}/"), "spotify", Album, s),
            (format!("  HTTPS://OPEN.SPOTIFY.COM/artist/{s}#x "), "spotify", Artist, s),
            (format!("open.spotify.com/playlist/{s}"), "spotify", Playlist, s),
            (format!("https://open.spotify.com/user/ann/playlist/{s}"), "spotify", Playlist, s),
            (format!("https://open.spotify.com/album/{s}/{s}"), "spotify", Album, s),
            (format!("https://open.spotify.com/episode/{s}"), "spotify", Episode, s),
            ("https://open.spotify.com/collection/tracks".into(), "spotify", Playlist, "collection"),
            ("https://spotify.link/Ab3".into(), "spotify", Short, "Ab3"),
            (format!("spotify:track:{s}"), "spotify", Track, s),
            (format!("SPOTIFY:album:{s}"), "spotify", Album, s),
            (format!("spotify:user:ann:playlist:{s}"), "spotify", Playlist, s),
            ("spotify:local:Ann:Birds:Bluebird:215".into(), "spotify", LocalFile, "local:Ann:Birds:Bluebird:215"),
            ("https://www.youtube.com/watch?v=abcdefghijk&list=PL1".into(), "youtube", Track, "abcdefghijk"),
            ("https://music.youtube.com/watch?v=abcdefghijk".into(), "youtube", Track, "abcdefghijk"),
            ("https://youtu.be/abcdefghijk?t=3".into(), "youtube", Track, "abcdefghijk"),
            ("https://www.youtube.com/playlist?list=PL1".into(), "youtube", Playlist, "PL1"),
            ("https://music.youtube.com/playlist?list=OLAK5uy_1".into(), "youtube", Album, "OLAK5uy_1"),
            ("https://music.youtube.com/browse/MPREb_1".into(), "youtube", Album, "MPREb_1"),
            ("https://www.youtube.com/@annexample/videos".into(), "youtube", Artist, "@annexample"),
            ("https://www.youtube.com/channel/UC123".into(), "youtube", Artist, "UC123"),
            ("https://www.deezer.com/en/track/123".into(), "deezer", Track, "123"),
            ("https://www.deezer.com/playlist/9".into(), "deezer", Playlist, "9"),
            ("https://link.deezer.com/s/abc".into(), "deezer", Short, "s/abc"),
            ("https://tidal.com/browse/track/77?u".into(), "tidal", Track, "77"),
            ("https://listen.tidal.com/album/5/track/77".into(), "tidal", Track, "77"),
            ("https://open.qobuz.com/album/abc12".into(), "qobuz", Album, "abc12"),
            ("https://www.qobuz.com/us-en/album/birds-ann/abc12".into(), "qobuz", Album, "abc12"),
            ("https://www.qobuz.com/de-de/interpreter/ann/44".into(), "qobuz", Artist, "44"),
            ("https://music.apple.com/us/album/birds/100?i=200".into(), "apple", Track, "200"),
            ("https://music.apple.com/us/album/birds/100".into(), "apple", Album, "100"),
            ("https://itunes.apple.com/us/album/birds/id100".into(), "apple", Album, "100"),
            ("https://music.apple.com/de/playlist/mine/pl.u-1".into(), "apple", Playlist, "pl.u-1"),
            ("https://soundcloud.com/ann".into(), "soundcloud", Artist, "ann"),
            ("https://soundcloud.com/ann/bluebird?in=x".into(), "soundcloud", Track, "ann/bluebird"),
            ("https://soundcloud.com/ann/sets/birds".into(), "soundcloud", Playlist, "ann/sets/birds"),
            ("https://api.soundcloud.com/tracks/12".into(), "soundcloud", Track, "12"),
            ("https://on.soundcloud.com/x1".into(), "soundcloud", Short, "x1"),
            (format!("https://musicbrainz.org/recording/{upper}"), "musicbrainz", Track, m),
            (format!("https://musicbrainz.org/release/{m}/disc/1"), "musicbrainz", Album, &release),
            (format!("https://musicbrainz.org/release-group/{m}"), "musicbrainz", Album, &group),
            (format!("https://listenbrainz.org/playlist/{m}/"), "listenbrainz", Playlist, m),
        ];
        for (text, catalog, kind, id) in &table {
            let expected = item(catalog, *kind, *id);
            assert_eq!(Link::parse(text), Some(expected), "{text}");
            assert!(CATALOGS.contains(catalog), "{catalog}");
        }
    }

    #[test]
    fn a_bare_id_is_the_item_its_address_means() {
        for (kind, word) in [
            (WantedKind::Song, "track"),
            (WantedKind::Album, "album"),
            (WantedKind::Artist, "artist"),
            (WantedKind::Playlist, "playlist"),
        ] {
            let address = format!("https://open.spotify.com/{word}/{SPOTIFY}?si=1");
            assert_eq!(Link::parse_as(SPOTIFY, kind), Link::parse(&address));
        }
        let recording = format!("https://musicbrainz.org/recording/{MBID}");
        assert_eq!(
            Link::parse_as(&MBID.to_uppercase(), WantedKind::Song),
            Link::parse(&recording)
        );
        let playlist = format!("https://listenbrainz.org/playlist/{MBID}");
        assert_eq!(
            Link::parse_as(MBID, WantedKind::Playlist),
            Link::parse(&playlist)
        );
    }

    #[test]
    fn words_and_foreign_addresses_are_no_links() {
        for text in [
            "",
            "spotify",
            "spotify:",
            "spotify:track:tooshort",
            "spotify:track",
            "Ann Example - Bluebird",
            "AC/DC - Thunder",
            "https://example.org/track/4uLU6hMCjMI75M1A2tKUQC",
            "https://open.spotify.com/",
            "https://open.spotify.com/track/",
            "https://open.spotify.com/intl-de/",
            "https://www.youtube.com/watch?v=",
            "https://musicbrainz.org/recording/1",
            "https://notspotify.link.example/abc",
            "http://[",
            "éééé/é",
        ] {
            assert_eq!(Link::parse(text), None, "{text}");
        }
    }
}
