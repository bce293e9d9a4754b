//! Streams, polls and posts, by `fetch`.

use alloc::rc::{Rc, Weak};
use alloc::string::String;

use tidings_client_core::{Closed, ConnId, Connect, Input, Transport};
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, AbortSignal};

use super::Driver;
use super::links::Way;
use crate::http::{self, HttpError, TIMEOUT_MS};
use crate::json;

impl Driver {
    /// Opens a stream, or polls.
    pub(super) fn open_request(self: &Rc<Self>, connect: Connect) {
        let controller = AbortController::new().ok();
        let signal = controller.as_ref().map(AbortController::signal);
        if let Some(controller) = controller {
            self.links.go(connect.conn, Way::Request(controller));
        }
        let is_stream = connect.transport == Transport::Stream;
        let path = connect.transport.path();
        self.request(connect.conn, path, connect.payload, signal, is_stream);
    }

    /// Posts frames.
    pub(super) fn post(self: &Rc<Self>, conn: ConnId, body: String) {
        self.links.begin(conn);
        let signal = Some(AbortSignal::timeout_with_u32(TIMEOUT_MS));
        self.request(conn, Transport::FRAMES, body, signal, false);
    }

    fn request(
        self: &Rc<Self>,
        conn: ConnId,
        path: &'static str,
        body: String,
        signal: Option<AbortSignal>,
        is_stream: bool,
    ) {
        let (weak, http) = (Rc::downgrade(self), self.http.clone());
        spawn_local(async move {
            let ended = async {
                let response = http.open("POST", path, Some(&body), signal.as_ref()).await?;
                let status = response.status();
                if status != 200 {
                    return Ok(refusal(status, &http::text_of(&response).await?));
                }
                if !is_stream {
                    let text = http::text_of(&response).await?;
                    if let Some(driver) = weak.upgrade()
                        && driver.links.end(conn)
                    {
                        driver.input(Input::Answer(conn, text));
                    }
                    return Ok(Closed::default());
                }
                tell(&weak, conn, Input::Opened(conn));
                http::read(&response, |chunk| tell(&weak, conn, Input::Chunk(conn, chunk))).await?;
                Ok(Closed::default())
            };
            let closed = ended.await.unwrap_or_else(|error: HttpError| {
                let reason = match error {
                    HttpError::Token(reason) | HttpError::Network(reason) | HttpError::Body(reason) => reason,
                    HttpError::Problem(_) | HttpError::Status(_) => String::new(),
                };
                Closed { reason, ..Closed::default() }
            });
            if let Some(driver) = weak.upgrade() {
                driver.closed(conn, closed);
            }
        });
    }
}

/// Hands something on, where it is still wanted.
fn tell(weak: &Weak<Driver>, conn: ConnId, input: Input) {
    if let Some(driver) = weak.upgrade()
        && driver.links.holds(conn)
    {
        driver.input(input);
    }
}

/// A refusal as the close code that means the same.
pub(super) fn refusal(status: u16, text: &str) -> Closed {
    let field = |name| json::field(text, name).filter(|value| !value.is_undefined());
    let code = match status {
        401 => Some(4001),
        // What is not the server's own refusal is that of something on the way.
        403 if field("code").is_some() => Some(4003),
        409 => Some(4009),
        429 => Some(4029),
        503 => Some(1013),
        _ => None,
    };
    let wait = field("retryAfterMs").and_then(|ms| ms.as_f64());
    Closed {
        code,
        reason: String::new(),
        retry_after_ms: wait.map(|ms| ms as u64),
        is_reachable: status < 500,
    }
}
