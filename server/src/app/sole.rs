//! One server for one file: a second one would take writes of which the clients of the first hear nothing.
//!
//! The lock is on a file beside the database, since SQLite's own locks are on the database; the system takes it back
//! when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::StartError;
use crate::config::StoreConfig;

/// Who else may have the file open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    /// Nobody.
    Nobody,
    /// Nodes that hear of each other.
    Nodes,
}

/// The right to a file, for as long as this lives. There is none for a store that is not in a file.
#[derive(Debug, Default)]
pub(super) struct Sole(Option<File>);

impl Sole {
    /// Takes the right to the file that the settings name. To be called before it is opened, and again behind that:
    /// where there was no folder yet, there was nothing to lock, and nobody else.
    ///
    /// # Errors
    /// [`StartError::InUse`]: another process has it.
    pub(super) fn take(self, config: &StoreConfig, with: With) -> Result<Self, StartError> {
        match config.sqlite_file() {
            Some(file) if self.0.is_none() => Self::of(&file, with).map(Self),
            Some(_) | None => Ok(self),
        }
    }

    fn of(database: &Path, with: With) -> Result<Option<File>, StartError> {
        let path = beside(database);
        let locked = open(&path).map_err(TryLockError::Error).and_then(|file| {
            match with {
                With::Nobody => file.try_lock(),
                With::Nodes => file.try_lock_shared(),
            }
            .map(|()| file)
        });
        match locked {
            Ok(file) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(StartError::InUse { file: database.to_path_buf() }),
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            // Some file systems have no locks.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(file = %path.display(), %error, "nothing keeps a second server from this database");
                Ok(None)
            }
        }
    }
}

/// The same for every name of a database.
fn beside(database: &Path) -> PathBuf {
    let mut path = database.canonicalize().unwrap_or_else(|_| database.to_path_buf()).into_os_string();
    path.push(".lock");
    path.into()
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn take(database: &Path, with: With) -> Result<Option<File>, StartError> {
        Sole::of(database, with)
    }

    #[test]
    fn a_file_is_one_servers_until_that_is_gone() {
        let folder = TempDir::new().unwrap();
        let database = folder.path().join("x.db");
        let first = take(&database, With::Nobody).unwrap();
        assert!(first.is_some());
        for with in [With::Nobody, With::Nodes] {
            let error = take(&database, with).unwrap_err();
            assert!(matches!(&error, StartError::InUse { file } if *file == database), "{error}");
        }
        drop(first);
        assert!(take(&database, With::Nobody).unwrap().is_some());
    }

    #[test]
    fn nodes_of_a_cluster_share_a_file_among_themselves_alone() {
        let folder = TempDir::new().unwrap();
        let database = folder.path().join("x.db");
        let _nodes = [take(&database, With::Nodes).unwrap(), take(&database, With::Nodes).unwrap()];
        assert!(take(&database, With::Nobody).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_database_is_that_database() {
        let folder = TempDir::new().unwrap();
        let (database, link) = (folder.path().join("x.db"), folder.path().join("y.db"));
        File::create(&database).unwrap();
        std::os::unix::fs::symlink(&database, &link).unwrap();
        let _first = take(&database, With::Nobody).unwrap();
        assert!(take(&link, With::Nobody).is_err());
    }

    #[test]
    fn where_there_is_no_folder_there_is_nobody_else() {
        assert!(take(Path::new("/nowhere/x.db"), With::Nobody).unwrap().is_none());
    }
}
