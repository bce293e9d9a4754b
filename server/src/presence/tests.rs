//! Nodes that gossip over a way that loses and repeats: when it is quiet, all know the same.

use proptest::prelude::*;

use super::*;

const GRACE: Duration = Duration::from_secs(10);
const LEASE: Duration = Duration::from_secs(15);

fn user(n: u8) -> UserId {
    UserId::new(format!("user{n}")).unwrap()
}

fn room(n: u8) -> RoomId {
    RoomId::new(format!("room{n}")).unwrap()
}

fn session(n: u8) -> SessionId {
    SessionId::new(format!("session{n:03}")).unwrap()
}

fn nodes(count: usize) -> Vec<Presence> {
    (0..count).map(|n| Presence::new(GRACE, &format!("node{n}"), Some(LEASE))).collect()
}

/// Carries what every node says to all others, as far as `arrives` lets it.
fn carry(nodes: &[Presence], mut arrives: impl FnMut() -> bool) -> Vec<(usize, Change)> {
    let mut told = Vec::new();
    for from in 0..nodes.len() {
        // As the node does that is told of a change.
        (0..4).for_each(|n| nodes[from].know_partners(&user(n), Vec::new()));
        for said in nodes[from].take_gossip() {
            for (to, node) in nodes.iter().enumerate().filter(|(to, _)| *to != from) {
                if arrives() {
                    told.extend(node.hear(&said).into_iter().map(|change| (to, change)));
                }
            }
        }
    }
    told
}

fn settle(nodes: &[Presence]) {
    for _ in 0..4 {
        for node in nodes {
            node.beat();
            node.bury(true);
            node.forget_old();
        }
        carry(nodes, || true);
        carry(nodes, || true);
    }
}

fn arrival<'a>(user: &'a UserId, session: &'a SessionId) -> Arrival<'a> {
    Arrival { user, name: "name", session, client: None }
}

#[derive(Clone, Debug)]
enum Step {
    Connect { node: usize, user: u8, session: u8 },
    Enter { node: usize, user: u8, session: u8, room: u8 },
    Leave { node: usize, user: u8, session: u8, room: u8 },
    Away { node: usize, user: u8, session: u8 },
    Lose { node: usize, user: u8, session: u8 },
    Carry(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = (0..3_usize, 0..3_u8, 0..4_u8);
    prop_oneof![
        who.clone().prop_map(|(node, user, session)| Step::Connect { node, user, session }),
        (who.clone(), 0..3_u8).prop_map(|((node, user, session), room)| Step::Enter {
            node,
            user,
            session,
            room
        }),
        (who.clone(), 0..3_u8).prop_map(|((node, user, session), room)| Step::Leave {
            node,
            user,
            session,
            room
        }),
        who.clone().prop_map(|(node, user, session)| Step::Away { node, user, session }),
        who.prop_map(|(node, user, session)| Step::Lose { node, user, session }),
        any::<u64>().prop_map(Step::Carry),
    ]
}

proptest! {
    #[test]
    fn whatever_was_lost_on_the_way_all_nodes_come_to_know_the_same(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let nodes = nodes(3);
            let mut open = std::collections::HashSet::new();
            for step in steps {
                match step {
                    Step::Connect { node, user: u, session: s } => {
                        if open.insert((node, u, s)) {
                            nodes[node].connect(arrival(&user(u), &session(s)));
                        }
                    }
                    Step::Enter { node, user: u, session: s, room: r } if open.contains(&(node, u, s)) => {
                        nodes[node].enter(&room(r), &user(u), &session(s));
                    }
                    Step::Leave { node, user: u, session: s, room: r } if open.contains(&(node, u, s)) => {
                        nodes[node].leave(&room(r), &user(u), &session(s));
                    }
                    Step::Away { node, user: u, session: s } => {
                        nodes[node].set_status(&user(u), &session(s), OnlineStatus::Away);
                    }
                    Step::Lose { node, user: u, session: s } if open.remove(&(node, u, s)) => {
                        nodes[node].lose(&user(u), &session(s), None);
                    }
                    Step::Enter { .. } | Step::Leave { .. } | Step::Lose { .. } => {}
                    Step::Carry(mut bits) => {
                        carry(&nodes, || {
                            bits = bits.rotate_left(1);
                            bits & 1 == 1
                        });
                    }
                }
            }
            // The grace time of all that was lost passes.
            tokio::time::advance(GRACE + Duration::from_secs(1)).await;
            for node in &nodes {
                (0..3).for_each(|u| drop(node.expire(&user(u))));
            }
            for _ in 0..3 {
                tokio::time::advance(Duration::from_secs(2)).await;
                settle(&nodes);
            }
            let all: Vec<SessionsOf> = nodes.iter().map(seen).collect();
            for other in &all[1..] {
                assert_eq!(&all[0], other);
            }
            let online: std::collections::HashSet<u8> = open.iter().map(|(_, u, _)| *u).collect();
            for u in 0..3 {
                assert_eq!(nodes[0].status(&user(u)) != Status::Offline, online.contains(&u));
            }
        });
    }
}

