//! A library as it was at one moment, which cannot change any more. Takes it, measures it
//! and says how it can be loaded; whether it may be is [`trust`](super::trust)'s to decide.
//!
//! Between looking at a file and loading it the file can be replaced, and while it is loaded
//! it can be written into, because the system reads a page when it is first touched. So on
//! Linux the content is copied into memory and sealed, and everything that follows uses the
//! copy: the digest, the check of the headers, the loader. That `cp new.so plugin.so` during
//! a run does no harm comes with it. The copy takes about 1 ms a MiB (measured with 6.5 MB on
//! a shared two-core machine) and as much memory as the file has bytes; loading through a
//! handle of the file itself would save both, and let its owner change it after the check.
//!
//! Other systems have no sealed memory to load from: there the path is loaded, and a file
//! that is replaced in the meantime is not noticed.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::discover::NotAFile;
use super::elf;
use super::load::LoadFailure;

/// A plugin has a MiB, with everything for a debugger 20; a file of this size is something
/// else, and would only fill the memory.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// A library's content, fixed and recognised as one.
#[derive(Debug)]
pub struct Snapshot {
    file: PathBuf,
    digest: Digest,
    bytes: u64,
    content: File,
}

/// What tells one content from another: its BLAKE3 hash, written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(blake3::Hash);

impl Snapshot {
    /// Of a file that the user named; who may change it is not checked.
    ///
    /// # Errors
    /// When it is not a regular file, cannot be read, or is not the whole of a library.
    pub fn of(file: &Path) -> Result<Snapshot, LoadFailure> {
        // A bare name would make the system's loader search its own directories for it.
        let path = std::path::absolute(file)?;
        let opened = open_regular(CWD, path.as_os_str(), &path)?;
        Snapshot::take(path, opened)
    }

    /// Of an open file; `file` is the name it goes by in messages.
    pub(super) fn take(file: PathBuf, opened: File) -> Result<Snapshot, LoadFailure> {
        let (mut content, digest, bytes) = fixed(&file, opened)?;
        if cfg!(target_os = "linux") {
            content.rewind()?;
            elf::check(&mut content)??;
        }
        Ok(Snapshot {
            file,
            digest,
            bytes,
            content,
        })
    }

    /// Where the content was found. What lies there now may be something else.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What tells it from any other content.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Length in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The path by which this process, and others of the same user, reach the content while
    /// the snapshot lives: for `dlopen`, not for people.
    pub fn loadable_path(&self) -> PathBuf {
        loadable_path(&self.file, &self.content)
    }

    /// The content alone.
    pub(super) fn into_content(self) -> File {
        self.content
    }
}

/// The path of a content that this process has open, and that was found in `file`.
pub(super) fn loadable_path(file: &Path, content: &File) -> PathBuf {
    if cfg!(target_os = "linux") {
        use std::os::fd::AsRawFd;
        let (process, number) = (std::process::id(), content.as_raw_fd());
        format!("/proc/{process}/fd/{number}").into()
    } else {
        file.to_owned()
    }
}

/// Opens what is really a file, and nothing it points to. `path` is where it lies, `name`
/// how it is reached from `directory`.
///
/// # Errors
/// When it is something else, or cannot be opened.
pub(super) fn open_regular(
    directory: impl AsFd,
    name: &OsStr,
    path: &Path,
) -> Result<File, LoadFailure> {
    // Before it is opened: opening a pipe would wait for its other end, opening a device may
    // do something. What counts is the look at the open file, below.
    if let Some(reason) = NotAFile::of(fs::symlink_metadata(path)?.file_type()) {
        return Err(reason.into());
    }
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = match openat(directory, name, flags, Mode::empty()) {
        Ok(opened) => File::from(opened),
        Err(Errno::LOOP) => return Err(NotAFile::Link.into()),
        Err(error) => return Err(io::Error::from(error).into()),
    };
    match NotAFile::of(opened.metadata()?.file_type()) {
        Some(reason) => Err(reason.into()),
        None => Ok(opened),
    }
}

#[cfg(target_os = "linux")]
fn fixed(file: &Path, mut opened: File) -> Result<(File, Digest, u64), LoadFailure> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use std::os::unix::ffi::OsStrExt;

    // What `/proc/PID/maps` shows; the system takes up to 249 bytes.
    let name = file.file_name().unwrap_or_default().as_bytes();
    let name = &name[..name.len().min(200)];
    // No program, but pages of it can be run all the same. Linux before 6.3 does not know
    // the flag, later ones can be told to insist on it.
    let made = match memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING),
        made => made,
    };
    let mut copy = File::from(made.map_err(io::Error::from)?);
    let (digest, bytes) = measure(&mut opened, &mut copy)?;
    let every = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    /// The kernel itself waits a moment in each.
    const TRIES: u32 = 10;
    // Busy as long as anybody holds a page of it, as the kernel does for itself at times.
    let mut sealed = fcntl_add_seals(&copy, every);
    for _ in 1..TRIES {
        if sealed != Err(Errno::BUSY) {
            break;
        }
        sealed = fcntl_add_seals(&copy, every);
    }
    sealed.map_err(io::Error::from)?;
    Ok((copy, digest, bytes))
}

#[cfg(not(target_os = "linux"))]
fn fixed(_file: &Path, mut opened: File) -> Result<(File, Digest, u64), LoadFailure> {
    let (digest, bytes) = measure(&mut opened, &mut io::sink())?;
    Ok((opened, digest, bytes))
}

/// Reads a file from its beginning and writes it to `copy`.
fn measure(from: &mut File, copy: &mut impl Write) -> Result<(Digest, u64), LoadFailure> {
    let too_large = || LoadFailure::TooLarge { most: MOST_BYTES };
    // Before it fills the memory; it may still grow while it is read.
    if from.metadata()?.len() > MOST_BYTES {
        return Err(too_large());
    }
    from.rewind()?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 128 * 1024];
    let mut bytes = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok((Digest(hasher.finalize()), bytes)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        bytes += read as u64;
        if bytes > MOST_BYTES {
            return Err(too_large());
        }
        hasher.update(&buffer[..read]);
        copy.write_all(&buffer[..read])?;
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_hex())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        blake3::Hash::from_hex(&text)
            .map(Digest)
            .map_err(|error| serde::de::Error::custom(format!("`{text}` is not a hash: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_would_only_fill_the_memory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("huge.so");
        File::create(&path)
            .unwrap()
            .set_len(MOST_BYTES + 1)
            .unwrap();
        let error = Snapshot::of(&path).unwrap_err();
        assert!(matches!(error, LoadFailure::TooLarge { .. }), "{error}");
    }

    #[test]
    fn a_digest_is_what_the_usual_tools_print() {
        // `printf '' | b3sum`
        let expected = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        let digest = Digest(blake3::hash(b""));
        assert_eq!(digest.to_string(), expected);
        let text = format!("\"{expected}\"");
        assert_eq!(serde_json::to_string(&digest).unwrap(), text);
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_was_taken_cannot_be_written_to() {
        let own = std::env::current_exe().unwrap();
        let (copy, _, bytes) = fixed(&own, File::open(&own).unwrap()).unwrap();
        assert_eq!(bytes, own.metadata().unwrap().len());
        assert!((&copy).write(b"x").is_err());
        assert!(copy.set_len(0).is_err());
        assert!(copy.set_len(bytes + 1).is_err());
    }
}
