//! Ids of our own for searches and batches, so that one whose answer was lost can be looked
//! up instead of asked for twice.

use musicdl_plugin_api::SourceError;

/// A random UUID (version 4) in lower case.
///
/// # Errors
/// `Internal` when the system has no randomness to give.
pub(crate) fn new() -> Result<String, SourceError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| SourceError::internal(format!("no random numbers: {error}")))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_id_has_the_shape_of_a_uuid_and_is_another_each_time() {
        let id = super::new().unwrap();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
        assert_ne!(id, super::new().unwrap());
    }
}
