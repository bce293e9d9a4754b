//! What a run ends with: promises, aims in time, and figures.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use crate::check::Verdict;
use crate::error::Error;
use crate::report::Report;

/// Characters of an example at most.
const EXAMPLE: usize = 500;

/// One line of the table.
#[derive(Clone, Debug)]
struct Row {
    promise: String,
    tried: usize,
    broken: usize,
    /// A time on this machine rather than a promise of the protocol.
    is_aim: bool,
    /// A bound above the time, and how often that was passed.
    bound: Option<(Duration, usize)>,
}

impl Row {
    /// `times`: whether aims are judged, or their bounds alone.
    fn is_kept(&self, times: bool) -> bool {
        let is_far = self.bound.is_some_and(|(_, far)| far > 0);
        !is_far && (self.is_aim && !times || self.tried > 0 && self.broken == 0)
    }

    fn text(&self) -> String {
        match self.bound {
            Some((bound, _)) => format!("{} (time; within {bound:?} always)", self.promise),
            None if self.is_aim => format!("{} (time)", self.promise),
            None => self.promise.clone(),
        }
    }
}

/// What a run has found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    rows: Vec<Row>,
    figures: Vec<(String, String)>,
    examples: Vec<String>,
    skipped: Option<&'static str>,
}

impl Outcome {
    /// A run that this machine or user cannot do.
    #[must_use]
    pub fn skipped(why: &'static str) -> Self {
        Self { skipped: Some(why), ..Self::default() }
    }

    /// A run that did not come to its end.
    #[must_use]
    pub fn ended_by(error: &Error) -> Self {
        let mut outcome = Self::default();
        outcome.promise("the run comes to its end", 1, 1);
        outcome.example(error.to_string());
        outcome
    }

    /// A promise, how often it was tried, how often it was broken. The same promise again adds to its row.
    pub fn promise(&mut self, promise: impl Into<String>, tried: usize, broken: usize) {
        self.add(Row { promise: promise.into(), tried, broken, is_aim: false, bound: None });
    }

    /// A time, how often it was taken, how often it was too long.
    pub fn aim(&mut self, aim: impl Into<String>, tried: usize, broken: usize) {
        self.add(Row { promise: aim.into(), tried, broken, is_aim: true, bound: None });
    }

    /// A time with an aim, and with a bound so far above it that a busy machine is no excuse: that is judged always.
    pub fn time(&mut self, what: &str, took: Duration, aim: Duration, bound: Duration) {
        let promise = format!("{what} within {aim:?}");
        let judged = Some((bound, usize::from(took > bound)));
        self.add(Row { promise, tried: 1, broken: usize::from(took > aim), is_aim: true, bound: judged });
        if took > bound {
            self.example(format!("{what} after {took:.1?}"));
        } else if took > aim {
            self.figure(format!("late: {what}"), format!("after {took:.1?}"));
        }
    }

    fn add(&mut self, row: Row) {
        match self.rows.iter_mut().find(|known| known.promise == row.promise && known.is_aim == row.is_aim) {
            Some(known) => {
                known.tried += row.tried;
                known.broken += row.broken;
                if let (Some((_, known)), Some((_, far))) = (&mut known.bound, row.bound) {
                    *known += far;
                }
            }
            None => self.rows.push(row),
        }
    }

    /// All promises of a comparison.
    pub fn verdict(&mut self, verdict: &Verdict) {
        for (promise, tried, broken) in verdict.rows() {
            self.promise(promise, tried, broken);
        }
        verdict.examples().iter().for_each(|text| self.example(text.as_str()));
    }

    /// Something that was measured or counted, and is not judged.
    pub fn figure(&mut self, what: impl Into<String>, value: impl Into<String>) {
        self.figures.push((what.into(), value.into()));
    }

    /// One thing that was broken.
    pub fn example(&mut self, text: impl Into<String>) {
        let mut text: String = text.into();
        // It may hold whole messages.
        if let Some((end, _)) = text.char_indices().nth(EXAMPLE) {
            text.truncate(end);
            text.push('…');
        }
        self.examples.push(text);
    }

    /// Whether everything was tried and nothing broken; `times` says whether aims are judged too, and not their bounds
    /// alone.
    #[must_use]
    pub fn is_kept(&self, times: bool) -> bool {
        self.skipped.is_some() || !self.rows.is_empty() && self.rows.iter().all(|row| row.is_kept(times))
    }

    /// The whole as Markdown.
    #[must_use]
    pub fn text(&self, title: &str) -> String {
        if let Some(why) = self.skipped {
            return format!("\n### {title}\n\nSkipped: {why}.\n");
        }
        let mut promises = Report::new(&["promise", "tried", "broken"]);
        for row in &self.rows {
            promises.row([row.text(), row.tried.to_string(), row.broken.to_string()]);
        }
        let mut text = format!("\n### {title}\n\n{}", promises.markdown());
        // Writing to a string cannot fail.
        for (what, value) in &self.figures {
            let _ = write!(text, "\n- {what}: {value}");
        }
        for example in &self.examples {
            let _ = write!(text, "\n- BROKEN: {example}");
        }
        text.push('\n');
        text
    }
}

/// Writes a table to stdout.
pub(super) fn print(text: &str) -> Result<(), Error> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|e| Error::io("write the report", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_tried_is_not_kept() {
        let mut outcome = Outcome::default();
        assert!(!outcome.is_kept(false));
        outcome.promise("a", 3, 0);
        assert!(outcome.is_kept(true));
        outcome.promise("b", 0, 0);
        assert!(!outcome.is_kept(false));
    }

    #[test]
    fn the_same_promise_again_adds_to_its_row() {
        let mut outcome = Outcome::default();
        outcome.promise("a", 3, 1);
        outcome.promise("b", 1, 0);
        outcome.promise("a", 2, 0);
        assert!(outcome.text("x").contains("| a | 5 | 1 |"), "{}", outcome.text("x"));
        assert!(!outcome.is_kept(false));
    }

    #[test]
    fn times_are_judged_where_they_mean_something() {
        let mut outcome = Outcome::default();
        outcome.promise("a", 1, 0);
        outcome.aim("fast", 10, 1);
        assert!(outcome.is_kept(false) && !outcome.is_kept(true));
        outcome.promise("c", 1, 1);
        assert!(!outcome.is_kept(false));
    }

    #[test]
    fn a_time_far_above_its_aim_is_judged_always() {
        let second = Duration::from_secs(1);
        let mut outcome = Outcome::default();
        outcome.time("back", second / 2, second, 3 * second);
        assert!(outcome.is_kept(true));
        outcome.time("back", 2 * second, second, 3 * second);
        assert!(outcome.is_kept(false) && !outcome.is_kept(true));
        outcome.time("back", 4 * second, second, 3 * second);
        assert!(!outcome.is_kept(false));
        let text = outcome.text("x");
        assert!(text.contains("| back within 1s (time; within 3s always) | 3 | 2 |"), "{text}");
    }

    #[test]
    fn a_run_that_ended_early_is_broken_and_says_why() {
        let outcome = Outcome::ended_by(&Error::Server("gone".to_owned()));
        assert!(!outcome.is_kept(false) && outcome.text("kill").contains("gone"));
    }
}
