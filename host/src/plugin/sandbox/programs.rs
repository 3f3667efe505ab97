//! Which files belong to a program that a plugin needs: itself, and for a script what it is
//! run by. Those of the system need no mention.

use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Longest first line of a script that Linux reads (`BINPRM_BUF_SIZE`).
const FIRST_LINE: u64 = 256;

/// Files and directories to be opened for that program: a bare name is looked for in `PATH`.
/// Empty when it is not found; starting it then fails with a better message than ours.
pub(super) fn files_of(program: &Path) -> Vec<PathBuf> {
    let bare = program.components().count() == 1 && !program.is_absolute();
    let found = if bare {
        let paths = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&paths)
            .map(|dir| dir.join(program))
            .find(|file| file.is_file())
    } else {
        program.is_file().then(|| program.to_owned())
    };
    let Some(found) = found.and_then(|file| fs::canonicalize(file).ok()) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    if let Some(interpreter) = interpreter(&found) {
        // `VENV/bin/python` is a link; the packages are in VENV, the rest where it leads.
        files.extend(above_bin(&interpreter).filter(|venv| venv.join("pyvenv.cfg").is_file()));
        if let Ok(real) = fs::canonicalize(&interpreter) {
            let home = above_bin(&real).filter(|home| home.join("lib").is_dir());
            files.push(home.unwrap_or(real));
        }
    }
    files.push(found);
    files
}

/// Where those programs would be, given what the user named: a directory is one of programs,
/// and beside one program lies another, as ffprobe beside ffmpeg.
pub(super) fn in_places_of(named: &[PathBuf], programs: &[String]) -> Vec<PathBuf> {
    let place = |path: &PathBuf| match path.is_dir() {
        true => Some(path.clone()),
        false => path.parent().map(Path::to_owned),
    };
    let bare = programs
        .iter()
        .filter(|name| Path::new(name).components().count() == 1);
    let bare: Vec<&String> = bare.collect();
    let places = named.iter().filter_map(place);
    places
        .flat_map(|place| bare.iter().map(move |name| place.join(name)))
        .collect()
}

/// `/a` of `/a/bin/python`; never the root, which would open everything.
fn above_bin(program: &Path) -> Option<PathBuf> {
    let above = program.parent()?.parent()?;
    (above.parent().is_some()).then(|| above.to_owned())
}

/// What runs a script: the word behind `#!`.
fn interpreter(script: &Path) -> Option<PathBuf> {
    let mut line = Vec::new();
    File::open(script)
        .ok()?
        .take(FIRST_LINE)
        .read_to_end(&mut line)
        .ok()?;
    let line = line
        .strip_prefix(b"#!")?
        .split(|&byte| byte == b'\n')
        .next()?;
    let word = line
        .split(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
        .find(|word| !word.is_empty())?;
    let path = Path::new(std::ffi::OsStr::from_bytes(word));
    path.is_absolute().then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_script_of_a_virtual_environment_brings_the_environment_and_what_it_stands_on() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for made in ["python/bin", "python/lib", "venv/bin", "bin"] {
            fs::create_dir_all(at(made)).unwrap();
        }
        fs::write(at("python/bin/python3"), "").unwrap();
        fs::write(at("venv/pyvenv.cfg"), "").unwrap();
        symlink(at("python/bin/python3"), at("venv/bin/python")).unwrap();
        let script = format!("#! {} -I\nimport this\n", at("venv/bin/python").display());
        fs::write(at("venv/bin/tool"), script).unwrap();
        symlink(at("venv/bin/tool"), at("bin/tool")).unwrap();

        let expected = [at("venv"), at("python"), at("venv/bin/tool")];
        assert_eq!(files_of(&at("bin/tool")), expected);
    }

    #[test]
    fn a_program_brings_itself_and_what_is_nowhere_brings_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let tool = dir.path().join("tool");
        fs::write(&tool, b"\x7fELF").unwrap();
        assert_eq!(files_of(&tool), std::slice::from_ref(&tool));
        fs::write(&tool, b"#!python3\n").unwrap();
        assert_eq!(files_of(&tool), std::slice::from_ref(&tool));
        assert_eq!(
            files_of(Path::new("no-such-program-of-ours")),
            [""; 0].map(PathBuf::from)
        );
        assert_eq!(files_of(dir.path()), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn programs_are_looked_for_where_the_user_says_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let tool = dir.path().join("ffmpeg");
        fs::write(&tool, b"\x7fELF").unwrap();
        let wanted = ["ffmpeg", "ffprobe", "../sh", "/bin/sh"].map(str::to_owned);
        let both = ["ffmpeg", "ffprobe"].map(|name| dir.path().join(name));
        for named in [dir.path(), &tool] {
            assert_eq!(in_places_of(&[named.to_owned()], &wanted), both);
        }
        assert_eq!(in_places_of(&[], &wanted), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn the_root_is_never_opened() {
        assert_eq!(above_bin(Path::new("/bin/sh")), None);
        assert_eq!(above_bin(Path::new("/usr/bin/sh")), Some("/usr".into()));
    }
}
