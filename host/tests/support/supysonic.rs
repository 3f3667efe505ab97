//! A real Subsonic server: supysonic on a free loopback port, with a directory, a database
//! and an account of its own, ended when dropped.
//!
//! The programs are those of `xtask/peers/requirements.txt`, installed by `cargo xtask
//! test`. Used by tests of several crates, which take this file in by its path.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// From start to first answer; about 2 s on an idle machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// A port found free may be taken before the server binds it.
const START_TRIES: u32 = 5;

/// A running server with one user and one folder of music.
pub(crate) struct Supysonic {
    dir: TempDir,
    addr: SocketAddr,
    process: Child,
}

impl Supysonic {
    /// Name of the account.
    pub(crate) const USER: &'static str = "alice";
    /// Its password.
    pub(crate) const PASSWORD: &'static str = "pw1";

    /// A server whose music `fill` puts into the directory it is given. The music is
    /// scanned, and the server answers, when this returns.
    ///
    /// # Panics
    /// When supysonic is not installed or does not start; the message says what it said.
    pub(crate) fn start(fill: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let music = dir.path().join("music");
        fs::create_dir(&music).expect("the temporary directory is ours");
        fill(&music);
        fs::write(dir.path().join("supysonic.conf"), config(dir.path()))
            .expect("the temporary directory is ours");

        let cli = |args: &[&OsStr]| run(dir.path(), "supysonic-cli", args);
        let word = OsStr::new;
        cli(&["user", "add", Self::USER, "-p", Self::PASSWORD].map(word));
        cli(&[
            word("folder"),
            word("add"),
            word("Music"),
            music.as_os_str(),
        ]);
        cli(&["folder", "scan", "-f", "Music"].map(word));

        for _ in 0..START_TRIES {
            if let Some((addr, process)) = serve(dir.path()) {
                return Self { dir, addr, process };
            }
        }
        panic!(
            "supysonic ended right after its start, {START_TRIES} times:\n{}",
            said(dir.path())
        );
    }

    /// Its address, as a user would configure it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The directory of its music.
    pub(crate) fn music(&self) -> PathBuf {
        self.dir.path().join("music")
    }

    /// What the server itself logged, failed logins among it.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("web.log")).unwrap_or_default()
    }
}

impl Drop for Supysonic {
    fn drop(&mut self) {
        // Both fail only if the process is gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The settings of a server below `dir`, where every command of it looks for them.
fn config(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "[base]\ndatabase_uri = sqlite:///{dir}/supysonic.db\n\
         [webapp]\ncache_dir = {dir}/cache\nlog_file = {dir}/web.log\nmount_webui = off\n\
         [daemon]\nsocket = {dir}/daemon.sock\nrun_watcher = no\nlog_file = {dir}/daemon.log\n"
    )
}

/// Starts the server and waits for its first answer; `None` if it ends before.
fn serve(dir: &Path) -> Option<(SocketAddr, Child)> {
    let addr = free_addr();
    let output = |name| fs::File::create(dir.join(name)).expect("the temporary directory is ours");
    let mut process = Command::new(program("supysonic-server"))
        // Without a host it would listen on every address of the machine.
        .args(["-S", "waitress", "-h", "127.0.0.1", "-p"])
        .arg(addr.port().to_string())
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(output("server.out"))
        .stderr(output("server.err"))
        .spawn()
        .expect("supysonic-server is a program");
    let started = Instant::now();
    while started.elapsed() < START_LIMIT {
        if answers(addr) {
            return Some((addr, process));
        }
        let ended = process.try_wait().expect("a child can be asked for");
        if ended.is_some() {
            return None;
        }
        // There is no event to wait on: a foreign program opens its port when it likes.
        thread::sleep(Duration::from_millis(50));
    }
    drop(process.kill());
    drop(process.wait());
    panic!(
        "supysonic gave no answer in {START_LIMIT:?}:\n{}",
        said(dir)
    );
}

fn free_addr() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port on 127.0.0.1 can be had")
}

/// Whether a whole request is answered, by whatever status.
fn answers(addr: SocketAddr) -> bool {
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&addr, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /rest/ping.view HTTP/1.0\r\n\r\n")?;
        let mut start = vec![0; 5];
        stream.read_exact(&mut start)?;
        Ok(start)
    };
    ask().is_ok_and(|start| start == b"HTTP/")
}

/// What the server printed before it ended.
fn said(dir: &Path) -> String {
    ["server.out", "server.err", "web.log"]
        .map(|name| fs::read_to_string(dir.join(name)).unwrap_or_default())
        .concat()
}

fn run(dir: &Path, name: &str, args: &[&OsStr]) {
    let output = Command::new(program(name))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .expect("supysonic-cli is a program");
    assert!(
        output.status.success(),
        "{name} {args:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A program of the installed peers.
fn program(name: &str) -> PathBuf {
    let venv = std::env::var_os("XTASK_PEERS")
        .map_or_else(|| workspace().join("target/peers/venv"), PathBuf::from);
    let program = venv.join("bin").join(name);
    assert!(
        program.is_file(),
        "{} is missing: run `cargo xtask test`, which installs it, \
         or set XTASK_PEERS to the directory of an environment that has it",
        program.display()
    );
    program
}

/// The directory of the workspace, above whichever crate takes this file in.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").is_file())
        .expect("a test is built inside the workspace")
        .to_owned()
}
