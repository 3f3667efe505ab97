//! What a hit is fetched by: a peer, the name of a file there byte for byte, and its size,
//! without which slskd ends the transfer as not the one that was found.

use musicdl_plugin_api::SourceError;
use serde::{Deserialize, Serialize};

/// The host takes no longer ids.
const LONGEST: usize = 4_096;

/// One file of one peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    #[serde(rename = "u")]
    pub(crate) username: String,
    #[serde(rename = "f")]
    pub(crate) filename: String,
    #[serde(rename = "s")]
    pub(crate) size: u64,
    /// The search that found it.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub(crate) search: Option<String>,
}

impl Target {
    /// `None` for a name so long that no id can hold it.
    pub(crate) fn to_id(&self) -> Option<String> {
        serde_json::to_string(self)
            .ok()
            .filter(|id| id.len() <= LONGEST)
    }

    /// # Errors
    /// `NotFound` for an id that no search made.
    pub(crate) fn parse(id: &str) -> Result<Self, SourceError> {
        serde_json::from_str(id)
            .ok()
            .filter(|target: &Self| target.size > 0 && !target.username.is_empty())
            .ok_or_else(|| SourceError::not_found("no search of this plugin made that target id"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_comes_back_from_its_id() {
        let target = Target {
            username: "peer one / 50%".into(),
            filename: "@@abc\\Müsic\\\"x\"\\01 - Song.flac".into(),
            size: 7,
            search: None,
        };
        let id = target.to_id().unwrap();
        assert_eq!(Target::parse(&id).unwrap(), target);
        let long = Target {
            filename: "x".repeat(5_000),
            ..target
        };
        assert_eq!(long.to_id(), None);
    }
}
