//! Arbitrary values of every type on the wire.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tidings_protocol::command::*;
use tidings_protocol::data::*;
use tidings_protocol::entity::*;
use tidings_protocol::http::StreamReset;
use tidings_protocol::{
    ClientId, Code, Command, Cursor, Epoch, Event, MessageId, RoomId, SessionId, Timestamp, UserId,
};

/// Numbers stay below 2^53, where JavaScript counts exactly.
const SAFE: std::ops::Range<u64> = 0..1 << 53;

fn name() -> impl Strategy<Value = String> {
    // Up to 31 characters of at most four bytes: within the 128 bytes of an identifier.
    "[^\\s\\p{C}]{1,31}"
}

fn user() -> impl Strategy<Value = UserId> {
    name().prop_map(|text| UserId::new(text).unwrap())
}

fn room_id() -> impl Strategy<Value = RoomId> {
    name().prop_map(|text| RoomId::new(text).unwrap())
}

fn message_id() -> impl Strategy<Value = MessageId> {
    "[!-~]{1,36}".prop_map(|text| MessageId::new(text).unwrap())
}

pub(crate) fn client_id() -> impl Strategy<Value = ClientId> {
    "[^\\p{C}]{1,16}".prop_map(|text| ClientId::new(text).unwrap())
}

fn epoch() -> impl Strategy<Value = Epoch> {
    "[!-~]{1,36}".prop_map(|text| Epoch::new(text).unwrap())
}

fn cursor() -> impl Strategy<Value = Cursor> {
    "[A-Za-z0-9._~-]{1,40}".prop_map(|text| Cursor::new(text).unwrap())
}

pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    (0..253_402_207_200_999_i64).prop_map(Timestamp::from_millis)
}

/// Any text, control characters and all.
fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

/// One strategy for each command, in the order of `Command::TYPES`.
pub(crate) fn commands() -> Vec<BoxedStrategy<Command>> {
    vec![
        (room_id(), of(SAFE), of(epoch()), any::<bool>())
            .prop_map(|(room_id, after_seq, epoch, rewind)| {
                Command::JoinRoom(JoinRoom { room_id, after_seq, epoch, rewind })
            })
            .boxed(),
        room_id().prop_map(|room_id| Command::LeaveRoom(LeaveRoom { room_id })).boxed(),
        (room_id(), text(), of(message_id()))
            .prop_map(|(room_id, content, reply_to)| {
                Command::ChatMessage(ChatMessage { room_id, content, reply_to })
            })
            .boxed(),
        (text(), user(), of(message_id()))
            .prop_map(|(content, recipient_id, reply_to)| {
                Command::PrivateMessage(PrivateMessage {
                    content,
                    data: Recipient { recipient_id },
                    reply_to,
                })
            })
            .boxed(),
        (room_id(), any::<bool>())
            .prop_map(|(room_id, is_typing)| {
                Command::Typing(Typing { room_id, data: TypingState { is_typing } })
            })
            .boxed(),
        (room_id(), message_id(), text())
            .prop_map(|(room_id, message_id, content)| {
                Command::EditMessage(EditMessage { room_id, message_id, content })
            })
            .boxed(),
        (room_id(), message_id())
            .prop_map(|(room_id, message_id)| Command::DeleteMessage(DeleteMessage { room_id, message_id }))
            .boxed(),
        (room_id(), message_id(), text(), any::<bool>())
            .prop_map(|(room_id, message_id, emoji, remove)| {
                Command::React(React { room_id, message_id, emoji, remove })
            })
            .boxed(),
        (room_id(), SAFE).prop_map(|(room_id, seq)| Command::Read(Read { room_id, seq })).boxed(),
        prop_oneof![Just(OnlineStatus::Online), Just(OnlineStatus::Away)]
            .prop_map(|status| Command::SetPresence(SetPresence { status }))
            .boxed(),
        (of(epoch()), vec((room_id(), of(SAFE)), 0..5), of(SAFE), of(text()), any::<bool>())
            .prop_map(|(epoch, rooms, inbox_after, notifications_after, rewind)| {
                let position = |(room_id, after_seq)| RoomPosition { room_id, after_seq };
                let rooms = rooms.into_iter().map(position).collect();
                Command::Resume(Resume { epoch, rooms, inbox_after, notifications_after, rewind })
            })
            .boxed(),
        text().prop_map(|token| Command::Authenticate(Authenticate { token })).boxed(),
        Just(Command::Ping(Ping {})).boxed(),
    ]
}

/// One strategy for each event, in the order of `Event::TYPES`.
pub(crate) fn events() -> Vec<BoxedStrategy<Event>> {
    [system_events(), log_events(), other_events()].concat()
}

