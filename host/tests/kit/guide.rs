//! The tutorial of the author's guide, carried out: every command of its `console` blocks
//! in one shell, and every line of output it shows has to come.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::station::Station;
use crate::{Ended, target, undisturbed, workspace};

/// The address under which the guide has its service.
const GUIDES_URL: &str = "http://127.0.0.1:8080";

/// Commands, and lines of output, of the `console` blocks.
fn tutorial() -> (Vec<String>, Vec<String>) {
    let guide = fs::read_to_string(workspace().join("docs/plugin-author-guide.md")).unwrap();
    let (mut commands, mut output) = (Vec::new(), Vec::new());
    let mut within = false;
    for line in guide.lines() {
        match line {
            "```console" => within = true,
            "```" => within = false,
            line if within => match line.strip_prefix("$ ") {
                Some(command) => commands.push(command.to_owned()),
                None => output.push(line.to_owned()),
            },
            _ => {}
        }
    }
    (commands, output)
}

/// The tutorial as a script. A made crate gets our lock file and target directory, so that
/// nothing is fetched and nothing is compiled twice.
fn script(commands: &[String], url: &str) -> String {
    let mut script = "set -eu\n".to_owned();
    for command in commands {
        script.push_str(&command.replace(GUIDES_URL, url));
        script.push('\n');
        if command.starts_with("musicdl plugins new jukebox") {
            script.push_str("ln -s \"$KIT_TARGET\" jukebox/target\n");
            script.push_str("cp musicdl/Cargo.lock jukebox/\n");
        }
    }
    script
}

fn with_musicdl_first() -> OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_musicdl"));
    let mut path = OsString::from(program.parent().unwrap());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    path
}

#[test]
fn the_tutorial_ends_with_the_song_in_the_library() {
    let dir = tempfile::tempdir().unwrap();
    symlink(workspace(), dir.path().join("musicdl")).unwrap();
    fs::create_dir_all(target()).unwrap();
    let station = Station::over(&dir.path().join("jukebox/station"));
    let (commands, output) = tutorial();
    assert!(
        commands.len() > 10,
        "the guide has a tutorial: {commands:?}"
    );

    let mut shell = Command::new("sh");
    shell
        .current_dir(dir.path())
        .arg("-c")
        .arg(script(&commands, &station.url()));
    undisturbed(&mut shell);
    shell
        .env("PATH", with_musicdl_first())
        .env("KIT_TARGET", target())
        .env_remove("CARGO_TARGET_DIR");
    let ended = Ended::of(shell.output().unwrap()).with(0);

    for line in output {
        let shown = line.trim_end_matches("..").trim();
        assert!(ended.stdout.contains(shown), "{shown} in {}", ended.stdout);
    }
    let song = ended.stdout.lines().last().unwrap();
    assert!(song.ends_with("Bluebird.mp3"), "{}", ended.stdout);
    assert!(dir.path().join(song).is_file());
}
