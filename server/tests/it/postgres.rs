//! The log in PostgreSQL: nodes that share it, an outage, and the commands.

mod mounted;

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidings_server::store::Store;
use tidings_server::store::postgres::{Options, Postgres};
use tidings_testbed::postgres::{self, Database};
use tokio::process::Command;

use crate::clients::brokers::joined;
use crate::harness::{Client, Server, seqs, token};
use crate::support::logs::held;
use crate::support::{TestServer, client, jwt};

/// This long after PostgreSQL is back everything works again, on a machine that starts others meanwhile; the fault run
/// `cluster` holds it to 5 s.
const HEALED_WITHIN: Duration = Duration::from_secs(15);
/// How often it is tried whether it is back.
const ASKED_EVERY: Duration = Duration::from_millis(200);

async fn nodes(database: &Database, count: usize) -> Vec<Server> {
    let mut nodes = Vec::new();
    for (n, broker) in joined(count).into_iter().enumerate() {
        let store: Arc<dyn Store> =
            Arc::new(Postgres::open(&database.url(), Options::default()).await.unwrap());
        nodes.push(Server::start_node(&format!("node-{n}"), store, Arc::new(broker)).await);
    }
    nodes
}

/// Whether this comes true.
async fn comes(is_so: impl AsyncFn() -> bool) -> bool {
    let until = Instant::now() + HEALED_WITHIN;
    while !is_so().await {
        if Instant::now() > until {
            return false;
        }
        tokio::time::sleep(ASKED_EVERY).await;
    }
    true
}

/// Whether the server is subscribed to so many rooms, or comes to be.
async fn comes_to_rooms(server: &TestServer, rooms: usize) -> bool {
    let line = format!("rooms_active {rooms}");
    comes(async || server.numbers().await.lines().any(|told| told == line)).await
}

