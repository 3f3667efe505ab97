//! What a shared library needs of a system and offers to it, read from its sections without
//! running anything of it. Whether the file can be mapped at all is
//! [`elf`](crate::plugin::elf)'s question and asked before.

use std::fmt;

use object::elf::{
    DT_NEEDED, FileHeader64, SHF_ALLOC, SHT_DYNSYM, STB_GLOBAL, STB_GNU_UNIQUE, STB_WEAK, Sym64,
};
use object::read::elf::{FileHeader, SectionHeader, SectionTable, Sym};
use object::{NativeEndian, StringTable};

/// A library's ties to the system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linkage {
    /// Libraries it needs, as it names them: `libc.so.6`.
    pub needed: Vec<String>,
    /// Symbols it defines for others.
    pub exported: Vec<String>,
    /// The newest version of the C library that a symbol it uses asks for.
    pub glibc: Option<Glibc>,
    /// Bytes it would have without symbols for debuggers.
    pub stripped: u64,
}

/// A version of the GNU C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc {
    /// 2, for as long as anybody remembers.
    pub major: u32,
    /// What changes twice a year.
    pub minor: u32,
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Glibc {
    /// Of a version's name: `GLIBC_2.34`, `GLIBC_2.3.4`; other names are no such version.
    fn parse(name: &str) -> Option<Glibc> {
        let mut numbers = name.strip_prefix("GLIBC_")?.split('.');
        let mut next = || numbers.next()?.parse().ok();
        Some(Glibc {
            major: next()?,
            minor: next()?,
        })
    }
}

/// More versions than any library needs; a file that lies shall not keep us.
const MOST_VERSIONS: usize = 10_000;

impl Linkage {
    /// Reads a whole 64-bit ELF file of this byte order. `None` when its tables contradict
    /// themselves or are not there.
    pub fn read(file: &[u8]) -> Option<Linkage> {
        let header = FileHeader64::parse(file).ok()?;
        let endian = header.endian().ok()?;
        // Nothing is looked up by the name of a section.
        let names = StringTable::default();
        let tables = Tables {
            file,
            sections: SectionTable::new(header.section_headers(endian, file).ok()?, names),
        };
        Some(Linkage {
            needed: tables.needed()?,
            exported: tables.exported()?,
            glibc: tables.newest_glibc()?,
            stripped: tables.stripped(),
        })
    }
}

struct Tables<'a> {
    file: &'a [u8],
    sections: SectionTable<'a, FileHeader64<NativeEndian>>,
}

impl Tables<'_> {
    fn needed(&self) -> Option<Vec<String>> {
        let dynamic = self.sections.dynamic_table(NativeEndian, self.file).ok()?;
        if dynamic.is_empty() {
            return None;
        }
        let needed = dynamic.iter().filter(|entry| entry.tag == DT_NEEDED);
        needed
            .map(|entry| dynamic.string(entry).ok().map(text))
            .collect()
    }

    fn exported(&self) -> Option<Vec<String>> {
        let symbols = self
            .sections
            .symbols(NativeEndian, self.file, SHT_DYNSYM)
            .ok()?;
        if symbols.is_empty() {
            return None;
        }
        let exported = symbols.iter().filter(|symbol| is_exported(symbol));
        exported
            .map(|symbol| symbol.name(NativeEndian, symbols.strings()).ok().map(text))
            .collect()
    }

    fn newest_glibc(&self) -> Option<Option<Glibc>> {
        let needs = self.sections.gnu_verneed(NativeEndian, self.file).ok()?;
        let Some((files, link)) = needs else {
            return Some(None);
        };
        let names = self.sections.strings(NativeEndian, self.file, link).ok()?;
        let (mut newest, mut seen) = (None, 0);
        for file in files {
            for version in file.ok()?.1 {
                let name = version.ok()?.name(NativeEndian, names).ok()?;
                newest = newest.max(Glibc::parse(&text(name)));
                seen += 1;
                if seen > MOST_VERSIONS {
                    return None;
                }
            }
        }
        Some(newest)
    }

    /// The file without the sections that are never mapped: symbols and text for debuggers.
    fn stripped(&self) -> u64 {
        let unmapped = self.sections.iter().filter(|section| {
            let flags = section.sh_flags(NativeEndian);
            !flags.contains(SHF_ALLOC)
        });
        let bytes = unmapped.map(|section| section.sh_size(NativeEndian));
        (self.file.len() as u64).saturating_sub(bytes.fold(0, u64::saturating_add))
    }
}

