//! PostgreSQL that keeps what it has committed, and goes away with who started it.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tidings_testbed::postgres::{Database, Postgres};

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn a_crash_keeps_what_was_committed_and_the_next_start_serves_it_at_the_same_place() {
    let server = Arc::new(Postgres::start().unwrap());
    let database = Database::on(&server).unwrap();
    database.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").unwrap();
    server.stop_immediate().unwrap();
    assert!(database.sql("SELECT n FROM kept").is_err());
    server.start_again().unwrap();
    assert_eq!(database.sql("SELECT n FROM kept").unwrap().trim(), "7");
    let port = server.port();
    drop((database, server));
    assert!(!listens(port));
}

#[test]
fn a_command_finds_a_server_in_its_environment_and_a_killed_parent_takes_it_along() {
    // What a killed process leaves behind, and its server can reach.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let say = "psql -XAtc 'SHOW fsync' $TIDINGS_TEST_POSTGRES && echo $TIDINGS_TEST_POSTGRES && exec cat";
    let mut testbed = Command::new(env!("CARGO_BIN_EXE_tidings-testbed"))
        .env("TMPDIR", folder.path())
        .args(["postgres", "--", "sh", "-c", say])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(testbed.stdout.take().unwrap());
    let mut line = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    };
    assert_eq!(line(), "on");
    let url = line();
    let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
    assert!(listens(port));
    testbed.kill().unwrap();
    testbed.wait().unwrap();
    drop(testbed.stdin.take());
    // The server ends by itself: its own end is what is waited for.
    while listens(port) {
        std::thread::yield_now();
    }
    let _ = output.read(&mut [0]);
}
