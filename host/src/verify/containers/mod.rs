//! The containers, walked by what their standards say and without decoding: which one a file
//! is ([`recognize()`]), where its audio lies between the tags ([`Section`]), whether its end is
//! there ([`inspect`]), and its packets, in order ([`Packets`]).
//!
//! Demuxers are made to play what they get and skip what they cannot read. These walks find
//! what is missing; what is in the packets is for [`decode`](super::decode).

mod flac;
mod frame_header;
mod mp4;
mod mpeg;
mod ogg;
mod packets;
mod recognize;
mod section;
mod whole;

pub(crate) use mp4::is_fragmented;
pub(super) use packets::{Next, Packets, damaged};
pub(super) use recognize::recognize;
pub(super) use section::Section;
pub(super) use whole::{Tail, inspect};

use super::VerifyError;

/// Whether every page of an Ogg file is intact.
pub(super) fn ogg_is_intact(section: &mut Section) -> Result<bool, VerifyError> {
    Ok(ogg::walk(section)?.is_intact())
}
