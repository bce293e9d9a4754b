//! What SQLite promises beyond the suite of all drivers: files, crashes, full disks, other processes.

mod crash;
mod full;
mod opening;
mod sharing;

use tempfile::TempDir;

use super::{Options, Sqlite};
use crate::store::conformance::kit::url;

async fn open(folder: &TempDir) -> Sqlite {
    Sqlite::open(&url(folder), Options::default()).await.unwrap()
}
