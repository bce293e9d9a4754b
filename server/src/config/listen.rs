//! Where to listen, and which proxies stand in front.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::value::{self, MetricsListen};

/// Where to listen.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Listening")]
pub struct ListenConfig {
    /// Address for clients: the app, the API and the WebSocket
    #[arg(long, env = "TIDINGS_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:8080", value_parser = value::address)]
    pub listen: SocketAddr,

    /// Address for /metrics and /api/v1/admin, which must not be public; "off" closes it
    #[arg(long, env = "TIDINGS_METRICS_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:9090")]
    pub metrics_listen: MetricsListen,

    /// Networks of the proxies in front, comma separated (10.0.0.0/8,::1): only their X-Forwarded-For and
    /// X-Forwarded-Proto count [default: none]
    #[arg(long, env = "TIDINGS_TRUSTED_PROXIES", value_name = "CIDR,…", value_delimiter = ',', value_parser = value::network)]
    pub trusted_proxies: Vec<IpNet>,

    /// A peer that has not sent its whole request head by then is closed
    #[arg(long, env = "TIDINGS_HEADER_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = value::duration)]
    pub header_timeout: Duration,

    /// A peer that has not sent its whole request body by then is refused
    #[arg(long, env = "TIDINGS_BODY_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = value::duration)]
    pub body_timeout: Duration,

    /// A peer that takes nothing of what waits for it for this long is closed; a WebSocket session as too slow, by 4008
    #[arg(long, env = "TIDINGS_WRITE_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = value::duration)]
    pub write_timeout: Duration,
}
