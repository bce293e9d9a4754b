//! Which pages may connect.

use crate::origin::Origin;

/// Which pages may connect.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Pages")]
pub struct OriginsConfig {
    /// Origins of the pages that may connect, comma separated (`https://chat.example.com`); the server's own
    /// always may [default: only its own]
    #[arg(long, env = "TIDINGS_ALLOWED_ORIGINS", value_name = "ORIGIN,…", value_delimiter = ',')]
    pub allowed_origins: Vec<Origin>,
}
