//! Whether a file can be mapped as a library at all, from its headers alone.
//!
//! The system's loader maps what the headers promise; where a copy was cut short, touching
//! the promised pages kills the program with SIGBUS. So the promises are compared with the
//! length of the file first. What is inside the pages stays the loader's business.
//!
//! Only 64-bit files of this byte order pass: a 32-bit file is another machine's to every system
//! that musicdl is built for.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::mem::size_of;

use object::NativeEndian;
use object::elf::{
    EM_AARCH64, EM_X86_64, ET_DYN, FileHeader64, Machine, ProgramHeader64, SectionHeader64,
};
use object::pod::slice_from_bytes;
use object::read::elf::FileHeader;

/// Why a file is not a library of this machine.
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

type Header = FileHeader64<NativeEndian>;
type Program = ProgramHeader64<NativeEndian>;
type Section = SectionHeader64<NativeEndian>;

/// The processors we can name; `None`: left to the loader.
const MACHINE: Option<Machine> = if cfg!(target_arch = "x86_64") {
    Some(EM_X86_64)
} else if cfg!(target_arch = "aarch64") {
    Some(EM_AARCH64)
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
    file.by_ref()
        .take(size_of::<Header>() as u64)
        .read_to_end(&mut header)?;
    let programs = match read_header(&header, length) {
        Ok(programs) => programs,
        Err(reason) => return Ok(Err(reason)),
    };
    let mut table = vec![0; programs.count * size_of::<Program>()];
    file.seek(SeekFrom::Start(programs.at))?;
    file.read_exact(&mut table)?;
    Ok(segments_fit(&table, programs.count, length))
}

/// Where the program headers are; checked to lie within the file.
struct Programs {
    at: u64,
    count: usize,
}

fn read_header(header: &[u8], length: u64) -> Result<Programs, NotALibrary> {
    let foreign = || NotALibrary::Foreign;
    if !header.starts_with(b"\x7fELF") {
        return Err(foreign());
    }
    if header.len() < size_of::<Header>() {
        return Err(NotALibrary::Truncated {
            promised: size_of::<Header>() as u64,
            length,
        });
    }
    let header = Header::parse(header).map_err(|_| foreign())?;
    let endian = header.endian().map_err(|_| foreign())?;
    if header.e_type(endian) != ET_DYN {
        return Err(NotALibrary::NotShared);
    }
    let found = header.e_machine(endian);
    if let Some(wanted) = MACHINE.filter(|&wanted| wanted != found) {
        return Err(NotALibrary::Machine {
            found: found.0,
            wanted: wanted.0,
        });
    }
    let count = usize::from(header.e_phnum(endian));
    if usize::from(header.e_phentsize(endian)) != size_of::<Program>() || count == 0 {
        return Err(foreign());
    }
    let at = header.e_phoff(endian);
    fits(at, (count * size_of::<Program>()) as u64, length)?;
    let sections = usize::from(header.e_shnum(endian)) * size_of::<Section>();
    fits(header.e_shoff(endian), sections as u64, length)?;
    Ok(Programs { at, count })
}

fn segments_fit(table: &[u8], count: usize, length: u64) -> Result<(), NotALibrary> {
    let (programs, _) =
        slice_from_bytes::<Program>(table, count).map_err(|()| NotALibrary::Foreign)?;
    programs.iter().try_for_each(|program| {
        let (at, bytes) = (&program.p_offset, &program.p_filesz);
        fits(at.get(NativeEndian), bytes.get(NativeEndian), length)
    })
}

fn fits(at: u64, bytes: u64, length: u64) -> Result<(), NotALibrary> {
    let promised = at.saturating_add(bytes);
    if promised > length {
        return Err(NotALibrary::Truncated { promised, length });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest header that passes: one segment of 16 bytes, no sections.
    fn sound() -> Vec<u8> {
        let mut file = vec![0; 136];
        file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        put(&mut file, 16, &ET_DYN.0.to_ne_bytes());
        put(&mut file, 18, &MACHINE.unwrap_or(EM_X86_64).0.to_ne_bytes());
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
                Err(NotALibrary::Machine {
                    found: 8,
                    wanted: wanted.0
                })
            );
        }
    }
}
