//! The plugin and the fake of its tests, held against the vendor: the fake's answers by the
//! client that is generated from Lidarr's own description, the plugin's requests (and the
//! answers to them once more) by a proxy that checks them against that description.
//!
//! The description is Lidarr's (GPL) and not in this tree. The proxy's tests take it from the
//! directory that `MUSICDL_SPECS_DIR` names, and are counted as skipped where there is none.

#[path = "../../../host/tests/support/skipped.rs"]
mod skipped;
mod support;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use musicdl_lidarr::LidarrSource;
use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::testing::{Answer, ProgressRecord, TestHost};
use musicdl_plugin_api::{ErrorKind, Plugin, Query, Source, TargetKind};
use serde_json::{Value, json};

use crate::skipped::skipped;
use crate::support::{FIRST, KEY, Lidarr, Life, Step, fetch};

/// From start to first answer; about 3 s on an idle machine.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What the walk printed, or how it failed.
fn walked(lidarr: &Lidarr) -> Result<String, String> {
    let python = peer("XTASK_PEERS", "venv", "bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/client.py");
    let output = Command::new(python)
        .arg(script)
        .args([&lidarr.url(), KEY, FIRST])
        .stdin(Stdio::null())
        .output()
        .expect("Python is a program");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

#[test]
fn the_vendors_client_understands_everything_the_fake_says() {
    let lidarr = Lidarr::with(|state| state.health = vec![("warning", "No indexers")]);
    let told = walked(&lidarr).unwrap_or_else(|error| panic!("{error}"));
    assert!(told.ends_with("all of it\n"), "{told}");
    assert_eq!(lidarr.state().removed, ["album 42", "artist 7"]);
}

#[test]
fn the_vendors_client_refuses_what_lidarr_would_not_say() {
    let complaint = || vec![("warning", "No indexers")];
    for (life, refused) in [
        (
            Life::ending(Step::in_state("brandNew")),
            "trackedDownloadState",
        ),
        (
            Life(vec![Step::Shown("x", "brandNew", "imported", 1, "")]),
            "trackedDownloadStatus",
        ),
    ] {
        let lidarr = Lidarr::with(|state| {
            state.health = complaint();
            state.life = life;
        });
        let error = walked(&lidarr).unwrap_err();
        assert!(error.contains(refused), "{error}");
    }
    for (row, refused) in [
        (r#"[{"id":"1","name":"Any"}]"#, "valid integer"),
        (r#"[{"id":1,"nom":"Any"}]"#, "`nom` is no member"),
    ] {
        let lidarr = Lidarr::with(|state| state.health = complaint());
        lidarr.always_fails("GET", "qualityprofile", Answer::json(row));
        let error = walked(&lidarr).unwrap_err();
        assert!(error.contains(refused), "{error}");
    }
}

#[test]
fn the_vendors_description_allows_every_request_of_an_album_that_comes() {
    let lidarr = Lidarr::new();
    let Some(judge) = Judge::before(&lidarr) else {
        return;
    };
    let source = judge.source(&lidarr, &[("cleanup", "true")]);
    source.check_connection().unwrap();
    let query = Query {
        kind: TargetKind::ALBUM,
        text: "First Album & more: 100 %".to_owned(),
        artists: vec!["Ann Example".to_owned()],
        album: Some("First Album".to_owned()),
        limit: 10,
        ..Query::default()
    };
    assert_eq!(source.search_raw(&query).unwrap()[0].target_id, FIRST);
    let dir = tempfile::tempdir().unwrap();
    let files = fetch(&source, FIRST, dir.path(), &ProgressRecord::new()).unwrap();
    assert_eq!(files.files.len(), 3);
    assert_eq!(lidarr.state().removed, ["album 42", "artist 7"]);
}

#[test]
fn the_vendors_description_allows_every_request_of_a_cancel() {
    let lidarr = Lidarr::with(|state| state.life = Life(vec![Step::downloading(70)]));
    let Some(judge) = Judge::before(&lidarr) else {
        return;
    };
    let source = judge.source(&lidarr, &[]);
    let (dir, record) = (tempfile::tempdir().unwrap(), ProgressRecord::new());
    thread::scope(|scope| {
        let fetching = scope.spawn(|| fetch(&source, FIRST, dir.path(), &record));
        while !record
            .states()
            .iter()
            .any(|told| told == "Lidarr downloads, 30 %")
        {
            assert!(!fetching.is_finished(), "{:?}", record.states());
            thread::yield_now();
        }
        record.cancel();
        let error = fetching.join().unwrap().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
    });
    assert_eq!(lidarr.state().removed, ["download 1912345"]);
    assert!(!lidarr.state().library[0].monitored);
}

#[test]
fn the_vendors_description_refuses_a_request_that_lidarr_would_not_take() {
    let lidarr = Lidarr::new();
    let Some(judge) = Judge::before(&lidarr) else {
        return;
    };
    let host = TestHost::new().host();
    for (method, path, body, allowed) in [
        (
            "POST",
            "command",
            r#"{"name":"AlbumSearch","albumIds":[1]}"#,
            true,
        ),
        (
            "POST",
            "command",
            r#"{"name":"AlbumSearch","albumIds":"1"}"#,
            false,
        ),
        (
            "POST",
            "command",
            r#"{"name":"AlbumSearch","albumId":[1]}"#,
            false,
        ),
        (
            "PUT",
            "album/monitor",
            r#"{"albumIds":[1],"monitored":"no"}"#,
            false,
        ),
        ("POST", "queue/details", "{}", false),
        ("GET", "queue/detail", "", false),
        // What is wrong in the fake comes out as well.
        ("GET", "qualityprofile", "", false),
    ] {
        lidarr.always_fails("GET", "qualityprofile", Answer::json(r#"[{"id":"1"}]"#));
        let request = Request {
            method: method.to_owned(),
            body: body.into(),
            ..Request::get(format!("{}/api/v1/{path}", judge.url()))
        };
        let request = request
            .header("X-Api-Key", KEY)
            .header("Accept", "application/json")
            .header("Content-Type", "application/json");
        let answer = host.http_send(&request).unwrap();
        let said = String::from_utf8_lossy(&answer.body);
        assert_eq!(
            answer.head.is_success(),
            allowed,
            "{method} {path} {body}: {said}"
        );
    }
}

/// Prism, a proxy that lets through to a fake only what the vendor's description allows.
struct Judge {
    addr: SocketAddr,
    process: Child,
    /// Holds the description it works by.
    _dir: tempfile::TempDir,
}

impl Judge {
    /// `None` where there is no description; the test is counted as skipped then.
    fn before(lidarr: &Lidarr) -> Option<Self> {
        let Some(specs) = std::env::var_os("MUSICDL_SPECS_DIR") else {
            skipped("MUSICDL_SPECS_DIR names no directory with lidarr-openapi.json");
            return None;
        };
        let original = Path::new(&specs).join("lidarr-openapi.json");
        let text = fs::read_to_string(&original)
            .unwrap_or_else(|error| panic!("{}: {error}", original.display()));
        let mut description = serde_json::from_str(&text).expect("the description is JSON");
        mend(&mut description);
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let mended = dir.path().join("lidarr.json");
        fs::write(&mended, description.to_string()).expect("the temporary directory is ours");

        let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port on 127.0.0.1 can be had");
        let output = fs::File::create(dir.path().join("prism.out")).expect("it is ours");
        let errors = output.try_clone().expect("a file can be shared");
        let process = Command::new("node")
            .arg(peer(
                "XTASK_NODE_PEERS",
                "node",
                "node_modules/@stoplight/prism-cli/dist/index.js",
            ))
            .args(["proxy", "--errors", "-h", "127.0.0.1", "-p"])
            .arg(addr.port().to_string())
            .args([mended.as_os_str(), lidarr.url().as_ref()])
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("node is a program");
        let mut judge = Self {
            addr,
            process,
            _dir: dir,
        };
        judge.wait();
        Some(judge)
    }

    fn wait(&mut self) {
        let said = |judge: &Self| {
            fs::read_to_string(judge._dir.path().join("prism.out")).unwrap_or_default()
        };
        let started = Instant::now();
        while TcpStream::connect_timeout(&self.addr, Duration::from_secs(1)).is_err() {
            let ended = self.process.try_wait().expect("a child can be asked for");
            assert!(ended.is_none(), "prism ended at its start:\n{}", said(self));
            assert!(
                started.elapsed() < START_LIMIT,
                "prism gave no answer:\n{}",
                said(self)
            );
            // There is no event to wait on: a foreign program opens its port when it likes.
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// A source that reaches the fake only through here.
    fn source(&self, lidarr: &Lidarr, more: &[(&str, &str)]) -> LidarrSource {
        let settings = lidarr.settings_at(&self.url(), more);
        LidarrSource::create(settings, TestHost::new().host()).expect("the settings can be meant")
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // Both fail only if the process is gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Mends what is wrong in the description, so that a right request passes: see each line.
fn mend(description: &mut Value) {
    let error = json!({"description": "an error", "content": {"application/json": {"schema": {}}}});
    let paths = description["paths"]
        .as_object_mut()
        .expect("it describes paths");
    // The pages of the web interface, one of which is any path at all.
    for page in ["/", "/{path}", "/content/{path}", "/login", "/logout"] {
        paths.remove(page);
    }
    let operations = paths
        .values_mut()
        .filter_map(Value::as_object_mut)
        .flat_map(|operations| operations.values_mut());
    for operation in operations {
        let Some(responses) = operation["responses"].as_object_mut() else {
            continue;
        };
        // Described as text first, though Lidarr answers in JSON.
        for response in responses.values_mut() {
            if let Some(kept) = response["content"].get("application/json").cloned() {
                response["content"] = json!({"application/json": kept});
            }
        }
        // No errors are described.
        for status in ["400", "401", "404", "409", "500", "503"] {
            responses.entry(status).or_insert_with(|| error.clone());
        }
    }
    // Successes of these are described as 200.
    for (path, method, status) in [
        ("/api/v1/album", "post", "201"),
        ("/api/v1/command", "post", "201"),
        ("/api/v1/album/monitor", "put", "202"),
    ] {
        let responses = &mut paths[path][method]["responses"];
        let success = responses["200"].clone();
        responses[status] = success;
    }
    let schemas = &mut description["components"]["schemas"];
    // The arguments of a search are not described, and others are forbidden.
    let ids = json!({"type": "array", "items": {"type": "integer"}});
    schemas["CommandResource"]["properties"]["albumIds"] = ids;
    schemas["Command"]["additionalProperties"] = json!(true);
    // A look-up is handed back whole, as Lidarr's own pages do; it ignores such members.
    let properties = schemas
        .as_object_mut()
        .into_iter()
        .flat_map(|schemas| schemas.values_mut())
        .filter_map(|schema| schema["properties"].as_object_mut())
        .flat_map(|properties| properties.values_mut());
    for property in properties.filter_map(Value::as_object_mut) {
        property.remove("readOnly");
    }
    // Lidarr leaves out what is null, but for these two.
    for album in ["nextAlbum", "lastAlbum"] {
        schemas["ArtistResource"]["properties"][album] = json!({});
    }
    // A null that is no type.
    if let Some(value) = schemas["Field"]["properties"]["value"].as_object_mut() {
        value.remove("nullable");
    }
}

/// A file of the installed peers.
fn peer(variable: &str, environment: &str, file: &str) -> PathBuf {
    let dir = std::env::var_os(variable).map_or_else(
        || {
            let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
            let root = manifest
                .ancestors()
                .find(|dir| dir.join("Cargo.lock").is_file());
            let root = root.expect("a test is built inside the workspace");
            root.join("target/peers").join(environment)
        },
        PathBuf::from,
    );
    let file = dir.join(file);
    assert!(
        file.exists(),
        "{} is missing: run `cargo xtask test`, which installs it, or set {variable} to the \
         directory of an environment that has it",
        file.display()
    );
    file
}