fn system_events() -> Vec<BoxedStrategy<Event>> {
    vec![
        (text(), user(), epoch(), SAFE, any::<(u32, u32)>())
            .prop_map(|(message, user_id, epoch, inbox_seq, (frames_per_second, frame_burst))| {
                Event::ConnectionEstablished(ConnectionEstablished {
                    message,
                    user_id,
                    session_id: SessionId::new("session").unwrap(),
                    protocol: "tidings.v1".into(),
                    epoch,
                    inbox_seq,
                    heartbeat_ms: 25_000,
                    max_content_bytes: 16_384,
                    frames_per_second,
                    frame_burst,
                })
            })
            .boxed(),
        (room_id(), vec(person(), 0..4), vec(marker(), 0..4), SAFE, SAFE)
            .prop_map(|(room_id, people, markers, head_seq, replay_from)| {
                Event::RoomParticipants(RoomParticipants {
                    room_id,
                    participants: people.iter().map(|one| one.user_id.clone()).collect(),
                    count: people.len() as u64,
                    people,
                    head_seq,
                    replay_from,
                    markers,
                })
            })
            .boxed(),
        (room_id(), SAFE).prop_map(|(room_id, count)| Event::RoomCount(RoomCount { room_id, count })).boxed(),
        (of(room_id()), SAFE, SAFE, gap_reason())
            .prop_map(|(room_id, from, to, reason)| {
                let inbox = room_id.is_none();
                Event::Gap(Gap { room_id, inbox, from, to, reason })
            })
            .boxed(),
        user_in_room().prop_map(Event::UserJoined).boxed(),
        user_in_room().prop_map(Event::UserLeft).boxed(),
        user_in_room().prop_map(Event::UserDisconnected).boxed(),
        (user(), status(), any::<bool>(), time())
            .prop_map(|(user_id, status, online, last_seen)| {
                Event::Presence(Presence { user_id, status, online, last_seen })
            })
            .boxed(),
        (room_id(), any::<bool>(), of(room()))
            .prop_map(|(room_id, member, room)| {
                Event::Membership(Box::new(Membership { room_id, member, room }))
            })
            .boxed(),
        room().prop_map(|room| Event::RoomUpdated(Box::new(RoomUpdated { room }))).boxed(),
        (client_id(), any::<bool>(), of(room_id()), of(message_id()), of(SAFE))
            .prop_map(|(id, duplicate, room_id, message_id, seq)| {
                Event::Ack(Ack { id, duplicate, room_id, message_id, seq })
            })
            .boxed(),
        (of(client_id()), time()).prop_map(|(id, server_time)| Event::Pong(Pong { id, server_time })).boxed(),
        (of(client_id()), time())
            .prop_map(|(id, expires_at)| Event::Authenticated(Authenticated { id, expires_at }))
            .boxed(),
        time().prop_map(|expires_at| Event::TokenExpiring(TokenExpiring { expires_at })).boxed(),
        SAFE.prop_map(|retry_after_ms| Event::GoingAway(GoingAway { retry_after_ms })).boxed(),
    ]
}

fn log_events() -> Vec<BoxedStrategy<Event>> {
    let change = || (room_id(), message_id(), SAFE, user(), of(SAFE), of(client_id()));
    vec![
        message().prop_map(Event::ChatMessage).boxed(),
        (change(), text(), time())
            .prop_map(|((room_id, message_id, seq, sender_id, inbox_seq, client_id), content, edited_at)| {
                Event::Edited(Edited {
                    room_id,
                    message_id,
                    seq,
                    sender_id,
                    content,
                    edited_at,
                    inbox_seq,
                    client_id,
                })
            })
            .boxed(),
        change()
            .prop_map(|(room_id, message_id, seq, sender_id, inbox_seq, client_id)| {
                Event::Deleted(Deleted { room_id, message_id, seq, sender_id, inbox_seq, client_id })
            })
            .boxed(),
        (change(), text(), any::<bool>())
            .prop_map(|((room_id, message_id, seq, user_id, inbox_seq, client_id), emoji, removed)| {
                Event::Reaction(Reaction {
                    room_id,
                    message_id,
                    seq,
                    user_id,
                    emoji,
                    removed,
                    inbox_seq,
                    client_id,
                })
            })
            .boxed(),
        (room_id(), user(), SAFE)
            .prop_map(|(room_id, user_id, seq)| Event::Read(ReadMoved { room_id, user_id, seq }))
            .boxed(),
    ]
}

