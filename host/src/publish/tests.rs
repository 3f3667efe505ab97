//! The promises of publishing, each on a real file system.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::Barrier;

use tempfile::TempDir;

use super::*;
use crate::layout::{RelPath, m3u};

fn source() -> SourceName {
    SourceName::parse("folder").unwrap()
}

/// A library with a publisher, and files to put into it.
struct Scene {
    dir: TempDir,
    publisher: Publisher,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let publisher = Publisher::open(&dir.path().join("library")).unwrap();
        Self { dir, publisher }
    }

    fn in_library(&self, path: &str) -> PathBuf {
        self.publisher.library().join(path)
    }

    /// A finished file in the staging directory of the track `id`.
    fn staged(&self, id: &str, content: &str) -> PathBuf {
        let staging = self
            .publisher
            .staging(&TrackId::text(id), &source())
            .unwrap();
        let file = staging.tag().join("finished");
        fs::write(&file, content).unwrap();
        file
    }

    fn place(&self, content: &str, stem: &str) -> Result<Placed, PublishError> {
        let staged = self.staged(stem, content);
        self.publisher.place(&staged, &path(stem), "flac")
    }

    /// Every file and folder of the library but its own hidden ones.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.publisher.library().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path
                    .strip_prefix(self.publisher.library())
                    .unwrap()
                    .to_owned();
                if name.starts_with(HIDDEN) {
                    continue;
                }
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                }
                names.push(name.to_str().unwrap().to_owned());
            }
        }
        names.sort();
        names
    }
}

fn path(text: &str) -> RelPath {
    RelPath::from_saved(text).unwrap()
}

mod opening {
    use super::*;

    #[test]
    fn the_first_run_makes_the_library_but_not_the_disk_it_is_on() {
        let dir = tempfile::tempdir().unwrap();
        Publisher::open(&dir.path().join("music")).unwrap();
        assert!(dir.path().join("music").is_dir());

        let unmounted = dir.path().join("mnt/music");
        let error = Publisher::open(&unmounted).unwrap_err();
        assert!(matches!(error, PublishError::RootMissing { .. }) && error.is_disk_stop());
        assert!(!dir.path().join("mnt").exists());
    }

    #[test]
    fn a_link_to_a_disk_that_is_not_mounted_is_a_missing_library() {
        let dir = tempfile::tempdir().unwrap();
        symlink("/nonexistent-disk/music", dir.path().join("music")).unwrap();
        let error = Publisher::open(&dir.path().join("music")).unwrap_err();
        assert!(matches!(error, PublishError::RootMissing { .. }), "{error}");
    }

    #[test]
    fn a_file_is_no_library() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("music");
        fs::write(&file, "mine").unwrap();
        for library in [file.clone(), file.join("below")] {
            let error = Publisher::open(&library).unwrap_err();
            assert!(matches!(error, PublishError::RootNotDirectory { .. }) && error.is_disk_stop());
            assert!(error.to_string().contains("music"), "{error}");
        }
        assert_eq!(fs::read(&file).unwrap(), b"mine");
    }

    #[test]
    fn a_library_whose_hidden_directory_is_something_else_is_refused() {
        for link in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let elsewhere = tempfile::tempdir().unwrap();
            fs::create_dir(elsewhere.path().join("staging")).unwrap();
            fs::write(elsewhere.path().join("staging/theirs"), "x").unwrap();
            if link {
                symlink(elsewhere.path(), dir.path().join(HIDDEN)).unwrap();
            } else {
                fs::write(dir.path().join(HIDDEN), "x").unwrap();
            }
            let error = Publisher::open(dir.path()).unwrap_err();
            assert!(matches!(error, PublishError::Obstructed { .. }), "{error}");
            assert!(elsewhere.path().join("staging/theirs").exists());
        }
    }

    #[test]
    fn a_second_run_on_one_library_is_refused_until_the_first_ends() {
        let scene = Scene::new();
        let error = Publisher::open(scene.publisher.library()).unwrap_err();
        assert!(matches!(error, PublishError::InUse { .. }) && !error.is_disk_stop());
        let library = scene.publisher.library().to_owned();
        drop(scene.publisher);
        Publisher::open(&library).unwrap();
    }

    #[test]
    fn free_space_is_told() {
        // Others write meanwhile: what `df` says before and after holds it, or nearly.
        const SLACK: u64 = 1 << 30;
        let scene = Scene::new();
        let library = scene.publisher.library();
        let before = told_by_df(library);
        let free = scene.publisher.free_bytes().unwrap();
        let after = told_by_df(library);
        let range = before.min(after).saturating_sub(SLACK)..=before.max(after) + SLACK;
        assert!(range.contains(&free), "{free} is not in {range:?}");
    }

    fn told_by_df(path: &Path) -> u64 {
        let mut df = std::process::Command::new("df");
        let output = df
            .args(["--output=avail", "-B1"])
            .arg(path)
            .output()
            .unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        lines.lines().nth(1).unwrap().trim().parse().unwrap()
    }
}

