//! Opening: where the database is, what it must hold to, and its schema.

use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::timeout;

use super::super::StoreError;
use super::writer::Writer;
use crate::random;

/// The first version that tells what became of a transaction and has all that is used.
const OLDEST_VERSION: i32 = 130_000;
/// A connection that has been idle for longer is asked whether it still stands before it is used.
const ASKED_AFTER_IDLE: Duration = Duration::from_millis(50);
/// A connection that does not answer for so long when it is given back, as after a read that was given up, is closed.
const ASKED_AT_RELEASE: Duration = Duration::from_secs(2);
/// A connection that nobody needs is closed after this time.
const KEPT_IDLE: Duration = Duration::from_secs(600);

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How a database is used.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections that read at the same time. One more writes.
    pub readers: u32,
    /// Longest wait for an answer, for a lock or for a free connection.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 8, timeout: Duration::from_secs(5) }
    }
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none.
    #[error("the database URL is not postgres://USER:PASSWORD@HOST:PORT/DATABASE: {0}")]
    Url(String),
    /// PostgreSQL is too old.
    #[error("PostgreSQL {0} is too old; 13 or later is needed")]
    TooOld(String),
    /// A server that keeps texts otherwise.
    #[error(
        "the database has the encoding {0}; UTF8 is needed: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding(String),
    /// PostgreSQL would lose what was acknowledged.
    #[error("PostgreSQL would lose messages that were acknowledged: {0}")]
    NotDurable(String),
    /// The schema could not be brought up to date.
    #[error("the schema of the database: {0}")]
    Schema(#[from] MigrateError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) async fn open(url: &str, options: Options) -> Result<(Writer, PgPool), OpenError> {
    let place = locate(url)?;
    let mut conn =
        within(options.timeout, async { Ok(place.connect().await.map_err(StoreError::from)?) }).await?;
    within(options.timeout, hold(&mut conn)).await?;
    // As long as it takes: a large table may get an index.
    migrate(&mut conn).await?;
    within(options.timeout, begin_log(&mut conn)).await?;
    let _ = conn.close().await;
    let readers = PgPoolOptions::new()
        .max_connections(options.readers.max(1))
        .acquire_timeout(options.timeout)
        .idle_timeout(KEPT_IDLE)
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > ASKED_AFTER_IDLE {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .after_release(|conn, _| {
            Box::pin(async move {
                // The pool asks too, but for as long as it takes: TCP, which sends ever more rarely what is not taken, would
                // keep the place of a connection for half a minute after the way is back.
                match timeout(ASKED_AT_RELEASE, conn.ping()).await {
                    Ok(answer) => answer.map(|()| true),
                    Err(late) => Err(sqlx::Error::Io(late.into())),
                }
            })
        })
        .after_connect(move |conn, _| Box::pin(set(conn, options.timeout)))
        .connect_lazy_with(place.clone());
    Ok((Writer::new(place, options.timeout), readers))
}

/// A connection that writes: checked each time, for the server may have been set otherwise or be another one since; and
/// held to what was found, for the server may be set otherwise while it stands.
pub(super) async fn connect(
    place: &PgConnectOptions,
    patience: Duration,
) -> Result<PgConnection, StoreError> {
    let connected = async {
        let mut conn = place.connect().await.map_err(StoreError::from)?;
        hold(&mut conn).await?;
        set(&mut conn, patience).await.map_err(StoreError::from)?;
        Ok(conn)
    };
    let connected: Result<PgConnection, OpenError> = within(patience, connected).await;
    connected.map_err(|error| match error {
        OpenError::Store(error) => error,
        OpenError::Url(_)
        | OpenError::TooOld(_)
        | OpenError::Encoding(_)
        | OpenError::NotDurable(_)
        | OpenError::Schema(_) => StoreError::Unavailable(error.to_string()),
    })
}

async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, OpenError>>,
) -> Result<T, OpenError> {
    timeout(patience, work).await.unwrap_or_else(|_| Err(no_answer().into()))
}

/// It did not answer in time.
pub(super) fn no_answer() -> StoreError {
    StoreError::Unavailable("PostgreSQL did not answer in time".into())
}

