//! What a plugin keeps over runs: a few strings in one JSON file, readable by the user only.
//!
//! The file is read for every call, and a lock beside it is held from reading to writing, so
//! that what another process keeps at the same time (a login command beside a running download)
//! is seen and not undone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use musicdl_plugin_api::SourceError;

use super::disk;
use crate::music::SourceName;
use crate::whole_file;

/// Largest value, in bytes: room for a token or a cookie jar, not for a cache.
const MAX_VALUE: usize = 64 * 1024;

/// The store of one source.
pub(super) struct Store {
    dir: PathBuf,
    file: PathBuf,
    /// Locked while values are changed; never removed, because a second file of its name would
    /// be another lock.
    lock: PathBuf,
}

type Values = BTreeMap<String, String>;

impl Store {
    pub(super) fn new(dir: &Path, name: &SourceName) -> Self {
        Self {
            dir: dir.to_owned(),
            file: dir.join(format!("{name}.json")),
            lock: dir.join(format!("{name}.lock")),
        }
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<String>, SourceError> {
        Ok(self.read()?.remove(key))
    }

    pub(super) fn set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError> {
        if let Some(value) = value.filter(|value| value.len() > MAX_VALUE) {
            return Err(SourceError::permanent(format!(
                "the value of `{key}` has {} bytes; the store takes up to {MAX_VALUE}",
                value.len()
            )));
        }
        if self.read()?.get(key).map(String::as_str) == value {
            return Ok(());
        }
        let _locked = self
            .locked()
            .map_err(|error| disk::failure("lock", &self.lock, &error))?;
        let mut values = self.read()?;
        if values.get(key).map(String::as_str) == value {
            return Ok(());
        }
        match value {
            Some(value) => values.insert(key.to_owned(), value.to_owned()),
            None => values.remove(key),
        };
        self.write(&values)
            .map_err(|error| disk::failure("write", &self.file, &error))
    }

    /// The lock, once no other thread or process has it. It ends with the file.
    fn locked(&self) -> io::Result<File> {
        make_private_dir(&self.dir)?;
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.lock)?;
        file.lock()?;
        Ok(file)
    }

    fn read(&self) -> Result<Values, SourceError> {
        let text = match std::fs::read(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Values::new()),
            Err(error) => return Err(disk::failure("read", &self.file, &error)),
        };
        serde_json::from_slice(&text).map_err(|error| {
            // Only the place: the words of serde quote the file, and the file has secrets.
            SourceError::internal(format!(
                "{} is not a store of a plugin (line {}, column {}); remove it to start anew",
                self.file.display(),
                error.line(),
                error.column()
            ))
        })
    }

    /// Whole or not at all: aside, to the disk, then renamed, and the renaming to the disk.
    fn write(&self, values: &Values) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(values)?;
        // At no instant open to others.
        whole_file::replace(&self.file, |out| out.write_all(&text))?;
        File::open(&self.dir)?.sync_all()
    }
}

