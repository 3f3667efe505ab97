use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::dedup::dedup;
use super::existing::existing;
use super::file::PlanFileError;
use super::generate::{Findings, generate};
use super::place::{listing, place};
use super::*;
use crate::catalog::Catalogs;
use crate::config::{Wanted, WantedInput, WantedKind};
use crate::layout::Layout;
use crate::music::Track;
use crate::publish::{Existing, PublishError};

fn wanted(kind: WantedKind, input: WantedInput) -> Wanted {
    Wanted {
        kind,
        name: None,
        input,
        create_m3u: None,
        layout: None,
        line: None,
    }
}

fn file(dir: &Path, name: &str, text: &str) -> WantedInput {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    WantedInput::File(path)
}

fn words(text: &str) -> WantedInput {
    WantedInput::Text(text.to_owned())
}

async fn planned(entries: &[Wanted]) -> (Plan, Findings) {
    generate(entries, &Catalogs::default(), "7", Timestamp::UNIX_EPOCH).await
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.items.iter().map(|item| item.name()).collect()
}

fn track(id: &str, artist: &str, title: &str) -> Track {
    Track {
        artists: vec![artist.to_owned()],
        ..Track::new(TrackId::from_saved(id), title)
    }
}

fn of(items: Vec<PlanItem>, collections: Vec<Collection>) -> Plan {
    Plan::new(items, collections, Timestamp::UNIX_EPOCH, "1".to_owned())
}

fn playlist(name: &str, ids: &[&str]) -> Collection {
    Collection {
        id: CollectionId(format!("playlist:{name}").into()),
        kind: ItemKind::Playlist,
        name: name.to_owned(),
        create_m3u: true,
        layout: EntryLayout::Playlist,
        members: (1..)
            .zip(ids)
            .map(|(position, id)| Membership {
                id: TrackId::from_saved(*id),
                position,
                target: 0,
            })
            .collect(),
    }
}

fn members(collection: &Collection) -> Vec<(&str, u32)> {
    collection
        .members
        .iter()
        .map(|member| (member.id.as_str(), member.position))
        .collect()
}

#[tokio::test]
async fn a_track_that_several_entries_want_is_one_item_with_all_its_memberships() {
    let dir = tempfile::tempdir().unwrap();
    let entries = [
        wanted(WantedKind::Song, words("Ann Example - Bluebird")),
        wanted(
            WantedKind::Playlist,
            file(
                dir.path(),
                "a.txt",
                "Bob - Lonely\nAnn Example - Bluebird\nBob - Lonely\n",
            ),
        ),
        wanted(
            WantedKind::Album,
            file(dir.path(), "b.txt", "Ann Example - Bluebird\n"),
        ),
    ];
    let (plan, findings) = planned(&entries).await;
    assert_eq!(names(&plan), ["Bluebird", "Lonely"]);
    assert_eq!(findings.repeated, 3);
    let positions: Vec<(ItemKind, Vec<u32>)> = plan
        .collections
        .iter()
        .map(|c| (c.kind, c.members.iter().map(|m| m.position).collect()))
        .collect();
    assert_eq!(
        positions,
        [
            (ItemKind::Track, vec![1]),
            (ItemKind::Playlist, vec![1, 2, 3]),
            (ItemKind::Album, vec![1]),
        ]
    );
    assert_eq!(plan.items[0].parent, None);
    assert_eq!(
        plan.items[1].parent,
        Some(CollectionId("playlist:a".into()))
    );
    assert_eq!(plan.config_version, "7");
    assert_eq!(plan.created_at, Timestamp::UNIX_EPOCH);
}

#[tokio::test]
async fn an_entry_that_fails_is_reported_and_the_others_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let entries = [
        wanted(
            WantedKind::Playlist,
            WantedInput::File(dir.path().join("gone.csv")),
        ),
        wanted(
            WantedKind::Playlist,
            WantedInput::Link(
                "https://open.spotify.com/playlist/37i9dQZF1DXcBWIGoYBM5M".to_owned(),
            ),
        ),
        wanted(WantedKind::Song, words("Ann Example - Bluebird")),
    ];
    let (plan, findings) = planned(&entries).await;
    assert_eq!(names(&plan), ["Bluebird"]);
    assert_eq!(findings.failed.len(), 2);
    assert!(findings.failed[0].error.to_string().contains("gone.csv"));
    let link = findings.failed[1].error.to_string();
    assert!(
        link.contains("spotify") && link.contains("not configured"),
        "{link}"
    );
}

