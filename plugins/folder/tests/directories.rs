//! Which files of which directories are read, and what is said of the others.

mod support;

use std::fs;
use std::thread;

use musicdl_folder::FolderSource;
use musicdl_plugin_api::{
    Capabilities, ErrorKind, Host, LogLevel, Plugin, Settings, Source, extra_value,
};

use support::{Log, Shelf, only_hit, wanted};

#[test]
fn without_directories_it_is_not_configured_and_says_what_to_set() {
    let host = Host::new(std::sync::Arc::<Log>::default());
    let source = FolderSource::create(Settings::default(), host).unwrap();
    assert!(!source.is_configured());
    for error in [
        source.check_connection().unwrap_err(),
        source.search_raw(&wanted("Ann", "Song")).unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::NotConfigured);
        assert!(error.message.contains("`paths`"), "{error}");
    }
}

#[test]
fn the_declaration_names_what_the_source_is() {
    let declaration = FolderSource::declaration();
    assert_eq!(declaration.name, "folder");
    assert_eq!(declaration.capabilities.names(), ["own_queries", "local"]);
    assert!(!declaration.capabilities.has(Capabilities::ALBUM_ONLY));
    let required: Vec<&str> = declaration
        .settings
        .iter()
        .filter(|setting| setting.required)
        .map(|setting| setting.key.as_str())
        .collect();
    assert_eq!(required, ["paths"]);
}

#[test]
fn the_probe_counts_directories_and_names_those_that_cannot_be_read() {
    let shelf = Shelf::new();
    fs::create_dir(shelf.beside("flac")).unwrap();
    fs::write(shelf.beside("notes.txt"), "no directory").unwrap();
    for (directories, service, unreadable) in [
        (&["music"][..], "1 directory", &[][..]),
        (&["music", "flac"], "2 directories", &[]),
        (
            &["music", "nas", "notes.txt"],
            "1 directory",
            &["nas", "notes.txt"],
        ),
    ] {
        let source = shelf.source_with(directories, false);
        let connection = source.check_connection().unwrap();
        assert_eq!(connection.service.as_deref(), Some(service));
        assert_eq!(connection.warnings.len(), unreadable.len());
        for (warning, name) in connection.warnings.iter().zip(unreadable) {
            assert!(warning.contains(name), "{warning}");
        }
    }
}

#[test]
fn a_missing_directory_costs_a_warning_while_another_can_be_read() {
    let shelf = Shelf::new();
    shelf.tone("Ann Example - Bluebird.mp3", &[]);
    let source = shelf.source_with(&["nas", "music"], false);
    only_hit(&source, &wanted("Ann Example", "Bluebird"));
    let warnings = shelf.log().at(LogLevel::WARN);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("nas"), "{warnings:?}");
}

#[test]
fn when_no_directory_can_be_read_the_error_names_them_and_is_not_kept() {
    let shelf = Shelf::new();
    let source = shelf.source_with(&["nas"], false);
    let error = source.search_raw(&wanted("Ann", "Song")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConfigured);
    assert!(error.message.contains("nas"), "{error}");

    fs::create_dir(shelf.beside("nas")).unwrap();
    let hits = source.search_raw(&wanted("Ann", "Song")).unwrap();
    assert!(hits.is_empty());
}

#[test]
fn an_empty_collection_is_told_once() {
    let shelf = Shelf::new();
    let source = shelf.source();
    for _ in 0..2 {
        assert!(
            source
                .search_raw(&wanted("Ann", "Song"))
                .unwrap()
                .is_empty()
        );
    }
    let warnings = shelf.log().at(LogLevel::WARN);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("no audio file"), "{warnings:?}");
}

#[test]
fn searches_at_once_share_one_reading() {
    let shelf = Shelf::new();
    shelf.tone("Ann Example - Bluebird.mp3", &[]);
    let source = shelf.source();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| only_hit(&source, &wanted("Ann Example", "Bluebird")));
        }
    });
    let readings = shelf.log().at(LogLevel::INFO);
    assert_eq!(readings, ["audio files read"]);
}

#[test]
fn broken_files_cost_only_themselves_and_are_counted() {
    let shelf = Shelf::new();
    let whole = shelf.tone("whole.flac", &[("title", "Whole"), ("artist", "Ann")]);
    fs::write(shelf.music("page.mp3"), "<!DOCTYPE html><p>Sign in").unwrap();
    fs::write(shelf.music("empty.flac"), "").unwrap();
    fs::write(shelf.music("zeros.m4a"), [0; 4096]).unwrap();
    fs::write(shelf.music("cut.flac"), &fs::read(&whole).unwrap()[..20]).unwrap();
    // Neither is audio by its name; they are nobody's loss.
    fs::write(shelf.music("cover.jpg"), "a picture").unwrap();
    fs::write(shelf.music("notes.txt"), "a text").unwrap();
    let source = shelf.source();
    only_hit(&source, &wanted("Ann", "Whole"));

    let warnings = shelf.log().at(LogLevel::WARN);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("4 files"), "{warnings:?}");
    let details = shelf.log().at(LogLevel::DEBUG).join("\n");
    for name in ["page.mp3", "empty.flac", "zeros.m4a", "cut.flac"] {
        assert!(details.contains(name), "{name} in {details}");
    }
}

