//! What a disk may hold after a power cut: of each file all that was synced, and of what was not synced any part, in
//! sectors that were written or were not.

use std::collections::BTreeMap;
use std::path::Path;

use fastrand::Rng;

use super::super::calls::{Call, Span, calls, quoted};
use crate::error::Error;

/// The least that a disk writes whole, in bytes.
const SECTOR: usize = 512;

/// What a call did to a file.
#[derive(Debug)]
enum What {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
    Remove,
}

#[derive(Debug)]
struct Op {
    span: Span,
    what: What,
    /// Where a sync had ended that began after this had.
    synced: Option<usize>,
}

/// Everything that was written to the files of a database, and when each sync of them ended.
#[derive(Debug, Default)]
pub(super) struct Recording {
    /// By name.
    files: BTreeMap<String, Vec<Op>>,
    /// Ends of syncs: of the log, and of the database itself.
    pub(super) syncs: Vec<Span>,
    pub(super) checkpoints: Vec<Span>,
    /// Where each mark was first written to a socket.
    pub(super) told: BTreeMap<usize, usize>,
    /// The line behind the last one.
    pub(super) end: usize,
}

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsynced {
    /// Nothing of it is there.
    Lost,
    /// All of it is there.
    Kept,
    /// The first of it is there.
    First,
    /// The last of it is there.
    Last,
    /// Some writes are there.
    Some,
    /// Some sectors of some writes are there.
    Torn,
}

impl Unsynced {
    pub(super) const ALL: [Self; 6] =
        [Self::Lost, Self::Kept, Self::First, Self::Last, Self::Some, Self::Torn];
}

impl Recording {
    /// Reads what strace has written; `database` is the file's name, and marks stand behind `prefix`.
    ///
    /// # Errors
    /// Something was done to a file that is not understood here.
    pub(super) fn read(text: &str, database: &str, mark: impl Fn(&str) -> Vec<usize>) -> Result<Self, Error> {
        let mut recording = Self { end: text.lines().count(), ..Self::default() };
        for call in calls(text).filter(Call::is_done) {
            recording.note(&call, database, &mark)?;
        }
        Ok(recording)
    }

    fn note(
        &mut self,
        call: &Call<'_>,
        database: &str,
        mark: impl Fn(&str) -> Vec<usize>,
    ) -> Result<(), Error> {
        let span = call.span;
        if call.is_to_a_socket() {
            for n in mark(call.arguments) {
                self.told.entry(n).or_insert(span.began);
            }
            return Ok(());
        }
        let named = match call.name {
            "unlink" => quoted(call.arguments).map(|(path, _)| String::from_utf8_lossy(&path).into_owned()),
            _ => call.path().map(str::to_owned),
        };
        let Some(path) = named else { return Ok(()) };
        let path = Path::new(&path);
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(()) };
        if matches!(call.name, "fsync" | "fdatasync") {
            if !name.starts_with(database) {
                // A folder: what was taken out of it stays out.
                let removed = self.files.values_mut().flatten().filter(|op| matches!(op.what, What::Remove));
                synced(removed, span);
                return Ok(());
            }
            synced(self.files.entry(name.to_owned()).or_default().iter_mut(), span);
            if name == database {
                self.checkpoints.push(span)
            } else {
                self.syncs.push(span)
            }
            return Ok(());
        }
        // What is shared in memory is made anew at each start.
        if !name.starts_with(database) || name.ends_with("-shm") {
            return Ok(());
        }
        let not_understood = || Error::Broken(format!("{} of {name} is not understood here", call.name));
        let what = match call.name {
            "pwrite64" => write_of(call).ok_or_else(not_understood)?,
            "ftruncate" => {
                let length =
                    call.arguments.split([',', ')']).nth(1).and_then(|text| text.trim().parse().ok());
                What::Truncate(length.ok_or_else(not_understood)?)
            }
            "unlink" => What::Remove,
            _ => return Err(not_understood()),
        };
        self.files.entry(name.to_owned()).or_default().push(Op { span, what, synced: None });
        Ok(())
    }

    /// The lines at which something was done to a file.
    pub(super) fn lines(&self) -> Vec<usize> {
        self.files.values().flatten().map(|op| op.span.began).collect()
    }

    /// The files as a cut at `line` may leave them.
    pub(super) fn image(&self, line: usize, unsynced: Unsynced, random: &mut Rng) -> BTreeMap<&str, Vec<u8>> {
        let open = |op: &&Op| op.span.began <= line && op.synced.is_none_or(|at| at > line);
        let count = self.files.values().flatten().filter(open).count();
        let some = random.usize(..=count);
        let (mut image, mut nth) = (BTreeMap::new(), 0);
        for (name, ops) in &self.files {
            let mut file = None;
            for op in ops.iter().filter(|op| op.span.began <= line) {
                let is_open = open(&op);
                let kept = match unsynced {
                    _ if !is_open => true,
                    Unsynced::Lost => false,
                    Unsynced::Kept => true,
                    Unsynced::First => nth < some,
                    Unsynced::Last => nth >= some,
                    Unsynced::Some | Unsynced::Torn => random.bool(),
                };
                nth += usize::from(is_open);
                if kept {
                    let is_torn = is_open && unsynced == Unsynced::Torn;
                    apply(&op.what, &mut file, is_torn.then_some(&mut *random));
                }
            }
            if let Some(bytes) = file {
                image.insert(name.as_str(), bytes);
            }
        }
        image
    }
}

