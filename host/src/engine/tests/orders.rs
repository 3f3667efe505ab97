//! In which order sources are asked.

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
