//! The two pipes. A closed one is a normal end: whoever closed it has seen enough.

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

/// Prints a line of the log.
pub(super) fn log(line: &[u8]) {
    ended(io::stderr().write_all(line));
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
