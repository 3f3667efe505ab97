//! Wall time, processor time and memory of a program, as Linux counts them. Elsewhere there
//! is only the wall time.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// How often a running program's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Ticks a second in which the kernel reports processor time to programs; fixed, whatever its
/// own clock is (proc_pid_stat(5), `sysconf(_SC_CLK_TCK)`).
const TICKS_A_SECOND: f64 = 100.0;

/// What a run took.
pub(crate) struct Figures {
    pub(crate) wall: Duration,
    /// Seconds of all threads.
    pub(crate) cpu: Option<f64>,
    /// Most memory at one time.
    pub(crate) memory_mib: Option<u64>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.wall.as_secs_f64() * 1000.0;
        if ms < 100.0 {
            write!(f, "{ms:.1} ms")?
        } else {
            write!(f, "{:.2} s", ms / 1000.0)?
        }
        if let Some(cpu) = self.cpu.filter(|cpu| *cpu > 0.0) {
            write!(f, ", CPU {cpu:.2} s")?;
        }
        if let Some(mib) = self.memory_mib {
            write!(f, ", {mib} MiB")?;
        }
        Ok(())
    }
}

/// Runs the program once; what it prints goes nowhere.
pub(crate) fn measured(program: &Path, args: &[&OsStr]) -> Result<(Figures, ExitStatus)> {
    let before = children_cpu();
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| program.display().to_string())?;
    let (status, memory_mib) = watch(&mut child)?;
    let wall = started.elapsed();
    let cpu = children_cpu()
        .zip(before)
        .map(|(after, before)| after - before);
    Ok((
        Figures {
            wall,
            cpu,
            memory_mib,
        },
        status,
    ))
}

/// The run of median wall time, of a program too quick for its memory to be looked at.
pub(crate) fn median_of(
    times: usize,
    program: &Path,
    args: &[impl AsRef<OsStr>],
) -> Result<Figures> {
    let mut walls = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        let output = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .output()?;
        walls.push(started.elapsed());
        ensure!(
            output.status.success(),
            "{} ended with {}",
            program.display(),
            output.status
        );
    }
    walls.sort_unstable();
    Ok(Figures {
        wall: walls[times / 2],
        cpu: None,
        memory_mib: None,
    })
}

/// Runs a program so many times; beside the answer, the processor seconds of one run with
/// all the processes it started and waited for.
pub(crate) fn average_cpu<T>(
    times: usize,
    runs: impl FnOnce() -> Result<T>,
) -> Result<(T, Option<f64>)> {
    let before = children_cpu();
    let answer = runs()?;
    let cpu = children_cpu().zip(before);
    let cpu = cpu.map(|(after, before)| (after - before) / times as f64);
    Ok((answer, cpu))
}

/// Waits for the end. The kernel keeps the highest mark, so that only what is added in the
/// last moment can be missed.
fn watch(child: &mut Child) -> Result<(ExitStatus, Option<u64>)> {
    let mut most = None;
    loop {
        most = memory_kib(child.id()).or(most);
        if let Some(status) = child.try_wait()? {
            return Ok((status, most.map(|kib| kib / 1024)));
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// `VmHWM` of proc_pid_status(5).
fn memory_kib(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Seconds of all children that have ended: fields 16 and 17 of proc_pid_stat(5).
fn children_cpu() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in brackets, and may hold anything.
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    Some((ticks(16)? + ticks(17)?) / TICKS_A_SECOND)
}
