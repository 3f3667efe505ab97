//! Albums that get their places as a whole.

use super::shop::{Manner, Shop};
use super::*;
use crate::plan::{ItemState, SkipReason};
use crate::state::leave_command;

fn long_days() -> Vec<Track> {
    let titles = ["Kestrel", "Bluebird", "Owls"];
    (1..)
        .zip(titles)
        .map(|(number, title)| of_album("Long Days", number, title))
        .collect()
}

/// A desk whose library gets whole albums, one item after the other.
fn desk(tracks: Vec<Track>) -> Desk {
    let mut desk = Desk::wanting(tracks);
    desk.finishing.together = true;
    desk.options.jobs = 1;
    desk
}

impl Desk {
    fn is_there(&self, title: &str) -> bool {
        let place = format!("music/Ann/{title}.wav");
        self.dir.path().join(place).exists()
    }

    /// Files that wait, with their notes.
    fn waiting(&self) -> usize {
        let held = self.dir.path().join("music/.musicdl/held");
        let entries = std::fs::read_dir(held).into_iter().flatten().flatten();
        let notes = entries.filter(|entry| entry.path().extension() == Some("json".as_ref()));
        notes.count()
    }

    /// What failed is wanted again, and nothing was heard yet.
    fn again(&mut self) {
        self.events.clear();
        self.cancel = Cancel::new();
        for item in &mut self.plan.items {
            if item.status() == Status::Failed {
                item.state = ItemState::Pending;
            }
        }
    }
}

