//! Opening the file: where it is, who may read it, and what SQLite must hold to.

use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::ConnectOptions;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use tokio::time::{Instant, sleep};

use super::super::StoreError;
use super::writer::Writer;
use crate::random;

/// The first SQLite in which a WAL cannot be damaged by its own reset.
const OLDEST_SQLITE: [u64; 3] = [3, 51, 3];
/// `PRAGMA synchronous` as SQLite answers it: 2 is FULL, a sync before each commit returns; EXTRA is above it.
const SYNCHRONOUS_FULL: i64 = 2;
/// The WAL is copied into the database when it has this many pages: pages that change often are copied once.
const WAL_PAGES: &str = "4000";
/// The WAL file shrinks to this after a checkpoint that emptied it.
const WAL_KEPT_BYTES: &str = "67108864";
/// Page caches, in KiB as SQLite counts them (negative).
const WRITER_CACHE: &str = "-16000";
const READER_CACHE: &str = "-2000";

/// How soon a file that another process is just beginning is tried again.
const BUSY_RETRY: Duration = Duration::from_millis(20);

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How a file is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections that read at the same time; each costs a thread and up to 2 MiB.
    pub readers: u32,
    /// How long to wait for another process that writes, or for a free reader.
    pub busy_timeout: Duration,
    /// A bound for the file, in pages of 4 KiB; a write that needs more fails as on a full disk.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, busy_timeout: Duration::from_secs(5), max_pages: None }
    }
}

/// Why the file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no file.
    #[error("{0:?} is not sqlite://PATH")]
    Url(String),
    /// The file or its folder could not be made, or not be written to.
    #[error("{path}: {source}; {}", advice(source.kind()))]
    File {
        /// Which one.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The linked SQLite is too old.
    #[error("SQLite {0} can damage its own log; 3.51.3 or later is needed")]
    TooOld(String),
    /// SQLite did not take a setting on which durability rests.
    #[error("SQLite would not sync: {0}")]
    NotDurable(String),
    /// The schema could not be brought up to date.
    #[error("the schema of the database: {0}")]
    Schema(#[from] MigrateError),
    /// There is no room for the file.
    #[error("the disk is full; make room on it, or name another place by --database-url")]
    Full,
    /// The file is no database, or a damaged one.
    #[error(
        "{0}; put a backup in its place and run `tidings-server new-epoch`, or move it and its -wal away to begin anew"
    )]
    Damaged(StoreError),
    /// The file could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// Says of an error at the start what is to be done about it.
    fn at_start(self) -> Self {
        match self {
            Self::Store(StoreError::DiskFull) => Self::Full,
            Self::Store(error @ StoreError::Corrupt(_)) => Self::Damaged(error),
            Self::Schema(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                match StoreError::from(error) {
                    StoreError::DiskFull => Self::Full,
                    error @ StoreError::Corrupt(_) => Self::Damaged(error),
                    error @ StoreError::Unavailable(_) => Self::Store(error),
                }
            }
            other @ (Self::Url(_)
            | Self::File { .. }
            | Self::TooOld(_)
            | Self::NotDurable(_)
            | Self::Schema(_)
            | Self::Full
            | Self::Damaged(_)
            | Self::Store(_)) => other,
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the standard library adds kinds")]
fn advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::PermissionDenied => {
            "the server's user must be able to read and write it and its folder"
        }
        io::ErrorKind::ReadOnlyFilesystem => "name a place that can be written to by --database-url",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk",
        _ => "name a file that can be made and written to by --database-url",
    }
}

