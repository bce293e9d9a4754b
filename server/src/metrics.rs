//! What the server counts. Labels come from lists that are fixed here or in the contract: no user, room or
//! address is ever one.

use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use self::broker::BrokerMetrics;
pub use self::broker::BrokerStats;
use crate::limits::connections::Refused;

mod broker;

/// The media type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A counter of frames sent, for a session that keeps it.
pub type SentCounter = Counter;

type Label = [(&'static str, &'static str); 1];
type ByLabel = Family<Label, Counter>;

/// All of it. What is hot is counted once for many: see [`TransportMetrics::sent`].
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Over WebSocket.
    pub websocket: TransportMetrics,
    /// Over event streams.
    pub sse: TransportMetrics,
    /// Over polling.
    pub polling: TransportMetrics,
    refused: ByLabel,
    http_requests: ByLabel,
    http_duration: Histogram,
    ack_latency: Histogram,
    store_commit: Histogram,
    store_batch: Histogram,
    store_failures: Counter,
    store_reads: Counter,
    broker_lag: Histogram,
    broker: BrokerMetrics,
    replay_entries: Histogram,
    outbox_bytes: Gauge<i64, AtomicI64>,
    rooms: Gauge<i64, AtomicI64>,
    dropped: ByLabel,
    rate_limited: Counter,
}

/// How a session is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// WebSocket.
    WebSocket,
    /// An event stream, of notifications or frames.
    Sse,
    /// Polling.
    Polling,
}

impl Transport {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::Polling => "polling",
        }
    }
}

/// Why something was dropped rather than sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// Typing or presence, for a session that was slow.
    Ephemeral,
    /// Everything that waited, with the session that was too slow.
    SlowSession,
}

