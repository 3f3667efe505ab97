//! What a recording sounds like, as a fingerprint that services compare.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// The Chromaprint of a recording, in the form AcoustID takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of what Chromaprint's compressor made.
    pub fn of_compressed(bytes: &[u8]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Compressed, in the URL-safe alphabet of Base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
