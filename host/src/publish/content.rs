//! Writes what a file holds before the file has its name, and compares what files hold.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};

use super::folders::Folder;
use super::name::At;
use super::staging::temp_name;

/// What a new file is to hold.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    Bytes(&'a [u8]),
    Of(&'a File),
}

/// A hidden file beside its final name. Removed when dropped, unless it has been moved away.
pub(super) struct Part<'a> {
    folder: &'a Folder,
    name: String,
    pub(super) file: File,
}

impl<'a> Part<'a> {
    pub(super) fn create(folder: &'a Folder) -> io::Result<Self> {
        let name = temp_name();
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&folder.dir, &name, flags, Mode::from_raw_mode(0o666))?;
        Ok(Self {
            folder,
            name,
            file: File::from(fd),
        })
    }

    pub(super) fn at(&self) -> At<'_> {
        At {
            dir: self.folder.dir.as_fd(),
            name: Path::new(&self.name),
        }
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        // Moved away it is not there.
        let _ = rustix::fs::unlinkat(&self.folder.dir, &self.name, AtFlags::empty());
    }
}

/// Writes, syncs, and reads a copied file back: disks and shares have been known to say yes.
pub(super) fn fill(mut file: &File, content: Content<'_>) -> io::Result<()> {
    match content {
        Content::Bytes(bytes) => {
            file.write_all(bytes)?;
            file.sync_all()
        }
        Content::Of(mut source) => {
            source.rewind()?;
            io::copy(&mut source, &mut file)?;
            file.sync_all()?;
            if same_bytes(source, file)? {
                Ok(())
            } else {
                Err(io::Error::other("the copy differs from the original"))
            }
        }
    }
}

pub(super) fn open_in(folder: &Folder, name: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::openat(
        &folder.dir,
        name,
        flags,
        Mode::empty(),
    )?))
}

pub(super) fn is_same(one: &File, other: &File) -> io::Result<bool> {
    let (a, b) = (one.metadata()?, other.metadata()?);
    if (a.dev(), a.ino()) == (b.dev(), b.ino()) {
        return Ok(true);
    }
    Ok(b.is_file() && same_bytes(one, other)?)
}

fn same_bytes(one: &File, other: &File) -> io::Result<bool> {
    let size = one.metadata()?.len();
    if other.metadata()?.len() != size {
        return Ok(false);
    }
    let (mut a, mut b) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut at = 0;
    while at < size {
        let step = usize::try_from(size - at).unwrap_or(a.len()).min(a.len());
        one.read_exact_at(&mut a[..step], at)?;
        other.read_exact_at(&mut b[..step], at)?;
        if a[..step] != b[..step] {
            return Ok(false);
        }
        at += step as u64;
    }
    Ok(true)
}
