//! Hosts at home are the user's, and a plugin's only if the user says so. What counts as home,
//! and how URLs spell it, is in the tables of `address` and `reach`.

use std::collections::BTreeMap;

use musicdl::plugin::services::{Lookup, NetOptions, SourceFacts};
use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{ErrorKind, Progress, SourceError};

use crate::Scene;
use crate::server::{Answer, Server, ok, raw, redirect};

/// Names that lead to this machine, and to elsewhere at home.
fn names(options: &mut NetOptions) {
    let table = [
        ("nas.lan", vec!["127.0.0.1"]),
        ("evil.example", vec!["127.0.0.1", "::1", "10.0.0.1"]),
    ];
    let table = table.map(|(name, addresses)| {
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        (name.to_owned(), addresses.collect())
    });
    options.allow_hosts.clear();
    options.lookup = Lookup::Table(BTreeMap::from(table));
}

/// Of a source whose settings have URLs of that server, by these names.
fn facts(server: &Server, named: &[&str], declared: &[&str]) -> SourceFacts {
    let url = |host: &&str| format!("http://{host}:{}/music", server.port);
    SourceFacts {
        named_servers: named
            .iter()
            .map(|host| url(host).parse().unwrap())
            .collect(),
        declared_hosts: declared.iter().map(|&host| host.to_owned()).collect(),
        ..SourceFacts::default()
    }
}

fn at(server: &Server, host: &str) -> Request {
    Request::get(format!("http://{host}:{}/?p=hunter2", server.port))
}

fn assert_refused(outcome: Result<impl std::fmt::Debug, SourceError>, host: &str) {
    let refused = outcome.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Permanent, "{refused}");
    assert!(refused.message.contains(host), "{refused}");
    assert!(refused.message.contains("network.allow_hosts"), "{refused}");
    assert!(!refused.message.contains("hunter2"), "{refused}");
}

#[test]
fn a_host_at_home_is_not_asked_by_address_or_by_name() {
    let server = Server::start(|_| ok(b"router"));
    let scene = Scene::with(names);
    for host in ["127.0.0.1", "127.1", "[::ffff:127.0.0.1]", "localhost"] {
        assert_refused(scene.host.http_send(&at(&server, host)), "network");
    }
    for host in ["nas.lan", "evil.example"] {
        let request = at(&server, host);
        assert_refused(scene.host.http_send(&request), host);
        assert_refused(scene.host.http_open(&request), host);
        let saved = scene
            .host
            .http_save(&request, &scene.dest(), &Progress::ignored());
        assert_refused(saved, host);
    }
    assert_eq!(server.heard().len(), 0);
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn a_host_at_home_that_the_user_names_is_asked() {
    let server = Server::start(|_| ok(b"music"));
    for (named, allowed, host) in [
        (&["127.0.0.1"][..], &[][..], "127.0.0.1"),
        (&["nas.lan"], &[], "nas.lan"),
        (&["NAS.lan."], &[], "nas.lan"),
        (&[], &["nas.lan"], "nas.lan"),
        (&[], &["127.0.0.1"], "nas.lan"),
        (&[], &["127.0.0.1"], "evil.example"),
    ] {
        let scene = Scene::of(facts(&server, named, &[]), |options| {
            names(options);
            options.allow_hosts = allowed.iter().map(|&host| host.to_owned()).collect();
        });
        let answer = scene.host.http_send(&at(&server, host)).unwrap();
        assert_eq!(answer.body, b"music", "{host} by {named:?} {allowed:?}");
    }
}

#[test]
fn the_name_of_one_host_opens_no_other() {
    let server = Server::start(|_| ok(b"router"));
    let scene = Scene::of(facts(&server, &["nas.lan"], &[]), names);
    assert_refused(
        scene.host.http_send(&at(&server, "evil.example")),
        "evil.example",
    );
    assert_refused(scene.host.http_send(&at(&server, "127.0.0.1")), "127.0.0.1");
    assert_eq!(server.heard().len(), 0);
}

#[test]
fn a_redirect_leads_no_further_than_the_plugin_may_go() {
    let router = Server::start(|_| ok(b"router"));
    for host in ["127.0.0.1", "localhost", "evil.example"] {
        let to = format!("http://{host}:{}/admin", router.port);
        let server = Server::start(move |_| redirect("302 Found", &to));
        let scene = Scene::of(facts(&server, &["nas.lan"], &[]), names);
        assert_refused(scene.host.http_send(&at(&server, "nas.lan")), host);
    }
    assert_eq!(router.heard().len(), 0);
}

#[test]
fn a_server_that_the_user_named_leads_to_no_other_port_of_its_machine() {
    let neighbour = Server::start(|_| ok(b"shut down"));
    for named in ["127.0.0.1", "nas.lan"] {
        let to = format!("http://{named}:{}/admin/shutdown", neighbour.port);
        let server = Server::start(move |_| redirect("302 Found", &to));
        let scene = Scene::of(facts(&server, &[named], &[]), names);
        assert_refused(scene.host.http_send(&at(&server, named)), named);
        assert_refused(scene.host.http_send(&at(&neighbour, named)), named);
        assert_eq!(server.heard().len(), 1);
    }
    assert_eq!(neighbour.heard().len(), 0);
}

#[test]
fn a_host_that_is_allowed_with_a_port_is_asked_there_only() {
    let server = Server::start(|_| ok(b"music"));
    let neighbour = Server::start(|_| ok(b"router"));
    let scene = Scene::with(|options| {
        names(options);
        options.allow_hosts = vec![format!("nas.lan:{}", server.port)];
    });
    let answer = scene.host.http_send(&at(&server, "nas.lan")).unwrap();
    assert_eq!(answer.body, b"music");
    assert_refused(scene.host.http_send(&at(&neighbour, "nas.lan")), "nas.lan");
    assert_eq!(neighbour.heard().len(), 0);
}

#[test]
fn a_source_cannot_use_the_connection_of_another() {
    // Leaves its connection open, as the other servers here do not.
    let server =
        Server::start(|_| Answer::ThenSilence(raw("200 OK", &[("Content-Length", "0")], b"")));
    let scene = Scene::of(facts(&server, &["nas.lan"], &[]), names);
    scene.host.http_send(&at(&server, "nas.lan")).unwrap();
    let other = scene.another(SourceFacts::default());
    assert_refused(other.http_send(&at(&server, "nas.lan")), "nas.lan");
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn a_plugin_that_declares_hosts_is_held_to_them_but_not_its_servers() {
    let cdn = Server::start(|_| ok(b"music"));
    let to = format!("http://cdn.example:{}/", cdn.port);
    let server = Server::start(move |_| redirect("302 Found", &to));
    let scene = Scene::of(facts(&server, &[], &["example.org"]), |options| {
        names(options);
        options.allow_hosts = vec!["127.0.0.1".to_owned()];
        let table = ["api.example.org", "cdn.example"]
            .map(|name| (name.to_owned(), vec!["127.0.0.1".parse().unwrap()]));
        options.lookup = Lookup::Table(BTreeMap::from(table));
    });
    let asked = scene.host.http_send(&at(&server, "api.example.org"));
    assert_eq!(asked.unwrap().body, b"music");
    assert_refused(
        scene.host.http_send(&at(&cdn, "cdn.example")),
        "cdn.example",
    );
    assert_eq!(cdn.heard().len(), 1);
}
