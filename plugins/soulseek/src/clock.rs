//! Times as slskd writes them, with `Z` or, from its database, without a zone; both are UTC.

use std::time::SystemTime;

/// `None` for a text that is no time.
pub(crate) fn instant(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339_weak(text).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_time_without_a_zone_is_utc() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:01Z", Some(1_000)),
            ("1970-01-01T00:00:01.5000000Z", Some(1_500)),
            ("1970-01-01T00:00:01.5", Some(1_500)),
            ("1970-01-01T01:00:01+01:00", None),
            ("1969-07-20T20:17:40Z", None),
            ("soon", None),
            ("", None),
        ] {
            let expected = milliseconds.map(|ms| UNIX_EPOCH + Duration::from_millis(ms));
            assert_eq!(instant(text), expected, "{text}");
        }
    }
}
