//! On systems without Landlock a plugin is not held to anything.

use super::Rules;

/// How much of the sandbox this system can hold up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Nothing.
    None,
}

impl Strength {
    /// What the user has to know.
    pub fn warning(self) -> Option<&'static str> {
        Some(
            "this system has no means known to musicdl to limit what plugins read and write: \
             they can do whatever you can",
        )
    }
}

/// What this system can do.
pub fn strength() -> Strength {
    Strength::None
}

/// Nothing can fail where nothing is done.
#[derive(Debug, thiserror::Error)]
pub(in crate::plugin) enum EnterError {}

/// Does nothing.
pub(in crate::plugin) fn enter(_: &Rules) -> Result<(), EnterError> {
    Ok(())
}
