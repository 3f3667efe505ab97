//! The plugin on a real Soulseek network: two sharing clients of different make, a server,
//! and slskd's HTTP face on a third client, all on this machine. The face itself, and the
//! scripted one of the other tests, are driven by a client that knows nothing of ours.

mod support;

use std::fs;

use musicdl_plugin_api::testing::{ProgressRecord, TestHost};
use musicdl_plugin_api::{ErrorKind, Hit, Provenance, Source, extra_value};
use musicdl_soulseek::SoulseekSource;

use crate::support::network::{BLUEBIRD, NIGHTJAR, Network, by_another_client};
use crate::support::use_of::{ended, fetch, request, source_at, until, wanted};
use crate::support::{Fake, KEY, files_below, offer, peer};

const NICOTINE: &str = "peer one";
const AIOSLSK: &str = "zoë 50%/x";
/// Seconds in which a peer answers, also on a machine that is busy with other tests.
const SILENCE: &str = "5";

fn only_hit(source: &SoulseekSource, title: &str) -> Hit {
    let hits = source
        .search_raw(&wanted(title))
        .expect("the network answers");
    let [hit] = <[Hit; 1]>::try_from(hits).expect("one hit");
    hit
}

/// Both peers' songs, found and fetched from a slskd of that version.
fn songs_come_byte_for_byte(version: &str) {
    let network = Network::start(version);
    let kit = TestHost::new();
    let source = source_at(
        network.url(),
        &network.downloads(),
        &kit,
        &[("search_silence", SILENCE)],
    );
    let connection = source.check_connection().expect("slskd is there");
    assert_eq!(connection.service, Some(format!("slskd {version}")));
    assert_eq!(connection.account.as_deref(), Some("musicdl"));

    let flac = only_hit(&source, "Bluebird");
    assert_eq!(extra_value(&flac.extra, "peer"), Some(NICOTINE));
    assert_eq!(flac.artists, ["Ann Example"]);
    assert_eq!(flac.album.as_deref(), Some("First Album"));
    assert_eq!(
        (flac.track_number, flac.duration_ms),
        (Some(1), Some(3_000))
    );
    assert_eq!((flac.sample_rate, flac.bit_depth), (Some(96_000), Some(24)));
    assert_eq!(flac.provenance, Provenance::DECLARED);

    let mp3 = only_hit(&source, "Nightjar");
    assert_eq!(extra_value(&mp3.extra, "peer"), Some(AIOSLSK));
    assert_eq!(mp3.codec.as_deref(), Some("mp3"));
    assert_eq!(mp3.bitrate, Some(320_000));

    for (hit, song, name) in [
        (&flac, BLUEBIRD, "audio.flac"),
        (&mp3, NIGHTJAR, "audio.mp3"),
        // Once more, with slskd's first copy still there.
        (&flac, BLUEBIRD, "audio.flac"),
    ] {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let file = fetch(&source, hit, dir.path()).expect("the peer sends it");
        assert_eq!(file.path, dir.path().join(name));
        let fetched = fs::read(&file.path).expect("the file is there");
        assert!(fetched == network.original(song));
    }
    assert_eq!(files_below(&network.downloads()).len(), 3);
    // Ends the thread that follows, and with it everything of ours at slskd.
    drop(source);
    assert_eq!(kit.stored("downloads"), None);
}

#[test]
fn songs_come_byte_for_byte_from_real_peers_as_slskd_0_26_speaks() {
    songs_come_byte_for_byte("0.26.0");
}

#[test]
fn songs_come_byte_for_byte_from_real_peers_as_slskd_0_22_speaks() {
    songs_come_byte_for_byte("0.22.0");
}

#[test]
fn real_peers_refuse_and_vanish_as_the_scripted_ones_do() {
    let network = Network::start("0.26.0");
    let kit = TestHost::new();
    let source = source_at(
        network.url(),
        &network.downloads(),
        &kit,
        &[("search_silence", SILENCE)],
    );
    let hit = only_hit(&source, "Bluebird");
    let refused = |from: &str, to: &str| {
        let hit = Hit {
            target_id: hit.target_id.replace(from, to),
            ..hit.clone()
        };
        fetch(&source, &hit, tempfile::tempdir().unwrap().path()).unwrap_err()
    };
    let error = refused("Bluebird", "Kingfisher");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(error.message.contains("not shared"), "{error}");
    let error = refused(NICOTINE, "nobody");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(error.message.contains("offline"), "{error}");

    // Cancelled as soon as it is asked for; the next one is not in its way.
    let dir = tempfile::tempdir().unwrap();
    let record = ProgressRecord::new();
    source
        .download_raw(&request(&hit, dir.path()), &record.progress())
        .unwrap();
    assert!(source.cancel_raw(&hit.target_id).unwrap());
    assert_eq!(ended(&record).unwrap_err().kind, ErrorKind::Cancelled);
    assert_eq!(files_below(dir.path()).len(), 0);
    until("the download is gone at slskd", || {
        kit.stored("downloads").is_none().then_some(())
    });
    assert!(fetch(&source, &hit, dir.path()).is_ok());
}

#[test]
fn a_client_that_knows_nothing_of_ours_finds_slskd_behind_both_faces() {
    let network = Network::start("0.26.0");
    let found = by_another_client(network.url(), KEY, "example");
    assert_eq!(found["version"], "0.26.0");
    assert_eq!(found["peers"], serde_json::json!([NICOTINE, AIOSLSK]));
    assert_eq!(found["state"], "Completed, Succeeded");
    assert_eq!(found["bytes"], network.original(BLUEBIRD).len());
    assert_eq!(
        found["local"],
        "/app/downloads/First Album/01 - Bluebird.flac"
    );

    for version in ["0.22.0", "0.24.0", "0.26.0"] {
        let song = offer(r"@@abc\Music\Ann Example\First Album\01 - Bluebird.flac");
        let scripted = Fake::start(version, vec![peer(NICOTINE, vec![song])]);
        let found = by_another_client(&scripted.url(), KEY, "example");
        assert_eq!(found["version"], version);
        assert_eq!(found["peers"], serde_json::json!([NICOTINE]));
        assert_eq!(found["state"], "Completed, Succeeded");
        assert_eq!(
            found["local"],
            "/app/downloads/First Album/01 - Bluebird.flac"
        );
        assert_eq!(scripted.left_over(), [""; 0]);
    }
}
