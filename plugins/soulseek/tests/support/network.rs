//! A real Soulseek network on this machine: `tests/network/network.py` in a process of its
//! own, with everything it starts, ended when dropped.
//!
//! The programs are those of `xtask/peers`, installed by `cargo xtask test`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A song of each peer, below the directory of its music.
pub(crate) const BLUEBIRD: &str = "one/Ann Example/First Album/01 - Bluebird.flac";
pub(crate) const NIGHTJAR: &str = "two/Ann Example/Second Album/02 - Nightjar.mp3";

/// A running network.
pub(crate) struct Network {
    dir: TempDir,
    url: String,
    process: Child,
}

impl Network {
    /// A network whose slskd says that it has that version.
    ///
    /// # Panics
    /// When the programs are not installed, or do not find each other.
    pub(crate) fn start(version: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let music = dir.path().join("music");
        let flac = [
            "-i",
            "sine=d=3:r=96000",
            "-c:a",
            "flac",
            "-sample_fmt",
            "s32",
        ];
        ffmpeg(&flac, &music.join(BLUEBIRD));
        ffmpeg(&["-i", "sine=d=3", "-b:a", "320k"], &music.join(NIGHTJAR));
        let work = dir.path().join("work");
        fs::create_dir(&work).expect("the temporary directory is ours");
        let said = fs::File::create(dir.path().join("said")).expect("the directory is ours");
        let mut process = script("network.py")
            .args([music.as_os_str(), work.as_os_str(), version.as_ref()])
            // Its end is the end of the network, however this process ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .expect("Python is installed");
        let out = process.stdout.take().expect("its output is ours");
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .expect("its output is text");
        let url = line.trim().to_owned();
        assert!(
            url.starts_with("http://"),
            "the network did not start:\n{}",
            fs::read_to_string(dir.path().join("said")).unwrap_or_default()
        );
        Self { dir, url, process }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// slskd's downloads directory.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.dir.path().join("work/downloads")
    }

    /// A song as its peer has it.
    pub(crate) fn original(&self, song: &str) -> Vec<u8> {
        fs::read(self.dir.path().join("music").join(song)).expect("a song of a peer")
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Fails only if the process is gone already.
        drop(self.process.wait());
    }
}

/// What slskd-api, a client that knows nothing of ours, finds at that address.
pub(crate) fn by_another_client(url: &str, key: &str, words: &str) -> serde_json::Value {
    let output = script("client.py")
        .args([url, key, words])
        .stdin(Stdio::null())
        .output()
        .expect("Python is installed");
    assert!(
        output.status.success(),
        "slskd-api:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

fn script(name: &str) -> Command {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = manifest
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").is_file())
        .expect("a test is built inside the workspace");
    let venv = std::env::var_os("XTASK_PEERS")
        .map_or_else(|| workspace.join("target/peers/venv"), PathBuf::from);
    let python = venv.join("bin/python");
    assert!(
        venv.join("bin/nicotine").is_file(),
        "{} has no Nicotine+: run `cargo xtask test`, which installs it, or set XTASK_PEERS \
         to the directory of an environment that has it",
        venv.display()
    );
    let mut command = Command::new(python);
    command
        .arg("-B")
        .arg(manifest.join("tests/network").join(name));
    command
}

fn ffmpeg(args: &[&str], to: &Path) {
    let album = to.parent().expect("a song lies in an album");
    fs::create_dir_all(album).expect("the temporary directory is ours");
    let status = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-f", "lavfi"])
        .args(args)
        .arg(to)
        .status()
        .expect("ffmpeg is installed");
    assert!(status.success(), "ffmpeg {args:?}");
}
