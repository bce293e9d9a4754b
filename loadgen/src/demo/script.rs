//! Who is in the team, and what is said. The team runs the timetable and tickets of a small ferry company.

mod direct;
mod live;
mod rooms;

pub(super) use self::direct::{BROADCAST, DIRECT, NOTICES};
pub(super) use self::live::{EXCHANGES, LIVE_NOTICE};
pub(super) use self::rooms::ROOMS;

/// One of the team.
pub(super) struct Person {
    /// The user id.
    pub(super) id: &'static str,
    /// The display name.
    pub(super) name: &'static str,
}

/// A room and what is said in it.
pub(super) struct Room {
    /// Its id.
    pub(super) id: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Whether only its members may enter.
    pub(super) private: bool,
    /// Who is in it; the first makes it.
    pub(super) members: &'static [&'static str],
    /// Who has not read to the end.
    pub(super) unread_by: &'static [&'static str],
    /// What is said.
    pub(super) lines: &'static [Line],
}

/// A conversation of two.
pub(super) struct Conversation {
    /// The two.
    pub(super) between: [&'static str; 2],
    /// Who of them has not read to the end.
    pub(super) unread_by: Option<&'static str>,
    /// What is said.
    pub(super) lines: &'static [Line],
}

/// Something said, and what became of it.
#[derive(Clone, Copy)]
pub(super) struct Line {
    /// By whom.
    pub(super) by: &'static str,
    /// The text.
    pub(super) text: &'static str,
    /// The line of the same conversation that it answers.
    pub(super) reply: Option<usize>,
    /// Who reacted, and how.
    pub(super) reactions: &'static [(&'static str, &'static str)],
    /// What it was changed to.
    pub(super) edited: Option<&'static str>,
    /// Whether it was deleted.
    pub(super) deleted: bool,
}

/// A notification.
pub(super) struct Notice {
    /// To whom; nobody for a broadcast.
    pub(super) to: &'static str,
    /// Its type.
    pub(super) kind: &'static str,
    /// Its title.
    pub(super) title: &'static str,
    /// Its text.
    pub(super) text: &'static str,
    /// Whether it was read.
    pub(super) read: bool,
}

/// Lines that are said while somebody watches.
pub(super) struct Exchange {
    /// Where.
    pub(super) room: &'static str,
    /// By whom, and what.
    pub(super) lines: &'static [(&'static str, &'static str)],
}

/// Whom a visitor signs in as: they say nothing while somebody watches.
pub(super) const VISITORS: [&str; 2] = ["ann", "bob"];

/// The team.
pub(super) const PEOPLE: &[Person] = &[
    Person { id: "ann", name: "Ann Holm" },
    Person { id: "bob", name: "Bob Okafor" },
    Person { id: "chiara", name: "Chiara Rossi" },
    Person { id: "dmitri", name: "Dmitri Volkov" },
    Person { id: "elif", name: "Elif Demir" },
    Person { id: "farid", name: "Farid Haddad" },
    Person { id: "grace", name: "Grace Mensah" },
    Person { id: "hiro", name: "Hiro Tanaka" },
    Person { id: "ines", name: "Inês Duarte" },
    Person { id: "jonas", name: "Jonas Berg" },
    Person { id: "kemi", name: "Kemi Adeyemi" },
    Person { id: "lars", name: "Lars Nygaard" },
];

const fn say(by: &'static str, text: &'static str) -> Line {
    Line { by, text, reply: None, reactions: &[], edited: None, deleted: false }
}

impl Line {
    const fn to(self, line: usize) -> Self {
        Self { reply: Some(line), ..self }
    }

    const fn with(self, reactions: &'static [(&'static str, &'static str)]) -> Self {
        Self { reactions, ..self }
    }

    const fn edited(self, text: &'static str) -> Self {
        Self { edited: Some(text), ..self }
    }

    const fn deleted(self) -> Self {
        Self { deleted: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn whoever_says_or_does_something_in_a_room_is_in_it() {
        let people: HashSet<&str> = PEOPLE.iter().map(|person| person.id).collect();
        let conversations = DIRECT.iter().map(|d| (&d.between[..], d.lines));
        let talks = ROOMS.iter().map(|room| (room.members, room.lines)).chain(conversations);
        for (members, lines) in talks {
            assert!(members.iter().all(|id| people.contains(id)), "{members:?}");
            for (n, line) in lines.iter().enumerate() {
                assert!(members.contains(&line.by), "{} in {members:?}", line.by);
                assert!(line.reactions.iter().all(|(by, _)| members.contains(by)), "{}", line.text);
                assert!(line.reply.is_none_or(|answered| answered < n), "{}", line.text);
            }
        }
        for exchange in EXCHANGES {
            let room = ROOMS.iter().find(|room| room.id == exchange.room).unwrap();
            let fits = |by: &&str| room.members.contains(by) && !VISITORS.contains(by);
            assert!(exchange.lines.iter().all(|(by, _)| fits(by)), "{}", exchange.room);
        }
    }

    #[test]
    fn both_visitors_find_something_unread_in_rooms_conversations_and_notifications() {
        for visitor in VISITORS {
            assert!(ROOMS.iter().any(|room| room.unread_by.contains(&visitor)));
            assert!(DIRECT.iter().any(|conversation| conversation.unread_by == Some(visitor)));
            assert!(NOTICES.iter().any(|notice| notice.to == visitor && !notice.read));
        }
    }

    #[test]
    fn whoever_has_unread_lines_did_not_say_the_last_one() {
        let conversations = DIRECT.iter().map(|d| (d.unread_by.as_slice(), d.lines));
        for (unread_by, lines) in ROOMS.iter().map(|room| (room.unread_by, room.lines)).chain(conversations) {
            assert!(unread_by.iter().all(|id| lines.last().unwrap().by != *id));
        }
    }
}
