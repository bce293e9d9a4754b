//! From columns to types and back, alike in every database: the one place that knows how kinds and roles are numbered.

use sqlx::FromRow;
use tidings_protocol::entity::{Message, ReactionCount, Role, RoomKind};
use tidings_protocol::{ClientId, MessageId, RoomId, Timestamp, UserId};

use super::{
    History, MemberRecord, NotificationHeads, NotificationPosition, Page, Revocation, RevocationRecord,
    RoomRecord, StoreError, Subject, TokenId,
};

/// `rooms.kind`.
pub(super) fn kind_number(kind: RoomKind) -> i64 {
    match kind {
        RoomKind::Public => 0,
        RoomKind::Private => 1,
        RoomKind::Direct => 2,
    }
}

pub(super) fn room_kind(number: i64) -> Result<RoomKind, StoreError> {
    match number {
        0 => Ok(RoomKind::Public),
        1 => Ok(RoomKind::Private),
        2 => Ok(RoomKind::Direct),
        other => Err(corrupt(format!("room kind {other}"))),
    }
}

/// `members.role`.
pub(super) fn role_number(role: Role) -> i64 {
    match role {
        Role::Owner => 0,
        Role::Member => 1,
    }
}

pub(super) fn role(number: i64) -> Result<Role, StoreError> {
    match number {
        0 => Ok(Role::Owner),
        1 => Ok(Role::Member),
        other => Err(corrupt(format!("role {other}"))),
    }
}

/// `changes.kind`; 0 stands for a message where both are read together.
pub(super) mod change {
    pub(crate) const MESSAGE: i64 = 0;
    pub(crate) const EDIT: i64 = 1;
    pub(crate) const DELETE: i64 = 2;
    pub(crate) const REACT: i64 = 3;
    pub(crate) const UNREACT: i64 = 4;
}

/// A position as a database keeps it. What does not fit is beyond every position there is.
pub(super) fn number(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

pub(super) fn position(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(corrupt)
}

pub(super) fn user_id(text: impl AsRef<str>) -> Result<UserId, StoreError> {
    UserId::new(text).map_err(corrupt)
}

pub(super) fn room_id(text: impl AsRef<str>) -> Result<RoomId, StoreError> {
    RoomId::new(text).map_err(corrupt)
}

pub(super) fn message_id(text: impl AsRef<str>) -> Result<MessageId, StoreError> {
    MessageId::new(text).map_err(corrupt)
}

pub(super) fn client_id(text: Option<impl AsRef<str>>) -> Result<Option<ClientId>, StoreError> {
    text.map(ClientId::new).transpose().map_err(corrupt)
}

pub(super) fn peers(a: Option<String>, b: Option<String>) -> Result<Option<[UserId; 2]>, StoreError> {
    match (a, b) {
        (Some(a), Some(b)) => Ok(Some([user_id(a)?, user_id(b)?])),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(corrupt("a direct room with one end")),
    }
}

/// A page of `rows`, which were asked for with one more than `limit`.
pub(super) fn page<R, T>(
    mut rows: Vec<R>,
    limit: u32,
    item: impl FnMut(R) -> Result<T, StoreError>,
) -> Result<Page<T>, StoreError> {
    let limit = limit as usize;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page { items: rows.into_iter().map(item).collect::<Result<_, _>>()?, has_more })
}

/// A page of history from `rows`, which were asked for with one more than `limit`, the newest first if `backwards`.
pub(super) fn history(
    rows: Vec<MessageRow>,
    limit: u32,
    backwards: bool,
    item: impl FnMut(MessageRow) -> Result<Message, StoreError>,
) -> Result<History, StoreError> {
    let head_seq = position(rows.first().map_or(0, |row| row.head_seq))?;
    let mut page = page(rows, limit, item)?;
    if backwards {
        page.items.reverse();
    }
    Ok(History { page, head_seq })
}

/// Where the notifications of one user stand.
#[derive(FromRow)]
pub(super) struct HeadsRow {
    user_id: String,
    own_head: i64,
    broadcast_head: i64,
    own_handed: i64,
    broadcast_handed: i64,
    own_expired: i64,
    broadcast_expired: i64,
    unread: i64,
}

impl HeadsRow {
    pub(super) fn heads(self) -> Result<(UserId, NotificationHeads), StoreError> {
        let both = |own, broadcast| {
            Ok::<_, StoreError>(NotificationPosition { own: position(own)?, broadcast: position(broadcast)? })
        };
        let heads = NotificationHeads {
            head: both(self.own_head, self.broadcast_head)?,
            handed: both(self.own_handed, self.broadcast_handed)?,
            expired: both(self.own_expired, self.broadcast_expired)?,
            unread: position(self.unread)?,
        };
        Ok((user_id(self.user_id)?, heads))
    }
}

