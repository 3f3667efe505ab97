//! Reading JSON that servers of twenty years write: numbers as texts, ids as numbers, one
//! object where a list is meant, missing lists. What still cannot be read is `None`, or
//! counted, and never spoils what stands beside it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A list that may be absent, null, one object, or hold unreadable entries.
#[derive(Debug)]
pub(crate) struct Many<T> {
    pub(crate) items: Vec<T>,
    /// Entries that were skipped.
    pub(crate) unreadable: usize,
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            unreadable: 0,
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(entries) => entries,
            one => vec![one],
        };
        let mut many = Self::default();
        for entry in entries {
            match serde_json::from_value(entry) {
                Ok(item) => many.items.push(item),
                Err(_) => many.unreadable += 1,
            }
        }
        Ok(many)
    }
}

/// A text, or a number as its text; anything else and the empty text are `None`.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    Ok(text.filter(|text| !text.trim().is_empty()))
}

/// A whole number above 0, or its text, a fraction cut off. Servers write 0 or -1 for what
/// they do not know.
pub(crate) fn positive<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().map(|float| float as u64)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    Ok(number.filter(|&number| number > 0))
}

/// A whole number of any sign, or its text.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// The texts of a list; see [`Many`] for what a list may look like.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Many::deserialize(deserializer)?.items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "text")]
        text: Option<String>,
        #[serde(default, deserialize_with = "positive")]
        positive: Option<u64>,
        #[serde(default)]
        list: Many<String>,
    }

    fn row(json: &str) -> Row {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn ids_and_titles_may_be_numbers() {
        for (json, read) in [
            (r#"{"text":"7a"}"#, Some("7a")),
            (r#"{"text":99}"#, Some("99")),
            (r#"{"text":" "}"#, None),
            (r#"{"text":null}"#, None),
            (r#"{"text":{"a":1}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(row(json).text.as_deref(), read, "{json}");
        }
    }

    #[test]
    fn numbers_may_be_texts_and_nothing_below_one_is_one() {
        for (json, read) in [
            (r#"{"positive":3}"#, Some(3)),
            (r#"{"positive":"3"}"#, Some(3)),
            (r#"{"positive":3.9}"#, Some(3)),
            (r#"{"positive":0}"#, None),
            (r#"{"positive":-1}"#, None),
            (r#"{"positive":"A1"}"#, None),
            ("{}", None),
        ] {
            assert_eq!(row(json).positive, read, "{json}");
        }
    }

    #[test]
    fn a_list_may_be_absent_or_one_entry_or_partly_unreadable() {
        for (json, items, unreadable) in [
            ("{}", vec![], 0),
            (r#"{"list":null}"#, vec![], 0),
            (r#"{"list":"a"}"#, vec!["a"], 0),
            (r#"{"list":["a","b"]}"#, vec!["a", "b"], 0),
            (r#"{"list":["a",{"b":1},"c"]}"#, vec!["a", "c"], 1),
        ] {
            let list = row(json).list;
            assert_eq!(
                (list.items, list.unreadable),
                (items.iter().map(|s| s.to_string()).collect(), unreadable),
                "{json}"
            );
        }
    }
}
