//! Decodes every packet to the end and measures what comes out.

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::units::TimeBase;

use crate::music::Codec;

use super::VerifyError;
use super::container::Container;
use super::error::clock;
use super::packets::{Next, Packets, damaged};
use super::section::Section;

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
    /// Whether every decoded sample is zero; never for what was not decoded.
    pub(super) only_zeros: bool,
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

/// A stream that was cut out of a longer one refers to frames before its first.
const MAY_FAIL: u64 = 3;

/// Nothing that anybody wants is longer; a few bytes of FLAC can stand for hours of silence.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

/// WAV writers that cannot go back leave a size near 2 or 4 GiB behind.
const UNKNOWN_WAV_BYTES: u64 = 0x7fff_0000;

/// Reads all packets, decodes those that can be, and measures them.
pub(super) fn listen(container: Container, section: Section) -> Result<Heard, VerifyError> {
    let available = section.len();
    let mut packets = Packets::open(container, section)?;
    let mut stream = Stream::start(container, &packets, available)?;
    let mut past_ms = 0;
    loop {
        match packets.next()? {
            Next::Packet(packet) => stream.take(&packet, packets.count)?,
            Next::End => {
                if packets.lacks_the_last_frame() {
                    stream.end = End::Lost;
                }
                break;
            }
            Next::Cut => {
                stream.end = stream.when_cut;
                break;
            }
            Next::Restart => {
                packets.choose_track()?;
                let before = stream.finish()?;
                past_ms += before.duration_ms;
                stream = Stream::start(container, &packets, available)?;
                stream.only_zeros &= before.only_zeros;
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
    Ok(heard)
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

/// One logical stream while it is read. A file has one, unless several were chained.
struct Stream {
    codec: Codec,
    decoder: Option<Box<dyn AudioDecoder>>,
    sample_rate: u32,
    channels: u16,
    bit_depth: Option<u32>,
    base: Option<TimeBase>,
    /// Encoder delay and padding, in samples.
    trimmed: u64,
    declared_ms: Option<u64>,
    when_cut: End,
    frames: u64,
    ticks: u64,
    next_tick: Option<i64>,
    failed: Option<(u64, String)>,
    failures: u64,
    seen: u64,
    only_zeros: bool,
    samples: Vec<f32>,
    end: End,
}

impl Stream {
    fn start(container: Container, packets: &Packets, available: u64) -> Result<Self, VerifyError> {
        let missing = || VerifyError::Corrupt {
            what: "it does not say how its audio is coded".to_owned(),
        };
        let track = packets.track().ok_or_else(missing)?;
        let params = packets.params().ok_or_else(missing)?;
        let (codec, name) = match params.codec {
            CODEC_ID_FLAC => (Codec::Flac, "FLAC"),
            CODEC_ID_ALAC => (Codec::Alac, "ALAC"),
            CODEC_ID_MP3 => (Codec::Mp3, "MP3"),
            CODEC_ID_AAC => (Codec::Aac, "AAC"),
            CODEC_ID_OPUS => (Codec::Opus, "Opus"),
            CODEC_ID_VORBIS => (Codec::Vorbis, "Vorbis"),
            _ if matches!(container, Container::Wav | Container::Aiff) => (Codec::Pcm, "PCM"),
            other => {
                return Err(VerifyError::Unsupported {
                    what: format!("the codec of this file (number {other})"),
                });
            }
        };
        // Gaps are trimmed by the container's own figures, except for MP3: there symphonia
        // trims by an estimate where the file gives none.
        let options = AudioDecoderOptions::default()
            .gapless(codec != Codec::Mp3)
            .verify(true);
        let decoder = match symphonia::default::get_codecs().make_audio_decoder(params, &options) {
            Ok(decoder) => Some(decoder),
            Err(Error::Unsupported(_)) if matches!(codec, Codec::Opus | Codec::Aac) => None,
            Err(Error::Unsupported(what)) => {
                return Err(VerifyError::Unsupported {
                    what: format!("this kind of {name} ({what})"),
                });
            }
            Err(error) => return Err(damaged(&error)),
        };
        let sample_rate = params
            .sample_rate
            .filter(|hz| *hz > 0)
            .ok_or_else(missing)?;
        let size_is_unknown = container == Container::Wav
            && track.num_frames.is_none_or(|frames| {
                let bytes = u64::from(params.bits_per_sample.unwrap_or(16)).div_ceil(8)
                    * params.channels.as_ref().map_or(1, |c| c.count() as u64);
                let declared = frames.saturating_mul(bytes);
                declared > available && declared >= UNKNOWN_WAV_BYTES
            });
        // The demuxer estimates the length of bare frames from their first ones, and that of
        // Ogg is where its last page is; neither can show that something is missing.
        let (declared, when_cut) = match container {
            Container::Wav if size_is_unknown => (None, End::Reached),
            Container::Flac | Container::Wav | Container::Aiff | Container::Mp4 => {
                (track.duration, End::Lost)
            }
            Container::Mp3 | Container::Ogg => (None, End::Reached),
            Container::Adts => (None, End::Doubtful),
        };
        let trimmed = match codec {
            Codec::Mp3 => {
                u64::from(track.delay.unwrap_or(0)) + u64::from(track.padding.unwrap_or(0))
            }
            Codec::Opus => u64::from(track.delay.unwrap_or(0)),
            Codec::Flac | Codec::Alac | Codec::Pcm | Codec::Aac | Codec::Vorbis => 0,
        };
        Ok(Self {
            codec,
            decoder,
            sample_rate,
            channels: params
                .channels
                .as_ref()
                .map_or(0, |c| u16::try_from(c.count()).unwrap_or(u16::MAX)),
            bit_depth: match codec {
                Codec::Flac | Codec::Pcm => params.bits_per_sample,
                // The sixth byte of its configuration; the container need not repeat it.
                Codec::Alac => params
                    .extra_data
                    .as_ref()
                    .and_then(|config| config.get(5))
                    .map(|bits| u32::from(*bits)),
                Codec::Mp3 | Codec::Aac | Codec::Opus | Codec::Vorbis => None,
            },
            base: track.time_base,
            trimmed,
            declared_ms: declared.and_then(|d| ticks_to_ms(d.get(), track.time_base)),
            when_cut,
            frames: 0,
            ticks: 0,
            next_tick: None,
            failed: None,
            failures: 0,
            seen: 0,
            only_zeros: true,
            samples: Vec::new(),
            end: End::Reached,
        })
    }

    /// Decodes one packet; `number` counts from 1.
    fn take(
        &mut self,
        packet: &symphonia::core::packet::Packet,
        number: u64,
    ) -> Result<(), VerifyError> {
        self.seen += 1;
        let gap = self.next_tick.is_some_and(|tick| tick != packet.pts.get());
        if gap && self.codec == Codec::Flac {
            return Err(VerifyError::Corrupt {
                what: format!("a frame is missing or damaged at {}", self.now()),
            });
        }
        self.next_tick = packet.pts.checked_add(packet.dur).map(|t| t.get());
        self.ticks = self.ticks.saturating_add(packet.dur.get());
        if let Some(decoder) = &mut self.decoder {
            match decoder.decode(packet) {
                Ok(audio) => {
                    self.frames += audio.frames() as u64;
                    if self.only_zeros {
                        self.only_zeros = is_silent(&audio, &mut self.samples);
                    }
                    if self.channels == 0 {
                        self.channels =
                            u16::try_from(audio.spec().channels().count()).unwrap_or(u16::MAX);
                    }
                }
                Err(Error::Unsupported(_)) if self.codec == Codec::Aac => self.decoder = None,
                Err(error) => {
                    if self.codec.is_lossless() || number > MAY_FAIL {
                        let at = self.now();
                        self.failed
                            .get_or_insert_with(|| (number, format!("at {at}: {error}")));
                    }
                    self.failures += 1;
                    // The audio of a packet that fails is still time that passes.
                    self.frames += self.ticks_as_frames(packet.dur.get());
                }
            }
        }
        if self.duration_ms() > LONGEST_MS {
            return Err(VerifyError::Corrupt {
                what: "it claims to be longer than a day".to_owned(),
            });
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Heard, VerifyError> {
        if let Some((_, first)) = &self.failed {
            return Err(VerifyError::Corrupt {
                what: format!(
                    "{} of {} packets cannot be decoded, the first {first}",
                    self.failures, self.seen
                ),
            });
        }
        let decoded = self.decoder.is_some();
        // A stream that was cut is reported as cut; its digest cannot fit.
        if let Some(decoder) = &mut self.decoder
            && self.end == End::Reached
            && decoder.finalize().verify_ok == Some(false)
            && self
                .declared_ms
                .is_none_or(|ms| self.duration_ms() + 1 >= ms)
        {
            return Err(VerifyError::Corrupt {
                what: "its audio does not match the MD5 it carries".to_owned(),
            });
        }
        Ok(Heard {
            codec: self.codec,
            sample_rate: self.sample_rate,
            channels: self.channels,
            bit_depth: self.bit_depth,
            duration_ms: self.duration_ms(),
            declared_ms: self.declared_ms,
            end: self.end,
            decoded,
            only_zeros: decoded && self.only_zeros,
            payload_bytes: 0,
            hash: String::new(),
        })
    }

    fn duration_ms(&self) -> u64 {
        let frames = if self.decoder.is_some() {
            self.frames
        } else {
            self.ticks_as_frames(self.ticks)
        };
        to_ms(frames.saturating_sub(self.trimmed), self.sample_rate)
    }

    fn ticks_as_frames(&self, ticks: u64) -> u64 {
        let ms_rate = u64::from(self.sample_rate);
        match self.base {
            Some(base) => {
                let frames = u128::from(ticks) * u128::from(base.numer.get()) * u128::from(ms_rate)
                    / u128::from(base.denom.get());
                u64::try_from(frames).unwrap_or(u64::MAX)
            }
            None => ticks,
        }
    }

    fn now(&self) -> String {
        clock(self.duration_ms())
    }
}

fn is_silent(audio: &GenericAudioBufferRef<'_>, samples: &mut Vec<f32>) -> bool {
    audio.copy_to_vec_interleaved(samples);
    samples.iter().all(|sample| *sample == 0.0)
}

fn to_ms(frames: u64, rate: u32) -> u64 {
    let ms = u128::from(frames) * 1000 / u128::from(rate.max(1));
    u64::try_from(ms).unwrap_or(u64::MAX)
}

fn ticks_to_ms(ticks: u64, base: Option<TimeBase>) -> Option<u64> {
    let base = base?;
    let ms = u128::from(ticks) * u128::from(base.numer.get()) * 1000 / u128::from(base.denom.get());
    u64::try_from(ms).ok().filter(|ms| *ms > 0)
}
