//! What kind of disk a state is on. A write-ahead log needs memory that all its readers share,
//! and a lock that every process sees; file systems on other machines give neither for
//! certain.

use std::path::Path;

/// How the database is kept there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// With a write-ahead log.
    Local,
    /// With a rollback journal: slower, and every read and write goes to the file.
    Remote(&'static str),
}

impl Place {
    /// Of an existing directory. One of which the system says nothing is taken for local, as
    /// most are.
    pub(super) fn of(dir: &Path) -> Self {
        magic(dir).map_or(Place::Local, Self::by_magic)
    }

    /// The numbers are those of statfs(2) and Linux' `magic.h`.
    fn by_magic(magic: u64) -> Self {
        match magic {
            0x6969 => Place::Remote("NFS"),
            0x517b | 0xff53_4d42 | 0xfe53_4d42 => Place::Remote("SMB"),
            0x0102_1997 => Place::Remote("9p"),
            0x00c3_6400 => Place::Remote("Ceph"),
            0x5346_414f => Place::Remote("AFS"),
            // Behind it may be sshfs, rclone or a disk of this machine; there is no way to know.
            0x6573_5546 => Place::Remote("FUSE"),
            _ => Place::Local,
        }
    }

    /// The journal mode of SQLite that is safe there.
    pub(super) fn journal_mode(self) -> &'static str {
        match self {
            Place::Local => "WAL",
            Place::Remote(_) => "DELETE",
        }
    }

    /// What the user should know of it.
    pub(super) fn warning(self, dir: &Path) -> Option<String> {
        match self {
            Place::Local => None,
            Place::Remote(kind) => Some(format!(
                "the state `{}` is on {kind}, which may be a network file system: the journal is \
                 slower there and must be used by one machine only; choose a local directory (--state)",
                dir.display()
            )),
        }
    }
}

#[cfg(target_os = "linux")]
fn magic(dir: &Path) -> Option<u64> {
    let kind = rustix::fs::statfs(dir).ok()?.f_type;
    // Signed or not, 32 bits or 64, as the processor has it; the numbers have 32.
    Some(kind as u64 & 0xffff_ffff)
}

#[cfg(not(target_os = "linux"))]
fn magic(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_file_system_is_told_from_a_disk() {
        for (magic, name) in [
            (0x6969, Some("NFS")),
            (0xff53_4d42, Some("SMB")),
            (0xfe53_4d42, Some("SMB")),
            (0x6573_5546, Some("FUSE")),
            // ext4, btrfs, xfs, tmpfs, overlayfs, ZFS.
            (0xef53, None),
            (0x9123_683e, None),
            (0x5846_5342, None),
            (0x0102_1994, None),
            (0x794c_7630, None),
            (0x2fc1_2fc1, None),
        ] {
            let expected = name.map_or(Place::Local, Place::Remote);
            assert_eq!(Place::by_magic(magic), expected, "{magic:x}");
        }
        assert_eq!(Place::of(Path::new("/")).warning(Path::new("/")), None);
        let warning = Place::Remote("NFS").warning(Path::new("/mnt/state"));
        let warning = warning.unwrap();
        assert!(warning.contains("`/mnt/state` is on NFS"), "{warning}");
    }
}
