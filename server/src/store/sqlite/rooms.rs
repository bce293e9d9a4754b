//! Rooms and memberships, one write at a time. What is refused is refused before anything is written.

use sqlx::sqlite::SqliteConnection;
use tidings_protocol::entity::{Role, RoomKind};
use tidings_protocol::{RoomId, UserId};

use super::super::{MemberRecord, Refusal, RoomRecord, StoreError, Written};
use super::row::{RoomRow, json, kind_number, member, role_number};
use super::writer::Outcome;

pub(super) async fn create(
    conn: &mut SqliteConnection,
    room: &RoomId,
    name: Option<String>,
    kind: RoomKind,
    owner: &UserId,
    members: &[UserId],
) -> Result<Outcome, StoreError> {
    if kind == RoomKind::Direct || room.is_direct() {
        return Ok(Err(Refusal::Forbidden));
    }
    if load(conn, room).await?.is_some() {
        return Ok(Err(Refusal::Conflict));
    }
    insert(conn, room, name, kind, owner).await?;
    let all: Vec<&str> = std::iter::once(owner).chain(members).map(UserId::as_str).collect();
    admit(conn, room, &all).await?;
    Ok(Ok(Written::Room(reload(conn, room).await?)))
}

pub(super) async fn update(
    conn: &mut SqliteConnection,
    room: &RoomId,
    name: Option<String>,
    kind: Option<RoomKind>,
) -> Result<Outcome, StoreError> {
    if let Err(refusal) = shared(conn, room).await? {
        return Ok(Err(refusal));
    }
    if kind == Some(RoomKind::Direct) {
        return Ok(Err(Refusal::Forbidden));
    }
    let statement = sqlx::query(
        "UPDATE rooms SET name = coalesce(?2, name), kind = coalesce(?3, kind) WHERE room_id = ?1",
    );
    let statement = statement.bind(room.as_str()).bind(name).bind(kind.map(kind_number));
    statement.execute(&mut *conn).await?;
    Ok(Ok(Written::Room(reload(conn, room).await?)))
}

pub(super) async fn join(
    conn: &mut SqliteConnection,
    room: &RoomId,
    user: &UserId,
    admitted: bool,
    resumed: bool,
) -> Result<Outcome, StoreError> {
    if resumed && is_removed(conn, room, user).await? {
        return Ok(Err(Refusal::NotAMember));
    }
    let found = load(conn, room).await?;
    let created = found.is_none();
    let open = match found.as_ref().map(|found| found.kind) {
        None if room.is_direct() => return Ok(Err(Refusal::Forbidden)),
        None => {
            insert(conn, room, None, RoomKind::Public, user).await?;
            true
        }
        Some(RoomKind::Public) => true,
        Some(RoomKind::Private) => admitted,
        Some(RoomKind::Direct) => false,
    };
    let new_member = open && admit(conn, room, &[user.as_str()]).await?;
    let Some(member) = membership(conn, room, user).await? else { return Ok(Err(Refusal::Forbidden)) };
    let room = match found {
        Some(room) if !new_member => room,
        Some(_) | None => reload(conn, room).await?,
    };
    Ok(Ok(Written::Joined { room, member, created, new_member }))
}

pub(super) async fn put_member(
    conn: &mut SqliteConnection,
    room: &RoomId,
    user: &UserId,
) -> Result<Outcome, StoreError> {
    if let Err(refusal) = shared(conn, room).await? {
        return Ok(Err(refusal));
    }
    let changed = admit(conn, room, &[user.as_str()]).await?;
    Ok(Ok(Written::Membership { room: reload(conn, room).await?, changed }))
}

pub(super) async fn remove_member(
    conn: &mut SqliteConnection,
    room: &RoomId,
    user: &UserId,
    stays_out: bool,
) -> Result<Outcome, StoreError> {
    if let Err(refusal) = shared(conn, room).await? {
        return Ok(Err(refusal));
    }
    let remove = sqlx::query("DELETE FROM members WHERE room_id = ? AND user_id = ?");
    let removed = remove.bind(room.as_str()).bind(user.as_str()).execute(&mut *conn).await?.rows_affected();
    if removed > 0 {
        let count = sqlx::query("UPDATE rooms SET member_count = member_count - 1 WHERE room_id = ?");
        count.bind(room.as_str()).execute(&mut *conn).await?;
    }
    if removed > 0 && stays_out {
        let note = sqlx::query("INSERT INTO removed_members VALUES (?, ?) ON CONFLICT DO NOTHING");
        note.bind(room.as_str()).bind(user.as_str()).execute(&mut *conn).await?;
    }
    Ok(Ok(Written::Membership { room: reload(conn, room).await?, changed: removed > 0 }))
}

