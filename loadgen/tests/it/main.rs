//! The program as it is called.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod proxy;

use std::process::{Command, Output};

fn loadgen(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tidings-loadgen")).args(arguments).env_clear().output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_command_teaches_how_it_is_used() {
    for (command, word) in
        [("demo", "ann"), ("bench", "taskset"), ("chaos", "SIGKILL"), ("cluster", "Ctrl-C")]
    {
        let output = loadgen(&[command, "--help"]);
        assert!(output.status.success());
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(help.contains(word), "{help}");
    }
}

#[test]
fn without_a_server_the_demo_says_how_to_start_one() {
    // A port that was free a moment ago.
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = loadgen(&["demo", "--url", &format!("http://{addr}")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("./x up"), "{}", stderr(&output));
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let output = loadgen(&["chaos", "kill", "--server", "/no/such/server"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/no/such/server"), "{}", stderr(&output));
}
