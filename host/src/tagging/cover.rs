//! Is this a picture that belongs into a file? Known by its first bytes; its size in pixels is
//! read from its header, nothing is decoded.

use std::fmt;

/// Bytes of the largest cover, from promise D3.
const MOST_BYTES: usize = 20 * 1024 * 1024;

/// Pixels of the largest cover, from promise D3: players decode the whole of it.
const MOST_PIXELS: u64 = 50_000_000;

/// A picture that may be embedded or stored as `cover.jpg`.
#[derive(Clone, PartialEq, Eq)]
pub struct Cover {
    data: Vec<u8>,
    format: Format,
    width: u32,
    height: u32,
}

/// How large a picture in a file may be; `None` where only players set a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoverLimits {
    /// Pixels of the longer side.
    pub most_side: Option<u32>,
    /// Bytes.
    pub most_bytes: Option<u64>,
}

impl CoverLimits {
    /// Whether that picture is within them.
    pub fn allow(self, cover: &Cover) -> bool {
        let (width, height) = cover.size();
        let bytes = cover.data().len() as u64;
        self.most_side.is_none_or(|most| width.max(height) <= most)
            && self.most_bytes.is_none_or(|most| bytes <= most)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Jpeg,
    Png,
    WebP,
}

/// Why a picture is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoverError {
    /// Neither JPEG, PNG nor WebP.
    #[error("the cover is no JPEG, PNG or WebP picture")]
    UnknownFormat,
    /// The header of the picture is damaged or cut.
    #[error("the cover is damaged: it does not say its size")]
    Damaged,
    /// More bytes than anybody needs.
    #[error("the cover has {0} bytes, more than 20 MiB")]
    TooLarge(usize),
    /// More pixels than players can show.
    #[error("the cover has {width} x {height} pixels, more than 50 million")]
    TooManyPixels {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
}

impl Cover {
    /// Takes the bytes of a picture.
    ///
    /// # Errors
    /// When it is none, or too large.
    pub fn new(data: Vec<u8>) -> Result<Self, CoverError> {
        if data.len() > MOST_BYTES {
            return Err(CoverError::TooLarge(data.len()));
        }
        let (format, size) = if data.starts_with(b"\x89PNG\r\n\x1a\n") {
            (Format::Png, png_size(&data))
        } else if data.starts_with(b"\xff\xd8\xff") {
            (Format::Jpeg, jpeg_size(&data))
        } else if data.starts_with(b"RIFF") && data.get(8..12) == Some(b"WEBP") {
            (Format::WebP, webp_size(&data))
        } else {
            return Err(CoverError::UnknownFormat);
        };
        let (width, height) = size
            .filter(|(width, height)| *width > 0 && *height > 0)
            .ok_or(CoverError::Damaged)?;
        if u64::from(width) * u64::from(height) > MOST_PIXELS {
            return Err(CoverError::TooManyPixels { width, height });
        }
        Ok(Self {
            data,
            format,
            width,
            height,
        })
    }

    /// Its bytes, as they were given.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// `image/jpeg`, `image/png` or `image/webp`.
    pub fn mime(&self) -> &'static str {
        match self.format {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::WebP => "image/webp",
        }
    }

    /// The extension of a file of it, without the dot.
    pub fn extension(&self) -> &'static str {
        match self.format {
            Format::Jpeg => "jpg",
            Format::Png => "png",
            Format::WebP => "webp",
        }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}

impl fmt::Debug for Cover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Cover({}, {} x {}, {} bytes)",
            self.mime(),
            self.width,
            self.height,
            self.data.len()
        )
    }
}

fn png_size(data: &[u8]) -> Option<(u32, u32)> {
    let field = |at: usize| Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?));
    (data.get(12..16)? == b"IHDR").then_some(())?;
    Some((field(16)?, field(20)?))
}

