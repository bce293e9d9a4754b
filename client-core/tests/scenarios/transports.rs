//! Where WebSockets do not get through: the way down to streams and polls, and up again.

#[cfg(target_arch = "wasm32")]
use crate::test;
use serde_json::{Value, json};
use tidings_client_core::{
    Closed, ClosedBy, Command, Config, ConnId, Connect, Event, Input, RoomState, SendState, State, Transport,
    Transports,
};
use tidings_protocol::ClientFrame;
use tidings_protocol::http::{RealtimeFrames, RealtimeSubscribe};

use crate::harness::{Client, EPOCH, chat, config, room};

mod ends;
mod looks;
mod posts;
mod silence;

/// A client that may only use this transport.
fn only(transport: Transport) -> Config {
    Config { transports: Transports::NONE.with(transport), ..config() }
}

fn greeting() -> Value {
    frame(
        "SYSTEM",
        "CONNECTION_ESTABLISHED",
        &json!({"message": "hello", "userId": "ann", "sessionId": "s", "protocol": "tidings.v1", "epoch": EPOCH,
            "inboxSeq": 4, "heartbeatMs": 25_000, "maxContentBytes": 16_384, "framesPerSecond": 50, "frameBurst": 200}),
    )
}

fn frame(category: &str, kind: &str, data: &Value) -> Value {
    json!({"category": category, "type": kind, "data": data, "timestamp": "2026-01-01T00:00:00.000Z"})
}

fn participants(id: &str, head: u64) -> Value {
    let data = json!({"roomId": id, "participants": [], "people": [], "count": 1, "headSeq": head,
        "replayFrom": head + 1, "markers": []});
    frame("SYSTEM", "ROOM_PARTICIPANTS", &data)
}

fn message(id: &str, seq: u64) -> Value {
    let data = json!({"messageId": format!("m{seq}"), "roomId": id, "seq": seq, "senderId": "bob", "content": "hi",
        "timestamp": "2026-01-01T00:00:00.000Z"});
    frame("CHAT", "MESSAGE", &data)
}

fn ack(id: &Value) -> Value {
    frame("SYSTEM", "ACK", &json!({"id": id, "duplicate": false}))
}

/// What the test does as network and server.
impl Client {
    /// The last stream or poll, which is by this transport; its body is one of the contract.
    fn asked(&self, transport: Transport) -> (ConnId, RealtimeSubscribe) {
        let request = self.requests.last().unwrap();
        assert_eq!((request.path, request.is_stream), (transport.path(), transport == Transport::Stream));
        let body: RealtimeSubscribe = serde_json::from_str(&request.body).unwrap();
        assert!(body.client_session.as_str().starts_with(self.session.client_session()));
        (request.id, body)
    }

    /// A part of the last stream comes.
    fn chunk(&mut self, text: &str) {
        let request = self.asked(Transport::Stream).0;
        self.relay(|relay, now| relay.chunk(request, text, now));
    }

    /// A frame comes by the stream, and a comment before it.
    fn stream(&mut self, frame: &Value) {
        self.chunk(&format!(": keep-alive\n\nevent: frame\ndata: {frame}\n\n"));
    }

    /// The stream greets, and the one that follows the `RESUME` too.
    fn greet_stream(&mut self) {
        self.stream(&greeting());
        self.stream(&greeting());
    }

    fn answer(&mut self, request: ConnId, text: &str) {
        self.relay(|relay, now| relay.answered(request, text, now));
    }

    fn answer_poll(&mut self, frames: &[Value]) {
        let request = self.asked(Transport::Poll).0;
        self.answer(request, &json!({ "frames": frames }).to_string());
    }

    /// The poll greets, and the one that follows the `RESUME` has nothing to tell.
    fn greet_poll(&mut self) {
        self.answer_poll(&[greeting()]);
        self.answer_poll(&[]);
    }

    /// The frames of the post that is on its way; there is one.
    fn posted(&mut self) -> (ConnId, Vec<Value>) {
        assert_eq!(self.posts.len(), 1, "one post");
        let (request, body) = self.posts.pop().unwrap();
        let body: RealtimeFrames = serde_json::from_value(body).unwrap();
        assert!(body.client_session.as_str().starts_with(self.session.client_session()));
        for frame in &body.frames {
            assert!(ClientFrame::parse(&frame.to_string()).unwrap().id.is_some(), "{frame}");
        }
        (request, body.frames)
    }

    /// Acknowledges every frame of the post that is on its way; their types.
    fn accept_post(&mut self) -> Vec<String> {
        let (request, frames) = self.posted();
        let answers: Vec<Value> = frames.iter().map(|frame| ack(&frame["id"])).collect();
        self.answer(request, &json!({ "frames": answers }).to_string());
        frames.iter().map(|frame| frame["type"].as_str().unwrap().to_owned()).collect()
    }

