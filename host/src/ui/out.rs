//! The two pipes. A closed one is a normal end: whoever closed it has seen enough.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints data.
pub(super) fn data(text: &str) {
    print(anstream::stdout(), text);
}

/// Prints data piece by piece as it is made, because as one text it would be large. Nothing
/// in it may be meant for a terminal.
pub(super) fn stream(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut pipe = io::BufWriter::new(io::stdout().lock());
    let written = write(&mut pipe)
        .and_then(|()| pipe.write_all(b"\n"))
        .and_then(|()| pipe.flush());
    ended(written);
}

/// Prints talk.
pub(super) fn talk(text: &str) {
    print(anstream::stderr(), text);
}

fn print(mut pipe: impl Write, text: &str) {
    let mut text = text.to_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    ended(pipe.write_all(text.as_bytes()).and_then(|()| pipe.flush()));
}

fn ended(written: io::Result<()>) {
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => tracing::debug!(%error, "output lost"),
    }
}

/// `1 track`, `2 tracks`.
pub(crate) fn counted(count: impl Display, one: &str, more: &str) -> String {
    match count.to_string().as_str() {
        "1" => format!("1 {one}"),
        count => format!("{count} {more}"),
    }
}

/// A text from outside as one harmless line: control characters, line ends and the marks that
/// turn the direction of writing become spaces.
///
/// ```
/// use musicdl::ui::plain;
/// assert_eq!(plain("Blue\x1b[31mbird\nfake line"), "Blue [31mbird fake line");
/// ```
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_control() => ' ',
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
            c => c,
        })
        .collect()
}
