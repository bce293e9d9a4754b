//! What a batch locks before it does anything: all of it at once, and everywhere in one order, so that no two nodes wait for
//! each other. What is read after it is as it will be when the batch commits.
//!
//! The order: names of rooms that may be made, users, rooms, members, the state of the log; each by id.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use tidings_protocol::{RoomId, UserId};

use super::super::columns::{number, room_id, user_id};
use super::super::{Append, StoreError, Target, Write, pair};

/// What one batch touches.
#[derive(Default)]
pub(super) struct Locks {
    /// Rooms that may not be there yet: two nodes that make one do so one after the other.
    made: BTreeSet<RoomId>,
    users: BTreeSet<UserId>,
    /// Those of them that have to have a row, to be locked by.
    known: BTreeSet<UserId>,
    rooms: BTreeSet<RoomId>,
    members: BTreeSet<(RoomId, UserId)>,
    pairs: BTreeSet<[UserId; 2]>,
    /// Inboxes that are delivered: user, above, up to.
    reaches: Vec<(UserId, i64, i64)>,
    /// Notifications that are pruned: before, at most.
    pruned: Vec<(i64, i64)>,
    state: bool,
}

impl Locks {
    /// Locks all that the batch touches.
    pub(super) async fn take(conn: &mut PgConnection, batch: &[Write]) -> Result<Self, sqlx::Error> {
        let mut locks = Self::default();
        batch.iter().for_each(|write| locks.add(write));
        locks.lock(conn).await?;
        Ok(locks)
    }

    /// The users that are locked.
    pub(super) const fn users(&self) -> &BTreeSet<UserId> {
        &self.users
    }

    fn add(&mut self, write: &Write) {
        match write {
            Write::Append(append) => self.add_append(append),
            Write::SeeUser { user_id, .. } => self.know(user_id),
            Write::CreateRoom { room_id, .. } => {
                self.made.insert(room_id.clone());
            }
            Write::Join { room_id, .. } => {
                self.made.insert(room_id.clone());
                self.rooms.insert(room_id.clone());
            }
            Write::UpdateRoom { room_id, .. } | Write::PutMember { room_id, .. } => {
                self.rooms.insert(room_id.clone());
            }
            Write::RemoveMember { room_id, user_id, .. } => {
                self.rooms.insert(room_id.clone());
                self.members.insert((room_id.clone(), user_id.clone()));
            }
            Write::Read { room_id, user_id, .. } | Write::Delivered { room_id, user_id, .. } => {
                self.members.insert((room_id.clone(), user_id.clone()));
            }
            Write::InboxDelivered { user_id, after, inbox_seq } => {
                self.users.insert(user_id.clone());
                self.reaches.push((user_id.clone(), number(*after), number(*inbox_seq)));
            }
            Write::Notify(new) => self.know(&new.user_id),
            Write::NotificationsRead { user_id, .. }
            | Write::NotificationsDelete { user_id, .. }
            | Write::NotificationsHanded { user_id, .. } => {
                self.users.insert(user_id.clone());
            }
            Write::PruneNotifications { before, limit } => {
                self.pruned.push((before.as_millis(), i64::from(*limit)));
                self.state = true;
            }
            Write::Broadcast(_)
            | Write::Revoke(_)
            | Write::Restore { .. }
            | Write::PruneRevocations { .. }
            | Write::NewEpoch(_) => self.state = true,
        }
    }

    fn add_append(&mut self, append: &Append) {
        match &append.target {
            Target::Room(room_id) => {
                self.rooms.insert(room_id.clone());
                self.members.insert((room_id.clone(), append.sender.clone()));
            }
            Target::Direct(other) => {
                let pair = pair(&append.sender, other);
                pair.iter().for_each(|user| self.know(user));
                self.pairs.insert(pair);
            }
        }
    }

    fn know(&mut self, user: &UserId) {
        self.users.insert(user.clone());
        self.known.insert(user.clone());
    }

    async fn lock(&mut self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.lock_names(conn).await?;
        self.lock_users(conn).await?;
        self.lock_rooms(conn).await?;
        self.lock_members(conn).await?;
        if self.state {
            sqlx::query("SELECT 1 FROM log_state FOR UPDATE").execute(conn).await?;
        }
        Ok(())
    }
}

/// Keeps these advisory locks apart from others in the same database.
const ROOM_NAMES: i32 = 0x7469_6401;

// Sorted by what is locked, not by the names, of which two may share a lock.
const LOCK_NAMES: &str = "
SELECT pg_advisory_xact_lock($1, n) FROM (
    SELECT DISTINCT hashtext(name) AS n FROM unnest($2::text[]) name ORDER BY n
) names";

const USERS_OF_DIRECT_ROOMS: &str = "
SELECT peer_a FROM rooms WHERE room_id = ANY($1) AND peer_a IS NOT NULL
UNION
SELECT peer_b FROM rooms WHERE room_id = ANY($1) AND peer_b IS NOT NULL";

const USERS_OF_OLD_NOTIFICATIONS: &str = "
SELECT DISTINCT user_id FROM (
    SELECT user_id FROM notifications WHERE created_at < $1 ORDER BY created_at, id LIMIT $2
) old";

const LOCK_USERS: &str = "SELECT user_id FROM users WHERE user_id = ANY($1) ORDER BY user_id FOR UPDATE";

