//! What the broker has done, as numbers.

use std::sync::atomic::{AtomicI64, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What a broker has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerStats {
    /// Publications that other nodes could hear.
    pub published: u64,
    /// Publications that other nodes did not hear.
    pub dropped: u64,
    /// Connections that were lost.
    pub disconnects: u64,
    /// Topics that were subscribed again after that.
    pub resubscribed: u64,
    /// Publications that came while the way to the fan-out was full.
    pub overflowed: u64,
}

#[derive(Debug)]
pub(super) struct BrokerMetrics {
    published: Counter,
    dropped: Counter,
    disconnects: Counter,
    resubscribed: Counter,
    overflowed: Counter,
    connected: Gauge<i64, AtomicI64>,
    nodes: Gauge<i64, AtomicI64>,
}

impl BrokerMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let r = registry.sub_registry_with_prefix("broker");
        let new = Self {
            published: Counter::default(),
            dropped: Counter::default(),
            disconnects: Counter::default(),
            resubscribed: Counter::default(),
            overflowed: Counter::default(),
            connected: Gauge::default(),
            nodes: Gauge::default(),
        };
        r.register("published", "Publications that other nodes could hear", new.published.clone());
        r.register("dropped", "Publications that others had to find in the log", new.dropped.clone());
        r.register("disconnects", "Connections to the broker that were lost", new.disconnects.clone());
        r.register("resubscribed", "Topics subscribed again after that", new.resubscribed.clone());
        r.register("overflowed", "Publications that came while too many waited", new.overflowed.clone());
        r.register("connected", "Whether other nodes can be reached", new.connected.clone());
        r.register("nodes", "Nodes that this one knows of, itself too", new.nodes.clone());
        new
    }

    pub(super) fn set(&self, stats: BrokerStats, connected: bool, nodes: usize) {
        for (counter, total) in [
            (&self.published, stats.published),
            (&self.dropped, stats.dropped),
            (&self.disconnects, stats.disconnects),
            (&self.resubscribed, stats.resubscribed),
            (&self.overflowed, stats.overflowed),
        ] {
            counter.inner().store(total, Ordering::Relaxed);
        }
        self.connected.set(i64::from(connected));
        self.nodes.set(i64::try_from(nodes).unwrap_or(i64::MAX));
    }
}
