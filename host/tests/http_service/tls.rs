//! Certificates.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use musicdl_plugin_api::ErrorKind;
use musicdl_plugin_api::http::Request;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::Scene;
use crate::server::{Server, ok};

/// For 127.0.0.1, of the key below, signed by that key. Made on 2026-11-21 with
/// `openssl req -x509 -days 36500 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1`.
const SELF_SIGNED: &[u8] = include_bytes!("self_signed.der");

/// PKCS #8 of the Ed25519 key whose seed counts from 1 to 32.
fn key() -> Vec<u8> {
    let head = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    head.iter().copied().chain(1..=32).collect()
}

/// Shakes hands with everybody, as the owner of a certificate nobody vouches for.
fn untrusted_server() -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(SELF_SIGNED)],
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
            while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
        }
    });
    host
}

#[test]
fn a_certificate_nobody_vouches_for_is_permanent() {
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

#[test]
fn a_server_without_tls_behind_an_https_url_is_no_answer() {
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
