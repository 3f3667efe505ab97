//! The reviewers' list: what is asked of a plugin's file before it is let into anybody's
//! plugin directory, each with a verdict and a sentence. The first half is read from the
//! file; the second is what the library says and does when it runs, see
//! [`conduct`](super::conduct).

use std::env::consts::DLL_EXTENSION;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use musicdl_plugin_api::abi::TAG_SYMBOL;
use serde::{Deserialize, Serialize};

use super::linkage::{Glibc, Linkage};
use crate::plugin::elf;

/// How an item of the list came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and somebody will be sorry.
    Warn,
    /// Not to be let in.
    Fail,
}

impl Verdict {
    /// The verdict in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        }
    }
}

/// One item of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What was looked at, in a word: `symbols`.
    pub item: String,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, in a sentence.
    pub says: String,
}

impl Item {
    /// An item as it should be.
    pub fn ok(item: &str, says: impl Into<String>) -> Self {
        Self::new(item, Verdict::Ok, says)
    }

    /// An item somebody will be sorry about.
    pub fn warn(item: &str, says: impl Into<String>) -> Self {
        Self::new(item, Verdict::Warn, says)
    }

    /// An item for which the file is not to be let in.
    pub fn fail(item: &str, says: impl Into<String>) -> Self {
        Self::new(item, Verdict::Fail, says)
    }

    fn new(item: &str, verdict: Verdict, says: impl Into<String>) -> Self {
        Self {
            item: item.to_owned(),
            verdict,
            says: says.into(),
        }
    }
}

/// The list of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Path of the file.
    pub file: String,
    /// The worst of the items.
    pub verdict: Verdict,
    /// The items, in the order in which they were looked at.
    pub items: Vec<Item>,
}

impl Review {
    /// The list of that file.
    pub fn new(file: &Path, items: Vec<Item>) -> Self {
        Self {
            file: file.display().to_string(),
            verdict: worst(&items),
            items,
        }
    }
}

/// The worst verdict among them.
pub fn worst(items: &[Item]) -> Verdict {
    let verdicts = items.iter().map(|item| item.verdict);
    verdicts.max().unwrap_or(Verdict::Ok)
}

/// What abi_stable calls the symbol of a root module.
const ROOT_SYMBOL: &str = "_1as_0lib_1header_0root_bmodule_bloader";

/// The newest C library that a plugin for everybody should need: that of Debian 12's
/// predecessors in use, Ubuntu 22.04 and RHEL 9 (glibc 2.34 and 2.35).
const GLIBC_FLOOR: Glibc = Glibc {
    major: 2,
    minor: 34,
};

/// Budget of a plugin, in bytes without symbols: one that brings no HTTP or TLS of its own
/// stays below.
const SIZE_BUDGET: u64 = 1_000_000;

/// Libraries that every system with glibc has, by the beginning of their names.
const EVERYWHERE: [&str; 6] = [
    "libc.so",
    "libm.so",
    "libgcc_s.so",
    "ld-linux",
    "libpthread.so",
    "libdl.so",
];

/// The half of the list that runs nothing of the file. Ends early where the rest could not
/// be read.
///
/// # Errors
/// When there is no such file, or it cannot be read.
pub fn of_file(path: &Path) -> io::Result<Vec<Item>> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if !kind.is_file() {
        let says = "it is no regular file; musicdl loads neither links nor devices";
        return Ok(vec![Item::fail("file", says)]);
    }
    let mut items = vec![named(path)];
    if !cfg!(target_os = "linux") {
        return Ok(items);
    }
    if let Err(reason) = elf::check(&mut File::open(path)?)? {
        items.push(Item::fail("elf", reason.to_string()));
        return Ok(items);
    }
    items.push(Item::ok("elf", "a whole shared library for this processor"));
    match Linkage::read(&fs::read(path)?) {
        Some(linkage) => items.extend(of_linkage(&linkage)),
        None => items.push(Item::warn(
            "symbols",
            "its section tables are missing or damaged; what it needs cannot be said",
        )),
    }
    Ok(items)
}

fn named(path: &Path) -> Item {
    if path.extension() == Some(OsStr::new(DLL_EXTENSION)) {
        Item::ok("file", "a regular file with a library's name")
    } else {
        let says =
            format!("its name does not end in .{DLL_EXTENSION}: a plugin directory passes it over");
        Item::warn("file", says)
    }
}

fn of_linkage(linkage: &Linkage) -> Vec<Item> {
    vec![
        symbols(&linkage.exported),
        libraries(&linkage.needed),
        glibc(linkage.glibc),
        size(linkage.stripped),
    ]
}