fn make_private_dir(dir: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::{ErrorKind, extra, extra_value};

    use super::*;

    fn store(dir: &Path) -> Store {
        Store::new(dir, &SourceName::parse("tidal").unwrap())
    }

    #[test]
    fn what_was_kept_is_there_in_the_next_run() {
        let state = tempfile::tempdir().unwrap();
        let dir = state.path().join("plugins");
        store(&dir).set("token", Some("täg \"1\"\n")).unwrap();
        store(&dir).set("expires", Some("17")).unwrap();
        assert_eq!(
            store(&dir).get("token").unwrap().as_deref(),
            Some("täg \"1\"\n")
        );
        store(&dir).set("token", None).unwrap();
        assert_eq!(store(&dir).get("token").unwrap(), None);
        assert_eq!(store(&dir).get("expires").unwrap().as_deref(), Some("17"));
        let mut files: Vec<_> = std::fs::read_dir(&dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        files.sort();
        assert_eq!(files, ["tidal.json", "tidal.lock"]);
    }

    #[test]
    fn nothing_is_written_until_something_is_kept() {
        let state = tempfile::tempdir().unwrap();
        let dir = state.path().join("plugins");
        assert_eq!(store(&dir).get("token").unwrap(), None);
        store(&dir).set("token", None).unwrap();
        assert!(!dir.exists());
    }

    #[test]
    fn file_and_directory_are_the_users_alone_also_after_the_mode_was_loosened() {
        use std::fs::{Permissions, metadata, set_permissions};
        use std::os::unix::fs::PermissionsExt;
        let state = tempfile::tempdir().unwrap();
        let dir = state.path().join("plugins");
        let mode = |path: &Path| metadata(path).unwrap().permissions().mode() & 0o777;
        store(&dir).set("token", Some("1")).unwrap();
        set_permissions(dir.join("tidal.json"), Permissions::from_mode(0o644)).unwrap();
        store(&dir).set("token", Some("2")).unwrap();
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join("tidal.json")), 0o600);
        assert_eq!(mode(&dir.join("tidal.lock")), 0o600);
    }

    #[test]
    fn a_value_has_up_to_64_kibibytes() {
        let state = tempfile::tempdir().unwrap();
        let store = store(state.path());
        store.set("a", Some(&"x".repeat(MAX_VALUE))).unwrap();
        let refused = store
            .set("b", Some(&"x".repeat(MAX_VALUE + 1)))
            .unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Permanent);
        assert_eq!(store.get("b").unwrap(), None);
    }

    /// The variable that makes a process of these tests one of the two writers.
    const WRITER: &str = "MUSICDL_TEST_STORE_WRITER";

    #[test]
    fn two_processes_that_keep_different_keys_lose_none() {
        const KEYS: usize = 500;
        if let Some(dir) = std::env::var_os(WRITER) {
            // Own keys for each process, written while the other one writes its own.
            let name = std::process::id();
            for n in 0..KEYS {
                store(Path::new(&dir))
                    .set(&format!("{name}-{n}"), Some("kept"))
                    .unwrap();
            }
            return;
        }
        let state = tempfile::tempdir().unwrap();
        let this =
            "plugin::services::store::tests::two_processes_that_keep_different_keys_lose_none";
        let writers: Vec<_> = (0..2)
            .map(|_| {
                std::process::Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", this])
                    .env(WRITER, state.path())
                    .stdout(std::process::Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut writer in writers {
            assert!(writer.wait().unwrap().success());
        }
        assert_eq!(store(state.path()).read().unwrap().len(), 2 * KEYS);
    }

    #[test]
    fn of_many_calls_at_once_none_is_lost() {
        let state = tempfile::tempdir().unwrap();
        let store = store(state.path());
        std::thread::scope(|scope| {
            for n in 0..8 {
                let store = &store;
                scope.spawn(move || store.set(&format!("k{n}"), Some("v")).unwrap());
            }
        });
        for n in 0..8 {
            assert_eq!(store.get(&format!("k{n}")).unwrap().as_deref(), Some("v"));
        }
    }

    #[test]
    fn a_broken_file_is_named_but_not_quoted_and_not_overwritten() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("tidal.json");
        std::fs::write(&file, r#"{"token": secret}"#).unwrap();
        for failed in [
            store(state.path()).get("token").unwrap_err(),
            store(state.path()).set("token", Some("2")).unwrap_err(),
        ] {
            assert_eq!(failed.kind, ErrorKind::Internal);
            assert!(failed.message.contains("tidal.json"), "{failed}");
            assert!(!failed.message.contains("secret"), "{failed}");
        }
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            r#"{"token": secret}"#
        );
    }

    #[test]
    fn a_refusal_of_the_disk_names_file_and_cause() {
        let state = tempfile::tempdir().unwrap();
        let in_the_way = state.path().join("plugins");
        std::fs::write(&in_the_way, "").unwrap();
        let failed = store(&in_the_way).set("token", Some("1")).unwrap_err();
        assert_eq!(failed.kind, ErrorKind::Internal);
        assert!(failed.message.contains("tidal."), "{failed}");
        let kind = extra_value(&failed.extra, extra::IO_ERROR);
        assert_eq!(kind, Some("NotADirectory"));
    }
}
