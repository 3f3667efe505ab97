//! The contract, as every source has to keep it, on a scripted server.

use musicdl_plugin_api::Settings;
use musicdl_plugin_api::testing::{Answer, Loopback, Received, Subject};

use {{crate}}::{{Type}}Source;

const BLUEBIRD: &str = r#"{"tracks": [{"id": "7.flac", "title": "Bluebird",
    "artists": ["Ann Example"], "album": "First Album", "number": 1, "seconds": 200}]}"#;

fn answer(request: &Received) -> Answer {
    let words = request.param("q").unwrap_or_default();
    match request.path.as_str() {
        "/status.json" => Answer::json(r#"{"name": "Example", "version": "1"}"#),
        "/search.json" if words.contains("Bluebird") => Answer::json(BLUEBIRD),
        "/search.json" => Answer::json(r#"{"tracks": []}"#),
        "/files/7.flac" => Answer::ok("fLaC\0\0\0\x22 and so on"),
        _ => Answer::status(404),
    }
}

fn subject() -> Subject {
    let server = Loopback::start(answer);
    let url = server.url("");
    let settings =
        Settings::from_pairs([("url", [url.as_str()]), ("token", ["a very secret word"])]);
    let mut subject = Subject::new(settings, "Bluebird", "Nobody ever sang this");
    subject.keep = Box::new(server);
    subject
}

musicdl_plugin_api::conformance!({{Type}}Source, subject);