/// Keeps a table to itself for so many seconds, from now on.
async fn lock(database: &Arc<Database>, table: &str, seconds: u32) -> tokio::task::JoinHandle<()> {
    let (database, wanted) = (Arc::clone(database), format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"));
    let locked = tokio::task::spawn_blocking(move || {
        database.sql(&format!("BEGIN; {wanted}; SELECT pg_sleep({seconds}); COMMIT")).unwrap();
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    locked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_is_given_up_while_it_comes_into_its_rooms_leaves_no_subscription() {
    let database = Arc::new(Database::create().unwrap());
    let server = TestServer::start_over(&database.url()).await;
    let poll = |session: &str| {
        let rooms: Vec<Value> = (0..20).map(|n| json!({ "roomId": format!("room-{n}") })).collect();
        let body = json!({ "clientSession": session, "rooms": rooms, "waitMs": 0 });
        let request = client().post(server.url("/api/v1/realtime/poll")).bearer_auth(jwt::token("ann"));
        request.json(&body)
    };
    assert_eq!(poll("first").send().await.unwrap().status(), 200);
    assert!(comes_to_rooms(&server, 0).await);
    // Where the rooms stand is read behind the subscriptions, and from this table too.
    let locked = lock(&database, "log_state", 4).await;
    let waiting = tokio::spawn(poll("second").send());
    assert!(comes_to_rooms(&server, 20).await, "it has come so far");
    waiting.abort();
    assert!(comes_to_rooms(&server, 0).await);
    locked.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_given_up_while_it_makes_its_user_present_leaves_nobody_there() {
    let database = Arc::new(Database::create().unwrap());
    let server = TestServer::start_over(&database.url()).await;
    let ask = |path: &str| client().get(server.url(path)).bearer_auth(jwt::scoped("root", "admin"));
    let online = async || {
        let status = ask("/api/v1/notifications/status").send().await.unwrap();
        status.json::<Value>().await.unwrap()["connectedUsers"].as_u64().unwrap()
    };
    // Whom to tell of a user is looked up in this table.
    let locked = lock(&database, "rooms", 3).await;
    let body = json!({ "clientSession": "s", "rooms": [], "waitMs": 0 });
    let request = client().post(server.url("/api/v1/realtime/poll")).bearer_auth(jwt::token("ann"));
    let waiting = tokio::spawn(request.json(&body).send());
    assert!(comes(async || online().await == 1).await, "it has come so far");
    waiting.abort();
    assert!(comes(async || online().await == 0).await);
    locked.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leave_that_is_refused_while_the_store_is_away_ends_the_membership_when_it_comes_again() {
    let database = Arc::new(Database::create().unwrap());
    let server = Server::start_at(&database.url(), &["--database-timeout", "1s"]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    let leave = |id: &str| json!({ "type": "LEAVE_ROOM", "roomId": "general", "id": id });
    let locked = lock(&database, "rooms", 4).await;
    ann.send(leave("1")).await;
    assert_eq!(ann.error().await["code"], "UNAVAILABLE");
    locked.await.unwrap();
    ann.send(leave("2")).await;
    ann.answer("2").await;
    assert_eq!(database.sql("SELECT count(*) FROM members").unwrap().trim(), "0");
}

async fn say_many(client: &mut Client, who: &str, count: usize) {
    for n in 0..count {
        let id = format!("{who}-{n}");
        client.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": id, "content": id })).await;
    }
    for n in 0..count {
        client.answer(&format!("{who}-{n}")).await;
    }
}

async fn messages(client: &mut Client, count: usize) -> Vec<Value> {
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.push(json!({ "data": client.message().await }));
    }
    messages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_one_database_show_everybody_one_order() {
    const EACH: usize = 60;
    let database = Database::create().unwrap();
    let nodes = nodes(&database, 2).await;
    let (mut ann, mut bob) = (nodes[0].connect("ann").await, nodes[1].connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    tokio::join!(say_many(&mut ann, "ann", EACH), say_many(&mut bob, "bob", EACH));
    let (anns, bobs) = tokio::join!(messages(&mut ann, 2 * EACH), messages(&mut bob, 2 * EACH));
    assert!(seqs(&anns).into_iter().eq(1..=2 * EACH as u64), "{:?}", seqs(&anns));
    let contents = |frames: &[Value]| -> Vec<String> {
        frames.iter().map(|frame| frame["data"]["content"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(contents(&anns), contents(&bobs));
    for who in ["ann", "bob"] {
        let own: Vec<String> = contents(&anns).into_iter().filter(|text| text.starts_with(who)).collect();
        assert_eq!(own, (0..EACH).map(|n| format!("{who}-{n}")).collect::<Vec<_>>(), "first in, first out");
    }
}

#[tokio::test]
async fn direct_messages_and_retransmits_cross_nodes() {
    let database = Database::create().unwrap();
    let nodes = nodes(&database, 2).await;
    let (mut ann, mut bob) = (nodes[0].connect("ann").await, nodes[1].connect("bob").await);
    let psst =
        json!({ "type": "PRIVATE_MESSAGE", "content": "psst", "data": { "recipientId": "bob" }, "id": "p" });
    ann.send(psst.clone()).await;
    let first = ann.answer("p").await;
    assert_eq!(bob.expect("PRIVATE", "MESSAGE").await["content"], "psst");
    let mut again = nodes[1].connect("ann").await;
    again.send(psst).await;
    let second = again.answer("p").await;
    assert_eq!((&second["messageId"], &second["seq"]), (&first["messageId"], &first["seq"]));
    assert_eq!(second["duplicate"], true);
    ann.join("general").await;
    let first = ann.say("general", "m", "hi").await;
    let second = again.say("general", "m", "hi").await;
    assert_eq!((&second["seq"], &second["duplicate"]), (&first["seq"], &json!(true)));
}

async fn readiness(server: &Server) -> u16 {
    client().get(server.url("/readyz")).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgresql_is_away_frames_are_refused_for_now_and_nothing_is_lost_or_doubled() {
    let postgres = Arc::new(postgres::Postgres::start().unwrap());
    let database = Database::on(&postgres).unwrap();
    let server = Server::start_at(&database.url(), &["--database-timeout", "1s"]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    for n in 0..5 {
        ann.say("general", &format!("before-{n}"), "before").await;
    }
    assert_eq!(readiness(&server).await, 200);
    tokio::task::block_in_place(|| postgres.stop_immediate().unwrap());
    ann.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": "away", "content": "away" })).await;
    let refused = ann.error().await;
    assert_eq!((&refused["code"], &refused["id"]), (&json!("UNAVAILABLE"), &json!("away")));
    assert!(refused["retryAfterMs"].as_u64().unwrap() > 0);
    assert_eq!(readiness(&server).await, 503);
    tokio::task::block_in_place(|| postgres.start_again().unwrap());
    let back = Instant::now();
    let ack = loop {
        ann.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": "away", "content": "away" }))
            .await;
        let frame = ann.next().await;
        match (frame["category"].as_str(), frame["type"].as_str()) {
            (Some("SYSTEM"), Some("ACK")) => break frame["data"].clone(),
            (Some("ERROR"), _) => {
                assert_eq!(frame["data"]["code"], "UNAVAILABLE");
                // Who asks much more often is closed with 4029.
                tokio::time::sleep(ASKED_EVERY).await;
            }
            _ => {}
        }
        assert!(back.elapsed() < HEALED_WITHIN);
    };
    while readiness(&server).await != 200 {
        assert!(back.elapsed() < HEALED_WITHIN);
    }
    assert_eq!(ack["seq"], 6);
    let kept = database.sql("SELECT seq || ' ' || client_id FROM messages ORDER BY seq").unwrap();
    let kept: Vec<&str> = kept.lines().collect();
    assert_eq!(kept.len(), 6);
    assert_eq!((kept[0], kept[5]), ("1 before-0", "6 away"));
}

async fn command(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tidings-server"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    (output.status.success(), held(String::from_utf8(output.stderr).unwrap()))
}

#[tokio::test]
async fn the_tables_are_made_and_the_log_renamed_from_the_command_line() {
    let database = Database::create().unwrap();
    let url = database.url();
    let (done, said) = command(&["migrate", "--database-url", &url]).await;
    assert!(done && said.contains("up to date"), "{said}");
    let epoch = async || {
        let server = Server::start_at(&url, &[]).await;
        server.connect_with(&token("ann"), "").await.hello["epoch"].clone()
    };
    let before = epoch().await;
    let (done, said) = command(&["new-epoch", "--database-url", &url]).await;
    assert!(done, "{said}");
    let after = epoch().await;
    assert_ne!(before, after);
    assert!(said.contains(after.as_str().unwrap()), "{said}");
}

#[tokio::test]
async fn what_is_wrong_with_a_database_is_one_sentence_without_the_password() {
    let port = tidings_testbed::process::free_port().unwrap();
    let database = Database::create().unwrap();
    for (url, sentence) in [
        (format!("postgres://ann:hunter2@127.0.0.1:{port}/tidings"), "cannot open the database"),
        (database.url().replace("postgres@", "nobody:hunter2@"), "nobody"),
        (format!("{}?sslmode=require", database.url()), "TLS"),
        (format!("{}?sslmode=perhaps", database.url()), "postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
    ] {
        let (done, said) = command(&["migrate", "--database-url", &url]).await;
        assert!(!done);
        assert!(said.contains(sentence), "{said}");
        assert!(!said.contains("hunter2") && said.trim().lines().count() == 1, "{said}");
    }
}
