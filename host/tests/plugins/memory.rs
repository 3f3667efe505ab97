//! A plugin cannot fill the memory of the host with what the host holds for it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use musicdl::music::SourceName;
use musicdl::plugin::services::{HostNet, NetOptions, Route, ServiceContext, SourceFacts};
use musicdl::plugin::{ProcessOptions, load_in_process};
use musicdl_plugin_api::Settings;

use crate::{built, full, processes};

/// As many as rogue has threads.
const READERS: usize = 256;
/// The largest answer that the host holds.
const PAGE: usize = 64 * 1024 * 1024;
/// In MiB: an eighth of what 256 pages take. The budget itself is shown by the number of pages that
/// are served. The rest is buffers of 256 connections, a body that is copied while it grows, and
/// what the allocator keeps of bodies that were given up (measured: 584 and 880 in all).
const MOST: u64 = 2 * 1024;

/// Sends a page to each reader, and its last byte to none before every other reader has all but
/// that, or has hung up: then the host holds as much as it ever does.
fn serve_pages() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let arrived = Arc::new((Mutex::new(0), Condvar::new()));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, arrived) = (stream.unwrap(), Arc::clone(&arrived));
            thread::spawn(move || {
                let sent = send_all_but_one(&stream);
                let (count, changed) = &*arrived;
                let mut count = count.lock().unwrap();
                *count += 1;
                changed.notify_all();
                drop(changed.wait_while(count, |count| *count < READERS).unwrap());
                // Who hung up wants no more.
                drop(sent.and_then(|()| (&stream).write_all(&[0])));
            });
        }
    });
    url
}

fn send_all_but_one(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {PAGE}\r\n\r\n")?;
    let part = [0; 64 * 1024];
    for _ in 1..PAGE / part.len() {
        stream.write_all(&part)?;
    }
    stream.write_all(&part[1..])
}

/// Most memory that this process ever had, in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .unwrap();
    kib.parse::<u64>().unwrap() / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn many_large_answers_at_once_stay_within_the_budget_of_a_process() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let page = serve_pages();
    let long = Duration::from_secs(300);
    let options = NetOptions {
        route: Route::Direct,
        connect: long,
        first_byte: long,
        stall: long,
        ..NetOptions::default()
    };
    let context = ServiceContext {
        net: HostNet::new(options, runtime.handle().clone()).unwrap(),
        store_dir: dir.path().join("store"),
        temp_root: dir.path().join("temp"),
    };
    let facts = SourceFacts {
        named_servers: vec![page.parse().unwrap()],
        ..SourceFacts::default()
    };
    let options = Arc::new(ProcessOptions {
        search: long,
        ..processes()
    });
    let rogue = load_in_process(&built("rogue"), &options).unwrap();
    let settings = Settings::from_pairs([("misdeed", ["search_raw:pages"]), ("page", [&page])]);
    let services = context.services(SourceName::parse("rogue").unwrap(), facts);
    let source = rogue.create(settings, services).unwrap();

    let hits = source.search_raw(&full::query()).unwrap();
    let served: usize = hits[0].target_id.parse().unwrap();
    assert!(
        (1..=4).contains(&served),
        "{served} pages were served at once"
    );
    let refused = &hits[0].title;
    assert!(refused.contains("256 MiB"), "{refused}");
    assert!(peak() < MOST, "{} MiB", peak());
}
