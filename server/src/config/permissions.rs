//! Whose files are whose: what holds secrets must not be read by others, and what holds keys not be changed by them.

use std::path::Path;

use super::ConfigError;

/// A file with secrets must not be readable by others, nor by a group. Where it is another user's, the group is how this
/// process comes to read it.
///
/// # Errors
/// It is, or cannot be looked at.
pub fn not_for_others(path: &Path) -> Result<(), ConfigError> {
    let file = look(path)?;
    let readable = if file.is_own { 0o044 } else { 0o004 };
    if file.mode & readable == 0 { Ok(()) } else { Err(ConfigError::ReadableByOthers(path.to_owned())) }
}

/// Whoever can change the keys can be anyone.
///
/// # Errors
/// Others can, or the file cannot be looked at.
pub fn not_changed_by_others(path: &Path) -> Result<(), ConfigError> {
    if look(path)?.mode & 0o022 == 0 { Ok(()) } else { Err(ConfigError::WritableByOthers(path.to_owned())) }
}

struct File {
    mode: u32,
    /// It belongs to the user as whom this process runs.
    is_own: bool,
}

#[cfg(unix)]
fn look(path: &Path) -> Result<File, ConfigError> {
    use std::os::unix::fs::MetadataExt as _;
    let meta = std::fs::metadata(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    Ok(File { mode: meta.mode(), is_own: meta.uid() == rustix::process::geteuid().as_raw() })
}

/// Elsewhere, permissions are not a matter of mode bits.
#[cfg(not(unix))]
fn look(path: &Path) -> Result<File, ConfigError> {
    std::fs::metadata(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    Ok(File { mode: 0, is_own: true })
}
