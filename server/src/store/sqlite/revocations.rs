//! Revocations: written one by one, read by the order of their changes.

use sqlx::sqlite::{SqliteConnection, SqlitePool};
use tidings_protocol::Timestamp;

use super::super::{MAX_REVOCATIONS, Refusal, Revocation, RevocationRecord, StoreError, Subject, Written};
use super::row::{RevocationRow, number, revocation_key};
use super::writer::Outcome;

// Only the writer writes, one batch at a time: the next revision is the greatest plus one.
const REVOKE: &str = "
INSERT INTO revocations (kind, subject, until, reason, revoked_by, revoked_at, lifted, revision)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, 0, coalesce(max(revision), 0) + 1 FROM revocations WHERE true
ON CONFLICT (kind, subject) DO UPDATE SET
    until = excluded.until, reason = excluded.reason, revoked_by = excluded.revoked_by,
    revoked_at = excluded.revoked_at, lifted = 0, revision = excluded.revision";

const IS_FULL: &str = "
SELECT count(*) >= ?3 FROM revocations
WHERE NOT EXISTS (SELECT 1 FROM revocations WHERE kind = ?1 AND subject = ?2)";

pub(super) async fn revoke(conn: &mut SqliteConnection, new: Revocation) -> Result<Outcome, StoreError> {
    let (kind, subject) = revocation_key(&new.subject);
    let full = sqlx::query_scalar(IS_FULL).bind(kind).bind(&subject).bind(MAX_REVOCATIONS);
    if full.fetch_one(&mut *conn).await? {
        return Ok(Err(Refusal::Limit));
    }
    let statement = sqlx::query(REVOKE).bind(kind).bind(subject).bind(new.until.map(Timestamp::as_millis));
    statement.bind(new.reason).bind(new.by.as_str()).bind(new.at.as_millis()).execute(conn).await?;
    Ok(Ok(Written::Nothing))
}

const RESTORE: &str = "
UPDATE revocations SET lifted = 1, until = ?3, revision = (SELECT max(revision) + 1 FROM revocations)
WHERE kind = ?1 AND subject = ?2 AND lifted = 0";

pub(super) async fn restore(
    conn: &mut SqliteConnection,
    subject: &Subject,
    at: Timestamp,
) -> Result<Outcome, StoreError> {
    let (kind, subject) = revocation_key(subject);
    let statement = sqlx::query(RESTORE).bind(kind).bind(subject).bind(at.as_millis());
    let found = statement.execute(conn).await?.rows_affected() > 0;
    Ok(if found { Ok(Written::Nothing) } else { Err(Refusal::NotFound) })
}

// The newest change stays, whatever it is: it holds the count.
const PRUNE: &str = "
DELETE FROM revocations WHERE (kind, subject) IN (
    SELECT kind, subject FROM revocations WHERE until < ?1 ORDER BY until LIMIT ?2
) AND revision < (SELECT max(revision) FROM revocations)";

pub(super) async fn prune(
    conn: &mut SqliteConnection,
    before: Timestamp,
    limit: u32,
) -> Result<Outcome, StoreError> {
    let statement = sqlx::query(PRUNE).bind(before.as_millis()).bind(limit);
    let removed = statement.execute(conn).await?.rows_affected();
    Ok(Ok(Written::Pruned { removed }))
}

const CHANGES: &str = "
SELECT kind, subject, until, reason, revoked_by, revoked_at, lifted, revision FROM revocations
WHERE revision > ? ORDER BY revision LIMIT ?";

pub(super) async fn changes(
    pool: &SqlitePool,
    after: u64,
    limit: u32,
) -> Result<Vec<RevocationRecord>, StoreError> {
    let rows: Vec<RevocationRow> =
        sqlx::query_as(CHANGES).bind(number(after)).bind(limit).fetch_all(pool).await?;
    rows.into_iter().map(RevocationRow::record).collect()
}