/// Goes from segment to segment to the start of a frame (SOF0 to SOF15).
fn jpeg_size(data: &[u8]) -> Option<(u32, u32)> {
    let short = |at: usize| Some(u16::from_be_bytes(data.get(at..at + 2)?.try_into().ok()?));
    let mut at = 2;
    loop {
        if *data.get(at)? != 0xff {
            return None;
        }
        match *data.get(at + 1)? {
            // Fill bytes, and markers without a segment.
            0xff => at += 1,
            0x01 | 0xd0..=0xd7 => at += 2,
            // Tables among the frame markers.
            0xc0..=0xcf if !matches!(data[at + 1], 0xc4 | 0xc8 | 0xcc) => {
                return Some((u32::from(short(at + 7)?), u32::from(short(at + 5)?)));
            }
            // The picture itself starts, or ends, without a frame.
            0xda | 0xd9 => return None,
            _ => at += 2 + usize::from(short(at + 2)?),
        }
    }
}

/// The three kinds of WebP each store their size in another way (RFC 9649).
fn webp_size(data: &[u8]) -> Option<(u32, u32)> {
    let bytes = |at: usize, count: usize| {
        let part = data.get(at..at + count)?;
        Some(
            part.iter()
                .rev()
                .fold(0u32, |sum, b| sum << 8 | u32::from(*b)),
        )
    };
    match data.get(12..16)? {
        b"VP8X" => Some((bytes(24, 3)? + 1, bytes(27, 3)? + 1)),
        b"VP8L" => {
            let bits = bytes(21, 4)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => Some((bytes(26, 2)? & 0x3fff, bytes(28, 2)? & 0x3fff)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut data = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        data.extend(width.to_be_bytes());
        data.extend(height.to_be_bytes());
        data
    }

    fn jpeg(marker: u8, width: u16, height: u16) -> Vec<u8> {
        let mut data = b"\xff\xd8\xff\xe0\0\x04JF\xff\xff\xc4\0\x03x".to_vec();
        data.extend([0xff, marker, 0, 17, 8]);
        data.extend(height.to_be_bytes());
        data.extend(width.to_be_bytes());
        data
    }

    #[test]
    fn a_picture_is_known_by_content_and_its_size_is_read() {
        for (data, mime, size) in [
            (png(600, 500), "image/png", (600, 500)),
            (jpeg(0xc0, 640, 480), "image/jpeg", (640, 480)),
            (jpeg(0xc2, 3000, 3000), "image/jpeg", (3000, 3000)),
            (
                b"RIFF....WEBPVP8X\x0a\0\0\0\0\0\0\0\x57\x02\0\xf3\x01\0".to_vec(),
                "image/webp",
                (600, 500),
            ),
            (
                b"RIFF....WEBPVP8 ....\0\0\0\x9d\x01\x2a\x58\x02\xf4\x01".to_vec(),
                "image/webp",
                (600, 500),
            ),
        ] {
            let cover = Cover::new(data).unwrap();
            assert_eq!((cover.mime(), cover.size()), (mime, size));
        }
    }

    #[test]
    fn what_is_too_large_or_no_picture_is_left_out_with_a_reason() {
        for (data, reason) in [
            (
                b"<html>".to_vec(),
                "the cover is no JPEG, PNG or WebP picture",
            ),
            (Vec::new(), "the cover is no JPEG, PNG or WebP picture"),
            (
                b"\x89PNG\r\n\x1a\n".to_vec(),
                "the cover is damaged: it does not say its size",
            ),
            (
                b"\xff\xd8\xff\xe0\xff\xff".to_vec(),
                "the cover is damaged: it does not say its size",
            ),
            (png(0, 10), "the cover is damaged: it does not say its size"),
            (
                png(10_000, 5_001),
                "the cover has 10000 x 5001 pixels, more than 50 million",
            ),
            (
                vec![0; MOST_BYTES + 1],
                "the cover has 20971521 bytes, more than 20 MiB",
            ),
        ] {
            assert_eq!(Cover::new(data).unwrap_err().to_string(), reason);
        }
    }
}
