//! The same want-list through a real Subsonic server.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::collection::{Collection, LIBRARY, want_everything};
use crate::support::scene::Scene;
use crate::support::song;
use crate::support::supysonic::Supysonic;

/// One server for all tests that run at the same time, gone with the last of them.
fn server() -> Arc<Supysonic> {
    static RUNNING: Mutex<Weak<Supysonic>> = Mutex::new(Weak::new());
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running.upgrade().unwrap_or_else(|| {
        let fill = |music: &std::path::Path| song::make(music, &Collection::new().songs());
        let server = Arc::new(Supysonic::start(fill));
        *running = Arc::downgrade(&server);
        server
    })
}

fn source(server: &Supysonic, more: &str) -> String {
    format!(
        "  - subsonic: {{url: \"{}\", username: {}{more}}}\n",
        server.url(),
        Supysonic::USER
    )
}

fn scene(server: &Supysonic, more: &str) -> Scene {
    let scene = Scene::with(&["subsonic", "folder"]);
    want_everything(&scene, &source(server, more));
    scene.write("password", Supysonic::PASSWORD);
    scene
}

#[test]
fn a_music_server_gives_the_same_library_as_the_directory_it_serves() {
    let server = server();
    // supysonic keeps no passwords and so knows no tokens: they are refused, and the password
    // is what is left.
    let scene = scene(&server, ", password_file: ./password");
    let run = scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), ["subsonic: 5"], "{}", run.told());
    let served = scene.library();
    assert_eq!(served.files(), LIBRARY);
    served.is_whole();

    let music = server.music();
    let folder = Scene::with(&["folder"]);
    let source = format!("  - folder: {{paths: [\"{}\"]}}\n", music.display());
    want_everything(&folder, &source);
    folder.run(&[]).exits(0);
    let copied = folder.library();
    assert_eq!(served.files(), copied.files());
    assert_eq!(served.sounds(), copied.sounds());
    for file in served.audio() {
        assert_eq!(served.tags(&file), copied.tags(&file), "{file}");
    }
    for file in served.files() {
        if file.ends_with("cover.jpg") || file.ends_with("m3u8") {
            let bytes = |shelf: &crate::support::shelf::Shelf| std::fs::read(shelf.file(&file));
            assert_eq!(bytes(&served).unwrap(), bytes(&copied).unwrap(), "{file}");
        }
    }

    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), [""; 0]);
}

#[test]
fn a_refused_login_drops_the_source_and_is_told_as_such() {
    let server = server();
    for (more, words) in [
        (", password: other-words", "wrong user name or password"),
        (
            ", password_file: ./password, auth: token",
            "the server knows none of the forms of login tried (token)",
        ),
    ] {
        let scene = scene(&server, more);
        let run = scene.run(&[]).exits(3).says(&[words]);
        assert!(!run.told().contains(Supysonic::PASSWORD), "{}", run.told());
        assert_eq!(scene.library().audio(), [""; 0]);
        let dropped = &scene.report()["dropped"];
        assert_eq!(dropped[0]["source"], "subsonic", "{dropped}");

        // Another source completes everything, and then nothing is wrong.
        let sources = source(&server, more)
            + &format!(
                "  - folder: {{paths: [\"{}\"]}}\n",
                server.music().display()
            );
        want_everything(&scene, &sources);
        let run = scene.run(&[]).exits(0).says(&[words]);
        assert_eq!(scene.delivered(), ["folder: 5"], "{}", run.told());
        assert_eq!(scene.library().files(), LIBRARY);
    }
}

#[test]
fn the_check_of_a_source_says_whether_it_can_be_reached() {
    let server = server();
    let check = ["plugins", "--check", "--json"];
    let scene = scene(&server, ", password_file: ./password");
    let checks = scene.run(&check).exits(0).json()["checks"].clone();
    assert_eq!(checks[0]["name"], "subsonic");
    assert_eq!(checks[0]["reachable"], true, "{checks}");
    assert_eq!(checks[0]["message"], "Subsonic API 1.12.0, alice");

    // A port that was free a moment ago.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let closed =
        format!("  - subsonic: {{url: \"http://127.0.0.1:{port}\", username: a, password: b}}\n");
    want_everything(&scene, &closed);
    let checks = scene.run(&check).exits(3).json()["checks"].clone();
    assert_eq!(checks[0]["reachable"], false, "{checks}");
    scene.run(&["plugins", "--check"]).exits(3).says(&[&format!(
        "subsonic: unreachable: temporary failure: cannot connect to 127.0.0.1:{port}"
    )]);
}
