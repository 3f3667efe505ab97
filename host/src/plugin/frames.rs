//! How a message crosses the socket between the host and a plugin process:
//! `[u32 LE length of the message][u32 LE length of the bytes][message][bytes]`.
//!
//! The message ([`messages`](super::messages)) is MessagePack: both ends are the same program,
//! nobody else reads it, and fifty hits cost half of what they cost as JSON. The bytes behind
//! it are an HTTP body. Both lengths are bounded, so that a process that writes nonsense costs
//! a refused frame and not the host's memory. What a message means, and what a broken
//! connection leads to, is decided by those who talk.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest message. 1,000 hits are 1 MiB; a comparison of layouts is 30 KiB.
const MOST_MESSAGE: u32 = 16 * 1024 * 1024;
/// Longest body: the largest answer that the HTTP service holds in memory.
const MOST_BYTES: u32 = 64 * 1024 * 1024;
/// A peer that takes nothing for this long does not read any more.
const WRITE_STALL: Duration = Duration::from_secs(10);

/// Why a frame was not sent, or not understood.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// Nothing was sent, or nothing of it was read; when sending, the connection is as good
    /// as before.
    #[error("{what} of {length} bytes; the most is {most}")]
    TooLarge {
        what: &'static str,
        length: u64,
        most: u32,
    },
    #[error("the connection ended within a frame")]
    Torn,
    #[error("a frame that is no message: {0}")]
    NotAMessage(#[from] rmp_serde::decode::Error),
    #[error("a message that cannot be written: {0}")]
    Unwritable(#[from] rmp_serde::encode::Error),
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
}

/// The sending end of a connection; frames of several threads do not mix.
pub(super) struct Link {
    stream: UnixStream,
    turn: Mutex<()>,
}

impl Link {
    /// The sending end of that stream. A stream is for one link only.
    ///
    /// # Errors
    /// When the system cannot limit the time a write takes.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_write_timeout(Some(WRITE_STALL))?;
        Ok(Self {
            stream,
            turn: Mutex::new(()),
        })
    }

    /// Sends one message. After any error but `TooLarge` the connection is of no more use.
    ///
    /// # Errors
    /// When it is too large, or the other end does not take it.
    pub(super) fn send<M: Serialize>(&self, message: &M, bytes: &[u8]) -> Result<(), FrameError> {
        // Room for a few hits, so that it need not grow often.
        let mut frame = Vec::with_capacity(16 * 1024);
        frame.resize(8, 0);
        rmp_serde::encode::write(&mut frame, message)?;
        let length = bounded("a message", frame.len() - 8, MOST_MESSAGE)?;
        let blob = bounded("a body", bytes.len(), MOST_BYTES)?;
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame[4..8].copy_from_slice(&blob.to_le_bytes());
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        (&self.stream).write_all(&frame)?;
        (&self.stream).write_all(bytes)?;
        Ok(())
    }

    /// Ends the connection for both sides, also for a thread that is reading from it.
    pub(super) fn hang_up(&self) {
        // One that is gone already has nothing left to end.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn bounded(what: &'static str, length: usize, most: u32) -> Result<u32, FrameError> {
    match u32::try_from(length) {
        Ok(length) if length <= most => Ok(length),
        _ => Err(FrameError::TooLarge {
            what,
            length: length as u64,
            most,
        }),
    }
}

/// The next message with its bytes; `None` when the other end hung up between two frames.
///
/// # Errors
/// When what came is no frame. The connection is of no more use then.
pub(super) fn receive<M: DeserializeOwned>(
    from: &mut impl Read,
) -> Result<Option<(M, Vec<u8>)>, FrameError> {
    let head = take(from, 8)?;
    if head.is_empty() {
        return Ok(None);
    }
    let Ok([a, b, c, d, e, f, g, h]) = <[u8; 8]>::try_from(head) else {
        return Err(FrameError::Torn);
    };
    let message = u32::from_le_bytes([a, b, c, d]);
    let blob = u32::from_le_bytes([e, f, g, h]);
    bounded("a message", message as usize, MOST_MESSAGE)?;
    bounded("a body", blob as usize, MOST_BYTES)?;
    let message = whole(from, message)?;
    let blob = whole(from, blob)?;
    Ok(Some((rmp_serde::from_slice(&message)?, blob)))
}

fn whole(from: &mut impl Read, length: u32) -> Result<Vec<u8>, FrameError> {
    let bytes = take(from, length)?;
    if bytes.len() == length as usize {
        Ok(bytes)
    } else {
        Err(FrameError::Torn)
    }
}

/// Up to `length` bytes. Memory grows with what comes, not with what was announced.
fn take(from: &mut impl Read, length: u32) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length.min(64 * 1024) as usize);
    from.take(length.into()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Link, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Link::new(ours).unwrap(), theirs)
    }

    #[test]
    fn messages_and_their_bytes_arrive_in_order() {
        let (link, mut other) = pair();
        let sent = [
            ("söng".to_owned(), vec![0, 255, 10]),
            (String::new(), Vec::new()),
        ];
        for (message, bytes) in &sent {
            link.send(message, bytes).unwrap();
        }
        drop(link);
        for expected in sent {
            assert_eq!(receive(&mut other).unwrap(), Some(expected));
        }
        assert!(receive::<String>(&mut other).unwrap().is_none());
    }

    #[test]
    fn what_is_no_frame_is_refused_with_its_reason() {
        let lengths = |json: u32, bytes: u32| {
            let mut head = json.to_le_bytes().to_vec();
            head.extend(bytes.to_le_bytes());
            head
        };
        for (sent, reason) in [
            (vec![2, 0, 0], "the connection ended within a frame"),
            (lengths(2, 0), "the connection ended within a frame"),
            (
                [&lengths(2, 9)[..], b"\"\"", b"12345678"].concat(),
                "the connection ended within a frame",
            ),
            (
                lengths(u32::MAX, 0),
                "a message of 4294967295 bytes; the most is 16777216",
            ),
            (
                lengths(2, u32::MAX),
                "a body of 4294967295 bytes; the most is 67108864",
            ),
            (
                [&lengths(3, 0)[..], b"{,}"].concat(),
                "a frame that is no message: ",
            ),
            (
                [&lengths(3, 0)[..], b"\"\xff\""].concat(),
                "a frame that is no message: ",
            ),
        ] {
            let refused = receive::<String>(&mut &sent[..]).unwrap_err().to_string();
            assert!(refused.starts_with(reason), "{refused}");
        }
    }

    #[test]
    fn a_frame_that_is_too_large_is_not_sent_and_the_next_one_is() {
        let (link, mut other) = pair();
        let huge = vec![0; MOST_BYTES as usize + 1];
        let refused = link.send(&"", &huge).unwrap_err();
        assert!(matches!(refused, FrameError::TooLarge { .. }), "{refused}");
        link.send(&"small", &[]).unwrap();
        let (message, _) = receive::<String>(&mut other).unwrap().unwrap();
        assert_eq!(message, "small");
    }

    #[test]
    fn hanging_up_ends_the_read_of_the_other_side() {
        let (link, mut other) = pair();
        let reading = std::thread::spawn(move || receive::<String>(&mut other));
        link.hang_up();
        assert!(reading.join().unwrap().unwrap().is_none());
    }
}
