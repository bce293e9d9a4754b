//! How a session comes into a room or the inbox, and what it is told of what it has missed.

use serde_json::json;

use super::{After, REPLAY, Server};
use crate::model::net::{Conn, Kind, Net};
use crate::model::words::{ack, data, say};

impl Server {
    pub(super) fn subscribe(
        &mut self,
        conn: Conn,
        room: &str,
        place: (After, bool),
        id: Option<&str>,
        net: &mut Net,
        now: u64,
    ) {
        if let Some(replay) = self.enter(conn, room, place, id, net, now) {
            self.replay(conn, room, replay, net, now);
        }
    }

    /// Brings a session into a room. One that is in it already is put back, never forward, where it asks for that. What is
    /// to be replayed: what comes after the first position, without what comes up to the second.
    pub(super) fn enter(
        &mut self,
        conn: Conn,
        room: &str,
        (after, rewind): (After, bool),
        id: Option<&str>,
        net: &mut Net,
        now: u64,
    ) -> Option<(u64, u64)> {
        let log = self.logs.entry(room.to_owned()).or_default();
        let head = log.len() as u64;
        let names_position = after.is_some();
        let after = after.unwrap_or(head);
        assert!(after <= head, "the client is at {after} of {room}, which ends at {head}");
        let start = after.max(head.saturating_sub(REPLAY as u64));
        let again = !self.sessions.get_mut(&conn)?.rooms.insert(room.to_owned());
        let start = if again && !(rewind && names_position) { head } else { start };
        let again = again && start == head;
        let is_known = net.wires[conn].kind == Kind::Poll && names_position;
        let participants = json!({"roomId": room, "participants": [], "people": [], "count": 1, "headSeq": head,
            "replayFrom": start + 1, "markers": []});
        if !is_known {
            say(net, conn, now, "SYSTEM", "ROOM_PARTICIPANTS", &participants);
        }
        if let Some(id) = id {
            ack(net, conn, now, id, &json!({"roomId": room}));
        }
        (!again).then_some((after, start))
    }

    pub(super) fn replay(
        &mut self,
        conn: Conn,
        room: &str,
        (after, start): (u64, u64),
        net: &mut Net,
        now: u64,
    ) {
        let head = self.logs[room].len() as u64;
        if start > after {
            net.note("gap");
            let gap = json!({"roomId": room, "from": after + 1, "to": start, "reason": "LIMIT"});
            say(net, conn, now, "SYSTEM", "GAP", &gap);
        }
        // The contract has no overlap, but a client does not rely on it.
        let overlap = if net.chance(20) { net.rng.up_to(3) } else { 0 };
        for seq in start.saturating_sub(overlap) + 1..=head {
            let entry = &self.logs[room][seq as usize - 1];
            say(net, conn, now, "CHAT", "MESSAGE", &data(room, seq, entry, None));
        }
    }

    pub(super) fn replay_inbox(&mut self, conn: Conn, user: &str, after: After, net: &mut Net, now: u64) {
        let inbox = self.inboxes.get(user).map_or(&[][..], Vec::as_slice);
        let head = inbox.len() as u64;
        let after = after.unwrap_or(head);
        assert!(after <= head);
        let start = after.max(head.saturating_sub(REPLAY as u64));
        if start > after {
            net.note("inbox gap");
            let gap = json!({"inbox": true, "from": after + 1, "to": start, "reason": "LIMIT"});
            say(net, conn, now, "SYSTEM", "GAP", &gap);
        }
        for at in start + 1..=head {
            let (room, index) = &inbox[at as usize - 1];
            let entry = &self.logs[room][*index];
            say(net, conn, now, "PRIVATE", "MESSAGE", &data(room, *index as u64 + 1, entry, Some(at)));
        }
    }
}
