//! Values that must not be shown.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A password, token or the like.
///
/// `Debug` says only that there is one. It is not `Display` and cannot be serialised, so it
/// gets into no message, plan or report by accident:
///
/// ```compile_fail
/// let secret = musicdl::config::Secret::new("hunter2");
/// let message = format!("the password is {secret}");
/// ```
///
/// ```compile_fail
/// let secret = musicdl::config::Secret::new("hunter2");
/// let json = serde_json::to_string(&secret);
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value itself: for the one who has to send it, and for the redaction that has to
    /// recognise it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_that_there_is_a_secret_and_nothing_of_it() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(..) Secret(..)");
        assert_eq!(secret.clone().expose(), "hunter2");
    }
}