#[tokio::test]
async fn a_song_has_the_name_the_user_gave_it() {
    let mut entry = wanted(WantedKind::Song, words("Ann Example - Bluebird"));
    entry.name = Some("The blue one".to_owned());
    let (plan, _) = planned(&[entry]).await;
    assert_eq!(names(&plan), ["The blue one"]);
    assert_eq!(plan.items[0].track.title(), "Bluebird");
}

#[tokio::test]
async fn two_playlists_of_one_name_stay_two() {
    let dir = tempfile::tempdir().unwrap();
    let mut entries = Vec::new();
    for name in ["a.txt", "b.txt"] {
        let mut entry = wanted(
            WantedKind::Playlist,
            file(dir.path(), name, "Bob - Lonely\n"),
        );
        entry.name = Some("Mix".to_owned());
        entries.push(entry);
    }
    let (plan, _) = planned(&entries).await;
    let names: Vec<&str> = plan.collections.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["Mix", "Mix (2)"]);
}

#[test]
fn duplicates_leave_the_first_item_and_every_membership() {
    let items = ["spotify:1", "spotify:2", "spotify:1"]
        .into_iter()
        .map(|id| PlanItem::new(track(id, "A", id)))
        .collect();
    let mut plan = of(
        items,
        vec![playlist("P", &["spotify:1", "spotify:2", "spotify:1"])],
    );
    assert_eq!(dedup(&mut plan), 1);
    assert_eq!(plan.items.len(), 2);
    assert_eq!(
        members(&plan.collections[0]),
        [("spotify:1", 1), ("spotify:2", 2), ("spotify:1", 3)]
    );
    assert!(plan.get_item(&TrackId::from_saved("spotify:2")).is_some());
    assert_eq!(plan.created_at, Timestamp::UNIX_EPOCH);
    assert_eq!(plan.config_version, "1");
}

#[test]
fn a_worded_item_takes_the_id_and_the_facts_of_its_recording() {
    let worded = PlanItem::new(track("text:aa", "Ann Example", "Bluebird"));
    let known = PlanItem::new(Track {
        album: Some("First Album".to_owned()),
        duration_ms: Some(200_000),
        track_number: Some(3),
        ..track("spotify:1", "Ann Example", "Bluebird (feat. Bob)")
    });
    let mut plan = of(
        vec![worded, known],
        vec![playlist("P", &["text:aa", "spotify:1"])],
    );
    assert_eq!(dedup(&mut plan), 1);
    assert_eq!(
        members(&plan.collections[0]),
        [("spotify:1", 1), ("spotify:1", 2)]
    );
    let kept = plan.get_item(&TrackId::from_saved("spotify:1")).unwrap();
    assert_eq!(kept.track.title(), "Bluebird");
    assert_eq!(kept.track.unpack().album.as_deref(), Some("First Album"));
    assert_eq!(kept.track.unpack().track_number, Some(3));
}

#[test]
fn items_are_not_the_same_when_something_speaks_against_it() {
    let base = track("text:a", "Ann Example", "Bluebird");
    for (other, why) in [
        (
            track("text:b", "Ann Example", "Bluebird (Live)"),
            "another title",
        ),
        (track("text:b", "Bob", "Bluebird"), "another artist"),
        (
            Track {
                duration_ms: Some(260_000),
                ..track("text:b", "Ann Example", "Bluebird")
            },
            "another length",
        ),
    ] {
        let first = Track {
            duration_ms: Some(200_000),
            ..base.clone()
        };
        let mut plan = of(vec![PlanItem::new(first), PlanItem::new(other)], Vec::new());
        assert_eq!(dedup(&mut plan), 0, "{why}");
    }
    let catalog = |id: &str| PlanItem::new(track(id, "Ann Example", "Bluebird"));
    let mut plan = of(vec![catalog("spotify:1"), catalog("spotify:2")], Vec::new());
    assert_eq!(
        dedup(&mut plan),
        0,
        "a catalog that has two ids means two recordings"
    );
}

