//! Whether a file can be mapped as a library at all, from its headers alone.
//!
//! The system's loader maps what the headers promise; where a copy was cut short, touching
//! the promised pages kills the program with SIGBUS. So the promises are compared with the
//! length of the file first. What is inside the pages stays the loader's business.
//!
//! Offsets: System V ABI, chapters "ELF header" and "Program header", 64-bit class; a 32-bit
//! file is another machine's to every system that musicdl is built for.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Why a file is no library of this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALibrary {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Text, an archive, another system's library.
    #[error("it is not a shared library of this system")]
    Foreign,
    /// A program or an object file.
    #[error("it is an ELF file, but not a shared library")]
    NotShared,
    /// Built for another processor.
    #[error("it is built for another processor (ELF machine {found}, this one is {wanted})")]
    Machine {
        /// `e_machine` of the file.
        found: u16,
        /// `e_machine` of this program.
        wanted: u16,
    },
    /// Headers promise more than there is.
    #[error(
        "the file is cut short: its headers describe {promised} bytes, it has {length}; copy it \
         again"
    )]
    Truncated {
        /// Least length by the headers.
        promised: u64,
        /// Length of the file.
        length: u64,
    },
}

const HEADER_BYTES: u64 = 64;
const SHARED_OBJECT: u16 = 3;

/// `e_machine` of the processors we can name; `None`: left to the loader.
const MACHINE: Option<u16> = if cfg!(target_arch = "x86_64") {
    Some(62)
} else if cfg!(target_arch = "aarch64") {
    Some(183)
} else {
    None
};

/// Checks the headers of an open file; `Ok(Err(..))` says what is wrong with it.
///
/// # Errors
/// When the file cannot be read.
pub fn check(file: &mut File) -> io::Result<Result<(), NotALibrary>> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(Err(NotALibrary::Empty));
    }
    let mut header = Vec::new();
    file.by_ref().take(HEADER_BYTES).read_to_end(&mut header)?;
    Ok(match read_header(&header, length) {
        Err(reason) => Err(reason),
        Ok(tables) => {
            let mut programs = vec![0; tables.programs_bytes];
            file.seek(SeekFrom::Start(tables.programs_at))?;
            file.read_exact(&mut programs)?;
            segments_fit(&programs, tables.program_bytes, length)
        }
    })
}

/// Where the program headers are; checked to lie within the file.
struct Tables {
    programs_at: u64,
    programs_bytes: usize,
    program_bytes: usize,
}

fn read_header(header: &[u8], length: u64) -> Result<Tables, NotALibrary> {
    let foreign = || NotALibrary::Foreign;
    if !header.starts_with(b"\x7fELF") {
        return Err(foreign());
    }
    if (header.len() as u64) < HEADER_BYTES {
        return Err(NotALibrary::Truncated {
            promised: HEADER_BYTES,
            length,
        });
    }
    let little = if cfg!(target_endian = "little") { 1 } else { 2 };
    if header[4] != 2 || header[5] != little {
        return Err(foreign());
    }
    if half(header, 16) != SHARED_OBJECT {
        return Err(NotALibrary::NotShared);
    }
    let found = half(header, 18);
    if let Some(wanted) = MACHINE.filter(|&wanted| wanted != found) {
        return Err(NotALibrary::Machine { found, wanted });
    }
    let (programs_at, sections_at) = (word(header, 32), word(header, 40));
    let (program_bytes, programs) = (half(header, 54), half(header, 56));
    let (section_bytes, sections) = (half(header, 58), half(header, 60));
    if program_bytes < 56 || programs == 0 {
        return Err(foreign());
    }
    let programs_bytes = usize::from(program_bytes) * usize::from(programs);
    fits(programs_at, programs_bytes as u64, length)?;
    let sections_bytes = u64::from(section_bytes) * u64::from(sections);
    fits(sections_at, sections_bytes, length)?;
    Ok(Tables {
        programs_at,
        programs_bytes,
        program_bytes: program_bytes.into(),
    })
}

