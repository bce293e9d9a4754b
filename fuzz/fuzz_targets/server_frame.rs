//! A client is told whatever a server, or who passes for one, may say: it goes on, says nothing that is not in the
//! contract, and reads a frame as any other reader of JSON does. Each line is a frame; an empty one lets a second pass.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tidings_client_core::{Command, Config, ConnId, Event, Input, Instant, Output, Session};
use tidings_protocol::{ClientFrame, RoomId};

const GREETING: &str = r#"{"category":"SYSTEM","type":"CONNECTION_ESTABLISHED","data":{"message":"hello","userId":"ann","sessionId":"s","protocol":"tidings.v1","epoch":"e","inboxSeq":0,"heartbeatMs":25000,"maxContentBytes":16384,"framesPerSecond":50,"frameBurst":200},"timestamp":"2026-01-01T00:00:00.000Z"}"#;

struct Client {
    session: Session,
    conn: ConnId,
    now: u64,
}

impl Client {
    fn input(&mut self, input: Input) {
        self.session.handle(input, Instant::from_millis(self.now));
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect(connect) => self.conn = connect.conn,
                Output::Send(_, text) => {
                    ClientFrame::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
                }
                Output::Event(Event::Frame(frame)) => {
                    if let Some(value) = plain(frame.text()) {
                        // What the contract has no number for is none.
                        let seq = value["data"]["seq"].as_u64().filter(|seq| *seq < 1 << 53);
                        assert_eq!(frame.seq(), seq, "{frame:?}");
                        assert_eq!(frame.room_id().as_deref(), value["data"]["roomId"].as_str(), "{frame:?}");
                    }
                }
                Output::Event(Event::Malformed(text)) => {
                    let is_frame = |v: &Value| v["category"].is_string() && v["type"].is_string();
                    assert!(!plain(&text).is_some_and(|value| is_frame(&value)), "a frame: {text}");
                }
                Output::Close(..)
                | Output::Persist(_)
                | Output::RefreshToken
                | Output::Event(_)
                | Output::WaitUntil(_) => {}
            }
        }
    }

    fn greet(&mut self) {
        self.input(Input::Opened(self.conn));
        self.input(Input::Frame(self.conn, GREETING.to_owned()));
    }
}

/// The JSON, where no name in it is written by escapes, which no server does.
fn plain(text: &str) -> Option<Value> {
    if text.contains('\\') { None } else { serde_json::from_str(text).ok() }
}

fuzz_target!(|text: &str| {
    let session = Session::new(Config::new([1, 2]));
    let mut client = Client { session, conn: ConnId(0), now: 1_000 };
    client.input(Input::Command(Command::Connect));
    client.input(Input::Command(Command::Join { room: RoomId::new("general").unwrap(), after: None }));
    client.greet();
    for line in text.split('\n') {
        if line.is_empty() {
            client.now += 1_000;
            let conn = client.conn;
            client.input(Input::Timer);
            if client.conn != conn {
                client.greet();
            }
        } else {
            client.input(Input::Frame(client.conn, line.to_owned()));
        }
    }
});
