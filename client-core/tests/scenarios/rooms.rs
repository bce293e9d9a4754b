//! Rooms wanted and rooms confirmed.

use tidings_client_core::{Command, Event, Kind, RoomState, State};
use tidings_protocol::Code;

use crate::harness::{Client, EPOCH, chat, config, kinds, room};
#[cfg(target_arch = "wasm32")]
use crate::test;
use serde_json::{Value, json};

fn rooms_of(client: &mut Client) -> Vec<(String, RoomState)> {
    let state = |e| if let Event::Room { room, state } = e { Some((room.to_string(), state)) } else { None };
    client.events().into_iter().filter_map(state).collect()
}

fn leave(client: &mut Client, id: &str) {
    client.command(Command::Leave { room: room(id) });
}

fn reconnect(client: &mut Client) -> Value {
    client.close(None);
    client.until_next_attempt();
    client.sent();
    client.greet();
    let mut sent = client.sent();
    assert_eq!(sent[0]["type"], "RESUME");
    sent.remove(0)
}

fn refuse_leave(client: &mut Client) {
    let left = client.sent_of("LEAVE_ROOM").remove(0);
    let refusal = json!({"error": "no", "code": "UNAVAILABLE", "id": left["id"], "retryAfterMs": 700});
    client.receive("ERROR", "MESSAGE", &refusal);
}

#[test]
fn a_join_is_sent_once_and_confirmed_by_the_participants() {
    let mut client = Client::connected(&[]);
    client.join("general");
    client.join("general");
    let joins = client.sent_of("JOIN_ROOM");
    assert_eq!((joins.len(), &joins[0]["roomId"], joins[0].get("afterSeq")), (1, &json!("general"), None));
    client.participants("general", 8, 7);
    let events = client.events();
    assert_eq!(events[0], Event::Room { room: room("general"), state: RoomState::Joined });
    assert!(matches!(&events[1], Event::Frame(f) if f.kind() == Kind::RoomParticipants));
    assert_eq!(client.session.room_position("general"), Some(7));
}

#[test]
fn after_a_reconnect_one_resume_rejoins_every_room_at_its_position() {
    let mut client = Client::connected(&[("general", 4), ("silent", 0)]);
    client.message("general", 5);
    let resume = reconnect(&mut client);
    assert_eq!(resume["epoch"], EPOCH);
    assert_eq!(
        resume["rooms"],
        json!([{"roomId": "general", "afterSeq": 5}, {"roomId": "silent", "afterSeq": 0}]),
        "a room that was silent is resumed too"
    );
    assert_eq!(resume["inboxAfter"], 0);
}

#[test]
fn that_all_is_followed_is_told_behind_the_rooms_of_the_resume_once_on_each_connection() {
    let mut client = Client::connected(&[("general", 4)]);
    client.events();
    reconnect(&mut client);
    let events = client.events();
    let at = |wanted: &Event| events.iter().position(|event| event == wanted).expect("it is told");
    let joined = Event::Room { room: room("general"), state: RoomState::Joined };
    assert!(at(&joined) < at(&Event::Resumed), "{events:?}");
    assert_eq!(events.iter().filter(|event| **event == Event::Resumed).count(), 1);
}

#[test]
fn a_room_joined_offline_is_joined_after_the_resume() {
    let mut client = Client::connected(&[("general", 4)]);
    client.close(None);
    client.join("new");
    client.until_next_attempt();
    client.greet();
    let types: Vec<Value> = client.sent().iter().map(|f| json!([f["type"], f["roomId"]])).collect();
    assert_eq!(types, [json!(["RESUME", null]), json!(["JOIN_ROOM", "new"])]);
}

#[test]
fn the_app_can_name_the_position_to_join_at() {
    let mut client = Client::connected(&[]);
    client.command(Command::Join { room: room("general"), after: Some(12) });
    let join = client.sent_of("JOIN_ROOM").remove(0);
    assert_eq!((&join["afterSeq"], &join["epoch"]), (&json!(12), &json!(EPOCH)));
    client.participants("general", 13, 14);
    client.message("general", 13);
    client.message("general", 14);
    assert_eq!(client.shown_seqs(), [13, 14]);
}

#[test]
fn messages_to_a_room_that_is_being_joined_for_the_first_time_wait_for_it() {
    let mut client = Client::connected(&[]);
    client.join("new");
    client.send(chat("new", "hi"));
    client.send(chat("elsewhere", "there"));
    assert_eq!(client.contents(), ["there"]);
    client.participants("new", 1, 0);
    assert_eq!(client.contents(), ["hi"]);
}

#[test]
fn a_join_refused_for_good_is_told_and_holds_nothing() {
    let mut client = Client::connected(&[]);
    client.join("private");
    let id = client.send(chat("private", "hi"));
    let join = client.sent_of("JOIN_ROOM").remove(0);
    let refusal = json!({"error": "no", "code": "FORBIDDEN", "id": join["id"], "roomId": "private"});
    client.receive("ERROR", "MESSAGE", &refusal);
    assert_eq!(rooms_of(&mut client), [("private".into(), RoomState::Refused(Code::Forbidden))]);
    assert_eq!(client.sent_of("CHAT_MESSAGE")[0]["id"], id.as_str());
    assert_eq!(reconnect(&mut client)["rooms"], json!([]));
}

