//! Holds this process, and everything it will ever start, to its [`Rules`].
//!
//! Landlock is a part of Linux since 5.13 that any process may use upon itself: no rights, no
//! daemon. Later kernels can do more (moving between directories 5.19, cutting files 6.2, TCP
//! 6.7, signals 6.12), and each is asked for as much as it can. What none of them limits:
//! UDP, connecting to a socket that has a path, and looking at what exists and how large it
//! is.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::Rules;

/// The newest that this was tried with.
const NEWEST: ABI = ABI::V7;

/// Programs, libraries, certificates and settings of the system, which every process may
/// read. Not all of them are on every system.
const SYSTEM: [&str; 14] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix",
    "/gnu",
    "/run/current-system",
    "/proc",
    "/sys",
];
/// What `/etc/resolv.conf` is a link to.
const RESOLVERS: [&str; 3] = [
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
];
/// Of the devices, those that are not hardware.
const DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// How much of the sandbox the running kernel can hold up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Files and TCP connections.
    Full,
    /// Files.
    NoNetwork,
    /// Nothing.
    None,
}

impl Strength {
    /// What the user has to know; `None`: nothing.
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Strength::Full => None,
            Strength::NoNetwork => Some(
                "this kernel cannot keep plugins from connecting to the network past musicdl \
                 (Linux 6.7 can); their files are limited",
            ),
            Strength::None => Some(
                "this kernel cannot limit what plugins read and write (Landlock, Linux 5.13 or \
                 later, is missing or switched off): they can do whatever you can",
            ),
        }
    }
}

/// What the running kernel can do.
pub fn strength() -> Strength {
    let can = |ask: fn(Ruleset) -> Result<Ruleset, RulesetError>| {
        let strict = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        ask(strict).and_then(Ruleset::create).is_ok()
    };
    if !can(|rules| rules.handle_access(AccessFs::from_all(ABI::V1))) {
        Strength::None
    } else if !can(|rules| rules.handle_access(AccessNet::ConnectTcp)) {
        Strength::NoNetwork
    } else {
        Strength::Full
    }
}

/// Why a process is not confined though it could be.
#[derive(Debug, thiserror::Error)]
pub(in crate::plugin) enum EnterError {
    #[error("the kernel refused: {0}")]
    Rules(#[from] RulesetError),
    #[error("it has Landlock and does not hold up the rules")]
    NotEnforced,
    #[error("it cannot be limited: {0}")]
    Limit(io::Error),
}

/// From here on, and for good. Counts for this thread and those it makes, so the process
/// must not have others yet.
pub(in crate::plugin) fn enter(rules: &Rules) -> Result<(), EnterError> {
    lay_down_powers().map_err(EnterError::Limit)?;
    limit(Resource::Nofile, Some(rules.handles))?;
    limit(Resource::As, rules.memory)?;
    let can = strength();
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?;
    if !rules.network {
        ruleset = ruleset.handle_access(AccessNet::from_all(NEWEST))?;
    }
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let run = read | AccessFs::Execute;
    let write = (AccessFs::from_all(NEWEST) & !AccessFs::Execute)
        & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    let of_system = if rules.programs { run } else { read };
    let mut ruleset = ruleset.create()?;
    for path in SYSTEM {
        ruleset = open(ruleset, path.as_ref(), of_system)?;
    }
    if rules.network {
        for path in RESOLVERS {
            ruleset = open(ruleset, path.as_ref(), read)?;
        }
    }
    for path in DEVICES {
        ruleset = open(ruleset, path.as_ref(), read | AccessFs::WriteFile)?;
    }
    for (paths, access) in [
        (&rules.read, read),
        (&rules.run, run),
        (&rules.write, write),
    ] {
        for path in paths {
            ruleset = open(ruleset, path, access)?;
        }
    }
    let status = ruleset.restrict_self()?;
    match (can, status.ruleset) {
        (Strength::Full | Strength::NoNetwork, RulesetStatus::NotEnforced) => {
            Err(EnterError::NotEnforced)
        }
        (Strength::None, _)
        | (_, RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => Ok(()),
    }
}

/// What is not there, or not ours to see, needs no opening.
fn open(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(handle) = PathFd::new(path) else {
        return Ok(rules);
    };
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(NEWEST)
    };
    rules.add_rule(PathBeneath::new(handle, access))
}

/// Root may look past Landlock in places (CAP_PERFMON opens `/proc/PID/environ` of anybody,
/// Linux 6.18). What is left to it is to read and write files of other users, which is what
/// music on a mounted disk often is.
fn lay_down_powers() -> io::Result<()> {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let mut sets = capabilities(None)?;
    let kept = CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::DAC_READ_SEARCH
        | CapabilitySet::FOWNER
        | CapabilitySet::CHOWN;
    sets.effective &= kept;
    sets.permitted &= kept;
    sets.inheritable = CapabilitySet::empty();
    Ok(set_capabilities(None, sets)?)
}

fn limit(resource: Resource, most: Option<u64>) -> Result<(), EnterError> {
    let Some(most) = most else { return Ok(()) };
    let now = rustix::process::getrlimit(resource);
    let most = now.maximum.map_or(most, |maximum| maximum.min(most));
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(resource, limit).map_err(|error| EnterError::Limit(error.into()))
}
