//! Reads every packet to the end and adds up what was measured.

use crate::music::{Codec, Container};

use super::VerifyError;
use super::containers::{Next, Packets, Section};
use super::ears::{Ears, Questions};
use super::stream::Stream;

/// What was measured.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) codec: Codec,
    /// Hz.
    pub(super) sample_rate: u32,
    pub(super) channels: u16,
    pub(super) bit_depth: Option<u32>,
    pub(super) duration_ms: u64,
    /// What the container says of its length, where that is no estimate.
    pub(super) declared_ms: Option<u64>,
    pub(super) end: End,
    pub(super) decoded: bool,
    pub(super) payload_bytes: u64,
    pub(super) hash: String,
}

/// How the packets ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With the stream, or as the structure showed before.
    Reached,
    /// The bytes were over before the stream was.
    Lost,
    /// Inside a packet, in a container that has no length and no end mark.
    Doubtful,
}

/// Reads all packets, decodes those that can be, and measures them.
pub(super) fn listen(
    container: Container,
    section: Section,
    questions: Questions,
) -> Result<(Heard, Ears), VerifyError> {
    let available = section.len();
    let mut packets = Packets::open(container, section)?;
    let mut stream = Stream::start(container, &packets, available)?;
    let mut ears = Ears::new(questions, stream.codec().is_lossless());
    let mut past_ms = 0;
    loop {
        match packets.next()? {
            Next::Packet(packet) => stream.take(&packet, packets.count, &mut ears)?,
            Next::End => {
                if packets.lacks_the_last_frame() {
                    stream.lost_its_end();
                }
                break;
            }
            Next::Cut => {
                stream.was_cut();
                break;
            }
            Next::Restart => {
                packets.choose_track()?;
                let before = stream.finish()?;
                past_ms += before.duration_ms;
                stream = Stream::start(container, &packets, available)?;
                stream.follows(&before);
            }
        }
    }
    let mut heard = stream.finish()?;
    if heard.duration_ms == 0 && past_ms == 0 {
        return Err(VerifyError::Corrupt {
            what: "it holds no audio".to_owned(),
        });
    }
    heard.duration_ms += past_ms;
    heard.declared_ms = heard.declared_ms.map(|ms| ms.saturating_add(past_ms));
    heard.payload_bytes = packets.bytes;
    heard.hash = packets.hash();
    Ok((heard, ears))
}

/// Reads all packets without decoding and returns their digest.
pub(super) fn hash(container: Container, section: Section) -> Result<String, VerifyError> {
    let mut packets = Packets::open(container, section)?;
    loop {
        match packets.next()? {
            Next::Packet(_) => {}
            Next::Restart => packets.choose_track()?,
            Next::End | Next::Cut => return Ok(packets.hash()),
        }
    }
}
