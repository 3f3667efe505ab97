//! What a download brings, and what it refuses to bring.

mod support;

use std::fs;

use musicdl_plugin_api::{
    DownloadRequest, ErrorKind, LogLevel, Progress, Source, TargetKind, extra, extra_value,
};

use support::{Shelf, Watcher, only_hit, wanted};

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

#[test]
fn the_copy_is_the_same_bytes_and_progress_ends_at_their_number() {
    let shelf = Shelf::new();
    let original = shelf.tone("Ann Example - Bluebird.flac", &[]);
    let source = shelf.source();
    let hit = only_hit(&source, &wanted("Ann Example", "Bluebird"));
    let watcher = Watcher::new();
    let (file, left) = shelf.fetch(&source, &hit.target_id, &watcher.progress());

    let file = file.unwrap();
    assert_eq!(file.path.file_name().unwrap(), "audio.flac");
    assert_eq!(left, std::slice::from_ref(&file.path));
    let bytes = fs::read(original).unwrap();
    assert_eq!(fs::read(&file.path).unwrap(), bytes);
    let size = bytes.len() as u64;
    let steps = watcher.steps();
    assert_eq!(steps.first(), Some(&(0, Some(size))));
    assert_eq!(steps.last(), Some(&(size, Some(size))));
    assert!(steps.is_sorted(), "{steps:?}");
}

#[test]
fn the_extension_is_that_of_the_content() {
    let shelf = Shelf::new();
    for (made, named, placed) in [
        ("1.flac", "Ann - One.mp3", "audio.flac"),
        ("2.mp3", "Ann - Two.flac", "audio.mp3"),
        ("3.opus", "Ann - Three.ogg", "audio.opus"),
        ("4.ogg", "Ann - Four.OGA", "audio.ogg"),
        ("5.m4a", "Ann - Five.m4a", "audio.m4a"),
        ("6.wav", "Ann - Six.WAV", "audio.wav"),
    ] {
        let path = shelf.tone(made, &[]);
        fs::rename(path, shelf.music(named)).unwrap();
        let source = shelf.source();
        let title = named.split(['-', '.']).nth(1).unwrap();
        let hit = only_hit(&source, &wanted("Ann", title));
        let (file, _) = shelf.fetch(&source, &hit.target_id, &Progress::ignored());
        assert_eq!(file.unwrap().path.file_name().unwrap(), placed, "{named}");
    }
}

#[test]
fn cover_and_lyrics_beside_the_audio_come_along() {
    for (cover, content, placed) in [
        ("cover.jpg", JPEG, "cover.jpg"),
        ("Folder.JPG", JPEG, "cover.jpg"),
        ("front.png", PNG, "cover.png"),
        ("COVER.jpeg", JPEG, "cover.jpg"),
        ("cover.jpg", PNG, "cover.png"),
    ] {
        let shelf = Shelf::new();
        shelf.tone("Ann/Light/01 - Song.mp3", &[]);
        fs::write(shelf.music("Ann/Light").join(cover), content).unwrap();
        fs::write(shelf.music("Ann/Light/01 - Song.LRC"), "[00:01.00]Là").unwrap();
        fs::write(shelf.music("Ann/Light/02 - Other.lrc"), "not ours").unwrap();
        let source = shelf.source();
        let hit = only_hit(&source, &wanted("Ann", "Song"));
        let (file, left) = shelf.fetch(&source, &hit.target_id, &Progress::ignored());

        let file = file.unwrap();
        let (picture, lyrics) = (file.cover.unwrap(), file.lyrics.unwrap());
        assert_eq!(picture.file_name().unwrap(), placed, "{cover}");
        assert_eq!(fs::read(&picture).unwrap(), content, "{cover}");
        assert_eq!(fs::read_to_string(lyrics).unwrap(), "[00:01.00]Là");
        assert_eq!(left.len(), 3, "{left:?}");
    }
}

#[test]
fn the_likeliest_usable_cover_is_taken_and_the_others_are_named() {
    let shelf = Shelf::new();
    shelf.tone("Ann - Song.mp3", &[]);
    fs::write(shelf.music("cover.jpg"), "<html>404</html>").unwrap();
    fs::write(shelf.music("folder.png"), PNG).unwrap();
    fs::write(shelf.music("front.jpg"), JPEG).unwrap();
    fs::write(shelf.music("Ann - Song.lrc"), b"Bj\xF6rk").unwrap();
    let source = shelf.source();
    let hit = only_hit(&source, &wanted("Ann", "Song"));
    let (file, _) = shelf.fetch(&source, &hit.target_id, &Progress::ignored());

    let file = file.unwrap();
    assert_eq!(fs::read(file.cover.unwrap()).unwrap(), PNG);
    assert_eq!(file.lyrics, None);
    let warnings = shelf.log().at(LogLevel::WARN).join("\n");
    for name in ["cover.jpg", "Ann - Song.lrc"] {
        assert!(warnings.contains(name), "{name} in {warnings}");
    }
}

