//! Whether a file has a writer. A name that is out of reach keeps new ones away; those who had
//! the file open before keep it open.

use std::fs::File;

/// Whether nobody has the file open to write, in any process, mapped files and descriptors on
/// their way through a socket included. `false` also where the file system cannot tell.
///
/// The kernel knows: it gives a read lease (`F_SETLEASE` of fcntl(2)) only on a file that has no
/// writer. An open that is half-way has been counted as a writer before it was allowed.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no safe wrapper knows leases")]
pub(super) fn has_no_writer(file: &File) -> bool {
    use std::os::fd::AsRawFd;

    // Of asm-generic/fcntl.h; `libc` does not name it.
    const F_SETSIG: libc::c_int = 10;
    let set = |what, value: libc::c_int| {
        // SAFETY: these take a number and no pointer, and the descriptor is open as long as
        // `file` is.
        unsafe { libc::fcntl(file.as_raw_fd(), what, value) == 0 }
    };
    // Who opens the file to write between the next two is told of by a signal. The usual one
    // would end this process; this one is ignored unless somebody asks for it.
    set(F_SETSIG, libc::SIGURG)
        && set(libc::F_SETLEASE, libc::F_RDLCK)
        && set(libc::F_SETLEASE, libc::F_UNLCK)
}

/// Only Linux tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn has_no_writer(_: &File) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::os::fd::OwnedFd;

    use super::*;

    #[test]
    fn a_file_has_a_writer_as_long_as_anybody_has_it_open_to_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("song");
        let writer = File::create(&path).unwrap();
        let file = File::open(&path).unwrap();
        assert!(!has_no_writer(&file));
        let second: OwnedFd = writer.try_clone().unwrap().into();
        drop(writer);
        assert!(!has_no_writer(&file), "a copy of the descriptor counts");
        drop(second);
        let _reader = File::open(&path).unwrap();
        assert!(has_no_writer(&file));
        // Nothing of the asking stays.
        fs::write(&path, "can be opened to write").unwrap();
    }
}
