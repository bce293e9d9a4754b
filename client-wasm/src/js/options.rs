//! What the face hands over: its options, and what it is called back by.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use tidings_client_core::{Transport, Transports, json};
use wasm_bindgen::prelude::*;

use super::convert;
use crate::config::{Answered, Config, Credentials, TokenProvider};

#[wasm_bindgen]
extern "C" {
    /// What the face is called back by. It catches what its listeners throw; there is nobody else to tell.
    pub type Face;

    /// What happened: an array of events, as `convert` writes them.
    #[wasm_bindgen(method)]
    pub(super) fn tell(this: &Face, events: &str);
}

/// The tokens that the app was asked for.
#[derive(Default)]
pub(super) struct Asked {
    last: Cell<u64>,
    /// As many as there are requests under way.
    waiting: RefCell<Vec<(u64, Answered)>>,
}

impl Asked {
    /// The app's word on one of them.
    pub(super) fn answered(&self, request: u64, answer: Result<String, String>) {
        let mut waiting = self.waiting.borrow_mut();
        let at = waiting.iter().position(|(number, _)| *number == request);
        let found = at.map(|at| waiting.swap_remove(at));
        drop(waiting);
        if let Some((_, answered)) = found {
            answered(answer);
        }
    }

    fn provider(self: &Rc<Self>, face: &Rc<Face>) -> TokenProvider {
        let (asked, face) = (Rc::clone(self), Rc::clone(face));
        TokenProvider::by_callback(move |fresh, answered| {
            let request = asked.last.get() + 1;
            asked.last.set(request);
            asked.waiting.borrow_mut().push((request, answered));
            face.tell(&convert::token_wanted(fresh, request));
        })
    }
}

/// Reads the options, which the face has checked: those of `Config` by their names there, and `provider`, whether the
/// app can be asked for tokens. What is left out is as `Config::new` has it.
pub(super) fn config(options: &str, face: &Rc<Face>, asked: &Rc<Asked>) -> Config {
    let text = |name| json::field(options, name).and_then(json::text);
    let number = |name| json::field(options, name).and_then(json::number).and_then(|n| u32::try_from(n).ok());
    let flag = |name| json::field(options, name) == Some("true");

    let credentials = match text("token") {
        _ if flag("provider") => Credentials::Provider(asked.provider(face)),
        Some(token) => Credentials::Token(token),
        None => Credentials::Cookie,
    };
    let mut config = Config::new(text("url").unwrap_or_default(), credentials);
    config.user_id = text("userId");
    config.notifications = flag("notifications");
    config.notification_header = flag("notificationHeader");
    config.persistence = flag("persistence");
    config.shared_connection = json::field(options, "sharedConnection") != Some("false");
    config.transports = transports(json::field(options, "transports").unwrap_or_default());
    config.max_attempts = number("maxAttempts");
    if let Some(max) = number("maxQueued") {
        config.max_queued = max as usize;
    }
    config
}

/// The transports of these names; those that are none count for nothing.
fn transports(names: &str) -> Transports {
    let mut transports = Transports::NONE;
    for name in &json::items(names).unwrap_or_default() {
        if let Some(known) = json::text(name).and_then(|name| Transport::named(&name)) {
            transports = transports.with(known);
        }
    }
    transports
}
