//! A name -> a plugin's crate, whose tests pass as it is. The files lie in
//! `host/templates/plugin` and are compiled in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::music::SourceName;

/// What the new plugin fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offering {
    /// Single tracks.
    Tracks,
    /// Whole albums only.
    Albums,
}

/// A crate to be written.
#[derive(Debug)]
pub struct Template {
    name: SourceName,
    offering: Offering,
    plugin_api: Option<PathBuf>,
}

/// Why there is no crate.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Not a name that config, package and type can all have.
    #[error(
        "`{0}` cannot be the name of a plugin: lower-case words of letters and digits joined by \
         `_`, beginning with a letter, at most 32 characters"
    )]
    Name(String),
    /// The name of a package of musicdl itself.
    #[error("`{0}` would make a package named as one of musicdl's own; take another name")]
    Reserved(String),
    /// Somebody's work may be in it.
    #[error("{} is there already; nothing was written", .0.display())]
    Exists(PathBuf),
    /// Not the crate it should be.
    #[error("{} is no checkout of musicdl-plugin-api: {reason}", path.display())]
    PluginApi {
        /// What the user named.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk does not let us.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Packages that every plugin's crate may meet in one `Cargo.lock`.
const RESERVED: [&str; 1] = ["plugin_api"];

macro_rules! files {
    ($($to:literal <- $from:literal),* $(,)?) => {
        &[$(($to, include_str!(concat!("../../templates/plugin/", $from)))),*]
    };
}

/// Where a file goes below the crate, and what stands in it.
type File = (&'static str, &'static str);

const SHARED: &[File] = files![
    "Cargo.toml" <- "Cargo.toml.in",
    ".gitignore" <- "gitignore",
    "README.md" <- "README.md",
    "src/lib.rs" <- "src/lib.rs",
    "src/config.rs" <- "src/config.rs",
    "src/error.rs" <- "src/error.rs",
];

const TRACKS: &[File] = files![
    "src/api.rs" <- "track/src/api.rs",
    "src/search.rs" <- "track/src/search.rs",
    "src/download.rs" <- "track/src/download.rs",
    "tests/conformance.rs" <- "track/tests/conformance.rs",
    "tests/service.rs" <- "track/tests/service.rs",
];

const ALBUMS: &[File] = files![
    "src/api.rs" <- "album/src/api.rs",
    "src/search.rs" <- "album/src/search.rs",
    "src/download.rs" <- "album/src/download.rs",
    "tests/conformance.rs" <- "album/tests/conformance.rs",
    "tests/service.rs" <- "album/tests/service.rs",
];

impl Template {
    /// A crate for a plugin of that name. `plugin_api` is a checkout to build against
    /// instead of the published crate.
    ///
    /// # Errors
    /// When the name will not do, or the checkout is none.
    pub fn new(
        name: &str,
        offering: Offering,
        plugin_api: Option<&Path>,
    ) -> Result<Self, TemplateError> {
        let words = name.split('_').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
        let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
        let parsed = SourceName::parse(name)
            .ok()
            .filter(|_| words && begins)
            .ok_or_else(|| TemplateError::Name(name.to_owned()))?;
        if RESERVED.contains(&name) {
            return Err(TemplateError::Reserved(name.to_owned()));
        }
        Ok(Self {
            name: parsed,
            offering,
            plugin_api: plugin_api.map(checkout).transpose()?,
        })
    }

    /// Name of the package: `musicdl-my-radio`.
    pub fn package(&self) -> String {
        format!("musicdl-{}", self.name.as_str().replace('_', "-"))
    }

    /// Writes the crate into `dir`, which must not exist or be empty.
    ///
    /// # Errors
    /// When something is there already, or the disk does not let us.
    pub fn write(&self, dir: &Path) -> Result<(), TemplateError> {
        let occupied = match fs::read_dir(dir) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if occupied {
            return Err(TemplateError::Exists(dir.to_owned()));
        }
        let variant = match self.offering {
            Offering::Tracks => TRACKS,
            Offering::Albums => ALBUMS,
        };
        for (name, text) in SHARED.iter().chain(variant) {
            let path = dir.join(name);
            path.parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(&path, self.filled(text)))
                .map_err(|source| TemplateError::Write { path, source })?;
        }
        Ok(())
    }

    /// The text with this plugin's words in the places of the template's.
    fn filled(&self, text: &str) -> String {
        let package = self.package();
        let (capability, things) = match self.offering {
            Offering::Tracks => ("NONE", "tracks"),
            Offering::Albums => ("ALBUM_ONLY", "albums"),
        };
        [
            ("name", self.name.to_string()),
            ("crate", package.replace('-', "_")),
            ("package", package),
            ("Type", self.capitalized("")),
            ("title", self.capitalized(" ")),
            ("capability", capability.to_owned()),
            ("things", things.to_owned()),
            ("plugin_api", self.dependency("")),
            (
                "plugin_api_testing",
                self.dependency("features = [\"testing\"]"),
            ),
        ]
        .into_iter()
        .fold(text.to_owned(), |text, (place, word)| {
            text.replace(&format!("{{{{{place}}}}}"), &word)
        })
    }

    /// The words of the name with capitals, joined: `MyRadio`, `My Radio`.
    fn capitalized(&self, joint: &str) -> String {
        let words: Vec<String> = self
            .name
            .as_str()
            .split('_')
            .map(|word| {
                let (first, rest) = word.split_at(1);
                first.to_ascii_uppercase() + rest
            })
            .collect();
        words.join(joint)
    }

    /// What the manifest says of plugin-api.
    fn dependency(&self, more: &str) -> String {
        let mut parts = vec!["version = \"1\"".to_owned()];
        if let Some(path) = &self.plugin_api {
            // A TOML string escapes what a JSON string does.
            let path = serde_json::Value::from(path.to_string_lossy());
            parts.push(format!("path = {path}"));
        }
        if !more.is_empty() {
            parts.push(more.to_owned());
        }
        match parts.as_slice() {
            [_] => "\"1\"".to_owned(),
            parts => format!("{{ {} }}", parts.join(", ")),
        }
    }
}

