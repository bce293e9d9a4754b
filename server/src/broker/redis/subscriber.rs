//! The connection that listens: it is subscribed to what the node wants, is asked every second whether it lives, and
//! replaced where it does not. After that, everything wanted is subscribed anew and rechecked.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, PushInfo, PushKind, RedisError, RedisResult, Value};
use tidings_protocol::Timestamp;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use super::super::{Payload, Publication, Topic, codec};
use super::link::{Count, End, Link};

/// Channels in one command.
const CHUNK: usize = 500;
/// Orders taken together.
const ORDERS: usize = 256;
/// How often the connection is asked whether it lives.
const WATCH: Duration = Duration::from_secs(1);
/// Self-messages that may be on their way; more have not come back, and the subscription is not what it seems.
const ECHOES_OUT: u64 = 4;

/// What the node asks of the connection.
#[derive(Debug)]
pub(super) enum Order {
    /// The topic is wanted; answered when it is subscribed, dropped where it could not be yet.
    Want(Topic, oneshot::Sender<()>),
    /// The topic is wanted no more.
    GiveUp(Topic),
}

/// Runs until the broker is gone.
pub(super) async fn run(link: Arc<Link>, mut orders: mpsc::Receiver<Order>) {
    let mut wanted = HashSet::new();
    let mut attempt = 0_u32;
    let mut first = true;
    loop {
        let down = Arc::new(Notify::new());
        let connecting = connect(&link, Arc::clone(&down));
        let mut connecting = std::pin::pin!(connecting);
        let connected = loop {
            tokio::select! {
                connected = &mut connecting => break connected,
                order = orders.recv() => match order {
                    Some(order) => note(&mut wanted, order),
                    None => return,
                },
            }
        };
        let ended = match connected {
            Ok(connection) => {
                attempt = 0;
                serve(&link, &mut orders, &mut wanted, connection, &down, !first).await
            }
            Err(error) => {
                link.failed(&error);
                Ended::Lost(error.to_string())
            }
        };
        first = false;
        link.set(End::Listens, false);
        match ended {
            Ended::Stopped => return,
            Ended::Lost(why) => tracing::debug!(%why, "not listening to Redis"),
        }
        let wait = tokio::time::sleep(link.wait_before(attempt));
        let mut wait = std::pin::pin!(wait);
        attempt = attempt.saturating_add(1);
        loop {
            tokio::select! {
                () = &mut wait => break,
                order = orders.recv() => match order {
                    Some(order) => note(&mut wanted, order),
                    None => return,
                },
            }
        }
    }
}

/// Why a connection is served no more.
enum Ended {
    Stopped,
    Lost(String),
}

impl From<RedisError> for Ended {
    fn from(error: RedisError) -> Self {
        Self::Lost(error.to_string())
    }
}

/// With Redis away an order only changes what is wanted.
fn note(wanted: &mut HashSet<Topic>, order: Order) {
    match order {
        Order::Want(topic, _) => {
            wanted.insert(topic);
        }
        Order::GiveUp(topic) => {
            wanted.remove(&topic);
        }
    }
}

async fn connect(link: &Arc<Link>, down: Arc<Notify>) -> RedisResult<MultiplexedConnection> {
    let heard = Arc::clone(link);
    let on_push = move |info: PushInfo| -> Result<(), ()> {
        if info.kind == PushKind::Message {
            arrived(&heard, &info.data);
        } else if info.kind == PushKind::Disconnection {
            down.notify_one();
        }
        Ok(())
    };
    link.connect(AsyncConnectionConfig::new().set_push_sender(on_push)).await
}

/// Puts a message on the way to the fan-out. It is called from the connection's own task, so it never waits: where the
/// way is full, the message is lost and a recheck will follow.
fn arrived(link: &Link, data: &[Value]) {
    let [Value::BulkString(channel), Value::BulkString(message)] = data else { return };
    let Ok(channel) = std::str::from_utf8(channel) else { return };
    let Some(topic) = link.topic(channel) else {
        if channel == link.echo_channel() {
            link.echoes_heard.fetch_add(1, Ordering::Relaxed);
        }
        return;
    };
    if codec::origin(message) == Some(link.mark) {
        return;
    }
    match codec::decode(topic, message) {
        Ok(publication) => match link.arrivals.try_send(publication) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(_)) => {
                link.count(Count::Overflowed, 1);
                link.lost.store(true, Ordering::Release);
            }
        },
        Err(skipped) => tracing::debug!(%skipped, "a message of another node was skipped"),
    }
}

