//! What a frame asks for.

use serde_json::json;
use tidings_protocol::id::DIRECT_PREFIX;
use tidings_protocol::{ClientFrame, Command, command};

use super::{After, Entry, Server};
use crate::model::net::{Conn, Kind, Net};
use crate::model::ops::USERS;
use crate::model::words::{TIME, ack, say};

impl Server {
    pub(crate) fn request(&mut self, conn: Conn, text: &str, net: &mut Net, now: u64) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        session.pay(now);
        self.frame(conn, ClientFrame::parse(text).expect("a frame of the contract"), net, now);
        self.answer_polls(net, now);
    }

    pub(super) fn frame(&mut self, conn: Conn, frame: ClientFrame, net: &mut Net, now: u64) {
        let user = USERS[net.wires[conn].client];
        let id = frame.id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        let after = frame.after.map(|id| id.as_str().to_owned());
        match frame.command {
            Command::Resume(resume) => {
                let Some(session) = self.sessions.get_mut(&conn) else { return };
                let rooms: Vec<(String, After)> =
                    resume.rooms.iter().map(|r| (r.room_id.as_str().to_owned(), r.after_seq)).collect();
                session.resumed = true;
                // The inbox may be replayed before the rooms or after them.
                let inbox_first = net.chance(50);
                // Who shares a connection knows what is replayed for whom by the answer; others do not rely on it.
                let ack_first = resume.rewind;
                let mut entered = Vec::new();
                if inbox_first && !ack_first {
                    self.replay_inbox(conn, user, resume.inbox_after, net, now);
                }
                for (room, after) in rooms {
                    let replay = self.enter(conn, &room, (after, resume.rewind), None, net, now);
                    match replay {
                        Some(replay) if ack_first => entered.push((room, replay)),
                        Some(replay) => self.replay(conn, &room, replay, net, now),
                        None => {}
                    }
                }
                if ack_first {
                    ack(net, conn, now, &id, &json!({}));
                }
                if inbox_first && ack_first {
                    self.replay_inbox(conn, user, resume.inbox_after, net, now);
                }
                for (room, replay) in entered {
                    self.replay(conn, &room, replay, net, now);
                }
                if !inbox_first {
                    self.replay_inbox(conn, user, resume.inbox_after, net, now);
                }
                if !ack_first {
                    ack(net, conn, now, &id, &json!({}));
                }
            }
            Command::JoinRoom(_) if net.wires[conn].kind == Kind::Post => {
                ack(net, conn, now, &id, &json!({}))
            }
            Command::JoinRoom(join) => {
                let place = (join.after_seq, join.rewind);
                self.subscribe(conn, join.room_id.as_str(), place, Some(&id), net, now);
            }
            Command::LeaveRoom(leave) => {
                let name = &net.wires[conn].client_session;
                for session in self.sessions.values_mut().filter(|s| s.client_session == *name) {
                    session.rooms.remove(leave.room_id.as_str());
                }
                ack(net, conn, now, &id, &json!({}));
            }
            Command::ChatMessage(command::ChatMessage { room_id, content, .. }) => {
                let sender = user.to_owned();
                // A direct room by its own name.
                let pair = room_id.as_str().strip_prefix(DIRECT_PREFIX).and_then(|pair| pair.split_once(':'));
                let recipient = pair.map(|(a, b)| if a == user { b } else { a }.to_owned());
                self.append(
                    conn,
                    room_id.as_str(),
                    Entry { sender, id, after, content, recipient },
                    net,
                    now,
                );
            }
            Command::PrivateMessage(private) => {
                let sender = user.to_owned();
                let to = private.data.recipient_id.as_str().to_owned();
                let room = if sender < to {
                    format!("direct:{sender}:{to}")
                } else {
                    format!("direct:{to}:{sender}")
                };
                let entry = Entry { sender, id, after, content: private.content, recipient: Some(to) };
                self.append(conn, &room, entry, net, now);
            }
            Command::Ping(_) => say(net, conn, now, "SYSTEM", "PONG", &json!({"id": id, "serverTime": TIME})),
            other @ (Command::Typing(_)
            | Command::EditMessage(_)
            | Command::DeleteMessage(_)
            | Command::React(_)
            | Command::Read(_)
            | Command::SetPresence(_)
            | Command::Authenticate(_)) => panic!("no client of this model sends {other:?}"),
        }
    }
}
