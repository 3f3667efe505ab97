//! A body into a file: through the service that plugins have, and by the least that can be
//! written with the same HTTP client. Both in turn, from the same server, on the threads of one
//! runtime: other threads would have other arenas of the allocator, some of which give their
//! memory back after each piece, which alone makes one of two equal downloads slower by a quarter.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{HostServices, Progress};

use tokio::runtime::Runtime;

use crate::clock::ms;
use crate::figures::figure;
use crate::median;

const BODY: usize = 200_000_000;
const AT_ONCE: usize = 256 * 1024;

/// One download each a round.
pub(crate) fn downloads(services: &Arc<dyn HostServices>, runtime: &Runtime, rounds: usize) {
    let url = serve();
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let dest = dir.path().join("body");
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(timed(&dest, || {
            runtime.block_on(save_bare(&url, &dest));
        }));
        ours.push(timed(&dest, || {
            let saved = services.http_save(&Request::get(&url), &dest, &Progress::ignored());
            drop(saved.expect("the body can be saved"));
        }));
    }
    let (ours, bare) = (median(ours), median(bare));
    let rate = |time: Duration| BODY as f64 / 1e6 / time.as_secs_f64();
    let times = ms(bare) / ms(ours);
    figure(
        "a download of 200 MB through the host's service, against a bare reqwest into a file",
        &format!(
            "{:.0} MB/s, {times:.2} times {:.0} MB/s",
            rate(ours),
            rate(bare)
        ),
        "0.9 times",
        times >= 0.9,
    );
}

fn timed(dest: &Path, save: impl FnOnce()) -> Duration {
    let started = Instant::now();
    save();
    let took = started.elapsed();
    let length = dest.metadata().map(|file| file.len()).ok();
    assert_eq!(length, Some(BODY as u64), "the body is whole");
    // Before the system begins to bring it to the disk, which the next round would feel.
    std::fs::remove_file(dest).expect("the file is ours");
    took
}

async fn save_bare(url: &str, dest: &Path) {
    // Somebody has to name the cryptography, also for a client that needs none; a second time
    // it is named already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build();
    let answer = client.expect("a client can be made").get(url).send().await;
    let mut answer = answer.expect("the server answers");
    let mut file = File::create(dest).expect("a file can be made");
    while let Some(chunk) = answer.chunk().await.expect("the body is whole") {
        file.write_all(&chunk).expect("there is room");
    }
}

/// A server on this machine, which answers everybody with the body.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a loopback interface");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever hung up has what he wanted.
            let _ = stream.and_then(answer);
        }
    });
    format!("http://{address}/body")
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        if line?.is_empty() {
            break;
        }
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: audio/flac\r\nContent-Length: {BODY}\r\n\
         Connection: close\r\n\r\n"
    )?;
    let piece = vec![7; AT_ONCE];
    let mut left = BODY;
    while left > 0 {
        let now = left.min(AT_ONCE);
        stream.write_all(&piece[..now])?;
        left -= now;
    }
    Ok(())
}
