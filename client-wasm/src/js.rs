//! What JavaScript sees: two classes that the typed face in `npm/src` wraps.
//!
//! No object of these reaches an app, so that nobody has to free one. Events go over in batches, each a small array
//! whose first element says what it is; payloads go over as text and are parsed by the face.

mod allocator;
mod convert;
mod options;

use alloc::string::String;

use js_sys::{Array, Function};
use tidings_client_core::Entry;
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::{ClientId, MessageId, RoomId, UserId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use self::options::Options;
use crate::client::Client;
use crate::http::HttpError;
use crate::notifications::NotificationClient;

// Kinds of entries; all others are chat messages. `npm/src/connection.ts` has the same.
const PRIVATE: u8 = 1;
const EDIT: u8 = 2;
const DELETE: u8 = 3;
const REACT: u8 = 4;
const UNREACT: u8 = 5;

/// The chat client.
#[wasm_bindgen(js_name = Core)]
pub struct JsClient(Client);

#[wasm_bindgen(js_class = Core)]
impl JsClient {
    /// A client that does nothing yet. `on_events` is called with an array of events.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &Options, on_events: Function) -> Self {
        let client = Client::new(options.to_config());
        client
            .subscribe_batches(move |events| {
                let batch: Array = events.iter().map(convert::event).collect();
                // The face catches what its listeners throw; there is nobody else to tell.
                let _ = on_events.call1(&JsValue::NULL, &batch);
            })
            .forget();
        Self(client)
    }

    /// Connects, and stays connected.
    pub fn connect(&self) {
        self.0.connect();
    }

    /// Attempts to connect now.
    #[wasm_bindgen(js_name = reconnectNow)]
    pub fn reconnect_now(&self) {
        self.0.reconnect_now();
    }

    /// Disconnects for good.
    pub fn close(&self, forget: bool) {
        self.0.close(forget);
    }

    /// Is in a room; `after_seq` is `undefined` where nothing is known of it. False, here and below: an id is none.
    pub fn join(&self, room: &str, after_seq: Option<f64>) -> bool {
        with_room(room, |room| self.0.join(&room, after_seq.map(|seq| seq as u64)))
    }

    /// Is in a room no longer.
    pub fn leave(&self, room: &str) -> bool {
        with_room(room, |room| self.0.leave(&room))
    }

    /// Puts an entry into the outbox, under a fresh UUID or in the place of one that was refused or never sent. `place` is a room's id or, for a private message, a user's;
    /// `message` is the message that is changed or answered; `text` its text or the emoji.
    pub fn enqueue(
        &self,
        id: &str,
        kind: u8,
        place: &str,
        message: Option<String>,
        text: String,
        revises: bool,
    ) -> bool {
        let entry = entry(kind, place, message, text);
        if let (Ok(id), Some(entry)) = (ClientId::new(id), entry) {
            if revises {
                self.0.revise(&id, entry);
            } else {
                self.0.enqueue_as(id, entry);
            }
            return true;
        }
        false
    }

    /// Moves the read marker.
    pub fn read(&self, room: &str, seq: f64) -> bool {
        with_room(room, |room| self.0.read(&room, seq as u64))
    }

    /// Says that the user types, or has stopped.
    pub fn typing(&self, room: &str, is_typing: bool) -> bool {
        with_room(room, |room| self.0.typing(&room, is_typing))
    }

    /// What the others see of this user.
    pub fn presence(&self, is_away: bool) {
        self.0.presence(if is_away { OnlineStatus::Away } else { OnlineStatus::Online });
    }

    /// Sends a refused entry again.
    pub fn retry(&self, id: &str) {
        if let Ok(id) = ClientId::new(id) {
            self.0.retry(&id);
        }
    }

    /// Drops an entry that was refused or never sent.
    pub fn cancel(&self, id: &str) {
        if let Ok(id) = ClientId::new(id) {
            self.0.cancel(&id);
        }
    }

    /// Where the connection stands, as the event of a change.
    pub fn status(&self) -> Array {
        convert::status(&self.0.state())
    }

    /// How many entries the outbox holds.
    pub fn queued(&self) -> u32 {
        u32::try_from(self.0.queued()).unwrap_or(u32::MAX)
    }

    /// What the outbox holds: `[id, frame, code of the refusal]` each.
    pub fn outbox(&self) -> Array {
        self.0.outbox().iter().map(convert::stored).collect()
    }

    /// The user, as far as it is known.
    #[wasm_bindgen(js_name = userId)]
    pub fn user_id(&self) -> Option<String> {
        self.0.user_id()
    }

    /// One request. `done` is called with status and text, whatever the status, or with 0 and the reason where there was
    /// no answer, or with -1 and the reason where there was no token.
    pub fn http(&self, method: String, path: String, body: Option<String>, done: Function) {
        let http = self.0.http();
        spawn_local(async move {
            let (status, text) = match http.exchange(&method, &path, body).await {
                Ok((status, text)) => (i32::from(status), text),
                Err(HttpError::Token(reason)) => (-1, reason),
                Err(error) => (0, convert::reason(error)),
            };
            let _ = done.call2(&JsValue::NULL, &status.into(), &text.into());
        });
    }

    /// The notification stream, with this client's credentials. `on_event` is called with one event.
    pub fn notifications(&self, on_event: Function) -> JsNotifications {
        let client = self.0.notifications();
        client
            .subscribe(move |event| {
                let _ = on_event.call1(&JsValue::NULL, &convert::notification_event(event));
            })
            .forget();
        JsNotifications(client)
    }
}

fn with_room(room: &str, act: impl FnOnce(RoomId)) -> bool {
    RoomId::new(room).map(act).is_ok()
}

fn entry(kind: u8, place: &str, message: Option<String>, text: String) -> Option<Entry> {
    let message = match message {
        Some(id) => Some(MessageId::new(id).ok()?),
        None => None,
    };
    if kind == PRIVATE {
        return Some(Entry::Private {
            recipient: UserId::new(place).ok()?,
            content: text,
            reply_to: message,
        });
    }
    let room = RoomId::new(place).ok()?;
    Some(match kind {
        EDIT => Entry::Edit { room, message: message?, content: text },
        DELETE => Entry::Delete { room, message: message? },
        REACT | UNREACT => Entry::React { room, message: message?, emoji: text, remove: kind == UNREACT },
        _ => Entry::Chat { room, content: text, reply_to: message },
    })
}

/// The notification stream.
#[wasm_bindgen(js_name = Notifications)]
pub struct JsNotifications(NotificationClient);

#[wasm_bindgen(js_class = Notifications)]
impl JsNotifications {
    /// Opens the stream, and keeps it open.
    pub fn connect(&self) {
        self.0.connect();
    }

    /// Attempts to connect now.
    #[wasm_bindgen(js_name = reconnectNow)]
    pub fn reconnect_now(&self) {
        self.0.reconnect_now();
    }

    /// Closes the stream for good.
    pub fn close(&self) {
        self.0.close();
    }

    /// Where the stream stands, as the event of a change.
    pub fn status(&self) -> Array {
        convert::stream_status(&self.0.status())
    }

    /// The position after the last event.
    pub fn cursor(&self) -> Option<String> {
        self.0.cursor()
    }
}
