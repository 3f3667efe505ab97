//! What peers answered -> hits, best offers first. Locked files are skipped: slskd cannot
//! fetch them for us.
//!
//! Attributes are declared by the peers and not checked; names are read from paths.

use std::cmp::Reverse;
use std::collections::HashSet;

use musicdl_plugin_api::{Hit, Host, LogLevel, Provenance, Query, TargetKind, extra};

use crate::names::{self, Wanted};
use crate::peers::{Album, Peers};
use crate::record::{PeerFile, PeerResponse};
use crate::search::Found;
use crate::target::Target;
use crate::words::{contains_words, folded};

/// Hits of a search, as many as the query allows.
pub(crate) fn hits(found: &Found, query: &Query, peers: &Peers, host: &Host) -> Vec<Hit> {
    let wanted = wanted(query);
    let album = Album::of(query);
    let mut left_out = LeftOut::default();
    let mut offers: Vec<(Rank, Hit)> = Vec::new();
    for response in &found.responses {
        left_out.locked += response.locked_files.len();
        if peers.is_left_alone(&response.username) {
            left_out.left_alone += response.files.len();
            continue;
        }
        let sends = album
            .as_ref()
            .is_some_and(|album| peers.sends(&response.username, album));
        let mut seen = HashSet::new();
        for file in &response.files {
            if !seen.insert((file.filename.as_str(), file.size)) {
                continue;
            }
            match hit(response, file, found, album.as_ref(), &wanted) {
                Some(hit) => offers.push((Rank::of(&hit, response, sends, &wanted), hit)),
                None => left_out.no_audio += 1,
            }
        }
    }
    // Stable: equal offers stay in the order in which their peers answered.
    offers.sort_by(|(left, _), (right, _)| left.cmp(right));
    let most = query.limit.max(1) as usize;
    left_out.beyond_limit = offers.len().saturating_sub(most);
    left_out.tell(host);
    offers.into_iter().take(most).map(|(_, hit)| hit).collect()
}

fn wanted(query: &Query) -> Wanted {
    let artists = query.artists.iter().chain(&query.album_artist);
    Wanted {
        artists: artists
            .map(|artist| folded(artist))
            .filter(|artist| !artist.is_empty())
            .collect(),
        title: query.title.as_deref().map(folded).unwrap_or_default(),
    }
}

/// Files that are not hits, counted for the log.
#[derive(Default)]
struct LeftOut {
    locked: usize,
    left_alone: usize,
    no_audio: usize,
    beyond_limit: usize,
}

impl LeftOut {
    fn tell(&self, host: &Host) {
        let counts = [
            ("locked", self.locked),
            ("of_peers_left_alone", self.left_alone),
            ("no_audio", self.no_audio),
            ("beyond_limit", self.beyond_limit),
        ];
        let said: Vec<(&str, String)> = counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(why, count)| (why, count.to_string()))
            .collect();
        if said.is_empty() {
            return;
        }
        let fields: Vec<(&str, &str)> = said
            .iter()
            .map(|(why, count)| (*why, count.as_str()))
            .collect();
        host.log(LogLevel::DEBUG, "files found and skipped", &fields);
    }
}

/// The order of offers, smaller first: what may be the song before what hardly is (the
/// host's matching decides, but it only sees as many as it asked for), then whole quality
/// before lossy, then the peer of the album, then who can send soonest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    other_title: bool,
    other_artist: bool,
    lossy: bool,
    another_peer: bool,
    no_free_slot: bool,
    queue: u32,
    speed: Reverse<u64>,
}

impl Rank {
    fn of(hit: &Hit, response: &PeerResponse, sends: bool, wanted: &Wanted) -> Self {
        let title = folded(&hit.title);
        let path = folded(names::folder(&path_of(hit)));
        let has_artist = wanted.artists.iter().any(|artist| {
            contains_words(&path, artist) || hit.artists.iter().any(|name| folded(name) == *artist)
        });
        Self {
            other_title: !wanted.title.is_empty() && !contains_words(&title, &wanted.title),
            other_artist: !wanted.artists.is_empty() && !has_artist,
            lossy: !matches!(
                hit.codec.as_deref(),
                Some("flac" | "alac" | "pcm" | "wavpack" | "ape")
            ),
            another_peer: !sends,
            no_free_slot: !response.has_free_upload_slot.unwrap_or(false),
            queue: hit.queue_length.unwrap_or(u32::MAX),
            speed: Reverse(hit.speed.unwrap_or(0)),
        }
    }
}

