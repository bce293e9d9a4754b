//! TLS by rustls, with the roots of the system; read once, when the first secure address is opened.

use std::io;
use std::sync::{Arc, OnceLock};

use hyper_rustls::ConfigBuilderExt;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs::default_provider;

/// The settings of every secure connection.
pub(crate) fn config() -> io::Result<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let config = Arc::new(builder.with_native_roots()?.with_no_client_auth());
    Ok(Arc::clone(CONFIG.get_or_init(|| config)))
}
