//! Certificates.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use musicdl::plugin::services::{HostNet, NetOptions};
use musicdl_plugin_api::ErrorKind;
use musicdl_plugin_api::http::Request;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::Scene;
use crate::server::{Server, ok, raw};

/// For 127.0.0.1, of the key below, signed by that key. Made on 2026-11-21 with
/// `openssl req -x509 -days 36500 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1`.
const SELF_SIGNED: &[u8] = include_bytes!("self_signed.der");

/// PKCS #8 of the Ed25519 key whose seed counts from 1 to 32.
fn key() -> Vec<u8> {
    let head = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    head.iter().copied().chain(1..=32).collect()
}

/// For 127.0.0.1, of the same key, signed by the company of `company.pem`. Both made on
/// 2026-11-21 with `openssl x509 -req -CA company.pem -days 36500`.
const SIGNED_BY_COMPANY: &[u8] = include_bytes!("signed_by_company.der");

fn untrusted_server() -> String {
    tls_server(SELF_SIGNED)
}

/// Shakes hands with everybody, as the owner of that certificate, and sends `music`.
fn tls_server(certificate: &'static [u8]) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate)],
            PrivatePkcs8KeyDer::from(key()).into(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::Stream::new(&mut tls, &mut stream);
            // A client that does not trust us says so instead of a request.
            if tls.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {
                tls.write_all(&raw("200 OK", &[("Content-Length", "5")], b"music"))
                    .unwrap();
            }
        }
    });
    host
}

#[test]
fn an_untrusted_certificate_is_permanent() {
    let server = untrusted_server();
    let request = Request::get(format!("https://{server}/?p=hunter2"));
    let refused = Scene::new().host.http_send(&request).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Permanent, "{refused}");
    assert!(
        refused
            .message
            .starts_with(&format!("{server} is not trusted")),
        "{refused}"
    );
    assert!(refused.message.contains("certificate"), "{refused}");
    assert!(!refused.message.contains("hunter2"), "{refused}");
}

fn company() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http_service/company.pem")
}

#[test]
fn a_certificate_the_user_vouches_for_is_trusted() {
    let request = Request::get(format!("https://{}/", tls_server(SIGNED_BY_COMPANY)));
    let refused = Scene::new().host.http_send(&request).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Permanent, "{refused}");
    let scene = Scene::with(|options| options.ca_file = Some(company()));
    assert_eq!(scene.host.http_send(&request).unwrap().body, b"music");
    let other = Request::get(format!("https://{}/", untrusted_server()));
    let refused = scene.host.http_send(&other).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Permanent, "{refused}");
}

#[test]
fn a_file_of_certificates_that_is_not_there_is_named() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = NetOptions {
        ca_file: Some(PathBuf::from("/nowhere/company.pem")),
        ..NetOptions::default()
    };
    let refused = HostNet::new(options, runtime.handle().clone()).unwrap_err();
    assert!(
        refused.to_string().contains("/nowhere/company.pem"),
        "{refused}"
    );
}

#[test]
fn a_server_without_tls_behind_an_https_url_is_not_an_answer() {
    let server = Server::start(|_| ok(b""));
    let request = Request::get(server.origin.replace("http:", "https:"));
    let failed = Scene::new().host.http_send(&request).unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Transient, "{failed}");
}

/// Set for the copy of this program that has no root certificates.
const IN_CHILD: &str = "HTTP_SERVICE_TEST_WITHOUT_ROOTS";

/// The store is found by environment variables, which only another process can have
/// changed safely.
#[test]
fn without_root_certificates_http_works_and_https_says_what_is_missing() {
    if std::env::var_os(IN_CHILD).is_none() {
        let empty = tempfile::tempdir().unwrap();
        let name = "tls::without_root_certificates_http_works_and_https_says_what_is_missing";
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(IN_CHILD, "1")
            .env("SSL_CERT_FILE", empty.path().join("none.pem"))
            .env("SSL_CERT_DIR", empty.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    }
    let scene = Scene::new();
    let plain = Server::start(|_| ok(b"music"));
    let answer = scene.host.http_send(&Request::get(&plain.origin)).unwrap();
    assert_eq!(answer.body, b"music");
    let request = Request::get(format!("https://{}/", untrusted_server()));
    let refused = scene.host.http_send(&request).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Permanent, "{refused}");
    assert!(
        refused.message.contains("install `ca-certificates`"),
        "{refused}"
    );
}
