//! The connection that publishes: whatever waits goes into one pipeline, and the next when that is answered.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, RedisResult};
use tokio::time::{Instant, timeout};

use super::super::Topic;
use super::link::{End, Link, RETRY_MOST};
use super::outgoing::Outgoing;

/// How often the node sends itself a message.
const ECHO: Duration = Duration::from_secs(1);
/// After an outage, other nodes get this long to listen again before anything is sent: all nodes come back within the
/// longest wait between two attempts.
const GATHER: Duration = RETRY_MOST.saturating_add(Duration::from_millis(500));
/// How often it is asked how many listen.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Runs until the broker is gone.
pub(super) async fn run(link: Arc<Link>, outgoing: Arc<Outgoing>) {
    let mut attempt = 0;
    while !outgoing.is_closed() {
        match connect(&link).await {
            Ok(mut connection) => {
                attempt = 0;
                others_listen(&link, &mut connection).await;
                link.set(End::Publishes, true);
                let error = serve(&link, &outgoing, connection).await;
                link.set(End::Publishes, false);
                if let Err(error) = error {
                    tracing::debug!(%error, "the publishing connection to Redis is lost");
                }
            }
            Err(error) => link.failed(&error),
        }
        if !outgoing.is_closed() {
            let wait = link.wait_before(attempt);
            attempt = attempt.saturating_add(1);
            tokio::time::sleep(wait).await;
        }
    }
}

async fn connect(link: &Link) -> RedisResult<MultiplexedConnection> {
    let mut connection = link.connect(AsyncConnectionConfig::new()).await?;
    let info: RedisResult<String> = redis::cmd("INFO").arg("cluster").query_async(&mut connection).await;
    // Whoever may publish need not be allowed to ask.
    if info.is_ok_and(|text| text.contains("cluster_enabled:1")) {
        link.is_cluster.store(true, Ordering::Release);
    }
    Ok(connection)
}

/// Waits, not for long, until as many nodes listen as did before the connection was lost: what was kept for them would
/// reach nobody.
async fn others_listen(link: &Link, connection: &mut MultiplexedConnection) {
    let before = link.listeners.load(Ordering::Relaxed);
    let mut ask = redis::cmd("PUBSUB");
    ask.arg("NUMSUB").arg(link.channel(&Topic::All));
    let until = Instant::now() + GATHER;
    while Instant::now() < until {
        // Whoever may publish need not be allowed to ask.
        let now: RedisResult<(String, u64)> = ask.query_async(connection).await;
        if now.map_or(true, |(_, now)| now >= before) {
            return;
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// Publishes until the connection is lost or the broker is gone.
async fn serve(link: &Link, outgoing: &Outgoing, mut connection: MultiplexedConnection) -> RedisResult<()> {
    let mut next_echo = Instant::now();
    loop {
        let batch = outgoing.take(link);
        let mut pipeline = Pipeline::new();
        for message in &batch {
            pipeline.cmd("PUBLISH").arg(link.channel(&message.topic)).arg(&message.bytes[..]);
        }
        let echoes = Instant::now() >= next_echo;
        if echoes {
            pipeline.cmd("PUBLISH").arg(link.echo_channel()).arg("").ignore();
            next_echo = Instant::now() + ECHO;
        }
        if echoes || !batch.is_empty() {
            let listeners: Vec<u64> = match pipeline.query_async(&mut connection).await {
                Ok(listeners) => listeners,
                Err(error) => {
                    // First, so that nothing queues up any more that would come late.
                    link.set(End::Publishes, false);
                    outgoing.returned(link, batch);
                    return Err(error);
                }
            };
            let of_all = batch.iter().zip(listeners).rfind(|(message, _)| message.topic == Topic::All);
            if let Some((_, listeners)) = of_all {
                link.listeners.store(listeners, Ordering::Relaxed);
            }
            if echoes {
                link.echoes_sent.fetch_add(1, Ordering::Relaxed);
            }
            outgoing.sent(link, batch.len());
            if !batch.is_empty() {
                continue;
            }
        }
        if outgoing.is_closed() {
            return Ok(());
        }
        let _ =
            timeout(next_echo.saturating_duration_since(Instant::now()), outgoing.changed.notified()).await;
    }
}
