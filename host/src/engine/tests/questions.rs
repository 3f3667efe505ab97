//! What a source is asked for, and what of its answers counts.

use super::shop::Shop;
use super::*;

#[tokio::test]
async fn a_source_that_shapes_its_own_queries_is_asked_once_with_all_there_is() {
    let mut desk = Desk::wanting([track("Bluebird (feat. Bob)")]);
    let (own, plain) = (Arc::new(Shop::default()), Arc::new(Shop::default()));
    desk.run(vec![
        ("own", own.clone(), Capabilities::OWN_QUERIES),
        ("plain", plain.clone(), Capabilities::NONE),
    ])
    .await;
    assert_eq!(own.searched().len(), 1, "{:?}", own.searched());
    assert!(plain.searched().len() > 1, "{:?}", plain.searched());
    assert_eq!(plain.searched()[0], own.searched()[0]);
}

#[tokio::test]
async fn what_two_questions_found_is_one_candidate() {
    let mut desk = Desk::wanting([track("Bluebird (feat. Bob)")]);
    // Another song, which no question makes the wanted one.
    let shop = Arc::new(Shop {
        anything: true,
        ..Shop::with(&["Goldfinch"])
    });
    desk.run(vec![("shop", shop.clone(), Capabilities::NONE)])
        .await;
    assert!(shop.searched().len() > 1, "{:?}", shop.searched());
    let hits = desk.events.iter().filter_map(|event| match event {
        Event::Searched { hits, .. } => Some(*hits),
        _ => None,
    });
    assert!(hits.clone().count() > 1);
    assert_eq!(hits.max(), Some(1));
}
