use super::*;
use crate::ErrorKind;
use crate::testing::{Answer, Loopback, ProgressRecord};

fn save(server: &Loopback, dest: &Path, record: &ProgressRecord) -> Result<Saved, SourceError> {
    let request = Request::get(server.url("/song?p=secret"));
    TestHost::new()
        .host()
        .http_save(&request, dest, &record.progress())
}

#[test]
fn every_way_an_answer_can_fail_is_transient_and_names_no_query() {
    for (what, answer) in [
        ("reset", Answer::reset()),
        ("cut body", Answer::ok("0123456789").cut_after(4)),
    ] {
        let server = Loopback::script([answer]);
        let request = Request::post_form(server.url("/song?p=secret"), &[("p", "secret")]);
        let error = TestHost::new().host().http_send(&request).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{what}: {error}");
        assert!(!error.message.contains("secret"), "{what}: {error}");
    }
}

#[test]
fn an_answer_that_comes_too_late_is_transient() {
    let server = Loopback::script([Answer::ok("late").after(Duration::from_secs(30))]);
    let request = Request::get(server.url("/")).timeout(Duration::from_millis(200));
    let error = TestHost::new().host().http_send(&request).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
}

#[test]
fn a_status_is_not_an_error_and_the_final_url_is_reported() {
    let server = Loopback::script([
        Answer::redirect(302, "/moved"),
        Answer::status(404).header("Retry-After", "7").body("gone"),
    ]);
    let answer = TestHost::new()
        .host()
        .http_send(&Request::get(server.url("/old")))
        .unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.body, b"gone");
    assert_eq!(answer.head.url, server.url("/moved"));
    assert_eq!(answer.head.retry_after(), Some(Duration::from_secs(7)));
}

#[test]
fn a_saved_file_is_there_whole_and_its_progress_ends_at_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let dest = dir.path().join("song.flac");
    let audio = vec![7; 200_000];
    let server = Loopback::script([Answer::ok(audio.clone())]);
    let record = ProgressRecord::new();
    let saved = save(&server, &dest, &record).unwrap();
    assert_eq!(saved.bytes, 200_000);
    assert_eq!(fs::read(&dest).unwrap(), audio);
    assert_eq!(record.bytes().last(), Some(&(200_000, Some(200_000))));
}

#[test]
fn a_cut_or_cancelled_file_leaves_nothing_behind() {
    for (record, answer, kind) in [
        (
            ProgressRecord::new(),
            Answer::ok(vec![7; 200_000]).cut_after(100_000),
            ErrorKind::Transient,
        ),
        (
            ProgressRecord::cancelling_at(1),
            Answer::ok(vec![7; 200_000]),
            ErrorKind::Cancelled,
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let server = Loopback::script([answer]);
        let error = save(&server, &dir.path().join("song.flac"), &record).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{error}");
    }
}

#[test]
fn the_body_of_a_refusal_is_kept_and_no_file_made() {
    let dir = tempfile::tempdir().unwrap();
    let dest = dir.path().join("song.flac");
    let server = Loopback::script([Answer::status(403).body("members only")]);
    let saved = save(&server, &dest, &ProgressRecord::new()).unwrap();
    assert_eq!((saved.head.status, saved.bytes), (403, 0));
    assert_eq!(saved.body, b"members only");
    assert!(!dest.exists());
}

#[test]
fn a_body_read_in_chunks_adds_up_or_says_that_it_was_cut() {
    let server = Loopback::script([
        Answer::ok(vec![7; 200_000]),
        Answer::ok(vec![7; 200_000]).cut_after(100_000),
    ]);
    let host = TestHost::new().host();
    let mut body = host.http_open(&Request::get(server.url("/"))).unwrap();
    let mut length = 0;
    while let Some(chunk) = body.chunk().unwrap() {
        length += chunk.len();
    }
    assert_eq!(length, 200_000);

    let mut body = host.http_open(&Request::get(server.url("/"))).unwrap();
    let end = loop {
        match body.chunk() {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(error) => break Some(error.kind),
        }
    };
    assert_eq!(end, Some(ErrorKind::Transient));
}

#[test]
fn a_test_stays_on_this_machine() {
    let server = Loopback::start(|_| Answer::ok("here"));
    let host = TestHost::knowing([
        ("music.example", server.addr()),
        ("far.example", SocketAddr::from(([192, 0, 2, 1], 80))),
    ])
    .host();
    let kind = |url: &str| {
        host.http_send(&Request::get(url))
            .map(|answer| answer.status())
            .map_err(|error| error.kind)
    };
    assert_eq!(kind("http://music.example/"), Ok(200));
    assert_eq!(kind("http://192.0.2.1/"), Err(ErrorKind::Permanent));
    assert_eq!(kind("http://far.example/"), Err(ErrorKind::Permanent));
    assert_eq!(kind("http://unknown.example/"), Err(ErrorKind::Transient));
}

#[test]
fn what_is_stored_comes_back_until_it_is_removed() {
    let kit = TestHost::new();
    let host = kit.host();
    host.store_set("token", Some("t1")).unwrap();
    assert_eq!(host.store_get("token").unwrap().as_deref(), Some("t1"));
    assert_eq!(kit.stored("token").as_deref(), Some("t1"));
    host.store_set("token", None).unwrap();
    assert_eq!(host.store_get("token").unwrap(), None);
}