#[test]
fn three_spellings_of_one_wish_meet_in_one_item() {
    let items = vec![
        PlanItem::new(track("text:a", "Ann Example", "Bluebird")),
        PlanItem::new(track("spotify:1", "Ann Example", "Bluebird")),
        PlanItem::new(track("text:b", "ANN EXAMPLE", "bluebird")),
    ];
    let mut plan = of(
        items,
        vec![playlist("P", &["text:b", "text:a", "spotify:1"])],
    );
    assert_eq!(dedup(&mut plan), 2);
    assert_eq!(
        members(&plan.collections[0]),
        [("spotify:1", 1), ("spotify:1", 2), ("spotify:1", 3)]
    );
}

#[test]
fn albums_singles_and_playlists_have_their_own_places() {
    let album = PlanItem::new(Track {
        album: Some("First".to_owned()),
        track_number: Some(1),
        ..track("spotify:1", "Ann", "Bluebird")
    });
    let single = PlanItem::new(track("spotify:2", "Bob", "Lonely"));
    let mut songs = playlist("Songs", &["spotify:1"]);
    songs.layout = EntryLayout::Library;
    let mut plan = of(
        vec![album, single],
        vec![
            songs,
            playlist("Mix", &["spotify:2", "spotify:1", "spotify:2"]),
        ],
    );
    place(&mut plan, &Layout::default(), std::iter::empty()).unwrap();
    let targets =
        |at: usize| -> Vec<&str> { plan.items[at].targets.iter().map(RelPath::as_str).collect() };
    assert_eq!(
        targets(0),
        [
            "Ann/Ann - First/01 - Bluebird",
            "Mix/Ann/Ann - First/01 - Bluebird"
        ]
    );
    assert_eq!(targets(1), ["Mix/Bob/Bob - Lonely/Lonely"]);
    let listed: Vec<&str> = listing(&plan, &plan.collections[1])
        .into_iter()
        .map(|(_, target)| target.as_str())
        .collect();
    assert_eq!(
        listed,
        [
            "Mix/Bob/Bob - Lonely/Lonely",
            "Mix/Ann/Ann - First/01 - Bluebird",
            "Mix/Bob/Bob - Lonely/Lonely",
        ]
    );
}

#[test]
fn two_recordings_never_share_a_path_and_a_finished_one_keeps_its_own() {
    let items = || {
        vec![
            PlanItem::new(track("spotify:1", "Ann", "Intro")),
            PlanItem::new(track("spotify:2", "ann", "INTRO")),
        ]
    };
    let mut plan = of(items(), Vec::new());
    place(&mut plan, &Layout::default(), std::iter::empty()).unwrap();
    let folded: HashSet<String> = plan
        .items
        .iter()
        .map(|item| item.targets[0].as_str().to_lowercase())
        .collect();
    assert_eq!(folded.len(), 2);
    let first = plan.items[0].targets[0].clone();

    // The same two in another order, when the journal knows where the first one is.
    let mut turned = items();
    turned.reverse();
    let mut plan = of(turned, Vec::new());
    let id = TrackId::from_saved("spotify:1");
    place(
        &mut plan,
        &Layout::default(),
        [(&id, first.clone())].into_iter(),
    )
    .unwrap();
    assert_eq!(plan.get_item(&id).unwrap().targets[0], first);
}

#[test]
fn a_template_that_cannot_be_meant_names_its_collection() {
    let mut own = playlist("Mix", &["spotify:1"]);
    own.layout = EntryLayout::Template("{artst}/{title}".to_owned());
    let mut plan = of(vec![PlanItem::new(track("spotify:1", "A", "T"))], vec![own]);
    let error = place(&mut plan, &Layout::default(), std::iter::empty()).unwrap_err();
    assert!(
        error.to_string().contains("Mix") && error.to_string().contains("artst"),
        "{error}"
    );
}

