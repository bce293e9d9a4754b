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
                // Who has lost the connection shows nobody as typing.
                watching.lock().typing_is_over();
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
        self.lock().typing.map(|typing| typing.over.unwrap_or_else(Instant::now) - typing.began)
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
            if typing.is_typing {
                self.typing = Some(Typing { began: Instant::now(), over: None });
            } else {
                self.typing_is_over();
            }
        } else {
            self.entries.extend(entry(event));
        }
    }

    fn typing_is_over(&mut self) {
        if let Some(typing) = &mut self.typing {
            typing.over.get_or_insert_with(Instant::now);
        }
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
