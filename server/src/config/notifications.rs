//! Notifications.

use std::time::Duration;

use super::value;

/// Notifications.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Notifications")]
pub struct NotificationsConfig {
    /// How long notifications are kept
    #[arg(long, env = "TIDINGS_NOTIFICATION_RETENTION", value_name = "TIME", default_value = "7d", value_parser = value::duration)]
    pub notification_retention: Duration,
}
