//! An archive that depends on nothing but the files: not on the folder's order, the umask, the user or the time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    File,
    Program,
    /// A symbolic link, to what the bytes say.
    Link,
}

impl Kind {
    /// The permissions: there are no others.
    fn mode(self) -> u32 {
        match self {
            Self::File => 0o644,
            Self::Program => 0o755,
            Self::Link => 0o777,
        }
    }
}

pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
}

/// Files by their path below the archive's one folder.
pub(super) type Files = BTreeMap<String, Entry>;

/// Packs the files into a folder: in order, of root, with this time.
pub(super) fn tar(folder: &str, files: &Files, time: u64) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, file) in files {
        // The oldest form that has room for our names: every tar reads it.
        let mut header = Header::new_ustar();
        header.set_path(format!("{folder}/{name}")).with_context(|| format!("{name} is too long for an archive"))?;
        let bytes = if file.kind == Kind::Link {
            header.set_entry_type(EntryType::Symlink);
            header.set_link_name_literal(&file.bytes).with_context(|| format!("{name} leads too far"))?;
            &[][..]
        } else {
            header.set_entry_type(EntryType::Regular);
            &file.bytes
        };
        header.set_mode(file.kind.mode());
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.append(&header, bytes)?;
    }
    Ok(tar.into_inner()?)
}

/// Compresses, without a name and a time.
pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    gzip.finish()
}

/// The same files below a folder on disk; links are only in the source.
pub(super) fn unpacked(folder: &Path, files: &Files) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for (name, file) in files {
        let path = folder.join(name);
        let describe = || format!("cannot write {}", path.display());
        fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(describe)?;
        fs::write(&path, &file.bytes).with_context(describe)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(file.kind.mode())).with_context(describe)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn files(names: &[&str]) -> Files {
        let entry = |name: &&str| {
            let kind = match *name {
                "install.sh" => Kind::Program,
                "link" => Kind::Link,
                _ => Kind::File,
            };
            ((*name).to_owned(), Entry { kind, bytes: name.as_bytes().to_vec() })
        };
        names.iter().map(entry).collect()
    }

    #[test]
    fn entries_have_an_order_and_neither_owner_nor_umask() {
        let long = format!("share/{}/{}", "a".repeat(60), "b".repeat(60));
        let bytes = tar("folder-1", &files(&["install.sh", "b", &long, "a/c"]), 1_700_000_000).unwrap();
        let mut seen = Vec::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            assert_eq!((header.username().unwrap(), header.groupname().unwrap()), (Some(""), Some("")));
            assert_eq!(header.mtime().unwrap(), 1_700_000_000);
            let name = entry.path().unwrap().display().to_string();
            assert_eq!(name, format!("folder-1/{text}"));
            seen.push((name, header.mode().unwrap()));
        }
        let expected = [("a/c", 0o644), ("b", 0o644), ("install.sh", 0o755), (&long, 0o644)]
            .map(|(name, mode)| (format!("folder-1/{name}"), mode));
        assert_eq!(seen, expected);
    }

    #[test]
    fn compressed_bytes_have_neither_name_nor_time() {
        let bytes = gzip(b"text").unwrap();
        // RFC 1952: no flags, so no name; time 0; the slowest algorithm; on no system in particular.
        assert_eq!(bytes.get(..10).unwrap(), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
    }

    #[test]
    fn a_link_stays_one() {
        let bytes = tar("folder", &files(&["link"]), 0).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!((entry.header().entry_type(), entry.size()), (EntryType::Symlink, 0));
        assert_eq!(entry.link_name().unwrap().unwrap(), Path::new("link"));
    }

    #[test]
    fn a_name_that_does_not_fit_is_an_error() {
        assert!(tar("folder", &files(&["x".repeat(200).as_str()]), 0).is_err());
    }

    #[test]
    fn an_unpacked_file_has_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        unpacked(folder.path(), &files(&["install.sh", "docs/a"])).unwrap();
        for (name, mode) in [("install.sh", 0o755), ("docs/a", 0o644)] {
            assert_eq!(fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, mode);
        }
    }
}
