//! Where a server keeps its log, and what the documentation says there is to do with it.

use std::path::PathBuf;
use std::sync::Arc;

use tidings_testbed::postgres::{self, Database, Postgres};

use super::super::context::Context;
use super::commands::{self, Shell};
use crate::error::Error;
use crate::server::Server;

/// The database and the role of the documentation.
const NAME: &str = "tidings";

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// As the documentation writes it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The store, and a shell in which its commands find it.
pub(super) struct Site {
    kind: Kind,
    shell: Shell,
    /// PostgreSQL's own, gone with this.
    database: Option<Database>,
}

impl Site {
    /// Starts what the store needs besides the server.
    pub(super) fn prepare(kind: Kind, context: &Context) -> Result<Self, Error> {
        let backups = context.folder_of(&format!("backups-{}", kind.name()));
        std::fs::create_dir_all(&backups).map_err(|e| Error::io("make a folder for backups", e))?;
        let mut shell = Shell::new(backups);
        shell.finds(context.binary()?.parent().map(PathBuf::from).unwrap_or_default());
        let mut database = None;
        if kind == Kind::Postgres {
            // It ends with the thread that starts it, which waits for the end of the run.
            let postgres = Arc::new(Postgres::start()?);
            let made = Database::named(&postgres, NAME)?;
            made.sql(&format!("CREATE ROLE {NAME} LOGIN; ALTER DATABASE {NAME} OWNER TO {NAME}"))?;
            shell.finds(postgres::programs()?);
            shell.knows("PGHOST", "127.0.0.1");
            shell.knows("PGPORT", postgres.port().to_string());
            shell.knows("PGUSER", postgres::USER);
            shell.knows("TIDINGS_DATABASE_URL", url(&made));
            database = Some(made);
        }
        Ok(Self { kind, shell, database })
    }

    /// What the server is told of it.
    pub(super) fn flags(&self) -> Vec<String> {
        let database = self.database.as_ref();
        database.map_or_else(Vec::new, |database| vec!["--database-url".to_owned(), url(database)])
    }

    /// What the documentation has in `/var/lib/tidings` is here.
    pub(super) fn keeps_in(&mut self, server: &Server) -> Result<(), Error> {
        let file = server.database();
        let folder = file.parent().ok_or_else(|| Error::Server("it keeps its data nowhere".to_owned()))?;
        folder.clone_into(&mut self.shell.data);
        Ok(())
    }

    /// As the documentation says.
    pub(super) async fn back_up(&self) -> Result<(), Error> {
        self.shell.run(&commands::of(self.kind.name(), "back up")?).await
    }

    /// As the documentation says.
    pub(super) async fn restore(&self) -> Result<(), Error> {
        self.shell.run(&commands::of(self.kind.name(), "restore")?).await
    }
}

/// As the role whose database it is.
fn url(database: &Database) -> String {
    database.url().replacen(&format!("//{}@", postgres::USER), &format!("//{NAME}@"), 1)
}
