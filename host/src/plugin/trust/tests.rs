//! Real files and directories with the owners and modes they are refused for.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::*;
use crate::plugin::NotAFile;

/// A library of the system, which this test program has loaded itself.
fn system_library() -> PathBuf {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let path = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
        .find(|path| path.contains("/libgcc_s.so") || path.contains("/libm.so"));
    path.expect("a Rust program has libgcc_s or libm loaded")
        .into()
}

fn library(directory: &Path, name: &str) -> PathBuf {
    let file = directory.join(name);
    fs::copy(system_library(), &file).unwrap();
    set_mode(&file, 0o644);
    file
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn refusal(directory: &Directory, name: &str) -> String {
    directory.admit(OsStr::new(name)).unwrap_err().to_string()
}

/// Makes somebody else the owner, as far as `Directory` can tell, and says as whom to open
/// the directory then. Root can give files away; anybody else is taken for somebody else.
fn give_away(path: &Path) -> u32 {
    if you() == 0 {
        chown(path, Some(4711), None).unwrap();
        4712
    } else {
        you() + 1
    }
}

#[test]
fn a_file_others_may_write_to_is_refused_until_they_may_not() {
    let place = tempfile::tempdir().unwrap();
    let file = library(place.path(), "x.so");
    for (mode, refused) in [
        (0o644, false),
        (0o755, false),
        (0o400, false),
        (0o664, true),
        (0o646, true),
        (0o777, true),
    ] {
        set_mode(&file, mode);
        let directory = Directory::open(place.path()).unwrap();
        match directory.admit(OsStr::new("x.so")) {
            Ok(_) => assert!(!refused, "{mode:o}"),
            Err(error) => {
                assert!(refused, "{mode:o}: {error}");
                let expected = format!(
                    "it can be changed by other users (mode {mode:04o}); `chmod go-w {}` ends that",
                    file.display()
                );
                assert_eq!(error.to_string(), expected);
            }
        }
    }
}

#[test]
fn a_file_of_another_user_is_refused_and_one_of_root_is_not() {
    let place = tempfile::tempdir().unwrap();
    let file = library(place.path(), "x.so");
    let stranger = give_away(&file);
    let mut directory = Directory::open_as(place.path(), stranger).unwrap();
    directory.exposure = None;
    let owner = stranger - 1;
    let said = refusal(&directory, "x.so");
    let expected = format!("it belongs to user {owner}, and not to you (user {stranger}) or root");
    assert!(said.starts_with(&expected), "{said}");
    assert!(said.contains(&format!("`chown {stranger} ")), "{said}");

    let library = system_library();
    let system = Directory::open_as(library.parent().unwrap(), stranger).unwrap();
    system.admit(library.file_name().unwrap()).unwrap();
}

#[test]
fn nothing_of_a_directory_others_may_write_to_is_admitted() {
    let place = tempfile::tempdir().unwrap();
    library(place.path(), "x.so");
    for mode in [0o775, 0o757, 0o1777] {
        set_mode(place.path(), mode);
        let directory = Directory::open(place.path()).unwrap();
        let path = fs::canonicalize(place.path()).unwrap();
        let path = path.display();
        let expected = format!(
            "its directory can be changed by other users (mode {mode:04o}); `chmod go-w {path} \
             {path}/*` ends that"
        );
        assert_eq!(refusal(&directory, "x.so"), expected);
    }
    set_mode(place.path(), 0o755);
    let stranger = give_away(place.path());
    let directory = Directory::open_as(place.path(), stranger).unwrap();
    let said = refusal(&directory, "x.so");
    assert!(said.starts_with("its directory belongs to user "), "{said}");
}

#[test]
fn a_link_to_a_directory_is_followed_once_and_what_it_leads_to_is_checked() {
    let place = tempfile::tempdir().unwrap();
    let real = place.path().join("real");
    fs::create_dir(&real).unwrap();
    set_mode(&real, 0o755);
    library(&real, "x.so");
    let link = place.path().join("plugins");
    symlink(&real, &link).unwrap();

    let snapshot = Directory::open(&link).unwrap().admit(OsStr::new("x.so"));
    assert_eq!(snapshot.unwrap().file(), link.join("x.so"));
    set_mode(&real, 0o777);
    let said = refusal(&Directory::open(&link).unwrap(), "x.so");
    assert!(said.starts_with("its directory can be changed"), "{said}");
}

#[test]
fn an_opened_directory_is_used_whatever_its_path_leads_to_later() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("plugins");
    fs::create_dir(&path).unwrap();
    set_mode(&path, 0o755);
    let file = library(&path, "x.so");
    let expected = Snapshot::of(&file).unwrap().digest();

    let directory = Directory::open(&path).unwrap();
    fs::rename(&path, place.path().join("aside")).unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(&file, "a file of somebody else").unwrap();
    let snapshot = directory.admit(OsStr::new("x.so")).unwrap();
    assert_eq!(snapshot.digest(), expected);
}

