//! Whole configurations, from files on disk to [`Config`] or to the words of the error.

mod aliases;
mod bad_files;
mod example;
mod layers;
mod sources;
mod verify;
mod want_list;

use std::path::Path;

use super::*;

/// A directory with a `musicdl.yaml`; paths in it are shown as `DIR`.
struct Scene {
    directory: tempfile::TempDir,
    inputs: Inputs,
}

impl Scene {
    /// Without a config file.
    fn bare() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let inputs = Inputs {
            cwd: directory.path().to_owned(),
            ..Inputs::default()
        };
        Self { directory, inputs }
    }

    fn with_config(yaml: impl AsRef<[u8]>) -> Self {
        let scene = Self::bare();
        std::fs::write(scene.path("musicdl.yaml"), yaml).unwrap();
        scene
    }

    /// A config that says where the library is, and `yaml`.
    fn with_library(yaml: &str) -> Self {
        Self::with_config(format!("library: {{path: music}}\n{yaml}"))
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.inputs.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn load(&self) -> Config {
        match load(&self.inputs) {
            Ok(config) => config,
            Err(error) => panic!("{error}"),
        }
    }

    fn error(&self) -> ConfigError {
        load(&self.inputs).expect_err("the config is wrong")
    }

    /// The whole text of the error, the hint below it.
    fn refusal(&self) -> String {
        self.shown(&self.error())
    }

    fn shown(&self, error: &ConfigError) -> String {
        let hint = error.hint().map(|hint| format!("\nhint: {hint}"));
        let text = format!("{error}{}", hint.unwrap_or_default());
        text.replace(&self.directory.path().display().to_string(), "DIR")
    }

    /// A path as shown in the scene: below `DIR`.
    fn relative<'a>(&self, path: &'a Path) -> &'a str {
        path.strip_prefix(self.directory.path())
            .unwrap_or(path)
            .to_str()
            .unwrap()
    }
}
