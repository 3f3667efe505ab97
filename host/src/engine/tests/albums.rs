//! Sources that have whole albums only, alone and beside others.

use super::shop::{Manner, Shop};
use super::*;

const ALBUMS: Capabilities = Capabilities::ALBUM_ONLY;

fn long_days() -> Vec<Track> {
    let titles = ["Bluebird", "Owls", "Kestrel"];
    (1..)
        .zip(titles)
        .map(|(number, title)| of_album("Long Days", number, title))
        .collect()
}

#[tokio::test]
async fn one_grab_serves_every_wanted_track_of_an_album() {
    let mut desk = Desk::wanting(long_days().into_iter().chain([track("Heron")]));
    let crates = Arc::new(Shop::has_album(
        "Long Days",
        &["Kestrel", "Magpie", "Bluebird", "Owls"],
    ));
    let shop = Arc::new(Shop::with(&["Bluebird", "Owls", "Kestrel", "Heron"]));
    desk.run(vec![
        ("crates", crates.clone(), ALBUMS),
        ("shop", shop.clone(), Capabilities::NONE),
    ])
    .await;
    assert_eq!(
        desk.ends(),
        [
            "Bluebird: completed, crates",
            "Owls: completed, crates",
            "Kestrel: completed, crates",
            "Heron: completed, shop",
        ]
    );
    assert_eq!(crates.fetched(), ["Long Days"]);
    assert_eq!(crates.searched(), ["Ann Long Days"]);
    assert_eq!(
        shop.fetched(),
        ["Heron"],
        "no other source is asked for what is claimed"
    );
    assert!(!desk.dir.path().join("music/Ann/04 - Magpie.wav").exists());
    assert_eq!(desk.unfinished(), [""; 0]);
}

#[tokio::test]
async fn what_an_album_came_without_is_fetched_elsewhere_and_never_taken_from_another_file() {
    let mut desk = Desk::wanting(long_days());
    let mut crates = Shop::has_album("Long Days", &["Bluebird", "Magpie", "Heron"]);
    crates.lacks = vec!["Owls".to_owned()];
    let crates = Arc::new(crates);
    let shop = Arc::new(Shop::with(&["Owls"]));
    desk.run(vec![
        ("crates", crates.clone(), ALBUMS),
        ("shop", shop.clone(), Capabilities::NONE),
    ])
    .await;
    assert_eq!(
        desk.ends(),
        [
            "Bluebird: completed, crates",
            "Owls: completed, shop",
            "Kestrel: failed"
        ]
    );
    assert_eq!(desk.losses("Owls")[0], "crates: not on this pressing");
    assert_eq!(
        crates.fetched().len(),
        1,
        "it is not asked again for what it lacks"
    );
}

#[tokio::test]
async fn a_source_of_tracks_in_front_is_asked_first_and_the_album_serves_what_it_lacks() {
    let mut desk = Desk::wanting(long_days());
    desk.options.jobs = 1;
    let shop = Arc::new(Shop::with(&["Bluebird"]));
    let crates = Arc::new(Shop::has_album(
        "Long Days",
        &["Owls", "Kestrel", "Bluebird"],
    ));
    desk.run(vec![
        ("shop", shop.clone(), Capabilities::NONE),
        ("crates", crates.clone(), ALBUMS),
    ])
    .await;
    assert_eq!(
        desk.ends(),
        [
            "Bluebird: completed, shop",
            "Owls: completed, crates",
            "Kestrel: completed, crates"
        ]
    );
    assert_eq!(crates.fetched().len(), 1);
}

#[tokio::test]
async fn an_album_that_is_not_there_costs_nobody_anything() {
    let mut desk = Desk::wanting(long_days());
    let crates = Arc::new(Shop::has_album("Short Nights", &["Bluebird"]));
    let shop = Arc::new(Shop::with(&["Bluebird", "Owls", "Kestrel"]));
    desk.run(vec![
        ("crates", crates.clone(), ALBUMS),
        ("shop", shop, Capabilities::NONE),
    ])
    .await;
    assert_eq!(desk.plan.statistics().completed, 3);
    assert_eq!(crates.fetched(), [""; 0]);
    assert_eq!(
        desk.losses("Owls"),
        ["crates: another album: `Short Nights`"]
    );
}

#[tokio::test]
async fn a_track_of_no_album_is_not_asked_of_a_source_of_albums() {
    let mut desk = Desk::wanting([track("Heron")]);
    let crates = Arc::new(Shop::has_album("Long Days", &["Heron"]));
    desk.run(vec![("crates", crates.clone(), ALBUMS)]).await;
    assert_eq!(desk.ends(), ["Heron: failed"]);
    assert_eq!(crates.searched(), [""; 0]);
}

#[tokio::test]
async fn files_that_nobody_wanted_are_kept_where_the_user_says_so() {
    let mut desk = Desk::wanting(long_days());
    desk.options.extra_files = ExtraFiles::Keep;
    let crates = Arc::new(Shop::has_album(
        "Long Days",
        &["Bluebird", "Owls", "Kestrel", "Magpie"],
    ));
    desk.run(vec![("crates", crates, ALBUMS)]).await;
    assert_eq!(desk.plan.statistics().completed, 3);
    assert!(desk.dir.path().join("music/Ann/Magpie.wav").is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wanted_track_that_comes_from_elsewhere_finds_its_place_free_of_extra_files() {
    let mut desk = Desk::wanting(long_days());
    desk.options.extra_files = ExtraFiles::Keep;
    let shop = Arc::new(Shop::with(&["Owls"]).who(Manner::Holds));
    let crates = Arc::new(Shop::has_album(
        "Long Days",
        &["Bluebird", "Owls", "Kestrel", "Magpie"],
    ));
    let (waiting, last) = (
        Arc::clone(&shop),
        desk.dir.path().join("music/Ann/Magpie.wav"),
    );
    let watch = tokio::task::spawn_blocking(move || {
        waiting.wait_for_held(1);
        // The extra files are put away in their order.
        let began = std::time::Instant::now();
        while !last.exists() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "no extra file came"
            );
            std::thread::yield_now();
        }
        waiting.let_go();
    });
    desk.run(vec![
        ("shop", shop, Capabilities::NONE),
        ("crates", crates, ALBUMS),
    ])
    .await;
    watch.await.unwrap();
    assert_eq!(
        desk.ends(),
        [
            "Bluebird: completed, crates",
            "Owls: completed, shop",
            "Kestrel: completed, crates"
        ]
    );
}
