//! Several sessions of a user over one connection: what a hub sends on, and to whom.

use serde_json::{Value, json};
use tidings_client_core::{Closed, Hub, HubOutput, Instant, LinkId, MAX_LINKS};

#[cfg(target_arch = "wasm32")]
use crate::test;

const OWN: LinkId = LinkId::OWN;
const TWO: LinkId = LinkId(2);
const THREE: LinkId = LinkId(3);

/// A hub, what it sent, and what each link was handed.
#[derive(Default)]
struct Shared {
    hub: Hub,
    now: u64,
    sent: Vec<Value>,
    delivered: Vec<(LinkId, Value)>,
    closed: Vec<(LinkId, Closed)>,
}

impl Shared {
    /// Three links, greeted and resumed.
    fn of_three() -> Self {
        let mut shared = Self::default();
        for link in [OWN, TWO, THREE] {
            shared.hub.open(link, Instant::from_millis(0));
        }
        shared.greet(7);
        for link in [OWN, TWO, THREE] {
            shared.resume(link, &[]);
        }
        shared.look();
        shared
    }

    fn drain(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                HubOutput::Send(text) => self.sent.push(serde_json::from_str(&text).unwrap()),
                HubOutput::Deliver(links, text) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.delivered.extend(links.into_iter().map(|link| (link, frame.clone())));
                }
                HubOutput::Close(links, closed) => {
                    self.closed.extend(links.into_iter().map(|link| (link, closed.clone())));
                }
            }
        }
    }

    fn say(&mut self, link: LinkId, frame: &Value) {
        self.hub.say(link, frame.to_string(), Instant::from_millis(self.now));
        self.drain();
    }

    fn hear(&mut self, category: &str, kind: &str, data: &Value) {
        let frame = json!({"category": category, "type": kind, "data": data, "timestamp": "t"});
        self.hub.hear(frame.to_string(), Instant::from_millis(self.now));
        self.drain();
    }

    fn greet(&mut self, inbox_seq: u64) {
        let data = json!({"userId": "ann", "epoch": "e", "inboxSeq": inbox_seq, "framesPerSecond": 50,
            "frameBurst": 20, "message": "\"inboxSeq\":1"});
        self.hear("SYSTEM", "CONNECTION_ESTABLISHED", &data);
    }

    fn ack(&mut self, id: &str) {
        self.hear("SYSTEM", "ACK", &json!({"id": id, "duplicate": false}));
    }

    fn resume(&mut self, link: LinkId, rooms: &[&str]) {
        let id = format!("resume {}", link.0);
        let rooms: Vec<Value> = rooms.iter().map(|room| json!({"roomId": room, "afterSeq": 3})).collect();
        self.say(link, &json!({"type": "RESUME", "id": id, "rooms": rooms, "inboxAfter": 7}));
        for room in rooms {
            self.hear("SYSTEM", "ROOM_PARTICIPANTS", &json!({"roomId": room["roomId"]}));
        }
        self.ack(&id);
        self.now += 1_000;
    }

    fn join(&mut self, link: LinkId, room: &str) {
        let id = format!("join {room} {}", link.0);
        self.say(link, &json!({"type": "JOIN_ROOM", "id": id, "roomId": room}));
        self.hear("SYSTEM", "ROOM_PARTICIPANTS", &json!({"roomId": room}));
        self.ack(&id);
        self.now += 1_000;
        self.look();
    }

    /// Who was handed something since the last look, and what was sent.
    fn look(&mut self) -> (Vec<LinkId>, Vec<Value>) {
        let delivered = std::mem::take(&mut self.delivered);
        (delivered.into_iter().map(|(link, _)| link).collect(), std::mem::take(&mut self.sent))
    }

    fn entry(&mut self, room: &str) -> Vec<LinkId> {
        self.hear("CHAT", "MESSAGE", &json!({"roomId": room, "seq": 4, "messageId": "m"}));
        self.look().0
    }
}

