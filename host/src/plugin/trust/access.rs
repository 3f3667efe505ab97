//! Who besides the user could change a file, from its owner and mode. Access lists need no
//! look of their own: a right one of them gives shows as the group's in the mode, because
//! the group's bits are the mask of the list (acl(5)).

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How another user could change a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exposure {
    /// It belongs to another user, who can do anything with it whatever its mode is.
    #[error("belongs to user {owner}, and not to you (user {you}) or root")]
    Owner {
        /// Whose it is.
        owner: u32,
        /// Who runs this program.
        you: u32,
    },
    /// Its mode lets its group or all users write.
    #[error("can be changed by other users (mode {mode:04o})")]
    Writable {
        /// The permission bits.
        mode: u32,
    },
}

const WRITABLE_BY_OTHERS: u32 = 0o022;

impl Exposure {
    /// `None` when only `you` and root could change what has that owner and mode.
    ///
    /// That a directory is sticky is no excuse: files can still be added to it.
    pub(super) fn of(metadata: &Metadata, you: u32) -> Option<Exposure> {
        Exposure::by(metadata.uid(), metadata.mode(), you)
    }

    fn by(owner: u32, mode: u32, you: u32) -> Option<Exposure> {
        if owner != you && owner != 0 {
            Some(Exposure::Owner { owner, you })
        } else if mode & WRITABLE_BY_OTHERS != 0 {
            let mode = mode & 0o7777;
            Some(Exposure::Writable { mode })
        } else {
            None
        }
    }

    /// The command that ends it, for the thing at that path; with `inside`, for what lies in
    /// that directory as well.
    pub(super) fn remedy(self, path: &Path, inside: bool) -> String {
        let path = quoted(path);
        let inside = if inside {
            format!(" {path}/*")
        } else {
            String::new()
        };
        match self {
            Exposure::Owner { you, .. } => {
                format!("if you trust it, make it yours: `chown {you} {path}{inside}`")
            }
            Exposure::Writable { .. } => format!("`chmod go-w {path}{inside}` ends that"),
        }
    }
}

/// The user whose rights this process has.
pub(super) fn you() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A path as a shell reads it: names in a directory that others may write to are not to be
/// trusted either.
pub(super) fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let harmless = |c: char| c.is_alphanumeric() || "/._+-".contains(c);
    if path.chars().all(harmless) && !path.starts_with('-') {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_user_and_root_may_be_able_to_change_it() {
        use Exposure::*;
        let (you, somebody) = (1000, 1001);
        for (owner, mode, expected) in [
            (you, 0o100644, None),
            (you, 0o100755, None),
            (you, 0o100400, None),
            (0, 0o100644, None),
            (0, 0o040755, None),
            (you, 0o100664, Some(Writable { mode: 0o664 })),
            (you, 0o100646, Some(Writable { mode: 0o646 })),
            (0, 0o100664, Some(Writable { mode: 0o664 })),
            (0, 0o041777, Some(Writable { mode: 0o1777 })),
            (
                somebody,
                0o100600,
                Some(Owner {
                    owner: somebody,
                    you,
                }),
            ),
            (
                somebody,
                0o100666,
                Some(Owner {
                    owner: somebody,
                    you,
                }),
            ),
            // Whom a container does not know.
            (65534, 0o100644, Some(Owner { owner: 65534, you })),
        ] {
            assert_eq!(Exposure::by(owner, mode, you), expected, "{owner} {mode:o}");
        }
    }

    #[test]
    fn root_trusts_only_root() {
        let expected = Exposure::Owner {
            owner: 1000,
            you: 0,
        };
        assert_eq!(Exposure::by(1000, 0o100644, 0), Some(expected));
    }

    #[test]
    fn a_remedy_can_be_pasted_whatever_the_file_is_named() {
        let writable = Exposure::Writable { mode: 0o666 };
        for (path, expected) in [
            ("/p/a.so", "/p/a.so"),
            ("/p/a b.so", "'/p/a b.so'"),
            ("/p/x;id;.so", "'/p/x;id;.so'"),
            ("/p/it's.so", r"'/p/it'\''s.so'"),
            ("-rf.so", "'-rf.so'"),
        ] {
            let said = writable.remedy(Path::new(path), false);
            assert_eq!(said, format!("`chmod go-w {expected}` ends that"));
        }
        let said = writable.remedy(Path::new("/p"), true);
        assert_eq!(said, "`chmod go-w /p /p/*` ends that");
    }
}
