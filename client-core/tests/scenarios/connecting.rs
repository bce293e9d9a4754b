//! From idle to connected, and closed.

use tidings_client_core::{ClosedBy, Command, Config, ConnId, Event, Input, Kind, SendState, State};
use tidings_protocol::command::OnlineStatus;

use crate::harness::{Client, chat, config, kinds};
#[cfg(target_arch = "wasm32")]
use crate::test;
use serde_json::json;

fn states(events: &[Event]) -> Vec<State> {
    events.iter().filter_map(|e| if let Event::Status(s) = e { Some(s.state) } else { None }).collect()
}

#[test]
fn a_session_is_idle_until_it_is_told_to_connect() {
    let mut client = Client::new(config());
    client.input(Input::Online);
    client.input(Input::Visible);
    client.advance(60_000);
    assert_eq!((client.state(), client.connects.len()), (State::Idle, 0));
}

#[test]
fn a_client_is_connected_when_the_server_has_greeted() {
    let mut client = Client::new(Config { notifications: true, ..config() });
    client.command(Command::Connect);
    let connect = client.connects[0].clone();
    assert_eq!(connect.conn, ConnId(1));
    assert_eq!(
        connect.payload,
        format!("clientSession={}&notifications=true", client.session.client_session())
    );
    assert!(!connect.fresh_token);
    assert_eq!(states(&client.events()), [State::Connecting]);

    client.greet();
    let events = client.events();
    assert_eq!(states(&events), [State::Connected]);
    assert!(matches!(&events[1], Event::Frame(f) if f.kind() == Kind::ConnectionEstablished));
    assert_eq!(client.session.user_id(), Some("ann"));
}

#[test]
fn the_first_frame_after_the_greeting_is_a_resume_that_follows_the_inbox_from_there() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    client.greet_with(&json!({"inboxSeq": 41}));
    let sent = client.sent();
    assert_eq!((sent.len(), &sent[0]["type"]), (1, &json!("RESUME")));
    assert_eq!((&sent[0]["rooms"], &sent[0]["inboxAfter"]), (&json!([]), &json!(41)));
}

#[test]
fn a_server_that_does_not_greet_is_given_up() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    client.input(Input::Opened(ConnId(1)));
    client.advance(9_999);
    assert_eq!(client.closes, []);
    client.advance(1);
    assert_eq!(client.closes, [(ConnId(1), 1000)]);
    assert_eq!(client.state(), State::Reconnecting);
}

#[test]
fn a_transport_that_does_not_open_is_given_up() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    client.advance(20_000);
    assert_eq!(client.closes, [(ConnId(1), 1000)]);
    assert_eq!(client.state(), State::Reconnecting);
}

#[test]
fn what_an_old_connection_still_says_does_not_count() {
    let mut client = Client::connected(&[("general", 4)]);
    let old = client.conn.unwrap();
    client.close(None);
    client.until_next_attempt();
    client.events();
    client.input(Input::Frame(
        old,
        r#"{"category":"CHAT","type":"MESSAGE","data":{"roomId":"general","seq":5}}"#.into(),
    ));
    client.input(Input::Closed(old, tidings_client_core::Closed { code: Some(4003), ..Default::default() }));
    client.input(Input::Opened(old));
    assert_eq!((client.events(), client.state()), (vec![], State::Reconnecting));
}

#[test]
fn closing_is_final_until_the_app_connects_again() {
    let mut client = Client::connected(&[("general", 4)]);
    client.command(Command::Close { forget: false });
    assert_eq!(client.closes, [(ConnId(1), 1000)]);
    assert_eq!(client.session.status().closed_by, Some(ClosedBy::Client));
    client.input(Input::Online);
    client.advance(120_000);
    assert_eq!((client.state(), client.connects.len()), (State::Closed, 1));

    client.command(Command::Connect);
    client.greet();
    let resume = client.sent_of("RESUME");
    assert_eq!(resume[0]["rooms"], json!([{"roomId": "general", "afterSeq": 4}]));
}

#[test]
fn closing_for_good_forgets_the_outbox_and_says_so() {
    let mut client = Client::new(config());
    let id = client.send(chat("general", "never sent"));
    client.command(Command::Close { forget: true });
    assert_eq!(client.states_of(&id), [SendState::Queued, SendState::Cancelled]);
    assert_eq!(client.session.queued(), 0);
}

#[test]
fn being_away_is_told_again_on_each_connection() {
    let mut client = Client::connected(&[]);
    client.command(Command::Presence(OnlineStatus::Away));
    assert_eq!(client.sent_of("PRESENCE")[0]["status"], "away");
    client.close(None);
    client.until_next_attempt();
    client.greet();
    assert_eq!(client.sent_of("PRESENCE")[0]["status"], "away");
}

#[test]
fn what_is_no_frame_is_told_and_left_out() {
    let mut client = Client::connected(&[("general", 4)]);
    let conn = client.conn.unwrap();
    client.input(Input::Frame(conn, "{\"category\":".into()));
    assert_eq!(client.events(), [Event::Malformed("{\"category\":".into())]);
    client.receive("FUTURE", "THING", &json!({"roomId": "general", "seq": 99}));
    client.message("general", 5);
    assert_eq!(kinds(&client.shown()), [Kind::Unknown, Kind::ChatMessage]);
}
