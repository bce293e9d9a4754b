//! Several sessions of a user over one stream, or over polls: a hub above a relay.

use serde_json::{Value, json};
use tidings_client_core::{
    Closed, ConnId, Connect, Hub, HubOutput, Instant, LinkId, Relay, RelayOutput, Request, Transport,
};
use tidings_protocol::http::RealtimeSubscribe;

#[cfg(target_arch = "wasm32")]
use crate::test;

mod beside;

const OWN: LinkId = LinkId::OWN;
const TWO: LinkId = LinkId(2);
const THREE: LinkId = LinkId(3);
const CONN: ConnId = ConnId(1);

/// A hub on a relay; what is on its way, and what each link was handed.
struct Shared {
    hub: Hub,
    relay: Relay,
    now: u64,
    requests: Vec<Request>,
    dropped: Vec<ConnId>,
    delivered: Vec<(LinkId, Value)>,
    closed: Option<Closed>,
}

impl Shared {
    /// Two links, greeted and resumed; what the stream or poll says now comes by the last request.
    fn of_two(transport: Transport) -> Self {
        let mut shared = Self::open(transport, r#"{"clientSession":"s~1"}"#);
        for (n, link) in [OWN, TWO].into_iter().enumerate() {
            shared.say(
                link,
                &json!({"type": "RESUME", "id": format!("resume {n}"), "rooms": [], "inboxAfter": 7}),
            );
            shared.answer(&[]);
        }
        shared.look();
        shared
    }

    /// Two links, greeted.
    fn open(transport: Transport, payload: &str) -> Self {
        let (hub, relay) = (Hub::default(), Relay::default());
        let (requests, dropped, delivered, closed) = (Vec::new(), Vec::new(), Vec::new(), None);
        let mut shared = Self { hub, relay, now: 0, requests, dropped, delivered, closed };
        shared.hub.begin(transport, Instant::from_millis(0));
        shared.hub.open(TWO, Instant::from_millis(0));
        let connect = Connect {
            conn: CONN,
            transport,
            payload: payload.to_owned(),
            fresh_token: false,
            is_look: false,
        };
        shared.relay.open(connect, Instant::from_millis(0));
        shared.drain();
        let data = json!({"userId": "ann", "epoch": "e", "inboxSeq": 7});
        shared.answer(&[frame("SYSTEM", "CONNECTION_ESTABLISHED", &data)]);
        shared
    }

    fn drain(&mut self) {
        let now = Instant::from_millis(self.now);
        loop {
            if let Some(output) = self.relay.poll_output() {
                match output {
                    RelayOutput::Request(request) => self.requests.push(request),
                    RelayOutput::Drop(request) => {
                        self.requests.retain(|r| r.id != request);
                        self.dropped.push(request);
                    }
                    RelayOutput::Frame(_, text) => self.hub.hear(text, now),
                    RelayOutput::Closed(_, closed) => self.closed = Some(closed),
                    RelayOutput::Opened(_) => {}
                }
            } else if let Some(output) = self.hub.poll_output() {
                match output {
                    HubOutput::Send(text) => assert!(self.relay.say(CONN, text, now)),
                    HubOutput::Deliver(links, text) => {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        self.delivered.extend(links.into_iter().map(|link| (link, frame.clone())));
                    }
                    HubOutput::Close(..) => panic!("nobody is closed here"),
                }
            } else {
                return;
            }
        }
    }

    fn say(&mut self, link: LinkId, frame: &Value) {
        self.hub.say(link, frame.to_string(), Instant::from_millis(self.now));
        self.drain();
    }

    /// The stream or poll that was asked for last says something; a new stream greets by that.
    fn answer(&mut self, frames: &[Value]) {
        let at = self.requests.iter().rposition(|r| r.path != Transport::FRAMES).unwrap();
        let now = Instant::from_millis(self.now);
        if self.requests[at].is_stream {
            let id = self.requests[at].id;
            let greeting = frame("SYSTEM", "CONNECTION_ESTABLISHED", &json!({"epoch": "e"}));
            let is_first = frames.iter().any(|f| f["type"] == "CONNECTION_ESTABLISHED");
            for frame in (!is_first).then_some(&greeting).into_iter().chain(frames) {
                self.relay.chunk(id, &format!("event: frame\ndata: {frame}\n\n"), now);
                self.drain();
            }
        } else {
            let id = self.requests.remove(at).id;
            self.relay.answered(id, &json!({ "frames": frames }).to_string(), now);
        }
        self.drain();
    }

    /// The poll beside is refused: the user has as many sessions as there may be.
    fn refuse_beside(&mut self) {
        let request = self.requests.pop().unwrap().id;
        self.relay.failed(request, Closed { code: Some(4029), ..Closed::default() });
        self.drain();
    }

    /// The ids of the post on its way, which is answered so.
    fn post(&mut self, answer: impl Fn(&Value) -> Value) -> Vec<String> {
        let at = self.requests.iter().position(|r| r.path == Transport::FRAMES).expect("a post");
        let request = self.requests.remove(at);
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let frames = body["frames"].as_array().unwrap();
        let answers: Vec<Value> = frames.iter().map(answer).collect();
        let text = json!({ "frames": answers }).to_string();
        self.relay.answered(request.id, &text, Instant::from_millis(self.now));
        self.drain();
        frames.iter().map(|frame| frame["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The body of the stream or poll that was asked for last.
    fn body(&self) -> RealtimeSubscribe {
        let request = self.requests.iter().rfind(|r| r.path != Transport::FRAMES).unwrap();
        serde_json::from_str(&request.body).unwrap()
    }

    /// Its rooms with positions.
    fn rooms(&self) -> Vec<(String, Option<u64>)> {
        self.body().rooms.iter().map(|room| (room.room_id.to_string(), room.after_seq)).collect()
    }

    fn join(&mut self, link: LinkId, room: &str, after: Option<u64>) {
        let id = format!("join {room} {}", link.0);
        self.say(link, &json!({"type": "JOIN_ROOM", "id": id, "roomId": room, "afterSeq": after}));
        self.post(ack);
    }

    /// Who was told what kinds since the last look, signs of life left out.
    fn look(&mut self) -> Vec<(u32, String)> {
        let told =
            std::mem::take(&mut self.delivered).into_iter().filter(|(_, frame)| frame["type"] != "PONG");
        told.map(|(link, frame)| (link.0, frame["type"].as_str().unwrap().to_owned())).collect()
    }
}

fn frame(category: &str, kind: &str, data: &Value) -> Value {
    json!({"category": category, "type": kind, "data": data, "timestamp": "t"})
}

fn ack(of: &Value) -> Value {
    frame("SYSTEM", "ACK", &json!({"id": of["id"], "duplicate": false}))
}

fn refusal(of: &Value) -> Value {
    let data = json!({"error": "no", "code": "UNAVAILABLE", "id": of["id"], "retryAfterMs": 300});
    frame("ERROR", "MESSAGE", &data)
}

fn participants(room: &str, replay_from: u64) -> Value {
    frame("SYSTEM", "ROOM_PARTICIPANTS", &json!({"roomId": room, "replayFrom": replay_from, "headSeq": 9}))
}

fn message(room: &str, seq: u64) -> Value {
    frame("CHAT", "MESSAGE", &json!({"roomId": room, "seq": seq, "messageId": "m"}))
}

fn told(list: &[(u32, &str)]) -> Vec<(u32, String)> {
    list.iter().map(|(link, kind)| (*link, (*kind).to_owned())).collect()
}

#[test]
fn the_join_of_a_page_that_stands_further_behind_moves_the_whole_connection_back() {
    let mut shared = Shared::of_two(Transport::Stream);
    shared.join(OWN, "r", None);
    assert!(shared.look().is_empty(), "the ACK waits for the stream");
    shared.answer(&[participants("r", 6), message("r", 6)]);
    assert_eq!(shared.look(), told(&[(0, "ROOM_PARTICIPANTS"), (0, "ACK"), (0, "MESSAGE")]));
    shared.join(TWO, "r", Some(3));
    assert_eq!((shared.rooms(), shared.body().inbox_after), (vec![("r".into(), Some(3))], Some(7)));
    assert_eq!(shared.requests.len(), 1, "there is one stream");
    let gap = frame("SYSTEM", "GAP", &json!({"roomId": "r", "from": 4, "to": 4, "reason": "LIMIT"}));
    shared.answer(&[participants("r", 5), gap, message("r", 5)]);
    let both = [(2, "ROOM_PARTICIPANTS"), (2, "ACK"), (0, "GAP"), (2, "GAP"), (0, "MESSAGE"), (2, "MESSAGE")];
    assert_eq!(shared.look(), told(&both), "who has seen it drops it");
    shared.join(TWO, "s", None);
    assert_eq!(shared.rooms(), [("r".into(), Some(5)), ("s".into(), None)], "and it goes on from there");
}

#[test]
fn what_is_asked_while_a_stream_opens_goes_with_the_next_one_for_all() {
    let mut shared = Shared::open(Transport::Stream, r#"{"clientSession":"s~1"}"#);
    let resume = |id: &str, after: u64| {
        let rooms = json!([{"roomId": "r", "afterSeq": after}, {"roomId": id, "afterSeq": 1}]);
        json!({"type": "RESUME", "id": id, "epoch": "e", "rooms": rooms, "inboxAfter": 7})
    };
    shared.hub.open(THREE, Instant::from_millis(0));
    shared.say(OWN, &resume("a", 5));
    shared.say(TWO, &resume("b", 4));
    shared.say(THREE, &resume("c", 3));
    shared.look();
    assert_eq!(shared.rooms(), [("r".into(), Some(5)), ("a".into(), Some(1))]);
    shared.answer(&[participants("r", 6), participants("a", 2)]);
    assert_eq!(shared.look(), told(&[(0, "ROOM_PARTICIPANTS"), (0, "ROOM_PARTICIPANTS"), (0, "ACK")]));
    let all = [("r", 3), ("a", 1), ("b", 1), ("c", 1)].map(|(room, seq)| (room.to_owned(), Some(seq)));
    assert_eq!(shared.rooms(), all);
    shared.answer(&[participants("r", 4), participants("b", 2), participants("a", 2), participants("c", 2)]);
    let asked = [2, 3, 2, 0, 3].map(|link| (link, "ROOM_PARTICIPANTS"));
    assert_eq!(shared.look(), told(&[&asked[..], &[(2, "ACK"), (3, "ACK")]].concat()));
    shared.answer(&[message("r", 6)]);
    assert_eq!(shared.look(), told(&[(0, "MESSAGE"), (2, "MESSAGE"), (3, "MESSAGE")]));
}

#[test]
fn a_page_whose_positions_are_those_of_another_log_begins_anew_and_the_others_go_on() {
    let mut shared = Shared::of_two(Transport::Stream);
    shared.join(OWN, "r", Some(5));
    shared.answer(&[participants("r", 6)]);
    shared.look();
    let rooms = json!([{"roomId": "r", "afterSeq": 900}]);
    shared.say(
        TWO,
        &json!({"type": "RESUME", "id": "x", "epoch": "before", "rooms": rooms, "inboxAfter": 300}),
    );
    let body = shared.body();
    assert_eq!((shared.rooms(), body.inbox_after), (vec![("r".into(), Some(0))], Some(0)));
    assert_eq!(body.epoch.unwrap().as_str(), "e");
    shared.answer(&[participants("r", 1)]);
    let gaps = [(2, "ROOM_PARTICIPANTS"), (2, "ACK"), (2, "GAP"), (2, "GAP")];
    assert_eq!(shared.look(), told(&gaps));
}

#[test]
fn one_room_too_many_is_refused_to_who_asks_for_it() {
    let mut shared = Shared::of_two(Transport::Stream);
    let rooms: Vec<Value> = (0..200).map(|n| json!({"roomId": format!("{n}"), "afterSeq": 1})).collect();
    shared.say(OWN, &json!({"type": "RESUME", "id": "x", "epoch": "e", "rooms": rooms, "inboxAfter": 7}));
    let answers: Vec<Value> = (0..200).map(|n| participants(&n.to_string(), 2)).collect();
    shared.answer(&answers);
    shared.look();
    shared.join(TWO, "r", None);
    let (link, error) = &shared.delivered[0];
    assert_eq!(
        (*link, error["data"]["code"].as_str(), error["data"]["id"].as_str()),
        (TWO, Some("LIMIT"), Some("join r 2"))
    );
    assert_eq!(shared.rooms().len(), 200);
}

#[test]
fn what_stands_behind_a_refused_message_is_refused_before_it_is_posted() {
    let mut shared = Shared::of_two(Transport::Stream);
    let chat = |id: &str, after: Option<&str>| json!({"type": "CHAT_MESSAGE", "id": id, "roomId": "r", "after": after, "content": "hi"});
    shared.say(TWO, &chat("a", None));
    shared.say(TWO, &chat("b", Some("a")));
    shared.say(TWO, &chat("c", Some("b")));
    shared.say(OWN, &chat("another's", None));
    assert_eq!(shared.post(refusal), ["a"]);
    let codes: Vec<(u32, String)> =
        shared.delivered.iter().map(|(link, f)| (link.0, f["data"]["code"].to_string())).collect();
    assert_eq!(codes, vec![(2, "\"UNAVAILABLE\"".to_owned()); 3]);
    assert_eq!(shared.delivered[1].1["data"]["retryAfterMs"], 300);
    for (id, after) in [("a", None), ("b", Some("a"))] {
        shared.say(TWO, &chat(id, after));
    }
    assert_eq!(shared.post(ack), ["another's"]);
    assert_eq!(shared.post(ack), ["a", "b"]);
}

#[test]
fn what_is_held_waits_for_the_longest_refusal_and_behind_messages_only() {
    let mut shared = Shared::of_two(Transport::Stream);
    let chat = |id: &str, after: Option<&str>| json!({"type": "CHAT_MESSAGE", "id": id, "roomId": id, "after": after, "content": "hi"});
    shared.say(OWN, &chat("first", None));
    for frame in
        [chat("a", None), chat("x", None), json!({"type": "READ", "id": "m", "roomId": "r", "seq": 4})]
    {
        shared.say(TWO, &frame);
    }
    shared.post(ack);
    shared.post(|of| {
        let mut refused = refusal(of);
        refused["data"]["retryAfterMs"] = json!(if of["id"] == "a" { 5_000 } else { 300 });
        refused
    });
    shared.delivered.clear();
    shared.say(TWO, &chat("b", Some("a")));
    assert_eq!(shared.delivered[0].1["data"]["retryAfterMs"], 5_000);
    shared.say(TWO, &chat("c", Some("m")));
    assert_eq!(shared.post(ack), ["c"]);
}

#[test]
fn a_refusal_of_what_had_no_id_is_no_answer_to_a_resume() {
    let mut shared = Shared::of_two(Transport::Stream);
    let rooms = json!([{"roomId": "r", "afterSeq": 5}]);
    shared.say(OWN, &json!({"type": "RESUME", "id": "x", "epoch": "e", "rooms": rooms, "inboxAfter": 7}));
    shared.say(TWO, &json!({"type": "TYPING", "roomId": "r", "data": {"isTyping": true}}));
    shared.post(|of| {
        let mut refused = refusal(of);
        refused["data"]["roomId"] = json!("r");
        refused
    });
    assert!(shared.look().is_empty());
}

#[test]
fn a_page_that_hears_nothing_of_what_comes_is_told_that_the_connection_lives() {
    let mut shared = Shared::of_two(Transport::Stream);
    shared.join(OWN, "r", None);
    shared.answer(&[participants("r", 6)]);
    let ping = json!({"type": "PING", "id": "p"});
    let pongs = |shared: &mut Shared| {
        std::mem::take(&mut shared.delivered).iter().filter(|(_, f)| f["type"] == "PONG").count()
    };
    pongs(&mut shared);
    shared.now = 10_000;
    shared.say(TWO, &ping);
    assert_eq!(pongs(&mut shared), 0, "what proves it comes within 7 s");
    shared.answer(&[message("r", 6)]);
    assert_eq!(pongs(&mut shared), 2);
    shared.now = 17_900;
    shared.say(TWO, &ping);
    assert_eq!(pongs(&mut shared), 2, "it came just now");
    shared.now = 18_000;
    shared.say(TWO, &ping);
    assert_eq!(pongs(&mut shared), 0, "it came 8 s ago");
    let stream = shared.requests[0].id;
    shared.relay.chunk(stream, ": keep-alive\n\n", Instant::from_millis(shared.now));
    shared.drain();
    assert_eq!(pongs(&mut shared), 2, "nobody has asked");
}

#[test]
fn a_stream_that_is_silent_is_given_up_though_posts_are_answered() {
    let mut shared = Shared::of_two(Transport::Stream);
    for n in 0..7 {
        assert_eq!(shared.closed, None, "after {n} times 6 s");
        shared.now += 6_000;
        shared.say(OWN, &json!({"type": "READ", "id": "m", "roomId": "r", "seq": n}));
        if n < 6 {
            shared.post(ack);
        }
    }
    assert_eq!(shared.closed, Some(Closed::default()));
    assert!(shared.requests.is_empty());
}

#[test]
fn what_was_replaced_by_a_request_of_its_own_that_came_late_is_no_reason_to_stay_away() {
    let mut shared = Shared::of_two(Transport::Poll);
    shared.say(OWN, &json!({"type": "PING", "id": "p"}));
    let poll = shared.requests.last().unwrap().id;
    let replaced = Closed { code: Some(4009), ..Closed::default() };
    shared.relay.failed(poll, replaced);
    shared.drain();
    assert_eq!(shared.closed.take().unwrap().code, Some(1012));
}
