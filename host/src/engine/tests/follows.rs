//! Downloads that a service of the source's own carries out.

use super::shop::{Manner, Shop};
use super::*;

const FOLLOWS: Capabilities = Capabilities::FOLLOWS;

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_is_followed_gives_its_worker_to_another_track() {
    let mut desk = Desk::wanting(["Bluebird", "Owls", "Kestrel", "Heron"].map(track));
    desk.options.jobs = 2;
    let slow = Arc::new(Shop::with(&["Bluebird", "Owls", "Kestrel"]).who(Manner::Follows));
    let quick = Arc::new(Shop::with(&["Heron"]));
    let waiting = Arc::clone(&slow);
    // With two workers held the third and the fourth could never start.
    let watch = tokio::task::spawn_blocking(move || {
        waiting.wait_for_held(3);
        waiting.let_go();
    });
    desk.run(vec![
        ("slow", slow, FOLLOWS),
        ("quick", quick, Capabilities::NONE),
    ])
    .await;
    watch.await.unwrap();
    assert_eq!(
        desk.ends(),
        [
            "Bluebird: completed, slow",
            "Owls: completed, slow",
            "Kestrel: completed, slow",
            "Heron: completed, quick",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_stays_in_its_queue_is_cancelled_and_fetched_elsewhere() {
    let mut desk = Desk::wanting([track("Bluebird")]);
    let slow = Arc::new(Shop::with(&["Bluebird"]).who(Manner::Follows));
    let quick = Arc::new(Shop::with(&["Bluebird"]));
    let began = Instant::now();
    desk.run(vec![
        ("slow", slow.clone(), FOLLOWS),
        ("quick", quick, Capabilities::NONE),
    ])
    .await;
    assert_eq!(desk.ends(), ["Bluebird: completed, quick"]);
    let waited = began.elapsed();
    assert!((90..100).contains(&waited.as_secs()), "{waited:?}");
    assert!(desk.losses("Bluebird")[0].contains("still queued after 90 s"));
    assert_eq!(slow.state.lock().unwrap().cancelled, ["Bluebird"]);
    // What comes now comes too late and changes nothing.
    slow.let_go();
}
