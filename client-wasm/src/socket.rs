//! One WebSocket: the browser's events as plain calls.

use alloc::rc::Rc;
use alloc::string::String;
use core::cell::Cell;

use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

/// What a socket says.
#[derive(Debug)]
pub(crate) enum SocketEvent {
    Opened,
    Text(String),
    /// Closed or never opened; then nothing more is said.
    Closed {
        /// Whether it had been open.
        was_open: bool,
        code: u16,
        reason: String,
    },
}

/// An open or opening socket. Dropping it closes it, and nothing is heard of it any more.
pub(crate) struct Socket {
    socket: WebSocket,
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket; an error is an address that is none, or that the page may not name.
    pub(crate) fn open(url: &str, tell: impl Fn(SocketEvent) + 'static) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url)?;
        let tell = Rc::new(tell);
        let was_open = Rc::new(Cell::new(false));

        let (say, opened) = (Rc::clone(&tell), Rc::clone(&was_open));
        let on_open = Closure::new(move |_: Event| {
            opened.set(true);
            say(SocketEvent::Opened);
        });
        let say = Rc::clone(&tell);
        let on_message = Closure::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                say(SocketEvent::Text(text));
            }
        });
        let on_close = Closure::new(move |event: CloseEvent| {
            tell(SocketEvent::Closed {
                was_open: was_open.get(),
                code: event.code(),
                reason: event.reason(),
            });
        });

        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close })
    }

    /// Sends a text frame. A socket that cannot take it is about to say that it is closed.
    pub(crate) fn send(&self, text: &str) {
        let _ = self.socket.send_with_str(text);
    }

    /// Closes with a code that a page may give: 1000 or 3000 to 4999.
    pub(crate) fn close(&self, code: u16) {
        let code = if code == 1000 || (3000..5000).contains(&code) { code } else { 1000 };
        let _ = self.socket.close_with_code(code);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}