fn locate(url: &str) -> Result<PgConnectOptions, OpenError> {
    let scheme = url.split("://").next().unwrap_or_default();
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(OpenError::Url("it begins otherwise".into()));
    }
    let place = PgConnectOptions::from_str(url).map_err(|error| OpenError::Url(error.to_string()))?;
    Ok(place.application_name("tidings"))
}

const SETTINGS: &str = "
SELECT current_setting('server_version_num')::int, current_setting('server_version'),
       current_setting('server_encoding'), current_setting('fsync'), current_setting('synchronous_commit'),
       pg_is_in_recovery()";

/// What promises rest on is as it must be, and stays so for this session, whatever the server is set to later.
async fn hold(conn: &mut PgConnection) -> Result<(), OpenError> {
    let synchronous = check(conn).await?;
    // A batch locks rows and then reads what those before it have left: each statement has to see the newest state.
    let settings = format!(
        "SET synchronous_commit = {synchronous}; SET default_transaction_isolation = 'read committed'"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(settings)).execute(conn).await.map_err(StoreError::from)?;
    Ok(())
}

/// Returns `synchronous_commit`, which is good enough.
async fn check(conn: &mut PgConnection) -> Result<&'static str, OpenError> {
    type Row = (i32, String, String, String, String, bool);
    let row: Row = sqlx::query_as(SETTINGS).fetch_one(conn).await.map_err(StoreError::from)?;
    let (number, version, encoding, fsync, synchronous, standby) = row;
    if number < OLDEST_VERSION {
        return Err(OpenError::TooOld(version));
    }
    if encoding != "UTF8" {
        return Err(OpenError::Encoding(encoding));
    }
    if fsync != "on" {
        return Err(OpenError::NotDurable("its setting fsync is off; set it on".into()));
    }
    let synchronous = match synchronous.as_str() {
        "on" => "on",
        "remote_apply" => "remote_apply",
        other => {
            let found = format!("its setting synchronous_commit is {other}; set it on");
            return Err(OpenError::NotDurable(found));
        }
    };
    if standby {
        return Err(StoreError::Unavailable("PostgreSQL is a standby, which takes no writes".into()).into());
    }
    Ok(synchronous)
}

/// A node that is gone without a word must not hold its locks for longer than others wait.
async fn set(conn: &mut PgConnection, patience: Duration) -> Result<(), sqlx::Error> {
    let millis = patience.as_millis().max(1);
    let settings = format!(
        "SET statement_timeout = {millis}; SET lock_timeout = {millis};
         SET idle_in_transaction_session_timeout = {millis};
         SET tcp_user_timeout = {millis}; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(settings)).execute(conn).await?;
    Ok(())
}

const APPLIED: &str = "SELECT count(*) FROM _sqlx_migrations WHERE version = ANY($1) AND success";

/// Brings the schema up to date, one node at a time: the others wait for its advisory lock and find the work done.
/// Where there is nothing to do, no right to change tables is needed; and a version of a later node is no error.
async fn migrate(conn: &mut PgConnection) -> Result<(), OpenError> {
    let ours: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    let begun = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    if begun.fetch_one(&mut *conn).await.map_err(StoreError::from)? {
        let applied = sqlx::query_scalar::<_, i64>(APPLIED).bind(&ours);
        let applied = applied.fetch_one(&mut *conn).await.map_err(StoreError::from)?;
        if usize::try_from(applied) == Ok(ours.len()) {
            return Ok(());
        }
    }
    let migrations =
        Migrator { ignore_missing: true, ..Migrator::with_migrations(MIGRATIONS.iter().cloned().collect()) };
    migrations.run_direct(None, conn, false).await?;
    Ok(())
}

async fn begin_log(conn: &mut PgConnection) -> Result<(), OpenError> {
    let begin = sqlx::query(
        "INSERT INTO log_state (id, epoch, ticket_secret) VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE
         SET ticket_secret = excluded.ticket_secret WHERE log_state.ticket_secret IS NULL",
    );
    let begin = begin.bind(random::name()).bind(random::secret().expose_secret().to_owned());
    begin.execute(conn).await.map_err(StoreError::from)?;
    Ok(())
}
