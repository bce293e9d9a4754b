//! What can happen in a step.

use proptest::collection::vec;
use proptest::prelude::*;

use super::net::Weather;

/// Clients: two sessions of one user, one of another, and, where pages share a connection, one more of the first.
pub(crate) const USERS: [&str; 4] = ["ann", "ann", "bob", "ann"];
/// Clients where each has a connection of its own.
pub(crate) const ALONE: usize = 3;
/// Rooms that clients join.
pub(crate) const ROOMS: [&str; 3] = ["red", "green", "blue"];

/// The direct room of the two users.
pub(crate) const DIRECT: &str = "direct:ann:bob";

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Send {
        client: usize,
        room: usize,
        burst: usize,
    },
    /// To the direct room, by its own name or by the other user's.
    SendPrivate {
        client: usize,
        by_room: bool,
    },
    SendForbidden {
        client: usize,
        room: usize,
    },
    /// Retries, revises or cancels something that failed, or cancels something that waits.
    Reconsider {
        client: usize,
        how: u8,
    },
    Join {
        client: usize,
        room: usize,
    },
    Leave {
        client: usize,
        room: usize,
    },
    /// The connection breaks: each direction and each side's notice at a moment of its own.
    Cut {
        client: usize,
    },
    /// The server dies at the next entry, or, without one, at once.
    Crash(CrashAt),
    /// The server can store nothing for a while.
    Unavailable {
        ms: u64,
    },
    /// One live entry is not handed to one session.
    Forget {
        client: usize,
    },
    Reload {
        client: usize,
        with_positions: bool,
    },
    Wake {
        client: usize,
    },
    /// Where pages share a connection, this one takes it over.
    Lead {
        client: usize,
    },
    /// What the client's network lets through from now on.
    Weather {
        client: usize,
        weather: Weather,
    },
    Sleep {
        client: usize,
    },
    Wait {
        ms: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashAt {
    Once,
    BeforeCommit,
    AfterCommit,
    AfterAck,
}

pub(crate) fn ops(steps: usize, clients: usize) -> impl Strategy<Value = Vec<Op>> {
    let client = 0..clients;
    let room = 0..ROOMS.len();
    let in_room = || (client.clone(), room.clone());
    let crash = prop_oneof![
        Just(CrashAt::Once),
        Just(CrashAt::BeforeCommit),
        Just(CrashAt::AfterCommit),
        Just(CrashAt::AfterAck)
    ];
    let weather = prop_oneof![
        2 => Just(Weather::Clear),
        1 => any::<u8>().prop_map(Weather::NoSockets),
        1 => any::<u8>().prop_map(Weather::OnlyPolls),
    ];
    let op = prop_oneof![
        30 => (client.clone(), room.clone(), 1..6_usize).prop_map(|(client, room, burst)| Op::Send { client, room, burst }),
        8 => (client.clone(), any::<bool>()).prop_map(|(client, by_room)| Op::SendPrivate { client, by_room }),
        3 => in_room().prop_map(|(client, room)| Op::SendForbidden { client, room }),
        4 => (client.clone(), any::<u8>()).prop_map(|(client, how)| Op::Reconsider { client, how }),
        6 => in_room().prop_map(|(client, room)| Op::Join { client, room }),
        2 => in_room().prop_map(|(client, room)| Op::Leave { client, room }),
        6 => client.clone().prop_map(|client| Op::Cut { client }),
        2 => crash.prop_map(Op::Crash),
        2 => (200..3_000_u64).prop_map(|ms| Op::Unavailable { ms }),
        2 => client.clone().prop_map(|client| Op::Forget { client }),
        2 => (client.clone(), any::<bool>()).prop_map(|(client, with_positions)| Op::Reload { client, with_positions }),
        2 => client.clone().prop_map(|client| Op::Wake { client }),
        2 => client.clone().prop_map(|client| Op::Lead { client }),
        2 => (client.clone(), weather).prop_map(|(client, weather)| Op::Weather { client, weather }),
        1 => client.prop_map(|client| Op::Sleep { client }),
        30 => (0..1_500_u64).prop_map(|ms| Op::Wait { ms }),
    ];
    vec(op, steps)
}
