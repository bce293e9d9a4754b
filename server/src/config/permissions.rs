//! Whose files are whose: what holds secrets must not be read by everybody, and what holds keys not be changed by others.

use std::path::Path;

use super::ConfigError;

/// A file with secrets must not be readable by everybody. A group may: volumes are given to containers by their group.
///
/// # Errors
/// It is, or cannot be looked at.
pub fn not_for_others(path: &Path) -> Result<(), ConfigError> {
    if mode(path)? & 0o004 == 0 { Ok(()) } else { Err(ConfigError::ReadableByOthers(path.to_owned())) }
}

/// Whoever can change the keys can be anyone.
///
/// # Errors
/// Others can, or the file cannot be looked at.
pub fn not_changed_by_others(path: &Path) -> Result<(), ConfigError> {
    if mode(path)? & 0o022 == 0 { Ok(()) } else { Err(ConfigError::WritableByOthers(path.to_owned())) }
}

#[cfg(unix)]
fn mode(path: &Path) -> Result<u32, ConfigError> {
    use std::os::unix::fs::PermissionsExt as _;
    let meta = std::fs::metadata(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    Ok(meta.permissions().mode())
}

/// Elsewhere, permissions are not a matter of mode bits.
#[cfg(not(unix))]
fn mode(path: &Path) -> Result<u32, ConfigError> {
    std::fs::metadata(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    Ok(0)
}
