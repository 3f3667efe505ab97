//! The contract, as every source has to keep it, on a server as Navidrome answers.

use musicdl_plugin_api::Settings;
use musicdl_plugin_api::testing::{Answer, Loopback, Received, Subject};
use musicdl_subsonic::SubsonicSource;

const SONG: &str = r#"{"subsonic-response":{"status":"ok","searchResult3":{"song":[
    {"id":"7","title":"Bluebird","artist":"Ann Example","album":"First Album","track":1,
     "duration":200,"suffix":"flac","bitRate":900,"size":21}]}}}"#;
const NOTHING: &str = r#"{"subsonic-response":{"status":"ok","searchResult3":{}}}"#;
const GONE: &str = r#"{"subsonic-response":{"status":"failed",
    "error":{"code":70,"message":"not found"}}}"#;
const FINE: &str = r#"{"subsonic-response":{"status":"ok","version":"1.16.1"}}"#;

fn answer(request: &Received) -> Answer {
    let asked =
        |name: &str, value: &str| request.param(name).is_some_and(|text| text.contains(value));
    match request.path.as_str() {
        "/rest/ping.view" => Answer::json(FINE),
        "/rest/search3.view" if asked("query", "Bluebird") => Answer::json(SONG),
        "/rest/search3.view" => Answer::json(NOTHING),
        "/rest/download.view" if request.param("id").as_deref() == Some("7") => {
            Answer::ok("fLaC\0\0\0\x22 and so on").header("Content-Type", "audio/flac")
        }
        _ => Answer::json(GONE),
    }
}

fn subject() -> Subject {
    let server = Loopback::start(answer);
    let url = server.url("");
    let mut subject = Subject::new(
        Settings::from_pairs([
            ("url", [url.as_str()]),
            ("username", ["ann"]),
            ("password", ["a very secret word"]),
        ]),
        "Bluebird",
        "Nobody ever sang this",
    );
    subject.keep = Box::new(server);
    subject
}

musicdl_plugin_api::conformance!(SubsonicSource, subject);
