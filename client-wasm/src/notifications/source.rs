//! One EventSource: the browser's events as plain calls.

use alloc::borrow::ToOwned;
use alloc::string::String;

use wasm_bindgen::prelude::*;

use super::refusal::Refusal;
use crate::host::{Callback, callback};

#[wasm_bindgen(module = "/src/browser.js")]
extern "C" {
    #[wasm_bindgen(js_name = Source)]
    type EventSource;

    #[wasm_bindgen(static_method_of = EventSource, js_class = Source)]
    fn exists() -> bool;
    #[wasm_bindgen(static_method_of = EventSource, js_class = Source)]
    fn open(url: &str, names: &str, tell: &Callback) -> Option<EventSource>;
    #[wasm_bindgen(method)]
    fn leave(this: &EventSource);
}

/// What a stream carries: the names of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEventKind {
    /// The stream stands; data is [`StreamConnected`](tidings_protocol::http::StreamConnected).
    Connected,
    /// A [`Notification`](tidings_protocol::entity::Notification) to this user.
    Notification,
    /// A [`Broadcast`](tidings_protocol::entity::Broadcast) to everybody.
    Broadcast,
    /// The read state changed, here or on another device: a
    /// [`NotificationState`](tidings_protocol::entity::NotificationState).
    State,
    /// The cursor could not be used, and what follows is as without one; data is
    /// [`StreamReset`](tidings_protocol::http::StreamReset).
    Reset,
}

impl StreamEventKind {
    const ALL: [Self; 5] = [Self::Connected, Self::Notification, Self::Broadcast, Self::State, Self::Reset];

    /// The event of a name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|kind| kind.as_str() == name).copied()
    }

    /// The event's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Notification => "notification",
            Self::Broadcast => "broadcast",
            Self::State => "state",
            Self::Reset => "reset",
        }
    }
}

/// What a source says.
#[derive(Debug)]
pub(crate) enum SourceEvent {
    Message {
        kind: StreamEventKind,
        data: String,
        cursor: Option<String>,
    },
    /// The connection was lost or refused; why, where that is told. The browser may be about to retry by itself.
    Failed(Option<Refusal>),
}

/// An open or opening stream. Dropping it closes it, and nothing is heard of it any more.
pub(crate) struct Source {
    source: EventSource,
    _tell: Callback,
}

impl Source {
    /// Whether there is such a thing here; Node has none.
    pub(super) fn exists() -> bool {
        EventSource::exists()
    }

    /// `None` where the address is none.
    pub(crate) fn open(url: &str, tell: impl Fn(SourceEvent) + 'static) -> Option<Self> {
        let tell = callback(move |what, length, text| {
            // A cursor is ASCII: its length is the same in both languages.
            let (cursor, data) = text.split_at_checked(length as usize).unwrap_or_default();
            let cursor = Some(cursor).filter(|cursor| !cursor.is_empty()).map(str::to_owned);
            tell(match StreamEventKind::ALL.get(what as usize) {
                Some(&kind) => SourceEvent::Message { kind, data: data.to_owned(), cursor },
                None => SourceEvent::Failed(None),
            });
        });
        let mut names = String::new();
        for kind in StreamEventKind::ALL {
            names.push_str(kind.as_str());
            names.push(' ');
        }
        Some(Self { source: EventSource::open(url, &names, &tell)?, _tell: tell })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.leave();
    }
}
