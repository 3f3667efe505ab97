//! Tags written into real files, read back by us, by lofty's general reader and by ffprobe.

mod odd_layouts;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lofty::file::TaggedFileExt;
use lofty::tag::ItemKey;

use super::*;
use crate::verify::tests::sounds::{FORMATS, Sounds, noise};
use crate::verify::{Expected, check};

pub(super) fn tags() -> Tags {
    Tags {
        title: Some("Für Elise (夜に駆ける)".into()),
        artists: vec!["Søren Ångström".into(), "Мумий Тролль".into()],
        album: Some("Gänsehaut / Best of".into()),
        album_artist: Some("Various Artists".into()),
        track_number: Some(3),
        track_total: Some(12),
        disc_number: Some(2),
        date: Some("1987-04-01".into()),
        isrc: Some("GBAYE0601498".into()),
        recording_mbid: Some("8f3471b5-7e6a-48da-86a9-c1c07a0f47ae".into()),
        explicit: Some(true),
        disc_total: Some(3),
        genres: vec!["Zydeco".into(), "Folk & Blues".into()],
        label: Some("Kleine Töne".into()),
        upc: Some("0602445790128".into()),
        release_mbid: Some("11111111-2222-3333-4444-555555555555".into()),
        compilation: Some(true),
        comment: Some("musicdl: from folder".into()),
        lyrics: Some("[00:01.00]Ла ла\n[00:02.00]la".into()),
        track_gain: Some(gain(-712, 988_553)),
        album_gain: Some(gain(-650, 999_999)),
    }
}

fn gain(centibels: i32, peak: u32) -> Gain {
    let peak = Some(peak);
    Gain { centibels, peak }
}

/// What can be read back of [`tags`]: Opus has no place for peaks.
fn kept(name: &str) -> Tags {
    let mut tags = tags();
    if name.ends_with(".opus") {
        for gain in [&mut tags.track_gain, &mut tags.album_gain] {
            gain.as_mut().unwrap().peak = None;
        }
    }
    tags
}

/// What ffprobe says of a file: keys in lower case.
pub(super) fn probe(path: &Path) -> BTreeMap<String, String> {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json"])
        .args(["-show_entries", "format_tags:stream_tags"])
        .arg(path)
        .output()
        .expect("these tests need `ffprobe` in PATH");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let streams = json["streams"].as_array().cloned().unwrap_or_default();
    let sets = streams.iter().chain([&json["format"]]);
    sets.filter_map(|set| set["tags"].as_object())
        .flatten()
        .map(|(key, value)| (key.to_lowercase(), value.as_str().unwrap().to_owned()))
        .collect()
}

fn container(path: &Path) -> Container {
    check(path, &Expected::default()).unwrap().container
}

fn tagged(sounds: &Sounds, from: &Path, tags: &Tags, cover: Option<&Cover>) -> (PathBuf, Written) {
    let to = sounds.path(&format!(
        "tagged.{}",
        from.file_name().unwrap().to_str().unwrap()
    ));
    let written = write_copy(from, &to, tags, Art::of(cover), container(from), Id3::V24)
        .unwrap_or_else(|e| panic!("{}: {}", from.display(), chain(&e)));
    (to, written)
}

