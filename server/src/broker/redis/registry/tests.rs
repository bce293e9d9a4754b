//! The keys on a real Redis, as a program that knows nothing of nodes reads them.

use futures_util::StreamExt as _;
use tidings_testbed::redis::Redis;

use super::*;

/// Long enough for a test to look, and short enough to wait for its end, which comes by the clock of Redis.
const LEASE: Duration = Duration::from_secs(3);

fn node(redis: &Redis, name: &str) -> Registry {
    Registry::new(Address::parse(&redis.url()).unwrap(), name, LEASE)
}

fn held(session: &str, user: &str) -> Held {
    Held {
        session: SessionId::new(session).unwrap(),
        user: UserId::new(user).unwrap(),
        since: Timestamp::from_millis(1_700_000_000_000),
        transport: "websocket",
    }
}

/// What Redis has of a user: how many sessions, and whether it is online.
fn of(redis: &Redis, user: &str) -> (String, String) {
    let sessions = redis.say(&["SCARD", &format!("websocket:user:{user}")]).unwrap();
    (
        sessions.trim().to_owned(),
        redis.say(&["GET", &format!("user:online:{user}")]).unwrap().trim().to_owned(),
    )
}

fn says(sessions: &str, online: &str) -> (String, String) {
    (sessions.to_owned(), online.to_owned())
}

#[tokio::test]
async fn a_session_is_a_hash_its_user_a_set_and_a_mark() {
    let redis = Redis::start().unwrap();
    let mut one = node(&redis, "one");
    one.write(&[held("s1", "ann"), held("s2", "ann"), held("s3", "bob")]).await.unwrap();
    let fields = redis.say(&["HGETALL", "websocket:session:s2"]).unwrap();
    for pair in ["userId\nann", "serverId\none", "connectedAt\n2023-11-14T22:13:20", "transport\nwebsocket"] {
        assert!(fields.contains(pair), "{pair} in {fields}");
    }
    assert_eq!((of(&redis, "ann"), of(&redis, "bob")), (says("2", "true"), says("1", "true")));
    one.write(&[held("s2", "ann")]).await.unwrap();
    assert_eq!((of(&redis, "ann"), of(&redis, "bob")), (says("1", "true"), says("0", "")));
    assert_eq!(redis.say(&["EXISTS", "websocket:session:s1"]).unwrap().trim(), "0");
    one.write(&[]).await.unwrap();
    assert_eq!(redis.say(&["DBSIZE"]).unwrap().trim(), "0");
}

#[tokio::test]
async fn who_is_on_two_nodes_is_online_until_the_last_of_them_says_otherwise() {
    let redis = Redis::start().unwrap();
    let (mut one, mut two) = (node(&redis, "one"), node(&redis, "two"));
    one.write(&[held("s1", "ann")]).await.unwrap();
    two.write(&[held("s2", "ann")]).await.unwrap();
    one.write(&[]).await.unwrap();
    assert_eq!(of(&redis, "ann"), says("1", "true"));
    two.write(&[]).await.unwrap();
    assert_eq!(of(&redis, "ann"), says("0", ""));
}

#[tokio::test]
async fn who_comes_back_by_another_session_is_never_shown_as_gone() {
    let redis = Redis::start().unwrap();
    redis.say(&["CONFIG", "SET", "notify-keyspace-events", "Eg"]).unwrap();
    let mut one = node(&redis, "one");
    one.write(&[held("s1", "ann")]).await.unwrap();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut told = client.get_async_pubsub().await.unwrap();
    told.subscribe("__keyevent@0__:del").await.unwrap();
    one.write(&[held("s2", "ann")]).await.unwrap();
    assert_eq!(of(&redis, "ann"), says("1", "true"));
    one.write(&[]).await.unwrap();
    let gone = told.into_on_message().map(|message| message.get_payload::<String>().unwrap());
    let before: Vec<String> =
        gone.take_while(|key| std::future::ready(key != "user:online:ann")).collect().await;
    assert!(before.contains(&"websocket:session:s2".to_owned()), "{before:?}");
}

#[tokio::test]
async fn what_a_dead_node_held_ends_with_its_lease_and_nothing_else_does() {
    let redis = Redis::start().unwrap();
    let (mut dead, mut lives) = (node(&redis, "dead"), node(&redis, "lives"));
    dead.write(&[held("s1", "ann"), held("s2", "bob")]).await.unwrap();
    let until = Instant::now() + LEASE * 4 / 3;
    while Instant::now() < until {
        lives.write(&[held("s3", "ann")]).await.unwrap();
        assert_eq!(of(&redis, "ann").1, "true");
        tokio::time::sleep(LEASE / 10).await;
    }
    assert_eq!((of(&redis, "ann"), of(&redis, "bob")), (says("1", "true"), says("0", "")));
    // It was only slow: its next word takes nothing from the others, and is taken.
    dead.write(&[held("s2", "bob")]).await.unwrap();
    assert_eq!((of(&redis, "ann"), of(&redis, "bob")), (says("1", "true"), says("1", "true")));
}

#[tokio::test]
async fn what_redis_has_lost_is_written_again() {
    let redis = Redis::start().unwrap();
    let mut one = node(&redis, "one");
    one.write(&[held("s1", "ann")]).await.unwrap();
    redis.flush_all().unwrap();
    tokio::time::sleep(LEASE / RENEWALS).await;
    one.write(&[held("s1", "ann")]).await.unwrap();
    assert_eq!(of(&redis, "ann"), says("1", "true"));
    redis.kill();
    assert!(one.write(&[held("s1", "ann"), held("s2", "bob")]).await.is_err());
    redis.start_again().unwrap();
    one.write(&[held("s1", "ann"), held("s2", "bob")]).await.unwrap();
    assert_eq!((of(&redis, "ann"), of(&redis, "bob")), (says("1", "true"), says("1", "true")));
}
