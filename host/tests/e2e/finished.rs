//! What a fetched file becomes before it is placed: another format, joined fragments, tags
//! that no catalog knows.

use std::fs;
use std::path::Path;
use std::process::Command;

use musicdl::music::Codec;
use musicdl::tagging;
use musicdl::verify::{self, Expected};

use crate::collection::{listed, want_the_list};
use crate::support::song::Song;

fn codec(path: &Path) -> Codec {
    verify::check(path, &Expected::default()).unwrap().codec
}

#[test]
fn files_become_the_wanted_format_with_all_of_their_tags() {
    let songs = [
        Song::of_album("Ann", "First", 1, "Bluebird", "flac"),
        Song::of_album("Ann", "First", 2, "Wren", "mp3"),
        Song::of_album("Ann", "First", 3, "Robin", "ogg"),
    ];
    let scene = listed(&songs, "download: {format: opus 96}\n");
    let run = scene.run(&[]).exits(0);
    // An MP3 of 128 kbit/s and a Vorbis of the same are no better as Opus of 96.
    run.says(&["not converted: "]);
    let library = scene.library();
    let opus = "Ann/Ann - First/01 - Bluebird.opus";
    assert_eq!(codec(&library.file(opus)), Codec::Opus);
    let tags = library.tags(opus);
    assert_eq!(tags.title.as_deref(), Some("Bluebird"));
    assert_eq!(tags.album.as_deref(), Some("First"));
    assert_eq!(tags.date.as_deref(), Some("2019-03-01"));
    assert!(
        tagging::embedded_cover(&library.file(opus))
            .unwrap()
            .is_some()
    );
    assert!(
        library
            .text("List/List.m3u8")
            .contains("01 - Bluebird.opus")
    );

    // What was converted is there, under whatever name.
    let before = library.fingerprints();
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), [""; 0]);
    assert_eq!(scene.library().fingerprints(), before);
}

#[test]
fn lossless_files_are_kept_if_their_owner_says_so() {
    let songs = [Song::of_album("Ann", "First", 1, "Bluebird", "flac")];
    let scene = listed(&songs, "download: {format: mp3 320, keep_lossless: true}\n");
    scene.run(&[]).exits(0);
    let library = scene.library();
    assert_eq!(library.audio(), ["Ann/Ann - First/01 - Bluebird.flac"]);
}

#[test]
fn without_ffmpeg_a_run_that_needs_it_does_not_start() {
    let songs = [Song::of_album("Ann", "First", 1, "Bluebird", "flac")];
    let scene = listed(&songs, "");
    for (config, what) in [
        (
            "download: {format: mp3 320}",
            "`download.format: mp3 320` needs ffmpeg",
        ),
        (
            "tags: {replaygain: true}",
            "`tags.replaygain: track` needs ffmpeg",
        ),
    ] {
        want_the_list(
            &scene,
            &format!("{config}\nffmpeg_path: ./nowhere/ffmpeg\n"),
        );
        scene
            .run(&[])
            .exits(2)
            .says(&[what, "nowhere/ffmpeg", "`ffmpeg_path`"]);
        assert_eq!(scene.library().files(), [""; 0]);
    }
    // Who needs none is not bothered.
    want_the_list(&scene, "ffmpeg_path: ./nowhere/ffmpeg\n");
    scene.run(&[]).exits(0);
}

#[test]
fn lyrics_loudness_and_the_source_are_written_if_wanted() {
    let songs = [
        Song::of_album("Ann", "First", 1, "Bluebird", "flac"),
        Song::of_album("Ann", "First", 2, "Wren", "mp3"),
    ];
    let scene = listed(
        &songs,
        "tags: {replaygain: true, source_comment: true, id3: 2.3}\n",
    );
    scene.write(
        "music/Ann/First/01 Bluebird.lrc",
        "[00:01.00]La\r\n[00:02.00]la\r\n",
    );
    scene.write("music/Ann/First/02 Wren.txt", "La la");
    scene.run(&[]).exits(0);
    let library = scene.library();
    let bluebird = library.tags("Ann/Ann - First/01 - Bluebird.flac");
    let timed = "[00:01.00]La\n[00:02.00]la";
    assert_eq!(bluebird.lyrics.as_deref(), Some(timed));
    assert_eq!(library.text("Ann/Ann - First/01 - Bluebird.lrc"), timed);
    assert_eq!(bluebird.comment.as_deref(), Some("musicdl: from folder"));
    // A tone of an eighth of full scale: far louder than -18 LUFS it is not.
    let gain = bluebird.track_gain.unwrap();
    assert!((-1500..1500).contains(&gain.centibels), "{gain}");
    assert!(gain.peak.unwrap() > 0);
    let wren = library.file("Ann/Ann - First/02 - Wren.mp3");
    assert_eq!(&fs::read(wren).unwrap()[..4], b"ID3\x03");
    let wren = library.tags("Ann/Ann - First/02 - Wren.mp3");
    assert_eq!(wren.artists, ["Ann"]);
    assert!(wren.track_gain.is_some());

    let none = "tags: {lyrics: none}\ndownload: {overwrite: replace}\n";
    fs::remove_file(library.file("Ann/Ann - First/01 - Bluebird.lrc")).unwrap();
    want_the_list(&scene, none);
    scene.run(&[]).exits(0);
    let bluebird = library.tags("Ann/Ann - First/01 - Bluebird.flac");
    assert_eq!((bluebird.lyrics, bluebird.track_gain), (None, None));
    assert!(!library.file("Ann/Ann - First/01 - Bluebird.lrc").exists());
}

#[test]
fn a_fragmented_mp4_is_joined_and_tagged_or_kept_as_it_is_with_a_word() {
    let robin = Song::of_album("Ann", "First", 3, "Robin", "m4a");
    let scene = listed(
        std::slice::from_ref(&robin),
        "ffmpeg_path: ./nowhere/ffmpeg\n",
    );
    let file = scene.path("music").join(&robin.file);
    let whole = file.with_extension("whole.m4a");
    fs::rename(&file, &whole).unwrap();
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-i"])
        .arg(&whole)
        .args(["-c", "copy", "-movflags", "frag_keyframe+empty_moov"])
        .arg(&file)
        .status()
        .expect("ffmpeg is installed");
    assert!(made.success());
    fs::remove_file(whole).unwrap();
    let place = "Ann/Ann - First/03 - Robin.m4a";

    scene
        .run(&[])
        .exits(0)
        .says(&["not tagged: ", "fragmented MP4"]);
    let library = scene.library();
    let sounds = library.sounds();
    assert_eq!(library.tags(place).date, None);

    fs::remove_file(library.file(place)).unwrap();
    want_the_list(&scene, "");
    scene.run(&[]).exits(0);
    assert_eq!(library.tags(place).date.as_deref(), Some("2019-03-01"));
    assert_eq!(library.sounds(), sounds, "the packets are the same");
    library.is_whole();
}
