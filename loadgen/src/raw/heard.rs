//! The few fields of a server frame that a measurement looks at.

use std::borrow::Cow;

use serde::Deserialize;

/// One server frame.
#[derive(Debug, Deserialize)]
pub struct Heard<'a> {
    /// Its category.
    pub category: &'a str,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// What it carries.
    #[serde(borrow)]
    pub data: Data<'a>,
}

/// What it carries.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Data<'a> {
    /// Position in its log.
    pub seq: Option<u64>,
    /// When a server that goes wants to be asked again.
    pub retry_after_ms: Option<u64>,
    /// Why a command was refused.
    #[serde(borrow)]
    pub error: Option<Cow<'a, str>>,
    /// The log's name, of a greeting.
    #[serde(borrow)]
    pub epoch: Option<Cow<'a, str>>,
    /// Why entries are left out, of a gap.
    #[serde(borrow)]
    pub reason: Option<Cow<'a, str>>,
    /// The id of a message.
    #[serde(borrow)]
    pub message_id: Option<Cow<'a, str>>,
}

impl Heard<'_> {
    /// The position of a message of a room.
    pub fn message(&self) -> Option<u64> {
        if self.is("CHAT", "MESSAGE") { self.data.seq } else { None }
    }

    /// Whether it is of this category and type.
    pub fn is(&self, category: &str, kind: &str) -> bool {
        self.category == category && self.kind == kind
    }

    /// Why a command was refused.
    pub fn refusal(&self) -> Option<String> {
        self.data.error.as_ref().filter(|_| self.category == "ERROR").map(|error| error.clone().into_owned())
    }
}
