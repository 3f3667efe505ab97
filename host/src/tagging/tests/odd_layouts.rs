//! Files as programs and years have left them: tags at the wrong end, blocks of all kinds,
//! pictures larger than the song. Whatever is written, the sound is the same sample by sample
//! for ffmpeg, and mutagen and ffprobe read what was written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{picture, probe, tags};
use crate::ffmpeg::Ffmpeg;
use crate::tagging::*;
use crate::verify::tests::sounds::{FORMATS, Sounds, noise};

/// Reads files with mutagen and prints what they say, in one vocabulary.
const READ_BY_MUTAGEN: &str = r#"
import base64, json, sys
import mutagen
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

ID3_NAMES = {"title": "TIT2", "artist": "TPE1", "album": "TALB", "albumartist": "TPE2",
             "track": "TRCK", "disc": "TPOS", "date": "TDRC", "genre": "TCON", "label": "TPUB",
             "isrc": "TSRC", "compilation": "TCMP", "upc": "TXXX:BARCODE",
             "release": "TXXX:MusicBrainz Album Id", "gain": "TXXX:REPLAYGAIN_TRACK_GAIN"}
MP4_NAMES = {"title": "\xa9nam", "artist": "\xa9ART", "album": "\xa9alb", "albumartist": "aART",
             "date": "\xa9day", "genre": "\xa9gen", "comment": "\xa9cmt", "lyrics": "\xa9lyr",
             "label": "----:com.apple.iTunes:LABEL", "isrc": "----:com.apple.iTunes:ISRC",
             "upc": "----:com.apple.iTunes:BARCODE",
             "release": "----:com.apple.iTunes:MusicBrainz Album Id",
             "gain": "----:com.apple.iTunes:REPLAYGAIN_TRACK_GAIN"}
VORBIS_NAMES = {"title": "title", "artist": "artist", "album": "album",
                "albumartist": "albumartist", "date": "date", "genre": "genre",
                "label": "label", "isrc": "isrc", "compilation": "compilation",
                "upc": "barcode", "release": "musicbrainz_albumid", "comment": "comment",
                "lyrics": "lyrics", "gain": "replaygain_track_gain", "r128": "r128_track_gain"}

def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)

def read(path):
    file = mutagen.File(path)
    tags = file.tags
    said = {}
    if isinstance(tags, ID3):
        for name, frame in ID3_NAMES.items():
            if frame in tags:
                said[name] = [text(value) for value in tags[frame].text]
        said["comment"] = [text(v) for c in tags.getall("COMM") if c.desc == "" for v in c.text]
        said["lyrics"] = [frame.text for frame in tags.getall("USLT")]
        said["pictures"] = [str(len(frame.data)) for frame in tags.getall("APIC")]
    elif isinstance(tags, MP4Tags):
        for name, atom in MP4_NAMES.items():
            if atom in tags:
                said[name] = [text(value) for value in tags[atom]]
        for name, atom in (("track", "trkn"), ("disc", "disk")):
            said[name] = ["%d/%d" % pair for pair in tags.get(atom, [])]
        said["compilation"] = ["1" if tags.get("cpil") else "0"]
        said["pictures"] = [str(len(picture)) for picture in tags.get("covr", [])]
    else:
        for name, field in VORBIS_NAMES.items():
            if field in tags:
                said[name] = list(tags[field])
        said["track"] = [tags["tracknumber"][0] + "/" + tags["tracktotal"][0]]
        said["disc"] = [tags["discnumber"][0] + "/" + tags["disctotal"][0]]
        held = tags.get("metadata_block_picture", [])
        pictures = [Picture(base64.b64decode(picture)) for picture in held]
        if isinstance(file, FLAC):
            pictures = file.pictures
        said["pictures"] = [str(len(picture.data)) for picture in pictures]
    return {name: values for name, values in said.items() if values}

print(json.dumps([read(path) for path in sys.argv[1:]]))
"#;

type Said = BTreeMap<String, Vec<String>>;

fn mutagen(files: &[PathBuf]) -> Vec<Said> {
    let peers = std::env::var_os("XTASK_PEERS").expect(
        "this test needs mutagen: run `cargo xtask test`, which installs it, or set \
         XTASK_PEERS to the directory of an environment that has it",
    );
    let out = Command::new(Path::new(&peers).join("bin/python"))
        .args(["-c", READ_BY_MUTAGEN])
        .args(files)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{files:?}: {said}");
    serde_json::from_slice(&out.stdout).unwrap()
}

