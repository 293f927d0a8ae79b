//! Which status file the daemon reads: the newest of six, whoever wrote it.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Stat};

use crate::files;

/// The folders in which the daemon looks for a file, in its order. `None`: it is not known which folder that is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    pub library: Option<PathBuf>,
    pub cache: Option<PathBuf>,
    /// The daemon's `/tmp`, which is another folder where its unit says `PrivateTmp=` (systemd.exec(5)).
    pub tmp: Option<PathBuf>,
    pub run: Option<PathBuf>,
    pub var_run: Option<PathBuf>,
    /// The daemon's working folder when it starts.
    pub working: Option<PathBuf>,
}

impl Places {
    /// The folders of an agent. `/tmp` is that of this program, if the unit makes no other (see
    /// [`Unit::private_tmp`](crate::agent::systemd::Unit)); of a running daemon `/proc/PID/root` leads there, with the
    /// right to look.
    pub fn new(
        library: Option<&Path>,
        cache: Option<&Path>,
        private_tmp: Option<bool>,
        process: Option<u32>,
        working: Option<&Path>,
    ) -> Self {
        let tmp = match (private_tmp, process) {
            (Some(false), _) => Some(PathBuf::from("/tmp")),
            (_, Some(process)) => Some(PathBuf::from(format!("/proc/{process}/root/tmp"))),
            _ => None,
        };
        Self {
            library: library.map(Path::to_owned),
            cache: cache.map(Path::to_owned),
            tmp,
            run: Some("/run".into()),
            var_run: Some("/var/run".into()),
            working: working.map(Path::to_owned),
        }
    }