#[test]
fn a_join_refused_for_now_is_sent_again() {
    let mut client = Client::connected(&[]);
    client.join("general");
    let join = client.sent_of("JOIN_ROOM").remove(0);
    let refusal = json!({"error": "no", "code": "UNAVAILABLE", "id": join["id"], "retryAfterMs": 700});
    client.receive("ERROR", "MESSAGE", &refusal);
    assert_eq!(kinds(&client.shown()), []);
    client.advance(699);
    assert_eq!(client.sent_of("JOIN_ROOM").len(), 0);
    client.advance(1);
    assert_eq!(client.sent_of("JOIN_ROOM").len(), 1);
}

#[test]
fn a_leave_refused_for_now_is_sent_again() {
    let mut client = Client::connected(&[("general", 4)]);
    leave(&mut client, "general");
    refuse_leave(&mut client);
    client.advance(700);
    let left = client.sent_of("LEAVE_ROOM").remove(0);
    client.receive("SYSTEM", "ACK", &json!({"id": left["id"], "duplicate": false}));
    assert_eq!(rooms_of(&mut client), [("general".into(), RoomState::Left)]);
}

#[test]
fn a_room_that_is_wanted_again_is_joined_where_its_leave_was_or_is_refused_for_now() {
    for is_wanted_first in [true, false] {
        let mut client = Client::connected(&[("general", 4)]);
        leave(&mut client, "general");
        let join = Command::Join { room: room("general"), after: Some(4) };
        if is_wanted_first {
            client.command(join);
            refuse_leave(&mut client);
        } else {
            refuse_leave(&mut client);
            client.command(join);
        }
        client.advance(700);
        let joins = client.sent_of("JOIN_ROOM");
        assert_eq!((joins.len(), &joins[0]["afterSeq"]), (1, &json!(4)));
        client.participants("general", 5, 5);
        client.message("general", 5);
        assert_eq!((client.session.is_joined("general"), client.shown_seqs()), (true, vec![5]));
    }
}

#[test]
fn a_room_that_was_left_before_its_join_was_answered_is_left_on_the_next_connection() {
    for is_refused in [false, true] {
        let mut client = Client::connected(&[]);
        client.join("general");
        let join = client.sent_of("JOIN_ROOM").remove(0);
        leave(&mut client, "general");
        if is_refused {
            let refusal =
                json!({"error": "no", "code": "UNAVAILABLE", "id": join["id"], "retryAfterMs": 700});
            client.receive("ERROR", "MESSAGE", &refusal);
        }
        client.close(None);
        client.until_next_attempt();
        client.sent();
        client.greet();
        let sent = client.sent();
        assert_eq!((&sent[0]["type"], &sent[0]["rooms"]), (&json!("RESUME"), &json!([])));
        let left = sent.iter().find(|frame| frame["type"] == "LEAVE_ROOM").expect("it is left");
        let refusal = json!({"error": "no", "code": "NOT_A_MEMBER", "id": left["id"]});
        client.receive("ERROR", "MESSAGE", &refusal);
        assert_eq!(rooms_of(&mut client), [("general".into(), RoomState::Left)]);
    }
}

/// What is sent about one room on a new connection; what the `RESUME` names is.
fn sent_anew(client: &mut Client) -> Vec<(String, Value)> {
    client.until_next_attempt();
    client.sent();
    client.greet();
    let mut sent = client.sent();
    client.advance(100);
    sent.append(&mut client.sent());
    let names = |frame: &Value| frame["rooms"].as_array().is_some_and(|rooms| !rooms.is_empty());
    let about_rooms = sent.into_iter().filter(|frame| frame["roomId"].is_string() || names(frame));
    about_rooms.map(|frame| (frame["type"].as_str().unwrap().to_owned(), frame["id"].clone())).collect()
}

#[test]
fn a_room_that_is_wanted_again_before_its_leave_could_be_sent_is_joined() {
    for (known, by) in [(&[][..], "JOIN_ROOM"), (&[("general", 4)], "RESUME")] {
        let mut client = Client::connected(known);
        client.join("general");
        leave(&mut client, "general");
        client.close(None);
        client.join("general");
        let sent = sent_anew(&mut client);
        assert_eq!(sent.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), [by]);
    }
}

#[test]
fn a_room_whose_join_may_have_arrived_is_left_by_a_word() {
    let mut client = Client::connected(&[]);
    client.join("general");
    client.close(None);
    leave(&mut client, "general");
    assert!(rooms_of(&mut client).is_empty());
    assert_eq!(sent_anew(&mut client)[0].0, "LEAVE_ROOM");
}