/// What both mutagen and ffprobe read of a file, they read alike. ffprobe joins values or
/// names one of them.
fn ffprobe_agrees(path: &Path, said: &Said) {
    let probed = probe(path);
    let mut compared = 0;
    for (ours, theirs) in [
        ("title", "title"),
        ("artist", "artist"),
        ("album", "album"),
        ("albumartist", "album_artist"),
        ("date", "date"),
        ("genre", "genre"),
        ("isrc", "isrc"),
    ] {
        if let (Some(values), Some(theirs)) = (said.get(ours), probed.get(theirs)) {
            let alike = values.iter().any(|value| theirs.contains(value.as_str()));
            assert!(alike, "{path:?}: {ours} {values:?} and {theirs}");
            compared += 1;
        }
    }
    // Of WAV ffprobe shows only the older tag, which has fewer fields.
    assert!(compared >= 4, "{path:?}: only {compared} alike");
}

/// The digest of every decoded sample, by ffmpeg.
fn sound_of(path: &Path) -> String {
    let out = Command::new("ffmpeg")
        .args(["-v", "fatal", "-nostdin", "-i"])
        .arg(path)
        .args(["-map", "0:a", "-f", "md5", "-"])
        .output()
        .expect("these tests need `ffmpeg` in PATH");
    assert!(out.status.success(), "{}", path.display());
    String::from_utf8(out.stdout).unwrap()
}

fn synchsafe(size: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8)
}

/// A FLAC with a seek table, padding, an application block and a cue sheet.
fn flac_with_blocks(bytes: &[u8]) -> Vec<u8> {
    let block = |kind: u8, content: &[u8]| {
        let size = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind][..], &size[1..], content].concat()
    };
    let points = [[0; 16].as_slice(), &[0x10, 0], &[0xff; 8], &[0; 10]].concat();
    let track = |offset: u64, number: u8, indices: u8| {
        [&offset.to_be_bytes()[..], &[number], &[0; 26], &[indices]].concat()
    };
    let sheet = [
        &[0; 128 + 8][..],
        // Of a CD, with two tracks: the song, and the lead-out.
        &[0x80],
        &[0; 258],
        &[2],
        &track(0, 1, 1),
        &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
        &track(44_100, 170, 0),
    ]
    .concat();
    let blocks = [
        block(3, &points),
        block(1, &[0; 4096]),
        block(2, b"testdata"),
        block(5, &sheet),
    ];
    [&bytes[..42], &blocks.concat(), &bytes[42..]].concat()
}

/// Every layout by its name.
fn layouts(sounds: &Sounds) -> Vec<PathBuf> {
    use lofty::ape::ApeTag;
    use lofty::config::WriteOptions;
    use lofty::tag::{Accessor, TagExt};

    let mut files: Vec<PathBuf> = FORMATS
        .iter()
        .map(|(name, encoder)| sounds.make(name, encoder))
        .collect();
    let bare = fs::read(sounds.format("bare.mp3")).unwrap();
    let frame = |text: &str| {
        let content = [&[3][..], text.as_bytes()].concat();
        [b"TIT2", &synchsafe(content.len())[..], &[0, 0], &content].concat()
    };
    let old = frame("Old title");
    let header =
        |magic: &[u8; 3], flags: u8| [&magic[..], &[4, 0, flags], &synchsafe(old.len())].concat();
    let at_the_end = [&header(b"ID3", 0x10)[..], &old, &header(b"3DI", 0x10)].concat();
    let id3v1 = [&b"TAGOld title"[..], &[0; 116]].concat();
    files.push(sounds.write("id3v2 at the end.mp3", &[&bare[..], &at_the_end].concat()));
    files.push(sounds.write("id3v1.mp3", &[&bare[..], &id3v1].concat()));
    let both = [&header(b"ID3", 0)[..], &old, &bare, &id3v1].concat();
    files.push(sounds.write("id3 at both ends.mp3", &both));
    let ape = sounds.write("ape.mp3", &bare);
    let mut tag = ApeTag::new();
    tag.set_title("Old title".into());
    tag.save_to_path(&ape, WriteOptions::new()).unwrap();
    files.push(ape);
    let flac = fs::read(sounds.format("16.flac")).unwrap();
    files.push(sounds.write("blocks.flac", &flac_with_blocks(&flac)));
    files.push(sounds.write(
        "id3 around.flac",
        &[&header(b"ID3", 0)[..], &old, &flac, &id3v1].concat(),
    ));
    let moov_first = sounds.format("aac.m4a");
    let args = [
        "-c",
        "copy",
        "-metadata",
        "title=Old title",
        "-metadata",
        "genre=Polka",
    ];
    files.push(sounds.remake(&moov_first, "had tags.m4a", &args));
    let wav = sounds.format("pcm.wav");
    files.push(sounds.remake(&wav, "had tags.wav", &args));
    let mut aiff = args.to_vec();
    aiff.extend(["-write_id3v2", "1"]);
    files.push(sounds.remake(&sounds.format("pcm.aiff"), "had tags.aiff", &aiff));
    files
}

