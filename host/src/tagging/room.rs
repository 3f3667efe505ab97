//! How much of the audio is in memory while its tags are written: of most formats the tag library
//! holds a whole file for that, so of the large ones there is one at a time, whatever the jobs.
//! Of WAV and AIFF it holds none where their tag stands at the end; [`for_id3`] sees to that.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::TagError;
use crate::music::Container;

/// Bytes up to which nobody waits for his turn: a file for every job is no more than a large one.
const SMALL: u64 = 1024 * 1024;

/// Whose turn it is among the large files.
static TURN: Mutex<()> = Mutex::new(());

/// Does work for which the file at `path` is held in memory. That of a large file is done by a
/// thread of its own, because allocators keep for each thread what it once used: eight jobs
/// would keep eight files long after the last of them was tagged.
///
/// # Errors
/// Those of the work, and when no thread can be started.
pub(super) fn in_turn<T: Send>(
    path: &Path,
    work: impl FnOnce() -> Result<T, TagError> + Send,
) -> Result<T, TagError> {
    let io = |doing| {
        move |source| TagError::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    };
    let length = fs::metadata(path).map_err(io("look at"))?.len();
    if length <= SMALL {
        return work();
    }
    // Nothing lies behind it that a panic could leave half done.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        let tagger = thread::Builder::new().name("tagger".to_owned());
        let tagger = tagger
            .spawn_scoped(scope, work)
            .map_err(io("start a thread for"))?;
        tagger.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Puts an empty ID3 chunk at the end of WAV and AIFF that have none, into which the tag library
/// then writes in place. Files that are not made of whole chunks to their end stay as they are.
pub(super) fn for_id3(file: &mut File, container: Container) -> io::Result<()> {
    let little_endian = match container {
        Container::Wav => true,
        Container::Aiff => false,
        Container::Flac | Container::Mp3 | Container::Mp4 | Container::Ogg | Container::Adts => {
            return Ok(());
        }
    };
    const HEADER: u64 = 8;
    let length = file.metadata()?.len();
    let mut header = |at: u64| -> io::Result<([u8; 4], u32)> {
        let (mut name, mut size) = ([0; 4], [0; 4]);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut name)?;
        file.read_exact(&mut size)?;
        let size = if little_endian {
            u32::from_le_bytes(size)
        } else {
            u32::from_be_bytes(size)
        };
        Ok((name, size))
    };
    let mut at = HEADER + 4;
    if length < at {
        return Ok(());
    }
    let (_, whole) = header(0)?;
    while at + HEADER <= length {
        let (name, size) = header(at)?;
        if name.eq_ignore_ascii_case(b"id3 ") {
            return Ok(());
        }
        at += HEADER + u64::from(size).next_multiple_of(2);
    }
    let grown = u64::from(whole) + HEADER;
    let is_whole = at == length && grown == length;
    let Some(grown) = u32::try_from(grown).ok().filter(|_| is_whole) else {
        return Ok(());
    };
    file.seek(SeekFrom::End(0))?;
    file.write_all(b"ID3 \0\0\0\0")?;
    file.seek(SeekFrom::Start(4))?;
    file.write_all(&if little_endian {
        grown.to_le_bytes()
    } else {
        grown.to_be_bytes()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn of_large_files_one_is_worked_on_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large.wav");
        fs::write(&path, vec![0; SMALL as usize + 1]).unwrap();
        let (at_work, done) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    in_turn(&path, || {
                        assert_eq!(at_work.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        at_work.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(done.into_inner(), 8);
    }

    #[test]
    fn room_for_a_tag_is_made_only_where_a_file_is_whole_and_has_none() {
        const ROOM: &[u8] = b"ID3 \0\0\0\0";
        let wav = |size: u8, rest: &[u8]| {
            let head = b"WAVEdata\x03\0\0\0abc\0";
            [&b"RIFF"[..], &[size, 0, 0, 0], head, rest].concat()
        };
        let aiff = |size: u8| [&b"FORM\0\0\0"[..], &[size], b"AIFFSSND\0\0\0\x02ab"].concat();
        let odd = b"RIFF\x0f\0\0\0WAVEdata\x03\0\0\0abc".to_vec();
        use Container::{Aiff, Mp3, Wav};
        for (container, before, after) in [
            (Wav, wav(16, b""), wav(24, ROOM)),
            (Aiff, aiff(14), [aiff(22), ROOM.to_vec()].concat()),
            // It has one, it ends later or earlier than it says, it is of another kind.
            (Wav, wav(24, ROOM), wav(24, ROOM)),
            (Wav, wav(16, b"junk"), wav(16, b"junk")),
            (Wav, wav(17, b""), wav(17, b"")),
            (Wav, odd.clone(), odd),
            (Wav, b"RIFF".to_vec(), b"RIFF".to_vec()),
            (Mp3, wav(16, b""), wav(16, b"")),
        ] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&before).unwrap();
            for_id3(&mut file, container).unwrap();
            let mut found = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut found).unwrap();
            assert_eq!(found, after, "{}", before.escape_ascii());
        }
    }

    #[test]
    fn small_files_wait_for_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("small.mp3");
        fs::write(&path, "x").unwrap();
        // Would it take a turn, the inner one would wait for ever.
        in_turn(&path, || in_turn(&path, || Ok(()))).unwrap();
    }
}
