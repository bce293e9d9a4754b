//! The same stream by `fetch`: where there is no EventSource, or where the token is to go in a header.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::RefCell;

use tidings_client_core::EventStream;

use super::refusal::Refusal;
use super::source::{SourceEvent, StreamEventKind};
use crate::http::{Answer, Ask, Exchange, Http, Span};

/// An open or opening stream. Dropping it closes it, and nothing is heard of it any more.
pub(super) struct Fetched(Rc<Exchange>);

impl Fetched {
    pub(super) fn open(http: &Http, path: String, tell: impl Fn(SourceEvent) + 'static) -> Self {
        let stream = RefCell::new(EventStream::default());
        let ask = Ask { method: "GET".to_owned(), path, body: None, span: Span::Stream };
        Self(http.exchange(ask, move |answer| {
            let refusal = match answer {
                Answer::Part(text) => {
                    stream.borrow_mut().push(&text);
                    while let Some(event) = next(&stream) {
                        tell(event);
                    }
                    return;
                }
                Answer::Opened => return,
                Answer::Ended => None,
                Answer::Whole(status, text) => Some(Refusal::of(status, &text)),
                Answer::Failed(error) => Some(error.into()),
            };
            tell(SourceEvent::Failed(refusal));
        }))
    }
}

fn next(stream: &RefCell<EventStream>) -> Option<SourceEvent> {
    loop {
        let event = stream.borrow_mut().next_event()?;
        if let Some(kind) = StreamEventKind::of(&event.name) {
            return Some(SourceEvent::Message { kind, data: event.data, cursor: event.id });
        }
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        self.0.abort();
    }
}
