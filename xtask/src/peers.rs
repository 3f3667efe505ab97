//! What the tests need beside Rust: ffmpeg, which makes their audio, real servers to talk to,
//! and the tools that run and check them. What is there is used; what is missing is
//! installed, or named with what to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Something of the operating system that has to be there.
pub(crate) struct Program {
    name: &'static str,
    /// A command that succeeds where it is.
    probe: &'static [&'static str],
    /// Where Debian and its relatives have it.
    package: &'static str,
}

/// Makes the audio of the tests.
pub(crate) const FFMPEG: Program = Program {
    name: "ffmpeg",
    probe: &["ffmpeg", "-version"],
    package: "ffmpeg",
};

/// What downloads are measured against.
pub(crate) const ARIA2C: Program = Program {
    name: "aria2c",
    probe: &["aria2c", "--version"],
    package: "aria2",
};

/// Shows the system calls of a run: the only way to see what was synced, and when.
pub(crate) const STRACE: Program = Program {
    name: "strace",
    probe: &["strace", "-V"],
    package: "strace",
};

/// Runs the servers of the tests.
const PYTHON: Program = Program {
    name: "Python 3 with venv",
    probe: &["python3", "-c", "import venv, ensurepip"],
    package: "python3-venv",
};

/// Runs the judge of requests.
const NODE: Program = Program {
    name: "Node.js with npm",
    probe: &["npm", "--version"],
    package: "npm",
};

impl Program {
    fn is_there(&self) -> bool {
        process::succeeds(Command::new(self.probe[0]).args(&self.probe[1..]))
    }
}

/// Installs those that are missing, where the system's own packages can be installed.
pub(crate) fn require_programs(programs: &[Program]) -> Result<()> {
    let missing: Vec<&Program> = programs
        .iter()
        .filter(|program| !program.is_there())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing
        .iter()
        .map(|program| program.name)
        .collect::<Vec<_>>()
        .join(", ");
    let packages: Vec<&str> = missing.iter().map(|program| program.package).collect();
    println!("{names} missing; installing {}", packages.join(" "));
    let advice = || {
        format!(
            "this needs {names}; install it (Debian, Ubuntu: `apt-get install {}`) and run \
             the same command again",
            packages.join(" ")
        )
    };
    let apt_get = |args: &[&str]| -> Result<()> {
        let mut command = as_root()?;
        process::run(command.env("DEBIAN_FRONTEND", "noninteractive").args(args))
    };
    let install = [
        &["install", "-y", "-qq", "--no-install-recommends"],
        packages.as_slice(),
    ];
    apt_get(&["update", "-qq"])
        .and_then(|()| apt_get(&install.concat()))
        .with_context(advice)?;
    match missing.iter().find(|program| !program.is_there()) {
        None => Ok(()),
        Some(program) => bail!(
            "{} is installed and does not work; {}",
            program.name,
            advice()
        ),
    }
}

/// `apt-get` with the right to install, without ever asking for a password.
fn as_root() -> Result<Command> {
    if !process::succeeds(Command::new("apt-get").arg("--version")) {
        bail!("this system has no apt-get");
    }
    let id = process::output(Command::new("id").arg("-u"))?;
    if id.trim_ascii() == b"0" {
        return Ok(Command::new("apt-get"));
    }
    if !process::succeeds(Command::new("sudo").args(["-n", "true"])) {
        bail!("only root may install it, and `sudo` would ask for a password");
    }
    let mut command = Command::new("sudo");
    command.args(["-n", "apt-get"]);
    Ok(command)
}

/// A directory of Python programs in pinned versions.
pub(crate) struct Environment {
    /// Below `target/peers`.
    name: &'static str,
    /// What is in it, below `xtask/peers`.
    requirements: &'static str,
    /// What is in it besides, each package without those that it says it needs.
    alone: Option<&'static str>,
}