/// A placed plan of one item that two playlists want, and its library.
fn in_two_playlists() -> (tempfile::TempDir, Plan) {
    let library = tempfile::tempdir().unwrap();
    let item = PlanItem::new(track("spotify:1", "Ann", "Bluebird"));
    let mut plan = of(
        vec![item],
        vec![playlist("P", &["spotify:1"]), playlist("Q", &["spotify:1"])],
    );
    place(&mut plan, &Layout::default(), std::iter::empty()).unwrap();
    (library, plan)
}

fn put(library: &Path, target: &RelPath, extension: &str) -> PathBuf {
    let path = target.join_extension(extension).under(library);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"x").unwrap();
    path
}

fn look(library: &Path, plan: &mut Plan, finished: Option<PathBuf>) -> usize {
    let mut there = Existing::new(library);
    existing(plan, |stem| there.find(stem), |_| finished.clone()).unwrap()
}

#[test]
fn an_item_is_skipped_only_when_a_file_is_at_every_target() {
    let (library, mut plan) = in_two_playlists();
    let targets = plan.items[0].targets.clone();
    let first = put(library.path(), &targets[0], "flac");
    assert_eq!(look(library.path(), &mut plan, None), 0);
    assert_eq!(plan.items[0].state, ItemState::Pending);
    assert_eq!(
        plan.items[0].owned,
        Some(first.clone()),
        "the second is made from the first"
    );

    put(library.path(), &targets[1], "flac");
    assert_eq!(look(library.path(), &mut plan, None), 1);
    let skipped = ItemState::Skipped {
        reason: SkipReason::Exists,
        path: Some(first),
    };
    assert_eq!(plan.items[0].state, skipped);
}

#[test]
fn an_empty_file_is_no_file() {
    let (library, mut plan) = in_two_playlists();
    for target in plan.items[0].targets.clone() {
        fs::write(put(library.path(), &target, "mp3"), b"").unwrap();
    }
    assert_eq!(look(library.path(), &mut plan, None), 0);
    assert_eq!(plan.items[0].owned, None);
}

#[test]
fn what_an_earlier_run_placed_elsewhere_is_not_fetched_again() {
    let (library, mut plan) = in_two_playlists();
    let elsewhere = library.path().join("old.flac");
    look(library.path(), &mut plan, Some(elsewhere.clone()));
    assert_eq!(plan.items[0].state, ItemState::Pending);
    assert_eq!(plan.items[0].owned, Some(elsewhere));
}

#[test]
fn only_pending_items_are_looked_for_and_a_broken_library_is_an_error() {
    let (library, mut plan) = in_two_playlists();
    plan.items[0].state = ItemState::Failed {
        error: "no".to_owned(),
    };
    for target in plan.items[0].targets.clone() {
        put(library.path(), &target, "mp3");
    }
    assert_eq!(look(library.path(), &mut plan, None), 0);

    plan.items[0].state = ItemState::Pending;
    let broken = existing(
        &mut plan,
        |_| {
            Err::<Option<PathBuf>, _>(PublishError::InUse {
                path: PathBuf::from("x"),
            })
        },
        |_| None,
    );
    assert!(broken.is_err());
}

#[test]
fn the_numbers_add_up_to_the_total() {
    let states = [
        ItemState::Pending,
        ItemState::InProgress,
        ItemState::Completed {
            path: PathBuf::from("/a"),
        },
        ItemState::Failed {
            error: "e".to_owned(),
        },
        ItemState::Skipped {
            reason: SkipReason::Exists,
            path: None,
        },
        ItemState::Pending,
    ];
    let items = states
        .into_iter()
        .enumerate()
        .map(|(n, state)| {
            let mut item = PlanItem::new(track(&format!("spotify:{n}"), "A", "T"));
            item.state = state;
            item
        })
        .collect();
    let plan = of(
        items,
        vec![playlist("P", &["spotify:0", "spotify:2", "spotify:0"])],
    );
    let all = plan.statistics();
    let Statistics {
        total,
        pending,
        in_progress,
        completed,
        failed,
        skipped,
        existing,
        cancelled,
        left_out,
        blocked,
    } = all;
    assert_eq!(
        (pending, in_progress, completed, failed, skipped),
        (2, 1, 1, 1, 1)
    );
    assert_eq!(total, pending + in_progress + completed + failed + skipped);
    assert_eq!((existing, cancelled, left_out, blocked), (1, 0, 0, 0));
    assert_eq!(plan.collection_statistics(&plan.collections[0]).total, 2);
    assert_eq!(plan.items_by_status(Status::Pending).count(), 2);
    assert_eq!(plan.items_by_type(ItemKind::Album).count(), 0);
}