    fn fail(&mut self, request: ConnId, code: Option<u16>, is_reachable: bool) {
        let closed = Closed { code, is_reachable, ..Closed::default() };
        self.relay(|relay, _| relay.failed(request, closed));
    }

    fn fail_main(&mut self) {
        let request = self.requests.last().unwrap().id;
        self.fail(request, None, false);
    }

    fn fail_socket(&mut self, conn: ConnId, is_reachable: bool) {
        self.input(Input::Closed(conn, Closed { is_reachable, ..Closed::default() }));
    }

    /// An upgrade that something on the way refuses.
    fn refuse_upgrade(&mut self) {
        let Connect { conn, transport, .. } = self.connects.last().unwrap().clone();
        assert_eq!(transport, Transport::WebSocket);
        self.fail_socket(conn, true);
    }

    fn transport(&self) -> Transport {
        self.session.status().transport
    }

    /// Connected by a stream or by polls, and in the room `general` at 7.
    fn in_general(transport: Transport) -> Self {
        let mut client = Self::new(only(transport));
        client.command(Command::Connect);
        client.join("general");
        match transport {
            Transport::Stream => client.greet_stream(),
            Transport::Poll => client.greet_poll(),
            Transport::WebSocket => client.greet(),
        }
        assert_eq!(client.state(), State::Connected);
        assert_eq!(client.accept_post(), ["JOIN_ROOM"]);
        let (_, body) = client.asked(transport);
        assert_eq!((body.rooms.len(), body.rooms[0].after_seq), (1, None), "the membership comes first");
        match transport {
            Transport::Stream => {
                client.stream(&greeting());
                client.stream(&participants("general", 7));
            }
            Transport::Poll => client.answer_poll(&[participants("general", 7)]),
            Transport::WebSocket => client.participants("general", 8, 7),
        }
        assert!(client.session.is_joined("general"));
        client.events();
        client
    }
}

#[test]
fn where_upgrades_are_refused_a_stream_follows_and_where_it_is_held_back_polls() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    client.refuse_upgrade();
    client.until_next_attempt();
    client.refuse_upgrade();
    client.until_next_attempt();
    let (conn, body) = client.asked(Transport::Stream);
    assert_eq!((body.epoch, body.rooms.len(), body.inbox_after), (None, 0, None));
    // The stream's head comes through, and then nothing.
    client.relay(|relay, _| relay.opened(conn));
    client.advance(10_000);
    assert!(client.closes.contains(&(conn, 1000)));
    client.until_next_attempt();
    assert_eq!(client.asked(Transport::Poll).1.wait_ms, Some(0), "the first poll asks for the greeting");
    client.answer_poll(&[greeting()]);
    assert_eq!((client.state(), client.transport()), (State::Connected, Transport::Poll));
    assert_eq!(client.transport().as_str(), "poll");
    let (_, body) = client.asked(Transport::Poll);
    assert_eq!((body.epoch.unwrap().as_str(), body.inbox_after), (EPOCH, Some(4)));
    assert_eq!(body.wait_ms, Some(0), "the next one, what was missed");
    client.answer_poll(&[]);
    assert!(client.asked(Transport::Poll).1.wait_ms > Some(10_000), "and then they wait");
}

#[test]
fn where_the_server_is_down_the_client_stays_with_the_socket() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    for _ in 0..20 {
        client.close(None);
        client.until_next_attempt();
    }
    assert_eq!(client.transport(), Transport::WebSocket);
}

#[test]
fn below_the_socket_a_way_that_stays_closed_is_given_up_too_and_the_round_begins_again() {
    let mut client = fallen();
    let mut seen = Vec::new();
    for _ in 0..9 {
        seen.push(client.transport());
        match client.transport() {
            Transport::WebSocket => client.fail_socket(client.conn.unwrap(), false),
            Transport::Stream | Transport::Poll => client.fail_main(),
        }
        client.until_next_attempt();
    }
    seen.dedup();
    assert_eq!(seen, [Transport::Stream, Transport::Poll, Transport::WebSocket]);
}

#[test]
fn a_socket_that_is_cut_soon_after_each_greeting_is_given_up() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    for _ in 0..4 {
        assert_eq!(client.transport(), Transport::WebSocket);
        client.greet();
        client.advance(2_000);
        client.close(None);
        client.until_next_attempt();
    }
    assert_eq!(client.transport(), Transport::Stream);
}

#[test]
fn a_stream_shows_what_comes_once_and_in_order() {
    let mut client = Client::in_general(Transport::Stream);
    for seq in [8, 8, 9, 7, 10] {
        client.stream(&message("general", seq));
    }
    assert_eq!(client.shown_seqs(), [8, 9, 10]);
    // It ends without a word, and the next one goes on from there.
    client.fail_main();
    assert_eq!(client.state(), State::Reconnecting);
    client.until_next_attempt();
    assert_eq!(client.asked(Transport::Stream).1.rooms.len(), 0, "it asks for the greeting");
    client.stream(&greeting());
    let (_, body) = client.asked(Transport::Stream);
    assert_eq!((body.rooms[0].after_seq, body.inbox_after), (Some(10), Some(4)));
}