#[test]
fn hidden_files_and_directories_are_left_out() {
    let shelf = Shelf::new();
    for (file, title) in [
        (".musicdl/staging/a.mp3", "Staged"),
        (".trash.mp3", "Deleted"),
        ("._twin.mp3", "Twin"),
        ("...And Justice/b.mp3", "Dots"),
        (".38 Special/c.mp3", "Calibre"),
    ] {
        shelf.tone(file, &[("title", title)]);
    }
    let source = shelf.source();
    for (title, found) in [
        ("Staged", 0),
        ("Deleted", 0),
        ("Twin", 0),
        ("Dots", 1),
        ("Calibre", 1),
    ] {
        let hits = source.search_raw(&wanted("", title)).unwrap();
        assert_eq!(hits.len(), found, "{title}");
    }
}

#[test]
fn no_ignore_file_hides_music() {
    let shelf = Shelf::new();
    shelf.tone("Ann Example - Bluebird.mp3", &[]);
    for name in [".gitignore", ".ignore", ".rgignore"] {
        fs::write(shelf.music(name), "*.mp3\n").unwrap();
    }
    fs::create_dir(shelf.music(".git")).unwrap();
    only_hit(&shelf.source(), &wanted("Ann Example", "Bluebird"));
}

#[test]
fn a_directory_named_twice_gives_each_file_once() {
    let shelf = Shelf::new();
    shelf.tone("Ann Example/First Light/01 - Bluebird.mp3", &[]);
    let directories = ["music", "music/Ann Example", "music"];
    let source = shelf.source_with(&directories, false);
    only_hit(&source, &wanted("Ann Example", "Bluebird"));
}

mod unix {
    use super::*;
    use std::os::unix::fs::symlink;
    use support::{fifo, latin1_name, tone};

    #[test]
    fn a_pipe_that_looks_like_audio_is_never_opened() {
        let shelf = Shelf::new();
        // Opening it would wait for a writer until the end of the test run.
        fifo(&shelf.music("pipe.mp3"));
        shelf.tone("Ann Example - Bluebird.mp3", &[]);
        only_hit(&shelf.source(), &wanted("Ann Example", "Bluebird"));
    }

    #[test]
    fn links_count_only_if_the_user_says_so() {
        let shelf = Shelf::new();
        tone(&shelf.beside("far/Ann Example - Far.mp3"), &[], &[]);
        tone(&shelf.beside("Ann Example - File.mp3"), &[], &[]);
        symlink(shelf.beside("far"), shelf.music("far")).unwrap();
        symlink(
            shelf.beside("Ann Example - File.mp3"),
            shelf.music("Ann Example - File.mp3"),
        )
        .unwrap();
        for (follow, found) in [(false, 0), (true, 1)] {
            let source = shelf.source_with(&["music"], follow);
            for title in ["Far", "File"] {
                let hits = source.search_raw(&wanted("Ann Example", title)).unwrap();
                assert_eq!(hits.len(), found, "{title}, following: {follow}");
            }
        }
        let notes = shelf.log().at(LogLevel::INFO).join("\n");
        assert!(notes.contains("2 symbolic links"), "{notes}");
    }

    #[test]
    fn links_in_a_circle_end() {
        let shelf = Shelf::new();
        shelf.tone("Ann/Ann Example - Bluebird.mp3", &[]);
        symlink(shelf.music(""), shelf.music("Ann/up")).unwrap();
        symlink(shelf.music("b"), shelf.music("a")).unwrap();
        symlink(shelf.music("a"), shelf.music("b")).unwrap();
        let source = shelf.source_with(&["music"], true);
        only_hit(&source, &wanted("Ann Example", "Bluebird"));
    }

    #[test]
    fn a_configured_directory_may_be_a_link_itself() {
        let shelf = Shelf::new();
        shelf.tone("Ann Example - Bluebird.mp3", &[]);
        symlink(shelf.music(""), shelf.beside("link")).unwrap();
        let source = shelf.source_with(&["link"], false);
        let hit = only_hit(&source, &wanted("Ann Example", "Bluebird"));
        let shown = extra_value(&hit.extra, "path").unwrap();
        assert!(shown.contains("/link/"), "as the user calls it: {shown}");
    }

    #[test]
    fn a_name_that_is_no_text_is_found_all_the_same() {
        let shelf = Shelf::new();
        shelf.tone(latin1_name(), &[("title", "Jóga"), ("artist", "Björk")]);
        only_hit(&shelf.source(), &wanted("Björk", "Jóga"));
    }
}
