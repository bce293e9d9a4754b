//! Certificates for services on loopback, each signed by itself, so that who is to trust one is given just that one.

use std::path::{Path, PathBuf};

use crate::process::{self, Error, RunAs};

/// Subject and purpose: a server on 127.0.0.1, which vouches for nobody else.
const REQUEST: &[&str] = &[
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=127.0.0.1",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-addext",
    "basicConstraints=critical,CA:FALSE",
];

/// A certificate with its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, as PEM.
    pub file: PathBuf,
    /// Its key, as PEM.
    pub key: PathBuf,
}

/// Makes one in this folder, which belongs to `user`.
///
/// # Errors
/// `openssl` is not installed, or the folder cannot be written to.
pub fn make(folder: &Path, user: Option<&RunAs>) -> Result<Certificate, Error> {
    let made = Certificate { file: folder.join("server.crt"), key: folder.join("server.key") };
    let mut openssl = process::command(&process::program("openssl", "openssl", &[])?, user, "KILL");
    openssl.current_dir(folder).args(REQUEST);
    process::run(openssl.arg("-keyout").arg(&made.key).arg("-out").arg(&made.file))?;
    Ok(made)
}
