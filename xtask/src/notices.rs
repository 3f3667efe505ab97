//! `cargo xtask notices FILE`: the licences of everything that is linked into the program and
//! the plugins, as those licences ask of whoever passes the binaries on.
//!
//! Made from what cargo resolves for this system, and never committed: so it cannot be older
//! than `Cargo.lock`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::plugins::PACKAGES;
use crate::process;
use crate::workspace::Workspace;

/// A package whose code is in a binary.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    /// Name and version.
    name: String,
    /// SPDX expression.
    licence: String,
    /// Where it comes from, or else who wrote it.
    origin: String,
    /// Its licence files, in the order of their names; empty where it was published without.
    texts: Vec<String>,
}

/// Writes the notices.
pub(crate) fn write(workspace: &Workspace, file: &Path) -> Result<()> {
    let packages = shipped(workspace)?;
    fs::write(file, render(&packages)).with_context(|| file.display().to_string())?;
    println!("{} packages: {}", packages.len(), file.display());
    Ok(())
}

/// Whether notices can be written: each package names its licence.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    println!("\n$ collect the notices of what is linked");
    let nameless: Vec<String> = shipped(workspace)?
        .into_iter()
        .filter(|package| package.licence.is_empty() && package.texts.is_empty())
        .map(|package| package.name)
        .collect();
    ensure!(
        nameless.is_empty(),
        "without any licence: {}",
        nameless.join(", ")
    );
    Ok(())
}

/// Everything that the program and the plugins link on this system, apart from what is ours.
fn shipped(workspace: &Workspace) -> Result<BTreeSet<Package>> {
    let mut command = workspace.cargo(&["metadata", "--format-version=1", "--locked"]);
    command.args(["--filter-platform", &host()?]);
    let metadata: Value = serde_json::from_slice(&process::output(&mut command)?)?;
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let is_root = |package: &Value| {
        let name = package["name"].as_str().unwrap_or_default();
        name == "musicdl" || PACKAGES.contains(&name)
    };
    let roots = packages.iter().filter(|(_, package)| is_root(package));
    let mut waiting: Vec<&str> = roots.map(|(id, _)| *id).collect();
    let mut linked: BTreeSet<&str> = waiting.iter().copied().collect();
    while let Some(id) = waiting.pop() {
        let node = nodes.get(id).context("cargo resolved what it names")?;
        waiting.extend(links(node).filter(|dependency| linked.insert(dependency)));
    }
    linked
        .into_iter()
        .map(|id| packages[id])
        // What is ours has no registry.
        .filter(|package| !package["source"].is_null())
        .map(read)
        .collect()
}

/// The system that is built for.
fn host() -> Result<String> {
    let mut rustc = std::process::Command::new("rustc");
    let told = String::from_utf8(process::output(rustc.arg("-vV"))?)?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

fn by_id(list: &Value) -> BTreeMap<&str, &Value> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|entry| Some((entry["id"].as_str()?, entry)))
        .collect()
}

/// What a package links: not what only its tests or its build script use.
fn links(node: &Value) -> impl Iterator<Item = &str> {
    let dependencies = node["deps"].as_array().into_iter().flatten();
    let linked = dependencies.filter(|dependency| {
        let kinds = dependency["dep_kinds"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
    });
    linked.filter_map(|dependency| dependency["pkg"].as_str())
}

fn read(package: &Value) -> Result<Package> {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let manifest = text("manifest_path");
    let dir = Path::new(&manifest)
        .parent()
        .context("a manifest is in a directory")?;
    let authors = package["authors"].as_array().into_iter().flatten();
    let authors: Vec<&str> = authors.filter_map(Value::as_str).collect();
    let repository = text("repository");
    Ok(Package {
        name: format!("{} {}", text("name"), text("version")),
        licence: text("license"),
        origin: if repository.is_empty() {
            authors.join(", ")
        } else {
            repository
        },
        texts: texts(dir).with_context(|| dir.display().to_string())?,
    })
}

/// The licence files of a package.
fn texts(dir: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_ascii_uppercase();
        let is_licence = [
            "LICENSE",
            "LICENCE",
            "COPYING",
            "COPYRIGHT",
            "NOTICE",
            "UNLICENSE",
        ]
        .iter()
        .any(|word| name.starts_with(word));
        if is_licence && entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    let read = |file| Ok(String::from_utf8_lossy(&fs::read(file)?).trim().to_owned());
    files.into_iter().map(read).collect()
}

/// Every package with its licence, then every text once, with those that share it.
fn render(packages: &BTreeSet<Package>) -> String {
    let mut out = "Third-party notices\n\nmusicdl and its plugins contain:\n\n".to_owned();
    let mut sharing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        let Package {
            name,
            licence,
            origin,
            texts,
        } = package;
        let alone = match texts.is_empty() {
            true => "; published without a licence file",
            false => "",
        };
        writeln!(out, "- {name}, {licence}, {origin}{alone}").expect("a text grows");
        for text in texts {
            sharing.entry(text).or_default().push(name);
        }
    }
    for (text, names) in sharing {
        let rule = "-".repeat(80);
        write!(out, "\n{rule}\n{}\n{rule}\n\n{text}\n", names.join(", ")).expect("a text grows");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, texts: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            licence: "MIT".to_owned(),
            origin: "https://example.org".to_owned(),
            texts: texts.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn every_package_is_named_and_every_text_stands_once() {
        let packages = BTreeSet::from([
            package("one 1.0.0", &["shared", "own"]),
            package("other 2.0.0", &["shared"]),
            package("without 3.0.0", &[]),
        ]);
        let notices = render(&packages);
        for line in [
            "- one 1.0.0, MIT, https://example.org\n",
            "- without 3.0.0, MIT, https://example.org; published without a licence file\n",
            "\none 1.0.0, other 2.0.0\n",
        ] {
            assert!(notices.contains(line), "{line} is not in\n{notices}");
        }
        assert_eq!(notices.matches("\nshared\n").count(), 1);
        assert_eq!(notices.matches("\nown\n").count(), 1);
    }

    #[test]
    fn what_only_tests_and_build_scripts_use_is_not_linked() {
        let node = serde_json::json!({"deps": [
            {"pkg": "linked", "dep_kinds": [{"kind": "dev"}, {"kind": null}]},
            {"pkg": "built", "dep_kinds": [{"kind": "build"}]},
            {"pkg": "tested", "dep_kinds": [{"kind": "dev"}]},
        ]});
        assert_eq!(links(&node).collect::<Vec<_>>(), ["linked"]);
    }
}