#[tokio::test]
async fn what_waits_is_not_grabbed_again_with_the_rest_of_its_album() {
    let mut desk = desk(long_days());
    let grab = || {
        let mut crates = Shop::has_album("Long Days", &["Bluebird", "Owls"]);
        crates.lacks = vec!["Kestrel".to_owned()];
        Arc::new(crates)
    };
    let outcome = desk
        .run(vec![("crates", grab(), Capabilities::ALBUM_ONLY)])
        .await;
    assert_eq!(
        desk.ends(),
        ["Kestrel: failed", "Bluebird: pending", "Owls: pending"]
    );
    assert_eq!(desk.waiting(), 2);
    let [held] = &outcome.held[..] else {
        panic!("{:?}", outcome.held);
    };
    assert_eq!((held.tracks, held.of), (2, 3));
    assert_eq!(held.missing, ["Ann - Kestrel"]);

    desk.again();
    let (crates, shop) = (grab(), Arc::new(Shop::with(&["Kestrel"])));
    let outcome = desk
        .run(vec![
            ("crates", crates.clone(), Capabilities::ALBUM_ONLY),
            ("shop", shop, Capabilities::NONE),
        ])
        .await;
    assert_eq!(
        desk.ends(),
        [
            "Kestrel: completed, shop",
            "Bluebird: completed, crates",
            "Owls: completed, crates"
        ]
    );
    let verified = |event: &&Event| matches!(event, Event::Verified { .. });
    assert_eq!(desk.events.iter().filter(verified).count(), 1);
    assert!(outcome.held.is_empty());
    assert_eq!(desk.unfinished(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_is_cancelled_while_it_waits_is_not_published_with_the_others() {
    let mut desk = desk(vec![
        of_album("Long Days", 1, "Bluebird"),
        of_album("Long Days", 2, "Owls"),
        of_album("Long Days", 3, "Kestrel"),
    ]);
    let stuck = Arc::new(Shop::with(&["Owls"]).who(Manner::Holds));
    let shop = Arc::new(Shop::with(&["Bluebird", "Kestrel"]));
    let (waiting, state) = (Arc::clone(&stuck), desk.dir.path().join("state"));
    let watch = tokio::task::spawn_blocking(move || {
        // One after the other: the first one waits by then.
        waiting.wait_for_held(1);
        for title in ["Bluebird", "Owls"] {
            leave_command(&state, &Command::CancelItem(TrackId::text(title))).unwrap();
        }
        waiting.wait_for_cancelled("Owls");
    });
    desk.run(vec![
        ("shop", shop, Capabilities::NONE),
        ("stuck", stuck, Capabilities::NONE),
    ])
    .await;
    watch.await.unwrap();
    assert_eq!(
        desk.ends(),
        [
            "Bluebird: skipped",
            "Owls: skipped",
            "Kestrel: completed, shop"
        ]
    );
    assert!(desk.is_there("Kestrel") && !desk.is_there("Bluebird"));
    assert_eq!(desk.unfinished(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_leaves_what_waits_for_the_next_one() {
    let mut desk = desk(vec![
        of_album("Long Days", 1, "Bluebird"),
        of_album("Long Days", 2, "Owls"),
    ]);
    let stuck = Arc::new(Shop::with(&["Owls"]).who(Manner::Holds));
    let shop = Arc::new(Shop::with(&["Bluebird"]));
    let (waiting, cancel) = (Arc::clone(&stuck), desk.cancel.clone());
    let watch = tokio::task::spawn_blocking(move || {
        waiting.wait_for_held(1);
        cancel.abort();
    });
    let outcome = desk
        .run(vec![
            ("shop", shop, Capabilities::NONE),
            ("stuck", stuck, Capabilities::NONE),
        ])
        .await;
    watch.await.unwrap();
    assert!(matches!(outcome.early, Some(EarlyEnd::Interrupted)));
    assert_eq!(desk.ends(), ["Bluebird: pending", "Owls: pending"]);
    assert_eq!((desk.waiting(), desk.is_there("Bluebird")), (1, false));

    desk.again();
    let shop = Arc::new(Shop::with(&["Bluebird", "Owls"]));
    desk.run(vec![("shop", shop.clone(), Capabilities::NONE)])
        .await;
    assert_eq!(shop.fetched(), ["Owls"]);
    assert!(desk.is_there("Bluebird") && desk.is_there("Owls"));
}

#[tokio::test]
async fn a_retry_of_the_missing_track_makes_its_album_whole() {
    let mut desk = desk(vec![
        of_album("Long Days", 1, "Bluebird"),
        of_album("Long Days", 2, "Owls"),
        of_album("Short Nights", 1, "Heron"),
    ]);
    let shop = |titles: &[&str]| Arc::new(Shop::with(titles));
    desk.run(vec![("shop", shop(&["Bluebird"]), Capabilities::NONE)])
        .await;
    assert_eq!(desk.waiting(), 1);

    desk.again();
    for (at, item) in desk.plan.items.iter_mut().enumerate() {
        if at != 1 {
            let reason = SkipReason::LeftOut;
            item.state = ItemState::Skipped { reason, path: None };
        }
    }
    let retried = shop(&["Bluebird", "Owls", "Heron"]);
    desk.run(vec![("shop", retried.clone(), Capabilities::NONE)])
        .await;
    assert_eq!(retried.fetched(), ["Owls"]);
    assert!(desk.is_there("Bluebird") && desk.is_there("Owls"));
    assert!(!desk.is_there("Heron"));
}

#[tokio::test]
async fn what_the_library_has_elsewhere_gets_its_further_place_with_its_album() {
    let mut desk = desk(vec![
        of_album("Long Days", 1, "Bluebird"),
        of_album("Long Days", 2, "Owls"),
        track("Heron"),
    ]);
    let owned = desk.dir.path().join("music/Mix/Bluebird.wav");
    std::fs::create_dir_all(owned.parent().unwrap()).unwrap();
    std::fs::write(&owned, "audio").unwrap();
    desk.plan.items[0].owned = Some(owned);
    let shop = |titles: &[&str]| {
        let shop: Arc<dyn Source> = Arc::new(Shop::with(titles));
        vec![("shop", shop, Capabilities::NONE)]
    };
    let outcome = desk.run(shop(&["Heron"])).await;
    assert_eq!(
        desk.ends(),
        [
            "Bluebird: pending",
            "Owls: failed",
            "Heron: completed, shop"
        ]
    );
    assert!(!desk.is_there("Bluebird"));
    assert_eq!(outcome.held[0].missing, ["Ann - Owls"]);

    desk.again();
    desk.run(shop(&["Owls"])).await;
    assert!(desk.is_there("Bluebird") && desk.is_there("Owls"));
}
