//! What a friend is shown, over every reconnect.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidings_client_native::{Event as Happened, Events, parse};
use tidings_protocol::Event;
use tokio::time::Instant;

/// All of it, in the order of its coming.
#[derive(Debug, Default)]
pub(super) struct Shown(Mutex<All>);

#[derive(Clone, Debug, Default)]
pub(super) struct All {
    /// Position in the inbox and id of each private message.
    pub(super) inbox: Vec<(u64, String)>,
    /// Position and kind of each entry of the room.
    pub(super) entries: Vec<(u64, String)>,
    /// The id of each notification and broadcast.
    pub(super) notices: Vec<String>,
    typing: Option<Typing>,
}

/// Somebody has begun to type, and since when that is over here.
#[derive(Clone, Copy, Debug)]
struct Typing {
    began: Instant,
    over: Option<Instant>,
}

impl Typing {
    fn lasted(self, now: Instant) -> Duration {
        self.over.unwrap_or(now) - self.began
    }
}

/// Writes down what comes out of a client, until it is closed.
pub(super) fn watch(mut events: Events) -> Arc<Shown> {
    let shown = Arc::new(Shown::default());
    let watching = Arc::clone(&shown);
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if let Happened::Frame(frame) = &event
                && let Ok(frame) = parse(frame)
            {
                watching.lock().frame(&frame.event);
            } else if let Happened::Disconnected { .. } = event {
                watching.lock().disconnected();
            }
        }
    });
    shown
}

impl Shown {
    pub(super) fn so_far(&self) -> All {
        self.lock().clone()
    }

    /// For how long somebody was shown as typing here, where anybody was; until now, where that is not over.
    pub(super) fn typing(&self) -> Option<Duration> {
        self.lock().typing.map(|typing| typing.lasted(Instant::now()))
    }

    /// Whether somebody is still shown as typing here, and not yet for so long.
    pub(super) fn types_for_less_than(&self, long: Duration) -> bool {
        let now = Instant::now();
        self.lock().typing.is_some_and(|typing| typing.over.is_none() && typing.lasted(now) <= long)
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    fn frame(&mut self, event: &Event) {
        if let Event::PrivateMessage(private) = event {
            self.inbox.extend(private.inbox_seq.map(|seq| (seq, private.message.message_id.to_string())));
        } else if let Event::Notification(notice) = event {
            self.notices.push(notice.item.id.clone());
        } else if let Event::Broadcast(notice) = event {
            self.notices.push(notice.item.id.clone());
        } else if let Event::Typing(typing) = event {
            self.typing(typing.is_typing, Instant::now());
        } else {
            self.entries.extend(entry(event));
        }
    }

    fn typing(&mut self, is_typing: bool, now: Instant) {
        if is_typing {
            // Where it had been over, that was too early.
            self.typing.get_or_insert(Typing { began: now, over: None }).over = None;
        } else if let Some(typing) = &mut self.typing {
            typing.over.get_or_insert(now);
        }
    }

    /// Who has lost the connection shows nobody as typing, and has measured nothing.
    fn disconnected(&mut self) {
        self.typing = None;
    }
}

/// Position and kind of an entry of a room, whether it was told live or read.
pub(super) fn entry(event: &Event) -> Option<(u64, String)> {
    if let Event::ChatMessage(one) = event {
        Some((one.seq, message(one.message_id.as_str())))
    } else if let Event::Edited(one) = event {
        Some((one.seq, edit(one.message_id.as_str())))
    } else if let Event::Reaction(one) = event {
        Some((one.seq, reaction(one.message_id.as_str())))
    } else {
        None
    }
}

pub(super) fn message(id: &str) -> String {
    format!("message {id}")
}

pub(super) fn edit(id: &str) -> String {
    format!("edit of {id}")
}

pub(super) fn reaction(id: &str) -> String {
    format!("reaction to {id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_lasts_from_the_first_word_of_it_to_its_end() {
        let (second, began, mut all) = (Duration::from_secs(1), Instant::now(), All::default());
        let lasted = |all: &All, now| all.typing.unwrap().lasted(now);
        all.typing(true, began);
        all.typing(true, began + second);
        assert_eq!(lasted(&all, began + 3 * second), 3 * second, "it goes on");
        all.typing(false, began + 4 * second);
        assert_eq!(lasted(&all, began + 9 * second), 4 * second);
        all.typing(true, began + 5 * second);
        assert_eq!(lasted(&all, began + 9 * second), 9 * second, "it had not been over");
    }

    #[test]
    fn typing_that_goes_on_is_waited_for_until_it_is_too_long() {
        let (second, shown) = (Duration::from_secs(1), Shown::default());
        assert!(!shown.types_for_less_than(second), "nobody types");
        shown.lock().typing(true, Instant::now().checked_sub(2 * second).unwrap());
        assert!(shown.types_for_less_than(3 * second) && !shown.types_for_less_than(second));
        shown.lock().typing(false, Instant::now());
        assert!(!shown.types_for_less_than(3 * second), "it is over");
    }

    #[test]
    fn who_loses_the_connection_has_measured_nothing() {
        let shown = Shown::default();
        shown.lock().typing(true, Instant::now());
        shown.lock().disconnected();
        assert_eq!(shown.typing(), None);
    }
}
