//! In which order sources are asked, and in which everybody hears of it.

use super::shop::Shop;
use super::*;

fn of_quality(bitrate: u32) -> Arc<Shop> {
    let mut shop = Shop::with(&["Bluebird"]);
    shop.bitrate = Some(bitrate);
    Arc::new(shop)
}

#[tokio::test]
async fn by_priority_the_first_source_that_has_it_is_enough() {
    let mut desk = Desk::wanting([track("Bluebird")]);
    let (low, high) = (of_quality(128_000), of_quality(320_000));
    desk.run(vec![
        ("low", low, Capabilities::NONE),
        ("high", high.clone(), Capabilities::NONE),
    ])
    .await;
    assert_eq!(desk.ends(), ["Bluebird: completed, low"]);
    assert_eq!(high.searched(), [""; 0]);
}

#[tokio::test]
async fn of_all_sources_the_best_file_is_taken_and_the_others_are_what_is_left() {
    let mut desk = Desk::wanting([track("Bluebird")]);
    desk.options.search = SearchOrder::Best;
    let (low, high) = (of_quality(128_000), of_quality(320_000));
    desk.run(vec![
        ("low", low.clone(), Capabilities::NONE),
        ("high", high, Capabilities::NONE),
    ])
    .await;
    assert_eq!(desk.ends(), ["Bluebird: completed, high"]);
    assert_eq!(low.fetched(), [""; 0]);
}

#[tokio::test]
async fn what_is_told_of_a_track_comes_between_its_start_and_its_end() {
    // As many as it takes for ends to be told while others run.
    let birds = ["Crane", "Heron", "Owl", "Robin", "Wren"];
    let colours = ["Black", "Blue", "Green", "Grey", "Red", "White"];
    let titles = birds.map(|bird| colours.map(|colour| format!("{colour} {bird}")));
    let titles: Vec<&str> = titles.iter().flatten().map(String::as_str).collect();
    let mut desk = Desk::wanting(titles.iter().map(|title| track(title)));
    desk.options.jobs = 2;
    let shop = Arc::new(Shop::with(&titles));
    desk.run(vec![("shop", shop, Capabilities::NONE)]).await;
    for title in titles {
        let about =
            |id: &TrackId, what: &'static str| (*id == TrackId::text(title)).then_some(what);
        let told = desk.events.iter().filter_map(|event| match event {
            Event::ItemStarted { id, .. } => about(id, "started"),
            Event::Searched { id, .. } => about(id, "searched"),
            Event::Verified { id, .. } => about(id, "verified"),
            Event::ItemFinished { id, .. } => about(id, "finished"),
            _ => None,
        });
        let told: Vec<&str> = told.collect();
        assert_eq!(
            told,
            ["started", "searched", "verified", "finished"],
            "{title}"
        );
    }
}