type SessionsOf = (Vec<Vec<UserId>>, Vec<Status>);

fn seen(node: &Presence) -> SessionsOf {
    let rooms =
        (0..3).map(|r| node.participants(&room(r), None, 99).0.into_iter().map(|p| p.user_id).collect());
    (rooms.collect(), (0..3).map(|u| node.status(&user(u))).collect())
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_taken_for_dead_and_one_that_cannot_be_heard_is_not() {
    let nodes = nodes(2);
    let (ann, its) = (user(1), session(1));
    nodes[1].connect(arrival(&ann, &its));
    nodes[1].enter(&room(1), &ann, &its);
    settle(&nodes);
    assert_eq!(nodes[0].status(&ann), Status::Online);
    tokio::time::advance(LEASE * 2).await;
    assert!(nodes[0].bury(false).is_empty());
    assert!(nodes[0].bury(true).is_empty(), "it gets its time anew");
    tokio::time::advance(LEASE).await;
    let told = nodes[0].bury(true);
    assert!(matches!(told.as_slice(), [Change::Lost { .. }, Change::Status { .. }]), "{told:?}");
    assert!(nodes[0].bury(true).is_empty());
    // It was not dead after all.
    settle(&nodes);
    assert_eq!(nodes[0].status(&ann), Status::Online);
}

#[tokio::test(start_paused = true)]
async fn a_user_is_told_of_once_however_many_nodes_have_its_sessions() {
    let nodes = nodes(3);
    let ann = user(1);
    let mut told = Vec::new();
    for (n, node) in nodes.iter().enumerate() {
        let its = session(u8::try_from(n).unwrap());
        node.connect(arrival(&ann, &its));
        told.extend(node.enter(&room(1), &ann, &its).into_iter().map(|change| (n, change)));
        told.extend(carry(&nodes, || true));
        told.extend(carry(&nodes, || true));
    }
    let joined = |told: &[(usize, Change)], n: usize| {
        told.iter().filter(|(at, change)| *at == n && matches!(change, Change::Joined { .. })).count()
    };
    assert_eq!([0, 1, 2].map(|n| joined(&told, n)), [1, 1, 1]);
}

#[test]
fn what_a_later_version_says_is_left_out() {
    let node = Presence::new(GRACE, "node", Some(LEASE));
    assert!(node.hear(r#"{"from":7,"name":"new","said":{"is":"somethingElse","more":1}}"#).is_empty());
    assert!(node.hear("nonsense").is_empty());
}

fn client() -> ClientSession {
    ClientSession::new("client").unwrap()
}

/// A poll of the client session comes to a node, and ends.
fn poll(node: &Presence, number: u8) {
    let (user, session, client) = (user(0), session(number), client());
    node.connect(Arrival { client: Some(&client), ..arrival(&user, &session) });
    node.lose(&user, &session, Some(Instant::now() + LEASE));
}

/// Two minutes and a half, in which a client session polls at one node.
async fn polls(nodes: &[Presence], at: usize, from: u8) {
    for number in 0..30 {
        tokio::time::advance(Duration::from_secs(5)).await;
        poll(&nodes[at], from + number);
        settle(nodes);
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_to_be_away_by_a_request_is_away_on_a_node_that_no_request_came_to_for_long() {
    let nodes = nodes(2);
    nodes[0].set_client_status(&user(0), &client(), OnlineStatus::Away);
    polls(&nodes, 0, 0).await;
    poll(&nodes[1], 100);
    settle(&nodes);
    assert_eq!([0, 1].map(|node| nodes[node].status(&user(0))), [Status::Away; 2]);
}

#[tokio::test(start_paused = true)]
async fn who_says_to_be_away_by_a_request_is_away_in_a_stream_after_a_long_one() {
    let nodes = nodes(1);
    let (user, client) = (user(0), client());
    nodes[0].connect(Arrival { client: Some(&client), ..arrival(&user, &session(1)) });
    nodes[0].set_client_status(&user, &client, OnlineStatus::Away);
    for _ in 0..60 {
        tokio::time::advance(Duration::from_secs(5)).await;
        nodes[0].forget_old();
    }
    nodes[0].lose(&user, &session(1), None);
    nodes[0].connect(Arrival { client: Some(&client), ..arrival(&user, &session(2)) });
    assert_eq!(nodes[0].status(&user), Status::Away);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_missed_what_a_client_session_said_goes_by_what_is_shown_elsewhere() {
    let nodes = nodes(3);
    nodes[0].set_client_status(&user(0), &client(), OnlineStatus::Away);
    poll(&nodes[0], 0);
    settle(&nodes);
    tokio::time::advance(Duration::from_secs(5)).await;
    nodes[1].set_client_status(&user(0), &client(), OnlineStatus::Online);
    // The last node is told nothing of that.
    carry(&nodes[..2], || true);
    polls(&nodes, 0, 1).await;
    poll(&nodes[2], 100);
    settle(&nodes);
    assert_eq!([0, 1, 2].map(|node| nodes[node].status(&user(0))), [Status::Online; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_on_a_node_that_has_missed_what_its_client_session_said_to_another_is_shown_so_when_it_hears_again()
 {
    let nodes = nodes(2);
    let (user, client) = (user(0), client());
    nodes[0].connect(Arrival { client: Some(&client), ..arrival(&user, &session(1)) });
    settle(&nodes);
    nodes[1].set_client_status(&user, &client, OnlineStatus::Away);
    nodes[1].connect(arrival(&super::tests::user(1), &session(9)));
    carry(&nodes, || false);
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(2)).await;
        settle(&nodes);
    }
    assert_eq!([0, 1].map(|node| nodes[node].status(&user)), [Status::Away; 2]);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_by_a_socket_stands_in_place_of_what_its_client_session_said_by_a_request() {
    let nodes = nodes(2);
    let (user, client) = (user(0), client());
    nodes[0].set_client_status(&user, &client, OnlineStatus::Away);
    for number in 1..3 {
        nodes[0].connect(Arrival { client: Some(&client), ..arrival(&user, &session(number)) });
        nodes[0].set_status(&user, &session(number), OnlineStatus::Online);
        settle(&nodes);
        assert_eq!([0, 1].map(|node| nodes[node].status(&user)), [Status::Online; 2]);
        nodes[0].lose(&user, &session(number), None);
    }
    nodes[1].connect(Arrival { client: Some(&client), ..arrival(&user, &session(3)) });
    assert_eq!(nodes[1].status(&user), Status::Online);
}

#[tokio::test(start_paused = true)]
async fn what_client_sessions_say_is_forgotten_when_nothing_is_left_of_them() {
    let node = &nodes(1)[0];
    node.set_client_status(&user(0), &client(), OnlineStatus::Away);
    tokio::time::advance(Duration::from_secs(121)).await;
    node.forget_old();
    node.connect(Arrival { client: Some(&client()), ..arrival(&user(0), &session(1)) });
    assert_eq!(node.status(&user(0)), Status::Online);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_with_the_direct_partners_or_after_a_while_without() {
    let nodes = nodes(2);
    settle(&nodes);
    for partners in [Some(vec![user(5)]), None] {
        nodes[0].connect(arrival(&user(0), &session(1)));
        assert!(nodes[0].take_gossip().is_empty(), "they are being looked up");
        match &partners {
            Some(found) => nodes[0].know_partners(&user(0), found.clone()),
            None => tokio::time::advance(Duration::from_millis(250)).await,
        }
        let said = nodes[0].take_gossip();
        let changes: Vec<Change> = said.iter().flat_map(|said| nodes[1].hear(said)).collect();
        let told = changes.iter().find_map(|change| {
            if let Change::Status { partners, .. } = change { Some(partners.clone()) } else { None }
        });
        assert_eq!(told, Some(partners));
        nodes[0].lose(&user(0), &session(1), None);
        tokio::time::advance(GRACE + Duration::from_secs(1)).await;
        nodes[0].expire(&user(0));
        settle(&nodes);
    }
}
