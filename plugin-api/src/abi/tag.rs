//! What a host reads of a library before it trusts a single function pointer in it.

/// The C symbol under which a library carries its [`VersionTag`].
pub const TAG_SYMBOL: &str = "MUSICDL_PLUGIN";

const MAGIC: [u8; 16] = *b"musicdl-plugin\0\0";
const NAME_BYTES: usize = 64;
const VERSION_BYTES: usize = 32;

/// Which API a library was built for and what it is called, as inline bytes: reading it runs
/// no code of the library.
///
/// [`Declaration`](crate::Declaration) has the name and version that count; these are for a
/// library too old or too new to be asked.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionTag {
    magic: [u8; 16],
    /// Bytes of the tag; a later one may be longer, with this beginning.
    size: u32,
    api: [u32; 3],
    name: [u8; NAME_BYTES],
    version: [u8; VERSION_BYTES],
}

impl VersionTag {
    /// The tag of a package built against this API.
    ///
    /// # Panics
    /// At compile time, when the name has more than 64 bytes or the version more than 32.
    pub const fn new(name: &str, version: &str) -> Self {
        Self {
            magic: MAGIC,
            size: size_of::<Self>() as u32,
            api: [
                number(env!("CARGO_PKG_VERSION_MAJOR")),
                number(env!("CARGO_PKG_VERSION_MINOR")),
                number(env!("CARGO_PKG_VERSION_PATCH")),
            ],
            name: padded(name),
            version: padded(version),
        }
    }

    /// Whether these are the bytes of a tag at all.
    pub fn is_genuine(&self) -> bool {
        self.magic == MAGIC && self.size as usize >= size_of::<Self>()
    }

    /// Version of plugin-api the library was built against: major, minor, patch.
    pub fn api_version(&self) -> [u32; 3] {
        self.api
    }

    /// Name of the package: `musicdl-folder`.
    pub fn package_name(&self) -> String {
        text(&self.name)
    }

    /// Version of the package.
    pub fn package_version(&self) -> String {
        text(&self.version)
    }
}

const fn number(digits: &str) -> u32 {
    let digits = digits.as_bytes();
    let mut value = 0;
    let mut at = 0;
    while at < digits.len() {
        value = value * 10 + (digits[at] - b'0') as u32;
        at += 1;
    }
    value
}

const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    assert!(
        text.len() <= N,
        "the name or version of the package is too long for a musicdl plugin"
    );
    let mut bytes = [0; N];
    let mut at = 0;
    while at < text.len() {
        bytes[at] = text[at];
        at += 1;
    }
    bytes
}

fn text(padded: &[u8]) -> String {
    let end = padded.iter().position(|&byte| byte == 0);
    String::from_utf8_lossy(&padded[..end.unwrap_or(padded.len())]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_says_what_the_package_is_and_which_api_it_was_built_for() {
        let tag = VersionTag::new("musicdl-jukebox", "0.4.11-rc.1");
        assert!(tag.is_genuine());
        assert_eq!(tag.package_name(), "musicdl-jukebox");
        assert_eq!(tag.package_version(), "0.4.11-rc.1");
        let [major, minor, patch] = tag.api_version();
        assert_eq!(format!("{major}.{minor}.{patch}"), crate::API_VERSION);
    }

    #[test]
    fn a_longer_tag_of_a_later_api_is_still_a_tag_and_a_shorter_one_is_none() {
        let tag = VersionTag::new("a", "1.0.0");
        for (size, genuine) in [(tag.size + 8, true), (tag.size - 1, false), (0, false)] {
            assert_eq!(VersionTag { size, ..tag }.is_genuine(), genuine, "{size}");
        }
    }

    /// The layout is read from files of other compilers and years; it may not move.
    #[test]
    fn the_bytes_of_a_tag_stand_where_they_always_stood() {
        assert_eq!(std::mem::offset_of!(VersionTag, size), 16);
        assert_eq!(std::mem::offset_of!(VersionTag, api), 20);
        assert_eq!(std::mem::offset_of!(VersionTag, name), 32);
        assert_eq!(std::mem::offset_of!(VersionTag, version), 96);
        assert_eq!(size_of::<VersionTag>(), 128);
    }
}