/// Defined here, and seen by others.
fn is_exported(symbol: &Sym64<NativeEndian>) -> bool {
    let seen = matches!(symbol.st_bind(), STB_GLOBAL | STB_WEAK | STB_GNU_UNIQUE);
    seen && !symbol.is_undefined(NativeEndian)
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use object::elf::{
        SHT_DYNAMIC, SHT_GNU_VERNEED, SHT_NULL, SHT_PROGBITS, SHT_STRTAB, SectionFlags, SectionType,
    };

    use super::*;

    #[test]
    fn versions_of_the_c_library_compare_as_numbers() {
        let glibc = |minor| Some(Glibc { major: 2, minor });
        for (name, version) in [
            ("GLIBC_2.34", glibc(34)),
            ("GLIBC_2.3.4", glibc(3)),
            ("GLIBC_PRIVATE", None),
            ("GCC_3.0", None),
        ] {
            assert_eq!(Glibc::parse(name), version, "{name}");
        }
        assert!(glibc(4) < glibc(34));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_program_needs_the_c_library() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let linkage = Linkage::read(&file).unwrap();
        assert!(
            linkage
                .needed
                .iter()
                .any(|name| name.starts_with("libc.so")),
            "{:?}",
            linkage.needed
        );
        assert!(linkage.glibc > Some(Glibc { major: 2, minor: 0 }));
        assert!(linkage.stripped > 0 && linkage.stripped < file.len() as u64);
    }

    /// A file with the five sections that are read, behind the empty one that all files begin
    /// with: strings at 64, then dynamic entries, symbols, needed versions, and text for
    /// debuggers.
    fn small() -> Vec<u8> {
        let strings = b"\0libc.so.6\0TAG\0local\0GLIBC_2.34\0GLIBC_2.4\0memcpy\0";
        let at = |name: &str| {
            let found = strings
                .windows(name.len())
                .position(|window| window == name.as_bytes());
            u32::try_from(found.expect("it is a string of ours")).unwrap()
        };
        let mut dynamic = Vec::new();
        for number in [DT_NEEDED.0 as u64, at("libc").into(), 30, 8] {
            dynamic.extend(u64::to_ne_bytes(number));
        }
        let mut symbols = Vec::new();
        for (name, info, section) in [
            ("TAG", 0x11_u8, 9_u16),
            ("local", 1, 9),
            ("memcpy", 0x12, 0),
        ] {
            symbols.extend(at(name).to_ne_bytes());
            symbols.extend([info, 0]);
            symbols.extend(section.to_ne_bytes());
            symbols.extend([0; 16]);
        }
        let mut needs = [1_u16, 2].map(u16::to_ne_bytes).concat();
        for number in [at("libc"), 16, 0] {
            needs.extend(number.to_ne_bytes());
        }
        for (name, next) in [("GLIBC_2.34", 16_u32), ("GLIBC_2.4", 0)] {
            needs.extend([0; 8]);
            needs.extend(at(name).to_ne_bytes());
            needs.extend(next.to_ne_bytes());
        }
        let contents: [(SectionType, SectionFlags, &[u8]); 6] = [
            (SHT_NULL, SectionFlags(0), b""),
            (SHT_STRTAB, SHF_ALLOC, strings),
            (SHT_DYNAMIC, SHF_ALLOC, &dynamic),
            (SHT_DYNSYM, SHF_ALLOC, &symbols),
            (SHT_GNU_VERNEED, SHF_ALLOC, &needs),
            (SHT_PROGBITS, SectionFlags(0), b"for debuggers"),
        ];
        let mut file = vec![0; 64];
        file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        let mut headers = Vec::new();
        for (kind, flags, content) in contents {
            let mut header = [0; 64];
            header[4..8].copy_from_slice(&kind.0.to_ne_bytes());
            header[8..16].copy_from_slice(&flags.0.to_ne_bytes());
            header[24..32].copy_from_slice(&(file.len() as u64).to_ne_bytes());
            header[32..40].copy_from_slice(&(content.len() as u64).to_ne_bytes());
            header[40] = 1;
            headers.extend(header);
            file.extend(content);
        }
        let table = file.len() as u64;
        file[40..48].copy_from_slice(&table.to_ne_bytes());
        file[58..60].copy_from_slice(&64_u16.to_ne_bytes());
        file[60..62].copy_from_slice(&6_u16.to_ne_bytes());
        file.extend(headers);
        file
    }

    #[test]
    fn only_what_is_defined_and_seen_by_others_is_exported() {
        let file = small();
        let expected = Linkage {
            needed: vec!["libc.so.6".to_owned()],
            exported: vec!["TAG".to_owned()],
            glibc: Some(Glibc {
                major: 2,
                minor: 34,
            }),
            stripped: file.len() as u64 - 13,
        };
        assert_eq!(Linkage::read(&file), Some(expected));
    }

    /// Every byte may be a lie; none may end the program or keep it.
    #[test]
    fn a_file_that_lies_is_refused_and_no_panic() {
        let sound = small();
        for at in 0..sound.len() {
            for lie in [0, 1, 0x7f, 0xff] {
                let mut file = sound.clone();
                file[at] = lie;
                drop(Linkage::read(&file));
            }
            drop(Linkage::read(&sound[..at]));
        }
    }
}
