//! What the user configured for one source.

use std::fmt;

/// The settings of one source, by key, as the host checked them against the
/// [`SettingSpec`](crate::SettingSpec)s the plugin declares.
///
/// Every setting is a list of texts; most hold one. `Debug` shows the keys only, so that a
/// settings value in a log gives no secret away.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Settings {
    values: Vec<(String, Vec<String>)>,
}

impl Settings {
    /// Settings with those values.
    ///
    /// ```
    /// use musicdl_plugin_api::Settings;
    /// let settings = Settings::from_pairs([("url", vec!["http://127.0.0.1:4533"])]);
    /// assert_eq!(settings.text("url"), Some("http://127.0.0.1:4533"));
    /// assert_eq!(settings.list("paths"), [""; 0]);
    /// ```
    pub fn from_pairs<K, V, L>(pairs: impl IntoIterator<Item = (K, L)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
        L: IntoIterator<Item = V>,
    {
        let values = pairs
            .into_iter()
            .map(|(key, list)| (key.into(), list.into_iter().map(Into::into).collect()))
            .collect();
        Self { values }
    }

    /// The first value of `key`; `None` if it is not set or empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.list(key)
            .first()
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// All values of `key`, in the user's order; empty if it is not set.
    pub fn list(&self, key: &str) -> &[String] {
        self.values
            .iter()
            .find(|(known, _)| known == key)
            .map_or(&[], |(_, list)| list)
    }

    /// Whether `key` is `true`; `None` if it is not set. The host lets only `true` and
    /// `false` through for a [`SettingKind::FLAG`](crate::SettingKind::FLAG).
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.text(key).map(|value| value == "true")
    }

    /// `key` as a whole number; `None` if it is not set or not a number. The host lets only
    /// digits through for a [`SettingKind::NUMBER`](crate::SettingKind::NUMBER).
    pub fn number(&self, key: &str) -> Option<u64> {
        self.text(key).and_then(|value| value.parse().ok())
    }

    /// Every key with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.values
            .iter()
            .map(|(key, list)| (key.as_str(), list.as_slice()))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.values.iter().map(|(key, _)| key))
            .finish()
    }
}
