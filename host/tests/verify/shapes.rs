//! Short sounds in every format and every odd layout, made by ffmpeg: one run makes one sound in
//! all formats, and tags of other tools are put around the files by hand. The same number makes
//! the same files. Also used by the bench `refusals`.

#![allow(dead_code, reason = "no program needs all of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file that is whole.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) path: PathBuf,
    /// How it came about, for messages.
    pub(crate) what: String,
    /// How long the sound is, in milliseconds.
    pub(crate) ms: u64,
    /// Whether it is lossless, and never was anything else.
    pub(crate) lossless: bool,
}

/// Name, arguments of the encoder.
const FORMATS: [(&str, &[&str]); 40] = [
    ("16.flac", &["-c:a", "flac", "-sample_fmt", "s16"]),
    ("24.flac", &["-c:a", "flac", "-sample_fmt", "s32"]),
    ("slow.flac", &["-c:a", "flac", "-compression_level", "12"]),
    ("fast.flac", &["-c:a", "flac", "-compression_level", "0"]),
    ("small_blocks.flac", &["-c:a", "flac", "-frame_size", "512"]),
    ("flac.ogg", &["-c:a", "flac"]),
    ("flac.m4a", &["-c:a", "flac", "-f", "mp4", "-strict", "-2"]),
    ("alac.m4a", &["-c:a", "alac", "-sample_fmt", "s16p"]),
    ("alac24.m4a", &["-c:a", "alac", "-sample_fmt", "s32p"]),
    ("16.wav", &["-c:a", "pcm_s16le"]),
    ("24.wav", &["-c:a", "pcm_s24le"]),
    ("32.wav", &["-c:a", "pcm_s32le"]),
    ("float.wav", &["-c:a", "pcm_f32le"]),
    ("u8.wav", &["-c:a", "pcm_u8"]),
    ("16.aiff", &["-c:a", "pcm_s16be"]),
    ("24.aiff", &["-c:a", "pcm_s24be"]),
    ("little.aiff", &["-c:a", "pcm_s16le"]),
    ("64.mp3", &["-c:a", "libmp3lame", "-b:a", "64k"]),
    ("128.mp3", &["-c:a", "libmp3lame", "-b:a", "128k"]),
    ("320.mp3", &["-c:a", "libmp3lame", "-b:a", "320k"]),
    ("v0.mp3", &["-c:a", "libmp3lame", "-q:a", "0"]),
    ("v5.mp3", &["-c:a", "libmp3lame", "-q:a", "5"]),
    (
        "abr.mp3",
        &["-c:a", "libmp3lame", "-b:a", "160k", "-abr", "1"],
    ),
    (
        "no_xing.mp3",
        &["-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0"],
    ),
    (
        "v23.mp3",
        &[
            "-c:a",
            "libmp3lame",
            "-id3v2_version",
            "3",
            "-write_id3v1",
            "1",
        ],
    ),
    (
        "untagged.mp3",
        &["-c:a", "libmp3lame", "-id3v2_version", "0"],
    ),
    (
        "no_reservoir.mp3",
        &["-c:a", "libmp3lame", "-b:a", "128k", "-reservoir", "0"],
    ),
    ("96.m4a", &["-c:a", "aac", "-b:a", "96k"]),
    ("256.m4a", &["-c:a", "aac", "-b:a", "256k"]),
    ("faststart.m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
    (
        "fragments.m4a",
        &[
            "-c:a",
            "aac",
            "-movflags",
            "frag_keyframe+empty_moov",
            "-frag_duration",
            "500000",
        ],
    ),
    ("adts.aac", &["-c:a", "aac", "-b:a", "128k"]),
    ("q0.ogg", &["-c:a", "libvorbis", "-q:a", "0"]),
    ("q5.ogg", &["-c:a", "libvorbis", "-q:a", "5"]),
    ("q9.ogg", &["-c:a", "libvorbis", "-q:a", "9"]),
    ("24.opus", &["-c:a", "libopus", "-b:a", "24k"]),
    ("96.opus", &["-c:a", "libopus", "-b:a", "96k"]),
    ("60ms.opus", &["-c:a", "libopus", "-frame_duration", "60"]),
    (
        "pages.opus",
        &["-c:a", "libopus", "-page_duration", "20000"],
    ),
    ("opus.m4a", &["-c:a", "libopus", "-f", "mp4"]),
];

/// Sounds that differ in all that matters to encoders; each for its number.
fn source(number: usize) -> (String, u64) {
    let rate = [44_100, 48_000, 44_100, 32_000, 96_000, 22_050][number % 6];
    let ms = [1_000, 400, 2_300, 700, 1_700, 3_100, 50, 5_000][number % 8];
    let seconds = ms as f64 / 1000.0;
    let seed = number * 31 + 1;
    let noise = |colour: &str, loud: f64| {
        format!("anoisesrc=d={seconds}:c={colour}:r={rate}:a={loud}:seed={seed}")
    };
    let formula = |text: String| format!("aevalsrc={text}:d={seconds}:s={rate}");
    let pitch = 110 + 37 * (number % 23);
    let graph = match number % 9 {
        0 => noise("pink", 0.4),
        1 => noise("white", 0.9),
        2 => noise("brown", 0.5),
        // Any softer, and nothing of it is left in 8 bits.
        3 => noise("pink", 0.03),
        4 => formula(format!(
            "0.4*sin({pitch}*2*PI*t)*exp(-2*mod(t\\,1))+0.4*(random(0)-0.5)*exp(-9*mod(t\\,0.5))"
        )),
        5 => formula(format!("0.7*sin(2*PI*({pitch}+900*t)*t)")),
        6 => formula(format!("0.9*lt(mod(t*{pitch}\\,1)\\,0.5)-0.45")),
        7 => format!("{},lowpass=f=4000,lowpass=f=6000", noise("pink", 0.4)),
        _ => format!("{},tremolo=f=3:d=0.9", noise("pink", 0.6)),
    };
    let layout = ["stereo", "mono", "stereo", "stereo", "5.1"][number % 5];
    (format!("{graph},aformat=channel_layouts={layout}"), ms)
}

/// As many files as one sound makes, in a directory that is theirs alone.
pub(crate) fn make(dir: &Path, number: usize) -> Vec<Made> {
    let (graph, ms) = source(number);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args([
        "-y",
        "-nostdin",
        "-loglevel",
        "error",
        "-f",
        "lavfi",
        "-i",
        &graph,
    ]);
    for (name, encoder) in FORMATS {
        ffmpeg.args([
            "-map",
            "0:a",
            "-metadata",
            "title=Sound",
            "-metadata",
            "artist=Ann",
        ]);
        ffmpeg.args(encoder).arg(dir.join(name));
    }
    let done = ffmpeg.status().expect("ffmpeg is installed");
    assert!(done.success(), "{graph}");
    let mut all = Vec::new();
    for (name, _) in FORMATS {
        let path = dir.join(name);
        let lossless = ["flac", "alac", "16", "24", "32"];
        let made = |path: PathBuf, layout: &str, ms: u64| Made {
            path,
            what: format!("{name}, {layout}, of {graph}"),
            ms,
            lossless: lossless.iter().any(|word| name.contains(word))
                && !name.contains("opus")
                && !name.contains("mp3"),
        };
        for (layout, bytes, times) in layouts(name, &fs::read(&path).unwrap()) {
            let path = dir.join(format!("{layout} {name}"));
            fs::write(&path, bytes).unwrap();
            all.push(made(path, layout, ms * times));
        }
        all.push(made(path, "as it is", ms));
    }
    all
}

fn id3v1() -> Vec<u8> {
    [&b"TAG"[..], &[b'x'; 125]].concat()
}

/// Of so many bytes of padding, fewer than 2 MiB.
fn id3v2(padding: usize) -> Vec<u8> {
    let size = [21, 14, 7, 0].map(|by| u8::try_from(padding >> by & 127).unwrap());
    [&b"ID3\x04\0\0"[..], &size, &vec![0; padding]].concat()
}

/// An empty one; with a header in front, or not.
fn ape(with_header: bool) -> Vec<u8> {
    let flags = |header: bool| u32::from(with_header) << 31 | u32::from(header) << 29;
    let block = |header| {
        let mut block = b"APETAGEX".to_vec();
        for field in [2000, 32, 0, flags(header)] {
            block.extend(u32::to_le_bytes(field));
        }
        block.extend([0; 8]);
        block
    };
    let mut tag = if with_header { block(true) } else { Vec::new() };
    tag.extend(block(false));
    tag
}

fn lyrics() -> Vec<u8> {
    let lyrics = "LYRICSBEGININD0000310LYR00005la la";
    format!("{lyrics}{:06}LYRICS200", lyrics.len()).into_bytes()
}

/// Other layouts of the same file: name, bytes, how many times its length it has.
fn layouts(name: &str, plain: &[u8]) -> Vec<(&'static str, Vec<u8>, u64)> {
    let behind = |tags: &[Vec<u8>]| [plain, &tags.concat()].concat();
    let before = |tags: &[Vec<u8>]| [&tags.concat(), plain].concat();
    let mut all = Vec::new();
    let (_, extension) = name.rsplit_once('.').unwrap();
    match extension {
        "mp3" => {
            all.push(("ID3v1", behind(&[id3v1()]), 1));
            all.push(("APEv2", behind(&[ape(true)]), 1));
            all.push(("APEv2 and ID3v1", behind(&[ape(false), id3v1()]), 1));
            all.push(("Lyrics3", behind(&[lyrics(), id3v1()]), 1));
            all.push(("large ID3v2", before(&[id3v2(300_000)]), 1));
            all.push(("two ID3v2", before(&[id3v2(10), id3v2(5_000)]), 1));
            all.push(("APEv2 in front", before(&[ape(true)]), 1));
            all.push(("zeros in front", before(&[id3v2(10), vec![0; 2_500]]), 1));
        }
        "flac" => {
            all.push(("ID3v2", before(&[id3v2(900)]), 1));
            all.push(("ID3v1", behind(&[id3v1()]), 1));
            all.push(("padding", padded(plain, 70_000), 1));
        }
        "aac" => {
            all.push(("ID3v2", before(&[id3v2(900)]), 1));
            all.push(("ID3v1", behind(&[id3v1()]), 1));
        }
        "m4a" => {
            let free = [&[0, 0, 4, 8][..], b"free", &[0; 1024]].concat();
            all.push(("free box", behind(&[free]), 1));
        }
        "wav" => {
            let mut longer = behind(&[b"LIST\x08\0\0\0INFOIART".to_vec()]);
            let size = u32::try_from(longer.len() - 8).unwrap();
            longer[4..8].copy_from_slice(&size.to_le_bytes());
            all.push(("chunk behind", longer, 1));
        }
        "ogg" | "opus" => {
            let mut other = plain.to_vec();
            renumber(&mut other);
            all.push(("chained", [plain, &other].concat(), 2));
        }
        _ => {}
    }
    all
}

/// A FLAC file with a block of padding behind its stream information.
fn padded(flac: &[u8], size: u32) -> Vec<u8> {
    let mut bytes = flac[..42].to_vec();
    bytes.push(1);
    bytes.extend(&size.to_be_bytes()[1..]);
    bytes.extend(vec![0; size as usize]);
    bytes.extend(&flac[42..]);
    bytes
}

/// Gives an Ogg stream another serial number, and its pages the checksums that belong to it.
fn renumber(ogg: &mut [u8]) {
    let mut at = 0;
    while at + 27 <= ogg.len() {
        assert_eq!(&ogg[at..at + 4], b"OggS");
        let segments = usize::from(ogg[at + 26]);
        let table = at + 27;
        let body: usize = ogg[table..table + segments]
            .iter()
            .map(|n| usize::from(*n))
            .sum();
        let end = table + segments + body;
        ogg[at + 14] ^= 0x55;
        ogg[at + 22..at + 26].fill(0);
        let sum = checksum(&ogg[at..end]);
        ogg[at + 22..at + 26].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
}

/// That of Ogg pages (RFC 3533, section 6).
fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
            (sum << 1) ^ if sum & 1 << 31 == 0 { 0 } else { 0x04c1_1db7 }
        })
    })
}