mod staging {
    use super::*;

    #[test]
    fn a_track_gets_an_empty_directory_whatever_an_earlier_run_left() {
        let scene = Scene::new();
        let id = TrackId::spotify("4uLU6hMCjMI75M1A2tKUQC");
        let first = scene.publisher.staging(&id, &source()).unwrap();
        fs::write(first.fetch().join("half a song"), "x").unwrap();
        fs::create_dir_all(first.path().join("unknown/deep")).unwrap();
        let place = first.path().to_owned();
        let fetched = first.fetch().to_owned();
        drop(first);
        assert!(
            fetched.join("half a song").exists(),
            "dropping removes nothing"
        );

        let second = scene.publisher.staging(&id, &source()).unwrap();
        assert_eq!(second.fetch(), fetched);
        assert!(second.fetch().is_absolute());
        assert_eq!(fs::read_dir(second.fetch()).unwrap().count(), 0);
        assert_eq!(fs::read_dir(second.path()).unwrap().count(), 1);
        second.remove().unwrap();
        scene.publisher.sweep().unwrap();
        assert!(!place.exists() && !fetched.exists());
    }

    #[test]
    fn the_next_track_gets_an_empty_directory_whatever_is_written_after_the_end() {
        let scene = Scene::new();
        let staging = |id| scene.publisher.staging(&TrackId::text(id), &source());
        let first = staging("a").unwrap();
        let mut late = fs::File::create(first.fetch().join("song")).unwrap();
        fs::write(first.tag().join("copy"), "x").unwrap();
        let room = first.fetch().parent().unwrap().to_owned();
        first.remove().unwrap();
        std::io::Write::write_all(&mut late, b"late").unwrap();
        // The source finds the directory where it was, and begins anew.
        let spare = fs::read_dir(&room).unwrap().next().unwrap().unwrap();
        fs::write(spare.path().join("late"), "x").unwrap();

        let second = staging("b").unwrap();
        for dir in [second.fetch(), second.tag()] {
            assert_eq!(fs::read_dir(dir).unwrap().count(), 0, "{}", dir.display());
        }
        assert_eq!(fs::read_dir(&room).unwrap().count(), 1);
        second.remove().unwrap();

        // It puts a link to somewhere else in the place of the directory.
        let precious = scene.dir.path().join("precious");
        fs::create_dir(&precious).unwrap();
        let spare = fs::read_dir(&room).unwrap().next().unwrap().unwrap();
        fs::remove_dir(spare.path()).unwrap();
        symlink(&precious, spare.path()).unwrap();
        let third = staging("c").unwrap();
        assert!(third.fetch().symlink_metadata().unwrap().is_dir());
        fs::write(precious.join("song"), "x").unwrap();
        fs::remove_dir(third.fetch()).unwrap();
        symlink(&precious, third.fetch()).unwrap();
        third.remove().unwrap();
        assert!(precious.join("song").exists(), "links are not followed");

        // Somebody cleans up while the run goes on.
        fs::remove_dir_all(scene.in_library(HIDDEN)).unwrap();
        let fourth = staging("d").unwrap();
        assert!(fourth.fetch().is_dir() && fourth.tag().is_dir());
        fs::create_dir(fourth.fetch().join("disc 1")).unwrap();
        fs::write(fourth.fetch().join("disc 1/song"), "x").unwrap();
        let fetched = fourth.fetch().to_owned();
        fourth.remove().unwrap();
        assert!(!fetched.exists());
        scene.publisher.sweep().unwrap();
        assert!(!scene.in_library(HIDDEN).exists(), "spare ones are swept");
    }

