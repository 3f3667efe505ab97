//! What Lidarr says of a file's audio. The host measures for itself; this is what it can
//! compare with.

use musicdl_plugin_api::Extra;

use crate::records::{MediaInfo, TrackFile};

/// The codec in the contract's words; `None` where Lidarr does not say, or only a container.
pub(crate) fn codec(file: &TrackFile) -> Option<String> {
    let info = file.media_info.as_ref();
    let said = info.and_then(|info| info.audio_codec.as_deref());
    let name = quality_name(file);
    [said, name].into_iter().flatten().find_map(codec_of)
}

/// `FLAC`, `MP3 (VBR)`, `AAC-256`, `OGG Vorbis Q9`.
fn codec_of(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let known = [
        ("flac", "flac"),
        ("mp3", "mp3"),
        ("aac", "aac"),
        ("alac", "alac"),
        ("opus", "opus"),
        ("vorbis", "vorbis"),
        ("wav", "pcm"),
        ("pcm", "pcm"),
        ("wma", "wma"),
        ("ape", "ape"),
        ("wavpack", "wavpack"),
    ];
    known
        .into_iter()
        .find(|(word, _)| words.contains(word))
        .map(|(_, codec)| codec.to_owned())
}

fn quality_name(file: &TrackFile) -> Option<&str> {
    file.quality.as_ref()?.quality.as_ref()?.name.as_deref()
}

/// Quality, bitrate (bit/s), sample rate (Hz) and bit depth, as pairs.
pub(crate) fn facts(file: &TrackFile) -> Extra {
    let info = file.media_info.clone().unwrap_or_default();
    let MediaInfo {
        audio_bit_rate,
        audio_bits,
        audio_sample_rate,
        audio_codec: _,
    } = info;
    let number = |text: Option<String>, factor: f64| {
        let number = leading_number(&text?)? * factor;
        (number >= 1.0).then(|| format!("{number:.0}"))
    };
    [
        ("quality", quality_name(file).map(str::to_owned)),
        ("bitrate", number(audio_bit_rate, 1_000.0)),
        ("sample_rate", number(audio_sample_rate, 1_000.0)),
        ("bit_depth", number(audio_bits, 1.0)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
}

/// The number a text begins with: of `44.1kHz`, `945 kbps`, `16bit`.
fn leading_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_units_become_numbers() {
        let file = serde_json::from_str(
            r#"{"quality":{"quality":{"id":6,"name":"FLAC 24bit"}},
                "mediaInfo":{"audioBitRate":"945 kbps","audioCodec":"FLAC","audioBits":"24bit",
                             "audioSampleRate":"44.1kHz"}}"#,
        );
        let file: TrackFile = file.unwrap();
        let facts = facts(&file);
        let expected = [
            ("quality", "FLAC 24bit"),
            ("bitrate", "945000"),
            ("sample_rate", "44100"),
            ("bit_depth", "24"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(facts, expected);
        let bare = r#"{"mediaInfo":{"audioBitRate":"0 kbps","audioBits":""}}"#;
        let bare: TrackFile = serde_json::from_str(bare).unwrap();
        assert_eq!((super::facts(&bare), codec(&bare)), (Extra::new(), None));
    }

    #[test]
    fn the_codec_is_taken_from_whoever_names_one() {
        for (said, name, expected) in [
            ("FLAC", "MP3-320", Some("flac")),
            ("", "MP3-320", Some("mp3")),
            ("MP3 (VBR)", "", Some("mp3")),
            ("Opus", "OGG Vorbis Q9", Some("opus")),
            ("", "OGG Vorbis Q9", Some("vorbis")),
            ("", "AAC-VBR", Some("aac")),
            ("", "ALAC 24bit", Some("alac")),
            ("", "WAV", Some("pcm")),
            ("PCM", "", Some("pcm")),
            ("", "Unknown", None),
        ] {
            let file: TrackFile = serde_json::from_value(serde_json::json!({
                "quality": {"quality": {"name": name}},
                "mediaInfo": {"audioCodec": said},
            }))
            .unwrap();
            assert_eq!(codec(&file).as_deref(), expected, "{said} {name}");
        }
    }
}