#[test]
fn a_room_that_is_wanted_again_while_a_leave_finds_no_membership_is_joined() {
    let mut client = Client::connected(&[]);
    client.join("general");
    client.close(None);
    leave(&mut client, "general");
    let id = sent_anew(&mut client).remove(0).1;
    client.join("general");
    client.receive("ERROR", "MESSAGE", &json!({"error": "no", "code": "NOT_A_MEMBER", "id": id}));
    assert_eq!(client.sent_of("JOIN_ROOM").len(), 1);
    assert!(rooms_of(&mut client).is_empty());
}

#[test]
fn one_room_refused_in_a_resume_does_not_stop_the_others() {
    let mut client = Client::connected(&[("general", 4), ("gone", 2)]);
    client.close(None);
    client.until_next_attempt();
    client.sent();
    client.greet_with(&json!({}));
    let refusal = json!({"error": "no", "code": "NOT_A_MEMBER", "roomId": "gone"});
    client.receive("ERROR", "MESSAGE", &refusal);
    client.participants("general", 5, 5);
    client.message("general", 5);
    assert_eq!(
        rooms_of(&mut client),
        [("gone".into(), RoomState::Refused(Code::NotAMember)), ("general".into(), RoomState::Joined)]
    );
    assert_eq!(reconnect(&mut client)["rooms"], json!([{"roomId": "general", "afterSeq": 5}]));
}

#[test]
fn a_resume_refused_for_now_is_sent_again_before_anything_else() {
    let mut client = Client::connected(&[("general", 4)]);
    client.close(None);
    client.until_next_attempt();
    client.sent();
    client.greet_with(&json!({}));
    let resume = client.sent_of("RESUME").remove(0);
    let refusal = json!({"error": "no", "code": "UNAVAILABLE", "id": resume["id"], "retryAfterMs": 300});
    client.receive("ERROR", "MESSAGE", &refusal);
    client.send(chat("general", "hi"));
    assert_eq!(client.sent().len(), 0);
    client.advance(300);
    let types: Vec<Value> = client.sent().iter().map(|f| f["type"].clone()).collect();
    assert_eq!(types, ["RESUME", "CHAT_MESSAGE"]);
}

#[test]
fn leaving_is_told_to_the_server_and_what_still_comes_is_not_shown() {
    let mut client = Client::connected(&[("general", 4)]);
    leave(&mut client, "general");
    let sent = client.sent_of("LEAVE_ROOM").remove(0);
    client.message("general", 5);
    assert_eq!(client.shown_seqs(), Vec::<u64>::new());
    client.receive("SYSTEM", "ACK", &json!({"id": sent["id"], "duplicate": false}));
    assert_eq!(rooms_of(&mut client), [("general".into(), RoomState::Left)]);
    assert_eq!(reconnect(&mut client)["rooms"], json!([]));
}

#[test]
fn leaving_offline_ends_the_membership_after_the_reconnect() {
    let mut client = Client::connected(&[("general", 4)]);
    client.close(None);
    leave(&mut client, "general");
    client.until_next_attempt();
    client.greet();
    let mut sent = client.sent();
    assert_eq!(sent[0]["rooms"], json!([{"roomId": "general"}]), "rejoined without replay, only to be left");
    client.participants("general", 10, 9);
    sent.append(&mut client.sent());
    assert_eq!(sent.iter().filter(|frame| frame["type"] == "LEAVE_ROOM").count(), 1);
    assert_eq!(kinds(&client.shown()), [Kind::ConnectionEstablished]);
}

#[test]
fn a_room_joined_and_left_before_the_server_heard_of_it_is_just_left() {
    let mut client = Client::new(config());
    client.join("general");
    leave(&mut client, "general");
    client.command(Command::Connect);
    client.greet();
    assert_eq!(client.sent_of("JOIN_ROOM").len(), 0);
}

#[test]
fn a_room_left_and_wanted_again_is_joined_anew() {
    let mut client = Client::connected(&[("general", 4)]);
    leave(&mut client, "general");
    let sent = client.sent_of("LEAVE_ROOM").remove(0);
    client.join("general");
    client.receive("SYSTEM", "ACK", &json!({"id": sent["id"], "duplicate": false}));
    assert_eq!(client.sent_of("JOIN_ROOM").len(), 1);
    client.participants("general", 9, 8);
    client.message("general", 9);
    assert_eq!(client.shown_seqs(), [9]);
}

#[test]
fn a_user_who_is_put_out_of_a_room_does_not_rejoin_it() {
    let mut client = Client::connected(&[("general", 4)]);
    client.receive("SYSTEM", "MEMBERSHIP", &json!({"roomId": "general", "member": false}));
    client.message("general", 5);
    let events = client.events();
    assert_eq!(events[0], Event::Room { room: room("general"), state: RoomState::Left });
    assert_eq!(events.len(), 2, "and the frame itself");
    assert_eq!(reconnect(&mut client)["rooms"], json!([]));
}

#[test]
fn a_session_is_in_two_hundred_rooms_at_most() {
    let mut client = Client::new(config());
    for n in 0..200 {
        client.join(&format!("room-{n}"));
    }
    client.events();
    client.join("one-too-many");
    assert_eq!(rooms_of(&mut client), [("one-too-many".into(), RoomState::Refused(Code::Limit))]);
    assert_eq!(client.state(), State::Idle);
}