#[test]
fn the_sound_is_the_same_and_others_read_what_was_written() {
    let sounds = Sounds::new();
    let cover = picture(&sounds, "cover.png", "blue");
    let mut written = Vec::new();
    for from in layouts(&sounds) {
        let name = from.file_name().unwrap().to_str().unwrap().to_owned();
        let to = sounds.path(&format!("tagged {name}"));
        let container = verify::container_of(&from).unwrap();
        let before = sound_of(&from);
        write_copy(
            &from,
            &to,
            &tags(),
            Art::IfNone(&cover),
            container,
            Id3::V24,
        )
        .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(sound_of(&to), before, "{name}");
        written.push((name, to));
    }
    // Bare AAC is no format of mutagen's that has tags.
    written.retain(|(name, _)| !name.ends_with(".aac"));
    let paths: Vec<PathBuf> = written.iter().map(|(_, path)| path.clone()).collect();
    let list = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
    for ((name, path), said) in written.iter().zip(mutagen(&paths)) {
        let opus = name.ends_with(".opus");
        for (key, expected) in [
            ("title", list(&["Für Elise (夜に駆ける)"])),
            ("artist", list(&["Søren Ångström", "Мумий Тролль"])),
            ("album", list(&["Gänsehaut / Best of"])),
            ("albumartist", list(&["Various Artists"])),
            ("track", list(&["3/12"])),
            ("disc", list(&["2/3"])),
            ("date", list(&["1987-04-01"])),
            ("genre", list(&["Zydeco", "Folk & Blues"])),
            ("label", list(&["Kleine Töne"])),
            ("isrc", list(&["GBAYE0601498"])),
            ("upc", list(&["0602445790128"])),
            ("release", list(&["11111111-2222-3333-4444-555555555555"])),
            ("compilation", list(&["1"])),
            ("comment", list(&["musicdl: from folder"])),
            ("lyrics", list(&["[00:01.00]Ла ла\n[00:02.00]la"])),
            (
                if opus { "r128" } else { "gain" },
                list(&[if opus { "-3103" } else { "-7.12 dB" }]),
            ),
        ] {
            assert_eq!(said.get(key), Some(&expected), "{name}: {key} of {said:?}");
        }
        let pictures = [cover.data().len().to_string()];
        assert_eq!(said.get("pictures"), Some(&pictures.to_vec()), "{name}");
        ffprobe_agrees(path, &said);
    }
}

#[test]
fn id3v2_3_is_read_alike_by_everybody_with_joined_values() {
    let sounds = Sounds::new();
    let mut paths = Vec::new();
    for name in ["cbr.mp3", "pcm.wav", "pcm.aiff"] {
        let from = sounds.format(name);
        let to = sounds.path(&format!("old {name}"));
        let container = verify::container_of(&from).unwrap();
        write_copy(&from, &to, &tags(), Art::AsItIs, container, Id3::V23).unwrap();
        assert_eq!(sound_of(&to), sound_of(&from), "{name}");
        assert!(
            fs::read(&to)
                .unwrap()
                .windows(4)
                .any(|four| four == b"ID3\x03"),
            "{name}"
        );
        assert_eq!(read(&to).unwrap().title, tags().title, "{name}");
        paths.push(to);
    }
    for (path, said) in paths.iter().zip(mutagen(&paths)) {
        assert_eq!(said["title"], ["Für Elise (夜に駆ける)"], "{path:?}");
        assert_eq!(said["artist"], ["Søren Ångström/Мумий Тролль"], "{path:?}");
        assert_eq!(said["genre"], ["Zydeco/Folk & Blues"], "{path:?}");
        assert_eq!(said["track"], ["3/12"], "{path:?}");
        assert_eq!(
            said.get("date"),
            Some(&vec!["1987-04-01".to_owned()]),
            "{path:?}: {said:?}"
        );
    }
}