#[test]
fn links_pipes_and_directories_are_refused_without_being_opened() {
    let place = tempfile::tempdir().unwrap();
    let file = library(place.path(), "x.so");
    symlink(&file, place.path().join("link.so")).unwrap();
    symlink("/nowhere", place.path().join("dangling.so")).unwrap();
    fs::create_dir(place.path().join("directory.so")).unwrap();
    let (pipe, mode) = (rustix::fs::FileType::Fifo, Mode::RWXU);
    rustix::fs::mknodat(CWD, place.path().join("pipe.so"), pipe, mode, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.path().join("socket.so")).unwrap();

    let directory = Directory::open(place.path()).unwrap();
    for (name, expected) in [
        ("link.so", NotAFile::Link),
        ("dangling.so", NotAFile::Link),
        ("directory.so", NotAFile::Directory),
        ("pipe.so", NotAFile::Special),
        ("socket.so", NotAFile::Special),
    ] {
        let error = directory.admit(OsStr::new(name)).unwrap_err();
        assert!(
            matches!(error, LoadFailure::NotAFile(reason) if reason == expected),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_lock_that_cannot_be_read_shuts_its_directory() {
    let place = tempfile::tempdir().unwrap();
    library(place.path(), "x.so");
    let lock = place.path().join(LOCK_FILE);
    fs::write(&lock, "{").unwrap();
    set_mode(&lock, 0o644);
    let said = refusal(&Directory::open(place.path()).unwrap(), "x.so");
    assert!(said.contains("plugins.lock is broken: "), "{said}");
    assert!(said.ends_with("`musicdl plugins trust`"), "{said}");
}

#[test]
fn a_file_that_is_swapped_all_the_time_is_refused_or_the_one_that_was_trusted() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let place = tempfile::tempdir().unwrap();
    let file = library(place.path(), "x.so");
    let good = fs::read(&file).unwrap();
    let other = [good.as_slice(), b"something else"].concat();
    let identity = Identity {
        name: crate::music::SourceName::parse("x").unwrap(),
        version: "1.0.0".parse().unwrap(),
        api_version: "1.0.0".parse().unwrap(),
    };
    renew(place.path(), &Which::All, &|_| Ok(identity.clone())).unwrap();

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let aside = place.path().join("aside");
            for content in [&other, &good].into_iter().cycle() {
                fs::write(&aside, content).unwrap();
                set_mode(&aside, 0o644);
                fs::rename(&aside, &file).unwrap();
                if over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..300 {
            let directory = Directory::open(place.path()).unwrap();
            match directory.admit(OsStr::new("x.so")) {
                Ok(snapshot) => assert!(fs::read(snapshot.loadable_path()).unwrap() == good),
                Err(LoadFailure::Untrusted(Untrusted::Changed { .. })) => {}
                Err(error) => panic!("{error}"),
            }
        }
        over.store(true, Ordering::Relaxed);
    });
}
