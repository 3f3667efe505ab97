//! A scripted HTTP/1.1 server: one request per connection, one thread per connection, and
//! an end that waits for all of them. What is answered is the test's.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::exchange::{Answer, End, Received};

/// A client that connects and says nothing must not keep a test from ending.
const READ_LIMIT: Duration = Duration::from_secs(10);

type Answering = dyn Fn(&Received) -> Answer + Send + Sync;

/// An HTTP server on a free port of 127.0.0.1, gone when dropped.
pub struct Loopback {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    answering: Box<Answering>,
    received: Mutex<Vec<Received>>,
    ending: Mutex<bool>,
    ended: Condvar,
}

/// What a panicked test thread left behind is still whole: every lock guards one push.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Loopback {
    /// A server that asks `answering` what to say to each request. Requests may come at the
    /// same time.
    ///
    /// # Panics
    /// When the machine has no loopback port to give.
    pub fn start(answering: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .expect("a free port on 127.0.0.1 can be had");
        let addr = listener
            .local_addr()
            .expect("a bound listener knows its address");
        let shared = Arc::new(Shared {
            answering: Box::new(answering),
            received: Mutex::default(),
            ending: Mutex::new(false),
            ended: Condvar::new(),
        });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self {
            addr,
            shared,
            accepting: Some(accepting),
        }
    }

    /// A server that gives those answers in turn, whatever is asked. Past the last one it
    /// answers 500 and says so.
    ///
    /// # Panics
    /// As [`Loopback::start`].
    pub fn script(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect::<Vec<_>>().into_iter());
        Self::start(move |_| {
            locked(&answers)
                .next()
                .unwrap_or_else(|| Answer::status(500).body("the script has no more answers"))
        })
    }

    /// The URL of `path`, which begins with `/` or is empty.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Every request so far, in the order they came. A request is in the list before its
    /// answer is sent.
    pub fn requests(&self) -> Vec<Received> {
        locked(&self.shared.received).clone()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        *locked(&self.shared.ending) = true;
        self.shared.ended.notify_all();
        // The accepting thread looks at the flag after every connection: give it one. If
        // that fails the thread cannot be woken, and waiting for it would hang the test.
        let woken = TcpStream::connect(self.addr).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            // A panic of a connection has already failed its client and printed itself.
            drop(accepting.join());
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut connections = Vec::new();
    for stream in listener.incoming() {
        if *locked(&shared.ending) {
            break;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A client that goes away early is its own business, and the test sees it there.
        connections.push(thread::spawn(move || drop(serve(stream, &shared))));
    }
    for connection in connections {
        drop(connection.join());
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(READ_LIMIT))?;
    let received = read_request(&mut stream)?;
    locked(&shared.received).push(received.clone());
    let answer = (shared.answering)(&received);
    if !wait(shared, answer.delay) {
        return Ok(());
    }
    if answer.end == End::Reset {
        // The request's last byte is still unread, and closing over unread bytes resets.
        return Ok(());
    }
    stream.read_exact(&mut [0])?;
    write_answer(&mut stream, &answer)
}

/// `false` if the server ends first.
fn wait(shared: &Shared, delay: Duration) -> bool {
    let ending = locked(&shared.ending);
    let (ending, _) = shared
        .ended
        .wait_timeout_while(ending, delay, |ending| !*ending)
        .unwrap_or_else(PoisonError::into_inner);
    delay.is_zero() || !*ending
}

/// The whole request, with its last byte seen but left in the socket.
fn read_request(stream: &mut TcpStream) -> io::Result<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let mut received = parse_head(&String::from_utf8_lossy(&head));
    let length: usize = received
        .header("content-length")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    let mut last = [0];
    if length > 0 {
        stream.read_exact(&mut last)?;
        received.body = vec![0; length - 1];
        stream.read_exact(&mut received.body)?;
    }
    if stream.peek(&mut last)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if length > 0 {
        received.body.push(last[0]);
    }
    Ok(received)
}

fn parse_head(head: &str) -> Received {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let method = first.next().unwrap_or_default().to_owned();
    let target = first.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Received {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: Vec::new(),
    }
}

fn write_answer(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if answer.end != End::Unannounced {
        head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
    }
    head.push_str("Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let sent = match answer.end {
        End::Cut(bytes) => bytes.min(answer.body.len()),
        End::Announced | End::Unannounced => answer.body.len(),
        End::Reset => 0,
    };
    stream.write_all(&answer.body[..sent])?;
    stream.flush()
}