#[test]
fn a_chain_of_ogg_streams_stays_the_same_sound_or_is_left_alone() {
    let sounds = Sounds::new();
    for (name, encoder) in FORMATS {
        if !name.ends_with(".ogg") && !name.ends_with(".opus") {
            continue;
        }
        let links = [1, 2].map(|seed| {
            let source = format!("anoisesrc=d=1:c=pink:r=48000:a=0.3:seed={seed}");
            fs::read(sounds.make_from(&source, name, encoder)).unwrap()
        });
        let chain = sounds.write(&format!("chain.{name}"), &links.concat());
        let to = sounds.path(&format!("tagged.{name}"));
        match write_copy(&chain, &to, &tags(), Art::AsItIs, Container::Ogg, Id3::V24) {
            Ok(_) => {
                assert_eq!(sound_of(&to), sound_of(&chain), "{name}");
                assert_eq!(read(&to).unwrap().title, tags().title, "{name}");
                ffprobe_agrees(&to, &mutagen(std::slice::from_ref(&to))[0]);
            }
            Err(error) => {
                assert!(error.leaves_a_good_file(), "{name}: {error}");
                assert!(!to.exists(), "{name}");
            }
        }
        assert_eq!(fs::read(&chain).unwrap(), links.concat(), "{name}");
    }
}

/// As the engine has it joined first; see `convert`.
#[test]
fn a_joined_mp4_of_fragments_has_the_same_sound_and_everybody_reads_its_tags() {
    let sounds = Sounds::new();
    let fragments = ["-movflags", "frag_keyframe+empty_moov"];
    let mut args = vec!["-c:a", "aac", "-b:a", "128k", "-frag_duration", "500000"];
    args.extend(fragments);
    let from = sounds.make("fragments.m4a", &args);
    assert!(verify::is_fragmented(&from).unwrap());
    let joined = sounds.path("joined.m4a");
    let path = std::env::var_os("PATH");
    let ffmpeg = Ffmpeg::find(None, path.as_deref()).unwrap();
    ffmpeg.defragment(&from, &joined, 4_000).unwrap();
    let to = sounds.path("tagged.m4a");
    write_copy(&joined, &to, &tags(), Art::AsItIs, Container::Mp4, Id3::V24).unwrap();
    assert_eq!(sound_of(&to), sound_of(&from));
    assert_eq!(read(&to).unwrap(), tags());
    ffprobe_agrees(&to, &mutagen(std::slice::from_ref(&to))[0]);
}

#[test]
fn headers_larger_than_the_song_are_read_back_whole() {
    let sounds = Sounds::new();
    let mut data = picture(&sounds, "cover.png", "red").data().to_vec();
    data.resize(5 * 1024 * 1024, 0x5a);
    let cover = Cover::new(data).unwrap();
    let large = Tags {
        lyrics: Some("La la la\n".repeat(40_000)),
        ..tags()
    };
    for name in [
        "opus.opus",
        "vorbis.ogg",
        "16.flac",
        "cbr.mp3",
        "aac.m4a",
        "faststart.m4a",
        "pcm.wav",
    ] {
        let (_, encoder) = FORMATS.iter().find(|(known, _)| *known == name).unwrap();
        let from = sounds.make_from(&noise(1.0), name, encoder);
        let container = verify::container_of(&from).unwrap();
        let to = sounds.path(&format!("large.{name}"));
        write_copy(&from, &to, &large, Art::IfNone(&cover), container, Id3::V24).unwrap();
        assert_eq!(sound_of(&to), sound_of(&from), "{name}");
        assert_eq!(
            embedded_cover(&to).unwrap().as_ref(),
            Some(&cover),
            "{name}"
        );
        assert_eq!(read(&to).unwrap().lyrics, large.lyrics, "{name}");
        let said = &mutagen(std::slice::from_ref(&to))[0];
        assert_eq!(
            said.get("lyrics"),
            Some(&large.lyrics.clone().into_iter().collect())
        );
        let pictures = [cover.data().len().to_string()];
        assert_eq!(said.get("pictures"), Some(&pictures.to_vec()), "{name}");
        ffprobe_agrees(&to, said);
        // And once more, from the large one to a small one.
        let again = sounds.path(&format!("again.{name}"));
        write_copy(&to, &again, &tags(), Art::AsItIs, container, Id3::V24).unwrap();
        assert_eq!(sound_of(&again), sound_of(&from), "{name}");
        assert_eq!(read(&again).unwrap().lyrics, tags().lyrics, "{name}");
    }
}
