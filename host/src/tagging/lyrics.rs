//! Are these lyrics, and do they have times? Knows the form that players read from `.lrc`
//! files: lines that begin with `[mm:ss.xx]`.

/// Words that are sung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lyrics {
    text: String,
    is_timed: bool,
}

/// Why lyrics are not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LyricsError {
    /// Not UTF-8.
    #[error("they are no UTF-8 text")]
    NotText,
    /// Blank, or no more than a web page.
    #[error("they are empty")]
    Empty,
    /// The answer of a web server.
    #[error("they are a web page")]
    WebPage,
}

impl Lyrics {
    /// Takes a text: line ends become `\n`, other control characters go.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(bytes: Vec<u8>) -> Result<Self, LyricsError> {
        let text = String::from_utf8(bytes).map_err(|_| LyricsError::NotText)?;
        let text = text
            .trim_start_matches('\u{feff}')
            .replace("\r\n", "\n")
            .replace('\r', "\n");
        let mut text: String = text
            .chars()
            .filter(|c| *c == '\n' || !c.is_control())
            .collect();
        text.truncate(text.trim_end().len());
        if text.trim().is_empty() {
            return Err(LyricsError::Empty);
        }
        if text.trim_start().starts_with('<') {
            return Err(LyricsError::WebPage);
        }
        let is_timed = text.lines().any(has_time);
        Ok(Self { text, is_timed })
    }

    /// The text, lines ended by `\n`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether its lines say when they are sung.
    pub fn is_timed(&self) -> bool {
        self.is_timed
    }
}

fn has_time(line: &str) -> bool {
    let stamp = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((minutes, seconds)) = stamp.and_then(|(stamp, _)| stamp.split_once(':')) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(minutes) && seconds.split(['.', ':']).all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lyrics_are_text_and_have_times_or_not() {
        for (bytes, expected) in [
            (
                &b"[00:12.00]Hello\r\n[01:02]World\r\n"[..],
                Ok(("[00:12.00]Hello\n[01:02]World", true)),
            ),
            (
                b"\xef\xbb\xbf[ar:Ann]\n[1:2.3]x",
                Ok(("[ar:Ann]\n[1:2.3]x", true)),
            ),
            (b"[Chorus]\nLa la\x07", Ok(("[Chorus]\nLa la", false))),
            (b"[ar:Ann]\nLa", Ok(("[ar:Ann]\nLa", false))),
            (b" \n", Err(LyricsError::Empty)),
            (b"", Err(LyricsError::Empty)),
            (b"<!DOCTYPE html><p>Not found", Err(LyricsError::WebPage)),
            (b"\xff\xfe", Err(LyricsError::NotText)),
        ] {
            let read = Lyrics::new(bytes.to_vec());
            let read = read
                .as_ref()
                .map(|lyrics| (lyrics.text(), lyrics.is_timed()));
            assert_eq!(read, expected.as_ref().map(|found| *found), "{bytes:?}");
        }
    }
}
