//! The packets of the one audio track in a file, in order, hashed as they pass.

use std::io::{self, Cursor, Read, Seek};

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::{Error, Result};
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::packet::Packet;
use symphonia::default::formats::{
    AdtsReader, AiffReader, FlacReader, IsoMp4Reader, MpaReader, OggReader, WavReader,
};

use super::flac;
use super::section::Section;
use crate::music::Container;
use crate::verify::VerifyError;

/// Packets of nothing in a row before a file is taken for an attempt to keep us busy.
const MOST_EMPTY: u32 = 10_000;

/// Reads packets of the first audio track.
pub(in crate::verify) struct Packets {
    reader: Box<dyn FormatReader>,
    track: u32,
    hasher: blake3::Hasher,
    empty: u32,
    /// Bytes of packets so far.
    pub(in crate::verify) bytes: u64,
    /// Packets so far.
    pub(in crate::verify) count: u64,
    limit: u64,
    /// Bytes that all frames take, where the file has nothing but frames from here on and
    /// a frame that is not whole is passed over in silence.
    frames: Option<u64>,
}

/// What comes next.
pub(in crate::verify) enum Next {
    Packet(Packet),
    /// The stream is over.
    End,
    /// The bytes are over, the stream is not.
    Cut,
    /// Another stream follows in the same file; its decoder must be made anew.
    Restart,
}

impl Packets {
    pub(in crate::verify) fn open(
        container: Container,
        section: Section,
    ) -> std::result::Result<Self, VerifyError> {
        // Packets are stored once; twice as many bytes means that an index points to the
        // same place again and again.
        let limit = section.len().saturating_mul(2).saturating_add(64 * 1024);
        let (reader, frames) = demuxer(container, section)?;
        let mut packets = Self {
            reader,
            frames,
            track: 0,
            hasher: blake3::Hasher::new(),
            empty: 0,
            bytes: 0,
            count: 0,
            limit,
        };
        packets.choose_track()?;
        Ok(packets)
    }

    /// The track whose packets come.
    pub(in crate::verify) fn track(&self) -> Option<&Track> {
        self.reader.tracks().iter().find(|t| t.id == self.track)
    }

    /// Its codec and what the decoder needs.
    pub(in crate::verify) fn params(&self) -> Option<&AudioCodecParameters> {
        self.track()?.codec_params.as_ref()?.audio()
    }

    /// Picks the first audio track and starts its hash with what its decoder needs.
    pub(in crate::verify) fn choose_track(&mut self) -> std::result::Result<(), VerifyError> {
        let chosen = self
            .reader
            .tracks()
            .iter()
            .find_map(|t| Some((t.id, t.codec_params.as_ref()?.audio()?)));
        let (id, params) = chosen.ok_or_else(|| VerifyError::NotAudio {
            what: "a container without an audio track".to_owned(),
        })?;
        if let Some(config) = &params.extra_data {
            self.hasher.update(&(config.len() as u64).to_le_bytes());
            self.hasher.update(config);
        }
        self.track = id;
        Ok(())
    }

    pub(in crate::verify) fn next(&mut self) -> std::result::Result<Next, VerifyError> {
        loop {
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(Next::End),
                Err(Error::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(Next::Cut);
                }
                Err(Error::ResetRequired) => return Ok(Next::Restart),
                Err(error) => return Err(damaged(&error)),
            };
            self.empty = if packet.data.is_empty() {
                self.empty + 1
            } else {
                0
            };
            self.bytes += packet.data.len() as u64;
            if self.empty > MOST_EMPTY || self.bytes > self.limit {
                return Err(VerifyError::Corrupt {
                    what: "its index does not fit its content".to_owned(),
                });
            }
            if packet.track_id == self.track {
                self.count += 1;
                self.hasher
                    .update(&(packet.data.len() as u64).to_le_bytes());
                self.hasher.update(&packet.data);
                return Ok(Next::Packet(packet));
            }
        }
    }

    /// Whether the stream has no known length and ends with bytes that are no whole frame.
    pub(in crate::verify) fn lacks_the_last_frame(&self) -> bool {
        let unknown = self.track().is_some_and(|t| t.num_frames.is_none());
        unknown && self.frames.is_some_and(|bytes| self.bytes < bytes)
    }

    /// The digest of everything that passed.
    pub(in crate::verify) fn hash(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

/// What the demuxer or decoder said, as a refusal.
pub(in crate::verify) fn damaged(error: &Error) -> VerifyError {
    match error {
        Error::Unsupported(what) => VerifyError::Unsupported {
            what: (*what).to_owned(),
        },
        Error::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => VerifyError::Truncated {
            what: "it ends inside its headers".to_owned(),
            found_ms: 0,
        },
        other => VerifyError::Corrupt {
            what: other.to_string(),
        },
    }
}

/// The reader of that container, without a guess, and how many bytes of frames it has if
/// there is nothing else.
fn demuxer(
    container: Container,
    mut section: Section,
) -> std::result::Result<(Box<dyn FormatReader>, Option<u64>), VerifyError> {
    let mut frames = None;
    let source: Box<dyn MediaSource> = if container == Container::Flac {
        let head = flac::skip_metadata(&mut section)?;
        frames = Some(section.left());
        Box::new(ReadOnlySource::new(Cursor::new(head).chain(section)))
    } else {
        section.rewind().map_err(|e| section.io(e))?;
        Box::new(section)
    };
    let stream = MediaSourceStream::new(source, Default::default());
    let reader = reader_of(container, stream).map_err(|e| damaged(&e))?;
    Ok((reader, frames))
}

fn reader_of(
    container: Container,
    mut stream: MediaSourceStream<'static>,
) -> Result<Box<dyn FormatReader>> {
    let options = FormatOptions::default();
    Ok(match container {
        Container::Flac => Box::new(FlacReader::try_new(stream, options)?),
        Container::Mp3 => Box::new(MpaReader::try_new(stream, options)?),
        Container::Mp4 => {
            // This one expects to be four bytes in, at the box's name, where its probe stops.
            symphonia::core::io::ReadBytes::read_quad_bytes(&mut stream)?;
            Box::new(IsoMp4Reader::try_new(stream, options)?)
        }
        Container::Ogg => Box::new(OggReader::try_new(stream, options)?),
        Container::Wav => Box::new(WavReader::try_new(stream, options)?),
        Container::Aiff => Box::new(AiffReader::try_new(stream, options)?),
        Container::Adts => Box::new(AdtsReader::try_new(stream, options)?),
    })
}