    #[test]
    fn what_nobody_can_change_is_moved_and_all_else_copied() {
        let scene = Scene::new();
        let precious = scene.dir.path().join("precious");
        fs::write(&precious, "audio").unwrap();
        /// What a source does between being done and being taken at its word.
        type Does = fn(&Path, &Path) -> Option<fs::File>;
        let cases: [(&str, Does, bool); 7] = [
            ("nothing", |_, _| None, true),
            ("reads", |song, _| fs::File::open(song).ok(), true),
            (
                "has it open to write",
                |song, _| fs::File::options().write(true).open(song).ok(),
                false,
            ),
            (
                "gives it a second name",
                |song, _| {
                    fs::hard_link(song, song.with_file_name("second")).unwrap();
                    None
                },
                false,
            ),
            (
                "lets everybody write",
                |song, _| {
                    fs::set_permissions(song, fs::Permissions::from_mode(0o666)).unwrap();
                    None
                },
                false,
            ),
            (
                "puts a link in its place",
                |song, precious| {
                    fs::remove_file(song).unwrap();
                    symlink(precious, song).unwrap();
                    None
                },
                false,
            ),
            (
                "puts a folder in its place",
                |song, _| {
                    fs::remove_file(song).unwrap();
                    fs::create_dir(song).unwrap();
                    fs::write(song.join("x"), "x").unwrap();
                    None
                },
                false,
            ),
        ];
        for (what, does, moved) in cases {
            let staging = scene
                .publisher
                .staging(&TrackId::text(what), &source())
                .unwrap();
            let song = staging.fetch().join("song");
            fs::write(&song, "audio").unwrap();
            let offered = offered(&song);
            let inode = offered.file.metadata().unwrap().ino();
            let _open = does(&song, &precious);
            let taken = staging.take(&offered).unwrap();
            assert_eq!(fs::read(&taken).unwrap(), b"audio", "{what}");
            let there = fs::symlink_metadata(&taken).unwrap();
            assert_eq!(there.ino() == inode, moved, "{what}");
            assert_eq!((there.nlink(), there.mode() & 0o022), (1, 0), "{what}");
            staging.remove().unwrap();
        }
        assert_eq!(fs::read(&precious).unwrap(), b"audio");
    }

    fn offered(song: &Path) -> Offered {
        Offered {
            file: fs::File::open(song).unwrap(),
            bytes: 5,
            folder: fs::File::open(song.parent().unwrap()).unwrap().into(),
            name: song.file_name().unwrap().to_owned(),
        }
    }

    #[test]
    fn what_was_taken_is_not_what_the_source_writes_later() {
        let scene = Scene::new();
        let staging = scene
            .publisher
            .staging(&TrackId::text("a"), &source())
            .unwrap();
        let path = staging.fetch().join("song");
        fs::write(&path, "audio").unwrap();
        let delivered = offered(&path);
        // Still open for writing, with the name gone, and longer than it was.
        let mut kept = fs::File::options().append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut kept, b" and more").unwrap();
        fs::remove_file(&path).unwrap();
        let taken = staging.take(&delivered).unwrap();
        std::io::Write::write_all(&mut kept, b" and more").unwrap();
        assert_eq!(fs::read(&taken).unwrap(), b"audio");
        assert!(!taken.starts_with(staging.fetch().parent().unwrap()));
    }

    #[test]
    fn a_track_has_one_directory_at_a_time() {
        let scene = Scene::new();
        let (one, other) = (TrackId::text("a"), TrackId::text("b"));
        let held = scene.publisher.staging(&one, &source()).unwrap();
        scene.publisher.staging(&other, &source()).unwrap();
        let error = scene.publisher.staging(&one, &source()).unwrap_err();
        assert!(matches!(error, PublishError::Claimed { .. }), "{error}");
        drop(held);
        scene.publisher.staging(&one, &source()).unwrap();
    }

    #[test]
    fn an_id_never_leads_out_of_staging() {
        let scene = Scene::new();
        let staging = scene
            .publisher
            .staging(&TrackId::from_saved("../../../etc"), &source())
            .unwrap();
        assert_eq!(
            staging.path().parent().unwrap(),
            scene.in_library(".musicdl/staging")
        );
    }

    #[test]
    fn a_sweep_takes_left_overs_and_nothing_that_is_in_use() {
        let scene = Scene::new();
        scene.staged("left over", "x");
        let area = scene.in_library(".musicdl/staging");
        fs::write(area.join(".musicdl-1-1.part"), "x").unwrap();
        let precious = scene.dir.path().join("precious");
        fs::create_dir(&precious).unwrap();
        fs::write(precious.join("song"), "x").unwrap();
        symlink(&precious, area.join("link")).unwrap();
        let held = scene
            .publisher
            .staging(&TrackId::text("held"), &source())
            .unwrap();
        fs::write(held.fetch().join("song"), "x").unwrap();

        scene.publisher.sweep().unwrap();
        // What is held: its own part and the source's.
        assert_eq!(fs::read_dir(&area).unwrap().count(), 2);
        assert!(held.fetch().join("song").exists() && precious.join("song").exists());

        held.remove().unwrap();
        scene.publisher.sweep().unwrap();
        assert!(!scene.in_library(HIDDEN).exists());
        scene.publisher.sweep().unwrap();
        scene.place("works again", "a/b").unwrap();
    }

    #[test]
    fn a_strange_file_in_the_hidden_directory_stays() {
        let scene = Scene::new();
        fs::write(scene.in_library(".musicdl/theirs"), "x").unwrap();
        scene.publisher.sweep().unwrap();
        assert!(scene.in_library(".musicdl/theirs").exists());
    }
}