#[test]
fn a_cancelled_download_leaves_nothing() {
    let shelf = Shelf::new();
    shelf.tone("Ann - Song.wav", &[]);
    let source = shelf.source();
    let hit = only_hit(&source, &wanted("Ann", "Song"));
    let watcher = Watcher::cancelling();
    let (outcome, left) = shelf.fetch(&source, &hit.target_id, &watcher.progress());
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::Cancelled);
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(source.cancel_raw(&hit.target_id), Ok(false));
}

#[test]
fn a_file_that_is_gone_is_not_found_and_the_others_still_are() {
    let shelf = Shelf::new();
    let gone = shelf.tone("Ann/Gone/Ann - Song.mp3", &[]);
    shelf.tone("Ann - Other.mp3", &[]);
    let source = shelf.source();
    let hit = only_hit(&source, &wanted("Ann", "Song"));
    fs::remove_dir_all(gone.parent().unwrap()).unwrap();
    let (outcome, left) = shelf.fetch(&source, &hit.target_id, &Progress::ignored());
    let error = outcome.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(error.message.contains("Ann - Song.mp3"), "{error}");
    assert!(left.is_empty(), "{left:?}");

    let other = only_hit(&source, &wanted("Ann", "Other"));
    let (outcome, _) = shelf.fetch(&source, &other.target_id, &Progress::ignored());
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[test]
fn a_file_that_became_something_else_is_not_delivered() {
    let shelf = Shelf::new();
    let path = shelf.tone("Ann - Song.mp3", &[]);
    let source = shelf.source();
    let hit = only_hit(&source, &wanted("Ann", "Song"));
    fs::write(path, "<html>moved</html>").unwrap();
    let (outcome, left) = shelf.fetch(&source, &hit.target_id, &Progress::ignored());
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::Permanent);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn targets_that_no_search_gave_out_are_refused() {
    let shelf = Shelf::new();
    let song = shelf.tone("Ann - Song.mp3", &[]);
    let music = shelf.music("");
    let music = music.to_str().unwrap().trim_end_matches('/');
    support::tone(&shelf.beside("private.mp3"), &[], &[]);
    support::tone(&shelf.beside("music2/near.mp3"), &[], &[]);
    shelf.tone(".hidden/secret.mp3", &[]);
    fs::write(shelf.music("passwords.txt"), "hunter2").unwrap();
    let room = music.strip_suffix("/music").unwrap();
    let source = shelf.source();
    for target in [
        String::new(),
        "/etc/passwd".to_owned(),
        "Ann - Song.mp3".to_owned(),
        "../private.mp3".to_owned(),
        music.to_owned(),
        format!("{music}/"),
        format!("{music}/../private.mp3"),
        format!("{music}/%2E%2E/private.mp3"),
        format!("{music}/Ann/../../private.mp3"),
        format!("{room}/private.mp3"),
        format!("{room}/music2/near.mp3"),
        format!("{music}/.hidden/secret.mp3"),
        format!("{music}/passwords.txt"),
        format!("{music}/Ann - Song.mp3/"),
        format!("{music}/Ann - Song.mp3%00"),
        format!("{music}/%zz"),
        format!("file://{}", song.display()),
    ] {
        let (outcome, left) = shelf.fetch(&source, &target, &Progress::ignored());
        let error = outcome.expect_err(&target);
        assert!(
            matches!(error.kind, ErrorKind::NotFound | ErrorKind::Permanent),
            "{target}: {error}"
        );
        assert!(left.is_empty(), "{target}: {left:?}");
    }
}

#[test]
fn a_file_that_is_already_there_is_not_touched() {
    let shelf = Shelf::new();
    shelf.tone("Ann - Song.mp3", &[]);
    let source = shelf.source();
    let hit = only_hit(&source, &wanted("Ann", "Song"));
    let taken = shelf.beside("dest/audio.mp3");
    fs::write(&taken, "somebody else's").unwrap();
    let request = DownloadRequest {
        target_id: hit.target_id,
        kind: TargetKind::TRACK,
        dest_dir: taken.parent().unwrap().to_owned(),
        ..DownloadRequest::default()
    };
    let error = source
        .download_raw(&request, &Progress::ignored())
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal, "{error}");
    assert_eq!(
        extra_value(&error.extra, extra::IO_ERROR),
        Some("AlreadyExists")
    );
    assert_eq!(fs::read_to_string(taken).unwrap(), "somebody else's");
}

