//! Keys and tokens.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::value;

/// Keys and tokens.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Tokens")]
pub struct AuthConfig {
    /// HS256 secret of at least 32 bytes; better in the variable than on the command line, where other users
    /// of the machine can see it
    #[arg(long, env = "TIDINGS_JWT_SECRET", value_name = "SECRET", hide_env_values = true, hide_default_value = true, value_parser = value::secret)]
    pub jwt_secret: Option<SecretString>,

    /// File with the public keys (JWKS; RS256, ES256, EdDSA) that tokens are signed with; read again within
    /// a minute of a change
    #[arg(long, env = "TIDINGS_JWKS_FILE", value_name = "FILE")]
    pub jwks_file: Option<PathBuf>,

    /// The same from a web address, https:// or on this machine; asked again every minute
    #[arg(long, env = "TIDINGS_JWKS_URL", value_name = "URL")]
    pub jwks_url: Option<String>,

    /// The `iss` that a token must have [default: any]
    #[arg(long, env = "TIDINGS_JWT_ISSUER", value_name = "TEXT")]
    pub jwt_issuer: Option<String>,

    /// The `aud` that a token must have [default: any]
    #[arg(long, env = "TIDINGS_JWT_AUDIENCE", value_name = "TEXT")]
    pub jwt_audience: Option<String>,

    /// How far clocks may differ where `exp` and `nbf` are checked; at most 5m
    #[arg(long, env = "TIDINGS_JWT_LEEWAY", value_name = "TIME", default_value = "30s", value_parser = value::duration)]
    pub jwt_leeway: Duration,

    /// Secret of at least 32 bytes that signs single-use tickets; the same on every node [default: made from
    /// --jwt-secret, else the one that the database was begun with]
    #[arg(long, env = "TIDINGS_TICKET_SECRET", value_name = "SECRET", hide_env_values = true, hide_default_value = true, value_parser = value::secret)]
    pub ticket_secret: Option<SecretString>,

    /// Development: anyone may sign in as anyone by POST /api/v1/auth/login, and the secret is random unless
    /// one is given. Refused where --listen is not a loopback address
    #[arg(long, env = "TIDINGS_DEV", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::Set, hide_default_value = true, hide_possible_values = true)]
    pub dev: bool,
}