async fn load(conn: &mut SqliteConnection, room: &RoomId) -> Result<Option<RoomRecord>, StoreError> {
    let query = sqlx::query_as::<_, RoomRow>("SELECT * FROM rooms WHERE room_id = ?").bind(room.as_str());
    query.fetch_optional(conn).await?.map(RoomRow::record).transpose()
}

async fn reload(conn: &mut SqliteConnection, room: &RoomId) -> Result<RoomRecord, StoreError> {
    load(conn, room).await?.ok_or_else(|| StoreError::Corrupt("a room went while it was written".into()))
}

/// Whether there is such a room, and one whose members and name can be changed: not a direct one.
async fn shared(conn: &mut SqliteConnection, room: &RoomId) -> Result<Result<(), Refusal>, StoreError> {
    Ok(match load(conn, room).await?.map(|room| room.kind) {
        None => Err(Refusal::NotFound),
        Some(RoomKind::Direct) => Err(Refusal::Forbidden),
        Some(RoomKind::Public | RoomKind::Private) => Ok(()),
    })
}

async fn membership(
    conn: &mut SqliteConnection,
    room: &RoomId,
    user: &UserId,
) -> Result<Option<MemberRecord>, StoreError> {
    let query =
        sqlx::query_as("SELECT role, read_seq, delivered_seq FROM members WHERE room_id = ? AND user_id = ?");
    query.bind(room.as_str()).bind(user.as_str()).fetch_optional(conn).await?.map(member).transpose()
}

async fn insert(
    conn: &mut SqliteConnection,
    room: &RoomId,
    name: Option<String>,
    kind: RoomKind,
    owner: &UserId,
) -> Result<(), StoreError> {
    let insert = sqlx::query("INSERT INTO rooms (room_id, kind, name, owner) VALUES (?, ?, ?, ?)");
    let insert = insert.bind(room.as_str()).bind(kind_number(kind)).bind(name).bind(owner.as_str());
    insert.execute(conn).await?;
    Ok(())
}

const ADMIT: &str = "
INSERT INTO members (room_id, user_id, role, read_seq, delivered_seq)
SELECT r.room_id, u.value, iif(u.value = r.owner, ?3, ?4), r.head_seq, r.head_seq
FROM json_each(?2) u CROSS JOIN rooms r ON r.room_id = ?1
WHERE true
ON CONFLICT (room_id, user_id) DO NOTHING";

/// Makes memberships that start at the head; says whether any is new.
async fn admit(conn: &mut SqliteConnection, room: &RoomId, users: &[&str]) -> Result<bool, StoreError> {
    let admit = sqlx::query(ADMIT).bind(room.as_str()).bind(json(users)?);
    let admit = admit.bind(role_number(Role::Owner)).bind(role_number(Role::Member));
    let new = admit.execute(&mut *conn).await?.rows_affected();
    if new > 0 {
        let count = sqlx::query("UPDATE rooms SET member_count = member_count + ?2 WHERE room_id = ?1");
        count.bind(room.as_str()).bind(new.cast_signed()).execute(&mut *conn).await?;
        let back = sqlx::query(
            "DELETE FROM removed_members WHERE room_id = ? AND user_id IN (SELECT value FROM json_each(?))",
        );
        back.bind(room.as_str()).bind(json(users)?).execute(conn).await?;
    }
    Ok(new > 0)
}

async fn is_removed(conn: &mut SqliteConnection, room: &RoomId, user: &UserId) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT 1 FROM removed_members WHERE room_id = ? AND user_id = ?");
    Ok(query.bind(room.as_str()).bind(user.as_str()).fetch_optional(conn).await?.is_some())
}
