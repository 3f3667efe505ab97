//! Makes a picture smaller, so that it may go into files.

use std::ffi::OsString;
use std::path::Path;

use super::{ConvertError, run};
use crate::ffmpeg::{self, Ffmpeg};
use crate::tagging::{Cover, CoverLimits};

/// Qualities of the JPEG encoder, from one that nobody tells from the original to one that
/// still shows what is on the cover (ffmpeg, `-q:v`).
const QUALITIES: [u8; 4] = [2, 4, 7, 12];
const LEAST_QUALITY: u8 = 20;

/// Pixels below which a picture shows nothing.
const LEAST_SIDE: u32 = 32;

/// What a picture may be while it is made.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The picture as a JPEG within those limits: no larger than needed, then at the best quality
/// that has few enough bytes. `scratch` is a free path.
///
/// # Errors
/// When ffmpeg cannot read it, or no picture that shows something has so few bytes.
pub fn scaled_down(
    ffmpeg: &Ffmpeg,
    cover: &Cover,
    limits: CoverLimits,
    scratch: &Path,
) -> Result<Cover, ConvertError> {
    let useless = |why: &dyn std::fmt::Display| ConvertError::Useless(why.to_string());
    std::fs::write(scratch, cover.data()).map_err(|error| useless(&error))?;
    let (width, height) = cover.size();
    let longer = width.max(height);
    let mut side = limits.most_side.unwrap_or(longer).min(longer);
    let made = |side, quality| {
        let made = jpeg(ffmpeg, cover, scratch, side, quality)?;
        Cover::new(made).map_err(|error| useless(&error))
    };
    let found = loop {
        // The least first: a size at which even that does not fit is tried once.
        let least = made(side, LEAST_QUALITY)?;
        if limits.allow(&least) {
            let better = QUALITIES.iter().map(|quality| made(side, *quality));
            let fits = |made: &Result<Cover, _>| made.as_ref().is_ok_and(|made| limits.allow(made));
            break better.into_iter().find(fits).unwrap_or(Ok(least));
        }
        side = side / 4 * 3;
        if side < LEAST_SIDE {
            break Err(useless(&"no picture that shows something has so few bytes"));
        }
    };
    std::fs::remove_file(scratch).map_err(|error| useless(&error))?;
    found
}

fn jpeg(
    ffmpeg: &Ffmpeg,
    cover: &Cover,
    from: &Path,
    side: u32,
    quality: u8,
) -> Result<Vec<u8>, ConvertError> {
    // Told what the picture is, it does not guess.
    let demuxer = match cover.extension() {
        "png" => "png_pipe",
        "webp" => "webp_pipe",
        _ => "jpeg_pipe",
    };
    let mut arguments: Vec<OsString> = ["-protocol_whitelist", "file,pipe", "-f", demuxer, "-i"]
        .map(OsString::from)
        .to_vec();
    arguments.push(ffmpeg::file(from));
    let scale =
        format!("scale='min({side},iw)':'min({side},ih)':force_original_aspect_ratio=decrease");
    let quality = quality.to_string();
    let output = [
        "-frames:v",
        "1",
        "-vf",
        &scale,
        "-pix_fmt",
        "yuvj444p",
        "-q:v",
        &quality,
        "-c:v",
        "mjpeg",
        "-f",
        "image2pipe",
        "pipe:1",
    ];
    arguments.extend(output.map(OsString::from));
    let mut made = Vec::new();
    run(ffmpeg, &arguments, 0, |bytes| {
        made.extend_from_slice(bytes);
        if made.len() > MOST_BYTES {
            return Err(ConvertError::Useless("it does not end".to_owned()));
        }
        Ok(())
    })?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::tests::sounds::Sounds;

    /// Noise, which no encoder makes small, of that format.
    fn noise(sounds: &Sounds, name: &str) -> Cover {
        let path = sounds.path(name);
        let status = std::process::Command::new("ffmpeg")
            .args(["-loglevel", "error", "-nostdin", "-f", "lavfi", "-i"])
            .arg("nullsrc=s=640x400:d=0.04,geq=random(1)*255:128:128")
            .args(["-frames:v", "1"])
            .arg(&path)
            .status();
        assert!(status.expect("ffmpeg is installed").success());
        Cover::new(std::fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn a_picture_becomes_no_smaller_than_it_must() {
        let sounds = Sounds::new();
        let path = std::env::var_os("PATH");
        let ffmpeg = Ffmpeg::find(None, path.as_deref()).unwrap();
        let scratch = sounds.path("scratch");
        for name in ["a.png", "a.jpg", "a.webp"] {
            let cover = noise(&sounds, name);
            let small = |most_side, most_bytes| {
                let limits = CoverLimits {
                    most_side,
                    most_bytes,
                };
                let made = scaled_down(&ffmpeg, &cover, limits, &scratch);
                assert!(!scratch.exists());
                made
            };
            let narrow = small(Some(320), None).unwrap();
            assert_eq!(narrow.size(), (320, 200), "{name}");
            assert_eq!(narrow.mime(), "image/jpeg");
            let light = small(None, Some(30_000)).unwrap();
            assert!(light.data().len() <= 30_000, "{light:?}");
            assert!(light.data().len() > 5_000, "{light:?}");
            let error = small(None, Some(100)).unwrap_err().to_string();
            assert!(error.contains("has so few bytes"), "{error}");
        }
    }
}
