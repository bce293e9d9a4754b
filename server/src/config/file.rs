//! Reads the command line, with the variables and the `--config` file behind it.
//!
//! The file is read first and its values take the place of the built-in defaults; then the command line is
//! parsed. So the order flag, variable, file, default is clap's own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use toml::{Table, Value};

use super::{ConfigError, permissions};
use crate::cli::Cli;

/// The one argument that a file cannot hold: its own name.
const CONFIG: &str = "config";

/// Parses a whole command line, program name first.
///
/// # Errors
/// The line or the file is wrong, or the line asks for help or the version.
pub fn parse<I>(line: I) -> Result<crate::cli::Command, ConfigError>
where
    I: IntoIterator<Item = OsString>,
{
    let line: Vec<OsString> = line.into_iter().collect();
    let first = Cli::command().try_get_matches_from(&line)?;
    let matches = match path(&first) {
        Some(path) => {
            let file = read(&path)?;
            let command = with_defaults(Cli::command(), &file, &path)?;
            command.try_get_matches_from(&line)?
        }
        None => first,
    };
    Ok(Cli::from_arg_matches(&matches)?.command)
}

fn path(matches: &ArgMatches) -> Option<PathBuf> {
    let (_, matches) = matches.subcommand()?;
    matches.try_get_one::<PathBuf>(CONFIG).ok().flatten().cloned()
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let file: Table = text.parse().map_err(|source: toml::de::Error| {
        // The parser's own text quotes the line, which may hold a secret.
        ConfigError::Toml { path: path.to_owned(), reason: source.message().to_owned() }
    })?;
    if ["jwt_secret", "ticket_secret"].iter().any(|key| file.contains_key(*key)) {
        permissions::not_for_others(path)?;
    }
    Ok(file)
}

/// Every subcommand takes the keys that it knows; a key that `serve` does not know is a mistake.
fn with_defaults(command: Command, file: &Table, path: &Path) -> Result<Command, ConfigError> {
    let known = |command: &Command, key: &str| command.get_arguments().any(|arg| arg.get_id() == key);
    let serve = command.find_subcommand("serve");
    let mut defaults = Vec::new();
    for (key, value) in file {
        if key == CONFIG || !serve.is_some_and(|serve| known(serve, key)) {
            return Err(ConfigError::UnknownKey { path: path.to_owned(), key: key.clone() });
        }
        let text =
            text(value).ok_or_else(|| ConfigError::Value { path: path.to_owned(), key: key.clone() })?;
        defaults.push((key.clone(), text));
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    Ok(names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |mut sub| {
            for (key, values) in &defaults {
                if known(&sub, key) {
                    sub = sub.mut_arg(key, |arg| arg.default_values(values.clone()));
                }
            }
            sub
        })
    }))
}

/// A value as it would be written on the command line.
fn text(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Boolean(yes) => Some(vec![yes.to_string()]),
        Value::Array(list) => list.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}
