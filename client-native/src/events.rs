//! What happens, in order.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use tidings_client_core::{Event, Frame};
use tidings_protocol::ServerFrame;
use tokio::sync::mpsc;

/// What happens to a client: one receiver, in order, and nothing left out.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Box<Event>>);

impl Events {
    pub(crate) const fn new(receiver: mpsc::Receiver<Box<Event>>) -> Self {
        Self(receiver)
    }

    /// The next event; `None` once the client is closed and all is taken.
    pub async fn recv(&mut self) -> Option<Event> {
        self.0.recv().await.map(|event| *event)
    }

    /// The next event, where one waits.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.0.try_recv().ok().map(|event| *event)
    }

    /// The next server frame that the protocol knows; other events are passed over.
    pub async fn frame(&mut self) -> Option<ServerFrame> {
        loop {
            if let Event::Frame(frame) = self.recv().await?
                && let Ok(frame) = parse(&frame)
            {
                return Some(frame);
            }
        }
    }

    /// Passes events over until `pick` takes a server frame; `None` where the client is closed before.
    pub async fn find<T>(&mut self, mut pick: impl FnMut(ServerFrame) -> Option<T>) -> Option<T> {
        loop {
            if let Some(found) = pick(self.frame().await?) {
                return Some(found);
            }
        }
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_recv(cx).map(|event| event.map(|event| *event))
    }
}

/// A frame in the protocol's types. The session itself reads a few fields only, so this costs where it is called.
///
/// # Errors
/// The frame is of a type that this version does not know, or does not fit it.
pub fn parse(frame: &Frame) -> serde_json::Result<ServerFrame> {
    serde_json::from_str(frame.text())
}
