//! What a shared library needs of a system and offers to it, read from its sections without
//! running anything of it. Whether the file can be mapped at all is
//! [`elf`](crate::plugin::elf)'s question and asked before.
//!
//! Formats: System V ABI, "Sections", "Symbol Table", "Dynamic Section"; symbol versions as
//! in the Linux Standard Base, "Symbol Versioning".

use std::fmt;

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

const TABLE_OF_STRINGS: u32 = 3;
const DYNAMIC: u32 = 6;
const DYNAMIC_SYMBOLS: u32 = 11;
const VERSIONS_NEEDED: u32 = 0x6fff_fffe;
/// `SHF_ALLOC`: a section that is mapped when the library is.
const MAPPED: u64 = 2;
/// `DT_NEEDED`.
const NEEDED: u64 = 1;

impl Linkage {
    /// Reads a whole 64-bit ELF file of this byte order. `None` when its tables contradict
    /// themselves or are not there.
    pub fn read(file: &[u8]) -> Option<Linkage> {
        let elf = Elf { file };
        let sections = elf.sections()?;
        let mut linkage = Linkage {
            stripped: stripped(file.len() as u64, &sections),
            ..Linkage::default()
        };
        let dynamic = sections.iter().find(|section| section.kind == DYNAMIC)?;
        let names = elf.strings(&sections, dynamic)?;
        for entry in elf.entries(dynamic, 16)? {
            if word(entry, 0)? == NEEDED {
                linkage.needed.push(text(names, word(entry, 8)?)?);
            }
        }
        let symbols = sections
            .iter()
            .find(|section| section.kind == DYNAMIC_SYMBOLS)?;
        let names = elf.strings(&sections, symbols)?;
        for symbol in elf.entries(symbols, 24)? {
            if is_exported(symbol)? {
                linkage.exported.push(text(names, int(symbol, 0)?.into())?);
            }
        }
        if let Some(needs) = sections
            .iter()
            .find(|section| section.kind == VERSIONS_NEEDED)
        {
            linkage.glibc = newest_glibc(elf.content(needs)?, elf.strings(&sections, needs)?)?;
        }
        Some(linkage)
    }
}

/// Defined here, and seen by others: global, weak or unique.
fn is_exported(symbol: &[u8]) -> Option<bool> {
    let binding = *symbol.get(4)? >> 4;
    Some(half(symbol, 6)? != 0 && matches!(binding, 1 | 2 | 10))
}

/// More versions than any library needs; a file that lies shall not keep us.
const MOST_VERSIONS: usize = 10_000;

/// Walks the list of needed files, each with its list of versions.
fn newest_glibc(needs: &[u8], names: &[u8]) -> Option<Option<Glibc>> {
    let mut newest = None;
    let mut seen = 0;
    let mut file_at = 0;
    loop {
        let file = needs.get(file_at..)?;
        let mut version_at = file_at + int(file, 8)? as usize;
        for _ in 0..half(file, 2)? {
            let version = needs.get(version_at..)?;
            let name = text(names, int(version, 8)?.into())?;
            newest = newest.max(Glibc::parse(&name));
            seen += 1;
            if seen > MOST_VERSIONS {
                return None;
            }
            match int(version, 12)? {
                0 => break,
                step => version_at += step as usize,
            }
        }
        match int(file, 12)? {
            0 => return Some(newest),
            step => file_at += step as usize,
        }
        seen += 1;
    }
}

/// The file without the sections that are never mapped: symbols and text for debuggers.
fn stripped(length: u64, sections: &[Section]) -> u64 {
    let unmapped = sections
        .iter()
        .filter(|section| section.flags & MAPPED == 0)
        .map(|section| section.size);
    length.saturating_sub(unmapped.fold(0, u64::saturating_add))
}

struct Section {
    kind: u32,
    flags: u64,
    at: u64,
    size: u64,
    /// Index of the section with its strings.
    link: u32,
}

struct Elf<'a> {
    file: &'a [u8],
}

impl<'a> Elf<'a> {
    fn sections(&self) -> Option<Vec<Section>> {
        if !self.file.starts_with(b"\x7fELF\x02") {
            return None;
        }
        let at = usize::try_from(word(self.file, 40)?).ok()?;
        let (each, count) = (half(self.file, 58)?, half(self.file, 60)?);
        (0..usize::from(count))
            .map(|index| {
                let header = self
                    .file
                    .get(at.checked_add(index * usize::from(each))?..)?;
                Some(Section {
                    kind: int(header, 4)?,
                    flags: word(header, 8)?,
                    at: word(header, 24)?,
                    size: word(header, 32)?,
                    link: int(header, 40)?,
                })
            })
            .collect()
    }

    fn content(&self, section: &Section) -> Option<&'a [u8]> {
        let from = usize::try_from(section.at).ok()?;
        let to = usize::try_from(section.at.checked_add(section.size)?).ok()?;
        self.file.get(from..to)
    }

    fn entries(&self, section: &Section, each: usize) -> Option<std::slice::ChunksExact<'a, u8>> {
        Some(self.content(section)?.chunks_exact(each))
    }

    fn strings(&self, sections: &[Section], of: &Section) -> Option<&'a [u8]> {
        let strings = sections.get(usize::try_from(of.link).ok()?)?;
        (strings.kind == TABLE_OF_STRINGS).then(|| self.content(strings))?
    }
}

fn text(strings: &[u8], at: u64) -> Option<String> {
    let rest = strings.get(usize::try_from(at).ok()?..)?;
    let end = rest.iter().position(|&byte| byte == 0)?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn int(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
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

    /// A file with the five sections that are read: strings at 64, then dynamic entries,
    /// symbols, needed versions, and text for debuggers.
    fn small() -> Vec<u8> {
        let strings = b"\0libc.so.6\0TAG\0local\0GLIBC_2.34\0GLIBC_2.4\0memcpy\0";
        let at = |name: &str| {
            let found = strings
                .windows(name.len())
                .position(|window| window == name.as_bytes());
            u32::try_from(found.expect("it is a string of ours")).unwrap()
        };
        let mut dynamic = Vec::new();
        for number in [NEEDED, at("libc").into(), 30, 8] {
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
        let contents: [(u32, u64, &[u8]); 5] = [
            (TABLE_OF_STRINGS, MAPPED, strings),
            (DYNAMIC, MAPPED, &dynamic),
            (DYNAMIC_SYMBOLS, MAPPED, &symbols),
            (VERSIONS_NEEDED, MAPPED, &needs),
            (1, 0, b"for debuggers"),
        ];
        let mut file = vec![0; 64];
        file[..5].copy_from_slice(b"\x7fELF\x02");
        let mut headers = Vec::new();
        for (kind, flags, content) in contents {
            let mut header = [0; 64];
            header[4..8].copy_from_slice(&kind.to_ne_bytes());
            header[8..16].copy_from_slice(&flags.to_ne_bytes());
            header[24..32].copy_from_slice(&(file.len() as u64).to_ne_bytes());
            header[32..40].copy_from_slice(&(content.len() as u64).to_ne_bytes());
            headers.extend(header);
            file.extend(content);
        }
        let table = file.len() as u64;
        file[40..48].copy_from_slice(&table.to_ne_bytes());
        file[58..60].copy_from_slice(&64_u16.to_ne_bytes());
        file[60..62].copy_from_slice(&5_u16.to_ne_bytes());
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