mod placing {
    use super::*;

    #[test]
    fn a_finished_file_moves_to_its_place_and_is_described() {
        let scene = Scene::new();
        let staged = scene.staged("a", "audio");
        let inode = fs::metadata(&staged).unwrap().ino();
        let placed = scene
            .publisher
            .place(&staged, &path("Queen/Queen - Jazz/01 - Mustapha"), "flac")
            .unwrap();
        let found = fs::metadata(&placed.path).unwrap();
        assert_eq!(
            placed.path,
            scene.in_library("Queen/Queen - Jazz/01 - Mustapha.flac")
        );
        assert_eq!(
            placed.relative.as_str(),
            "Queen/Queen - Jazz/01 - Mustapha.flac"
        );
        assert_eq!(placed.size, 5);
        assert_eq!(
            placed.mtime_ns,
            found.mtime() * 1_000_000_000 + found.mtime_nsec()
        );
        assert_eq!(found.ino(), inode, "moved, not copied");
        assert!(!staged.exists());
        assert_eq!(
            scene.names(),
            [
                "Queen",
                "Queen/Queen - Jazz",
                "Queen/Queen - Jazz/01 - Mustapha.flac"
            ]
        );
    }

    #[test]
    fn what_is_there_is_never_replaced() {
        let scene = Scene::new();
        fs::create_dir(scene.in_library("a")).unwrap();
        fs::write(scene.in_library("a/file.flac"), "the user's").unwrap();
        fs::write(scene.in_library("a/empty.flac"), "").unwrap();
        fs::create_dir(scene.in_library("a/folder.flac")).unwrap();
        symlink("nowhere", scene.in_library("a/dangling.flac")).unwrap();
        let before = scene.names();
        for stem in ["a/file", "a/empty", "a/folder", "a/dangling"] {
            let staged = scene.staged(stem, "new");
            match scene.publisher.place(&staged, &path(stem), "flac") {
                Err(PublishError::Occupied { path }) => {
                    assert_eq!(path, scene.in_library(&format!("{stem}.flac")))
                }
                other => panic!("{stem}: {other:?}"),
            }
            assert!(staged.exists(), "the new file is not lost either");
        }
        assert_eq!(
            fs::read(scene.in_library("a/file.flac")).unwrap(),
            b"the user's"
        );
        assert_eq!(scene.names(), before);
    }

