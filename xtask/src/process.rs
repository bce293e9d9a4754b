//! Running cargo and other programs.

use std::{env, ffi::OsString, path::Path, process::Command};

use crate::Error;

/// Cargo, in the workspace's top folder.
#[must_use]
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root);
    command
}

/// Runs a program to its end with this process's own input and output.
///
/// # Errors
/// The program could not be started (`advice` then says what to type), or it ended with a failure.
pub fn run(command: &mut Command, advice: &'static str) -> Result<(), Error> {
    let status = command.status().map_err(|source| Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
        advice,
    })?;
    if status.success() { Ok(()) } else { Err(Error::Failed { command: shown(command), status }) }
}

/// Runs a program to its end and gives what it printed.
///
/// # Errors
/// As [`run`]; what is not UTF-8 is replaced.
pub fn output(command: &mut Command, advice: &'static str) -> Result<String, Error> {
    command.stderr(std::process::Stdio::inherit());
    let output = command.output().map_err(|source| Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
        advice,
    })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Failed { command: shown(command), status: output.status })
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
