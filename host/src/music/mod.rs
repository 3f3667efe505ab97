//! The nouns every stage shares. Imports no other module.

mod container;
mod encoding;
mod fingerprint;
mod ids;
mod packed;
mod quality;
mod track;

pub use container::Container;
pub use encoding::Encoding;
pub use fingerprint::Fingerprint;
pub use ids::{InvalidId, Isrc, SourceName, TrackId};
pub use packed::PackedTrack;
pub use quality::{AUDIO_EXTENSIONS, Codec, MOST_TARGETS, QualityPreference, Sound, Target};
pub use track::Track;
