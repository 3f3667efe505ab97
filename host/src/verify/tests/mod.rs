//! Real files, whole and damaged in every way that was met in downloads.

pub(crate) mod sounds;
mod transcodes;

use std::fs;
use std::path::Path;

use sounds::{FORMATS, Sounds, noise};

use super::*;
use crate::cpu_time::cpu_time;

const UNKNOWN: Expected = Expected { duration_ms: None };

fn wanted(ms: u64) -> Expected {
    Expected {
        duration_ms: Some(ms),
    }
}

fn refusal(path: &Path, expected: &Expected) -> VerifyError {
    match check(path, expected) {
        Ok(verified) => panic!("{} was accepted: {verified:?}", path.display()),
        Err(error) => error,
    }
}

fn cut(sounds: &Sounds, path: &Path, percent: usize) -> std::path::PathBuf {
    let bytes = fs::read(path).unwrap();
    let name = format!(
        "cut{percent}.{}",
        path.file_name().unwrap().to_str().unwrap()
    );
    sounds.write(&name, &bytes[..bytes.len() * percent / 100])
}

#[test]
fn a_whole_file_passes_with_its_real_figures() {
    let sounds = Sounds::new();
    let lossless = |codec, depth| (codec, Some(depth), true);
    let lossy = |codec| (codec, None, true);
    for ((name, encoder), (container, extension, rate, (codec, depth, decoded))) in
        FORMATS.iter().zip([
            (Container::Flac, "flac", 44_100, lossless(Codec::Flac, 16)),
            (Container::Flac, "flac", 96_000, lossless(Codec::Flac, 24)),
            (Container::Mp3, "mp3", 44_100, lossy(Codec::Mp3)),
            (Container::Mp3, "mp3", 44_100, lossy(Codec::Mp3)),
            (Container::Mp3, "mp3", 44_100, lossy(Codec::Mp3)),
            (Container::Mp4, "m4a", 44_100, lossy(Codec::Aac)),
            (Container::Mp4, "m4a", 44_100, lossless(Codec::Alac, 16)),
            (Container::Mp4, "m4a", 44_100, lossy(Codec::Aac)),
            (Container::Ogg, "ogg", 44_100, lossy(Codec::Vorbis)),
            (Container::Ogg, "opus", 48_000, (Codec::Opus, None, false)),
            (Container::Wav, "wav", 44_100, lossless(Codec::Pcm, 16)),
            (Container::Aiff, "aiff", 44_100, lossless(Codec::Pcm, 24)),
            (Container::Adts, "aac", 44_100, lossy(Codec::Aac)),
        ])
    {
        let path = sounds.make(name, encoder);
        let verified = check(&path, &wanted(4_000)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(
            (verified.container, verified.codec, verified.extension),
            (container, codec, extension),
            "{name}"
        );
        assert_eq!(
            (verified.sample_rate, verified.channels),
            (rate, 2),
            "{name}"
        );
        assert_eq!(
            (verified.bit_depth, verified.check == Check::Decoded),
            (depth, decoded),
            "{name}"
        );
        assert!(
            (3_990..=4_060).contains(&verified.duration_ms),
            "{name}: {} ms",
            verified.duration_ms
        );
        assert_eq!(verified.size, fs::metadata(&path).unwrap().len(), "{name}");
        let by_size = u64::from(verified.bitrate) * verified.duration_ms / 8000;
        assert!(
            by_size <= verified.size && by_size * 100 >= verified.size * 90,
            "{name}: {} bit/s",
            verified.bitrate
        );
        assert_eq!(verified.audio_hash, payload_hash(&path).unwrap(), "{name}");
        assert_eq!(verified.audio_hash.len(), 64, "{name}");
        assert!(check(&path, &UNKNOWN).is_ok(), "{name}");
    }
}

#[test]
fn a_name_that_lies_about_the_format_does_not_matter() {
    let sounds = Sounds::new();
    let flac = sounds.format("16.flac");
    let posing = sounds.write("song.mp3", &fs::read(flac).unwrap());
    assert_eq!(check(&posing, &UNKNOWN).unwrap().extension, "flac");
}

#[test]
fn a_cut_tail_is_refused_even_when_no_length_was_wanted() {
    let sounds = Sounds::new();
    for (name, encoder) in FORMATS {
        let path = sounds.make(name, encoder);
        for percent in [50, 90, 99] {
            let cut = cut(&sounds, &path, percent);
            let error = refusal(&cut, &UNKNOWN);
            assert!(
                matches!(error, VerifyError::Truncated { .. }),
                "{name} at {percent} %: {error:?}"
            );
        }
    }
}

#[test]
fn a_file_cut_inside_its_headers_is_refused() {
    let sounds = Sounds::new();
    for (name, encoder) in FORMATS {
        let bytes = fs::read(sounds.make(name, encoder)).unwrap();
        for len in [1, 5, 11, 30, 100] {
            let path = sounds.write("stub", &bytes[..len]);
            assert!(check(&path, &UNKNOWN).is_err(), "{name}, {len} bytes");
        }
    }
}

#[test]
fn an_mp3_cut_between_frames_is_refused_by_the_count_it_carries() {
    let sounds = Sounds::new();
    let bytes = fs::read(sounds.format("cbr.mp3")).unwrap();
    // The frames of 192 kbit/s at 44.1 kHz have 626 or 627 bytes.
    let start = bytes.len() * 8 / 10;
    let frame = bytes[start..]
        .windows(3)
        .position(|w| w == [0xff, 0xfb, 0xb0] || w == [0xff, 0xfb, 0xb2])
        .unwrap();
    let path = sounds.write("between.mp3", &bytes[..start + frame]);
    let error = refusal(&path, &UNKNOWN);
    assert!(error.to_string().contains("frames it promises"), "{error}");
}

#[test]
fn a_flipped_byte_is_found_where_the_format_has_checksums() {
    let sounds = Sounds::new();
    for name in ["16.flac", "24.flac", "vorbis.ogg", "opus.opus"] {
        let bytes = fs::read(sounds.format(name)).unwrap();
        for percent in [30, 50, 70, 97] {
            let mut damaged = bytes.clone();
            let at = damaged.len() * percent / 100;
            damaged[at] ^= 0x10;
            let path = sounds.write("damaged", &damaged);
            assert!(
                check(&path, &wanted(4_000)).is_err(),
                "{name} at {percent} %"
            );
        }
    }
}

#[test]
fn the_md5_of_a_flac_is_checked_even_if_every_frame_is_sound() {
    let sounds = Sounds::new();
    let mut bytes = fs::read(sounds.format("16.flac")).unwrap();
    // The digest is the last field of the stream information: bytes 26 to 41.
    bytes[30] ^= 0xff;
    let error = refusal(&sounds.write("md5.flac", &bytes), &UNKNOWN);
    assert!(error.to_string().contains("MD5"), "{error}");
}

#[test]
fn a_hole_in_a_file_without_checksums_is_found() {
    let sounds = Sounds::new();
    for name in ["cbr.mp3", "vbr.mp3", "bare.mp3", "aac.m4a", "adts.aac"] {
        let mut bytes = fs::read(sounds.format(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 20_000].fill(0);
        let path = sounds.write("hole", &bytes);
        assert!(check(&path, &UNKNOWN).is_err(), "{name}");
    }
}

#[test]
fn what_is_no_audio_is_refused_by_its_name() {
    let sounds = Sounds::new();
    for (bytes, named) in [
        (
            &b"<!DOCTYPE html><html><body>Please log in</body></html>"[..],
            "an HTML page, not audio",
        ),
        (b"{\"error\": \"quota\"}", "JSON, not audio"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture, not audio"),
        (&[0; 300_000], "zero bytes, not audio"),
        (b"", "an empty file, not audio"),
        (b"not found", "text, not audio"),
        (
            b"\x05\x91\x17\x42\x33\x9f\xfe\x01\xaa",
            "no known audio format",
        ),
        (b"\x1a\x45\xdf\xa3webm", "Matroska or WebM is not supported"),
    ] {
        let error = refusal(&sounds.write("song.flac", bytes), &wanted(200_000));
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn random_bytes_are_never_audio() {
    let sounds = Sounds::new();
    let mut state = 0x2545_f491_4f6c_dd1du64;
    for round in 0..40 {
        let bytes: Vec<u8> = (0..20_000)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        let path = sounds.write("random", &bytes);
        assert!(check(&path, &UNKNOWN).is_err(), "round {round}");
    }
}

#[test]
fn a_preview_and_a_longer_recording_are_refused() {
    let sounds = Sounds::new();
    let path = sounds.format("cbr.mp3");
    let error = refusal(&path, &wanted(30_000));
    assert!(
        error.to_string().contains("a preview or cut off"),
        "{error}"
    );
    let long = sounds.make_from(&noise(20.0), "long.mp3", &["-b:a", "64k"]);
    let error = refusal(&long, &wanted(4_000));
    assert!(matches!(error, VerifyError::TooLong { .. }), "{error}");
}

#[test]
fn digital_silence_is_refused_and_a_quiet_track_is_not() {
    let sounds = Sounds::new();
    let silence = "anullsrc=r=44100:cl=stereo:d=4";
    for (name, encoder) in FORMATS {
        if name == "opus.opus" {
            continue;
        }
        let path = sounds.make_from(silence, name, encoder);
        let error = refusal(&path, &UNKNOWN);
        assert!(
            matches!(error, VerifyError::Silent { .. }),
            "{name}: {error}"
        );
    }
    let short = sounds.make_from("anullsrc=r=44100:cl=stereo:d=1.5", "gap.flac", &[]);
    assert!(check(&short, &UNKNOWN).is_ok(), "a short pause");
    let quiet = "anoisesrc=d=4:a=0.0002:r=44100:seed=3";
    let quiet = sounds.make_from(quiet, "quiet.flac", &[]);
    assert!(check(&quiet, &UNKNOWN).is_ok(), "a quiet track");
}

#[test]
fn an_encrypted_file_is_called_encrypted() {
    let sounds = Sounds::new();
    let key = format!("{:032x}", std::process::id());
    let path = sounds.make(
        "drm.mp4",
        &[
            "-c:a",
            "aac",
            "-encryption_scheme",
            "cenc-aes-ctr",
            "-encryption_key",
            &key,
            "-encryption_kid",
            &key,
        ],
    );
    let error = refusal(&path, &UNKNOWN);
    assert!(matches!(error, VerifyError::Encrypted { .. }), "{error}");
}

#[test]
fn a_video_is_no_track() {
    let sounds = Sounds::new();
    let to = sounds.make_from(
        "testsrc=d=2:s=64x64[out0];sine=d=2[out1]",
        "clip.mp4",
        &["-c:v", "mpeg4", "-c:a", "aac"],
    );
    let error = refusal(&to, &UNKNOWN);
    assert!(error.to_string().contains("a video"), "{error}");
}

#[test]
fn fragmented_mp4_is_read_to_its_end() {
    let sounds = Sounds::new();
    let args = [
        "-c:a",
        "aac",
        "-movflags",
        "frag_keyframe+empty_moov",
        "-frag_duration",
        "1000000",
    ];
    let path = sounds.make("fragments.m4a", &args);
    let verified = check(&path, &wanted(4_000)).unwrap();
    assert!(
        (3_990..=4_060).contains(&verified.duration_ms),
        "{verified:?}"
    );
    assert!(is_fragmented(&path).unwrap());
    assert!(!is_fragmented(&sounds.format("aac.m4a")).unwrap());
    let cut = cut(&sounds, &path, 70);
    assert!(check(&cut, &UNKNOWN).is_err(), "cut");
}

/// What the configuration of an AAC decoder says of itself (ISO 14496-3, 1.6.2.1): the profile
/// on top, the number of channels below it.
struct HighEfficiency {
    object_type: u64,
    channels: u64,
}

const HE_AAC: HighEfficiency = HighEfficiency {
    object_type: 5,
    channels: 2,
};
const HE_AAC_V2: HighEfficiency = HighEfficiency {
    object_type: 29,
    channels: 1,
};

impl HighEfficiency {
    /// ffmpeg has no encoder for it, but its low half is AAC of half the rate. So this is that
    /// in MP4, whose configuration announces the upper half as encoders for HE-AAC do; in the
    /// packets there is none of it, and decoders double the rate without it.
    fn make(&self, sounds: &Sounds, name: &str) -> std::path::PathBuf {
        let channels = self.channels.to_string();
        let path = sounds.path(name);
        let low = noise(4.0).replace("44100", "24000");
        let args = ["-ac", &channels, "-c:a", "aac", "-b:a", "48k"];
        let low = sounds.make_from(&low, "low.m4a", &args);
        let mut bytes = fs::read(low).unwrap();
        let after = |from: usize, words: &[u8]| {
            let found = bytes[from..].windows(words.len()).position(|w| w == words);
            from + found.unwrap() + words.len()
        };
        let at = after(after(0, b"esds"), &[0x05, 0x80, 0x80, 0x80]) + 1;
        assert_eq!(bytes[at - 1], 5, "bytes of the configuration");
        // 24 kHz has index 6, 48 kHz has 3, and 2 is the profile of the low half.
        let fields = [
            (self.object_type, 5),
            (6, 4),
            (self.channels, 4),
            (3, 4),
            (2, 5),
            (0, 3),
        ];
        let packed = fields
            .iter()
            .fold((0, 40), |(packed, left), (value, bits)| {
                (packed | value << (left - bits), left - bits)
            });
        bytes[at..at + 5].copy_from_slice(&u64::to_be_bytes(packed.0)[3..]);
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn with_ffmpeg() -> Verifier {
    let path = std::env::var_os("PATH");
    Verifier {
        ffmpeg: Ffmpeg::find(None, path.as_deref()),
        fingerprints: false,
    }
}

#[test]
fn he_aac_is_decoded_by_ffmpeg_to_its_end_and_without_it_its_packets_are_counted() {
    let sounds = Sounds::new();
    let counted = Check::PacketsOnly {
        why: "there is no ffmpeg".to_owned(),
    };
    for (name, kind) in [("he.m4a", HE_AAC), ("he2.m4a", HE_AAC_V2)] {
        let path = kind.make(&sounds, name);
        for (verifier, expected) in [
            (with_ffmpeg(), Check::DecodedByFfmpeg),
            (Verifier::default(), counted.clone()),
        ] {
            let verified = verifier
                .check(&path, &wanted(4_000))
                .unwrap_or_else(|error| panic!("{name}, {expected}: {error}"));
            assert_eq!(verified.check, expected, "{name}");
            assert_eq!(
                (verified.codec, verified.extension),
                (Codec::Aac, "m4a"),
                "{name}"
            );
            // As the container names it: of the lower half, or of both.
            assert!(
                [24_000, 48_000].contains(&verified.sample_rate),
                "{name}: {verified:?}"
            );
            assert!(
                (3_990..=4_060).contains(&verified.duration_ms),
                "{name}: {verified:?}"
            );
        }
        let error = with_ffmpeg().check(&path, &wanted(8_000)).unwrap_err();
        assert!(matches!(error, VerifyError::TooShort { .. }), "{error:?}");
    }
}

#[test]
fn damaged_packets_of_he_aac_are_found_by_who_decodes_them() {
    let sounds = Sounds::new();
    let mut bytes = fs::read(HE_AAC.make(&sounds, "he.m4a")).unwrap();
    let data = bytes.windows(4).position(|w| w == b"mdat").unwrap();
    let middle = data + 8_000;
    for (at, byte) in bytes[middle..middle + 4_000].iter_mut().enumerate() {
        *byte = (at * 37 % 251) as u8;
    }
    let path = sounds.write("damaged.m4a", &bytes);
    let error = with_ffmpeg().check(&path, &UNKNOWN).unwrap_err();
    assert!(matches!(error, VerifyError::Corrupt { .. }), "{error:?}");
    let told = check(&path, &UNKNOWN).unwrap().check;
    assert!(matches!(told, Check::PacketsOnly { .. }), "{told:?}");
}

#[test]
fn every_usual_way_to_encode_passes() {
    let sounds = Sounds::new();
    let music = "aevalsrc=0.6*sin(440*2*PI*t)*exp(-2*mod(t\\,1))+0.3*random(0)*lt(mod(t\\,0.5)\\,0.05)|0.5*sin(220*2*PI*t):d=4:s=44100";
    for (name, args) in [
        (
            "8bit.flac",
            &["-c:a", "flac", "-compression_level", "12", "-ac", "1"][..],
        ),
        (
            "surround.flac",
            &["-c:a", "flac", "-ac", "6", "-ar", "48000"],
        ),
        (
            "hires.flac",
            &["-c:a", "flac", "-sample_fmt", "s32", "-ar", "192000"],
        ),
        ("mono.mp3", &["-ac", "1", "-b:a", "64k", "-ar", "22050"]),
        ("low.mp3", &["-b:a", "16k", "-ar", "8000", "-ac", "1"]),
        ("320.mp3", &["-b:a", "320k", "-ar", "48000"]),
        ("abr.mp3", &["-b:a", "160k", "-abr", "1"]),
        ("left_right.mp3", &["-b:a", "128k", "-joint_stereo", "0"]),
        (
            "without_reservoir.mp3",
            &["-b:a", "128k", "-reservoir", "0"],
        ),
        ("other.mp3", &["-c:a", "libshine", "-b:a", "128k"]),
        ("v9.mp3", &["-q:a", "9"]),
        ("v0.mp3", &["-q:a", "0"]),
        ("mono.m4a", &["-c:a", "aac", "-ac", "1", "-b:a", "48k"]),
        ("low.m4a", &["-c:a", "aac", "-b:a", "24k"]),
        ("high.m4a", &["-c:a", "aac", "-b:a", "320k", "-ar", "48000"]),
        (
            "fast.m4a",
            &["-c:a", "aac", "-aac_coder", "fast", "-aac_pns", "1"],
        ),
        ("surround.m4a", &["-c:a", "aac", "-ac", "6"]),
        ("hires.m4a", &["-c:a", "aac", "-ar", "96000"]),
        (
            "24.m4a",
            &["-c:a", "alac", "-sample_fmt", "s32p", "-ar", "96000"],
        ),
        ("opus.m4a", &["-c:a", "libopus", "-f", "mp4"]),
        ("flac.m4a", &["-c:a", "flac", "-f", "mp4", "-strict", "-2"]),
        ("flac.ogg", &["-c:a", "flac"]),
        ("low.ogg", &["-c:a", "libvorbis", "-q:a", "-1"]),
        (
            "high.ogg",
            &["-c:a", "libvorbis", "-q:a", "10", "-ar", "96000"],
        ),
        ("surround.ogg", &["-c:a", "libvorbis", "-ac", "6"]),
        (
            "speech.opus",
            &["-c:a", "libopus", "-application", "voip", "-b:a", "12k"],
        ),
        (
            "long_frames.opus",
            &["-c:a", "libopus", "-frame_duration", "60"],
        ),
        (
            "short_frames.opus",
            &["-c:a", "libopus", "-frame_duration", "2.5"],
        ),
        (
            "pages.opus",
            &["-c:a", "libopus", "-page_duration", "20000"],
        ),
        ("u8.wav", &["-c:a", "pcm_u8"]),
        ("24.wav", &["-c:a", "pcm_s24le"]),
        ("float.wav", &["-c:a", "pcm_f32le"]),
        ("law.wav", &["-c:a", "pcm_alaw"]),
        ("little.aiff", &["-c:a", "pcm_s16le"]),
        ("mono.aac", &["-c:a", "aac", "-ac", "1"]),
    ] {
        let path = sounds.make_from(music, name, args);
        match check(&path, &wanted(4_000)) {
            Ok(found) => assert!(
                (3_980..=4_120).contains(&found.duration_ms),
                "{name}: {found:?}"
            ),
            Err(error) => panic!("{name}: {error}"),
        }
        let percents = if name.ends_with("opus.m4a") {
            &[70][..]
        } else {
            &[50, 95]
        };
        for percent in percents {
            let cut = cut(&sounds, &path, *percent);
            assert!(check(&cut, &UNKNOWN).is_err(), "{name} at {percent} %");
        }
    }
}

/// Files that are strange but whole: refusing one sends a user to a worse source for nothing.
#[test]
fn strange_but_whole_files_pass() {
    let sounds = Sounds::new();
    let read = |path: &Path| fs::read(path).unwrap();
    let id3v1 = [&b"TAG"[..], &[b'x'; 125]].concat();
    let id3v2 = |pad: usize| {
        let size = [
            0,
            (pad >> 14) as u8 & 127,
            (pad >> 7) as u8 & 127,
            pad as u8 & 127,
        ];
        [&b"ID3\x04\0\0"[..], &size, &vec![0; pad]].concat()
    };
    let mp3 = read(&sounds.format("cbr.mp3"));
    let bare = read(&sounds.format("bare.mp3"));
    let flac = read(&sounds.format("16.flac"));
    let adts = read(&sounds.format("adts.aac"));
    let wav = read(&sounds.format("pcm.wav"));
    let mut endless_wav = wav.clone();
    let data = wav.windows(4).position(|w| w == b"data").unwrap();
    endless_wav[4..8].fill(0xff);
    endless_wav[data + 4..data + 8].fill(0xff);
    let mut lengthless_flac = flac.clone();
    // The count of samples is the low half of byte 21 and bytes 22 to 25; the digest follows.
    lengthless_flac[21] &= 0xf0;
    lengthless_flac[22..42].fill(0);
    for (what, bytes) in [
        ("an ID3v1 tag behind MP3", [&mp3[..], &id3v1].concat()),
        ("an ID3v1 tag behind FLAC", [&flac[..], &id3v1].concat()),
        (
            "an ID3v2 tag before FLAC",
            [&id3v2(500), &flac[..]].concat(),
        ),
        (
            "an ID3v2 tag before ADTS",
            [&id3v2(500), &adts[..]].concat(),
        ),
        (
            "two ID3v2 tags",
            [&id3v2(9), &id3v2(70_000), &mp3[..]].concat(),
        ),
        (
            "zeros between tag and MP3",
            [&id3v2(10), &[0; 3000][..], &mp3].concat(),
        ),
        (
            "a tag in the middle of MP3",
            [&bare[..], &id3v2(900), &bare].concat(),
        ),
        (
            "a last frame cut before a tag",
            [&bare[..bare.len() - 99], &id3v1].concat(),
        ),
        ("WAV of unknown size", endless_wav),
        ("FLAC of unknown length without digest", lengthless_flac),
    ] {
        let path = sounds.write("strange", &bytes);
        if let Err(error) = check(&path, &UNKNOWN) {
            panic!("{what}: {error}");
        }
    }
}

#[test]
fn the_last_frame_of_a_flac_without_length_is_missed() {
    let sounds = Sounds::new();
    let mut bytes = fs::read(sounds.format("16.flac")).unwrap();
    bytes[21] &= 0xf0;
    bytes[22..42].fill(0);
    bytes.truncate(bytes.len() - 500);
    let error = refusal(&sounds.write("live.flac", &bytes), &UNKNOWN);
    assert!(matches!(error, VerifyError::Truncated { .. }), "{error:?}");
}

#[test]
fn an_mp4_with_an_edit_list_is_as_long_as_its_samples() {
    let sounds = Sounds::new();
    let path = sounds.format("aac.m4a");
    let late = sounds.path("late.m4a");
    let status = std::process::Command::new("ffmpeg")
        .args([
            "-y",
            "-nostdin",
            "-loglevel",
            "error",
            "-itsoffset",
            "1.5",
            "-i",
        ])
        .args([
            path.as_os_str(),
            "-c".as_ref(),
            "copy".as_ref(),
            late.as_os_str(),
        ])
        .status()
        .unwrap();
    assert!(status.success());
    assert!(check(&late, &wanted(4_000)).is_ok(), "starts late");
    let part = sounds.remake(&path, "part.m4a", &["-ss", "1.3", "-c", "copy"]);
    check(&part, &wanted(2_700)).unwrap();
}

#[test]
fn an_ogg_stream_cut_out_of_a_longer_one_passes() {
    let sounds = Sounds::new();
    for name in ["vorbis.ogg", "opus.opus"] {
        let path = sounds.format(name);
        let part = sounds.remake(
            &path,
            &format!("part.{name}"),
            &["-ss", "2", "-c", "copy", "-copyts"],
        );
        check(&part, &wanted(2_000)).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn an_ogg_without_its_end_mark_is_believed_when_its_length_is_the_wanted_one() {
    let sounds = Sounds::new();
    let bytes = fs::read(sounds.format("vorbis.ogg")).unwrap();
    let last = bytes.windows(4).rposition(|w| w == b"OggS").unwrap();
    let path = sounds.write("open.ogg", &bytes[..last]);
    let found = match refusal(&path, &UNKNOWN) {
        VerifyError::Truncated { found_ms, .. } => found_ms,
        other => panic!("{other}"),
    };
    assert!(check(&path, &wanted(found)).is_ok());
    assert!(check(&path, &wanted(found + 1_500)).is_err());
}

#[test]
fn chained_ogg_streams_are_added_up() {
    let sounds = Sounds::new();
    let first = fs::read(sounds.format("vorbis.ogg")).unwrap();
    let second = sounds.make_from(
        "sine=d=3",
        "second.ogg",
        &["-c:a", "libvorbis", "-serial_offset", "99"],
    );
    let path = sounds.write("chain.ogg", &[first, fs::read(second).unwrap()].concat());
    let verified = check(&path, &wanted(7_000)).unwrap();
    assert!(
        (6_900..=7_100).contains(&verified.duration_ms),
        "{verified:?}"
    );
}

#[test]
fn the_hash_is_of_the_audio_and_of_nothing_else() {
    let sounds = Sounds::new();
    for name in [
        "16.flac",
        "cbr.mp3",
        "aac.m4a",
        "vorbis.ogg",
        "opus.opus",
        "pcm.wav",
    ] {
        let plain = sounds.format(name);
        let tagged = sounds.remake(
            &plain,
            &format!("tagged.{name}"),
            &[
                "-c",
                "copy",
                "-metadata",
                "title=Another",
                "-metadata",
                "genre=Long enough to move",
            ],
        );
        let other = sounds.make_from("sine=d=4", &format!("other.{name}"), {
            FORMATS.iter().find(|(n, _)| *n == name).unwrap().1
        });
        let hash = |path: &Path| payload_hash(path).unwrap();
        assert_eq!(hash(&plain), hash(&tagged), "{name}");
        assert_ne!(hash(&plain), hash(&other), "{name}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error_of_the_system() {
    let sounds = Sounds::new();
    for path in [sounds.path("absent.flac"), sounds.path("")] {
        let error = refusal(&path, &UNKNOWN);
        assert!(matches!(error, VerifyError::Io { .. }), "{error}");
    }
}

#[test]
fn a_panic_in_a_decoder_is_a_refusal() {
    let error = contained::<()>(|| panic!("index out of bounds")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "damaged: the decoder failed on it (index out of bounds)"
    );
}

#[test]
fn damage_anywhere_never_hangs_or_ends_the_program() {
    let sounds = Sounds::new();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize
    };
    for (name, encoder) in FORMATS {
        let bytes = fs::read(sounds.make_from(&noise(0.5), name, encoder)).unwrap();
        for _ in 0..30 {
            let mut damaged = bytes.clone();
            for _ in 0..1 + next() % 8 {
                // Half of the damage goes to the headers, where it does most.
                let range = if next() % 2 == 0 {
                    bytes.len()
                } else {
                    bytes.len().min(600)
                };
                damaged[next() % range] = next() as u8;
            }
            let start = cpu_time();
            let path = sounds.write("fuzzed", &damaged);
            let _ = check(&path, &UNKNOWN);
            let _ = payload_hash(&path);
            assert!((cpu_time() - start).as_secs() < 5, "{name}");
        }
    }
}
