//! How a message crosses the socket between the host and a plugin process:
//! `[u32 LE length of the message][u32 LE length of the bytes][message][bytes]`.
//!
//! The message ([`messages`](super::messages)) is MessagePack: both ends are the same program,
//! no other program reads it, and fifty hits cost half of what they cost as JSON. The bytes behind
//! it are an HTTP body. Both lengths are bounded, so that a process that writes nonsense costs
//! a refused frame and not the host's memory. What a message means, and what a broken
//! connection leads to, is decided by those who talk.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use musicdl_plugin_api::SourceError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::byte_budget::{ByteBudget, Held};

/// Longest message. 1,000 hits are 1 MiB; a comparison of layouts is 30 KiB.
const MOST_MESSAGE: u32 = 16 * 1024 * 1024;
/// Longest body: the largest answer that the HTTP service holds in memory.
const MOST_BYTES: u32 = 64 * 1024 * 1024;
/// A request's body is in memory as it came and as it is sent.
const COPIES: usize = 2;
/// Smaller messages are not counted: what a full budget is for is not a question for the time.
const UNCOUNTED: usize = 64 * 1024;
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
    #[error("a frame that is not a message: {0}")]
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
/// When what came is not a frame. The connection is of no more use then.
pub(super) fn receive<M: DeserializeOwned>(
    from: &mut impl Read,
) -> Result<Option<(M, Vec<u8>)>, FrameError> {
    let Some((message, blob)) = lengths(from)? else {
        return Ok(None);
    };
    let message = whole(from, message)?;
    let blob = whole(from, blob)?;
    Ok(Some((rmp_serde::from_slice(&message)?, blob)))
}

/// A message with its bytes, and what of a budget they take.
pub(super) struct Counted<M> {
    pub(super) message: M,
    /// Empty if the budget refused them.
    pub(super) bytes: Vec<u8>,
    pub(super) held: Result<Held, SourceError>,
}

/// The next message as [`receive`] has it, counted. What the budget has no room for is read past
/// and not kept, so that a full budget never keeps later messages back.
///
/// # Errors
/// As [`receive`].
pub(super) fn receive_within<M: DeserializeOwned>(
    from: &mut impl Read,
    budget: &Arc<ByteBudget>,
) -> Result<Option<Counted<M>>, FrameError> {
    let Some((message, blob)) = lengths(from)? else {
        return Ok(None);
    };
    let held = count(message as usize + blob as usize * COPIES, budget);
    let message = whole(from, message)?;
    let bytes = match &held {
        Ok(_) => exactly(from, blob)?,
        Err(_) => skip(from, blob)?,
    };
    Ok(Some(Counted {
        message: rmp_serde::from_slice(&message)?,
        bytes,
        held,
    }))
}

fn count(bytes: usize, budget: &Arc<ByteBudget>) -> Result<Held, SourceError> {
    let mut held = budget.share();
    if bytes > UNCOUNTED {
        held.grow_to(bytes)?;
    }
    Ok(held)
}

/// The lengths of a message and of its bytes; `None` at the end.
fn lengths(from: &mut impl Read) -> Result<Option<(u32, u32)>, FrameError> {
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
    Ok(Some((message, blob)))
}

/// Bytes that are counted already, so their memory can be had at once, and no more of it.
fn exactly(from: &mut impl Read, length: u32) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::with_capacity(length as usize);
    from.take(length.into()).read_to_end(&mut bytes)?;
    match bytes.len() == length as usize {
        true => Ok(bytes),
        false => Err(FrameError::Torn),
    }
}

fn skip(from: &mut impl Read, length: u32) -> Result<Vec<u8>, FrameError> {
    match io::copy(&mut from.take(length.into()), &mut io::sink())? == u64::from(length) {
        true => Ok(Vec::new()),
        false => Err(FrameError::Torn),
    }
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
    fn an_invalid_frame_is_refused_with_its_reason() {
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
                "a frame that is not a message: ",
            ),
            (
                [&lengths(3, 0)[..], b"\"\xff\""].concat(),
                "a frame that is not a message: ",
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
    fn what_the_budget_refuses_is_read_past_and_the_next_message_arrives() {
        let (link, mut other) = pair();
        let budget = ByteBudget::of(1024 * 1024);
        let sending = std::thread::spawn(move || {
            link.send(&"first", &[7; 400 * 1024]).unwrap();
            link.send(&"second", &[7; 400 * 1024]).unwrap();
            link.send(&"small", &[7]).unwrap();
        });
        let mut next = || {
            receive_within::<String>(&mut other, &budget)
                .unwrap()
                .unwrap()
        };
        let (first, second, small) = (next(), next(), next());
        assert_eq!(
            (first.message.as_str(), first.bytes.len()),
            ("first", 400 * 1024)
        );
        assert_eq!((second.message.as_str(), second.bytes.len()), ("second", 0));
        second.held.unwrap_err();
        assert_eq!((small.message.as_str(), small.bytes), ("small", vec![7]));
        sending.join().unwrap();
    }

    #[test]
    fn hanging_up_ends_the_read_of_the_other_side() {
        let (link, mut other) = pair();
        let reading = std::thread::spawn(move || receive::<String>(&mut other));
        link.hang_up();
        assert!(reading.join().unwrap().unwrap().is_none());
    }
}