impl Environment {
    /// The servers that the tests talk to.
    pub(crate) const SERVERS: Self = Self {
        name: "venv",
        requirements: "requirements.txt",
        alone: Some("alone.txt"),
    };
    /// yt-dlp with what it needs. By itself: some of the servers' packages would change how it
    /// speaks HTTP and which certificates it trusts.
    pub(crate) const YTDLP: Self = Self {
        name: "ytdlp",
        requirements: "ytdlp.txt",
        alone: None,
    };
    /// The tools that run the tests and check the dependencies.
    const TOOLS: Self = Self {
        name: "tools",
        requirements: "tools.txt",
        alone: None,
    };

    /// The environment's directory, made when it is not there or not what is required now.
    pub(crate) fn installed(&self, workspace: &Workspace) -> Result<PathBuf> {
        let lists = workspace.root.join("xtask/peers");
        let mut required = String::new();
        for list in std::iter::once(self.requirements).chain(self.alone) {
            let list = lists.join(list);
            required += &fs::read_to_string(&list).with_context(|| list.display().to_string())?;
        }
        let dir = workspace.scratch("peers").join(self.name);
        // Written last: an installation that was broken off has none.
        let stamp = dir.join("installed.txt");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == required) {
            return Ok(dir);
        }
        require_programs(&[PYTHON])?;
        println!(
            "installing xtask/peers/{} into target/peers/{}",
            self.requirements, self.name
        );
        process::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&dir),
        )?;
        let install = |list: &str, more: &[&str]| {
            process::run(
                Command::new(dir.join("bin/python"))
                    .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                    .args(more)
                    .arg("-r")
                    .arg(lists.join(list)),
            )
            .context("the packages cannot be installed; is there a network, or a proxy to configure for pip?")
        };
        install(self.requirements, &[])?;
        if let Some(alone) = self.alone {
            install(alone, &["--no-deps"])?;
        }
        fs::write(&stamp, required).with_context(|| stamp.display().to_string())?;
        Ok(dir)
    }
}

/// Prism, which holds requests against a vendor's description, in its pinned version.
pub(crate) fn judge(workspace: &Workspace) -> Result<PathBuf> {
    const LISTS: [&str; 2] = ["package.json", "package-lock.json"];
    let from = workspace.root.join("xtask/peers/node");
    let dir = workspace.scratch("peers").join("node");
    let read = |dir: &Path| -> Option<[String; 2]> {
        let [list, lock] = LISTS.map(|name| fs::read_to_string(dir.join(name)).ok());
        Some([list?, lock?])
    };
    let required = read(&from).with_context(|| from.display().to_string())?;
    // Written last: an installation that was broken off has none.
    let stamp = dir.join("installed");
    if stamp.exists() && read(&dir).as_ref() == Some(&required) {
        return Ok(dir);
    }
    require_programs(&[NODE])?;
    println!("installing xtask/peers/node into target/peers/node");
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    // It is there only if an earlier list was installed.
    drop(fs::remove_file(&stamp));
    for (name, text) in LISTS.iter().zip(&required) {
        fs::write(dir.join(name), text).with_context(|| dir.display().to_string())?;
    }
    process::run(Command::new("npm").current_dir(&dir).args([
        "ci",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ]))
    .context(
        "the packages cannot be installed; is there a network, or a proxy to configure for npm?",
    )?;
    fs::write(&stamp, "").with_context(|| stamp.display().to_string())?;
    Ok(dir)
}

/// A cargo tool: the pinned one, or on a machine for which there is none the user's own.
pub(crate) fn tool(workspace: &Workspace, name: &str) -> Result<Command> {
    let pinned = Environment::TOOLS
        .installed(workspace)
        .map(|dir| dir.join("bin").join(name));
    match pinned {
        Ok(program) => Ok(Command::new(program)),
        Err(error) if process::succeeds(Command::new(name).arg("--version")) => {
            println!("using the {name} of this machine: {error:#}");
            Ok(Command::new(name))
        }
        Err(error) => Err(error.context(format!(
            "{name} is needed; `cargo install --locked {name}` compiles it where it cannot be \
             installed otherwise"
        ))),
    }
}
