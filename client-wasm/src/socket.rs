//! One WebSocket: the browser's events as plain calls.

use alloc::string::String;

use wasm_bindgen::prelude::*;

use crate::host::{Callback, callback};

#[wasm_bindgen(module = "/src/browser.js")]
extern "C" {
    #[wasm_bindgen(js_name = Socket)]
    type WebSocket;

    #[wasm_bindgen(static_method_of = WebSocket, js_class = Socket)]
    fn open(url: &str, tell: &Callback) -> Option<WebSocket>;
    #[wasm_bindgen(method)]
    fn send(this: &WebSocket, text: &str);
    #[wasm_bindgen(method)]
    fn close(this: &WebSocket, code: u16);
    #[wasm_bindgen(method)]
    fn leave(this: &WebSocket);
}

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
    _tell: Callback,
}

impl Socket {
    /// Opens a socket; `None` where the address is none, or one that the page may not name.
    pub(crate) fn open(url: &str, tell: impl Fn(SocketEvent) + 'static) -> Option<Self> {
        let tell = callback(move |what, code, text| {
            tell(match what {
                0 => SocketEvent::Opened,
                1 => SocketEvent::Text(text),
                _ => SocketEvent::Closed { was_open: what == 2, code: code as u16, reason: text },
            });
        });
        Some(Self { socket: WebSocket::open(url, &tell)?, _tell: tell })
    }

    /// Sends a text frame.
    pub(crate) fn send(&self, text: &str) {
        self.socket.send(text);
    }

    /// Closes with a code that a page may give: 1000 or 3000 to 4999.
    pub(crate) fn close(&self, code: u16) {
        self.socket.close(if (3000..5000).contains(&code) { code } else { 1000 });
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.leave();
    }
}
