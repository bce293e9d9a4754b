//! What becomes of an entry: refused, or in its log once and handed out.

use super::{Entry, Server};
use crate::model::net::{Conn, Kind, Net};
use crate::model::ops::CrashAt;
use crate::model::words::{ack, answer, data, refuse, say};

impl Server {
    pub(super) fn append(&mut self, conn: Conn, room: &str, entry: Entry, net: &mut Net, now: u64) {
        let log = self.logs.entry(room.to_owned()).or_default();
        if let Some(index) = log.iter().position(|e| e.sender == entry.sender && e.id == entry.id) {
            if net.wires[conn].dropped && log[index].content != entry.content {
                // It was refused, and changed meanwhile.
                refuse(net, conn, now, &entry.id, room, "CONFLICT", None);
                return;
            }
            assert_eq!(log[index].content, entry.content, "the same id for something else");
            net.note("resend of what was stored");
            ack(net, conn, now, &entry.id, &answer(room, index as u64 + 1, true));
            return;
        }
        let gate = match self.sessions.get_mut(&conn) {
            Some(session) => &mut session.gate,
            None if net.wires[conn].kind == Kind::Post => {
                self.gates.entry(net.wires[conn].client_session.clone()).or_default()
            }
            None => return,
        };
        let link = (room, entry.id.as_str(), entry.after.as_deref());
        if let Some(wait) = gate.refusal(link, now < self.unavailable_until, now) {
            net.note("refusal for now");
            refuse(net, conn, now, &entry.id, room, "UNAVAILABLE", Some(wait));
            return;
        }
        if entry.content.starts_with("forbidden") {
            net.note("refusal for good");
            refuse(net, conn, now, &entry.id, room, "FORBIDDEN", None);
            return;
        }
        let crash = self.crash.take();
        if crash == Some(CrashAt::BeforeCommit) {
            net.note("crash before the commit");
            self.die(net, now);
            return;
        }
        let log = self.logs.entry(room.to_owned()).or_default();
        log.push(entry.clone());
        let (seq, index) = (log.len() as u64, log.len() - 1);
        for user in entry.recipient.iter().chain(entry.recipient.as_ref().map(|_| &entry.sender)) {
            self.inboxes.entry(user.clone()).or_default().push((room.to_owned(), index));
        }
        if crash == Some(CrashAt::AfterCommit) {
            net.note("crash after the commit");
            self.die(net, now);
            return;
        }
        let ack_first = net.chance(50);
        if ack_first {
            ack(net, conn, now, &entry.id, &answer(room, seq, false));
        }
        self.fan_out(room, seq, &entry, net, now);
        if !ack_first {
            ack(net, conn, now, &entry.id, &answer(room, seq, false));
        }
        if crash == Some(CrashAt::AfterAck) {
            net.note("crash after the ACK");
            self.die(net, now);
        }
    }

    pub(super) fn fan_out(&mut self, room: &str, seq: u64, entry: &Entry, net: &mut Net, now: u64) {
        for (&conn, session) in &mut self.sessions {
            let mine = session.user == entry.sender || entry.recipient.as_deref() == Some(session.user);
            let inbox_seq = (entry.recipient.is_some() && mine && session.resumed)
                .then(|| self.inboxes[session.user].len() as u64);
            if inbox_seq.is_none() && !session.rooms.contains(room) {
                continue;
            }
            if std::mem::take(&mut session.forget_next) {
                net.note("entry not handed out");
                continue;
            }
            let (category, kind) =
                if inbox_seq.is_some() { ("PRIVATE", "MESSAGE") } else { ("CHAT", "MESSAGE") };
            for _ in 0..if net.chance(2) { 2 } else { 1 } {
                say(net, conn, now, category, kind, &data(room, seq, entry, inbox_seq));
            }
        }
    }
}