    #[test]
    fn of_many_threads_at_one_path_exactly_one_wins() {
        const MANY: usize = 8;
        let scene = Scene::new();
        let staged: Vec<_> = (0..MANY)
            .map(|n| scene.staged(&n.to_string(), &n.to_string()))
            .collect();
        let barrier = Barrier::new(MANY);
        let results: Vec<_> = std::thread::scope(|scope| {
            let place = |file: &PathBuf| {
                let file = file.clone();
                let (scene, barrier) = (&scene, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    scene
                        .publisher
                        .place(&file, &path("new/folders/song"), "flac")
                })
            };
            let threads: Vec<_> = staged.iter().map(place).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let winner = results.iter().position(Result::is_ok).unwrap();
        for (n, result) in results.iter().enumerate() {
            let lost = matches!(result, Err(PublishError::Occupied { .. }));
            assert!(n == winner || lost, "{result:?}");
        }
        let content = fs::read_to_string(scene.in_library("new/folders/song.flac")).unwrap();
        assert_eq!(content, winner.to_string());
    }

    #[test]
    fn a_folder_that_leads_out_of_the_library_is_not_entered() {
        let scene = Scene::new();
        let outside = scene.dir.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(scene.in_library("file"), "x").unwrap();
        symlink(&outside, scene.in_library("out")).unwrap();
        symlink("..", scene.in_library("up")).unwrap();
        symlink("nowhere", scene.in_library("dangling")).unwrap();
        symlink("file", scene.in_library("to-file")).unwrap();
        for (stem, what) in [
            ("out/song", "a link out of the library"),
            ("out/deeper/song", "a link out of the library"),
            ("up/song", "a link out of the library"),
            ("dangling/song", "a link to nowhere"),
            ("to-file/song", "a link to a file"),
            ("file/song", "a file"),
        ] {
            match scene.place("x", stem) {
                Err(PublishError::Obstructed { what: found, .. }) => {
                    assert_eq!(found, what, "{stem}")
                }
                other => panic!("{stem}: {other:?}"),
            }
        }
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        assert_eq!(scene.names(), ["dangling", "file", "out", "to-file", "up"]);
    }

    #[test]
    fn a_link_that_stays_in_the_library_is_followed() {
        let scene = Scene::new();
        fs::create_dir_all(scene.in_library("real/deep")).unwrap();
        symlink(scene.in_library("real/deep"), scene.in_library("link")).unwrap();
        scene.place("x", "link/new/song").unwrap();
        assert!(scene.in_library("real/deep/new/song.flac").exists());
    }

    #[test]
    fn only_a_regular_file_with_content_is_placed() {
        let scene = Scene::new();
        let staging = scene
            .publisher
            .staging(&TrackId::text("a"), &source())
            .unwrap();
        let at = |name: &str| staging.tag().join(name);
        fs::write(at("empty"), "").unwrap();
        fs::write(at("file"), "x").unwrap();
        symlink("file", at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(at("fifo"))
            .status()
            .unwrap();
        assert!(made.success());
        for name in ["empty", "link", "folder", "fifo"] {
            let error = scene
                .publisher
                .place(&at(name), &path("song"), "flac")
                .unwrap_err();
            assert!(
                matches!(error, PublishError::Unfit { .. }),
                "{name}: {error}"
            );
        }
        assert_eq!(scene.names(), [""; 0]);
    }

    #[test]
    fn a_private_file_becomes_as_readable_as_others() {
        let scene = Scene::new();
        let staged = scene.staged("a", "audio");
        let usual = fs::metadata(&staged).unwrap().permissions();
        fs::set_permissions(&staged, fs::Permissions::from_mode(0o600)).unwrap();
        let placed = scene
            .publisher
            .place(&staged, &path("song"), "flac")
            .unwrap();
        assert_eq!(fs::metadata(placed.path).unwrap().permissions(), usual);
    }

    #[test]
    fn nothing_is_put_where_the_library_was() {
        let scene = Scene::new();
        let staged = scene.staged("a", "audio");
        let library = scene.publisher.library().to_owned();
        for empty_mount_point in [false, true] {
            let away = scene.dir.path().join("away");
            fs::rename(&library, &away).unwrap();
            if empty_mount_point {
                fs::create_dir(&library).unwrap();
            }
            let placed = scene
                .publisher
                .place(&staged, &path("song"), "flac")
                .unwrap_err();
            let held = scene
                .publisher
                .staging(&TrackId::text("b"), &source())
                .unwrap_err();
            for error in [placed, held] {
                assert!(matches!(error, PublishError::RootVanished { .. }) && error.is_disk_stop());
            }
            if empty_mount_point {
                fs::remove_dir(&library).expect("still empty");
            }
            fs::rename(&away, &library).unwrap();
        }
        scene
            .publisher
            .place(&staged, &path("song"), "flac")
            .expect("the library is back");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_of_another_disk_is_copied_whole_and_leaves_nothing_hidden() {
        let elsewhere = tempfile::tempdir_in("/dev/shm").expect("Linux has a disk in memory there");
        let scene = Scene::new();
        let device = |path: &Path| fs::metadata(path).unwrap().dev();
        assert_ne!(
            device(elsewhere.path()),
            device(scene.dir.path()),
            "temporary files are on a real disk"
        );
        let staged = elsewhere.path().join("song");
        let content = "x".repeat(200_001);
        fs::write(&staged, &content).unwrap();

        scene
            .publisher
            .place(&staged, &path("a/song"), "flac")
            .unwrap();
        let occupied = scene.publisher.place(&staged, &path("a/song"), "flac");
        assert!(
            matches!(occupied, Err(PublishError::Occupied { .. })),
            "{occupied:?}"
        );
        scene
            .publisher
            .link(&staged, &path("b/song"), "flac")
            .unwrap();
        let again = scene.publisher.link(&staged, &path("b/song"), "flac");
        again.expect("copied by a run that was interrupted");
        for name in ["a/song.flac", "b/song.flac"] {
            assert_eq!(fs::read_to_string(scene.in_library(name)).unwrap(), content);
        }
        assert_eq!(scene.names(), ["a", "a/song.flac", "b", "b/song.flac"]);
    }
}

mod linking {
    use super::*;

    #[test]
    fn a_second_place_shares_the_audio_with_the_first() {
        let scene = Scene::new();
        let first = scene.place("audio", "library/song").unwrap();
        let second = scene
            .publisher
            .link(&first.path, &path("Mix/song"), "flac")
            .unwrap();
        assert_eq!(second.path, scene.in_library("Mix/song.flac"));
        assert_eq!((second.size, second.mtime_ns), (first.size, first.mtime_ns));
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        assert_eq!(inode(&first.path), inode(&second.path));
    }

    #[test]
    fn the_same_audio_being_there_is_fine_and_other_audio_is_not() {
        let scene = Scene::new();
        let first = scene.place("audio", "library/song").unwrap();
        let second = || scene.publisher.link(&first.path, &path("Mix/song"), "flac");
        second().unwrap();
        second().expect("linked by a run that was interrupted");

        let copy = scene.in_library("Mix/song.flac");
        fs::remove_file(&copy).unwrap();
        fs::write(&copy, "audio").unwrap();
        second().expect("copied by a run that was interrupted");

        for other in ["other", "longer audio", ""] {
            fs::write(&copy, other).unwrap();
            let error = second().unwrap_err();
            assert!(matches!(error, PublishError::Occupied { .. }), "{error}");
            assert_eq!(fs::read_to_string(&copy).unwrap(), other);
        }
        fs::remove_file(&copy).unwrap();
        symlink(&first.path, &copy).unwrap();
        assert!(matches!(second(), Err(PublishError::Occupied { .. })));
    }

    #[test]
    fn a_copy_takes_the_place_of_a_link_where_there_are_none() {
        let scene = Scene::new();
        let first = scene.place("audio", "library/song").unwrap();
        let source = fs::File::open(&first.path).unwrap();
        let folder = scene.publisher.folders.make(Some(&path("Mix"))).unwrap();
        for (name, beside) in [("a.flac", false), ("b.flac", true)] {
            let copy = || {
                let content = content::Content::Of(&source);
                if beside {
                    scene
                        .publisher
                        .copy_beside(content, &folder, name, name::Onto::FreeName)
                } else {
                    scene
                        .publisher
                        .write(content, &folder, name, name::Onto::FreeName)
                }
            };
            copy().unwrap();
            assert_eq!(fs::read(folder.path.join(name)).unwrap(), b"audio");
            assert!(matches!(copy(), Err(PublishError::Occupied { .. })));
        }
        assert_eq!(
            scene.names(),
            [
                "Mix",
                "Mix/a.flac",
                "Mix/b.flac",
                "library",
                "library/song.flac"
            ]
        );
        assert_eq!(
            fs::read_dir(scene.in_library(".musicdl/staging"))
                .unwrap()
                .count(),
            2,
            "the track's own, and its source's"
        );
    }
}

mod lying_beside {
    use super::*;

    #[test]
    fn a_folder_gets_a_cover_once() {
        let scene = Scene::new();
        let stem = path("Queen/Jazz/01");
        let cover = scene.in_library("Queen/Jazz/cover.jpg");
        assert_eq!(
            scene.publisher.place_cover(&stem, b"one", "jpg").unwrap(),
            Cover::Written(cover.clone())
        );
        for ext in ["jpg", "png"] {
            assert_eq!(
                scene.publisher.place_cover(&stem, b"two", ext).unwrap(),
                Cover::Kept(cover.clone())
            );
        }
        assert_eq!(fs::read(cover).unwrap(), b"one");
        assert_eq!(
            scene.names(),
            ["Queen", "Queen/Jazz", "Queen/Jazz/cover.jpg"]
        );
    }

    #[test]
    fn a_cover_of_many_tracks_at_once_is_whole() {
        let scene = Scene::new();
        let results: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8u8)
                .map(|n| {
                    scope.spawn({
                        let scene = &scene;
                        move || {
                            scene
                                .publisher
                                .place_cover(&path("a/song"), &[n; 100_000], "png")
                        }
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap().unwrap())
                .collect()
        });
        let written = results
            .iter()
            .filter(|cover| matches!(cover, Cover::Written(_)))
            .count();
        assert_eq!(written, 1);
        let picture = fs::read(scene.in_library("a/cover.png")).unwrap();
        assert_eq!(picture, vec![picture[0]; 100_000]);
    }

    #[test]
    fn our_playlist_file_is_rewritten_when_it_says_something_else() {
        let scene = Scene::new();
        let file = path("Mix/Mix.m3u8");
        let song = path("Mix/song.flac");
        let entries = [m3u::M3uEntry {
            path: &song,
            artist: None,
            title: "Song",
            duration_secs: Some(1),
        }];
        let (short, long) = (
            m3u::render("Mix", &[], &file),
            m3u::render("Mix", &entries, &file),
        );
        for (text, expected) in [
            (&short, M3uWritten::Written),
            (&short, M3uWritten::Unchanged),
            (&long, M3uWritten::Written),
            (&long, M3uWritten::Unchanged),
            (&short, M3uWritten::Written),
        ] {
            assert_eq!(scene.publisher.write_m3u(&file, text).unwrap(), expected);
            assert_eq!(
                &fs::read_to_string(scene.in_library("Mix/Mix.m3u8")).unwrap(),
                text
            );
        }
        assert_eq!(scene.names(), ["Mix", "Mix/Mix.m3u8"]);
    }

    #[test]
    fn the_users_playlist_file_is_left_alone() {
        let scene = Scene::new();
        let text = m3u::render("Mix", &[], &path("Mix.m3u8"));
        let ours = scene.dir.path().join("ours.m3u8");
        fs::write(&ours, &text).unwrap();
        let target = scene.in_library("Mix.m3u8");
        let refused = || {
            let error = scene
                .publisher
                .write_m3u(&path("Mix.m3u8"), &text)
                .unwrap_err();
            assert!(
                matches!(error, PublishError::NotOurs { .. }) && !error.is_disk_stop(),
                "{error}"
            );
        };
        for theirs in [
            "#EXTM3U\nsong.mp3\n",
            "",
            "#EXTM3U\r\n#GENERATED-BY:musicdl\r\n",
        ] {
            fs::write(&target, theirs).unwrap();
            refused();
            assert_eq!(fs::read_to_string(&target).unwrap(), theirs);
        }
        fs::remove_file(&target).unwrap();
        symlink(&ours, &target).unwrap();
        refused();
        fs::remove_file(&target).unwrap();
        fs::create_dir(&target).unwrap();
        refused();
    }
}

mod replacing {
    use super::*;

    impl Scene {
        fn replace(&self, content: &str, stem: &str, ext: &str) -> Result<Placed, PublishError> {
            let staged = self.staged(stem, content);
            self.publisher.replace(&staged, &path(stem), ext)
        }

        /// What is in the recycle folder, as paths from the library, with its content.
        fn recycled(&self) -> Vec<(String, String)> {
            let mut found = Vec::new();
            let mut folders = vec![self.in_library(".musicdl/recycle")];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder).into_iter().flatten() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        folders.push(path);
                        continue;
                    }
                    let below = path
                        .strip_prefix(self.in_library(".musicdl/recycle"))
                        .unwrap();
                    // Behind the time of the run.
                    let below: PathBuf = below.components().skip(1).collect();
                    let content = fs::read_to_string(&path).unwrap();
                    found.push((below.to_str().unwrap().to_owned(), content));
                }
            }
            found.sort();
            found
        }

