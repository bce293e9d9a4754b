//! Figures as a Markdown table, with the aim beside each.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::error::Error;

/// A table that grows.
#[derive(Debug)]
pub struct Report {
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Report {
    /// An empty table.
    #[must_use]
    pub const fn new(head: &'static [&'static str]) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Writes it to stdout.
    ///
    /// # Errors
    /// Nobody takes it.
    pub fn print(&self) -> Result<(), Error> {
        std::io::stdout().write_all(self.markdown().as_bytes()).map_err(|e| Error::io("write the report", e))
    }

    /// The whole.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("| {} |\n|{}\n", self.head.join(" | "), "---|".repeat(self.head.len()));
        for row in &self.rows {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_markdown_table() {
        let mut report = Report::new(&["what", "figure"]);
        report.row(["a".to_owned(), "1".to_owned()]);
        assert_eq!(report.markdown(), "| what | figure |\n|---|---|\n| a | 1 |\n");
    }
}
