//! A cluster of our own: some nodes behind nginx, on PostgreSQL and Redis; and the command that starts one to play with.

use std::io::Write as _;
use std::path::Path;

use tidings_testbed::cluster::{Cluster, Plan};
use tidings_testbed::nginx::Balance;

use crate::cli::ClusterArgs;
use crate::error::Error;
use crate::server;
use crate::token::Secret;

/// The server's variable for its secret.
pub const SECRET: &str = "TIDINGS_JWT_SECRET";

/// Starts a cluster, says where it is, and stops it at Ctrl-C.
///
/// # Errors
/// A part of it is not installed or does not start.
pub async fn run(args: &ClusterArgs) -> Result<(), Error> {
    let program = server::binary(&args.server)?;
    let secret = std::env::var(SECRET).unwrap_or_else(|_| Secret::random().expose().to_owned());
    let mut plan = plan(&program, &["--dev"], &secret, args.nodes);
    plan.port = Some(args.port);
    eprintln!("cluster: starting Redis, PostgreSQL, {} nodes and nginx (some seconds)", args.nodes);
    // It ends with the thread that starts it, which is this one.
    let cluster = Cluster::start(&plan)?;
    std::io::stdout().write_all(places(&cluster).as_bytes()).map_err(|e| Error::io("say where it is", e))?;
    tokio::signal::ctrl_c().await.map_err(|e| Error::io("wait for Ctrl-C", e))?;
    eprintln!("\ncluster: stopping");
    drop(cluster);
    Ok(())
}

/// What a cluster of this server is to be.
#[must_use]
pub fn plan(program: &Path, flags: &[&str], secret: &str, nodes: usize) -> Plan {
    Plan {
        program: program.to_owned(),
        nodes,
        flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
        variables: vec![(SECRET.to_owned(), secret.to_owned()), ("RUST_LOG".to_owned(), "warn".to_owned())],
        port: None,
        balance: Balance::RoundRobin,
    }
}

fn places(cluster: &Cluster) -> String {
    let url = cluster.nginx.url();
    let mut text = format!("\nTidings on {} nodes: {url}\n\n", cluster.nodes.len());
    for who in ["ann", "bob"] {
        text += &format!("  sign in as {who}: {url}/?as={who}\n");
    }
    text.push('\n');
    for (number, node) in cluster.nodes.iter().enumerate() {
        let id = node.id().unwrap_or_default();
        let metrics = node.metrics_port();
        let (number, url, log) = (number + 1, node.url(), node.log());
        let log = log.display();
        text +=
            &format!("  node {number}      {url}   kill -9 {id}   metrics on port {metrics}   log {log}\n");
    }
    text += &format!("  PostgreSQL  {}\n", cluster.database.url());
    text += &format!("  Redis       {}\n\n", cluster.redis.url());
    text + "Fill it from another terminal: ./x demo --live. Ctrl-C stops it and throws all of it away.\n"
}