fn path_of(hit: &Hit) -> String {
    musicdl_plugin_api::extra_value(&hit.extra, "path")
        .unwrap_or_default()
        .to_owned()
}

/// `None` for what is not audio, has no size, or a name that fits no target id.
fn hit(
    response: &PeerResponse,
    file: &PeerFile,
    found: &Found,
    album: Option<&Album>,
    wanted: &Wanted,
) -> Option<Hit> {
    let size = u64::try_from(file.size).ok().filter(|&size| size > 0)?;
    let extension = names::extension(&file.filename)?;
    let sound = sound(&extension, file)?;
    let target = Target {
        username: response.username.clone(),
        filename: file.filename.clone(),
        size,
        search: Some(found.id.clone()),
    };
    let names = names::of(&file.filename, wanted);
    let mut extra = vec![
        ("peer".to_owned(), response.username.clone()),
        ("path".to_owned(), file.filename.clone()),
        (extra::NAMES.to_owned(), "derived from the path".to_owned()),
    ];
    if let Some(album) = album {
        extra.push(("for_album".to_owned(), album.text().to_owned()));
    }
    Some(Hit {
        target_id: target.to_id()?,
        kind: TargetKind::TRACK,
        title: names.title,
        artists: names.artist.into_iter().collect(),
        album: names.album,
        track_number: names.track_number,
        disc_number: names.disc_number,
        year: names.year,
        duration_ms: positive(file.length).map(|seconds| u64::from(seconds) * 1_000),
        codec: sound.codec.map(str::to_owned),
        bitrate: bitrate(file, size, sound.lossless),
        sample_rate: positive(file.sample_rate),
        bit_depth: positive(file.bit_depth),
        size: Some(size),
        queue_length: response
            .queue_length
            .and_then(|length| u32::try_from(length).ok()),
        free_slot: response.has_free_upload_slot,
        speed: response
            .upload_speed
            .and_then(|speed| u64::try_from(speed).ok()),
        provenance: Provenance::DECLARED,
        extra,
        ..Hit::default()
    })
}

struct Sound {
    /// `None` where the extension says nothing of it.
    codec: Option<&'static str>,
    lossless: bool,
}

/// What an extension stands for; `None` for files that are not audio.
fn sound(extension: &str, file: &PeerFile) -> Option<Sound> {
    let (codec, lossless) = match extension {
        "flac" => (Some("flac"), true),
        "wav" | "aif" | "aiff" => (Some("pcm"), true),
        "ape" => (Some("ape"), true),
        "wv" => (Some("wavpack"), true),
        "mp3" => (Some("mp3"), false),
        "aac" => (Some("aac"), false),
        "ogg" | "oga" => (Some("vorbis"), false),
        "opus" => (Some("opus"), false),
        // Two codecs live in this container: peers give a depth for the lossless one and a
        // bitrate for the other, if they give anything.
        "m4a" => match (positive(file.bit_depth), positive(file.bit_rate)) {
            (Some(_), _) => (Some("alac"), true),
            (None, Some(..=320)) => (Some("aac"), false),
            (None, _) => (None, false),
        },
        _ => return None,
    };
    Some(Sound { codec, lossless })
}

/// Peers give a bitrate for lossy files only; of others it follows from size and length.
fn bitrate(file: &PeerFile, size: u64, lossless: bool) -> Option<u32> {
    if let Some(kilobits) = positive(file.bit_rate) {
        return Some(kilobits.saturating_mul(1_000));
    }
    let seconds = positive(file.length).filter(|_| lossless)?;
    u32::try_from(size.saturating_mul(8) / u64::from(seconds))
        .ok()
        .filter(|&bits| bits >= 1_000)
}

/// Peers write 0 or less for what they do not know.
fn positive(number: Option<i64>) -> Option<u32> {
    number
        .and_then(|number| u32::try_from(number).ok())
        .filter(|&number| number > 0)
}