const MAKE_USERS: &str = r#"
INSERT INTO users (user_id, id_folded)
SELECT user_id, id_folded FROM unnest($1::text[], $2::text[]) j (user_id, id_folded)
ORDER BY user_id COLLATE "C"
ON CONFLICT (user_id) DO NOTHING"#;

/// The direct rooms of pairs of users.
pub(super) const DIRECT_ROOMS: &str = "
SELECT r.room_id, r.peer_a, r.peer_b
FROM unnest($1::text[], $2::text[]) j (a, b)
JOIN rooms r ON r.peer_a = j.a AND r.peer_b = j.b";

const LOCK_ROOMS: &str = "SELECT 1 FROM rooms WHERE room_id = ANY($1) ORDER BY room_id FOR UPDATE";

const REACHED: &str = "
SELECT DISTINCT i.room_id, i.user_id
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) j (user_id, above, upto)
JOIN users u ON u.user_id = j.user_id
JOIN inbox i ON i.user_id = u.user_id
    AND i.inbox_seq > greatest(u.inbox_delivered, j.above) AND i.inbox_seq <= j.upto";

const LOCK_MEMBERS: &str = "
SELECT 1 FROM unnest($1::text[], $2::text[]) j (room_id, user_id)
JOIN members me ON me.room_id = j.room_id AND me.user_id = j.user_id
ORDER BY me.room_id, me.user_id FOR UPDATE OF me";

impl Locks {
    async fn lock_names(&self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.made.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.made.iter().map(RoomId::as_str).collect();
        sqlx::query(LOCK_NAMES).bind(ROOM_NAMES).bind(names).execute(conn).await?;
        Ok(())
    }

    async fn lock_users(&mut self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        let direct = self.rooms.iter().filter(|room| room.is_direct()).map(RoomId::as_str);
        let direct: Vec<&str> = direct.collect();
        let mut more: Vec<String> = Vec::new();
        if !direct.is_empty() {
            more.extend(sqlx::query_scalar(USERS_OF_DIRECT_ROOMS).bind(direct).fetch_all(&mut *conn).await?);
        }
        for (before, limit) in &self.pruned {
            let old = sqlx::query_scalar(USERS_OF_OLD_NOTIFICATIONS).bind(before).bind(limit);
            more.extend(old.fetch_all(&mut *conn).await?);
        }
        self.users.extend(more.into_iter().filter_map(|user| UserId::new(user).ok()));
        if self.users.is_empty() {
            return Ok(());
        }
        let all: Vec<&str> = self.users.iter().map(UserId::as_str).collect();
        let found: Vec<String> = sqlx::query_scalar(LOCK_USERS).bind(all).fetch_all(&mut *conn).await?;
        let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        let missing: Vec<&str> =
            self.known.iter().map(UserId::as_str).filter(|user| !found.contains(user)).collect();
        if !missing.is_empty() {
            let folded: Vec<String> = missing.iter().map(|user| user.to_lowercase()).collect();
            sqlx::query(MAKE_USERS).bind(&missing).bind(folded).execute(&mut *conn).await?;
            sqlx::query(LOCK_USERS).bind(&missing).execute(conn).await?;
        }
        Ok(())
    }

    async fn lock_rooms(&mut self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        if !self.pairs.is_empty() {
            let (a, b): (Vec<&str>, Vec<&str>) =
                self.pairs.iter().map(|[a, b]| (a.as_str(), b.as_str())).unzip();
            let rooms = sqlx::query_as(DIRECT_ROOMS).bind(a).bind(b);
            let rooms: Vec<(String, String, String)> = rooms.fetch_all(&mut *conn).await?;
            for (room, a, b) in rooms {
                let Ok((room, a, b)) = ids(room, a, b) else { continue };
                self.members.insert((room.clone(), a));
                self.members.insert((room.clone(), b));
                self.rooms.insert(room);
            }
        }
        if !self.rooms.is_empty() {
            let rooms: Vec<&str> = self.rooms.iter().map(RoomId::as_str).collect();
            sqlx::query(LOCK_ROOMS).bind(rooms).execute(conn).await?;
        }
        Ok(())
    }

    async fn lock_members(&mut self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        if !self.reaches.is_empty() {
            let users: Vec<&str> = self.reaches.iter().map(|(user, _, _)| user.as_str()).collect();
            let (above, upto): (Vec<i64>, Vec<i64>) = self.reaches.iter().map(|(_, a, b)| (a, b)).unzip();
            let reached = sqlx::query_as(REACHED).bind(users).bind(above).bind(upto);
            let reached: Vec<(String, String)> = reached.fetch_all(&mut *conn).await?;
            let reached =
                reached.into_iter().filter_map(|(room, user)| room_id(room).ok().zip(user_id(user).ok()));
            self.members.extend(reached);
        }
        if self.members.is_empty() {
            return Ok(());
        }
        let (rooms, users): (Vec<&str>, Vec<&str>) =
            self.members.iter().map(|(room, user)| (room.as_str(), user.as_str())).unzip();
        sqlx::query(LOCK_MEMBERS).bind(rooms).bind(users).execute(conn).await?;
        Ok(())
    }
}

fn ids(room: String, a: String, b: String) -> Result<(RoomId, UserId, UserId), StoreError> {
    Ok((room_id(room)?, user_id(a)?, user_id(b)?))
}