pub(super) async fn open(url: &str, options: Options) -> Result<(Writer, SqlitePool), OpenError> {
    let base = locate(url)?;
    make_file(base.get_filename())?;
    let base = base
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .busy_timeout(options.busy_timeout)
        .pragma("wal_autocheckpoint", WAL_PAGES)
        .pragma("journal_size_limit", WAL_KEPT_BYTES)
        .pragma("temp_store", "memory");
    let mut writing = base.clone().pragma("cache_size", WRITER_CACHE).thread_name(|_| "sqlite-writer".into());
    if let Some(pages) = options.max_pages {
        writing = writing.pragma("max_page_count", pages.to_string());
    }
    let conn = first_connection(&writing, options.busy_timeout).await?;
    let reading = base
        .pragma("cache_size", READER_CACHE)
        .pragma("query_only", "1")
        .thread_name(|n| format!("sqlite-reader-{n}"));
    let readers = SqlitePoolOptions::new()
        .max_connections(options.readers.max(1))
        .acquire_timeout(options.busy_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(reading);
    Ok((Writer::new(writing, conn), readers))
}

/// The writer's first connection, with the schema up to date. Two processes that begin one new file at once meet here.
/// SQLite does not wait when both turn it to WAL: it says that the file is busy. And they may meet at every step of the
/// schema: the one that comes too late for it fails, and finds it done the next time. That is on a new connection, as
/// one that has failed in the middle of a step knows no more where it stands.
async fn first_connection(
    writing: &SqliteConnectOptions,
    busy_timeout: Duration,
) -> Result<SqliteConnection, OpenError> {
    let until = Instant::now() + busy_timeout;
    let mut steps = MIGRATIONS.iter();
    loop {
        match begin(writing).await {
            Err(OpenError::Store(StoreError::Unavailable(_))) if Instant::now() < until => {
                sleep(BUSY_RETRY).await;
            }
            Err(OpenError::Schema(_)) if steps.next().is_some() => {}
            done => return done.map_err(OpenError::at_start),
        }
    }
}

async fn begin(writing: &SqliteConnectOptions) -> Result<SqliteConnection, OpenError> {
    let mut conn = writing.connect().await.map_err(StoreError::from)?;
    assert_durable(&mut conn).await?;
    MIGRATIONS.run(&mut conn).await?;
    begin_log(&mut conn).await?;
    Ok(conn)
}

fn locate(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    let wrong = || OpenError::Url(url.to_owned());
    let path = url.strip_prefix("sqlite://").ok_or_else(wrong)?;
    if path.is_empty() || path.contains(['?', '#']) || path.contains(":memory:") {
        return Err(wrong());
    }
    SqliteConnectOptions::from_str(url).map_err(|_| wrong())
}

/// Makes the file, readable by its owner alone, before SQLite would; its WAL takes the mode over.
fn make_file(path: &Path) -> Result<(), OpenError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| OpenError::File { path, source }
    };
    let mut folder = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.recursive(true).create(parent).map_err(failed(parent))?;
    }
    match file.write(true).create_new(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::File::options().read(true).write(true).open(path).map_err(failed(path))?;
            try_beside(path)
        }
        Err(error) => Err(failed(path)(error)),
    }
}

/// SQLite keeps its log beside the file, and says of a folder that it may not write to no more than that it failed.
fn try_beside(path: &Path) -> Result<(), OpenError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!("-try-{}", std::process::id()));
    match std::fs::File::create(&beside).and_then(|_| std::fs::remove_file(&beside)) {
        // Whether there is room is found out by what needs it.
        Err(source) if source.kind() != io::ErrorKind::StorageFull => {
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            Err(OpenError::File { path: folder.unwrap_or(Path::new(".")).display().to_string(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn assert_durable(conn: &mut SqliteConnection) -> Result<(), OpenError> {
    let version: String = ask(conn, "SELECT sqlite_version()").await?;
    let parts: Vec<u64> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    if parts < OLDEST_SQLITE.to_vec() {
        return Err(OpenError::TooOld(version));
    }
    let mode: String = ask(conn, "PRAGMA journal_mode").await?;
    if mode != "wal" {
        return Err(OpenError::NotDurable(format!("journal_mode is {mode}")));
    }
    let synchronous: i64 = ask(conn, "PRAGMA synchronous").await?;
    if synchronous < SYNCHRONOUS_FULL {
        return Err(OpenError::NotDurable(format!("synchronous is {synchronous}")));
    }
    Ok(())
}

async fn ask<T>(conn: &mut SqliteConnection, question: &'static str) -> Result<T, StoreError>
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    Ok(sqlx::query_scalar(question).fetch_one(conn).await?)
}

async fn begin_log(conn: &mut SqliteConnection) -> Result<(), OpenError> {
    let begin = sqlx::query(
        "INSERT INTO log_state (id, epoch, ticket_secret) VALUES (1, ?, ?)
         ON CONFLICT (id) DO UPDATE
         SET ticket_secret = excluded.ticket_secret WHERE ticket_secret IS NULL",
    );
    let begin = begin.bind(random::name()).bind(random::secret().expose_secret().to_owned());
    begin.execute(conn).await.map_err(StoreError::from)?;
    Ok(())
}
