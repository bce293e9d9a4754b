//! Files that are written only when their content changed, so that what is built from them is not
//! built again for nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::Error;

/// Attaches the path to a system error.
pub fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Io { path, source }
}

/// Reads a whole file.
///
/// # Errors
/// The file cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(at(path))
}

/// Reads a whole text file.
///
/// # Errors
/// The file cannot be read or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(at(path))
}

/// Writes a file unless it already holds just this, and says whether it wrote.
///
/// # Errors
/// The file or its folder cannot be written.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<bool, Error> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::write(path, content).map_err(at(path))?;
    Ok(true)
}

/// All files below a folder in the order of their paths; none if the folder does not exist.
///
/// # Errors
/// A folder cannot be read.
pub fn all_below(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    if folder.is_dir() {
        collect(folder, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Removes from a folder every file that is not among `kept`.
///
/// # Errors
/// A file cannot be removed.
pub fn keep_only(folder: &Path, kept: &[PathBuf]) -> Result<(), Error> {
    for path in all_below(folder)? {
        if !kept.contains(&path) {
            fs::remove_file(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_is_not_written_twice() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b.txt");
        assert!(write_if_changed(&file, b"one").unwrap());
        assert!(!write_if_changed(&file, b"one").unwrap());
        assert!(write_if_changed(&file, b"two").unwrap());
        assert_eq!(read_text(&file).unwrap(), "two");
    }

    #[test]
    fn files_that_are_no_longer_made_go_away() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old/x"), folder.path().join("new/y"));
        write_if_changed(&old, b"").unwrap();
        write_if_changed(&new, b"").unwrap();
        keep_only(folder.path(), std::slice::from_ref(&new)).unwrap();
        assert_eq!(all_below(folder.path()).unwrap(), [new]);
    }
}
