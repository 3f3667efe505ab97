//! The proxy itself: one connection, one request, one answer.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use musicdl_plugin_api::testing::{Answer, Loopback, Received};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// For all sites of the tests, of the key below, signed by the authority.
const CERTIFICATE: &[u8] = include_bytes!("sites.der");

/// PKCS #8 of the Ed25519 key whose seed counts from 1 to 32.
fn key() -> Vec<u8> {
    let head = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    head.iter().copied().chain(1..=32).collect()
}

/// All sites there are, on one loopback port.
pub(crate) struct Internet {
    addr: SocketAddr,
    server: Loopback,
    shared: Arc<Shared>,
    dir: TempDir,
}

struct Shared {
    server: SocketAddr,
    tls: Arc<ServerConfig>,
    hold: Mutex<Hold>,
    changed: Condvar,
    /// Everything that was asked of the proxy, as `METHOD host:port`.
    asked: Mutex<Vec<String>>,
}

/// Where answers stop for a while.
#[derive(Default)]
struct Hold {
    host: &'static str,
    after: Option<usize>,
    /// So many answers wait there now.
    waiting: usize,
}

impl Internet {
    /// An internet where `answering` answers for every site; the header `host` says for which.
    pub(crate) fn start(answering: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        let server = Loopback::start(answering);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions of TLS")
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(CERTIFICATE)],
                PrivatePkcs8KeyDer::from(key()).into(),
            )
            .expect("key and certificate belong together");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let addr = listener.local_addr().expect("a bound listener has one");
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let authority = dir.path().join("authority.pem");
        std::fs::write(authority, super::AUTHORITY).expect("the directory is ours");
        let shared = Arc::new(Shared {
            server: server.addr(),
            tls: Arc::new(tls),
            hold: Mutex::default(),
            changed: Condvar::new(),
            asked: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                // A client that goes away early is what many tests are about.
                thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Self {
            addr,
            server,
            shared,
            dir,
        }
    }

    /// The setting `proxy`.
    pub(crate) fn proxy(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The setting `ca_file`.
    pub(crate) fn authority(&self) -> PathBuf {
        self.dir.path().join("authority.pem")
    }

    /// The requests that came, decrypted.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.server.requests()
    }

    /// What was asked of the proxy: `CONNECT www.youtube.com:443`.
    pub(crate) fn asked(&self) -> Vec<String> {
        lock(&self.shared.asked).clone()
    }

    /// From now on answers of hosts that end with `host` stop after that many bytes.
    pub(crate) fn hold(&self, host: &'static str, after: usize) {
        *lock(&self.shared.hold) = Hold {
            host,
            after: Some(after),
            waiting: 0,
        };
    }

    /// Lets them go on.
    pub(crate) fn release(&self) {
        lock(&self.shared.hold).after = None;
        self.shared.changed.notify_all();
    }

    /// Waits until an answer is held.
    pub(crate) fn wait_until_held(&self) {
        self.wait_until_so_many_are_held(1);
    }

    /// Waits until that many answers are held at the same time.
    pub(crate) fn wait_until_so_many_are_held(&self, answers: usize) {
        let hold = lock(&self.shared.hold);
        let (hold, _) = self
            .shared
            .changed
            .wait_timeout_while(hold, Duration::from_secs(30), |hold| hold.waiting < answers)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            hold.waiting >= answers,
            "{} held of {answers} within 30 s",
            hold.waiting
        );
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        self.release();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut plain = BufReader::new(stream);
    let head = read_head(&mut plain)?;
    let line = String::from_utf8_lossy(&head);
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    lock(&shared.asked).push(format!("{method} {target}"));
    let mut stream = plain.into_inner();
    if method != "CONNECT" {
        return stream.write_all(b"HTTP/1.1 403 Only tunnels\r\nContent-Length: 0\r\n\r\n");
    }
    let host = target.split(':').next().unwrap_or("").to_owned();
    stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let session = ServerConnection::new(Arc::clone(&shared.tls)).map_err(io::Error::other)?;
    let mut tls = BufReader::new(StreamOwned::new(session, stream));
    let request = read_request(&mut tls)?;
    let mut server = TcpStream::connect(shared.server)?;
    server.write_all(&request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    send(&answer, &host, tls.get_mut(), shared)
}

fn read_head(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if from.read_until(b'\n', &mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

fn read_request(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut request = read_head(from)?;
    let mut body = vec![0; length_in(&request).unwrap_or(0)];
    from.read_exact(&mut body)?;
    request.extend(body);
    Ok(request)
}

fn length_in(head: &[u8]) -> Option<usize> {
    let head = String::from_utf8_lossy(head).to_lowercase();
    let value = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    value.and_then(|value| value.trim().parse().ok())
}

fn send(
    answer: &[u8],
    host: &str,
    tls: &mut StreamOwned<ServerConnection, TcpStream>,
    shared: &Shared,
) -> io::Result<()> {
    let first = {
        let hold = lock(&shared.hold);
        match hold.after {
            Some(after) if host.ends_with(hold.host) => after.min(answer.len()),
            _ => answer.len(),
        }
    };
    tls.write_all(&answer[..first])?;
    tls.flush()?;
    if first < answer.len() {
        let mut hold = lock(&shared.hold);
        hold.waiting += 1;
        shared.changed.notify_all();
        while hold.after.is_some() {
            hold = shared
                .changed
                .wait(hold)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(hold);
        tls.write_all(&answer[first..])?;
    }
    let head = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(answer.len(), |at| at + 4);
    if length_in(&answer[..head]).is_none_or(|announced| answer.len() >= head + announced) {
        // A connection that breaks has no such end.
        tls.conn.send_close_notify();
        tls.flush()?;
    }
    Ok(())
}
