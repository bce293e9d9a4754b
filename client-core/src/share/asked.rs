//! What the links have asked the server, and it has not answered: in the order of the asking, which is that of its
//! answers to joins.

use alloc::string::String;
use alloc::vec::Vec;

use super::link::LinkId;
use crate::said::Meaning;

#[derive(Debug)]
struct Question {
    id: String,
    link: LinkId,
    ask: Meaning,
}

/// All of them: as many as the links' sessions have on their way, each of which is bounded by its outbox.
#[derive(Debug, Default)]
pub(super) struct Asked(Vec<Question>);

impl Asked {
    pub(super) fn push(&mut self, id: String, link: LinkId, ask: Meaning) {
        self.0.push(Question { id, link, ask });
    }

    /// An answer came: who asked, and what.
    pub(super) fn answered(&mut self, id: &str) -> Option<(LinkId, Meaning)> {
        let at = self.0.iter().position(|q| q.id == id)?;
        let question = self.0.remove(at);
        Some((question.link, question.ask))
    }

    /// A room was answered for: the first that asks for it and has no answer. Without `joins`, only as part of a
    /// `RESUME`.
    pub(super) fn entered(&mut self, room: &str, joins: bool) -> Option<LinkId> {
        self.0.iter_mut().find_map(|q| match &mut q.ask {
            Meaning::Resume(rooms) => {
                let at = rooms.iter().position(|r| r == room)?;
                rooms.remove(at);
                Some(q.link)
            }
            Meaning::Join(asked) if joins && asked == room => {
                // The `ACK` that follows finds the question still, but not the room.
                asked.clear();
                Some(q.link)
            }
            Meaning::Join(_) | Meaning::Plain | Meaning::Read(..) => None,
        })
    }

    /// Whether a link other than this one asks for the room.
    pub(super) fn awaits(&self, room: &str, but: LinkId) -> bool {
        self.0.iter().any(|q| {
            q.link != but
                && match &q.ask {
                    Meaning::Resume(rooms) => rooms.iter().any(|r| r == room),
                    Meaning::Join(asked) => asked == room,
                    Meaning::Plain | Meaning::Read(..) => false,
                }
        })
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
