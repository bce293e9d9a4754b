//! Unsent text: one draft per user and place, kept in the browser's storage as text.

/// What was typed and not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// The message that it answers.
    pub reply_to: Option<String>,
}

impl Draft {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.reply_to.is_none()
    }

    /// As it is stored: the reply target's line, then the text.
    #[must_use]
    pub fn encode(&self) -> String {
        format!("{}\n{}", self.reply_to.as_deref().unwrap_or_default(), self.text)
    }

    /// Back from storage.
    #[must_use]
    pub fn decode(stored: &str) -> Self {
        let (reply, text) = stored.split_once('\n').unwrap_or(("", stored));
        Self { text: text.to_owned(), reply_to: (!reply.is_empty()).then(|| reply.to_owned()) }
    }
}

/// The storage key of one user's draft in one place.
#[must_use]
pub fn key(user: &str, place: &str) -> String {
    format!("{}{place}", prefix(user))
}

/// What every draft key of a user begins with. A user id has no whitespace, so the space ends it.
#[must_use]
pub fn prefix(user: &str) -> String {
    format!("tidings.draft.{user} ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_back_as_it_went() {
        for draft in [
            Draft { text: "two\nlines".into(), reply_to: None },
            Draft { text: "re".into(), reply_to: Some("0199-aa".into()) },
            Draft { text: String::new(), reply_to: Some("0199-aa".into()) },
        ] {
            assert_eq!(Draft::decode(&draft.encode()), draft);
        }
    }

    #[test]
    fn spaces_are_no_draft_and_users_do_not_mix() {
        assert!(Draft { text: " \n ".into(), reply_to: None }.is_empty());
        assert!(!key("ann", "room/a").starts_with(&prefix("an")));
    }
}