/// Encodings that somebody may blow up to lossless: name, encoder, and whether its cut-off can
/// be told from that of a converter.
pub(crate) const LOSSY: [(&str, &[&str]); 9] = [
    (
        "MP3 96",
        &["-c:a", "libmp3lame", "-b:a", "96k", "-f", "mp3"],
    ),
    (
        "MP3 128",
        &["-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3"],
    ),
    (
        "MP3 192",
        &["-c:a", "libmp3lame", "-b:a", "192k", "-f", "mp3"],
    ),
    (
        "MP3 256",
        &["-c:a", "libmp3lame", "-b:a", "256k", "-f", "mp3"],
    ),
    (
        "MP3 320",
        &["-c:a", "libmp3lame", "-b:a", "320k", "-f", "mp3"],
    ),
    ("AAC 96", &["-c:a", "aac", "-b:a", "96k", "-f", "adts"]),
    ("AAC 128", &["-c:a", "aac", "-b:a", "128k", "-f", "adts"]),
    (
        "Vorbis q4",
        &["-c:a", "libvorbis", "-q:a", "4", "-f", "ogg"],
    ),
    ("Opus 96", &["-c:a", "libopus", "-b:a", "96k", "-f", "ogg"]),
];

/// One sound with treble, genuine and by way of each lossy encoding; in the order of
/// [`LOSSY`], the genuine one last.
pub(crate) fn make_fakes(dir: &Path, number: usize) -> Vec<PathBuf> {
    let seed = number * 17 + 3;
    let (pitch, beat) = (150 + 41 * (number % 13), 2 + number % 5);
    let graph = match number % 3 {
        0 => format!("anoisesrc=d=5:c=pink:r=44100:a=0.4:seed={seed}"),
        1 => format!(
            "aevalsrc=0.4*sin({pitch}*2*PI*t)*exp(-2*mod(t\\,1))\
             +0.6*(random({number})-0.5)*exp(-6*mod({beat}*t\\,1)):d=5:s=44100"
        ),
        _ => format!(
            "anoisesrc=d=5:c=brown:r=44100:a=0.5:seed={seed},treble=g=12:f=6000,tremolo=f={beat}:d=0.8"
        ),
    };
    let ffmpeg = |args: &[&str]| {
        let done = Command::new("ffmpeg")
            .current_dir(dir)
            .args(["-y", "-nostdin", "-loglevel", "error"])
            .args(args)
            .status()
            .expect("ffmpeg is installed");
        assert!(done.success(), "{args:?}");
    };
    let genuine = ["-c:a", "flac", "-sample_fmt", "s16"];
    let mut first = vec!["-f", "lavfi", "-i", &graph];
    let names: Vec<String> = (0..LOSSY.len()).map(|at| at.to_string()).collect();
    for (name, (_, encoder)) in names.iter().zip(LOSSY) {
        first.extend(["-map", "0:a", "-ac", "2"]);
        first.extend(encoder);
        first.push(name);
    }
    first.extend(["-map", "0:a", "-ac", "2"]);
    first.extend(genuine);
    first.push("genuine.flac");
    ffmpeg(&first);
    let flacs: Vec<String> = names.iter().map(|name| format!("{name}.flac")).collect();
    let inputs: Vec<String> = (0..LOSSY.len()).map(|at| format!("{at}:a")).collect();
    let mut second = Vec::new();
    for name in &names {
        second.extend(["-i", name.as_str()]);
    }
    for (flac, input) in flacs.iter().zip(&inputs) {
        second.extend(["-map", input.as_str(), "-ar", "44100"]);
        second.extend(genuine);
        second.push(flac);
    }
    ffmpeg(&second);
    let mut all: Vec<PathBuf> = flacs.iter().map(|flac| dir.join(flac)).collect();
    all.push(dir.join("genuine.flac"));
    all
}
