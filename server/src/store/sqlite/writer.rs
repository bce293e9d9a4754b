//! The one connection that writes: a batch is a transaction.

use std::fmt;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;

use super::super::runs::{Run, runs};
use super::super::{Refusal, StoreError, Write, Written};
use super::{append, inboxes, markers, notifications, prune, revocations, rooms, users};

pub(super) type Outcome = Result<Written, Refusal>;

pub(super) struct Writer {
    options: SqliteConnectOptions,
    /// Empty while a batch is under way. A batch that fails or is dropped half-way takes its connection along,
    /// and closing it rolls back; the next batch opens another.
    slot: Mutex<Slot>,
}

enum Slot {
    Idle(SqliteConnection),
    Lost,
    Closed,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("file", &self.options.get_filename()).finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn new(options: SqliteConnectOptions, conn: SqliteConnection) -> Self {
        Self { options, slot: Mutex::new(Slot::Idle(conn)) }
    }

    pub(super) async fn commit(&self, batch: Vec<Write>) -> Result<Vec<Outcome>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let mut slot = self.slot.lock().await;
        let mut conn = self.take(&mut slot).await?;
        let next_id = sqlx::query_scalar(BEGIN).fetch_one(&mut conn).await?;
        let outcomes = run(&mut conn, batch, next_id).await?;
        execute(&mut conn, "COMMIT").await?;
        *slot = Slot::Idle(conn);
        Ok(outcomes)
    }

    /// Writes something that nobody reads, synced like everything else.
    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        let mut slot = self.slot.lock().await;
        let mut conn = self.take(&mut slot).await?;
        execute(&mut conn, "UPDATE log_state SET probes = probes + 1").await?;
        *slot = Slot::Idle(conn);
        Ok(())
    }

    pub(super) async fn close(&self) {
        let mut slot = self.slot.lock().await;
        if let Slot::Idle(conn) = std::mem::replace(&mut *slot, Slot::Closed) {
            // What was committed is synced: a checkpoint that fails here loses nothing.
            let _ = conn.close().await;
        }
    }

    async fn take(&self, slot: &mut Slot) -> Result<SqliteConnection, StoreError> {
        match std::mem::replace(slot, Slot::Lost) {
            Slot::Idle(conn) => Ok(conn),
            Slot::Lost => Ok(self.options.connect().await?),
            Slot::Closed => {
                *slot = Slot::Closed;
                Err(StoreError::Unavailable("the store is closed".into()))
            }
        }
    }
}

/// Every step to the connection's thread and back costs, so this answers what appends will ask: the row id for the
/// next message.
const BEGIN: &str = "BEGIN IMMEDIATE; SELECT coalesce(max(id), 0) + 1 FROM messages";

async fn execute(conn: &mut SqliteConnection, statement: &'static str) -> Result<(), StoreError> {
    sqlx::query(statement).execute(conn).await?;
    Ok(())
}

async fn run(
    conn: &mut SqliteConnection,
    batch: Vec<Write>,
    mut next_id: i64,
) -> Result<Vec<Outcome>, StoreError> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for run in runs(batch) {
        match run {
            Run::Appends(appends) => outcomes.extend(append::append(conn, appends, &mut next_id).await?),
            Run::Moves(moves) => outcomes.extend(markers::move_all(conn, moves).await?),
            Run::Inboxes(reaches) => outcomes.extend(inboxes::deliver(conn, reaches).await?),
            Run::Single(write) => outcomes.push(single(conn, write).await?),
        }
    }
    Ok(outcomes)
}

async fn single(conn: &mut SqliteConnection, write: Write) -> Result<Outcome, StoreError> {
    match write {
        Write::Append(_) | Write::Read { .. } | Write::Delivered { .. } | Write::InboxDelivered { .. } => {
            Err(StoreError::Unavailable("a write that belongs to a run stands alone".into()))
        }
        Write::SeeUser { user_id, name, at } => users::see(conn, &user_id, name, at).await,
        Write::CreateRoom { room_id, name, kind, owner, members, at: _ } => {
            rooms::create(conn, &room_id, name, kind, &owner, &members).await
        }
        Write::UpdateRoom { room_id, name, kind } => rooms::update(conn, &room_id, name, kind).await,
        Write::Join { room_id, user_id, admitted, resumed, at: _ } => {
            rooms::join(conn, &room_id, &user_id, admitted, resumed).await
        }
        Write::PutMember { room_id, user_id, at: _ } => rooms::put_member(conn, &room_id, &user_id).await,
        Write::RemoveMember { room_id, user_id, stays_out } => {
            rooms::remove_member(conn, &room_id, &user_id, stays_out).await
        }
        Write::Notify(new) => notifications::notify(conn, new).await,
        Write::Broadcast(new) => notifications::broadcast(conn, new).await,
        Write::NotificationsRead { user_id, which } => notifications::read(conn, &user_id, &which).await,
        Write::NotificationsDelete { user_id, which } => notifications::delete(conn, &user_id, &which).await,
        Write::NotificationsHanded { user_id, position } => {
            notifications::handed(conn, &user_id, position).await
        }
        Write::PruneNotifications { before, limit } => prune::prune(conn, before, limit).await,
        Write::Revoke(revocation) => revocations::revoke(conn, revocation).await,
        Write::Restore { subject, at } => revocations::restore(conn, &subject, at).await,
        Write::PruneRevocations { before, limit } => revocations::prune(conn, before, limit).await,
        Write::NewEpoch(epoch) => {
            let rename = sqlx::query("UPDATE log_state SET epoch = ?").bind(epoch.as_str());
            rename.execute(conn).await?;
            Ok(Ok(Written::Epoch(epoch)))
        }
    }
}
