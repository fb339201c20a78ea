//! A tar archive that somebody else wrote, read with bounds: names of any length that is one, no count or size without an
//! end.

use std::{
    borrow::Cow,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use tar::{Archive, EntryType, Header, PaxExtensions};

/// The kernel takes no longer path.
const LONGEST_PATH: usize = 4_096;

/// No honest tree is deeper.
const DEEPEST: usize = 128;

/// What tells a long name, or the like, of the entry behind it.
const LONGEST_NOTE: u64 = 1 << 20;

/// So many entries at most.
const MOST_ENTRIES: usize = 1_000_000;

/// One thing in an archive.
#[derive(Debug)]
pub(super) struct Item {
    /// Relative, with no `.` and no `..` in it; empty for the root.
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) user: u32,
    pub(super) group: u32,
    /// Where its bytes begin in the archive, and how many there are.
    pub(super) place: (u64, u64),
}

/// What a thing is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A symbolic link, and what it says.
    Link(PathBuf),
    /// Another name of a file.
    Name(PathBuf),
    /// A device, a pipe: nothing that an image has.
    Other,
}

/// Hands each thing on, with its bytes.
pub(super) fn each(
    archive: impl Read,
    mut take: impl FnMut(Item, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let mut archive = Archive::new(archive);
    // What longer names mean is read here, as the library would read them into memory whole.
    let (mut name, mut target) = (None, None);
    for (count, entry) in archive.entries()?.raw(true).enumerate() {
        if count == MOST_ENTRIES {
            return Err(bad(format!("it has more than {MOST_ENTRIES} entries")));
        }
        let mut entry = entry?;
        match entry.header().entry_type() {
            EntryType::GNULongName => name = Some(note(&mut entry)?),
            EntryType::GNULongLink => target = Some(note(&mut entry)?),
            EntryType::XGlobalHeader => {}
            EntryType::XHeader => {
                let told = note(&mut entry)?;
                for extension in PaxExtensions::new(&told) {
                    let extension = extension?;
                    match extension.key_bytes() {
                        b"path" => name = Some(extension.value_bytes().to_vec()),
                        b"linkpath" => target = Some(extension.value_bytes().to_vec()),
                        b"size" => return Err(bad("a file in it is larger than its format has room for")),
                        key if key.starts_with(b"GNU.sparse") => return Err(bad("it has files with holes")),
                        _ => {}
                    }
                }
            }
            _ => {
                let place = (entry.raw_file_position(), entry.header().entry_size()?);
                let item = item(entry.header(), name.take(), target.take(), place)?;
                take(item, &mut entry)?;
            }
        }
    }
    Ok(())
}

fn note(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(LONGEST_NOTE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_NOTE {
        return Err(bad("a name in it is too long"));
    }
    Ok(bytes)
}

fn item(
    header: &Header,
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    place: (u64, u64),
) -> io::Result<Item> {
    let path = plain(&name.unwrap_or_else(|| header.path_bytes().into_owned()))?;
    let target = || {
        let told = target.or_else(|| header.link_name_bytes().map(Cow::into_owned));
        told.ok_or_else(|| bad(format!("{} leads nowhere", path.display())))
    };
    let kind = match header.entry_type() {
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Directory => Kind::Folder,
        EntryType::Symlink => Kind::Link(text(&target()?)?),
        EntryType::Link => Kind::Name(plain(&target()?)?),
        EntryType::GNUSparse => return Err(bad("it has files with holes")),
        _ => Kind::Other,
    };
    // Who owns it is no reason to refuse it.
    let id = |id: io::Result<u64>| id.ok().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
    let (user, group) = (id(header.uid()), id(header.gid()));
    Ok(Item { path, kind, mode: header.mode()?, user, group, place })
}

/// A path as it is written, without what a C program would not see of it.
fn text(bytes: &[u8]) -> io::Result<PathBuf> {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    if bytes.is_empty() || bytes.len() >= LONGEST_PATH {
        return Err(bad("a name in it is empty or too long"));
    }
    Ok(Path::new(std::ffi::OsStr::from_bytes(bytes)).to_owned())
}

/// A path below the root of the archive, or an error where it leads out of it.
fn plain(bytes: &[u8]) -> io::Result<PathBuf> {
    let path = text(bytes)?;
    let mut plain = PathBuf::new();
    for part in path.as_os_str().as_bytes().split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err(bad(format!("{} leads out of it", path.display()))),
            part if part.len() > 255 => return Err(bad("a name in it is too long")),
            part => plain.push(std::ffi::OsStr::from_bytes(part)),
        }
    }
    if plain.components().count() > DEEPEST {
        return Err(bad(format!("{} is too deep", path.display())));
    }
    Ok(plain)
}

pub(super) fn bad(detail: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, detail.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of one entry, whose name is written as it is, whatever it says.
    fn of(name: &[u8], kind: EntryType) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_mode(0o644);
        header.set_cksum();
        [header.as_bytes().as_slice(), &[0; 1024]].concat()
    }

    fn paths(archive: &[u8]) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        each(archive, |item, _| {
            found.push(item.path);
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn names_that_lead_out_are_refused_and_others_are_made_plain() {
        for name in [&b"../x"[..], b"a/../../x", b"..", b"a/.."] {
            assert!(paths(&of(name, EntryType::Regular)).is_err(), "{name:?}");
        }
        assert_eq!(paths(&of(b"/etc//./passwd", EntryType::Regular)).unwrap(), [Path::new("etc/passwd")]);
        assert_eq!(paths(&of(b"./", EntryType::Directory)).unwrap(), [Path::new("")]);
    }

    #[test]
    fn long_names_of_both_kinds_are_read() {
        let long = format!("{}/end", "folder/".repeat(60));
        for is_gnu in [true, false] {
            let mut builder = tar::Builder::new(Vec::new());
            if is_gnu {
                let mut header = Header::new_gnu();
                header.set_size(2);
                header.set_mode(0o600);
                header.set_cksum();
                builder.append_data(&mut header, &long, &b"ab"[..]).unwrap();
            } else {
                builder.append_pax_extensions([("path", long.as_bytes())]).unwrap();
                let mut header = Header::new_ustar();
                header.set_path("short").unwrap();
                header.set_size(2);
                header.set_mode(0o600);
                header.set_cksum();
                builder.append(&header, &b"ab"[..]).unwrap();
            }
            let archive = builder.into_inner().unwrap();
            assert_eq!(paths(&archive).unwrap(), [plain(long.as_bytes()).unwrap()], "{is_gnu}");
        }
    }

    #[test]
    fn a_name_without_an_end_is_not_read_into_memory() {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNULongName);
        header.set_size(u64::MAX / 2);
        header.set_cksum();
        let endless = header.as_bytes().as_slice().chain(io::repeat(b'a'));
        assert!(each(endless, |_, _| Ok(())).is_err());
    }

    #[test]
    fn an_archive_that_is_cut_off_is_an_error() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_size(5_000);
        header.set_mode(0o600);
        header.set_cksum();
        builder.append_data(&mut header, "file", &[7; 5_000][..]).unwrap();
        let whole = builder.into_inner().unwrap();
        let copy = |bytes: &[u8]| {
            each(bytes, |item, content| {
                let copied = io::copy(content, &mut io::sink())?;
                if copied == item.place.1 { Ok(()) } else { Err(bad("cut off")) }
            })
        };
        assert!(copy(&whole).is_ok());
        assert!(copy(&whole[..3_000]).is_err());
    }
}
