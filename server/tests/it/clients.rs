//! The project's own client against real servers, by each transport and from one to the other.

pub(crate) mod brokers;
mod proxy;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tidings_client_native::{Client, Config, Event, Events, Kind, State, Token, Transport, Transports};
use tidings_server::store::memory::Memory;
use tokio::time::timeout;

use crate::harness::{PATIENCE, Server, token, token_with};
use proxy::{Proxy, Streams, Upgrades};

const ONLY_REQUESTS: Transports = Transports::NONE.with(Transport::Stream).with(Transport::Poll);
const ONLY_POLLS: Transports = Transports::NONE.with(Transport::Poll);

/// Longer than the way down takes, with its timeouts and waits.
const LONG: Duration = Duration::from_secs(60);

fn config(url: &str, user: &str) -> Config {
    Config { look_up_after: Duration::from_millis(500), ..Config::new(url, token(user)) }
}

/// A client and all that it is shown.
struct Actor {
    client: Client,
    events: Events,
    seen: Vec<(u64, String)>,
}

impl Actor {
    async fn in_general(config: Config) -> Self {
        let (client, events) = timeout(LONG, Client::connect(config)).await.unwrap().unwrap();
        timeout(PATIENCE, client.join("general")).await.unwrap().unwrap();
        Self { client, events, seen: Vec::new() }
    }

    fn transport(&self) -> Transport {
        self.client.status().transport
    }

    /// Waits until it is connected by this transport.
    async fn by(&self, transport: Transport) {
        let mut watch = self.client.watch();
        let reached = watch.wait_for(|s| s.state == State::Connected && s.transport == transport);
        timeout(LONG, reached).await.unwrap_or_else(|_| panic!("never by {transport:?}")).unwrap();
    }

    async fn say(&self, content: &str) {
        let sent = self.client.send("general", content).await.unwrap();
        timeout(LONG, sent.done()).await.expect("an answer").unwrap();
    }

    /// Takes what it is shown until it has seen this many messages.
    async fn see(&mut self, count: usize) {
        let wanted = async {
            while self.seen.len() < count {
                let event = self.events.recv().await.expect("the client is open");
                if let Event::Gap(gap) = event {
                    panic!("{gap:?}");
                } else if let Event::Frame(frame) = event
                    && frame.kind() == Kind::ChatMessage
                {
                    let data: serde_json::Value = serde_json::from_str(frame.data()).unwrap();
                    let content = data["content"].as_str().unwrap().to_owned();
                    self.seen.push((frame.seq().unwrap(), content));
                }
            }
        };
        let in_time = timeout(LONG, wanted).await;
        assert!(in_time.is_ok(), "{} of {count} seen: {:?}", self.seen.len(), self.seen.last());
    }

    /// What it has seen is a run without a hole and without anything twice.
    fn judge(&self) {
        let first = self.seen[0].0;
        for (at, (seq, content)) in self.seen.iter().enumerate() {
            assert_eq!(*seq, first + at as u64, "{content}");
        }
        let mut contents: Vec<&str> = self.seen.iter().map(|(_, content)| content.as_str()).collect();
        contents.sort_unstable();
        contents.dedup();
        assert_eq!(contents.len(), self.seen.len(), "each once");
    }
}

#[tokio::test]
async fn two_clients_talk_by_streams_and_by_polls() {
    let server = Server::start(&[]).await;
    for transports in [ONLY_REQUESTS, ONLY_POLLS] {
        let url = server.url("");
        let mut ann = Actor::in_general(Config { transports, ..config(&url, "ann") }).await;
        let mut bob = Actor::in_general(Config { transports, ..config(&url, "bob") }).await;
        ann.say("hello").await;
        bob.say("hello yourself").await;
        for actor in [&mut ann, &mut bob] {
            actor.see(2).await;
            actor.judge();
        }
        let sent = ann.client.send_private("bob", "between us").await.unwrap();
        timeout(PATIENCE, sent.done()).await.unwrap().unwrap();
        let private = async {
            loop {
                if let Some(Event::Frame(frame)) = bob.events.recv().await
                    && frame.kind() == Kind::PrivateMessage
                {
                    break frame.inbox_seq();
                }
            }
        };
        assert!(timeout(PATIENCE, private).await.unwrap().is_some());
        ann.client.close().await;
        bob.client.close().await;
    }
}

#[tokio::test]
async fn a_client_whose_upgrades_are_refused_comes_in_by_a_stream_and_back_to_a_socket() {
    let server = Server::start(&[]).await;
    for upgrades in [Upgrades::Refused("403 Forbidden"), Upgrades::Refused("400 Bad Request"), Upgrades::Cut]
    {
        let proxy = Proxy::before(&[server.addr]).await;
        proxy.upgrades(upgrades);
        let ann = Actor::in_general(config(&proxy.url(), "ann")).await;
        assert_eq!(ann.transport(), Transport::Stream, "{upgrades:?}");
        ann.say("by posts").await;
        proxy.upgrades(Upgrades::Pass);
        ann.by(Transport::WebSocket).await;
        ann.say("by the socket").await;
        ann.client.close().await;
    }
}

