//! Items that wait for others of the plan.

use super::shop::{Manner, Shop};
use super::*;
use crate::plan::{ItemState, SkipReason};
use crate::state::leave_command;

/// The second waits for the first.
fn second_after_first(desk: &mut Desk, first: &str, second: &str) {
    let id = TrackId::text(second);
    let at = desk.plan.position_of(&id).unwrap();
    desk.plan.items[at].dependencies.push(TrackId::text(first));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_starts_after_what_it_depends_on_and_not_at_all_if_that_fails() {
    let mut desk = Desk::wanting(["Bluebird", "Owls", "Lost", "Kestrel"].map(track));
    second_after_first(&mut desk, "Bluebird", "Owls");
    second_after_first(&mut desk, "Lost", "Kestrel");
    let shop = Arc::new(Shop::with(&["Bluebird", "Owls", "Kestrel"]));
    desk.run(vec![("shop", shop.clone(), Capabilities::NONE)])
        .await;
    assert_eq!(
        desk.ends(),
        [
            "Bluebird: completed, shop",
            "Owls: completed, shop",
            "Lost: failed",
            "Kestrel: skipped"
        ]
    );
    assert_eq!(shop.fetched(), ["Bluebird", "Owls"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_cancelled_while_it_waits_for_another_is_not_fetched() {
    let mut desk = Desk::wanting(["Bluebird", "Owls", "Kestrel"].map(track));
    second_after_first(&mut desk, "Bluebird", "Owls");
    second_after_first(&mut desk, "Bluebird", "Kestrel");
    let shop = Arc::new(Shop::with(&["Bluebird", "Owls", "Kestrel"]).who(Manner::Holds));
    let (waiting, state) = (Arc::clone(&shop), desk.dir.path().join("state"));
    let watch = tokio::task::spawn_blocking(move || {
        waiting.wait_for_held(1);
        let owls = TrackId::text("Owls");
        leave_command(&state, &Command::CancelItem(owls.clone())).unwrap();
        let status = state.join("state.db");
        let status = rusqlite::Connection::open(status).unwrap();
        let is_skipped = || {
            let sql = "SELECT status = 'skipped' FROM item WHERE id = ?1";
            status.query_row(sql, [owls.as_str()], |row| row.get(0))
        };
        let tries = std::iter::repeat_with(is_skipped).take(1_000_000);
        assert!(tries.into_iter().any(|is| is.unwrap()), "not cancelled");
        waiting.let_go();
    });
    desk.run(vec![("shop", shop.clone(), Capabilities::NONE)])
        .await;
    watch.await.unwrap();
    assert_eq!(
        desk.ends(),
        [
            "Bluebird: completed, shop",
            "Owls: skipped",
            "Kestrel: completed, shop"
        ]
    );
    assert_eq!(shop.fetched(), ["Bluebird", "Kestrel"]);
    let counted = desk.events.iter().filter_map(|event| match event {
        Event::ItemFinished { done, of, .. } => Some((*done, *of)),
        _ => None,
    });
    assert_eq!(counted.collect::<Vec<_>>(), [(1, 3), (2, 3), (3, 3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_thousand_items_that_depend_on_a_failed_one_are_skipped() {
    let titles = (0..30_000).map(|n| format!("Track {n}"));
    let mut desk = Desk::wanting(titles.map(|title| track(&title)));
    let first = desk.plan.items[0].id().clone();
    for (at, item) in desk.plan.items.iter_mut().enumerate().skip(1) {
        // Half of them wait for the first, half for the one before.
        item.dependencies = vec![match at % 2 {
            0 => first.clone(),
            _ => TrackId::text(&format!("Track {}", at - 1)),
        }];
    }
    let nothing = Arc::new(Shop::with(&[]));
    desk.run(vec![("shop", nothing.clone(), Capabilities::NONE)])
        .await;
    let statistics = desk.plan.statistics();
    assert_eq!((statistics.failed, statistics.skipped), (1, 29_999));
    let by_dependency = desk.plan.items.iter().filter(|item| {
        matches!(&item.state, ItemState::Skipped { reason, .. } if *reason == SkipReason::Dependency)
    });
    assert_eq!(by_dependency.count(), 29_999);
}
