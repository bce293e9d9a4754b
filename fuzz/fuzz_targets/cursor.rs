//! Whatever stands for a cursor of notifications is a position that is there, or refused for a reason that has a name;
//! and the cursor of a position is that position again, for its own user and in its own log alone.
//!
//! The first line is a user, the second six numbers: a position, and where the log begins and ends. The rest is the
//! cursor, in which `@` stands for the beginning that the user's own have.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tidings_protocol::{Cursor, Epoch, UserId};
use tidings_server::broker::local::LocalBroker;
use tidings_server::clock::Clock;
use tidings_server::metrics::Metrics;
use tidings_server::node::notices::BadCursor;
use tidings_server::node::{Node, NodeSettings};
use tidings_server::store::memory::Memory;
use tidings_server::store::{NotificationHeads, NotificationPosition};
use tokio::runtime::{Builder, Runtime};

/// Two nodes whose logs have different names. The runtime only keeps what they began.
static NODES: LazyLock<(Runtime, [Arc<Node>; 2])> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime needs little");
    let nodes = runtime.block_on(async { [node("one").await, node("other").await] });
    (runtime, nodes)
});

async fn node(epoch: &str) -> Arc<Node> {
    let settings = NodeSettings {
        node_id: epoch.to_owned(),
        presence_grace: Duration::from_secs(10),
        max_content_bytes: 16 * 1024,
        replay_limit: 1_000,
        position_tick: Duration::from_secs(1),
        presence_lease: Duration::from_secs(15),
        notification_retention: Duration::from_secs(3_600),
    };
    let store = Arc::new(Memory::new(Epoch::new(epoch).expect("a name of a log")));
    let broker = Arc::new(LocalBroker::new(16));
    let metrics = Arc::new(Metrics::new());
    let started = Node::start(store, broker, Clock::system(), settings, Arc::default(), metrics).await;
    started.expect("a store in memory answers")
}

fuzz_target!(|text: &str| {
    let (_, [node, other]) = &*NODES;
    let mut lines = text.splitn(3, '\n');
    let (Some(user), Some(numbers), Some(sent)) = (lines.next(), lines.next(), lines.next()) else { return };
    let Ok(user) = UserId::new(user) else { return };
    let mut numbers = numbers.split(' ').map(|number| number.parse().unwrap_or_default());
    let [position, expired, head] = [(); 3].map(|()| NotificationPosition {
        own: numbers.next().unwrap_or_default(),
        broadcast: numbers.next().unwrap_or_default(),
    });

    let cursor = node.cursor(&user, position).expect("every position has a cursor");
    assert_eq!(Cursor::new(cursor.as_str()), Ok(cursor.clone()));
    let whole = NotificationHeads { head: position, ..Default::default() };
    assert_eq!(node.position(&user, cursor.as_str(), &whole), Ok(position));
    let cut = NotificationHeads { head: position, expired: position, ..Default::default() };
    assert_eq!(node.position(&user, cursor.as_str(), &cut), Ok(position));

    let beginning = cursor.as_str().rsplitn(3, '.').last().expect("a cursor has parts");
    let sent = sent.replace('@', &format!("{beginning}."));
    let heads = NotificationHeads { head, expired, ..Default::default() };
    match node.position(&user, &sent, &heads) {
        Ok(found) => {
            assert!(expired.own <= found.own && found.own <= head.own, "{found:?} of {heads:?}");
            assert!(
                expired.broadcast <= found.broadcast && found.broadcast <= head.broadcast,
                "{found:?} of {heads:?}"
            );
            let again = node.cursor(&user, found).expect("every position has a cursor");
            assert_eq!(node.position(&user, again.as_str(), &heads), Ok(found));
            let somebody = UserId::new("somebody-else").expect("a name");
            if user != somebody {
                assert_eq!(node.position(&somebody, &sent, &heads), Err(BadCursor::Foreign));
            }
            assert_eq!(other.position(&user, &sent, &heads), Err(BadCursor::Epoch));
        }
        Err(bad) => assert!(["unknown", "foreign", "expired", "epoch"].contains(&bad.as_str())),
    }
});