#[derive(FromRow)]
pub(super) struct RoomRow {
    pub(super) room_id: String,
    pub(super) kind: i64,
    pub(super) name: Option<String>,
    pub(super) head_seq: i64,
    pub(super) member_count: i64,
    pub(super) peer_a: Option<String>,
    pub(super) peer_b: Option<String>,
}

impl RoomRow {
    pub(super) fn record(self) -> Result<RoomRecord, StoreError> {
        Ok(RoomRecord {
            room_id: room_id(self.room_id)?,
            kind: room_kind(self.kind)?,
            name: self.name,
            head_seq: position(self.head_seq)?,
            member_count: position(self.member_count)?,
            peers: peers(self.peer_a, self.peer_b)?,
        })
    }
}

/// `role`, `read_seq` and `delivered_seq`.
pub(super) fn member(row: (i64, i64, i64)) -> Result<MemberRecord, StoreError> {
    Ok(MemberRecord { role: role(row.0)?, read_seq: position(row.1)?, delivered_seq: position(row.2)? })
}

/// The columns of `messages`, with the reactions as JSON: `[[emoji, count, mine], …]`.
#[derive(FromRow)]
pub(super) struct MessageRow {
    pub(super) message_id: String,
    pub(super) room_id: String,
    pub(super) seq: i64,
    pub(super) sender: String,
    pub(super) sender_name: Option<String>,
    pub(super) content: String,
    pub(super) at: i64,
    pub(super) reply_to: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) edited_at: Option<i64>,
    pub(super) deleted: bool,
    pub(super) reactions: Option<String>,
    /// Position of the room's last entry, where it was asked for.
    #[sqlx(default)]
    pub(super) head_seq: i64,
}

impl MessageRow {
    pub(super) fn message(self) -> Result<Message, StoreError> {
        Ok(Message {
            message_id: message_id(self.message_id)?,
            room_id: room_id(self.room_id)?,
            seq: position(self.seq)?,
            sender_id: user_id(self.sender)?,
            sender_name: self.sender_name,
            content: self.content,
            timestamp: Timestamp::from_millis(self.at),
            reply_to: self.reply_to.map(message_id).transpose()?,
            client_id: client_id(self.client_id)?,
            edited_at: self.edited_at.map(Timestamp::from_millis),
            deleted: self.deleted,
            reactions: self.reactions.as_deref().map_or(Ok(Vec::new()), reactions)?,
        })
    }
}

#[derive(FromRow)]
pub(super) struct RevocationRow {
    pub(super) kind: i64,
    pub(super) subject: String,
    pub(super) until: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) revoked_by: String,
    pub(super) revoked_at: i64,
    pub(super) lifted: bool,
    pub(super) revision: i64,
}

impl RevocationRow {
    pub(super) fn record(self) -> Result<RevocationRecord, StoreError> {
        Ok(RevocationRecord {
            revision: position(self.revision)?,
            lifted: self.lifted,
            revocation: Revocation {
                subject: revoked(self.kind, self.subject)?,
                until: self.until.map(Timestamp::from_millis),
                reason: self.reason,
                by: user_id(self.revoked_by)?,
                at: Timestamp::from_millis(self.revoked_at),
            },
        })
    }
}

/// `revocations.kind` and `revocations.subject`.
pub(super) fn revocation_key(subject: &Subject) -> (i64, String) {
    match subject {
        Subject::User(user) => (0, user.to_string()),
        Subject::Token(token) => (1, token.to_hex()),
        Subject::Sessions(user) => (2, user.to_string()),
    }
}

fn revoked(kind: i64, text: String) -> Result<Subject, StoreError> {
    let user = |text| -> Result<UserId, StoreError> { user_id(text) };
    match kind {
        0 => Ok(Subject::User(user(text)?)),
        1 => TokenId::from_hex(&text).map(Subject::Token).ok_or_else(|| corrupt("a token's id is none")),
        2 => Ok(Subject::Sessions(user(text)?)),
        _ => Err(corrupt("a revocation of a kind that is not known")),
    }
}

/// A value in the database that cannot be.
pub(super) fn corrupt(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

fn reactions(json: &str) -> Result<Vec<ReactionCount>, StoreError> {
    let counts: Vec<(String, u64, u8)> = serde_json::from_str(json).map_err(corrupt)?;
    let counts = counts.into_iter();
    Ok(counts.map(|(emoji, count, mine)| ReactionCount { emoji, count, mine: mine != 0 }).collect())
}
