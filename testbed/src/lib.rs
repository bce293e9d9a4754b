//! Real services for tests and fault runs: each on a port and in a folder of its own, stopped when dropped.
//!
//! - [`process`]: what all of them need: programs, ports, folders, and children that end with their parent.
//! - [`certificate`]: what a service needs for TLS.
//! - [`postgres`]: PostgreSQL, and a database for each test.
//! - [`redis`]: Redis, for each test its own.
//! - [`nginx`]: nginx with the configuration that is shipped.
//! - [`prometheus`]: Prometheus with the configuration and the rules that are shipped.
//! - [`netns`]: networks that can be cut between them.
//! - [`cluster`]: all of them, with some processes of a server ([`node`]) between.

pub mod certificate;
pub mod cluster;
pub mod netns;
pub mod nginx;
pub mod node;
pub mod postgres;
pub mod process;
pub mod prometheus;
pub mod redis;