#[test]
fn a_saved_plan_comes_back_without_loss() {
    let mut full = PlanItem::new(Track {
        album: Some("First".to_owned()),
        album_artist: Some("Various".to_owned()),
        track_number: Some(3),
        disc_number: Some(2),
        duration_ms: Some(200_999),
        isrc: crate::music::Isrc::parse("QZABC2600001").ok(),
        recording_mbid: Some("a6c8b5a2-0000-4000-8000-000000000000".to_owned()),
        release_date: Some("1987-04".to_owned()),
        explicit: Some(true),
        url: "https://open.spotify.com/track/1".to_owned(),
        ..track("spotify:1", "Ann", "Bluebird")
    });
    full.rename("The blue one");
    full.parent = Some(CollectionId("playlist:P".into()));
    full.dependencies = vec![TrackId::from_saved("spotify:2")];
    full.retry_count = 4;
    full.owned = Some(PathBuf::from("/music/x.flac"));
    full.state = ItemState::Failed {
        error: "no\nluck".to_owned(),
    };
    let mut other = PlanItem::new(track("spotify:2", "Bob", "Lonely"));
    other.state = ItemState::Skipped {
        reason: SkipReason::Exists,
        path: Some("/m/y.mp3".into()),
    };
    let mut done = PlanItem::new(track("spotify:3", "Bob", "Done"));
    done.state = ItemState::Completed {
        path: "/m/z.mp3".into(),
    };
    let mut plan = of(
        vec![full, other, done],
        vec![playlist("P", &["spotify:2", "spotify:1"])],
    );
    place(&mut plan, &Layout::default(), std::iter::empty()).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plan.json");
    plan.save(&path).unwrap();
    let loaded = Plan::load(&path).unwrap();
    assert_eq!(format!("{:?}", loaded.items), format!("{:?}", plan.items));
    assert_eq!(loaded.collections, plan.collections);
    assert_eq!(loaded.created_at, plan.created_at);
    assert_eq!(loaded.config_version, plan.config_version);

    let text = fs::read_to_string(&path).unwrap();
    for fact in [
        "\"type\": \"track\"",
        "\"status\": \"failed\"",
        "\"duration\": 200",
        "\"artist\": \"Ann\"",
        "\"parent_id\": \"playlist:P\"",
        "\"dependencies\": []",
    ] {
        assert!(text.contains(fact), "{fact} in {text}");
    }
}

#[test]
fn a_file_that_is_no_plan_of_ours_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plan.json");
    assert!(matches!(Plan::load(&path), Err(PlanFileError::Io { .. })));
    fs::write(&path, "{\"format\": 1, \"items\": 3}").unwrap();
    assert!(matches!(Plan::load(&path), Err(PlanFileError::Json { .. })));
    fs::write(&path, "{\"format\": 99, \"whatever\": true}").unwrap();
    let error = Plan::load(&path).unwrap_err();
    assert!(matches!(error, PlanFileError::TooNew { found: 99, .. }));
    assert!(error.to_string().contains("plan.json"));
}

#[test]
fn items_are_equal_and_hash_equal_by_id_alone() {
    let left = PlanItem::new(track("spotify:1", "A", "T"));
    let mut right = PlanItem::new(track("spotify:1", "B", "U"));
    right.state = ItemState::InProgress;
    assert_eq!(left, right);
    assert_ne!(left, PlanItem::new(track("spotify:2", "A", "T")));
    assert_eq!(HashSet::from([left, right]).len(), 1);
}