#[test]
fn an_album_is_not_delivered() {
    let shelf = Shelf::new();
    let request = DownloadRequest {
        kind: TargetKind::ALBUM,
        dest_dir: shelf.beside("dest"),
        ..DownloadRequest::default()
    };
    let outcome = shelf.source().download_raw(&request, &Progress::ignored());
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::Unsupported);
}

mod unix {
    use super::*;
    use std::os::unix::fs::symlink;
    use support::{fifo, latin1_name, tone};

    #[test]
    fn a_link_out_of_the_directory_is_followed_only_by_permission() {
        let shelf = Shelf::new();
        tone(&shelf.beside("far/Ann - Far.mp3"), &[], &[]);
        fs::write(shelf.beside("far/cover.jpg"), JPEG).unwrap();
        symlink(shelf.beside("far"), shelf.music("far")).unwrap();
        symlink(
            shelf.beside("far/Ann - Far.mp3"),
            shelf.music("Ann - File.mp3"),
        )
        .unwrap();
        for (follow, allowed) in [(false, false), (true, true)] {
            let source = shelf.source_with(&["music"], follow);
            for name in ["far/Ann - Far.mp3", "Ann - File.mp3"] {
                let target = shelf.music(name).to_str().unwrap().to_owned();
                let (outcome, left) = shelf.fetch(&source, &target, &Progress::ignored());
                assert_eq!(outcome.is_ok(), allowed, "{name}, {follow}: {outcome:?}");
                assert_eq!(left.is_empty(), !allowed, "{name}: {left:?}");
            }
        }
    }

    #[test]
    fn a_cover_that_is_a_link_stays_where_it_leads() {
        let shelf = Shelf::new();
        shelf.tone("Ann - Song.mp3", &[]);
        fs::write(shelf.beside("private.jpg"), JPEG).unwrap();
        symlink(shelf.beside("private.jpg"), shelf.music("cover.jpg")).unwrap();
        fifo(&shelf.music("folder.jpg"));
        for (follow, brings) in [(false, false), (true, true)] {
            let source = shelf.source_with(&["music"], follow);
            let hit = only_hit(&source, &wanted("Ann", "Song"));
            let (file, _) = shelf.fetch(&source, &hit.target_id, &Progress::ignored());
            assert_eq!(file.unwrap().cover.is_some(), brings, "following: {follow}");
        }
    }

    #[test]
    fn pipes_and_devices_are_refused_without_being_opened() {
        let shelf = Shelf::new();
        fifo(&shelf.music("pipe.mp3"));
        symlink("/dev/zero", shelf.music("zero.mp3")).unwrap();
        for (name, follow) in [("pipe.mp3", false), ("zero.mp3", true)] {
            let source = shelf.source_with(&["music"], follow);
            let target = shelf.music(name).to_str().unwrap().to_owned();
            let (outcome, _) = shelf.fetch(&source, &target, &Progress::ignored());
            let error = outcome.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Permanent, "{name}: {error}");
        }
    }

    #[test]
    fn a_name_that_is_no_text_can_be_fetched() {
        let shelf = Shelf::new();
        let path = shelf.tone(latin1_name(), &[("title", "Jóga"), ("artist", "Björk")]);
        let source = shelf.source();
        let hit = only_hit(&source, &wanted("Björk", "Jóga"));
        let (file, _) = shelf.fetch(&source, &hit.target_id, &Progress::ignored());
        let copied = fs::read(file.unwrap().path).unwrap();
        assert_eq!(copied, fs::read(path).unwrap());
    }

    #[test]
    fn a_source_that_is_read_only_gives_a_copy_that_is_not() {
        use std::os::unix::fs::PermissionsExt;
        let shelf = Shelf::new();
        let path = shelf.tone("Ann - Song.mp3", &[]);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let source = shelf.source();
        let hit = only_hit(&source, &wanted("Ann", "Song"));
        let (file, _) = shelf.fetch(&source, &hit.target_id, &Progress::ignored());
        let mode = file.unwrap().path.metadata().unwrap().permissions();
        assert!(!mode.readonly(), "{mode:?}");
    }
}