fn symbols(exported: &[String]) -> Item {
    let missing: Vec<&str> = [TAG_SYMBOL, ROOT_SYMBOL]
        .into_iter()
        .filter(|wanted| !exported.iter().any(|name| name == wanted))
        .collect();
    if !missing.is_empty() {
        let says = format!(
            "it exports no {}: is `export_source!` at the top level, and the crate a cdylib?",
            missing.join(" and no ")
        );
        return Item::fail("symbols", says);
    }
    let others: Vec<&str> = exported
        .iter()
        .map(String::as_str)
        .filter(|name| ![TAG_SYMBOL, ROOT_SYMBOL].contains(name))
        .collect();
    match others.as_slice() {
        [] => Item::ok("symbols", "the tag and the root module, and nothing else"),
        [first, ..] => {
            let says = format!(
                "it exports {} more than it needs to, `{first}` for one: they may collide with \
                 another library's",
                others.len()
            );
            Item::warn("symbols", says)
        }
    }
}

fn libraries(needed: &[String]) -> Item {
    let others: Vec<&str> = needed
        .iter()
        .map(String::as_str)
        .filter(|name| !EVERYWHERE.iter().any(|known| name.starts_with(known)))
        .collect();
    if others.is_empty() {
        Item::ok("libraries", "it needs what every system has")
    } else {
        let says = format!(
            "it needs {}, which not every system has: link it statically or say so in the README",
            others.join(", ")
        );
        Item::warn("libraries", says)
    }
}

fn glibc(newest: Option<Glibc>) -> Item {
    match newest {
        None => Item::ok("glibc", "it asks for no particular C library"),
        Some(version) if version <= GLIBC_FLOOR => {
            Item::ok("glibc", format!("it runs with glibc {version} and later"))
        }
        Some(version) => {
            let says = format!(
                "it needs glibc {version}; {GLIBC_FLOOR} is what systems in use have: build on \
                 an older one"
            );
            Item::warn("glibc", says)
        }
    }
}

fn size(bytes: u64) -> Item {
    let kilobytes = bytes.div_ceil(1000);
    if bytes <= SIZE_BUDGET {
        Item::ok("size", format!("{kilobytes} kB without symbols"))
    } else {
        let says = format!(
            "{kilobytes} kB without symbols, more than the 1000 a plugin should have: is it a \
             release build, and does it bring an HTTP client of its own?"
        );
        Item::warn("size", says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn each_item_of_the_file_has_its_verdict() {
        use Verdict::{Fail, Ok, Warn};
        let glibc_of = |minor| glibc(Some(Glibc { major: 2, minor }));
        for (item, verdict) in [
            (symbols(&names(&[TAG_SYMBOL, ROOT_SYMBOL])), Ok),
            (symbols(&names(&[TAG_SYMBOL, ROOT_SYMBOL, "x"])), Warn),
            (symbols(&names(&[TAG_SYMBOL])), Fail),
            (symbols(&names(&[ROOT_SYMBOL])), Fail),
            (
                libraries(&names(&["libc.so.6", "ld-linux-x86-64.so.2"])),
                Ok,
            ),
            (libraries(&names(&["libc.so.6", "libssl.so.3"])), Warn),
            (libraries(&names(&["libcurl.so.4"])), Warn),
            (glibc(None), Ok),
            (glibc_of(34), Ok),
            (glibc_of(35), Warn),
            (glibc_of(4), Ok),
            (size(1_000_000), Ok),
            (size(1_000_001), Warn),
        ] {
            assert_eq!(item.verdict, verdict, "{item:?}");
        }
    }

    #[test]
    fn a_review_is_as_bad_as_its_worst_item() {
        let review = |items| Review::new(Path::new("x.so"), items).verdict;
        let (ok, warn, fail) = (Item::ok("a", ""), Item::warn("b", ""), Item::fail("c", ""));
        assert_eq!(review(vec![]), Verdict::Ok);
        assert_eq!(review(vec![ok.clone(), warn.clone()]), Verdict::Warn);
        assert_eq!(review(vec![fail, warn, ok]), Verdict::Fail);
    }

    #[test]
    fn a_text_is_no_library_and_the_list_ends_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(format!("x.{DLL_EXTENSION}"));
        fs::write(&path, "not found").unwrap();
        let items = of_file(&path).unwrap();
        let last = items.last().unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!((last.item.as_str(), last.verdict), ("elf", Verdict::Fail));
        }
        assert!(of_file(&dir.path().join("absent")).is_err());
        assert_eq!(worst(&of_file(dir.path()).unwrap()), Verdict::Fail);
    }
}