        /// As if a new run began.
        fn reopened(self) -> Self {
            let Self { dir, publisher } = self;
            drop(publisher);
            let publisher = Publisher::open(&dir.path().join("library")).unwrap();
            publisher.sweep().unwrap();
            Self { dir, publisher }
        }
    }

    fn owned(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    #[test]
    fn what_gives_way_is_in_the_recycle_folder_afterwards() {
        let scene = Scene::new();
        scene.place("old", "a/song").unwrap();
        let placed = scene.replace("new", "a/song", "flac").unwrap();
        assert_eq!(fs::read(&placed.path).unwrap(), b"new");
        assert_eq!(scene.names(), ["a", "a/song.flac"]);
        assert_eq!(scene.recycled(), owned(&[("a/song.flac", "old")]));
        // Once more in the same run: the first old file is not lost for the second.
        let error = scene.replace("newer", "a/song", "flac").unwrap_err();
        assert!(matches!(error, PublishError::Occupied { .. }), "{error}");
        assert_eq!(fs::read(&placed.path).unwrap(), b"new");
        let scene = scene.reopened();
        scene.replace("newer", "a/song", "flac").unwrap();
        let recycled = owned(&[("a/song.flac", "new"), ("a/song.flac", "old")]);
        assert_eq!(scene.recycled(), recycled);
    }

    #[test]
    fn a_file_of_another_kind_gives_way_too_and_one_beside_it_stays() {
        let scene = Scene::new();
        scene.place("other", "a/song two").unwrap();
        fs::write(scene.in_library("a/song.mp3"), "old").unwrap();
        fs::write(scene.in_library("a/song.lrc"), "words").unwrap();
        scene.replace("new", "a/song", "flac").unwrap();
        assert_eq!(
            scene.names(),
            ["a", "a/song two.flac", "a/song.flac", "a/song.lrc"]
        );
        assert_eq!(scene.recycled(), owned(&[("a/song.mp3", "old")]));
    }

    #[test]
    fn where_nothing_is_the_file_is_just_placed() {
        let scene = Scene::new();
        scene.replace("new", "a/song", "flac").unwrap();
        assert_eq!(scene.names(), ["a", "a/song.flac"]);
        assert_eq!(scene.recycled(), []);
    }

    #[test]
    fn a_link_is_never_replaced() {
        let scene = Scene::new();
        fs::write(scene.in_library("real.flac"), "real").unwrap();
        symlink("real.flac", scene.in_library("song.flac")).unwrap();
        let error = scene.replace("new", "song", "flac").unwrap_err();
        assert!(matches!(error, PublishError::Unfit { .. }), "{error}");
        assert_eq!(fs::read(scene.in_library("real.flac")).unwrap(), b"real");
    }

    #[test]
    fn all_places_of_a_track_give_way_and_are_one_file_again() {
        let scene = Scene::new();
        let first = scene.place("old", "a/song").unwrap();
        scene
            .publisher
            .link(&first.path, &path("list/song"), "flac")
            .unwrap();
        let staging = scene
            .publisher
            .staging_of_owned(&TrackId::text("x"))
            .unwrap();
        let new = scene.replace("new", "a/song", "flac").unwrap();
        let aside = staging.tag().join("aside");
        for _ in 0..2 {
            let stem = path("list/song");
            let again = scene
                .publisher
                .replace_by_link(&new.path, &aside, &stem, "flac");
            let again = again.unwrap();
            assert_eq!(
                fs::metadata(again.path).unwrap().ino(),
                fs::metadata(&new.path).unwrap().ino()
            );
        }
        let recycled = owned(&[("a/song.flac", "old"), ("list/song.flac", "old")]);
        assert_eq!(scene.recycled(), recycled);
    }

    /// Each moment at which a process can die, made by hand.
    #[test]
    fn a_replacement_that_was_interrupted_is_ended_or_undone() {
        for (name, new_one, left) in [
            // Before the new file had its name: nothing happened.
            ("song.mp3", None, ["a", "a/song.mp3"].as_slice()),
            // After, and before the old name was gone.
            ("song.mp3", Some("song.flac"), &["a", "a/song.flac"]),
        ] {
            let scene = Scene::new();
            fs::create_dir(scene.in_library("a")).unwrap();
            let old = scene.in_library("a").join(name);
            fs::write(&old, "old").unwrap();
            let recycle = scene.in_library(".musicdl/recycle/2026-01-01/a");
            fs::create_dir_all(&recycle).unwrap();
            fs::hard_link(&old, recycle.join(name)).unwrap();
            if let Some(new_one) = new_one {
                let staged = scene.staged("x", "new");
                fs::rename(staged, scene.in_library("a").join(new_one)).unwrap();
            }
            let scene = scene.reopened();
            assert_eq!(scene.names(), left);
            assert_eq!(scene.recycled().len(), usize::from(new_one.is_some()));
        }
    }

    #[test]
    fn of_two_kinds_that_stood_side_by_side_neither_is_taken_for_the_others_successor() {
        let scene = Scene::new();
        fs::create_dir(scene.in_library("a")).unwrap();
        fs::write(scene.in_library("a/song.flac"), "users").unwrap();
        let old = scene.in_library("a/song.mp3");
        fs::write(&old, "old").unwrap();
        let recycle = scene.in_library(".musicdl/recycle/2026-01-01/a");
        fs::create_dir_all(&recycle).unwrap();
        // The kernel's clock moves in steps of a few milliseconds.
        let changed = |path: &PathBuf| {
            let found = fs::metadata(path).unwrap();
            (found.ctime(), found.ctime_nsec())
        };
        let users = changed(&scene.in_library("a/song.flac"));
        while changed(&old) <= users {
            fs::set_permissions(&old, fs::Permissions::from_mode(0o644)).unwrap();
        }
        fs::hard_link(&old, recycle.join("song.mp3")).unwrap();
        let scene = scene.reopened();
        assert_eq!(scene.names(), ["a", "a/song.flac", "a/song.mp3"]);
    }
}
