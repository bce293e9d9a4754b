//! Revocations: written one by one, read by the order of their changes.

use sqlx::postgres::{PgConnection, PgPool};
use tidings_protocol::Timestamp;

use super::super::columns::{RevocationRow, number, revocation_key};
use super::super::{MAX_REVOCATIONS, Refusal, Revocation, RevocationRecord, StoreError, Subject, Written};
use super::Outcome;
use super::error::Failure;
use super::text::{plain_option, stored};

// The row of the state is locked: the next revision appears after all before it.
const NEXT_REVISION: &str = "
UPDATE log_state SET revocation_head = revocation_head + 1 RETURNING revocation_head";

const REVOKE: &str = "
INSERT INTO revocations (kind, subject, until, reason, revoked_by, revoked_at, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (kind, subject) DO UPDATE SET
    until = excluded.until, reason = excluded.reason, revoked_by = excluded.revoked_by,
    revoked_at = excluded.revoked_at, lifted = FALSE, revision = excluded.revision";

const IS_FULL: &str = "
SELECT count(*) >= $3 FROM revocations
WHERE NOT EXISTS (SELECT 1 FROM revocations WHERE kind = $1 AND subject = $2)";

pub(super) async fn revoke(conn: &mut PgConnection, new: Revocation) -> Result<Outcome, Failure> {
    let (kind, subject) = revocation_key(&new.subject);
    let full = sqlx::query_scalar(IS_FULL).bind(kind).bind(&subject).bind(i64::from(MAX_REVOCATIONS));
    if full.fetch_one(&mut *conn).await? {
        return Ok(Err(Refusal::Limit));
    }
    let revision: i64 = sqlx::query_scalar(NEXT_REVISION).fetch_one(&mut *conn).await?;
    let statement = sqlx::query(REVOKE).bind(kind).bind(subject).bind(new.until.map(Timestamp::as_millis));
    let statement = statement.bind(new.reason.as_deref().map(stored)).bind(new.by.as_str());
    statement.bind(new.at.as_millis()).bind(revision).execute(conn).await?;
    Ok(Ok(Written::Nothing))
}

const RESTORE: &str = "
WITH found AS (
    SELECT kind, subject FROM revocations WHERE kind = $1 AND subject = $2 AND NOT lifted
), next AS (
    UPDATE log_state SET revocation_head = revocation_head + 1 WHERE EXISTS (SELECT 1 FROM found)
    RETURNING revocation_head
)
UPDATE revocations r SET lifted = TRUE, until = $3, revision = next.revocation_head
FROM found, next WHERE r.kind = found.kind AND r.subject = found.subject";

pub(super) async fn restore(
    conn: &mut PgConnection,
    subject: &Subject,
    at: Timestamp,
) -> Result<Outcome, Failure> {
    let (kind, subject) = revocation_key(subject);
    let statement = sqlx::query(RESTORE).bind(kind).bind(subject).bind(at.as_millis());
    let found = statement.execute(conn).await?.rows_affected() > 0;
    Ok(if found { Ok(Written::Nothing) } else { Err(Refusal::NotFound) })
}

// The newest change stays, as it does on other databases.
const PRUNE: &str = "
DELETE FROM revocations WHERE (kind, subject) IN (
    SELECT kind, subject FROM revocations WHERE until < $1 ORDER BY until LIMIT $2
) AND revision < (SELECT max(revision) FROM revocations)";

pub(super) async fn prune(
    conn: &mut PgConnection,
    before: Timestamp,
    limit: u32,
) -> Result<Outcome, Failure> {
    let statement = sqlx::query(PRUNE).bind(before.as_millis()).bind(i64::from(limit));
    let removed = statement.execute(conn).await?.rows_affected();
    Ok(Ok(Written::Pruned { removed }))
}

const CHANGES: &str = "
SELECT kind, subject, until, reason, revoked_by, revoked_at, lifted, revision FROM revocations
WHERE revision > $1 ORDER BY revision LIMIT $2";

pub(super) async fn changes(
    pool: &PgPool,
    after: u64,
    limit: u32,
) -> Result<Vec<RevocationRecord>, StoreError> {
    let rows: Vec<RevocationRow> =
        sqlx::query_as(CHANGES).bind(number(after)).bind(i64::from(limit)).fetch_all(pool).await?;
    rows.into_iter().map(|row| RevocationRow { reason: plain_option(row.reason), ..row }.record()).collect()
}
