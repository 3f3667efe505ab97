//! Facts that have no field of their own.

/// Key and value pairs that travel with every record of the contract.
///
/// The shape of API 1 never changes, so a fact that a later host or plugin wants to pass
/// on travels here. Keys are lower-case words joined by `_`; a receiver ignores keys it
/// does not know. A key that occurs twice counts with its last value.
pub type Extra = Vec<(String, String)>;

/// The value of `key`, or `None` if nobody said.
///
/// ```
/// use musicdl_plugin_api::extra_value;
/// let extra = vec![("peer".to_owned(), "ann".to_owned())];
/// assert_eq!(extra_value(&extra, "peer"), Some("ann"));
/// assert_eq!(extra_value(&extra, "queue"), None);
/// ```
pub fn extra_value<'a>(extra: &'a [(String, String)], key: &str) -> Option<&'a str> {
    extra
        .iter()
        .rev()
        .find(|(known, _)| known == key)
        .map(|(_, value)| value.as_str())
}
