//! A crate's directory -> the library cargo makes of it.

use std::env::consts::DLL_EXTENSION;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

/// Why there is no library.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Not installed, or not to be started.
    #[error("cannot run cargo: {0}")]
    Cargo(#[source] io::Error),
    /// It has said why.
    #[error("the build failed; cargo says why above")]
    Failed,
    /// Built, and not a plugin.
    #[error("the crate in {} makes no shared library; add `crate-type = [\"cdylib\"]`", .0.display())]
    NoLibrary(PathBuf),
}

/// The part of cargo's messages we read.
/// <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Said {
    CompilerArtifact {
        target: Target,
        filenames: Vec<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

/// Builds the crate in `dir`. Errors of the compiler go to stderr as cargo prints them.
///
/// # Errors
/// When cargo cannot be run, the build fails, or it makes no shared library.
pub fn build(dir: &Path) -> Result<PathBuf, BuildError> {
    // As cargo does for its own children.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(dir)
        .args(["build", "--message-format=json-render-diagnostics"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(BuildError::Cargo)?;
    if !output.status.success() {
        return Err(BuildError::Failed);
    }
    library_in(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| BuildError::NoLibrary(dir.to_owned()))
}

/// The last shared library of the messages: that of the crate itself, which cargo builds
/// after everything it depends on.
fn library_in(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .rev()
        .filter_map(|line| match serde_json::from_str(line) {
            Ok(Said::CompilerArtifact { target, filenames }) => Some((target, filenames)),
            Ok(Said::Other) | Err(_) => None,
        })
        .filter(|(target, _)| target.crate_types.iter().any(|kind| kind == "cdylib"))
        .flat_map(|(_, filenames)| filenames)
        .find(|file| file.extension() == Some(OsStr::new(DLL_EXTENSION)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_the_crates_own_and_no_macro_of_a_dependency() {
        let file = |name: &str| format!("/t/{name}.{DLL_EXTENSION}");
        let artifact = |kind: &str, names: &[&str]| {
            let files: Vec<String> = names.iter().map(|name| file(name)).collect();
            serde_json::json!({
                "reason": "compiler-artifact",
                "target": {"crate_types": [kind], "name": "x"},
                "filenames": files,
            })
            .to_string()
        };
        let messages = [
            artifact("proc-macro", &["derive"]),
            artifact("cdylib", &["radio"]),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let library = library_in(&messages.join("\n"));
        assert_eq!(library, Some(PathBuf::from(file("radio"))));
        assert_eq!(library_in(&messages[0]), None);
    }
}
