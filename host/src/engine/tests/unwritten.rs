//! A journal that cannot be written.

use super::shop::Shop;
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_not_in_the_journal_is_not_reported_and_the_item_is_pending() {
    let mut desk = Desk::wanting([track("Bluebird")]);
    let database = desk.dir.path().join("state/state.db");
    let database = rusqlite::Connection::open(database).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON placement \
                  BEGIN SELECT RAISE(ABORT, 'refused by the test'); END";
    database.execute_batch(refuse).unwrap();
    let shop = Arc::new(Shop::with(&["Bluebird"]));
    let outcome = desk.run(vec![("shop", shop, Capabilities::NONE)]).await;
    let Some(EarlyEnd::Journal(error)) = outcome.early else {
        panic!("{outcome:?}");
    };
    assert!(error.to_string().contains("refused by the test"), "{error}");
    assert_eq!(desk.ends(), ["Bluebird: pending"]);
    let finished = |event: &&Event| matches!(event, Event::ItemFinished { .. });
    assert_eq!(desk.events.iter().filter(finished).count(), 0);
}
