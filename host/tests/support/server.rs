//! A server on a loopback port that answers as the test says: also late, short or not at all.
//! Used by several test programs, which take this file in by its path.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Which request to this server it is, from 0.
    pub(crate) number: usize,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request. Every connection serves one.
pub(crate) enum Answer {
    /// Sends the bytes and closes.
    Bytes(Vec<u8>),
    /// Sends the bytes, then nothing until the client closes.
    ThenSilence(Vec<u8>),
    /// Sends the bytes, then one byte at a time until the client closes.
    ThenTrickle(Vec<u8>, Duration),
    /// Sends the first bytes, comes back from the test, sends the others.
    InTwo(Vec<u8>, Box<dyn FnOnce() + Send>, Vec<u8>),
    /// Closes the connection in the way of a crashed process.
    Reset,
}

/// Status line, headers and body, without any header of its own.
pub(crate) fn raw(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// A whole answer with its length.
pub(crate) fn whole(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let length = body.len().to_string();
    let mut all = vec![("Content-Length", length.as_str()), ("Connection", "close")];
    all.extend(headers);
    Answer::Bytes(raw(status, &all, body))
}

pub(crate) fn ok(body: &[u8]) -> Answer {
    whole("200 OK", &[], body)
}

pub(crate) fn redirect(status: &str, to: &str) -> Answer {
    whole(status, &[("Location", to)], b"moved")
}

pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: String,
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Server {
    /// Answers until the test process ends.
    pub(crate) fn start(answer: impl Fn(&Heard) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&heard);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (book, answer) = (Arc::clone(&book), Arc::clone(&answer));
                thread::spawn(move || serve(&stream.unwrap(), &book, &*answer));
            }
        });
        Self {
            origin: format!("http://127.0.0.1:{port}"),
            port,
            heard,
        }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(stream: &TcpStream, book: &Mutex<Vec<Heard>>, answer: &dyn Fn(&Heard) -> Answer) {
    let mut reader = BufReader::new(stream);
    // A client that gives up early is one of the things under test.
    let Some(mut heard) = read_request(&mut reader) else {
        return;
    };
    {
        let mut book = book.lock().unwrap();
        heard.number = book.len();
        book.push(heard.clone());
    }
    let mut out = stream;
    match answer(&heard) {
        Answer::Bytes(bytes) => drop(out.write_all(&bytes)),
        Answer::ThenSilence(bytes) => {
            drop(out.write_all(&bytes));
            drop(reader.read(&mut [0]));
        }
        Answer::ThenTrickle(bytes, every) => {
            let mut sent = out.write_all(&bytes);
            while sent.is_ok() {
                thread::sleep(every);
                sent = out.write_all(b"x");
            }
        }
        Answer::InTwo(first, between, rest) => {
            drop(out.write_all(&first));
            between();
            drop(out.write_all(&rest));
        }
        Answer::Reset => drop(socket_reset(stream)),
    }
}

/// A close with `SO_LINGER` 0 sends RST instead of FIN.
fn socket_reset(stream: &TcpStream) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let _inside = runtime.enter();
    stream.set_nonblocking(true)?;
    tokio::net::TcpStream::from_std(stream.try_clone()?)?.set_zero_linger()
}

fn read_request(reader: &mut impl BufRead) -> Option<Heard> {
    let first = read_line(reader)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut heard = Heard {
        method,
        target,
        headers,
        body: Vec::new(),
        number: 0,
    };
    let length = heard
        .header("content-length")
        .map_or(0, |n| n.parse().unwrap());
    heard.body = vec![0; length];
    reader.read_exact(&mut heard.body).ok()?;
    Some(heard)
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&n| n > 0)?;
    Some(line.trim_end().to_owned())
}
