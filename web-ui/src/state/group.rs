//! From messages to rows: days, groups of one author, the unread divider, and which message shows its state.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::when;

/// Messages of one author nearer to each other than this stand together, in milliseconds.
pub const GROUP_MS: i64 = 5 * 60_000;

/// What grouping needs to know of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Names the row for as long as it lives.
    pub key: Arc<str>,
    /// Who sent it.
    pub sender: Arc<str>,
    /// Whether that is the reader.
    pub mine: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Its position; none while it is on its way.
    pub seq: Option<u64>,
}

/// One row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// A day begins.
    Day(i64),
    /// What follows has not been read.
    Unread,
    /// A message, by its key.
    Message(Arc<str>),
}

/// How a message's row is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// First of its group: has avatar, name and time.
    pub head: bool,
    /// Last of its group.
    pub tail: bool,
    /// Newest own message of a run: shows how far it has come.
    pub tick: bool,
}

/// The rows, and how each message is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// From the oldest down.
    pub rows: Vec<Row>,
    /// By the key of a message.
    pub flags: HashMap<Arc<str>, Flags>,
    /// The first unread message, where the divider stands.
    pub first_unread: Option<Arc<str>>,
}

/// Lays messages out. `unread_after` is where the reader had stopped when the room was opened; `offset_minutes` answers
/// how far the reader's zone is east of UTC at a moment.
pub fn layout(lines: &[Line], unread_after: Option<u64>, offset_minutes: impl Fn(i64) -> i64) -> Layout {
    let mut out = Layout::default();
    let mut days = HashSet::new();
    let mut before: Option<(&Line, i64)> = None;
    for line in lines {
        let day = when::day(line.at, offset_minutes(line.at));
        let mut broken = before.is_none_or(|(last, _)| !same_group(last, line));
        // A clock set back could begin a day twice; keys of rows are unique.
        if before.is_none_or(|(_, last)| last != day) && days.insert(day) {
            out.rows.push(Row::Day(day));
            broken = true;
        }
        let unread = unread_after.is_some_and(|read| !line.mine && line.seq.is_some_and(|seq| seq > read));
        if unread && out.first_unread.is_none() {
            out.first_unread = Some(line.key.clone());
            out.rows.push(Row::Unread);
            broken = true;
        }
        if broken && let Some((last, _)) = before {
            out.flags.entry(last.key.clone()).or_default().tail = true;
        }
        let follows_own = before.filter(|(last, _)| last.mine && line.mine);
        if let Some((last, _)) = follows_own {
            out.flags.entry(last.key.clone()).or_default().tick = false;
        }
        out.flags.insert(line.key.clone(), Flags { head: broken, tail: false, tick: line.mine });
        out.rows.push(Row::Message(line.key.clone()));
        before = Some((line, day));
    }
    if let Some((last, _)) = before {
        out.flags.entry(last.key.clone()).or_default().tail = true;
    }
    out
}

fn same_group(last: &Line, next: &Line) -> bool {
    last.sender == next.sender && (next.at - last.at).abs() < GROUP_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u64, sender: &str, at: i64) -> Line {
        Line { key: format!("m{n}").into(), sender: sender.into(), mine: sender == "me", at, seq: Some(n) }
    }

    fn drawn(layout: &Layout) -> Vec<String> {
        let row = |row: &Row| match row {
            Row::Day(day) => format!("day {day}"),
            Row::Unread => "unread".to_owned(),
            Row::Message(key) => {
                let flags = layout.flags[key];
                format!(
                    "{key}{}{}",
                    if flags.head { " head" } else { "" },
                    if flags.tail { " tail" } else { "" }
                )
            }
        };
        layout.rows.iter().map(row).collect()
    }

    #[test]
    fn one_author_within_five_minutes_is_one_group() {
        let lines =
            [line(1, "ann", 0), line(2, "ann", 1_000), line(3, "ann", 400_000), line(4, "bo", 401_000)];
        assert_eq!(
            drawn(&layout(&lines, None, |_| 0)),
            ["day 0", "m1 head", "m2 tail", "m3 head tail", "m4 head tail"]
        );
    }

    #[test]
    fn a_new_day_and_the_divider_break_a_group() {
        let near = when::DAY_MS - 1_000;
        let lines = [line(1, "ann", near), line(2, "ann", near + 2_000), line(3, "ann", near + 3_000)];
        assert_eq!(
            drawn(&layout(&lines, Some(2), |_| 0)),
            ["day 0", "m1 head tail", "day 1", "m2 head tail", "unread", "m3 head tail"]
        );
    }

    #[test]
    fn own_messages_are_never_unread() {
        let lines = [line(1, "ann", 0), line(2, "me", 1), line(3, "ann", 2)];
        let out = layout(&lines, Some(1), |_| 0);
        assert_eq!(out.first_unread.as_deref(), Some("m3"));
    }

    #[test]
    fn only_the_newest_own_message_of_a_run_shows_its_state() {
        let lines =
            [line(1, "me", 0), line(2, "me", 400_000), line(3, "ann", 400_001), line(4, "me", 400_002)];
        let out = layout(&lines, None, |_| 0);
        let ticks: Vec<bool> = lines.iter().map(|line| out.flags[&line.key].tick).collect();
        assert_eq!(ticks, [false, true, false, true]);
    }

    #[test]
    fn a_clock_that_runs_back_never_makes_two_rows_of_one_day() {
        let lines = [line(1, "ann", 0), line(2, "bo", when::DAY_MS), line(3, "ann", 5)];
        let rows = layout(&lines, None, |_| 0).rows;
        let unique: HashSet<&Row> = rows.iter().collect();
        assert_eq!(unique.len(), rows.len());
    }
}
