//! One EventSource: the browser's events as plain calls.
//!
//! Straight on web-sys: gloo-net's wrapper is a stream for each name of an event, over channels that nothing else here
//! needs.

use alloc::rc::Rc;
use alloc::string::String;

use wasm_bindgen::prelude::*;
use web_sys::{Event, EventSource, MessageEvent};

use super::refusal::Refusal;

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
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
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
    on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl Source {
    /// Whether there is such a thing here; Node has none.
    pub(super) fn exists() -> bool {
        js_sys::Reflect::has(&js_sys::global(), &"EventSource".into()).unwrap_or_default()
    }

    pub(crate) fn open(url: &str, tell: impl Fn(SourceEvent) + 'static) -> Result<Self, JsValue> {
        let source = EventSource::new(url)?;
        let tell = Rc::new(tell);

        let say = Rc::clone(&tell);
        let on_message = Closure::new(move |event: MessageEvent| {
            let name = event.type_();
            if let (Some(kind), Some(data)) = (StreamEventKind::of(&name), event.data().as_string()) {
                let cursor = Some(event.last_event_id()).filter(|cursor| !cursor.is_empty());
                say(SourceEvent::Message { kind, data, cursor });
            }
        });
        for kind in StreamEventKind::ALL {
            source.add_event_listener_with_callback(kind.as_str(), on_message.as_ref().unchecked_ref())?;
        }
        let on_error = Closure::new(move |_: Event| tell(SourceEvent::Failed(None)));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { source, on_message, _on_error: on_error })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.close();
        self.source.set_onerror(None);
        for kind in StreamEventKind::ALL {
            let callback = self.on_message.as_ref().unchecked_ref();
            // It fails for a listener that is not there, and that is what is wanted.
            let _ = self.source.remove_event_listener_with_callback(kind.as_str(), callback);
        }
    }
}