/// Whatever of these had ended before the sync began is on the disk when it has ended.
fn synced<'a>(ops: impl Iterator<Item = &'a mut Op>, sync: Span) {
    for op in ops.filter(|op| op.synced.is_none() && op.span.ended < sync.began) {
        op.synced = Some(sync.ended);
    }
}

/// `pwrite64(9</d/tidings.db-wal>, "…", 4096, 32) = 4096`
fn write_of(call: &Call<'_>) -> Option<What> {
    let (_, arguments) = call.arguments.split_once('>')?;
    let (mut bytes, rest) = quoted(arguments.strip_prefix(", ")?)?;
    let at = rest.split([',', ')']).nth(2)?.trim().parse().ok()?;
    bytes.truncate(call.count()?);
    Some(What::Write { at, bytes })
}

/// Does to a file what was done to it, or to some of its sectors.
fn apply(what: &What, file: &mut Option<Vec<u8>>, mut torn: Option<&mut Rng>) {
    match what {
        What::Write { at, bytes } => {
            let file = file.get_or_insert_default();
            let mut at = *at;
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (sector, behind) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                if torn.as_mut().is_none_or(|random| random.bool()) {
                    if file.len() < at + sector.len() {
                        file.resize(at + sector.len(), 0);
                    }
                    file[at..at + sector.len()].copy_from_slice(sector);
                }
                at += sector.len();
                rest = behind;
            }
        }
        What::Truncate(length) => file.get_or_insert_default().resize(*length, 0),
        What::Remove => *file = None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: &str = "7 1 pwrite64(9</d/t.db-wal>, \"aaaa\", 4, 0) = 4\n\
        7 2 fdatasync(9</d/t.db-wal>) = 0\n\
        7 3 sendto(12<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"mark-1\", 6, 0, NULL, 0) = 6\n\
        7 4 pwrite64(9</d/t.db-wal>, \"bb\", 2, 4) = 2\n\
        7 5 pwrite64(8</d/t.db>, \"\\0\\1\", 2, 510) = 2\n\
        7 6 ftruncate(9</d/t.db-wal>, 1) = 0\n\
        7 7 unlink(\"/d/t.db-journal\") = 0\n\
        7 8 pwrite64(9</d/t.db-shm>, \"s\", 1, 0) = 1\n\
        7 9 fsync(6</d>) = 0";

    fn recording() -> Recording {
        Recording::read(CALLS, "t.db", |text| if text.contains("mark-1") { vec![1] } else { Vec::new() })
            .unwrap()
    }

    fn image(line: usize, unsynced: Unsynced) -> Vec<(String, Vec<u8>)> {
        let recording = recording();
        let image = recording.image(line, unsynced, &mut Rng::with_seed(7));
        image.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
    }

    fn wal(bytes: &[u8]) -> (String, Vec<u8>) {
        ("t.db-wal".to_owned(), bytes.to_vec())
    }

    #[test]
    fn what_was_synced_is_there_and_nothing_else_need_be() {
        assert_eq!(recording().told.get(&1), Some(&2));
        assert_eq!(image(0, Unsynced::Lost), []);
        assert_eq!(image(0, Unsynced::Kept), [wal(b"aaaa")]);
        for unsynced in Unsynced::ALL {
            assert_eq!(image(1, unsynced), [wal(b"aaaa")], "{unsynced:?}");
        }
        assert_eq!(image(5, Unsynced::Lost), [wal(b"aaaa")]);
        assert_eq!(image(4, Unsynced::Kept).pop(), Some(wal(b"aaaabb")));
        let all = image(8, Unsynced::Kept);
        assert_eq!((all[0].1.len(), &all[1]), (512, &wal(b"a")));
    }

    #[test]
    fn what_was_not_synced_may_be_there_in_part() {
        let recording = recording();
        let mut seen = std::collections::BTreeSet::new();
        let mut random = Rng::with_seed(1);
        for _ in 0..200 {
            let image = recording.image(5, Unsynced::Torn, &mut random);
            seen.insert((image.get("t.db-wal").cloned(), image.get("t.db").cloned()));
        }
        let logs: std::collections::BTreeSet<_> = seen.iter().map(|(log, _)| log.clone().unwrap()).collect();
        assert_eq!(logs.into_iter().collect::<Vec<_>>(), [&b"a"[..], b"aaaa", b"aaaabb"]);
        assert!(seen.iter().any(|(_, database)| database.is_none()));
        assert!(seen.iter().any(|(_, database)| database.as_deref().is_some_and(|bytes| bytes.len() == 512)));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let read = |text: &str| Recording::read(text, "t.db", |_| Vec::new());
        assert!(read("7 1 fallocate(9</d/t.db>, 0, 0, 4096) = 0").is_err());
        assert!(
            read("7 1 pwrite64(9</d/t.db>, \"aa\"..., 4096, 0) = 4096").is_err(),
            "not all of it was kept"
        );
        assert!(read("7 1 pwrite64(9</d/other>, \"aa\"..., 4096, 0) = 4096").is_ok());
    }
}
