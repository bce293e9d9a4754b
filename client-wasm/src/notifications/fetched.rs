//! The same stream by `fetch`: where there is no EventSource, or where the token is to go in a header.

use alloc::rc::Rc;
use alloc::string::String;

use tidings_client_core::EventStream;
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

use core::cell::RefCell;

use super::refusal::Refusal;
use super::source::{SourceEvent, StreamEventKind};
use crate::http::{self, Http, HttpError};

/// An open or opening stream. Dropping it closes it, and nothing is heard of it any more.
pub(super) struct Fetched(Option<AbortController>);

impl Fetched {
    pub(super) fn open(http: &Http, path: String, tell: impl Fn(SourceEvent) + 'static) -> Self {
        let controller = AbortController::new().ok();
        let signal = controller.as_ref().map(AbortController::signal);
        let http = http.clone();
        let tell = Rc::new(tell);
        spawn_local(async move {
            let ended = async {
                let response = http.open("GET", &path, None, signal.as_ref()).await?;
                let status = response.status();
                if status != 200 {
                    return Ok(Some(Refusal::of(status, &http::text_of(&response).await?)));
                }
                let stream = RefCell::new(EventStream::default());
                let say = Rc::clone(&tell);
                http::read(&response, |chunk| {
                    stream.borrow_mut().push(&chunk);
                    while let Some(event) = next(&stream) {
                        say(event);
                    }
                })
                .await?;
                Ok(None)
            };
            tell(SourceEvent::Failed(ended.await.unwrap_or_else(|error: HttpError| Some(error.into()))));
        });
        Self(controller)
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
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}