#[test]
fn a_link_is_greeted_with_the_connection_or_when_that_is_greeted_and_its_inbox_begins_at_the_present() {
    let mut shared = Shared::default();
    shared.hub.open(TWO, Instant::from_millis(0));
    shared.drain();
    assert!(shared.delivered.is_empty() && !shared.hub.is_up());
    shared.greet(7);
    assert_eq!(shared.delivered[0].1["data"]["inboxSeq"], 7);
    shared.hear("PRIVATE", "MESSAGE", &json!({"roomId": "d", "seq": 1, "inboxSeq": 9}));
    shared.delivered.clear();
    shared.hub.open(THREE, Instant::from_millis(0));
    shared.drain();
    let (link, greeting) = &shared.delivered[0];
    assert_eq!((*link, greeting["type"].as_str()), (THREE, Some("CONNECTION_ESTABLISHED")));
    assert_eq!(greeting["data"]["inboxSeq"], 9, "what came before is not news to it");
    assert_eq!(greeting["data"]["message"], "\"inboxSeq\":1");
}

#[test]
fn an_answer_goes_to_the_one_that_asked_and_to_nobody_where_it_is_gone() {
    let mut shared = Shared::of_three();
    for (link, id) in [(OWN, "a"), (TWO, "b"), (THREE, "c")] {
        shared.say(link, &json!({"type": "CHAT_MESSAGE", "id": id, "roomId": "r", "content": "hi"}));
    }
    assert_eq!(shared.look().1.len(), 3);
    shared.ack("b");
    assert_eq!(shared.look().0, [TWO]);
    shared.hear("ERROR", "MESSAGE", &json!({"error": "no", "code": "FORBIDDEN", "id": "a"}));
    assert_eq!(shared.look().0, [OWN]);
    shared.hub.close(THREE, Instant::from_millis(0));
    shared.ack("c");
    shared.ack("d");
    assert_eq!(shared.look().0, [THREE], "to be dropped by whoever has the links");
}

#[test]
fn a_rooms_entries_go_to_those_whose_own_join_was_answered() {
    let mut shared = Shared::of_three();
    shared.join(TWO, "r");
    assert_eq!(shared.entry("r"), [TWO]);
    shared.say(OWN, &json!({"type": "JOIN_ROOM", "id": "j", "roomId": "r", "afterSeq": 3}));
    assert_eq!(shared.look().1[0]["rewind"], true, "the connection may stand further on");
    assert_eq!(shared.entry("r"), [TWO], "they come again by the replay");
    shared.hear("SYSTEM", "ROOM_PARTICIPANTS", &json!({"roomId": "r"}));
    assert_eq!(shared.look().0, [OWN]);
    assert_eq!(shared.entry("r"), [OWN, TWO]);
    shared.hear("SYSTEM", "USER_JOINED", &json!({"roomId": "r", "userId": "bob"}));
    assert_eq!(shared.look().0, [OWN, TWO]);
}

#[test]
fn what_two_resumes_name_is_answered_to_each_in_the_order_of_their_asking() {
    let mut shared = Shared::of_three();
    let resume = |id: &str| json!({"type": "RESUME", "id": id, "rooms": [{"roomId": "r"}, {"roomId": "s"}]});
    shared.say(TWO, &resume("a"));
    shared.say(THREE, &resume("b"));
    assert!(shared.look().1.iter().all(|frame| frame["rewind"] == true));
    shared.hear("SYSTEM", "ROOM_PARTICIPANTS", &json!({"roomId": "r"}));
    // A room that is refused in a resume is named without an id.
    shared.hear("ERROR", "MESSAGE", &json!({"error": "no", "code": "FORBIDDEN", "roomId": "s"}));
    shared.ack("a");
    shared.hear("SYSTEM", "GAP", &json!({"roomId": "r", "from": 1, "to": 2, "reason": "LIMIT"}));
    assert_eq!(shared.look().0, [TWO, TWO, TWO, TWO]);
    assert_eq!(shared.entry("r"), [TWO]);
    shared.hear("SYSTEM", "ROOM_PARTICIPANTS", &json!({"roomId": "r"}));
    shared.hear("SYSTEM", "ROOM_PARTICIPANTS", &json!({"roomId": "s"}));
    shared.ack("b");
    shared.hear("SYSTEM", "GAP", &json!({"roomId": "r", "from": 1, "to": 2, "reason": "EPOCH"}));
    assert_eq!(shared.look().0, [THREE, THREE, THREE, THREE], "the others have positions in this log");
    shared.hear("SYSTEM", "GAP", &json!({"inbox": true, "from": 1, "to": 2, "reason": "LIMIT"}));
    assert_eq!(shared.look().0, [OWN, TWO, THREE], "who is further on passes over it");
    assert_eq!((shared.entry("r"), shared.entry("s")), (vec![TWO, THREE], vec![THREE]));
}

