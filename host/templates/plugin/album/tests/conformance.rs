//! The contract, as every source has to keep it, on a scripted server.

use musicdl_plugin_api::Settings;
use musicdl_plugin_api::testing::{Answer, Loopback, Received, Subject};

use {{crate}}::{{Type}}Source;

const FIRST_ALBUM: &str = r#"{"id": "9", "title": "First Album", "artists": ["Ann Example"],
    "year": 1999, "tracks": [{"file": "9-1.flac", "title": "Bluebird", "number": 1},
    {"file": "9-2.flac", "title": "Sparrow", "number": 2}]}"#;

fn answer(request: &Received) -> Answer {
    let words = request.param("q").unwrap_or_default();
    match request.path.as_str() {
        "/status.json" => Answer::json(r#"{"name": "Example", "version": "1"}"#),
        "/search.json" if words.contains("First Album") => {
            Answer::json(format!(r#"{{"albums": [{FIRST_ALBUM}]}}"#))
        }
        "/search.json" => Answer::json(r#"{"albums": []}"#),
        "/albums/9.json" => Answer::json(FIRST_ALBUM),
        "/files/9-1.flac" => Answer::ok("fLaC\0\0\0\x22 and so on"),
        "/files/9-2.flac" => Answer::ok("fLaC\0\0\0\x22 and on and on"),
        _ => Answer::status(404),
    }
}

fn subject() -> Subject {
    let server = Loopback::start(answer);
    let url = server.url("");
    let settings =
        Settings::from_pairs([("url", [url.as_str()]), ("token", ["a very secret word"])]);
    let mut subject = Subject::new(settings, "First Album", "Nobody ever sang this");
    subject.keep = Box::new(server);
    subject
}

musicdl_plugin_api::conformance!({{Type}}Source, subject);
