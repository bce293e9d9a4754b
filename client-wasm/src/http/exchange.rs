//! One request and its answer, with the token in the header: `browser.js` does it, and here is said what follows.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use super::{Http, HttpError};
use crate::host::{Callback, callback};
use crate::text::joined;

#[wasm_bindgen(module = "/src/browser.js")]
extern "C" {
    type FetchRequest;

    #[wasm_bindgen(constructor)]
    fn new(
        method: &str,
        url: &str,
        token: Option<&str>,
        body: Option<&str>,
        timeout_ms: u32,
        streams: bool,
        tell: &Callback,
    ) -> FetchRequest;
    #[wasm_bindgen(method)]
    fn abort(this: &FetchRequest);
}

/// A request that takes longer than this has failed, in milliseconds.
const TIMEOUT_MS: u32 = 30_000;

/// What is asked for.
pub(crate) struct Ask {
    /// `GET`, `POST` and the like.
    pub(crate) method: String,
    /// Begins with a slash.
    pub(crate) path: String,
    /// JSON.
    pub(crate) body: Option<String>,
    /// When it is given up.
    pub(crate) span: Span,
}

/// How long a request may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// 30 seconds.
    Short,
    /// Until it is called off, and the body of an answer with status 200 is told part by part.
    Stream,
}

/// What is told of an exchange. What is not `Opened` or `Part` is the last word.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The whole answer, whatever it says: its status and its body.
    Whole(u16, String),
    /// A stream stands.
    Opened,
    /// A part of a stream's body.
    Part(String),
    /// A stream's body is at its end.
    Ended,
    /// There is no answer.
    Failed(HttpError),
}

/// A request under way, which ends by itself or by [`abort`](Self::abort); then nothing more is told.
pub(crate) struct Exchange {
    http: Http,
    ask: Ask,
    tell: Box<dyn Fn(Answer)>,
    is_over: Cell<bool>,
    request: RefCell<Option<(FetchRequest, Callback)>>,
}

impl Exchange {
    pub(super) fn begin(http: Http, ask: Ask, tell: Box<dyn Fn(Answer)>) -> Rc<Self> {
        let exchange =
            Rc::new(Self { http, ask, tell, is_over: Cell::new(false), request: RefCell::new(None) });
        exchange.fetch(false);
        exchange
    }

    /// Ends it; nothing more is told.
    pub(crate) fn abort(&self) {
        if !self.is_over.replace(true)
            && let Some((request, _)) = self.request.take()
        {
            request.abort();
        }
    }

    /// Asks for the token first. `fresh`: the last one was refused.
    fn fetch(self: &Rc<Self>, fresh: bool) {
        let exchange = Rc::clone(self);
        self.http.auth.token(
            fresh,
            Box::new(move |token| match token {
                Ok(token) => exchange.send(token.as_deref(), fresh),
                Err(reason) => exchange.end(Answer::Failed(HttpError::Token(reason))),
            }),
        );
    }

    fn send(self: &Rc<Self>, token: Option<&str>, fresh: bool) {
        if self.is_over.get() {
            return;
        }
        let Ask { method, path, body, span } = &self.ask;
        let timeout_ms = if *span == Span::Short { TIMEOUT_MS } else { 0 };
        let url = joined(&[&self.http.base, path]);
        let exchange = Rc::clone(self);
        let tell = callback(move |what, status, text| exchange.heard(what, status as u16, text, fresh));
        let streams = *span == Span::Stream;
        let request = FetchRequest::new(method, &url, token, body.as_deref(), timeout_ms, streams, &tell);
        let before = self.request.replace(Some((request, tell)));
        drop(before);
    }

    fn heard(self: &Rc<Self>, what: u32, status: u16, text: String, fresh: bool) {
        match what {
            // Where the token is refused and another can be had, it is tried once more.
            1 if status == 401 && !fresh && self.http.auth.is_refreshable() => self.fetch(true),
            1 => self.end(Answer::Whole(status, text)),
            2 => (self.tell)(Answer::Opened),
            3 => (self.tell)(Answer::Part(text)),
            4 => self.end(Answer::Ended),
            _ => self.end(Answer::Failed(HttpError::Network(text))),
        }
    }

    fn end(&self, answer: Answer) {
        if !self.is_over.replace(true) {
            // With it goes what it calls back by, which holds this exchange.
            let request = self.request.take();
            drop(request);
            (self.tell)(answer);
        }
    }
}