#[test]
fn the_inbox_goes_to_those_that_have_resumed() {
    let mut shared = Shared::of_three();
    shared.hub.open(LinkId(4), Instant::from_millis(0));
    shared.drain();
    shared.look();
    let direct = json!({"roomId": "d", "seq": 1, "inboxSeq": 8});
    shared.hear("PRIVATE", "MESSAGE", &direct);
    assert_eq!(shared.look().0, [OWN, TWO, THREE]);
    let retry = json!({"error": "no", "code": "UNAVAILABLE", "id": "resume 4", "retryAfterMs": 5});
    shared.say(LinkId(4), &json!({"type": "RESUME", "id": "resume 4", "rooms": []}));
    shared.hear("ERROR", "MESSAGE", &retry);
    shared.look();
    shared.hear("PRIVATE", "MESSAGE", &direct);
    assert_eq!(shared.look().0, [OWN, TWO, THREE], "it will ask again");
    shared.resume(LinkId(4), &[]);
    shared.look();
    shared.hear("PRIVATE", "MESSAGE", &direct);
    assert_eq!(shared.look().0, [OWN, TWO, THREE, LinkId(4)]);
}

#[test]
fn a_room_is_left_when_its_last_link_leaves_it() {
    let mut shared = Shared::of_three();
    shared.join(TWO, "r");
    shared.join(THREE, "r");
    let leave = |id: &str| json!({"type": "LEAVE_ROOM", "id": id, "roomId": "r"});
    shared.say(TWO, &leave("a"));
    assert_eq!(shared.delivered[0].1["data"]["id"], "a", "acknowledged by the hub");
    assert_eq!(shared.look(), (vec![TWO], vec![]));
    assert_eq!(shared.entry("r"), [THREE]);
    // One that is about to come in holds it too.
    shared.say(OWN, &json!({"type": "JOIN_ROOM", "id": "j", "roomId": "r"}));
    shared.look();
    shared.say(THREE, &leave("b"));
    assert_eq!(shared.look(), (vec![THREE], vec![]));
    shared.hear("SYSTEM", "ROOM_PARTICIPANTS", &json!({"roomId": "r"}));
    shared.ack("j");
    shared.look();
    shared.say(OWN, &leave("c"));
    assert_eq!(shared.look().1, [leave("c")]);
    shared.ack("c");
    assert_eq!(shared.look().0, [OWN]);
}

#[test]
fn who_is_put_out_of_a_room_is_out_of_it_on_every_page() {
    let mut shared = Shared::of_three();
    shared.join(TWO, "r");
    shared.join(OWN, "r");
    shared.hear("SYSTEM", "MEMBERSHIP", &json!({"roomId": "r", "member": false}));
    assert_eq!(shared.look().0, [OWN, TWO, THREE]);
    assert!(shared.entry("r").is_empty());
}

#[test]
fn a_marker_that_one_moves_is_told_to_the_others_as_soon_as_the_server_has_it() {
    let mut shared = Shared::of_three();
    shared.say(TWO, &json!({"type": "READ", "id": "m", "roomId": "r", "seq": 12}));
    assert!(shared.look().0.is_empty());
    shared.ack("m");
    let read = json!({"category": "CHAT", "type": "READ", "data": {"roomId": "r", "userId": "ann", "seq": 12},
        "timestamp": "t"});
    assert_eq!(shared.delivered[..2], [(OWN, read.clone()), (THREE, read)]);
    assert_eq!(shared.look().0, [OWN, THREE, TWO]);
}

#[test]
fn the_user_is_away_where_all_pages_say_so() {
    let mut shared = Shared::of_three();
    let presence = |status: &str| json!({"type": "PRESENCE", "status": status});
    shared.say(OWN, &presence("away"));
    shared.say(TWO, &presence("away"));
    assert!(shared.look().1.is_empty());
    shared.say(THREE, &presence("away"));
    assert_eq!(shared.look().1, [presence("away")]);
    shared.say(TWO, &presence("online"));
    assert_eq!(shared.look().1, [presence("online")]);
    shared.hub.close(TWO, Instant::from_millis(shared.now));
    shared.drain();
    assert_eq!(shared.look().1, [presence("away")], "whoever was here is gone");
    shared.hub.open(LinkId(4), Instant::from_millis(shared.now));
    shared.drain();
    assert_eq!(shared.look().1, [presence("online")]);
}

