//! Appends: the key, the membership, the change, the entry, the inboxes; in this order.

use std::collections::BTreeMap;

use tidings_protocol::entity::{Message, RoomKind};
use tidings_protocol::id::DIRECT_PREFIX;
use tidings_protocol::limits::MAX_REACTIONS_PER_USER;
use tidings_protocol::{MessageId, RoomId, UserId};

use super::super::{Append, Appended, Change, Refusal, Target, pair};
use super::state::{Asked, Key, Logged, Made, MessageState, RoomState, State, What};

impl State {
    pub(super) fn append(&mut self, append: Append) -> Result<Appended, Refusal> {
        let key = append.client_id.clone().map(|id| (append.sender.clone(), id));
        let asked = Asked::Append(append.target.clone(), append.change.clone());
        if let Some(made) = self.made_before(key.as_ref(), &asked)? {
            let Made::Entry { room_id, message_id, seq } = made else { return Err(Refusal::Conflict) };
            let seq = Some(seq);
            return Ok(Appended {
                room_id,
                message_id,
                seq,
                duplicate: true,
                entry: None,
                inbox: Vec::new(),
            });
        }
        let room_id = self.target_room(&append)?;
        let taken = self.next_taken();
        let room = self.rooms.get_mut(&room_id).ok_or(Refusal::NotAMember)?;
        let message_id = message_of(&append).clone();
        if !room.apply(&room_id, &append, taken)? {
            return Ok(Appended {
                room_id,
                message_id,
                seq: None,
                duplicate: false,
                entry: None,
                inbox: Vec::new(),
            });
        }
        let seq = room.head();
        let entry = room.entry(&room_id, seq);
        let members: Vec<UserId> =
            if room.peers.is_some() { room.members.keys().cloned().collect() } else { Vec::new() };
        let inbox = members.into_iter().map(|member| self.deposit(member, &room_id, seq)).collect();
        if let Some(key) = key {
            let made = Made::Entry { room_id: room_id.clone(), message_id: message_id.clone(), seq };
            self.keys.insert(key, Key { asked, made });
        }
        Ok(Appended { room_id, message_id, seq: Some(seq), duplicate: false, entry, inbox })
    }

    /// The room that is meant, of which the sender is a member. Only a message makes a direct room.
    fn target_room(&mut self, append: &Append) -> Result<RoomId, Refusal> {
        match &append.target {
            Target::Room(room_id) => {
                let room = self.rooms.get(room_id).ok_or(Refusal::NotAMember)?;
                room.members.get(&append.sender).ok_or(Refusal::NotAMember)?;
                Ok(room_id.clone())
            }
            Target::Direct(other) => {
                let peers = pair(&append.sender, other);
                if let Some(room_id) = self.direct.get(&peers) {
                    return Ok(room_id.clone());
                }
                if !matches!(append.change, Change::Message { .. }) {
                    return Err(Refusal::NotFound);
                }
                let room_id =
                    RoomId::new(format!("{DIRECT_PREFIX}{}", append.new_id)).map_err(|_| Refusal::Limit)?;
                let mut room = RoomState::new(RoomKind::Direct, None);
                for peer in &peers {
                    room.admit(peer);
                }
                room.peers = Some(peers.clone());
                self.rooms.insert(room_id.clone(), room);
                self.direct.insert(peers, room_id.clone());
                Ok(room_id)
            }
        }
    }

    fn deposit(&mut self, user_id: UserId, room_id: &RoomId, seq: u64) -> (UserId, u64) {
        let inbox = &mut self.users.entry(user_id.clone()).or_default().inbox;
        inbox.push((room_id.clone(), seq));
        (user_id, inbox.len() as u64)
    }
}

impl RoomState {
    /// Changes the room and its log; `false` where nothing changes, so that there is no entry.
    fn apply(&mut self, room_id: &RoomId, append: &Append, taken: u64) -> Result<bool, Refusal> {
        let seq = self.head() + 1;
        let what = match &append.change {
            Change::Message { content, reply_to } => {
                let message = Message {
                    message_id: append.new_id.clone(),
                    room_id: room_id.clone(),
                    seq,
                    sender_id: append.sender.clone(),
                    sender_name: append.sender_name.clone(),
                    content: content.clone(),
                    timestamp: append.at,
                    reply_to: reply_to.clone(),
                    client_id: append.client_id.clone(),
                    edited_at: None,
                    deleted: false,
                    reactions: Vec::new(),
                };
                let state = MessageState { message, taken, reactions: BTreeMap::new() };
                self.messages.insert(append.new_id.clone(), state);
                if let Some(member) = self.members.get_mut(&append.sender) {
                    member.read_seq = seq;
                }
                What::Message
            }
            Change::Edit { message_id, content } => {
                let message = &mut self.standing(message_id)?.message;
                if message.sender_id != append.sender {
                    return Err(Refusal::Forbidden);
                }
                message.content.clone_from(content);
                message.edited_at = Some(append.at);
                What::Edited
            }
            Change::Delete { message_id } => {
                let state = self.messages.get_mut(message_id).ok_or(Refusal::NotFound)?;
                if state.message.sender_id != append.sender {
                    return Err(Refusal::Forbidden);
                }
                if state.message.deleted {
                    return Ok(false);
                }
                state.message.deleted = true;
                state.message.content.clear();
                state.reactions.clear();
                What::Deleted
            }
            Change::React { message_id, emoji, remove } => {
                let reactions = &mut self.standing(message_id)?.reactions;
                let mine = (emoji.clone(), append.sender.clone());
                if reactions.contains_key(&mine) != *remove {
                    return Ok(false);
                }
                if *remove {
                    reactions.remove(&mine);
                } else {
                    let own = reactions.keys().filter(|(_, user)| *user == append.sender).count();
                    if own >= MAX_REACTIONS_PER_USER {
                        return Err(Refusal::Limit);
                    }
                    reactions.insert(mine, seq);
                }
                What::Reaction { emoji: emoji.clone(), removed: *remove }
            }
        };
        self.log.push(Logged {
            at: append.at,
            actor: append.sender.clone(),
            client_id: append.client_id.clone(),
            message_id: message_of(append).clone(),
            what,
        });
        Ok(true)
    }

    /// A message that can still be changed.
    fn standing(&mut self, message_id: &MessageId) -> Result<&mut MessageState, Refusal> {
        let found = self.messages.get_mut(message_id);
        found.filter(|state| !state.message.deleted).ok_or(Refusal::NotFound)
    }
}

fn message_of(append: &Append) -> &MessageId {
    match &append.change {
        Change::Message { .. } => &append.new_id,
        Change::Edit { message_id, .. }
        | Change::Delete { message_id }
        | Change::React { message_id, .. } => message_id,
    }
}