    fn each(&self) -> [(&'static str, Option<&Path>); 6] {
        let Self { library, cache, tmp, run, var_run, working } = self;
        let names = ["library directory", "cache directory", "/tmp", "/run", "/var/run", "working directory"];
        let paths = [library, cache, tmp, run, var_run, working];
        std::array::from_fn(|at| (names[at], paths[at].as_deref()))
    }
}

/// A place, and what was found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The daemon's name for the folder.
    pub place: &'static str,
    /// The file, if the folder is known.
    pub path: Option<PathBuf>,
    pub found: Found,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing that the daemon would take: no file, an empty one, a FIFO or a device.
    Nothing,
    File {
        /// Whole seconds since 1970.
        modified: i64,
        /// The user id.
        owner: u32,
        /// `Err`: it cannot be read here. A folder is read by nobody.
        bytes: Result<Content, String>,
    },
    /// It could not be seen, or was refused.
    Unseen(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Bytes(Vec<u8>),
    /// The daemon does not read it either: it is a folder, or too large.
    Unreadable,
}

/// The file that the daemon would read at its next start.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice<'c> {
    Nothing,
    File(&'c Candidate, &'c Content),
    /// Neither root nor the daemon's user owns the file. The daemon would believe it, and it is not shown.
    Foreign(&'c Candidate),
    /// This place decides, or may, and could not be read.
    Unknown(&'c Candidate),
}

/// The newest by whole seconds; of equally new ones the first. A damaged newest file is not replaced by an older one.
pub fn choose<'c>(candidates: &'c [Candidate], daemon_user: Option<u32>) -> Choice<'c> {
    if let Some(unseen) = candidates.iter().find(|candidate| matches!(candidate.found, Found::Unseen(_))) {
        return Choice::Unknown(unseen);
    }
    let mut newest: Option<(i64, &'c Candidate)> = None;
    for candidate in candidates {
        // The daemon takes 1970 for "no file".
        if let Found::File { modified, .. } = candidate.found
            && modified > 0
            && newest.is_none_or(|(so_far, _)| modified > so_far)
        {
            newest = Some((modified, candidate));
        }
    }
    match newest {
        None => Choice::Nothing,
        Some((_, candidate)) => match &candidate.found {
            Found::File { owner, .. } if *owner != 0 && Some(*owner) != daemon_user => Choice::Foreign(candidate),
            Found::File { bytes: Ok(content), .. } => Choice::File(candidate, content),
            _ => Choice::Unknown(candidate),
        },
    }
}

/// Looks at all places. The daemon follows links; here none below these folders is followed, because others may write
/// there.
pub fn look(places: &Places, name: &str, max: usize) -> Vec<Candidate> {
    let candidate = |(place, folder): (&'static str, Option<&Path>)| Candidate {
        place,
        path: folder.map(|folder| folder.join(name)),
        found: folder
            .map_or_else(|| Found::Unseen("the folder is not known".to_owned()), |folder| at(folder, name, max)),
    };
    places.each().map(candidate).into()
}

fn at(folder: &Path, name: &str, max: usize) -> Found {
    let stat = match files::stat_below(folder, name.as_ref()) {
        Err(_) if folder.starts_with("/proc") && !folder.is_dir() => {
            return Found::Unseen("the folder of the daemon cannot be seen".to_owned());
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Found::Nothing;
        }
        Err(error) => return Found::Unseen(crate::text::reason(&error)),
        Ok(stat) => stat,
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Symlink => Found::Unseen("it is a link, which the daemon follows".to_owned()),
        FileType::Directory => file(&stat, Ok(Content::Unreadable)),
        FileType::RegularFile if stat.st_size == 0 => Found::Nothing,
        FileType::RegularFile => match files::open_below(folder, name.as_ref()) {
            // The opened file, which may be a newer one.
            Ok(opened) => {
                let stat = opened.stat;
                let limit = u64::try_from(max).unwrap_or(u64::MAX);
                let content =
                    if opened.size() > limit { Ok(Content::Unreadable) } else { opened.read(max).map(Content::Bytes) };
                file(&stat, content.map_err(|error| crate::text::reason(&error)))
            }
            Err(error) => file(&stat, Err(crate::text::reason(&error))),
        },
        _ => Found::Nothing,
    }
}

#[expect(clippy::useless_conversion, reason = "the type differs between systems")]
fn file(stat: &Stat, bytes: Result<Content, String>) -> Found {
    Found::File { modified: i64::from(stat.st_mtime), owner: stat.st_uid, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(found: Found) -> Candidate {
        Candidate { place: "/tmp", path: None, found }
    }

    fn found(modified: i64, owner: u32, bytes: Result<&str, &str>) -> Candidate {
        let bytes = bytes.map(|text| Content::Bytes(text.into())).map_err(str::to_owned);
        candidate(Found::File { modified, owner, bytes })
    }

    #[test]
    fn the_newest_of_all_decides() {
        const USER: u32 = 201;
        let (nothing, unseen) = (candidate(Found::Nothing), candidate(Found::Unseen("no right".into())));
        let first = found(7, USER, Ok("first"));
        let second = found(7, 0, Ok("second"));
        let third = found(8, USER, Ok("third"));
        let hidden = found(9, USER, Err("no right"));
        let foreign = found(10, 1000, Ok("evil"));
        let chosen = |candidates: &[&Candidate]| {
            let candidates: Vec<Candidate> = candidates.iter().map(|candidate| (*candidate).clone()).collect();
            match choose(&candidates, Some(USER)) {
                Choice::Nothing => "nothing".to_owned(),
                Choice::File(_, Content::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
                Choice::File(_, Content::Unreadable) => "unreadable".to_owned(),
                Choice::Foreign(_) => "foreign".to_owned(),
                Choice::Unknown(_) => "unknown".to_owned(),
            }
        };
        assert_eq!(chosen(&[&nothing, &nothing]), "nothing");
        assert_eq!(chosen(&[&first, &second]), "first");
        assert_eq!(chosen(&[&first, &nothing, &third]), "third");
        assert_eq!(chosen(&[&third, &hidden]), "unknown");
        assert_eq!(chosen(&[&third, &unseen]), "unknown");
        assert_eq!(chosen(&[&third, &foreign]), "foreign");
        assert_eq!(chosen(&[&found(0, 0, Ok("of 1970"))]), "nothing");
        assert_eq!(
            chosen(&[&candidate(Found::File { modified: 9, owner: 0, bytes: Ok(Content::Unreadable) })]),
            "unreadable"
        );
    }

    #[test]
    fn on_disk() {
        let root = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = root.path().join(name);
            std::fs::create_dir(&path).unwrap();
            Some(path)
        };
        let places = Places {
            library: folder("lib"),
            cache: folder("cache"),
            tmp: folder("tmp"),
            run: folder("run"),
            var_run: Some(root.path().join("missing")),
            working: None,
        };
        let file = |folder: &str| root.path().join(folder).join("file");
        std::fs::write(file("lib"), "text").unwrap();
        std::fs::write(file("cache"), "").unwrap();
        std::fs::create_dir(file("tmp")).unwrap();
        std::os::unix::fs::symlink("../lib/file", file("run")).unwrap();
        let looked = look(&places, "file", 4);
        let content = |at: usize| match &looked[at].found {
            Found::File { bytes, .. } => Some(bytes.clone().unwrap()),
            _ => None,
        };
        assert_eq!(content(0), Some(Content::Bytes(b"text".to_vec())));
        assert_eq!(looked[1].found, Found::Nothing);
        assert_eq!(content(2), Some(Content::Unreadable));
        assert!(matches!(looked[3].found, Found::Unseen(_)), "a link");
        assert_eq!(looked[4].found, Found::Nothing);
        assert!(matches!(looked[5].found, Found::Unseen(_)), "an unknown folder");
        assert!(matches!(&look(&places, "file", 3)[0].found, Found::File { bytes: Ok(Content::Unreadable), .. }));
    }
}