fn other_events() -> Vec<BoxedStrategy<Event>> {
    vec![
        (user(), any::<bool>(), room_id())
            .prop_map(|(user_id, is_typing, room_id)| {
                Event::Typing(TypingIndicator { user_id, is_typing, room_id })
            })
            .boxed(),
        (message(), user(), of(SAFE))
            .prop_map(|(message, recipient_id, inbox_seq)| {
                Event::PrivateMessage(PrivateDelivery { message, recipient_id, inbox_seq })
            })
            .boxed(),
        (message_id(), user(), of(client_id()))
            .prop_map(|(message_id, recipient_id, id)| {
                Event::Delivered(Delivered { message_id, recipient_id, id })
            })
            .boxed(),
        (notification(), of(cursor()))
            .prop_map(|(item, cursor)| Event::Notification(WithCursor { item, cursor }))
            .boxed(),
        (message_id(), text(), text(), text(), time(), of(cursor()))
            .prop_map(|(id, title, message, kind, created_at, cursor)| {
                let item = Broadcast { id: id.to_string(), title, message, kind, created_at };
                Event::Broadcast(WithCursor { item, cursor })
            })
            .boxed(),
        (of(vec(text(), 0..3)), of(any::<bool>()), of(any::<bool>()), SAFE, of(cursor()))
            .prop_map(|(ids, read, deleted, unread_count, cursor)| {
                let all = ids.is_none().then_some(true);
                let item = NotificationState { ids, all, read, deleted, unread_count };
                Event::NotificationState(WithCursor { item, cursor })
            })
            .boxed(),
        (text(), of(cursor()))
            .prop_map(|(reason, cursor)| {
                Event::NotificationReset(WithCursor { item: StreamReset { reason }, cursor })
            })
            .boxed(),
        (code(), of(client_id()), of(room_id()), of(SAFE), of(text()), of(text()))
            .prop_map(|(code, id, room_id, retry_after_ms, field, detail)| {
                let error = code.sentence().to_owned();
                Event::Error(ErrorMessage { error, code, id, room_id, retry_after_ms, field, detail })
            })
            .boxed(),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![Just(Status::Online), Just(Status::Away), Just(Status::Offline)]
}

fn gap_reason() -> impl Strategy<Value = GapReason> {
    prop_oneof![Just(GapReason::Limit), Just(GapReason::Retention), Just(GapReason::Epoch)]
}

fn code() -> impl Strategy<Value = Code> {
    proptest::sample::select(Code::ALL.as_slice())
}

fn person() -> impl Strategy<Value = Person> {
    (user(), text(), status()).prop_map(|(user_id, name, status)| Person { user_id, name, status })
}

fn marker() -> impl Strategy<Value = Marker> {
    (user(), SAFE, of(SAFE)).prop_map(|(user_id, read_seq, delivered_seq)| Marker {
        user_id,
        read_seq,
        delivered_seq,
    })
}

fn user_in_room() -> impl Strategy<Value = UserInRoom> {
    (user(), text(), room_id()).prop_map(|(user_id, name, room_id)| UserInRoom { user_id, name, room_id })
}

fn message() -> impl Strategy<Value = Message> {
    let place = (message_id(), room_id(), SAFE, user(), of(text()));
    let body = (text(), time(), of(message_id()), of(client_id()));
    (place, body, of(time()), any::<bool>(), vec(reaction_count(), 0..3)).prop_map(
        |(place, body, edited_at, deleted, reactions)| {
            let (message_id, room_id, seq, sender_id, sender_name) = place;
            let (content, timestamp, reply_to, client_id) = body;
            Message {
                message_id,
                room_id,
                seq,
                sender_id,
                sender_name,
                content,
                timestamp,
                reply_to,
                client_id,
                edited_at,
                deleted,
                reactions,
            }
        },
    )
}

fn reaction_count() -> impl Strategy<Value = ReactionCount> {
    (text(), SAFE, any::<bool>()).prop_map(|(emoji, count, mine)| ReactionCount { emoji, count, mine })
}

fn room() -> impl Strategy<Value = Room> {
    let kind = prop_oneof![Just(RoomKind::Public), Just(RoomKind::Private), Just(RoomKind::Direct)];
    let peer = (of(user()), of(SAFE), of(SAFE));
    ((room_id(), text(), kind), (SAFE, SAFE, SAFE), of(message()), of(SAFE), peer).prop_map(
        |((room_id, name, kind), (head_seq, read_seq, unread), last_message, members, peer)| {
            let (peer_id, peer_read_seq, peer_delivered_seq) = peer;
            Room {
                room_id,
                name,
                kind,
                head_seq,
                read_seq,
                unread,
                last_message,
                members,
                peer_id,
                peer_read_seq,
                peer_delivered_seq,
            }
        },
    )
}

fn notification() -> impl Strategy<Value = Notification> {
    let data = vec((text(), any::<i32>()), 0..3).prop_map(|pairs| -> Map<String, Value> {
        pairs.into_iter().map(|(key, value)| (key, json!([value, null, {"nested": true}]))).collect()
    });
    (message_id(), user(), (text(), text(), text()), data, any::<bool>(), time()).prop_map(
        |(id, user_id, (title, message, kind), data, read, created_at)| Notification {
            id: id.to_string(),
            user_id,
            title,
            message,
            kind,
            data,
            read,
            created_at,
        },
    )
}
