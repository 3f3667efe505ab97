//! Watches what a run does to files, one operation after the other over all its threads, and
//! does it harm at the one that is asked for: it ends as by a power cut right after it, or the
//! disk refuses it. What the run's plugins do to files themselves is not seen.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::libc::user_regs_struct;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// What befalls a run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    None,
    /// It is killed when that operation is done, counted from 1.
    KilledAfter(usize),
    /// That operation fails, and nothing else.
    Refused(usize, Errno),
    /// Whoever asks is told that the disk has no room left.
    NoRoom,
}

/// A change of a file or directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation {
    pub(crate) call: &'static str,
    /// Which file, relative to the place that is watched; of two names the new one.
    pub(crate) file: String,
}

/// A run that was watched to its end.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) operations: Vec<Operation>,
    /// The exit code; `None` of a run that a signal ended.
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

/// Runs the command and watches what it does below `root`.
pub(crate) fn watch(command: &Command, root: &Path, harm: Harm) -> Watched {
    let heard = tempfile::NamedTempFile::new().unwrap();
    let process = start_stopped(command, heard.reopen().unwrap());
    let mut watch = Watch {
        process,
        root,
        harm,
        inside: HashMap::new(),
        operations: Vec::new(),
    };
    let code = watch.follow();
    Watched {
        operations: watch.operations,
        code,
        stderr: fs::read_to_string(heard.path()).unwrap(),
    }
}