/// The directory of plugin-api in absolute form: the new crate may lie anywhere.
fn checkout(path: &Path) -> Result<PathBuf, TemplateError> {
    let refused = |reason: String| TemplateError::PluginApi {
        path: path.to_owned(),
        reason,
    };
    let manifest = fs::read_to_string(path.join("Cargo.toml"))
        .map_err(|error| refused(format!("its Cargo.toml: {error}")))?;
    if !manifest.contains("name = \"musicdl-plugin-api\"") {
        return Err(refused(
            "its Cargo.toml is another package's; name the directory `plugin-api`".to_owned(),
        ));
    }
    fs::canonicalize(path).map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(name: &str) -> Result<Template, TemplateError> {
        Template::new(name, Offering::Tracks, None)
    }

    #[test]
    fn a_name_has_to_do_for_config_package_and_type() {
        for (name, package, kind) in [
            ("jukebox", "musicdl-jukebox", "Jukebox"),
            ("my_radio2", "musicdl-my-radio2", "MyRadio2"),
        ] {
            let template = template(name).unwrap();
            assert_eq!(template.package(), package);
            assert_eq!(template.filled("{{Type}}"), kind);
        }
        let long = "a".repeat(33);
        for bad in [
            "", "Jukebox", "2day", "my-radio", "a__b", "_a", "a_", "ü", "../x", &long,
        ] {
            let error = template(bad).unwrap_err();
            assert!(matches!(error, TemplateError::Name(_)), "{bad}: {error}");
        }
        let error = template("plugin_api").unwrap_err();
        assert!(matches!(error, TemplateError::Reserved(_)), "{error}");
    }

    #[test]
    fn no_place_of_the_template_stays_unfilled() {
        for offering in [Offering::Tracks, Offering::Albums] {
            let dir = tempfile::tempdir().unwrap();
            let template = Template::new("my_radio", offering, None).unwrap();
            template.write(dir.path()).unwrap();
            for (name, _) in SHARED.iter().chain(TRACKS) {
                let text = fs::read_to_string(dir.path().join(name)).unwrap();
                // A format string may have the braces, before other things than a name.
                let place = text
                    .split("{{")
                    .skip(1)
                    .find(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
                assert_eq!(place, None, "{name}");
            }
        }
    }

    #[test]
    fn nothing_that_is_there_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("notes.txt"), "mine").unwrap();
        let error = template("jukebox").unwrap().write(dir.path()).unwrap_err();
        assert!(matches!(error, TemplateError::Exists(_)), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_a_checkout_of_plugin_api_is_built_against() {
        let dir = tempfile::tempdir().unwrap();
        let wrong = Template::new("jukebox", Offering::Tracks, Some(dir.path()));
        assert!(matches!(
            wrong.unwrap_err(),
            TemplateError::PluginApi { .. }
        ));
        let right = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-api");
        let template = Template::new("jukebox", Offering::Tracks, Some(&right)).unwrap();
        let manifest = template.filled("{{plugin_api_testing}}");
        assert!(manifest.contains("path = \"/"), "{manifest}");
        assert!(
            manifest.ends_with("features = [\"testing\"] }"),
            "{manifest}"
        );
    }
}
