//! Lossless files that were lossy once, and such as only sound like it.

use std::path::PathBuf;

use super::sounds::{Sounds, noise};
use crate::tagging;
use crate::verify::*;

/// Music of a kind: chords that decay, with cymbals; treble comes and goes with them.
fn music() -> String {
    let left = "0.3*sin(440*2*PI*t)*exp(-2*mod(t\\,1))+0.2*sin(1320*2*PI*t)*exp(-4*mod(t\\,0.5))\
                +0.5*(random(0)-0.5)*exp(-9*mod(t\\,0.5))";
    let right = "0.3*sin(330*2*PI*t)*exp(-2*mod(t\\,1))+0.4*(random(1)-0.5)*exp(-6*mod(t\\,0.25))";
    format!("aevalsrc={left}|{right}:d=8:s=44100")
}

const FLAC: [&str; 4] = ["-c:a", "flac", "-sample_fmt", "s16"];

/// What the file of one sound reads as, after it was coded by each of these in turn.
fn reading(sounds: &Sounds, source: &str, codings: &[&[&str]]) -> Option<Cutoff> {
    let mut path: PathBuf = sounds.make_from(source, "0.flac", &FLAC);
    for (at, coding) in codings.iter().enumerate() {
        let (name, args) = coding.split_first().unwrap();
        path = sounds.remake(&path, &format!("{}.{name}", at + 1), args);
    }
    check(&path, &Expected::default()).unwrap().cutoff
}

#[test]
fn a_transcode_is_told_by_its_cut_off() {
    let sounds = Sounds::new();
    let flac: &[&str] = &["flac", "-c:a", "flac", "-sample_fmt", "s16"];
    for (what, coding, about_khz) in [
        (
            "MP3 128",
            &["mp3", "-c:a", "libmp3lame", "-b:a", "128k"][..],
            16.8,
        ),
        (
            "MP3 192",
            &["mp3", "-c:a", "libmp3lame", "-b:a", "192k"],
            18.9,
        ),
        ("AAC 96", &["m4a", "-c:a", "aac", "-b:a", "96k"], 16.0),
    ] {
        for source in [noise(8.0), music()] {
            let found = reading(&sounds, &source, &[coding, flac]);
            let cutoff = found.unwrap_or_else(|| panic!("{what} of {source}"));
            let khz = f64::from(cutoff.hz) / 1000.0;
            assert!(
                (khz - about_khz).abs() < 1.5,
                "{what}: {cutoff} of {source}"
            );
            assert_eq!(cutoff.reading, Reading::Transcoded, "{what}: {cutoff}");
        }
    }
    let shown = Cutoff {
        hz: 16_000,
        drop_db: 40,
        reading: Reading::Transcoded,
    };
    assert_eq!(shown.to_string(), "looks transcoded: cut-off 16.0 kHz");
}

#[test]
fn what_was_never_lossy_has_no_cut_off() {
    let sounds = Sounds::new();
    for source in [
        noise(8.0),
        music(),
        "sine=f=440:d=8".to_owned(),
        "sine=f=15900:d=8".to_owned(),
        "anoisesrc=d=8:c=brown:r=44100:a=0.5:seed=2".to_owned(),
        "anoisesrc=d=8:c=white:r=44100:a=0.01:seed=2".to_owned(),
        "anullsrc=r=44100:cl=stereo:d=8".to_owned(),
    ] {
        let path = sounds.make_from(&source, "genuine.flac", &FLAC);
        match check(&path, &Expected::default()) {
            Ok(verified) => assert_eq!(verified.cutoff, None, "{source}"),
            Err(VerifyError::Silent { .. }) => assert!(source.starts_with("anull")),
            Err(other) => panic!("{source}: {other}"),
        }
    }
}

