//! What a source needs beyond the services of its host, declared so that a host can shut it
//! off from everything else.
//!
//! A need is a pair in [`Declaration::extra`]. A host that confines plugins opens what is
//! declared and nothing more; one that does not, or that does not know a need, ignores it.
//!
//! ```
//! use musicdl_plugin_api::{Declaration, needs};
//! let declaration = Declaration {
//!     extra: vec![needs::program("yt-dlp"), needs::network(), needs::cache()],
//!     ..Declaration::default()
//! };
//! assert_eq!(declaration.needs().programs, ["yt-dlp"]);
//! ```
//!
//! For sources that need programs: paths in the user's settings ([`SettingKind::PATH`]) can be read
//! and run, never written to, so a file that a program writes back, such as its cookies, is
//! copied to the [temp dir](crate::Host::temp_dir) first.
//!
//! [`SettingKind::PATH`]: crate::SettingKind::PATH

use crate::Declaration;

const PROGRAM: &str = "needs.program";
const NETWORK: &str = "needs.network";
const CACHE: &str = "needs.cache";

/// It starts that program, found in the user's `PATH`, or by a setting. Programs of the
/// system that this one starts in turn need no line of their own.
pub fn program(name: &str) -> (String, String) {
    (PROGRAM.to_owned(), name.to_owned())
}

/// It, or a program it starts, opens connections itself instead of asking the host.
pub fn network() -> (String, String) {
    (NETWORK.to_owned(), "yes".to_owned())
}

/// `HOME` and `XDG_CACHE_HOME` of its process, and of what it starts, are one directory of
/// its own that stays between runs. Without this they are its temp dir.
pub fn cache() -> (String, String) {
    (CACHE.to_owned(), "yes".to_owned())
}

/// The needs of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Names of programs, as given.
    pub programs: Vec<String>,
    /// Whether it opens connections itself.
    pub network: bool,
    /// Whether it keeps a directory between runs.
    pub cache: bool,
}

impl Declaration {
    /// What it declares to need.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for (key, value) in &self.extra {
            match key.as_str() {
                PROGRAM => needs.programs.push(value.clone()),
                NETWORK => needs.network = true,
                CACHE => needs.cache = true,
                _ => {}
            }
        }
        needs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_distinguished_and_other_facts_are_none() {
        let declaration = Declaration {
            extra: vec![
                program("yt-dlp"),
                ("colour".to_owned(), "blue".to_owned()),
                program("ffmpeg"),
                cache(),
            ],
            ..Declaration::default()
        };
        let expected = Needs {
            programs: vec!["yt-dlp".to_owned(), "ffmpeg".to_owned()],
            network: false,
            cache: true,
        };
        assert_eq!(declaration.needs(), expected);
        assert_eq!(Declaration::default().needs(), Needs::default());
    }
}
