//! The header of each MPEG audio frame, and where a file starts to consist of such frames.
//! Figures from ISO 11172-3 and 13818-3.

/// The four bytes in front of each frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5.
    version: u8,
    /// 3 is layer I, 2 is layer II, 1 is layer III.
    layer: u8,
    /// Hz.
    sample_rate: u32,
    /// Bytes of the whole frame.
    pub(super) len: u32,
    mono: bool,
}

impl FrameHeader {
    /// Reads a header; `None` if these bytes are none. Frames of free format, whose size no
    /// header tells, count as none.
    pub(super) fn parse(bytes: [u8; 4]) -> Option<Self> {
        const LAYER_1: [u32; 14] = [
            32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
        ];
        const LAYER_2: [u32; 14] = [
            32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
        ];
        const LAYER_3: [u32; 14] = [
            32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
        ];
        const LAYER_1_LOW: [u32; 14] = [
            32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
        ];
        const LAYER_2_3_LOW: [u32; 14] =
            [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

        let [sync, kind, rates, mode] = bytes;
        let version = kind >> 3 & 3;
        let layer = kind >> 1 & 3;
        let index = usize::from(rates >> 4);
        let rate = usize::from(rates >> 2 & 3);
        if sync != 0xff || kind & 0xe0 != 0xe0 || version == 1 || layer == 0 || rate == 3 {
            return None;
        }
        let table = match (version, layer) {
            (3, 3) => &LAYER_1,
            (3, 2) => &LAYER_2,
            (3, _) => &LAYER_3,
            (_, 3) => &LAYER_1_LOW,
            (_, _) => &LAYER_2_3_LOW,
        };
        let bitrate = table.get(index.checked_sub(1)?)? * 1000;
        let sample_rate = [44_100, 48_000, 32_000][rate]
            >> (if version == 3 { 0 } else { 1 })
            >> (if version == 0 { 1 } else { 0 });
        let padding = u32::from(rates >> 1 & 1);
        let len = match (version, layer) {
            (_, 3) => (12 * bitrate / sample_rate + padding) * 4,
            (0 | 2, 1) => 72 * bitrate / sample_rate + padding,
            (_, _) => 144 * bitrate / sample_rate + padding,
        };
        Some(Self {
            version,
            layer,
            sample_rate,
            len,
            mono: mode >> 6 == 3,
        })
    }

    pub(super) fn is_layer_3(self) -> bool {
        self.layer == 1
    }

    pub(super) fn is_layer_1(self) -> bool {
        self.layer == 3
    }

    /// Whether both can belong to one stream: bitrate and padding may change, no more.
    pub(super) fn goes_with(self, other: Self) -> bool {
        (self.version, self.layer, self.sample_rate)
            == (other.version, other.layer, other.sample_rate)
    }

    /// Where a Xing or Info block stands in a frame: behind header and side information.
    pub(super) fn info_offset(self) -> usize {
        match (self.version, self.mono) {
            (3, false) => 36,
            (3, true) | (_, false) => 21,
            (_, true) => 13,
        }
    }
}

/// The first place where frames follow each other, three in a row or up to the end of `head`.
pub(super) fn first_frame(head: &[u8]) -> Option<(usize, FrameHeader)> {
    let header = |at: usize| FrameHeader::parse(head.get(at..at + 4)?.try_into().ok()?);
    (0..head.len().saturating_sub(3)).find_map(|start| {
        let first = header(start)?;
        let mut at = start;
        for _ in 0..3 {
            match header(at) {
                Some(next) if next.goes_with(first) => at += next.len as usize,
                Some(_) => return None,
                // The head ends here; one frame in full is enough only if it is all there is.
                None if at + 4 > head.len() && at > start => break,
                None => return None,
            }
        }
        Some((start, first))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_sizes_are_those_of_the_standard() {
        for (bytes, rate, len) in [
            ([0xff, 0xfb, 0x90, 0x64], 44_100, 417),
            ([0xff, 0xfb, 0x92, 0x64], 44_100, 418),
            ([0xff, 0xfb, 0xe4, 0x64], 48_000, 960),
            ([0xff, 0xf3, 0x80, 0xc4], 22_050, 208),
            ([0xff, 0xe3, 0x18, 0xc4], 8_000, 72),
        ] {
            let header = FrameHeader::parse(bytes).unwrap();
            assert_eq!(
                (header.sample_rate, header.len),
                (rate, len),
                "{bytes:02x?}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_frame_is_none() {
        for bytes in [
            [0xff, 0xfb, 0x00, 0x64],
            [0xff, 0xfb, 0xf0, 0x64],
            [0xff, 0xfb, 0x9c, 0x64],
            [0xff, 0xeb, 0x90, 0x64],
            [0xff, 0xd8, 0xff, 0xe0],
        ] {
            assert_eq!(FrameHeader::parse(bytes), None, "{bytes:02x?}");
        }
    }
}
