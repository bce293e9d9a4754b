//! Bounds on connections, frames and queues.

use std::num::NonZeroU32;

use tidings_protocol::limits::{MAX_CONTENT_BYTES, MAX_FRAME_BYTES, REPLAY_LIMIT};

/// Bounds on connections, frames and queues.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitsConfig {
    /// Most connections at once; one more is answered with 503
    #[arg(long, env = "TIDINGS_MAX_CONNECTIONS", value_name = "COUNT", default_value = "50000")]
    pub max_connections: NonZeroU32,

    /// Most connections from one address (IPv6: one /64); one more is answered with 429
    #[arg(long, env = "TIDINGS_MAX_CONNECTIONS_PER_IP", value_name = "COUNT", default_value = "256")]
    pub max_connections_per_ip: NonZeroU32,

    /// Most sessions and streams of one user; one more is answered with 429
    #[arg(long, env = "TIDINGS_MAX_CONNECTIONS_PER_USER", value_name = "COUNT", default_value = "32")]
    pub max_connections_per_user: NonZeroU32,

    /// Most new connections in a second; one more is answered with 503
    #[arg(long, env = "TIDINGS_MAX_CONNECTS_PER_SECOND", value_name = "COUNT", default_value = "2000")]
    pub max_connects_per_second: NonZeroU32,

    /// Plain requests a second by which one user may read for long, and four times that at once; one more is answered
    /// with 429. Tokens with a scope are not held to it
    #[arg(long, env = "TIDINGS_MAX_READS_PER_SECOND", value_name = "COUNT", default_value = "100")]
    pub max_reads_per_second: NonZeroU32,

    /// The same for requests that change something
    #[arg(long, env = "TIDINGS_MAX_WRITES_PER_SECOND", value_name = "COUNT", default_value = "100")]
    pub max_writes_per_second: NonZeroU32,

    /// Requests a second without a token that counts, from one address, and four times that at once
    #[arg(long, env = "TIDINGS_MAX_ANONYMOUS_PER_SECOND", value_name = "COUNT", default_value = "100")]
    pub max_anonymous_per_second: NonZeroU32,

    /// Frames a second that one session may send for long
    #[arg(long, env = "TIDINGS_MAX_FRAMES_PER_SECOND", value_name = "COUNT", default_value = "50")]
    pub max_frames_per_second: NonZeroU32,

    /// Frames that one session may send at once
    #[arg(long, env = "TIDINGS_FRAME_BURST", value_name = "COUNT", default_value = "200")]
    pub frame_burst: NonZeroU32,

    /// Longest message, in bytes
    #[arg(long, env = "TIDINGS_MAX_CONTENT_BYTES", value_name = "BYTES", default_value_t = MAX_CONTENT_BYTES)]
    pub max_content_bytes: usize,

    /// Longest WebSocket frame, in bytes
    #[arg(long, env = "TIDINGS_MAX_FRAME_BYTES", value_name = "BYTES", default_value_t = MAX_FRAME_BYTES)]
    pub max_frame_bytes: usize,

    /// Longest HTTP request body, in bytes
    #[arg(long, env = "TIDINGS_MAX_BODY_BYTES", value_name = "BYTES", default_value = "1048576")]
    pub max_body_bytes: usize,

    /// What may wait for one session, in bytes; past that entries are left to the log, and who takes nothing is closed and may
    /// resume
    #[arg(long, env = "TIDINGS_OUTBOX_BYTES", value_name = "BYTES", default_value = "1048576")]
    pub outbox_bytes: usize,

    /// Most entries of one room that a join or resume replays; the rest is read over HTTP
    #[arg(long, env = "TIDINGS_REPLAY_LIMIT", value_name = "COUNT", default_value_t = REPLAY_LIMIT)]
    pub replay_limit: u64,
}
