//! One full example of each client frame and each server event.

use serde_json::{Map, json};
use tidings_protocol::command::*;
use tidings_protocol::data::*;
use tidings_protocol::entity::*;
use tidings_protocol::http::StreamReset;
use tidings_protocol::{ClientFrame, Code, Cursor, Event, MessageId, RoomId, Timestamp, UserId};

const MESSAGE: &str = "019a5c2e-7f10-7c3a-9d4e-8a1b2c3d4e5f";

fn user(text: &str) -> UserId {
    text.parse().unwrap()
}

fn room() -> RoomId {
    "general".parse().unwrap()
}

fn message_id() -> MessageId {
    MESSAGE.parse().unwrap()
}

pub(crate) fn time() -> Timestamp {
    "2026-01-31T09:05:00.250Z".parse().unwrap()
}

/// One frame of each type that a client may send, in the order of `Command::TYPES`.
pub(crate) fn client_frames() -> Vec<ClientFrame> {
    let commands = vec![
        Command::JoinRoom(JoinRoom {
            room_id: room(),
            after_seq: Some(41),
            epoch: Some("e1".parse().unwrap()),
            rewind: true,
        }),
        Command::LeaveRoom(LeaveRoom { room_id: room() }),
        Command::ChatMessage(ChatMessage {
            room_id: room(),
            content: "Hello \"all\" 👋".into(),
            reply_to: Some(message_id()),
        }),
        Command::PrivateMessage(PrivateMessage {
            content: "psst".into(),
            data: Recipient { recipient_id: user("bob") },
            reply_to: None,
        }),
        Command::Typing(Typing { room_id: room(), data: TypingState { is_typing: true } }),
        Command::EditMessage(EditMessage {
            room_id: room(),
            message_id: message_id(),
            content: "better".into(),
        }),
        Command::DeleteMessage(DeleteMessage { room_id: room(), message_id: message_id() }),
        Command::React(React {
            room_id: room(), message_id: message_id(), emoji: "👍".into(), remove: true
        }),
        Command::Read(Read { room_id: room(), seq: 42 }),
        Command::SetPresence(SetPresence { status: OnlineStatus::Away }),
        Command::Resume(Resume {
            epoch: Some("e1".parse().unwrap()),
            rooms: vec![
                RoomPosition { room_id: room(), after_seq: Some(42) },
                RoomPosition { room_id: "random".parse().unwrap(), after_seq: None },
            ],
            inbox_after: Some(7),
            notifications_after: Some("n-12.b-3".into()),
            rewind: true,
        }),
        Command::Authenticate(Authenticate { token: "header.claims.signature".into() }),
        Command::Ping(Ping {}),
    ];
    let number = |n: usize| format!("frame-{n}").parse().ok();
    let after = |n: usize, command: &Command| {
        if matches!(command, Command::PrivateMessage(_)) { number(n - 1) } else { None }
    };
    let frame = |(n, command)| ClientFrame { id: number(n), after: after(n, &command), command };
    commands.into_iter().enumerate().map(frame).collect()
}