#[test]
fn all_links_together_keep_to_the_pace_and_what_is_too_much_is_refused_in_its_order() {
    let mut shared = Shared::of_three();
    let chat = |n: usize| json!({"type": "CHAT_MESSAGE", "id": n.to_string(), "roomId": (n % 2).to_string(), "content": "hi"});
    for n in 0..20 {
        shared.say([OWN, TWO][n % 2], &chat(n));
    }
    assert_eq!(shared.sent.len(), 15, "three quarters of the burst");
    assert_eq!(shared.delivered.len(), 5);
    for (link, refusal) in std::mem::take(&mut shared.delivered) {
        assert_eq!(refusal["data"]["code"], "UNAVAILABLE");
        assert_eq!(refusal["data"]["retryAfterMs"], 220, "until there is room for some");
        let n: usize = refusal["data"]["id"].as_str().unwrap().parse().unwrap();
        assert!(n >= 15 && link == [OWN, TWO][n % 2]);
    }
    shared.say(OWN, &json!({"type": "READ", "id": "m", "roomId": "0", "seq": 1}));
    assert_eq!((shared.sent.len(), shared.delivered.len()), (16, 0), "only what makes an entry is refused");
    shared.now += 220;
    for n in 15..20 {
        shared.say([OWN, TWO][n % 2], &chat(n));
    }
    assert_eq!(shared.sent.len(), 21);
}

#[test]
fn what_names_a_message_that_was_too_much_is_too_much_until_that_one_has_come_again() {
    let mut shared = Shared::of_three();
    let chat = |id: &str, after: Option<&str>| json!({"type": "CHAT_MESSAGE", "id": id, "roomId": "r", "after": after, "content": "hi"});
    for n in 0..15 {
        shared.say(TWO, &chat(&n.to_string(), None));
    }
    shared.say(OWN, &chat("a", None));
    shared.now += 1_000;
    shared.look();
    shared.say(OWN, &chat("b", Some("a")));
    shared.say(OWN, &chat("c", Some("b")));
    shared.say(TWO, &chat("another's", None));
    for (id, (link, refusal)) in ["b", "c"].into_iter().zip(std::mem::take(&mut shared.delivered)) {
        let data = &refusal["data"];
        assert_eq!((link, &data["id"], &data["code"]), (OWN, &json!(id), &json!("UNAVAILABLE")));
    }
    for (id, after) in [("a", None), ("b", Some("a")), ("c", Some("b"))] {
        shared.say(OWN, &chat(id, after));
    }
    let ids: Vec<Value> = shared.look().1.iter().map(|frame| frame["id"].clone()).collect();
    assert_eq!(ids, ["another's", "a", "b", "c"]);
}

#[test]
fn the_token_is_the_business_of_the_page_that_has_the_connection() {
    let mut shared = Shared::of_three();
    shared.hear("SYSTEM", "TOKEN_EXPIRING", &json!({"expiresAt": "t"}));
    shared.say(OWN, &json!({"type": "AUTHENTICATE", "id": "a", "token": "t"}));
    shared.hear("SYSTEM", "AUTHENTICATED", &json!({"id": "a", "expiresAt": "t"}));
    assert_eq!(shared.look().0, [OWN, OWN]);
}

#[test]
fn what_was_said_without_an_id_is_refused_to_the_one_that_said_it() {
    let mut shared = Shared::of_three();
    shared.say(TWO, &json!({"type": "TYPING", "roomId": "r", "data": {"isTyping": true}}));
    shared.hear("ERROR", "MESSAGE", &json!({"error": "no", "code": "NOT_A_MEMBER", "roomId": "r"}));
    assert_eq!(shared.look().0, [TWO]);
}

#[test]
fn with_the_connection_all_links_end_alike_and_one_too_many_is_refused() {
    let mut shared = Shared::of_three();
    let closed = Closed { code: Some(1013), retry_after_ms: Some(500), ..Closed::default() };
    shared.hub.lost(closed.clone());
    shared.drain();
    assert_eq!(shared.closed, [(TWO, closed.clone()), (THREE, closed)]);
    assert!(!shared.hub.is_up());
    shared.closed.clear();
    for n in 0..=MAX_LINKS {
        shared.hub.open(LinkId(n as u32), Instant::from_millis(0));
    }
    shared.drain();
    assert_eq!(shared.closed.len(), 1);
}
