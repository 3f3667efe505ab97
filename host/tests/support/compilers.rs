//! Which Rust compilers this machine has beside the one in use: the newest other toolchain of
//! rustup, and the one of the system (Debian's). Older ones than the contract asks for, and
//! the same release under another name, are none of them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a test that needs a second compiler looks at nothing.
pub(crate) const NO_OTHER: &str =
    "there is no second Rust compiler; `rustup toolchain install nightly` brings one";

/// Where a distribution puts its own.
const SYSTEMS: &str = "/usr/bin/rustc";

/// A compiler that can be told to cargo as `RUSTC`.
pub(crate) struct Compiler {
    pub(crate) rustc: PathBuf,
    /// As it names itself: `rustc 1.97.0-nightly (e50aa6fba 2026-05-19)`.
    pub(crate) name: String,
}

impl Compiler {
    /// The compiler at that path, if there is one and it runs.
    pub(crate) fn at(rustc: PathBuf) -> Option<Self> {
        let name = first_line(Command::new(&rustc).arg("-V"))?;
        Some(Self { rustc, name })
    }

    /// `1.97.0-nightly`, which is also a good name for a directory.
    fn release(&self) -> &str {
        self.name.split_whitespace().nth(1).unwrap_or_default()
    }

    /// Where cargo puts what it builds with this one: beside the directory for ours.
    pub(crate) fn target(&self, ours: &Path) -> PathBuf {
        let mut name = ours.file_name().unwrap_or_default().to_owned();
        name.push("-");
        name.push(self.release());
        ours.with_file_name(name)
    }

    fn number(&self) -> Vec<u32> {
        number(self.release())
    }
}

/// All but ours, which lies beside the cargo that built this program.
pub(crate) fn others() -> Vec<Compiler> {
    let ours = Path::new(env!("CARGO")).with_file_name("rustc");
    let ours = first_line(Command::new(ours).arg("-V"));
    let oldest = number(env!("CARGO_PKG_RUST_VERSION"));
    let suits =
        |compiler: &Compiler| Some(&compiler.name) != ours.as_ref() && compiler.number() >= oldest;
    let newest = toolchains()
        .into_iter()
        .filter(suits)
        .max_by_key(Compiler::number);
    let systems = Compiler::at(SYSTEMS.into()).filter(suits);
    let mut others: Vec<Compiler> = newest.into_iter().chain(systems).collect();
    others.dedup_by(|a, b| a.name == b.name);
    others
}

/// Those of rustup; none where there is no rustup.
fn toolchains() -> Vec<Compiler> {
    let mut list = Command::new("rustup");
    let Some(listed) = said(list.args(["toolchain", "list"])) else {
        return Vec::new();
    };
    let rustc = |line: &str| {
        let toolchain = line.split_whitespace().next()?;
        let mut which = Command::new("rustup");
        let path = first_line(which.args(["which", "--toolchain", toolchain, "rustc"]))?;
        Compiler::at(path.into())
    };
    listed.lines().filter_map(rustc).collect()
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn first_line(command: &mut Command) -> Option<String> {
    said(command)?.lines().next().map(str::to_owned)
}

/// The numbers of a release, without what follows a hyphen.
fn number(release: &str) -> Vec<u32> {
    let numbers = release.split('-').next().unwrap_or_default();
    numbers
        .split('.')
        .map(|number| number.parse().unwrap_or_default())
        .collect()
}
