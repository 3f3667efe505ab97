//! A server that answers every request with the same piece of music, from memory, over
//! connections that stay open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crate::contestants::Audio;

/// Answers until it is killed; says its address first.
#[expect(
    clippy::print_stdout,
    reason = "it is the only way to tell its address"
)]
pub(crate) fn serve(bytes: usize, audio: Audio) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a loopback interface");
    let address = listener.local_addr().expect("it is bound");
    println!("http://{address}");
    let body = Arc::new(match audio {
        Audio::Included => wav(bytes),
        Audio::Apart => fragments(bytes),
    });
    for stream in listener.incoming() {
        let body = Arc::clone(&body);
        // Whoever hung up has what he wanted.
        std::thread::spawn(move || stream.and_then(|stream| answer(&stream, &body)).ok());
    }
}

/// What the server says first.
pub(crate) fn address(stdout: impl Read) -> String {
    let mut line = String::new();
    let mut stdout = BufReader::new(stdout);
    stdout.read_line(&mut line).expect("the server says it");
    line.trim().to_owned()
}

fn answer(mut stream: &TcpStream, body: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut requests = BufReader::new(stream);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut line = String::new();
    loop {
        line.clear();
        if requests.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            stream.write_all(head.as_bytes())?;
            stream.write_all(body)?;
        }
    }
}

/// Noise in 16 bits, as no two samples are alike in music.
fn wav(bytes: usize) -> Vec<u8> {
    const HEADER: usize = 44;
    let samples = (bytes - HEADER) & !3;
    let (rate, length) = (
        44_100_u32,
        u32::try_from(samples).expect("bodies are short"),
    );
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((4 * rate).to_le_bytes());
    wav.extend(b"\x04\0\x10\0data");
    wav.extend(length.to_le_bytes());
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // The upper bits; quiet enough not to be taken for a damaged file.
        (state >> 18).to_le_bytes()
    });
    wav.extend(
        noise
            .take(samples / 2)
            .flat_map(|sample| [sample[0], sample[1]]),
    );
    wav
}

/// MPEG-4 in fragments, with nothing to be heard: the engine writes no tags into such a file.
fn fragments(bytes: usize) -> Vec<u8> {
    let mut body = b"\0\0\0\x10ftypM4A \0\0\0\0\0\0\0\x08moof".to_vec();
    let rest = u32::try_from(bytes - body.len()).expect("bodies are short");
    body.extend(rest.to_be_bytes());
    body.extend(b"mdat");
    body.resize(bytes, 1);
    body
}
