//! The one connection that writes: a batch is a transaction, which is done again where another node was in its way, and of
//! which it is found out what became where the connection was lost at its end.

use std::fmt;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::super::runs::{Run, runs};
use super::super::{StoreError, Write, Written};
use super::error::Failure;
use super::locks::Locks;
use super::open::{connect, no_answer};
use super::{Outcome, append, inboxes, markers, notifications, prune, revocations, rooms, users};
use crate::random;

/// How often a batch is tried, where other nodes are in its way or its connection turns out to be gone.
const TRIES: u32 = 5;
/// How soon it is asked again what became of a transaction.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// Messages of one batch: their ids are its number and their place in it.
const BATCH_BITS: u32 = 20;
/// `probes` has this many rows at most; a node draws one, so that two seldom wait for each other.
const SLOTS: u32 = 64;

pub(super) struct Writer {
    place: PgConnectOptions,
    patience: Duration,
    /// Empty while a batch is under way. A batch that fails or is dropped half-way takes its connection along, and
    /// PostgreSQL rolls back; the next batch opens another.
    slot: Mutex<Slot>,
    probe: i64,
}

enum Slot {
    Idle(PgConnection),
    Lost,
    Closed,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = (self.place.get_host(), self.place.get_port(), self.place.get_database());
        f.debug_struct("Writer").field("place", &place).finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn new(place: PgConnectOptions, patience: Duration) -> Self {
        let probe = (random::number() % u64::from(SLOTS)).cast_signed();
        Self { place, patience, slot: Mutex::new(Slot::Lost), probe }
    }

    pub(super) async fn commit(&self, batch: Vec<Write>) -> Result<Vec<Outcome>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let mut slot = self.slot.lock().await;
        let mut tried = 0;
        loop {
            tried += 1;
            match self.attempt(&mut slot, &batch).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Again(error) | Failure::Stale(error)) if tried < TRIES => {
                    tracing::debug!(%error, "a batch is done again");
                }
                Err(Failure::Again(error) | Failure::Stale(error) | Failure::Failed(error)) => {
                    return Err(error);
                }
            }
        }
    }

    /// Writes something that nobody reads, synced like everything else.
    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        let mut slot = self.slot.lock().await;
        let (mut conn, _) = self.take(&mut slot).await?;
        let probe = sqlx::query(
            "INSERT INTO probes (slot, probes) VALUES ($1, 1) ON CONFLICT (slot) DO UPDATE SET probes = probes.probes + 1",
        );
        timeout(self.patience, probe.bind(self.probe).execute(&mut conn))
            .await
            .map_err(|_| no_answer())??;
        *slot = Slot::Idle(conn);
        Ok(())
    }

    pub(super) async fn close(&self) {
        let mut slot = self.slot.lock().await;
        if let Slot::Idle(conn) = std::mem::replace(&mut *slot, Slot::Closed) {
            let _ = conn.close().await;
        }
    }

    /// A connection, and whether it has stood idle.
    async fn take(&self, slot: &mut Slot) -> Result<(PgConnection, bool), StoreError> {
        match std::mem::replace(slot, Slot::Lost) {
            Slot::Idle(conn) => Ok((conn, true)),
            Slot::Lost => Ok((connect(&self.place, self.patience).await?, false)),
            Slot::Closed => {
                *slot = Slot::Closed;
                Err(StoreError::Unavailable("the store is closed".into()))
            }
        }
    }

    async fn attempt(&self, slot: &mut Slot, batch: &[Write]) -> Result<Vec<Outcome>, Failure> {
        let (mut conn, was_idle) = self.take(slot).await?;
        let until = Instant::now() + self.patience;
        let begun = match timeout_at(until, begin(&mut conn)).await {
            Ok(Ok(begun)) => begun,
            // Idle, it may have been closed by the other side meanwhile.
            Ok(Err(error)) if was_idle => return Err(Failure::Stale(error.into())),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Err(no_answer().into()),
        };
        match timeout_at(until, run(&mut conn, batch.to_vec(), &begun)).await {
            Ok(Ok(outcomes)) => {
                let committed = timeout_at(until, sqlx::query("COMMIT").execute(&mut conn)).await;
                match committed {
                    Ok(Ok(_)) => *slot = Slot::Idle(conn),
                    // Whatever was answered: it may have been answered after the commit.
                    Ok(Err(error)) => self.find_out(slot, &begun, error.into()).await?,
                    Err(_) => self.find_out(slot, &begun, no_answer()).await?,
                }
                Ok(outcomes)
            }
            Ok(Err(failure)) => {
                // Where the connection is gone too, PostgreSQL has rolled back.
                if timeout_at(until, sqlx::query("ROLLBACK").execute(&mut conn))
                    .await
                    .is_ok_and(|r| r.is_ok())
                {
                    *slot = Slot::Idle(conn);
                }
                Err(failure)
            }
            Err(_) => Err(no_answer().into()),
        }
    }

    /// Asks what became of a transaction whose end was not answered. While nobody knows, its writes are refused for now: a
    /// retransmit finds what it has made.
    async fn find_out(&self, slot: &mut Slot, begun: &Begun, lost: StoreError) -> Result<(), Failure> {
        let until = Instant::now() + self.patience;
        while Instant::now() < until {
            if let Ok(mut conn) = connect(&self.place, self.patience).await {
                let asked =
                    timeout_at(until, sqlx::query_as(BECAME).bind(&begun.transaction).fetch_one(&mut conn));
                let Ok(Ok(became)) = asked.await else { break };
                let (status, timeline): (Option<String>, String) = became;
                // Another timeline may have given the same number to another transaction.
                let status = status.filter(|_| timeline == begun.timeline);
                match status.as_deref() {
                    Some("committed") => {
                        *slot = Slot::Idle(conn);
                        return Ok(());
                    }
                    Some("aborted") => return Err(Failure::Again(lost)),
                    Some("in progress") => {}
                    _ => break,
                }
            }
            sleep(ASK_AGAIN).await;
        }
        tracing::warn!(
            "it is not known whether a batch was committed; its writes are refused and may be there"
        );
        Err(Failure::Failed(lost))
    }
}

