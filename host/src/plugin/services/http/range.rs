//! Whether the rest of a body that broke off can be asked for, and whether what came back
//! is that rest (RFC 9110, sections 13.1.5, 14.4 and 15.3.7).

use musicdl_plugin_api::http::Head;

/// By what a server tells one version of a thing from the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Validator {
    /// A strong one, with its quotes.
    ETag(String),
    /// The date as the server wrote it.
    LastModified(String),
}

impl Validator {
    /// The value of `If-Range`.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::ETag(text) | Self::LastModified(text) => text,
        }
    }

    fn of(head: &Head) -> Option<Self> {
        match head.header("etag") {
            // A weak one promises the same meaning, not the same bytes.
            Some(tag) if tag.starts_with('"') => Some(Self::ETag(tag.to_owned())),
            Some(_) | None => head
                .header("last-modified")
                .map(|date| Self::LastModified(date.to_owned())),
        }
    }

    /// Whether the head speaks of the same version, as far as it says.
    fn agrees_with(&self, head: &Head) -> bool {
        let name = match self {
            Self::ETag(_) => "etag",
            Self::LastModified(_) => "last-modified",
        };
        head.header(name).is_none_or(|said| said == self.as_str())
    }
}

/// What the head of an answer says of the body behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Announced {
    /// Bytes of the whole. `None`: the server did not say, or sends it compressed.
    pub(super) total: Option<u64>,
    validator: Option<Validator>,
}

/// A request for the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resume {
    /// Bytes that are there already.
    pub(super) from: u64,
    pub(super) validator: Validator,
    total: u64,
}

impl Announced {
    pub(super) fn by(head: &Head) -> Self {
        Self {
            total: head
                .header("content-length")
                .and_then(|length| length.trim().parse().ok()),
            validator: Validator::of(head),
        }
    }

    /// How to ask for what follows `have` bytes; `None` if the pieces could not be known to
    /// fit. A body without a length may have been decompressed on the way, so that bytes
    /// here are not bytes there.
    pub(super) fn resume_after(&self, have: u64) -> Option<Resume> {
        let total = self.total.filter(|&total| (1..total).contains(&have))?;
        Some(Resume {
            from: have,
            validator: self.validator.clone()?,
            total,
        })
    }
}

/// What the answer to a [`Resume`] is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// What was asked for: to be appended.
    Fits,
    /// The whole thing from its first byte, e.g. because it changed.
    Whole,
    /// Something that fits nowhere: to be asked for anew, as a whole.
    Useless,
    /// No success, and no word on ranges either: the server's answer to the plugin.
    Refusal,
}

impl Rest {
    pub(super) fn judge(head: &Head, resume: &Resume) -> Self {
        match head.status {
            206 if resume.validator.agrees_with(head) && resume.fits(head) => Self::Fits,
            // 412: the validator is not met; 416: there are fewer bytes than we have.
            206 | 412 | 416 => Self::Useless,
            200 => Self::Whole,
            201..=299 => Self::Useless,
            _ => Self::Refusal,
        }
    }
}

impl Resume {
    fn fits(&self, head: &Head) -> bool {
        head.header("content-range")
            .and_then(ContentRange::parse)
            .is_some_and(|range| {
                range.first == self.from && range.total.is_none_or(|total| total == self.total)
            })
    }
}

/// Whether an unrequested 206 holds everything after all.
pub(super) fn is_all(head: &Head) -> bool {
    head.header("content-range")
        .and_then(ContentRange::parse)
        .is_some_and(|range| {
            range.first == 0 && range.total.is_some_and(|total| total - 1 == range.last)
        })
}

#[derive(Debug, PartialEq, Eq)]
struct ContentRange {
    first: u64,
    last: u64,
    /// Above `last`. `None`: the server wrote `*`.
    total: Option<u64>,
}

impl ContentRange {
    /// `bytes 10-19/20`; `None` for anything that is not one range of bytes within the whole.
    fn parse(text: &str) -> Option<Self> {
        let (unit, range) = text.trim().split_once(' ')?;
        let (span, total) = range.trim().split_once('/')?;
        let (first, last) = span.split_once('-')?;
        let range = Self {
            first: first.parse().ok()?,
            last: last.parse().ok()?,
            total: match total {
                "*" => None,
                total => Some(total.parse().ok()?),
            },
        };
        let within =
            range.first <= range.last && range.total.is_none_or(|total| range.last < total);
        (unit.eq_ignore_ascii_case("bytes") && within).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, headers: &[(&str, &str)]) -> Head {
        Head {
            status,
            headers: headers
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Head::default()
        }
    }

    #[test]
    fn only_a_known_length_and_version_can_be_continued() {
        let length = ("content-length", "20");
        let tag = ("etag", "\"v1\"");
        let weak = ("etag", "W/\"v1\"");
        let date = ("last-modified", "Sat, 21 Nov 2026 10:00:00 GMT");
        for (headers, have, validator) in [
            (vec![length, tag, date], 10, Some(tag.1)),
            (vec![length, weak, date], 10, Some(date.1)),
            (vec![length, date], 10, Some(date.1)),
            (vec![length, weak], 10, None),
            (vec![length], 10, None),
            (vec![tag], 10, None),
            (vec![("content-length", "-3"), tag], 10, None),
            (vec![length, tag], 0, None),
            (vec![length, tag], 20, None),
            (vec![length, tag], 21, None),
        ] {
            let resume = Announced::by(&head(200, &headers)).resume_after(have);
            let sent = resume.as_ref().map(|resume| resume.validator.as_str());
            assert_eq!(sent, validator, "{headers:?} after {have}");
        }
    }

    #[test]
    fn the_rest_is_taken_only_when_it_fits() {
        use Rest::{Fits, Refusal, Useless, Whole};
        let resume = Resume {
            from: 10,
            validator: Validator::ETag("\"v1\"".to_owned()),
            total: 20,
        };
        let range = |value| ("content-range", value);
        for (status, headers, expected) in [
            (206, vec![range("bytes 10-19/20")], Fits),
            (206, vec![range("bytes 10-19/20"), ("etag", "\"v1\"")], Fits),
            (206, vec![range("Bytes 10-14/*")], Fits),
            (
                206,
                vec![range("bytes 10-19/20"), ("etag", "\"v2\"")],
                Useless,
            ),
            (206, vec![range("bytes 9-19/20")], Useless),
            (206, vec![range("bytes 0-19/20")], Useless),
            (206, vec![range("bytes 10-20/21")], Useless),
            (206, vec![range("bytes 10-25/20")], Useless),
            (206, vec![range("bytes 10-9/20")], Useless),
            (206, vec![range("bytes */20")], Useless),
            (206, vec![range("items 10-19/20")], Useless),
            (206, vec![], Useless),
            (200, vec![], Whole),
            (204, vec![], Useless),
            (412, vec![], Useless),
            (416, vec![], Useless),
            (403, vec![], Refusal),
            (429, vec![], Refusal),
            (503, vec![], Refusal),
        ] {
            let judged = Rest::judge(&head(status, &headers), &resume);
            assert_eq!(judged, expected, "{status} {headers:?}");
        }
    }

    #[test]
    fn an_unrequested_part_may_be_the_whole() {
        for (range, all) in [
            ("bytes 0-19/20", true),
            ("bytes 0-18/20", false),
            ("bytes 1-19/20", false),
            ("bytes 0-19/*", false),
            ("bytes 0-18446744073709551615/*", false),
        ] {
            let said = head(206, &[("content-range", range)]);
            assert_eq!(is_all(&said), all, "{range}");
        }
    }
}