impl Metrics {
    /// With everything at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut r = Registry::default();
        let websocket = TransportMetrics::new(&mut r, "websocket");
        let sse = TransportMetrics::new(&mut r, "sse");
        let polling = TransportMetrics::new(&mut r, "polling");
        let refused = ByLabel::default();
        r.register("connections_refused", "Connections and sessions refused by a cap", refused.clone());
        let http_requests = ByLabel::default();
        r.register("http_requests", "HTTP requests by class of status", http_requests.clone());
        let dropped = ByLabel::default();
        r.register("frames_dropped", "Frames that were not sent to a session", dropped.clone());
        let rate_limited = Counter::default();
        r.register("frames_rate_limited", "Frames refused by a rate limit", rate_limited.clone());
        let store_failures = Counter::default();
        r.register("store_failures", "Batches that the store did not take", store_failures.clone());
        let store_reads = Counter::default();
        r.register("store_reads", "Readings of the store for sessions and requests", store_reads.clone());
        let outbox_bytes = Gauge::default();
        r.register_with_unit(
            "outbox_queued",
            "What waits for all sessions",
            Unit::Bytes,
            outbox_bytes.clone(),
        );
        let rooms = Gauge::default();
        r.register("rooms_active", "Rooms that a session of this node is subscribed to", rooms.clone());
        let broker = BrokerMetrics::new(&mut r);
        Self {
            websocket,
            sse,
            broker,
            polling,
            refused,
            http_requests,
            http_duration: seconds(&mut r, "http_request_duration", "From request head to answer head"),
            ack_latency: seconds(&mut r, "message_ack", "From a frame read to its acknowledgement queued"),
            store_commit: seconds(&mut r, "store_commit", "One batch, sync included"),
            store_batch: sizes(&mut r, "store_batch_entries", "Writes committed together"),
            store_failures,
            store_reads,
            broker_lag: seconds(&mut r, "broker_lag", "From a publication to its arrival"),
            replay_entries: sizes(&mut r, "replay_entries", "Entries replayed by one join or resume"),
            outbox_bytes,
            rooms,
            dropped,
            rate_limited,
            registry: r,
        }
    }

    /// The transport's own.
    #[must_use]
    pub const fn of(&self, transport: Transport) -> &TransportMetrics {
        match transport {
            Transport::WebSocket => &self.websocket,
            Transport::Sse => &self.sse,
            Transport::Polling => &self.polling,
        }
    }

    /// A connection or session that a cap refused.
    pub fn refused(&self, why: Refused) {
        self.refused.get_or_create(&[("reason", why.as_str())]).inc();
    }

    /// An HTTP request that was answered.
    pub fn http_request(&self, status: http::StatusCode, took: Duration) {
        let class = match status.as_u16() {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.http_requests.get_or_create(&[("status", class)]).inc();
        self.http_duration.observe(took.as_secs_f64());
    }

    /// An acknowledgement, and how long its frame took.
    pub fn acknowledged(&self, took: Duration) {
        self.ack_latency.observe(took.as_secs_f64());
    }

    /// A batch committed.
    pub fn store_commit(&self, size: usize, took: Duration) {
        self.store_commit.observe(took.as_secs_f64());
        self.store_batch.observe(size as f64);
    }

    /// A batch that the store did not take.
    pub fn store_failure(&self) {
        self.store_failures.inc();
    }

    /// The store is read.
    pub fn store_read(&self) {
        self.store_reads.inc();
    }

    /// A publication that came through the broker, and how long it took.
    pub fn broker_lag(&self, took: Duration) {
        self.broker_lag.observe(took.as_secs_f64());
    }

    /// What the broker has done in all, whether it is connected, and how many nodes there are.
    pub fn broker(&self, stats: BrokerStats, connected: bool, nodes: usize) {
        self.broker.set(stats, connected, nodes);
    }

    /// What one join or resume replayed.
    pub fn replayed(&self, entries: u64) {
        self.replay_entries.observe(entries as f64);
    }

    /// What waits for all sessions, in bytes, and the rooms that sessions are subscribed to.
    pub fn hub(&self, waiting: usize, rooms: usize) {
        self.outbox_bytes.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.rooms.set(i64::try_from(rooms).unwrap_or(i64::MAX));
    }

    /// Frames that were not sent.
    pub fn dropped(&self, why: Dropped, frames: u64) {
        let reason = match why {
            Dropped::Ephemeral => "ephemeral",
            Dropped::SlowSession => "slow_session",
        };
        self.dropped.get_or_create(&[("reason", reason)]).inc_by(frames);
    }

    /// A frame refused by a rate limit.
    pub fn rate_limited(&self) {
        self.rate_limited.inc();
    }

    /// All numbers in OpenMetrics text.
    ///
    /// # Errors
    /// The text could not be written.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// One transport's numbers.
#[derive(Clone, Debug)]
pub struct TransportMetrics {
    active: Gauge<i64, AtomicI64>,
    opened: Counter,
    closed: Counter,
    sent: ByLabel,
    received: ByLabel,
    errors: ByLabel,
}

impl TransportMetrics {
    fn new(registry: &mut Registry, name: &'static str) -> Self {
        let r = registry.sub_registry_with_prefix(name);
        let new = Self {
            active: Gauge::default(),
            opened: Counter::default(),
            closed: Counter::default(),
            sent: ByLabel::default(),
            received: ByLabel::default(),
            errors: ByLabel::default(),
        };
        r.register("connections_active", "Sessions that stand", new.active.clone());
        r.register("connections_opened", "Sessions begun", new.opened.clone());
        r.register("connections_closed", "Sessions ended", new.closed.clone());
        r.register("messages_sent", "Frames sent, by type", new.sent.clone());
        r.register("messages_received", "Frames received, by type", new.received.clone());
        r.register("errors", "Errors told to clients, by code", new.errors.clone());
        new
    }

    /// Counts a session as open until the guard is dropped.
    #[must_use]
    pub fn open(&self) -> OpenGuard {
        self.active.inc();
        self.opened.inc();
        OpenGuard { active: self.active.clone(), closed: self.closed.clone() }
    }

    /// Frames of one type sent: to many sessions at once, counted once.
    pub fn sent(&self, kind: &'static str, frames: u64) {
        self.sent.get_or_create(&[("type", kind)]).inc_by(frames);
    }

    /// The counter of frames of one type sent, for a caller that keeps it.
    #[must_use]
    pub fn sent_counter(&self, kind: &'static str) -> SentCounter {
        self.sent.get_or_create(&[("type", kind)]).clone()
    }

    /// A frame of one type received; `kind` is the contract's name, or `INVALID`.
    pub fn received(&self, kind: &'static str) {
        self.received.get_or_create(&[("type", kind)]).inc();
    }

    /// An error told to a client.
    pub fn error(&self, code: tidings_protocol::Code) {
        self.errors.get_or_create(&[("type", code.as_str())]).inc();
    }
}

/// One open session.
#[derive(Debug)]
pub struct OpenGuard {
    active: Gauge<i64, AtomicI64>,
    closed: Counter,
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.active.dec();
        self.closed.inc();
    }
}

/// 100 µs to 26 s.
fn seconds(registry: &mut Registry, name: &'static str, help: &'static str) -> Histogram {
    let histogram = Histogram::new(exponential_buckets(0.000_1, 2.0, 19));
    registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
    histogram
}

/// 1 to 4,096.
fn sizes(registry: &mut Registry, name: &'static str, help: &'static str) -> Histogram {
    let histogram = Histogram::new(exponential_buckets(1.0, 2.0, 13));
    registry.register(name, help, histogram.clone());
    histogram
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_contract() {
        let metrics = Metrics::new();
        let session = metrics.websocket.open();
        metrics.websocket.sent("MESSAGE", 3);
        metrics.websocket.received("JOIN_ROOM");
        metrics.websocket.error(tidings_protocol::Code::NotFound);
        let text = metrics.encode().unwrap();
        for line in [
            "websocket_connections_active 1",
            "websocket_connections_opened_total 1",
            "websocket_connections_closed_total 0",
            "websocket_messages_sent_total{type=\"MESSAGE\"} 3",
            "websocket_messages_received_total{type=\"JOIN_ROOM\"} 1",
            "websocket_errors_total{type=\"NOT_FOUND\"} 1",
            "sse_connections_active 0",
            "polling_connections_opened_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        drop(session);
        assert!(metrics.encode().unwrap().contains("websocket_connections_closed_total 1"));
    }
}