/// The process, attached to and stopped before its program has begun.
#[expect(
    clippy::zombie_processes,
    reason = "its end is waited for where its calls are"
)]
fn start_stopped(command: &Command, stderr: File) -> Pid {
    let mut shell = Command::new("sh");
    shell.args(["-c", "kill -STOP $$; exec \"$@\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.current_dir(command.get_current_dir().unwrap());
    shell.env_clear();
    shell.envs(
        command
            .get_envs()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    shell.stdin(Stdio::null()).stdout(Stdio::null());
    let child = shell.stderr(stderr).spawn().unwrap();
    let process = Pid::from_raw(child.id().cast_signed());
    waitpid(process, Some(WaitPidFlag::WUNTRACED)).unwrap();
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(process, options).unwrap();
    kill(process, Signal::SIGCONT).unwrap();
    process
}

struct Watch<'a> {
    process: Pid,
    root: &'a Path,
    harm: Harm,
    /// Threads that are within a call.
    inside: HashMap<Pid, Entered>,
    operations: Vec<Operation>,
}

/// A call that has begun.
#[derive(Clone, Copy)]
enum Entered {
    /// It changes nothing.
    Other,
    /// It changes a file.
    Operation {
        number: usize,
        refused: Option<Errno>,
    },
    /// It asks how much room there is; the answer goes to that address.
    Space(u64),
}

/// Where a `struct statfs` says how many blocks are free for its caller (statfs(2)).
const FREE_BLOCKS: u64 = 32;

impl Watch<'_> {
    fn follow(&mut self) -> Option<i32> {
        // Only what this thread attached to, not what other tests of the same program started.
        let whose = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            match waitpid(None, Some(whose)).unwrap() {
                WaitStatus::Exited(thread, code) => {
                    self.inside.remove(&thread);
                    if thread == self.process {
                        return Some(code);
                    }
                }
                WaitStatus::Signaled(thread, ..) => {
                    self.inside.remove(&thread);
                    if thread == self.process {
                        return None;
                    }
                }
                WaitStatus::PtraceSyscall(thread) => {
                    unless_it_is_gone(self.step(thread));
                    unless_it_is_gone(ptrace::syscall(thread, None));
                }
                WaitStatus::PtraceEvent(thread, ..) => {
                    unless_it_is_gone(ptrace::syscall(thread, None));
                }
                WaitStatus::Stopped(thread, signal) => {
                    unless_it_is_gone(ptrace::syscall(thread, Some(signal)));
                }
                WaitStatus::Continued(_) | WaitStatus::StillAlive => {}
            }
        }
    }

    /// A thread enters or leaves a call.
    fn step(&mut self, thread: Pid) -> nix::Result<()> {
        let mut registers = ptrace::getregs(thread)?;
        match self.inside.remove(&thread) {
            None => {
                let entered = self.enter(thread, &mut registers)?;
                self.inside.insert(thread, entered);
            }
            Some(Entered::Other) => {}
            Some(Entered::Space(answer)) => {
                let free = (answer + FREE_BLOCKS) as ptrace::AddressType;
                ptrace::write(thread, free, 0)?;
            }
            Some(Entered::Operation { number, refused }) => {
                if let Some(errno) = refused {
                    registers.rax = (-i64::from(errno as i32)).cast_unsigned();
                    ptrace::setregs(thread, registers)?;
                }
                if matches!(self.harm, Harm::KilledAfter(last) if last == number) {
                    kill(self.process, Signal::SIGKILL)?;
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, thread: Pid, registers: &mut user_regs_struct) -> nix::Result<Entered> {
        let asks_for_space = registers.orig_rax.cast_signed() == libc::SYS_fstatfs;
        if asks_for_space && matches!(self.harm, Harm::NoRoom) {
            return Ok(Entered::Space(registers.rsi));
        }
        let Some(operation) = operation(thread, registers, self.root) else {
            return Ok(Entered::Other);
        };
        self.operations.push(operation);
        let number = self.operations.len();
        let refused = match self.harm {
            Harm::Refused(refused, errno) if refused == number => Some(errno),
            Harm::Refused(..) | Harm::None | Harm::KilledAfter(_) | Harm::NoRoom => None,
        };
        if refused.is_some() {
            // There is no such call, so nothing is done; the answer is put in on the way out.
            registers.orig_rax = u64::MAX;
            ptrace::setregs(thread, *registers)?;
        }
        Ok(Entered::Operation { number, refused })
    }
}

/// A thread that was killed while it stood still is heard of once more.
fn unless_it_is_gone(done: nix::Result<()>) {
    match done {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => panic!("the run cannot be watched: {error}"),
    }
}

/// Where a call says which file it is about.
enum Named {
    /// By the handle in that argument.
    Handle(usize),
    /// By the path in that argument, from the directory in that other one.
    Path(usize, Option<usize>),
}

/// What a call changes below `root`; `None`: nothing.
fn operation(thread: Pid, registers: &user_regs_struct, root: &Path) -> Option<Operation> {
    use Named::{Handle, Path};
    use nix::libc as calls;

    let arguments = [
        registers.rdi,
        registers.rsi,
        registers.rdx,
        registers.r10,
        registers.r8,
        registers.r9,
    ];
    let (call, named) = match registers.orig_rax.cast_signed() {
        calls::SYS_open if creates(arguments[1]) => ("open", Path(0, None)),
        calls::SYS_creat => ("open", Path(0, None)),
        calls::SYS_openat if creates(arguments[2]) => ("open", Path(1, Some(0))),
        calls::SYS_openat2 if creates(how(thread, arguments[2])?) => ("open", Path(1, Some(0))),
        calls::SYS_write | calls::SYS_writev => ("write", Handle(0)),
        calls::SYS_pwrite64 | calls::SYS_pwritev => ("write", Handle(0)),
        calls::SYS_copy_file_range => ("copy", Handle(2)),
        calls::SYS_sendfile => ("copy", Handle(0)),
        calls::SYS_fsync | calls::SYS_fdatasync => ("sync", Handle(0)),
        calls::SYS_ftruncate => ("truncate", Handle(0)),
        calls::SYS_fallocate => ("allocate", Handle(0)),
        calls::SYS_fchmod => ("chmod", Handle(0)),
        calls::SYS_chmod => ("chmod", Path(0, None)),
        calls::SYS_fchmodat => ("chmod", Path(1, Some(0))),
        calls::SYS_rename => ("rename", Path(1, None)),
        calls::SYS_renameat | calls::SYS_renameat2 => ("rename", Path(3, Some(2))),
        calls::SYS_link => ("link", Path(1, None)),
        calls::SYS_linkat => ("link", Path(3, Some(2))),
        calls::SYS_symlink => ("link", Path(1, None)),
        calls::SYS_symlinkat => ("link", Path(2, Some(1))),
        calls::SYS_unlink => ("remove", Path(0, None)),
        calls::SYS_unlinkat => ("remove", Path(1, Some(0))),
        calls::SYS_rmdir => ("remove", Path(0, None)),
        calls::SYS_mkdir => ("mkdir", Path(0, None)),
        calls::SYS_mkdirat => ("mkdir", Path(1, Some(0))),
        _ => return None,
    };
    let path = match named {
        Handle(at) => opened(thread, arguments[at])?,
        Path(at, from) => {
            let name = text(thread, arguments[at])?;
            match from.and_then(|from| opened(thread, arguments[from])) {
                Some(directory) => directory.join(name),
                None => PathBuf::from(name),
            }
        }
    };
    let file = if path.is_absolute() {
        path.strip_prefix(root).ok()?.to_owned()
    } else {
        // From the working directory, which is the root.
        path.components().collect()
    };
    Some(Operation {
        call,
        file: file.to_string_lossy().into_owned(),
    })
}

/// Whether a file that is opened so may be made or emptied.
fn creates(flags: u64) -> bool {
    let making = libc::O_CREAT | libc::O_TRUNC;
    flags & u64::from(making.cast_unsigned()) != 0
}

/// The flags in the `open_how` at that address (openat2(2)).
fn how(thread: Pid, address: u64) -> Option<u64> {
    let mut flags = [0; 8];
    memory(thread)?.read_exact_at(&mut flags, address).ok()?;
    Some(u64::from_ne_bytes(flags))
}

/// The path behind a handle; `None` of a pipe, a socket and the like.
fn opened(thread: Pid, handle: u64) -> Option<PathBuf> {
    // Handles are 32 bits wide, and the one that stands for the working directory is negative.
    let handle = u32::try_from(handle & u64::from(u32::MAX))
        .ok()?
        .cast_signed();
    let path = fs::read_link(format!("/proc/{thread}/fd/{handle}")).ok()?;
    path.is_absolute().then_some(path)
}

/// The text at that address, up to its zero.
fn text(thread: Pid, address: u64) -> Option<String> {
    let mut bytes = [0; 4096];
    let read = memory(thread)?.read_at(&mut bytes, address).ok()?;
    let end = bytes[..read].iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

fn memory(thread: Pid) -> Option<File> {
    File::open(format!("/proc/{thread}/mem")).ok()
}