/// One event of each kind that a server may send, in the order of `Event::TYPES`.
pub(crate) fn events() -> Vec<Event> {
    let in_room = || UserInRoom { user_id: user("ann"), name: "Ann".into(), room_id: room() };
    vec![
        Event::ConnectionEstablished(ConnectionEstablished {
            message: "Connected".into(),
            user_id: user("ann"),
            session_id: "s-1".parse().unwrap(),
            protocol: tidings_protocol::limits::PROTOCOL.into(),
            epoch: "e1".parse().unwrap(),
            inbox_seq: 7,
            heartbeat_ms: 25_000,
            max_content_bytes: 16_384,
            frames_per_second: 50,
            frame_burst: 200,
        }),
        Event::RoomParticipants(RoomParticipants {
            room_id: room(),
            participants: vec![user("ann")],
            people: vec![Person { user_id: user("ann"), name: "Ann".into(), status: Status::Online }],
            count: 1,
            head_seq: 42,
            replay_from: 43,
            markers: vec![
                Marker { user_id: user("ann"), read_seq: 42, delivered_seq: Some(42) },
                Marker { user_id: user("bob"), read_seq: 0, delivered_seq: None },
            ],
        }),
        Event::RoomCount(RoomCount { room_id: room(), count: 201 }),
        Event::Gap(Gap { room_id: Some(room()), inbox: false, from: 1, to: 40, reason: GapReason::Limit }),
        Event::UserJoined(in_room()),
        Event::UserLeft(in_room()),
        Event::UserDisconnected(in_room()),
        Event::Presence(Presence {
            user_id: user("ann"),
            status: Status::Offline,
            online: false,
            last_seen: time(),
        }),
        Event::Membership(Box::new(Membership { room_id: room(), member: true, room: Some(full_room()) })),
        Event::RoomUpdated(Box::new(RoomUpdated { room: bare_room() })),
        Event::Ack(Ack {
            id: "frame-2".parse().unwrap(),
            duplicate: false,
            room_id: Some(room()),
            message_id: Some(message_id()),
            seq: Some(42),
        }),
        Event::Pong(Pong { id: Some("frame-12".parse().unwrap()), server_time: time() }),
        Event::Authenticated(Authenticated { id: Some("frame-11".parse().unwrap()), expires_at: time() }),
        Event::TokenExpiring(TokenExpiring { expires_at: time() }),
        Event::GoingAway(GoingAway { retry_after_ms: 1_500 }),
        Event::ChatMessage(message()),
        Event::Edited(Edited {
            room_id: room(),
            message_id: message_id(),
            seq: 43,
            sender_id: user("ann"),
            content: "better".into(),
            edited_at: time(),
            inbox_seq: None,
            client_id: Some("frame-5".parse().unwrap()),
        }),
        Event::Deleted(Deleted {
            room_id: room(),
            message_id: message_id(),
            seq: 44,
            sender_id: user("ann"),
            inbox_seq: Some(8),
            client_id: None,
        }),
        Event::Reaction(Reaction {
            room_id: room(),
            message_id: message_id(),
            seq: 45,
            user_id: user("bob"),
            emoji: "👍".into(),
            removed: false,
            inbox_seq: None,
            client_id: Some("frame-7".parse().unwrap()),
        }),
        Event::Read(ReadMoved { room_id: room(), user_id: user("bob"), seq: 42 }),
        Event::Typing(TypingIndicator { user_id: user("ann"), is_typing: true, room_id: room() }),
        Event::PrivateMessage(PrivateDelivery {
            message: message(),
            recipient_id: user("bob"),
            inbox_seq: Some(8),
        }),
        Event::Delivered(Delivered {
            message_id: message_id(),
            recipient_id: user("bob"),
            id: Some("frame-3".parse().unwrap()),
        }),
        Event::Notification(WithCursor { item: notification(), cursor: Some(cursor()) }),
        Event::Broadcast(WithCursor {
            item: Broadcast {
                id: MESSAGE.into(),
                title: "Maintenance".into(),
                message: "Tonight at ten".into(),
                kind: "ops".into(),
                created_at: time(),
            },
            cursor: Some(cursor()),
        }),
        Event::NotificationState(WithCursor {
            item: NotificationState {
                ids: Some(vec![MESSAGE.into()]),
                all: None,
                read: Some(true),
                deleted: None,
                unread_count: 2,
            },
            cursor: Some(cursor()),
        }),
        Event::NotificationReset(WithCursor {
            item: StreamReset { reason: "expired".into() },
            cursor: Some(cursor()),
        }),
        Event::Error(ErrorMessage {
            error: Code::RateLimited.sentence().into(),
            code: Code::RateLimited,
            id: Some("frame-2".parse().unwrap()),
            room_id: Some(room()),
            retry_after_ms: Some(250),
            field: None,
            detail: None,
        }),
    ]
}

fn message() -> Message {
    Message {
        message_id: message_id(),
        room_id: room(),
        seq: 42,
        sender_id: user("ann"),
        sender_name: Some("Ann".into()),
        content: "Hello".into(),
        timestamp: time(),
        reply_to: None,
        client_id: Some("frame-2".parse().unwrap()),
        edited_at: None,
        deleted: false,
        reactions: Vec::new(),
    }
}

fn bare_room() -> Room {
    Room {
        room_id: room(),
        name: "General".into(),
        kind: RoomKind::Public,
        head_seq: 42,
        read_seq: 0,
        unread: 0,
        last_message: None,
        members: None,
        peer_id: None,
        peer_read_seq: None,
        peer_delivered_seq: None,
    }
}

fn full_room() -> Room {
    let reaction = ReactionCount { emoji: "👍".into(), count: 2, mine: true };
    let edited = Message { edited_at: Some(time()), reactions: vec![reaction], ..message() };
    Room {
        kind: RoomKind::Direct,
        read_seq: 40,
        unread: 2,
        last_message: Some(edited),
        members: Some(2),
        peer_id: Some(user("bob")),
        peer_read_seq: Some(41),
        peer_delivered_seq: Some(42),
        ..bare_room()
    }
}

fn notification() -> Notification {
    Notification {
        id: MESSAGE.into(),
        user_id: user("ann"),
        title: "Build finished".into(),
        message: "All green".into(),
        kind: "build".into(),
        data: Map::from_iter([("run".to_owned(), json!(17))]),
        read: false,
        created_at: time(),
    }
}

fn cursor() -> Cursor {
    "n-12.b-3".parse().unwrap()
}
