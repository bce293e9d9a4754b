//! Starts services, runs a command with their places in its environment, and stops them when it has ended:
//! `tidings-testbed postgres -- cargo nextest run`.

use std::process::{Command, ExitCode};

use tidings_testbed::postgres::{self, Postgres};
use tidings_testbed::process::{Error, io};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut parts = words.splitn(2, |word| word == "--");
    let (services, command) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match run(services, command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(services: &[String], command: &[String]) -> Result<ExitCode, Error> {
    let [program, arguments @ ..] = command else { return Err(wrong("no command")) };
    let mut command = Command::new(program);
    command.args(arguments);
    let mut running: Vec<Box<dyn std::any::Any>> = Vec::new();
    for service in services {
        match service.as_str() {
            "postgres" => {
                let server = Postgres::start()?;
                command.env(postgres::SERVER, server.url());
                running.push(Box::new(server));
            }
            other => return Err(wrong(other)),
        }
    }
    let status = command.status().map_err(io(program.as_str()))?;
    drop(running);
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn wrong(word: &str) -> Error {
    let output = "usage: tidings-testbed [postgres]… -- COMMAND [ARGUMENT]…".to_owned();
    Error::Failed { what: format!("{word}?"), output }
}
