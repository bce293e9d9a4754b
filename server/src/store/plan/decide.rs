//! What becomes of one append: the key, the membership, the change, the entry, the inboxes; in this order.

use tidings_protocol::entity::Message;
use tidings_protocol::id::DIRECT_PREFIX;
use tidings_protocol::limits::MAX_REACTIONS_PER_USER;
use tidings_protocol::{MessageId, RoomId, UserId};

use super::super::columns::change;
use super::super::{Append, Appended, Change, Entry, EntryBody, Refusal, Target, fingerprint, pair};
use super::{MessageNow, NewChange, NewKey, NewMessage, NewRoom, Plan, RoomNow, Used};

/// What an append does to its room.
enum Effect {
    /// It makes this entry for this message.
    Entry(MessageId, u64, EntryBody),
    /// It asks for what stands already.
    Nothing(MessageId),
}

impl Plan {
    pub(in super::super) fn append(&mut self, append: Append) -> Result<Appended, Refusal> {
        let fingerprint = append.client_id.as_ref().map(|_| fingerprint::of_append(&append));
        let key = append.client_id.clone().map(|id| (append.sender.clone(), id));
        if let Some(used) = key.as_ref().and_then(|key| self.keys.get(key)) {
            return duplicate(used, fingerprint);
        }
        let room_id = self.room(&append)?;
        let Append { sender, at, client_id, .. } = &append;
        let (sender, at, client_id) = (sender.clone(), *at, client_id.clone());
        let (message_id, seq, body) = match self.change(&room_id, append)? {
            Effect::Entry(message_id, seq, body) => (message_id, seq, body),
            Effect::Nothing(message_id) => {
                let inbox = Vec::new();
                return Ok(Appended { room_id, message_id, seq: None, duplicate: false, entry: None, inbox });
            }
        };
        if let (Some((sender, client_id)), Some(fingerprint)) = (key, fingerprint) {
            let entry = Some((room_id.clone(), message_id.clone(), seq));
            let used = Used { fingerprint, entry };
            self.keys.insert((sender.clone(), client_id.clone()), used);
            let room_id = room_id.clone();
            self.made.keys.push(NewKey { sender, client_id, fingerprint, room_id, seq });
        }
        let peers = self.peers(&room_id);
        let inbox = self.deposit(peers.as_ref(), &room_id, seq);
        let entry = Entry { room_id: room_id.clone(), seq, at, actor: sender, client_id, peers, body };
        Ok(Appended { room_id, message_id, seq: Some(seq), duplicate: false, entry: Some(entry), inbox })
    }

    /// The room that is meant, of which the sender is a member. Only a message makes a direct room.
    fn room(&mut self, append: &Append) -> Result<RoomId, Refusal> {
        let other = match &append.target {
            Target::Room(room_id) => {
                let key = (room_id.clone(), append.sender.clone());
                return if self.members.contains(&key) { Ok(key.0) } else { Err(Refusal::NotAMember) };
            }
            Target::Direct(other) => other,
        };
        let peers = pair(&append.sender, other);
        if let Some(room_id) = self.direct.get(&peers) {
            return Ok(room_id.clone());
        }
        if !matches!(append.change, Change::Message { .. }) {
            return Err(Refusal::NotFound);
        }
        let room_id = RoomId::new(format!("{DIRECT_PREFIX}{}", append.new_id)).map_err(|_| Refusal::Limit)?;
        self.rooms.insert(room_id.clone(), RoomNow { head: 0, peers: Some(peers.clone()) });
        for peer in &peers {
            self.members.insert((room_id.clone(), peer.clone()));
        }
        self.direct.insert(peers.clone(), room_id.clone());
        self.made.rooms.push(NewRoom { room_id: room_id.clone(), peers });
        Ok(room_id)
    }

    fn change(&mut self, room_id: &RoomId, append: Append) -> Result<Effect, Refusal> {
        match append.change.clone() {
            Change::Message { content, reply_to } => Ok(self.message(room_id, append, content, reply_to)),
            Change::Edit { message_id, content } => self.edit(room_id, append, message_id, content),
            Change::Delete { message_id } => self.delete(room_id, append, message_id),
            Change::React { message_id, emoji, remove } => {
                self.react(room_id, append, message_id, emoji, remove)
            }
        }
    }

    fn message(
        &mut self,
        room_id: &RoomId,
        append: Append,
        content: String,
        reply_to: Option<MessageId>,
    ) -> Effect {
        let seq = self.next_seq(room_id);
        let id = self.next_id;
        self.next_id += 1;
        self.made.read.insert((room_id.clone(), append.sender.clone()), seq);
        let now = MessageNow { id, room_id: room_id.clone(), sender: append.sender.clone(), deleted: false };
        self.messages.insert(append.new_id.clone(), now);
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
        self.made.messages.push(NewMessage {
            id,
            message_id: append.new_id.clone(),
            room_id: room_id.clone(),
            seq,
            sender: append.sender,
            sender_name: append.sender_name,
            content,
            at: append.at,
            reply_to,
            client_id: append.client_id,
            edited_at: None,
            deleted: false,
        });
        Effect::Entry(append.new_id, seq, EntryBody::Message(Box::new(message)))
    }

