//! What comes by a request: where a stream or poll stands, and frames in a body.

use tidings_protocol::ClientFrame;
use tidings_protocol::http::{RealtimeFrames, RealtimeSubscribe};

use super::Server;
use crate::model::net::{Arrival, Conn, Net};
use crate::model::words::finish;

const KEEP_ALIVE_MS: u64 = 25_000;

impl Server {
    /// A stream or poll stands where its body says.
    pub(super) fn stand(&mut self, conn: Conn, net: &mut Net, now: u64) {
        let text = net.wires[conn].body.clone();
        let body: RealtimeSubscribe = serde_json::from_str(&text).expect("a body of the contract");
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        session.resumed = true;
        let user = session.user;
        // All rooms are answered for before anything else comes.
        let mut entered = Vec::new();
        for room in &body.rooms {
            let name = room.room_id.as_str();
            if let Some(replay) = self.enter(conn, name, (room.after_seq, false), None, net, now) {
                entered.push((name, replay));
            }
        }
        for (name, replay) in entered {
            self.replay(conn, name, replay, net, now);
        }
        self.replay_inbox(conn, user, body.inbox_after, net, now);
    }

    /// A stream that stands says so from time to time.
    pub(crate) fn keep_alive(&mut self, conn: Conn, net: &mut Net, now: u64) {
        if self.sessions.contains_key(&conn) {
            if !net.wires[conn].swallowed {
                net.send_down(conn, Arrival::Chunk(conn, ": keep-alive\n\n".to_owned()), now);
            }
            net.at(now + KEEP_ALIVE_MS, Arrival::KeepAlive(conn));
        }
    }

    pub(super) fn poll(&mut self, conn: Conn, net: &mut Net, now: u64) {
        net.note("by a poll");
        self.open(conn, net, now);
        self.stand(conn, net, now);
        let body: RealtimeSubscribe = serde_json::from_str(&net.wires[conn].body).unwrap();
        match body.wait_ms.unwrap_or(0) {
            0 => self.poll_over(conn, net, now),
            wait => {
                assert!(wait <= 25_000);
                net.at(now + wait, Arrival::PollOver(conn));
                self.answer_polls(net, now);
            }
        }
    }

    /// A poll has waited long enough.
    pub(crate) fn poll_over(&mut self, conn: Conn, net: &mut Net, now: u64) {
        if self.sessions.remove(&conn).is_some() {
            finish(net, conn, now);
        }
    }

    /// Polls that have something to tell are over.
    pub(super) fn answer_polls(&mut self, net: &mut Net, now: u64) {
        let due = self.sessions.keys().filter(|&&conn| !net.wires[conn].answer.is_empty());
        for conn in due.copied().collect::<Vec<Conn>>() {
            self.poll_over(conn, net, now);
        }
    }

    /// Frames in a body.
    pub(super) fn post(&mut self, conn: Conn, net: &mut Net, now: u64) {
        if net.wires[conn].dropped {
            net.note("post that comes too late");
        }
        let text = net.wires[conn].body.clone();
        let body: RealtimeFrames = serde_json::from_str(&text).expect("a body of the contract");
        for value in body.frames {
            let frame = ClientFrame::parse(&value.to_string()).expect("a frame of the contract");
            assert!(frame.id.is_some(), "in a body every frame has an id: {value}");
            self.frame(conn, frame, net, now);
            if self.down {
                net.note("post cut short");
                net.cut(conn, now);
                return;
            }
        }
        finish(net, conn, now);
        self.answer_polls(net, now);
    }
}