#[tokio::test]
async fn a_client_whose_streams_are_held_back_too_comes_in_by_polls_and_back_to_a_stream() {
    let server = Server::start(&[]).await;
    let proxy = Proxy::before(&[server.addr]).await;
    proxy.upgrades(Upgrades::Refused("400 Bad Request"));
    proxy.streams(Streams::Held);
    let mut ann = Actor::in_general(config(&proxy.url(), "ann")).await;
    assert_eq!(ann.transport(), Transport::Poll);
    ann.say("by posts").await;
    proxy.streams(Streams::Pass);
    ann.by(Transport::Stream).await;
    ann.say("by posts too").await;
    ann.see(2).await;
    ann.judge();
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_while_the_ways_open_and_close() {
    const MESSAGES: usize = 300;
    let server = Server::start(&[]).await;
    let proxy = Proxy::before(&[server.addr]).await;
    let mut ann = Actor::in_general(config(&proxy.url(), "ann")).await;
    let mut bob = Actor::in_general(config(&server.url(""), "bob")).await;
    let talk = async |actor: &Actor, name: &str| {
        let mut waiting = Vec::new();
        for n in 0..MESSAGES / 2 {
            waiting.push(actor.client.send("general", format!("{name} {n}")).await.unwrap());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for sent in waiting {
            timeout(LONG, sent.done()).await.expect("an answer").unwrap();
        }
    };
    let weather = async {
        for (upgrades, streams, by) in [
            (Upgrades::Refused("400 Bad Request"), Streams::Pass, Transport::Stream),
            (Upgrades::Refused("400 Bad Request"), Streams::Cut, Transport::Poll),
            (Upgrades::Pass, Streams::Pass, Transport::WebSocket),
        ] {
            proxy.upgrades(upgrades);
            proxy.streams(streams);
            if by != Transport::WebSocket {
                proxy.cut();
            }
            ann.by(by).await;
        }
    };
    tokio::join!(talk(&ann, "ann"), talk(&bob, "bob"), weather);
    for actor in [&mut ann, &mut bob] {
        actor.see(MESSAGES).await;
        actor.judge();
        assert_eq!(actor.seen.last().map(|(seq, _)| *seq), Some(MESSAGES as u64), "each is stored once");
    }
}

#[tokio::test]
async fn requests_that_go_to_one_node_and_the_next_need_no_stickiness() {
    const MESSAGES: usize = 60;
    let store = Arc::new(Memory::new(tidings_protocol::Epoch::new("test-epoch").unwrap()));
    let mut brokers = brokers::joined(2).into_iter().map(Arc::new);
    let one = Server::start_node("one", store.clone(), brokers.next().unwrap()).await;
    let two = Server::start_node("two", store, brokers.next().unwrap()).await;
    let proxy = Proxy::before(&[one.addr, two.addr]).await;
    for transports in [ONLY_POLLS, ONLY_REQUESTS] {
        let mut ann = Actor::in_general(Config { transports, ..config(&proxy.url(), "ann") }).await;
        let mut bob = Actor::in_general(Config { transports, ..config(&proxy.url(), "bob") }).await;
        let before = proxy.requests();
        for n in 0..MESSAGES / 2 {
            tokio::join!(async { ann.say(&format!("ann {transports:?} {n}")).await }, async {
                bob.say(&format!("bob {transports:?} {n}")).await
            });
        }
        for actor in [&mut ann, &mut bob] {
            actor.see(MESSAGES).await;
            actor.judge();
        }
        let (at_one, at_two) = (proxy.requests()[0] - before[0], proxy.requests()[1] - before[1]);
        assert!(at_one > MESSAGES / 4 && at_two > MESSAGES / 4, "{at_one} and {at_two}");
        ann.client.close().await;
        bob.client.close().await;
    }
}

#[tokio::test]
async fn a_stream_outlives_its_token_where_there_is_another() {
    let server = Server::start(&["--jwt-leeway", "0s"]).await;
    let made = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let token = Token::fetched(move |_| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let life = if n == 0 { 3 } else { 3_600 };
        let claims = json!({"sub": "ann", "exp": crate::harness::now() + life});
        async move { Ok(token_with(claims)) }
    });
    let config = Config { token, transports: ONLY_REQUESTS, ..Config::new(server.url(""), "") };
    let ann = Actor::in_general(config).await;
    let mut watch = ann.client.watch();
    let refreshed = async {
        while made.load(std::sync::atomic::Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, refreshed).await.expect("the server says that the token is about to end");
    watch.mark_unchanged();
    let past_the_first_ones_end = Duration::from_secs(4);
    timeout(past_the_first_ones_end, watch.changed())
        .await
        .expect_err("the stream goes on with the new token");
    ann.say("still here").await;
}