/// A transaction that has begun.
struct Begun {
    /// The number from which its messages get their ids.
    batch: i64,
    /// By which PostgreSQL knows what became of it.
    transaction: String,
    timeline: String,
}

// In one step, for every batch needs it.
const BEGIN: &str = "
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT nextval('message_batches'), pg_current_xact_id()::text,
       substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)";

const BECAME: &str = "
SELECT pg_xact_status($1::text::xid8), substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)";

async fn begin(conn: &mut PgConnection) -> Result<Begun, sqlx::Error> {
    use sqlx::Row as _;

    let row = sqlx::raw_sql(BEGIN).fetch_one(conn).await?;
    Ok(Begun { batch: row.try_get(0)?, transaction: row.try_get(1)?, timeline: row.try_get(2)? })
}

async fn run(conn: &mut PgConnection, batch: Vec<Write>, begun: &Begun) -> Result<Vec<Outcome>, Failure> {
    let locks = Locks::take(conn, &batch).await?;
    let mut next_id = begun.batch << BATCH_BITS;
    let mut outcomes = Vec::with_capacity(batch.len());
    for run in runs(batch) {
        match run {
            Run::Appends(appends) => outcomes.extend(append::append(conn, appends, &mut next_id).await?),
            Run::Moves(moves) => outcomes.extend(markers::move_all(conn, moves).await?),
            Run::Inboxes(reaches) => outcomes.extend(inboxes::deliver(conn, reaches).await?),
            Run::Single(write) => outcomes.push(single(conn, write, &locks).await?),
        }
    }
    Ok(outcomes)
}

async fn single(conn: &mut PgConnection, write: Write, locks: &Locks) -> Result<Outcome, Failure> {
    match write {
        Write::Append(_) | Write::Read { .. } | Write::Delivered { .. } | Write::InboxDelivered { .. } => {
            Err(StoreError::Unavailable("a write that belongs to a run stands alone".into()).into())
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
        Write::PruneNotifications { before, limit } => prune::prune(conn, before, limit, locks.users()).await,
        Write::Revoke(revocation) => revocations::revoke(conn, revocation).await,
        Write::Restore { subject, at } => revocations::restore(conn, &subject, at).await,
        Write::PruneRevocations { before, limit } => revocations::prune(conn, before, limit).await,
        Write::NewEpoch(epoch) => {
            sqlx::query("UPDATE log_state SET epoch = $1").bind(epoch.as_str()).execute(conn).await?;
            Ok(Ok(Written::Epoch(epoch)))
        }
    }
}
