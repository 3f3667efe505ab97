//! Decodes one stream of audio, packet by packet, and measures what comes out.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase};

use crate::music::{Codec, Container};

use super::VerifyError;
use super::containers::{Packets, damaged};
use super::decode::{End, Heard};
use super::ears::Ears;
use super::error::clock;

/// A stream that was cut out of a longer one refers to frames before its first.
const MAY_FAIL: u64 = 3;

/// Nothing that anybody wants is longer; a few bytes of FLAC can stand for hours of silence.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

/// WAV writers that cannot go back leave a size near 2 or 4 GiB behind.
const UNKNOWN_WAV_BYTES: u64 = 0x7fff_0000;

/// One logical stream while it is read. A file has one, unless several were chained.
pub(super) struct Stream {
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
    /// The first packet that could not be decoded, and why.
    failed: Option<String>,
    failures: u64,
    seen: u64,
    /// Whether the streams before this one were decoded.
    decoded_so_far: bool,
    samples: Vec<f32>,
    end: End,
}

impl Stream {
    /// Begins with the track that `packets` chose; `available` are the bytes of the file.
    pub(super) fn start(
        container: Container,
        packets: &Packets,
        available: u64,
    ) -> Result<Self, VerifyError> {
        let missing = || VerifyError::Corrupt {
            what: "it does not say how its audio is coded".to_owned(),
        };
        let track = packets.track().ok_or_else(missing)?;
        let params = packets.params().ok_or_else(missing)?;
        let codec = codec_of(container, params)?;
        let (declared, when_cut) = length_of(container, track, params, available);
        Ok(Self {
            codec,
            decoder: decoder_of(codec, params)?,
            sample_rate: params
                .sample_rate
                .filter(|hz| *hz > 0)
                .or_else(|| ticks_a_second(track.time_base?))
                .ok_or_else(missing)?,
            channels: params.channels.as_ref().map_or(0, count),
            bit_depth: bit_depth_of(codec, params),
            base: track.time_base,
            trimmed: match codec {
                Codec::Mp3 => {
                    u64::from(track.delay.unwrap_or(0)) + u64::from(track.padding.unwrap_or(0))
                }
                Codec::Opus => u64::from(track.delay.unwrap_or(0)),
                Codec::Flac | Codec::Alac | Codec::Pcm | Codec::Aac | Codec::Vorbis => 0,
            },
            declared_ms: declared.and_then(|d| ticks_to_ms(d.get(), track.time_base)),
            when_cut,
            frames: 0,
            ticks: 0,
            next_tick: None,
            failed: None,
            failures: 0,
            seen: 0,
            decoded_so_far: true,
            samples: Vec::new(),
            end: End::Reached,
        })
    }

    /// The bytes were over before the stream was.
    pub(super) fn was_cut(&mut self) {
        self.end = self.when_cut;
    }

    /// The last frame is not whole, though nothing says how many there should be.
    pub(super) fn lost_its_end(&mut self) {
        self.end = End::Lost;
    }

    /// How its audio is coded.
    pub(super) fn codec(&self) -> Codec {
        self.codec
    }

    /// This stream was chained to another one: they are decoded together or not at all.
    pub(super) fn follows(&mut self, before: &Heard) {
        self.decoded_so_far = before.decoded;
    }