pub(super) fn picture(sounds: &Sounds, name: &str, color: &str) -> Cover {
    let path = sounds.path(name);
    let source = format!("color=c={color}:s=120x100:d=1");
    let status = Command::new("ffmpeg")
        .args([
            "-y",
            "-nostdin",
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            &source,
        ])
        .args(["-frames:v", "1"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    Cover::new(fs::read(path).unwrap()).unwrap()
}

#[test]
fn everything_written_is_read_back_by_us_by_lofty_and_by_ffprobe() {
    let sounds = Sounds::new();
    for (name, encoder) in FORMATS {
        let from = sounds.make(name, encoder);
        let before = check(&from, &Expected::default()).unwrap();
        let (to, written) = tagged(&sounds, &from, &tags(), None);

        assert_eq!(read(&to).unwrap(), kept(name), "{name}");
        let after = check(&to, &Expected::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(after.audio_hash, before.audio_hash, "{name}");
        assert_eq!(written.audio_hash, before.audio_hash, "{name}");
        assert_eq!(after.duration_ms, before.duration_ms, "{name}");
        assert_eq!(written.cover, CoverOutcome::Absent, "{name}");

        let general = lofty::read_from_path(&to).unwrap();
        let general = general.primary_tag().unwrap();
        let artists: Vec<&str> = general.get_strings(ItemKey::TrackArtist).collect();
        assert_eq!(artists, tags().artists, "{name}");
        for (key, value) in [
            (ItemKey::TrackTitle, tags().title),
            (ItemKey::AlbumTitle, tags().album),
            (ItemKey::AlbumArtist, tags().album_artist),
            (ItemKey::TrackNumber, Some("3".into())),
            (ItemKey::TrackTotal, Some("12".into())),
            (ItemKey::DiscNumber, Some("2".into())),
            (ItemKey::RecordingDate, tags().date),
            (ItemKey::Isrc, tags().isrc),
            (ItemKey::MusicBrainzRecordingId, tags().recording_mbid),
        ] {
            assert_eq!(general.get_string(key), value.as_deref(), "{name}: {key:?}");
        }

        let probed = probe(&to);
        let says = |key: &str| probed.get(key).cloned().unwrap_or_default();
        // ffprobe shows only the older of the two tags in WAV, which has fewer fields.
        let all_fields = name != "pcm.wav";
        assert_eq!(Some(says("title")), tags().title, "{name}: {probed:?}");
        assert_eq!(Some(says("album")), tags().album, "{name}: {probed:?}");
        if all_fields {
            let album_artist = Some(says("album_artist"));
            assert_eq!(album_artist, tags().album_artist, "{name}: {probed:?}");
            assert!(says("disc").starts_with('2'), "{name}: {probed:?}");
        }
        assert!(says("track").starts_with('3'), "{name}: {probed:?}");
        assert_eq!(Some(says("date")), tags().date, "{name}: {probed:?}");
        assert!(
            says("artist").contains("Søren Ångström"),
            "{name}: {probed:?}"
        );
    }
}

#[test]
fn what_the_catalog_does_not_know_stays() {
    let sounds = Sounds::new();
    let kept = [
        ("genre", "Zydeco"),
        ("composer", "Anna Magdalena"),
        ("comment", "from the attic"),
        ("title", "Old title"),
        ("album", "Old album"),
        ("artist", "Old artist"),
        ("track", "7/9"),
    ];
    for name in [
        "16.flac",
        "cbr.mp3",
        "aac.m4a",
        "vorbis.ogg",
        "opus.opus",
        "pcm.aiff",
        "pcm.wav",
    ] {
        let mut from = sounds.format(name);
        let mut args = vec!["-c".to_owned(), "copy".to_owned()];
        if name == "pcm.aiff" {
            args.extend(["-write_id3v2".to_owned(), "1".to_owned()]);
        }
        for (key, value) in kept {
            args.extend(["-metadata".to_owned(), format!("{key}={value}")]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        from = sounds.remake(&from, &format!("had.{name}"), &args);
        let had = probe(&from);
        let new = Tags {
            title: Some("New title".into()),
            artists: vec!["New artist".into()],
            track_number: Some(8),
            ..Tags::default()
        };
        let (to, _) = tagged(&sounds, &from, &new, None);
        let has = probe(&to);
        for key in ["genre", "comment", "album"] {
            assert!(had.contains_key(key), "{name}: {had:?}");
        }
        // WAV has no field for a composer.
        for key in ["genre", "comment", "album", "composer"] {
            assert_eq!(has.get(key), had.get(key), "{name}: {key} of {has:?}");
        }
        assert_eq!(has["title"], "New title", "{name}: {has:?}");
        assert_eq!(has["artist"], "New artist", "{name}: {has:?}");
        let total = (name != "pcm.wav").then_some(9);
        let read = read(&to).unwrap();
        assert_eq!(read.track_number, Some(8), "{name}");
        assert_eq!(read.track_total, total, "{name}: the total stays");
    }
}

#[test]
fn loudness_lyrics_and_foreign_fields_survive() {
    let sounds = Sounds::new();
    let fields = [
        ("REPLAYGAIN_TRACK_GAIN", "-7.12 dB"),
        (
            "MUSICBRAINZ_ALBUMID",
            "11111111-2222-3333-4444-555555555555",
        ),
        ("MY_OWN_FIELD", "ünïcode"),
    ];
    for name in ["16.flac", "vorbis.ogg", "opus.opus", "cbr.mp3"] {
        let (_, encoder) = FORMATS.iter().find(|(n, _)| *n == name).unwrap();
        let mut args: Vec<String> = encoder.iter().map(|a| (*a).to_owned()).collect();
        for (key, value) in fields {
            args.extend(["-metadata".to_owned(), format!("{key}={value}")]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let from = sounds.make(name, &args);
        let (to, _) = tagged(&sounds, &from, &tags(), None);
        let has = probe(&to);
        for (key, value) in fields {
            let found = has.get(&key.to_lowercase()).map(String::as_str);
            assert_eq!(found, Some(value), "{name}: {has:?}");
        }
    }
}

#[test]
fn tagging_twice_leaves_each_fact_once() {
    let sounds = Sounds::new();
    for (name, encoder) in FORMATS {
        let from = sounds.make(name, encoder);
        let (once, _) = tagged(&sounds, &from, &tags(), None);
        let (twice, _) = tagged(&sounds, &once, &tags(), None);
        assert_eq!(read(&twice).unwrap(), kept(name), "{name}");
        let alone = Tags {
            artists: vec!["Only one".into()],
            explicit: Some(false),
            ..kept(name)
        };
        let (changed, _) = tagged(&sounds, &twice, &alone, None);
        assert_eq!(read(&changed).unwrap(), alone, "{name}");
    }
}

#[test]
fn a_cover_goes_in_where_there_is_none_and_the_file_s_own_stays() {
    let sounds = Sounds::new();
    let blue = picture(&sounds, "blue.png", "blue");
    let red = picture(&sounds, "red.jpg", "red");
    for (name, encoder) in FORMATS {
        let from = sounds.make(name, encoder);
        assert_eq!(embedded_cover(&from).unwrap(), None, "{name}");
        let (to, written) = tagged(&sounds, &from, &tags(), Some(&blue));
        assert_eq!(written.cover, CoverOutcome::Embedded, "{name}");
        assert_eq!(embedded_cover(&to).unwrap().as_ref(), Some(&blue), "{name}");
        let (again, written) = tagged(&sounds, &to, &tags(), Some(&red));
        assert_eq!(written.cover, CoverOutcome::Kept, "{name}");
        assert_eq!(
            embedded_cover(&again).unwrap().as_ref(),
            Some(&blue),
            "{name}"
        );
        assert!(check(&again, &Expected::default()).is_ok(), "{name}");
    }
}

fn pictures_in(path: &Path) -> usize {
    let count = with_opened(path, |opened| opened.pictures().len());
    count.unwrap().unwrap_or_default()
}

#[test]
fn pictures_within_limits_stay_others_give_way_and_none_may_be_left() {
    let sounds = Sounds::new();
    // 120 x 100 pixels.
    let blue = picture(&sounds, "blue.png", "blue");
    let red = picture(&sounds, "red.jpg", "red");
    let limits = |most_side| CoverLimits {
        most_side: Some(most_side),
        most_bytes: None,
    };
    for (name, encoder) in FORMATS {
        let from = sounds.make(name, encoder);
        let container = container(&from);
        let (with_blue, _) = tagged(&sounds, &from, &tags(), Some(&blue));
        let hash = payload_hash(&with_blue).unwrap();
        for (step, art, expected, outcome) in [
            (
                "keeps",
                Art::Within(limits(120), Some(&blue)),
                Some(&blue),
                CoverOutcome::Kept,
            ),
            (
                "front",
                Art::Within(limits(120), Some(&red)),
                Some(&blue),
                CoverOutcome::Kept,
            ),
            (
                "gives",
                Art::Within(limits(119), Some(&red)),
                Some(&red),
                CoverOutcome::Embedded,
            ),
            (
                "loses",
                Art::Within(limits(119), None),
                None,
                CoverOutcome::Absent,
            ),
            ("clear", Art::Nothing, None, CoverOutcome::Absent),
        ] {
            let is_of_mp4 = container == Container::Mp4;
            if step == "front" && is_of_mp4 {
                // Its pictures are of no kind.
                continue;
            }
            let to = sounds.path(&format!("{step}.{name}"));
            let written = write_copy(&with_blue, &to, &tags(), art, container, Id3::V24).unwrap();
            assert_eq!(written.cover, outcome, "{name} {step}");
            let pictures = (embedded_cover(&to).unwrap(), pictures_in(&to));
            let count = usize::from(expected.is_some());
            assert_eq!(pictures, (expected.cloned(), count), "{name} {step}");
            assert_eq!(payload_hash(&to).unwrap(), hash, "{name} {step}");
            assert_eq!(read(&to).unwrap(), kept(name), "{name} {step}");
        }
    }
}

#[test]
fn a_large_cover_goes_in_where_the_format_can_hold_it() {
    let sounds = Sounds::new();
    // The bytes of a picture need not compress; only its header is looked at.
    let mut data = picture(&sounds, "blue.png", "blue").data().to_vec();
    data.resize(18 * 1024 * 1024, 0x5a);
    let cover = Cover::new(data).unwrap();
    for (name, fits) in [
        ("cbr.mp3", true),
        ("aac.m4a", true),
        ("faststart.m4a", true),
        ("pcm.wav", true),
        ("16.flac", false),
        ("opus.opus", false),
    ] {
        let from = sounds.format(name);
        let (to, written) = tagged(&sounds, &from, &tags(), Some(&cover));
        match written.cover {
            CoverOutcome::Embedded => assert!(fits, "{name}"),
            CoverOutcome::LeftOut(reason) => assert!(!fits, "{name}: {reason}"),
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(read(&to).unwrap(), kept(name), "{name}");
        let found = embedded_cover(&to).unwrap();
        assert_eq!(found.as_ref(), fits.then_some(&cover), "{name}");
    }
}

#[test]
fn a_webp_cover_stays_out_of_mp4_with_the_reason() {
    let sounds = Sounds::new();
    let webp = b"RIFF....WEBPVP8X\x0a\0\0\0\0\0\0\0\x57\x02\0\xf3\x01\0";
    let webp = Cover::new(webp.to_vec()).unwrap();
    let from = sounds.format("aac.m4a");
    let (to, written) = tagged(&sounds, &from, &tags(), Some(&webp));
    let reason = "MP4 cannot hold a WebP picture".to_owned();
    assert_eq!(written.cover, CoverOutcome::LeftOut(reason));
    assert_eq!(
        read(&to).unwrap(),
        tags(),
        "the tags are written all the same"
    );
}

#[test]
fn an_id3v1_tag_becomes_a_whole_one_and_loses_nothing() {
    let sounds = Sounds::new();
    let audio = fs::read(sounds.format("bare.mp3")).unwrap();
    let mut old = b"TAG".to_vec();
    for (text, len) in [
        ("Short title", 30),
        ("Somebody", 30),
        ("Some album", 30),
        ("1979", 4),
        ("hello", 30),
    ] {
        let mut field = text.as_bytes().to_vec();
        field.resize(len, 0);
        old.extend(field);
    }
    old.push(8);
    let from = sounds.write("old.mp3", &[audio, old].concat());
    let new = Tags {
        title: Some("A title of more than thirty characters".into()),
        ..Tags::default()
    };
    let (to, _) = tagged(&sounds, &from, &new, None);
    let has = probe(&to);
    assert_eq!(has["title"], "A title of more than thirty characters");
    assert_eq!(has["artist"], "Somebody");
    assert_eq!(has["genre"], "Jazz");
    assert_eq!(has["comment"], "hello");
    assert_eq!(has["date"], "1979");
    let bytes = fs::read(&to).unwrap();
    assert_ne!(
        &bytes[bytes.len() - 128..][..3],
        b"TAG",
        "the old tag is gone"
    );
}

#[test]
fn an_ape_tag_beside_the_main_one_does_not_contradict_it() {
    use lofty::ape::{ApeItem, ApeTag};
    use lofty::config::WriteOptions;
    use lofty::tag::{Accessor, ItemValue, TagExt};

    let sounds = Sounds::new();
    let from = sounds.format("cbr.mp3");
    let mut ape = ApeTag::new();
    ape.set_title("Old title".into());
    ape.insert(ApeItem::new("MP3GAIN_MINMAX".into(), ItemValue::Text("120,200".into())).unwrap());
    ape.save_to_path(&from, WriteOptions::new()).unwrap();

    let (to, _) = tagged(&sounds, &from, &tags(), None);
    let mut file = File::open(&to).unwrap();
    let Some(Opened::Mpeg(mpeg)) = Opened::open(&mut file, Container::Mp3).unwrap() else {
        panic!("an MP3");
    };
    let ape = mpeg.ape().unwrap();
    assert_eq!(ape.title().as_deref(), tags().title.as_deref());
    assert!(ape.get("MP3GAIN_MINMAX").is_some());
}

#[test]
fn foreign_blocks_of_a_flac_stay_where_they_are() {
    let sounds = Sounds::new();
    let bytes = fs::read(sounds.format("16.flac")).unwrap();
    let mut points = vec![3, 0, 0, 36];
    points.extend([[0; 16].as_slice(), &[0x10, 0]].concat());
    points.extend([&[0xff; 8][..], &[0; 10]].concat());
    let padding = [&[1, 0, 0x10, 0][..], &[0; 0x1000]].concat();
    let application = [&[2, 0, 0, 8][..], b"testdata"].concat();
    let from = sounds.write(
        "blocks.flac",
        &[&bytes[..42], &points, &padding, &application, &bytes[42..]].concat(),
    );
    let (to, _) = tagged(&sounds, &from, &tags(), None);
    let after = fs::read(&to).unwrap();
    let has = |block: &[u8]| after.windows(block.len()).any(|w| w == block);
    assert!(has(&points), "seek table");
    assert!(has(&application), "application block");
    assert!(check(&to, &Expected::default()).is_ok());
}

#[test]
fn id3_around_a_flac_is_dropped_and_the_rest_kept() {
    let sounds = Sounds::new();
    let bytes = fs::read(sounds.format("16.flac")).unwrap();
    let id3v2 = [&b"ID3\x04\0\0\0\0\0\x14"[..], &[0; 20]].concat();
    let id3v1 = [&b"TAGOld"[..], &[0; 122]].concat();
    let from = sounds.write("odd.flac", &[&id3v2[..], &bytes, &id3v1].concat());
    let (to, _) = tagged(&sounds, &from, &tags(), None);
    assert!(fs::read(&to).unwrap().starts_with(b"fLaC"));
    assert_eq!(read(&to).unwrap(), tags());
}

#[test]
fn files_that_writing_would_damage_are_left_alone() {
    let sounds = Sounds::new();
    let args = ["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"];
    let fragments = sounds.make("fragments.m4a", &args);
    let flac_in_ogg = sounds.make("flac.ogg", &["-c:a", "flac"]);
    let mut damaged = fs::read(sounds.format("opus.opus")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let damaged = sounds.write("damaged.opus", &damaged);
    for (path, container, why) in [
        (&fragments, Container::Mp4, "fragmented"),
        (&flac_in_ogg, Container::Ogg, "not supported"),
        (&damaged, Container::Ogg, "damaged pages"),
    ] {
        let before = fs::read(path).unwrap();
        let to = sounds.path("never");
        let error = write_copy(path, &to, &tags(), Art::AsItIs, container, Id3::V24).unwrap_err();
        assert!(matches!(error, TagError::LeftUntagged { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(error.leaves_a_good_file());
        assert!(!to.exists(), "{why}");
        assert_eq!(fs::read(path).unwrap(), before, "{why}");
    }
}

/// Found by damaging files at random: with a size that cannot be one in its ID3 header, the
/// tag library takes frames of audio for a part of the tag and overwrites them.
#[test]
fn a_copy_whose_audio_changed_is_removed() {
    let sounds = Sounds::new();
    let (rich, _) = tagged(&sounds, &sounds.format("bare.mp3"), &tags(), None);
    let mut bytes = fs::read(rich).unwrap();
    bytes[8] = 0xb2;
    let from = sounds.write("size.mp3", &bytes);
    assert!(
        check(&from, &Expected::default()).is_ok(),
        "players read it"
    );
    let to = sounds.path("copy.mp3");
    let error = write_copy(&from, &to, &tags(), Art::AsItIs, Container::Mp3, Id3::V24).unwrap_err();
    assert!(matches!(error, TagError::AudioChanged { .. }), "{error:?}");
    assert!(error.leaves_a_good_file());
    assert!(!to.exists());
    assert_eq!(fs::read(&from).unwrap(), bytes);
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let sounds = Sounds::new();
    let from = sounds.format("16.flac");
    let to = sounds.write("there.flac", b"mine");
    let error =
        write_copy(&from, &to, &tags(), Art::AsItIs, Container::Flac, Id3::V24).unwrap_err();
    assert!(
        matches!(
            error,
            TagError::Io {
                doing: "create",
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(fs::read(&to).unwrap(), b"mine");
}

#[test]
fn the_copy_has_the_permissions_of_a_new_file() {
    use std::os::unix::fs::PermissionsExt;

    let sounds = Sounds::new();
    let from = sounds.format("16.flac");
    fs::set_permissions(&from, fs::Permissions::from_mode(0o700)).unwrap();
    let (to, _) = tagged(&sounds, &from, &tags(), None);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&to), mode(&sounds.write("new", b"")));
}

#[test]
fn whatever_is_broken_the_copy_has_the_same_audio_or_is_not_there() {
    let sounds = Sounds::new();
    let mut state = 0x0dd0_5eed_1234_5678u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize
    };
    let mut heard_by_another = 0;
    for (name, encoder) in FORMATS {
        let plain = sounds.make_from(&noise(0.5), name, encoder);
        let kind = container(&plain);
        let (rich, _) = tagged(
            &sounds,
            &plain,
            &tags(),
            Some(&picture(&sounds, "c.png", "red")),
        );
        let bytes = fs::read(rich).unwrap();
        for round in 0..25 {
            let mut damaged = bytes.clone();
            for _ in 0..1 + next() % 6 {
                let range = if next() % 3 == 0 {
                    bytes.len()
                } else {
                    bytes.len().min(1200)
                };
                damaged[next() % range] = next() as u8;
            }
            let from = sounds.write("damaged", &damaged);
            let to = sounds.path("copy");
            match write_copy(&from, &to, &tags(), Art::AsItIs, kind, Id3::V24) {
                Ok(_) => {
                    assert_eq!(
                        payload_hash(&from).unwrap(),
                        payload_hash(&to).unwrap(),
                        "{name}, round {round}"
                    );
                    // The hash above is the writer's own; ffmpeg is asked about some of them.
                    if let Some(heard) = (round % 5 == 0).then(|| heard(&from)).flatten() {
                        assert_eq!(self::heard(&to), Some(heard), "{name}, round {round}");
                        heard_by_another += 1;
                    }
                    fs::remove_file(&to).unwrap();
                }
                Err(_) => assert!(!to.exists(), "{name}, round {round}"),
            }
            assert_eq!(fs::read(&from).unwrap(), damaged, "{name}, round {round}");
        }
    }
    assert!(heard_by_another > FORMATS.len(), "{heard_by_another}");
}

/// What ffmpeg decodes; `None` where it complains.
fn heard(path: &Path) -> Option<Vec<u8>> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg
        .args(["-nostdin", "-v", "error", "-xerror", "-i"])
        .arg(path);
    ffmpeg.args(["-map", "0:a:0", "-f", "md5", "-"]);
    let output = ffmpeg.output().expect("these tests need `ffmpeg` in PATH");
    let whole = output.status.success() && output.stderr.is_empty();
    whole.then_some(output.stdout)
}
