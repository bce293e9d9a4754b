//! Real services for tests and fault runs: each on a port and in a folder of its own, stopped when dropped.
//!
//! - [`process`]: what all of them need: programs, ports, folders, and children that end with their parent.
//! - [`postgres`]: PostgreSQL, and a database for each test.
//! - [`redis`]: Redis, for each test its own.

pub mod postgres;
pub mod process;
pub mod redis;