    fn edit(
        &mut self,
        room_id: &RoomId,
        append: Append,
        message_id: MessageId,
        content: String,
    ) -> Result<Effect, Refusal> {
        let id = self.standing(room_id, &message_id)?.id;
        self.own(&message_id, &append.sender)?;
        let edited_at = append.at;
        if let Some(made) = self.made_message(id) {
            made.content.clone_from(&content);
            made.edited_at = Some(edited_at);
        } else {
            self.made.edited.entry(id).or_default().edit = Some((content.clone(), edited_at));
        }
        let seq = self.log_change(room_id, append, id, change::EDIT, None);
        let body = EntryBody::Edited { message_id: message_id.clone(), content, edited_at };
        Ok(Effect::Entry(message_id, seq, body))
    }

    fn delete(&mut self, room_id: &RoomId, append: Append, message_id: MessageId) -> Result<Effect, Refusal> {
        let (id, deleted) = {
            let message = self.found(room_id, &message_id)?;
            (message.id, message.deleted)
        };
        self.own(&message_id, &append.sender)?;
        if deleted {
            return Ok(Effect::Nothing(message_id));
        }
        if let Some(made) = self.made_message(id) {
            made.content.clear();
            made.deleted = true;
        } else {
            self.made.edited.entry(id).or_default().deleted = true;
        }
        if let Some(message) = self.messages.get_mut(&message_id) {
            message.deleted = true;
        }
        self.made.cleared.insert(id);
        let seq = self.log_change(room_id, append, id, change::DELETE, None);
        Ok(Effect::Entry(message_id.clone(), seq, EntryBody::Deleted { message_id }))
    }

    fn react(
        &mut self,
        room_id: &RoomId,
        append: Append,
        message_id: MessageId,
        emoji: String,
        remove: bool,
    ) -> Result<Effect, Refusal> {
        let id = self.standing(room_id, &message_id)?.id;
        let next = self.rooms.get(room_id).map_or(0, |room| room.head) + 1;
        let own = self.reactions.entry((id, append.sender.clone())).or_default();
        if own.contains_key(&emoji) != remove {
            return Ok(Effect::Nothing(message_id));
        }
        if remove {
            own.remove(&emoji);
        } else if own.len() >= MAX_REACTIONS_PER_USER {
            return Err(Refusal::Limit);
        } else {
            own.insert(emoji.clone(), next);
        }
        let triple = (id, append.sender.clone(), emoji.clone());
        self.made.reactions.insert(triple, (!remove).then_some(next));
        let kind = if remove { change::UNREACT } else { change::REACT };
        let seq = self.log_change(room_id, append, id, kind, Some(emoji.clone()));
        let body = EntryBody::Reaction { message_id: message_id.clone(), emoji, removed: remove };
        Ok(Effect::Entry(message_id, seq, body))
    }

    fn log_change(
        &mut self,
        room_id: &RoomId,
        append: Append,
        message: i64,
        kind: i64,
        emoji: Option<String>,
    ) -> u64 {
        let seq = self.next_seq(room_id);
        self.made.changes.push(NewChange {
            room_id: room_id.clone(),
            seq,
            kind,
            message,
            actor: append.sender,
            at: append.at,
            client_id: append.client_id,
            emoji,
        });
        seq
    }

    /// A message of this room.
    fn found(&self, room_id: &RoomId, message_id: &MessageId) -> Result<&MessageNow, Refusal> {
        let message = self.messages.get(message_id).filter(|message| message.room_id == *room_id);
        message.ok_or(Refusal::NotFound)
    }

    /// A message of this room that can still be changed.
    fn standing(&self, room_id: &RoomId, message_id: &MessageId) -> Result<&MessageNow, Refusal> {
        let message = self.found(room_id, message_id)?;
        if message.deleted { Err(Refusal::NotFound) } else { Ok(message) }
    }

    fn own(&self, message_id: &MessageId, sender: &UserId) -> Result<(), Refusal> {
        let own = self.messages.get(message_id).is_some_and(|message| message.sender == *sender);
        if own { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// Puts an entry of a direct room into its members' inboxes.
    fn deposit(&mut self, peers: Option<&[UserId; 2]>, room_id: &RoomId, seq: u64) -> Vec<(UserId, u64)> {
        let Some([a, b]) = peers else { return Vec::new() };
        let members = if a == b { vec![a] } else { vec![a, b] };
        let deposit = |member: &UserId| {
            let head = self.inbox_heads.entry(member.clone()).or_default();
            *head += 1;
            self.made.inbox.push((member.clone(), *head, room_id.clone(), seq));
            self.made.inboxes.insert(member.clone());
            (member.clone(), *head)
        };
        members.into_iter().map(deposit).collect()
    }
}

fn duplicate(used: &Used, fingerprint: Option<i64>) -> Result<Appended, Refusal> {
    let (room_id, message_id, seq) = match &used.entry {
        Some(entry) if Some(used.fingerprint) == fingerprint => entry.clone(),
        Some(_) | None => return Err(Refusal::Conflict),
    };
    let seq = Some(seq);
    Ok(Appended { room_id, message_id, seq, duplicate: true, entry: None, inbox: Vec::new() })
}
