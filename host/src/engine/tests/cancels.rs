//! A run that is told to end.

use musicdl_plugin_api::{
    Connection, Download, DownloadRequest, ErrorKind, Hit, Progress, Query, SourceError,
};

use super::shop::{Manner, Shop};
use super::*;
use crate::state::leave_command;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_aborted_leaves_what_ran_for_the_next_one() {
    let mut desk = Desk::wanting(["Bluebird", "Owls", "Kestrel"].map(track));
    desk.options.jobs = 2;
    let shop = Arc::new(Shop::with(&["Bluebird", "Owls", "Kestrel"]).who(Manner::Holds));
    let (waiting, cancel) = (Arc::clone(&shop), desk.cancel.clone());
    let watch = tokio::task::spawn_blocking(move || {
        waiting.wait_for_held(2);
        cancel.abort();
    });
    let outcome = desk
        .run(vec![("shop", shop.clone(), Capabilities::NONE)])
        .await;
    watch.await.unwrap();
    assert!(matches!(outcome.early, Some(EarlyEnd::Interrupted)));
    assert_eq!(desk.plan.statistics().pending, 3);
    assert_eq!(shop.fetched().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_the_end_is_not_taken() {
    let mut desk = Desk::wanting([track("Bluebird")]);
    let shop = Arc::new(Shop::with(&["Bluebird"]).who(Manner::Deaf));
    let (waiting, cancel) = (Arc::clone(&shop), desk.cancel.clone());
    let watch = tokio::task::spawn_blocking(move || {
        waiting.wait_for_held(1);
        cancel.abort();
    });
    desk.run(vec![("shop", shop.clone(), Capabilities::NONE)])
        .await;
    watch.await.unwrap();
    shop.let_go();
    assert_eq!(desk.ends(), ["Bluebird: pending"]);
    assert!(!desk.dir.path().join("music/Ann/Bluebird.wav").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_is_cancelled_on_its_way_stays_cancelled_and_the_others_go_on() {
    for manner in [Manner::Holds, Manner::Deaf] {
        let mut desk = Desk::wanting(["Bluebird", "Owls", "Kestrel"].map(track));
        desk.options.jobs = 2;
        let shop = Arc::new(Shop::with(&["Bluebird", "Owls", "Kestrel"]).who(manner));
        let (waiting, state) = (Arc::clone(&shop), desk.dir.path().join("state"));
        let watch = tokio::task::spawn_blocking(move || {
            waiting.wait_for_held(2);
            for title in ["Bluebird", "Kestrel"] {
                leave_command(&state, &Command::CancelItem(TrackId::text(title))).unwrap();
            }
            waiting.wait_for_cancelled("Bluebird");
            waiting.let_go();
        });
        let outcome = desk
            .run(vec![("shop", shop.clone(), Capabilities::NONE)])
            .await;
        watch.await.unwrap();
        assert!(outcome.early.is_none());
        assert_eq!(
            desk.ends(),
            [
                "Bluebird: skipped",
                "Owls: completed, shop",
                "Kestrel: skipped"
            ],
            "{manner:?}"
        );
        assert!(!desk.dir.path().join("music/Ann/Bluebird.wav").exists());
        let memory = desk.state.memory().unwrap();
        assert!(memory.is_cancelled(&TrackId::text("Bluebird")));
        assert!(!memory.is_cancelled(&TrackId::text("Owls")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_cancelled_is_left_at_once_and_the_next_one_delivers() {
    let mut desk = Desk::wanting(["Bluebird", "Owls"].map(track));
    let stuck = Arc::new(Shop::with(&["Bluebird", "Owls"]).who(Manner::Holds));
    let other = Arc::new(Shop::with(&["Bluebird", "Owls"]));
    let (waiting, state) = (Arc::clone(&stuck), desk.dir.path().join("state"));
    let watch = tokio::task::spawn_blocking(move || {
        waiting.wait_for_held(2);
        let stuck = SourceName::parse("stuck").unwrap();
        leave_command(&state, &Command::DropSource(stuck)).unwrap();
    });
    let outcome = desk
        .run(vec![
            ("stuck", stuck, Capabilities::NONE),
            ("other", other, Capabilities::NONE),
        ])
        .await;
    watch.await.unwrap();
    assert_eq!(
        desk.ends(),
        ["Bluebird: completed, other", "Owls: completed, other"]
    );
    assert_eq!(outcome.dropped[0].1, "cancelled");
}

/// A source that answers every search with a long rest.
struct Resting;

impl Source for Resting {
    fn is_configured(&self) -> bool {
        true
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        Ok(Connection::default())
    }

    fn search_raw(&self, _: &Query) -> Result<Vec<Hit>, SourceError> {
        let hour = Duration::from_secs(3_600);
        Err(SourceError::new(ErrorKind::RateLimited, "too many").with_retry_after(hour))
    }

    fn download_raw(&self, _: &DownloadRequest, _: &Progress) -> Result<Download, SourceError> {
        Err(SourceError::not_found("nothing is here"))
    }

    fn cancel_raw(&self, _: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_does_not_wait_for_a_track_that_is_cancelled_while_its_source_rests() {
    let mut desk = Desk::wanting([track("Bluebird")]);
    // Longer than a test may take: only the cancel can end the run.
    desk.options.max_wait = Duration::from_secs(7_200);
    let state = desk.dir.path().join("state");
    let database = rusqlite::Connection::open(state.join("state.db")).unwrap();
    let watch = tokio::task::spawn_blocking(move || {
        let is_put_off = || {
            let sql = "SELECT status = 'pending' AND EXISTS (SELECT 1 FROM source_rest) FROM item";
            database.query_row(sql, [], |row| row.get(0))
        };
        let mut tries = std::iter::repeat_with(is_put_off).take(1_000_000);
        assert!(tries.any(|is| is.unwrap()), "not put off");
        leave_command(&state, &Command::CancelItem(TrackId::text("Bluebird"))).unwrap();
    });
    desk.run(vec![("resting", Arc::new(Resting), Capabilities::NONE)])
        .await;
    watch.await.unwrap();
    assert_eq!(desk.ends(), ["Bluebird: skipped"]);
}