#[test]
fn polls_follow_one_another_each_from_where_the_last_one_ended() {
    let mut client = Client::in_general(Transport::Poll);
    client.answer_poll(&[message("general", 8), message("general", 9)]);
    assert_eq!(client.asked(Transport::Poll).1.rooms[0].after_seq, Some(9));
    client.advance(20_000);
    client.answer_poll(&[]);
    client.answer_poll(&[message("general", 10)]);
    assert_eq!(client.shown_seqs(), [8, 9, 10]);
    assert_eq!(client.asked(Transport::Poll).1.rooms[0].after_seq, Some(10));
    assert!(client.events().is_empty(), "the room is joined once");
}

#[test]
fn a_poll_that_comes_back_with_nothing_at_once_does_not_spin() {
    let mut client = Client::in_general(Transport::Poll);
    client.answer_poll(&[]);
    assert_eq!(client.state(), State::Reconnecting);
}

#[test]
fn a_page_in_the_servers_place_is_no_answer() {
    let mut client = Client::in_general(Transport::Poll);
    let conn = client.asked(Transport::Poll).0;
    client.answer(conn, "<html>sign in</html>");
    assert_eq!(client.state(), State::Reconnecting);
}

#[test]
fn a_room_that_the_next_stream_refuses_is_told_as_refused_to_who_asks_for_it_and_as_left_to_who_was_in_it() {
    let refusal =
        frame("ERROR", "MESSAGE", &json!({"error": "no", "code": "NOT_A_MEMBER", "roomId": "general"}));
    let mut client = Client::in_general(Transport::Stream);
    client.fail_main();
    client.until_next_attempt();
    client.greet_stream();
    client.stream(&refusal);
    let refused = RoomState::Refused(tidings_protocol::Code::NotAMember);
    assert!(client.events().contains(&Event::Room { room: room("general"), state: refused }));
    let mut client = Client::in_general(Transport::Stream);
    client.input(Input::TokenReady("new".into()));
    client.stream(&greeting());
    client.stream(&refusal);
    assert!(client.events().contains(&Event::Room { room: room("general"), state: RoomState::Left }));
    client.input(Input::TokenReady("newer".into()));
    assert_eq!(client.asked(Transport::Stream).1.rooms.len(), 0);
}

#[test]
fn a_new_token_takes_the_stream_over_to_its_own_end() {
    let mut client = Client::in_general(Transport::Stream);
    client.stream(&frame("SYSTEM", "TOKEN_EXPIRING", &json!({"expiresAt": "2026-01-01T00:00:00.000Z"})));
    assert_eq!(client.token_wishes, 1);
    let old = client.asked(Transport::Stream).0;
    client.input(Input::TokenReady("new".into()));
    let (new, body) = client.asked(Transport::Stream);
    assert!(new != old && client.closes.contains(&(old, 1000)));
    assert_eq!(body.rooms[0].after_seq, Some(7));
    assert!(client.posts.is_empty() && client.state() == State::Connected);
}

#[test]
fn a_stream_says_in_its_last_event_why_it_ends() {
    let mut client = Client::in_general(Transport::Stream);
    client.chunk("event: close\ndata: {\"code\":4003}\n\n");
    assert_eq!(client.session.status().closed_by, Some(ClosedBy::Forbidden));
    let mut client = Client::in_general(Transport::Stream);
    client.chunk("event: close\ndata: {\"code\":4001}\n\n");
    client.until_next_attempt();
    assert!(client.connects.last().unwrap().fresh_token);
}

/// A client that fell to the stream and is connected by it.
fn fallen() -> Client {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    for _ in 0..2 {
        client.refuse_upgrade();
        client.until_next_attempt();
    }
    client.greet_stream();
    assert_eq!((client.state(), client.transport()), (State::Connected, Transport::Stream));
    client
}

#[test]
fn notifications_are_asked_for_in_the_body() {
    let mut client = Client::new(Config { notifications: true, ..only(Transport::Stream) });
    client.command(Command::Connect);
    client.stream(&greeting());
    let (_, body) = client.asked(Transport::Stream);
    assert_eq!(body.notifications_after.as_deref(), Some(""), "an empty cursor: from the beginning");
    client.stream(&greeting());
    let data = json!({"id": "n1", "userId": "ann", "title": "t", "message": "", "type": "x", "data": {}, "read": false,
        "createdAt": "2026-01-01T00:00:00.000Z", "cursor": "c-9"});
    client.stream(&frame("NOTIFICATION", "NOTIFICATION", &data));
    client.fail_main();
    client.until_next_attempt();
    client.stream(&greeting());
    assert_eq!(client.asked(Transport::Stream).1.notifications_after.as_deref(), Some("c-9"));
}