async fn serve(
    link: &Link,
    orders: &mut mpsc::Receiver<Order>,
    wanted: &mut HashSet<Topic>,
    mut connection: MultiplexedConnection,
    down: &Notify,
    again: bool,
) -> Ended {
    if let Err(error) = subscribe_all(link, wanted, &mut connection, again).await {
        return error.into();
    }
    link.echoes_heard.store(link.echoes_sent.load(Ordering::Relaxed), Ordering::Relaxed);
    link.set(End::Listens, true);
    // What was published in between has not come.
    link.lost.store(again, Ordering::Release);
    let mut watch = interval(WATCH);
    watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut taken = Vec::new();
    loop {
        tokio::select! {
            count = orders.recv_many(&mut taken, ORDERS) => {
                if count == 0 {
                    return Ended::Stopped;
                }
                if let Err(error) = obey(link, taken.drain(..), wanted, &mut connection).await {
                    link.lost.store(true, Ordering::Release);
                    return error.into();
                }
            }
            _ = watch.tick() => {
                if let Err(error) = redis::cmd("PING").query_async::<()>(&mut connection).await {
                    return error.into();
                }
                let sent = link.echoes_sent.load(Ordering::Relaxed);
                if sent > link.echoes_heard.load(Ordering::Relaxed) + ECHOES_OUT {
                    return Ended::Lost("the node's own messages do not come back".to_owned());
                }
            }
            () = down.notified() => return Ended::Lost("the connection was closed".to_owned()),
        }
        if link.lost.load(Ordering::Acquire) && link.arrivals.try_send(recheck_all()).is_ok() {
            link.lost.store(false, Ordering::Release);
        }
    }
}

async fn subscribe_all(
    link: &Link,
    wanted: &HashSet<Topic>,
    connection: &mut MultiplexedConnection,
    again: bool,
) -> RedisResult<()> {
    let channels: Vec<String> = wanted.iter().map(|topic| link.channel(topic)).collect();
    for chunk in channels.chunks(CHUNK) {
        connection.subscribe(chunk).await?;
    }
    // Last: whoever counts those who listen to all counts this node when it listens to everything.
    connection.subscribe(&[link.channel(&Topic::All), link.echo_channel()]).await?;
    if again {
        link.count(Count::Resubscribed, channels.len() as u64);
    }
    Ok(())
}

/// Brings the subscriptions to where these orders lead, of which the last on each topic counts.
async fn obey(
    link: &Link,
    orders: impl Iterator<Item = Order>,
    wanted: &mut HashSet<Topic>,
    connection: &mut MultiplexedConnection,
) -> RedisResult<()> {
    let (mut touched, mut waiting) = (HashSet::new(), Vec::new());
    for order in orders {
        match order {
            Order::Want(topic, done) => {
                if wanted.insert(topic.clone()) {
                    touched.insert(topic);
                }
                waiting.push(done);
            }
            Order::GiveUp(topic) => {
                if wanted.remove(&topic) {
                    touched.insert(topic);
                }
            }
        }
    }
    let (new, old): (Vec<&Topic>, Vec<&Topic>) = touched.iter().partition(|topic| wanted.contains(*topic));
    let channels =
        |topics: Vec<&Topic>| -> Vec<String> { topics.into_iter().map(|t| link.channel(t)).collect() };
    let (new, old) = (channels(new), channels(old));
    if !new.is_empty() {
        connection.subscribe(&new).await?;
    }
    if !old.is_empty() {
        connection.unsubscribe(&old).await?;
    }
    for done in waiting {
        // Who does not wait any more has gone.
        let _ = done.send(());
    }
    Ok(())
}

fn recheck_all() -> Publication {
    Publication { topic: Topic::All, payload: Payload::Recheck, at: Timestamp::default() }
}
