//! One session's life, and the server's way out.

use std::time::Duration;

use super::value;

/// One session's life.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Sessions")]
pub struct SessionConfig {
    /// How long a lost session still counts as present
    #[arg(long, env = "TIDINGS_PRESENCE_GRACE", value_name = "TIME", default_value = "10s", value_parser = value::duration)]
    pub presence_grace: Duration,

    /// How often an idle session is asked whether it lives
    #[arg(long, env = "TIDINGS_HEARTBEAT", value_name = "TIME", default_value = "25s", value_parser = value::duration)]
    pub heartbeat: Duration,
}

/// The server's way out.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Sessions")]
pub struct DrainConfig {
    /// After SIGTERM: exit within this time
    #[arg(long, env = "TIDINGS_DRAIN_GRACE", value_name = "TIME", default_value = "10s", value_parser = value::duration)]
    pub drain_grace: Duration,

    /// After SIGTERM: clients are told to come back evenly over this time
    #[arg(long, env = "TIDINGS_DRAIN_SPREAD", value_name = "TIME", default_value = "10s", value_parser = value::duration)]
    pub drain_spread: Duration,
}
