//! Writes `docs/configuration.md` from the settings themselves.
//!
//! `./x configuration` runs it; with `--check`, as in `./x settings`, nothing is written, and a page that differs from
//! the settings is an error.

use std::any::TypeId;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory as _};
use tidings_server::cli::Cli;
use tidings_server::config::bounds::BOUNDS;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");

const HEAD: &str = "\
# Configuration

<!-- Made from the settings themselves, as `--help` is: `./x configuration` writes it. Do not edit. -->

A setting is a flag, a variable, or a key of the file that `--config` names (TOML); the flag wins over the variable, and
the variable over the file. A key that is no setting is refused, and what must not stand together is refused at the
start, with one sentence that says what to change. Secrets, and URLs with passwords, are best given as variables: other
users of the machine can see a command line.

| kind | how it is written |
|---|---|
| `TIME` | a whole number and a unit, `ms`, `s`, `m`, `h` or `d`: `500ms`, `10s`, `7d` |
| `BYTES` | a whole number of bytes, without a unit |
| `COUNT` | a whole number |
| `BOOL` | `true` or `false`; in the file without quotes |
| a list (`…,…`) | with commas between; in the file also as a list of texts |
| everything else | a text; in the file in quotes |

What is logged is said by the variable `RUST_LOG` (`info`, `tidings_server=debug`), which is no setting of this list.
";

fn main() -> ExitCode {
    let made = page(&Cli::command());
    if std::env::args().any(|argument| argument == "--check") {
        if std::fs::read_to_string(PAGE).is_ok_and(|found| found == made) {
            return ExitCode::SUCCESS;
        }
        eprintln!(
            "docs/configuration.md differs from the settings; type: ./x configuration (and commit the result)"
        );
        return ExitCode::FAILURE;
    }
    match std::fs::write(PAGE, made) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{PAGE}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn page(cli: &Command) -> String {
    let mut out = String::from(HEAD);
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set()) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(out, "\n## `{} {}`\n\n{}.\n", cli.get_name(), command.get_name(), plain(&about));
        for (heading, settings) in groups(command) {
            if let Some(heading) = heading {
                let _ = write!(out, "\n### {heading}\n");
            }
            out.push_str("\n| flag | variable | key | default | range | what |\n|---|---|---|---|---|---|\n");
            settings.into_iter().for_each(|setting| out.push_str(&row(setting)));
        }
    }
    out
}

/// Settings by heading, in the order in which each heading comes first.
fn groups(command: &Command) -> Vec<(Option<&str>, Vec<&Arg>)> {
    let mut groups: Vec<(Option<&str>, Vec<&Arg>)> = Vec::new();
    for setting in command.get_arguments().filter(|setting| !setting.is_hide_set()) {
        let heading = setting.get_help_heading();
        match groups.iter_mut().find(|(of, _)| *of == heading) {
            Some((_, group)) => group.push(setting),
            None => groups.push((heading, vec![setting])),
        }
    }
    groups
}

fn row(setting: &Arg) -> String {
    let (what, said) = help(setting);
    let variable = setting.get_env().map(|name| code(&name.to_string_lossy()));
    // What no variable stands for is a setting of one call, and the file cannot hold its own name.
    let in_file = variable.is_some() && setting.get_id() != "config";
    let key = if in_file { code(setting.get_id().as_str()) } else { String::new() };
    let default = default(setting).or(said).unwrap_or_default();
    format!(
        "| {} | {} | {key} | {default} | {} | {} |\n",
        code(&flag(setting)),
        variable.unwrap_or_default(),
        range(setting),
        plain(&what)
    )
}

fn flag(setting: &Arg) -> String {
    let long = setting.get_long().unwrap_or_default();
    let value = setting.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    if setting.is_require_equals_set() {
        format!("--{long}[={value}]")
    } else {
        format!("--{long} {value}").trim_end().to_owned()
    }
}

/// The help, and the default that it tells of where the program has none of its own.
fn help(setting: &Arg) -> (String, Option<String>) {
    let help = setting.get_help().map(ToString::to_string).unwrap_or_default();
    match help.split_once(" [default: ") {
        Some((what, said)) => (what.to_owned(), Some(plain(said.trim_end_matches(']')))),
        None => (help, None),
    }
}

fn default(setting: &Arg) -> Option<String> {
    let values: Vec<String> =
        setting.get_default_values().iter().map(|value| code(&value.to_string_lossy())).collect();
    if values.is_empty() {
        return setting.is_required_set().then(|| "required".to_owned());
    }
    Some(values.join(", "))
}

/// The values that there are, or the least of them.
fn range(setting: &Arg) -> String {
    let possible = setting.get_possible_values();
    if !possible.is_empty() && !setting.is_hide_possible_values_set() {
        let names: Vec<String> = possible.iter().map(|value| code(value.get_name())).collect();
        return names.join(", ");
    }
    if let Some(bound) = BOUNDS.iter().find(|bound| setting.get_long() == Some(bound.flag)) {
        return bound.in_words();
    }
    if setting.get_value_parser().type_id() == TypeId::of::<NonZeroU32>() {
        return "at least 1".to_owned();
    }
    String::new()
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// A text that Markdown must not take for more; what stands between backquotes is left as it is.
fn plain(text: &str) -> String {
    let escape = |part: &str| part.replace('|', "\\|").replace('*', "\\*").replace('<', "\\<");
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { escape(part) } else { code(part) }).collect()
}