/// Neither by its spectrum nor by its size: mono and soft music packs into few bits, and has
/// little above the noise of its own quantisation.
#[test]
fn mono_and_quiet_music_is_not_taken_for_a_transcode() {
    let sounds = Sounds::new();
    let coloured =
        |colour: &str, rate: u32| format!("anoisesrc=d=3:c={colour}:r={rate}:a=0.5:seed=5");
    let bell = "aevalsrc=0.5*sin(880*2*PI*t)*exp(-3*mod(t\\,1))\
                +0.2*sin(5280*2*PI*t)*exp(-6*mod(t\\,1)):d=3:s=44100";
    let square = "aevalsrc=0.5*lt(mod(t*440\\,1)\\,0.5)-0.25:d=3:s=44100";
    let soft = format!("{},lowpass=f=9000", coloured("pink", 44_100));
    let mut looked_at = 0;
    for (what, source) in [
        ("pink noise", coloured("pink", 44_100)),
        ("white noise", coloured("white", 48_000)),
        ("brown noise", coloured("brown", 44_100)),
        ("pink noise in hi-res", coloured("pink", 96_000)),
        ("chords with cymbals", music()),
        ("a bell", bell.to_owned()),
        ("a square wave", square.to_owned()),
        ("a soft filter", soft),
    ] {
        for decibels in [0, -50] {
            for (channels, format) in [("1", "s16"), ("2", "s32")] {
                let quiet = format!("volume={decibels}dB:precision=double");
                let name = format!("{decibels} {channels} {format}.flac");
                let mut args = vec!["-af", quiet.as_str(), "-ac", channels];
                args.extend(["-c:a", "flac", "-sample_fmt", format]);
                let path = sounds.make_from(&source, &name, &args);
                let what = format!("{what}, {name}");
                let found = check(&path, &Expected::default())
                    .unwrap_or_else(|error| panic!("{what}: {error}"));
                let called = found
                    .cutoff
                    .filter(|cutoff| cutoff.reading != Reading::Narrow);
                assert_eq!(called, None, "{what}");
                let owned = tagging::sound(&path).unwrap();
                assert!(owned.is_lossless(), "{what}: {owned:?}");
                looked_at += 1;
            }
        }
    }
    assert_eq!(looked_at, 8 * 2 * 2);
}

/// Tape and shellac fall off slowly; a restoration cuts lower than an encoder for music does.
/// Neither is called a transcode.
#[test]
fn an_old_recording_is_not_taken_for_a_transcode() {
    let sounds = Sounds::new();
    for (what, filter) in [
        ("shellac", "lowpass=f=5000,lowpass=f=7000"),
        ("tape", "lowpass=f=12000,lowpass=f=14000"),
        ("a steep restoration", "aresample=22050,aresample=44100"),
    ] {
        let flac: &[&str] = &["flac", "-af", filter, "-c:a", "flac", "-sample_fmt", "s16"];
        let found = reading(&sounds, &noise(8.0), &[flac]);
        let claimed = found.is_some_and(|cutoff| cutoff.reading != Reading::Narrow);
        assert!(!claimed, "{what}: {found:?}");
    }
}

#[test]
fn a_cd_blown_up_to_hi_res_is_told_by_rate_and_by_bits() {
    let sounds = Sounds::new();
    let blown: &[&str] = &["flac", "-ar", "96000", "-c:a", "flac", "-sample_fmt", "s32"];
    let found = reading(&sounds, &noise(8.0), &[blown]).expect("a cut-off");
    assert_eq!(found.reading, Reading::Upsampled, "{found}");
    let padded = sounds.make_from(&noise(4.0), "cd.flac", &FLAC);
    let padded = sounds.remake(
        &padded,
        "padded.flac",
        &["-c:a", "flac", "-sample_fmt", "s32"],
    );
    let verified = check(&padded, &Expected::default()).unwrap();
    assert_eq!(
        (verified.bit_depth, verified.used_bits),
        (Some(24), Some(16))
    );
    let real = sounds.make("24.flac", &["-c:a", "flac", "-sample_fmt", "s32"]);
    let verified = check(&real, &Expected::default()).unwrap();
    assert_eq!(
        (verified.bit_depth, verified.used_bits),
        (Some(24), Some(24))
    );
}