    /// Decodes one packet; `number` counts from 1.
    pub(super) fn take(
        &mut self,
        packet: &Packet,
        number: u64,
        ears: &mut Ears,
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
                    if ears.are_open() {
                        audio.copy_to_vec_interleaved(&mut self.samples);
                        let channels = usize::from(count(audio.spec().channels()));
                        ears.hear(&self.samples, audio.spec().rate(), channels);
                    }
                    if self.channels == 0 {
                        self.channels = count(audio.spec().channels());
                    }
                }
                Err(Error::Unsupported(_)) if self.codec == Codec::Aac => self.decoder = None,
                Err(error) => {
                    if self.codec.is_lossless() || number > MAY_FAIL {
                        let at = self.now();
                        self.failed
                            .get_or_insert_with(|| format!("at {at}: {error}"));
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

    /// What was measured, once all packets were taken.
    pub(super) fn finish(&mut self) -> Result<Heard, VerifyError> {
        if let Some(first) = &self.failed {
            return Err(VerifyError::Corrupt {
                what: format!(
                    "{} of {} packets cannot be decoded, the first {first}",
                    self.failures, self.seen
                ),
            });
        }
        let decoded = self.decoder.is_some() && self.decoded_so_far;
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

fn codec_of(container: Container, params: &AudioCodecParameters) -> Result<Codec, VerifyError> {
    Ok(match params.codec {
        CODEC_ID_FLAC => Codec::Flac,
        CODEC_ID_ALAC => Codec::Alac,
        CODEC_ID_MP3 => Codec::Mp3,
        CODEC_ID_AAC => Codec::Aac,
        CODEC_ID_OPUS => Codec::Opus,
        CODEC_ID_VORBIS => Codec::Vorbis,
        _ if matches!(container, Container::Wav | Container::Aiff) => Codec::Pcm,
        other => {
            return Err(VerifyError::Unsupported {
                what: format!("the codec of this file (number {other})"),
            });
        }
    })
}

/// `None` for Opus, and for AAC that is more than its low-complexity profile.
fn decoder_of(
    codec: Codec,
    params: &AudioCodecParameters,
) -> Result<Option<Box<dyn AudioDecoder>>, VerifyError> {
    // Gaps are trimmed by the container's own figures, except for MP3: there symphonia
    // trims by an estimate where the file gives none.
    let options = AudioDecoderOptions::default()
        .gapless(codec != Codec::Mp3)
        .verify(true);
    match symphonia::default::get_codecs().make_audio_decoder(params, &options) {
        Ok(decoder) => Ok(Some(decoder)),
        Err(Error::Unsupported(_)) if matches!(codec, Codec::Opus | Codec::Aac) => Ok(None),
        Err(Error::Unsupported(what)) => Err(VerifyError::Unsupported {
            what: format!("this kind of {codec} ({what})"),
        }),
        Err(error) => Err(damaged(&error)),
    }
}

/// The length that the container states, if that is no estimate, and what it means when the
/// bytes end before the stream.
fn length_of(
    container: Container,
    track: &Track,
    params: &AudioCodecParameters,
    available: u64,
) -> (Option<Duration>, End) {
    match container {
        Container::Wav if is_endless(track, params, available) => (None, End::Reached),
        Container::Flac | Container::Wav | Container::Aiff | Container::Mp4 => {
            (track.duration, End::Lost)
        }
        // The demuxer estimates the length of bare frames from their first ones, and that of
        // Ogg is where its last page is; neither can show that something is missing.
        Container::Mp3 | Container::Ogg => (None, End::Reached),
        Container::Adts => (None, End::Doubtful),
    }
}

/// Whether a WAV file was written by somebody who did not know yet how long it would be.
fn is_endless(track: &Track, params: &AudioCodecParameters, available: u64) -> bool {
    track.num_frames.is_none_or(|frames| {
        let sample = u64::from(params.bits_per_sample.unwrap_or(16)).div_ceil(8);
        let channels = params.channels.as_ref().map_or(1, count);
        let declared = frames.saturating_mul(sample * u64::from(channels));
        declared > available && declared >= UNKNOWN_WAV_BYTES
    })
}

fn bit_depth_of(codec: Codec, params: &AudioCodecParameters) -> Option<u32> {
    match codec {
        Codec::Flac | Codec::Pcm => params.bits_per_sample,
        // The sixth byte of its configuration; the container need not repeat it.
        Codec::Alac => {
            let config = params.extra_data.as_ref()?;
            config.get(5).map(|bits| u32::from(*bits))
        }
        Codec::Mp3 | Codec::Aac | Codec::Opus | Codec::Vorbis => None,
    }
}

fn count(channels: &Channels) -> u16 {
    u16::try_from(channels.count()).unwrap_or(u16::MAX)
}

/// The rate of the samples where a container has no room for it: the field of an MP4 ends at
/// 65,535 Hz, and encoders of more leave it empty and count time in samples.
fn ticks_a_second(base: TimeBase) -> Option<u32> {
    (base.numer.get() == 1).then_some(base.denom.get())
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