fn segments_fit(programs: &[u8], each: usize, length: u64) -> Result<(), NotALibrary> {
    programs
        .chunks_exact(each)
        .try_for_each(|program| fits(word(program, 8), word(program, 32), length))
}

fn fits(at: u64, bytes: u64, length: u64) -> Result<(), NotALibrary> {
    let promised = at.saturating_add(bytes);
    if promised > length {
        return Err(NotALibrary::Truncated { promised, length });
    }
    Ok(())
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes(field(bytes, at..at + 2))
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(field(bytes, at..at + 8))
}

fn field<const N: usize>(bytes: &[u8], range: Range<usize>) -> [u8; N] {
    bytes[range]
        .try_into()
        .expect("both callers ask for as many bytes as they take")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest header that passes: one segment of 16 bytes, no sections.
    fn sound() -> Vec<u8> {
        let mut file = vec![0; 136];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        put(&mut file, 16, &SHARED_OBJECT.to_ne_bytes());
        put(&mut file, 18, &MACHINE.unwrap_or(62).to_ne_bytes());
        put(&mut file, 32, &64_u64.to_ne_bytes());
        put(&mut file, 54, &56_u16.to_ne_bytes());
        put(&mut file, 56, &1_u16.to_ne_bytes());
        put(&mut file, 64 + 8, &120_u64.to_ne_bytes());
        put(&mut file, 64 + 32, &16_u64.to_ne_bytes());
        file
    }

    fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
        file[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn checked(content: &[u8]) -> Result<(), NotALibrary> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.so");
        std::fs::write(&path, content).unwrap();
        check(&mut File::open(path).unwrap()).unwrap()
    }

    #[test]
    fn a_header_whose_promises_the_file_keeps_passes() {
        assert_eq!(checked(&sound()), Ok(()));
    }

    #[test]
    fn whatever_is_wrong_with_a_file_has_its_own_reason() {
        use NotALibrary::*;
        let with = |at: usize, bytes: &[u8]| {
            let mut file = sound();
            put(&mut file, at, bytes);
            file
        };
        let huge = u64::MAX.to_ne_bytes();
        for (what, content, expected) in [
            ("nothing", vec![], Empty),
            ("a text", b"not found\n".to_vec(), Foreign),
            (
                "a cut header",
                sound()[..40].to_vec(),
                Truncated {
                    promised: 64,
                    length: 40,
                },
            ),
            (
                "a cut table",
                sound()[..100].to_vec(),
                Truncated {
                    promised: 120,
                    length: 100,
                },
            ),
            (
                "a cut segment",
                sound()[..135].to_vec(),
                Truncated {
                    promised: 136,
                    length: 135,
                },
            ),
            ("32 bits", with(4, &[1]), Foreign),
            ("a program", with(16, &2_u16.to_ne_bytes()), NotShared),
            ("no segments", with(56, &[0, 0]), Foreign),
            (
                "a segment beyond everything",
                with(72, &huge),
                Truncated {
                    promised: u64::MAX,
                    length: 136,
                },
            ),
            (
                "a table beyond everything",
                with(32, &huge),
                Truncated {
                    promised: u64::MAX,
                    length: 136,
                },
            ),
            (
                "lost sections",
                with(40, &500_u64.to_ne_bytes()),
                Truncated {
                    promised: 500,
                    length: 136,
                },
            ),
        ] {
            assert_eq!(checked(&content), Err(expected), "{what}");
        }
    }

    #[test]
    fn a_library_of_another_processor_says_which() {
        if let Some(wanted) = MACHINE {
            let mut file = sound();
            put(&mut file, 18, &8_u16.to_ne_bytes());
            assert_eq!(
                checked(&file),
                Err(NotALibrary::Machine { found: 8, wanted })
            );
        }
    }
}
