//! What JavaScript sees: two classes that the typed face in `npm/src` wraps.
//!
//! No object of these reaches an app, so that nobody has to free one. Events go over in batches, as the JSON text of small
//! arrays whose first element says what follows: a browser parses one text faster than it is handed many values, and for
//! each kind of value there would be code on both sides.

mod allocator;
mod convert;
mod options;

use alloc::rc::Rc;
use alloc::string::String;

use tidings_client_core::Entry;
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::{ClientId, MessageId, RoomId, UserId};
use wasm_bindgen::prelude::*;

use self::options::{Asked, Face};
use crate::client::Client;
use crate::http::{Answer, Ask, HttpError, Span};
use crate::notifications::NotificationClient;

// Kinds of entries; all others are chat messages. `npm/src/connection.ts` has the same.
const PRIVATE: u8 = 1;
const EDIT: u8 = 2;
const DELETE: u8 = 3;
const REACT: u8 = 4;
const UNREACT: u8 = 5;

// Acts in a room; all others are typing. `npm/src/connection.ts` has the same.
const JOIN: u8 = 0;
const LEAVE: u8 = 1;
const READ: u8 = 2;

/// The chat client.
#[wasm_bindgen(js_name = Core)]
pub struct JsClient {
    client: Client,
    face: Rc<Face>,
    asked: Rc<Asked>,
}

#[wasm_bindgen(js_class = Core)]
impl JsClient {
    /// A client that does nothing yet. `options` is JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, face: Face) -> Self {
        let (face, asked) = (Rc::new(face), Rc::default());
        let client = Client::new(options::config(options, &face, &asked));
        let told = Rc::clone(&face);
        client.subscribe_batches(move |events| told.events(&convert::events(events))).forget();
        Self { client, face, asked }
    }

    /// Connects, and stays connected.
    pub fn connect(&self) {
        self.client.connect();
    }

    /// Attempts to connect now.
    #[wasm_bindgen(js_name = reconnectNow)]
    pub fn reconnect_now(&self) {
        self.client.reconnect_now();
    }

    /// Disconnects for good.
    pub fn close(&self, forget: bool) {
        self.client.close(forget);
    }

    /// One act in a room: each method by itself would cost a page code on both sides. `number` is the position after which
    /// is replayed, the position read, or whether the user types. False, here and below: an id is none.
    pub fn room(&self, act: u8, room: &str, number: Option<f64>) -> bool {
        let Ok(room) = RoomId::new(room) else { return false };
        let number = number.map(|number| number as u64);
        match act {
            JOIN => self.client.join(&room, number),
            LEAVE => self.client.leave(&room),
            READ => self.client.read(&room, number.unwrap_or_default()),
            _ => self.client.typing(&room, number == Some(1)),
        }
        true
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
                self.client.revise(&id, entry);
            } else {
                self.client.enqueue_as(id, entry);
            }
            return true;
        }
        false
    }

    /// What the others see of this user.
    pub fn presence(&self, is_away: bool) {
        self.client.presence(if is_away { OnlineStatus::Away } else { OnlineStatus::Online });
    }

    /// Drops an entry that was refused or never sent, or sends a refused one again.
    pub fn entry(&self, id: &str, drops: bool) {
        if let Ok(id) = ClientId::new(id) {
            if drops {
                self.client.cancel(&id);
            } else {
                self.client.retry(&id);
            }
        }
    }

    /// How many entries the outbox holds.
    pub fn queued(&self) -> u32 {
        u32::try_from(self.client.queued()).unwrap_or(u32::MAX)
    }

    /// What the outbox holds: `[id, frame, code of the refusal]` each.
    pub fn outbox(&self) -> String {
        convert::outbox(&self.client.outbox())
    }

    /// The user, as far as it is known.
    #[wasm_bindgen(js_name = userId)]
    pub fn user_id(&self) -> Option<String> {
        self.client.user_id()
    }

    /// One request. The face is told its number, status and text, whatever the status; or 0 and the reason where there
    /// was no answer, or -1 and the reason where there was no token.
    pub fn http(&self, request: u32, method: String, path: String, body: Option<String>) {
        let face = Rc::clone(&self.face);
        let ask = Ask { method, path, body, span: Span::Short };
        self.client.http().exchange(ask, move |answer| {
            let (status, text) = match &answer {
                Answer::Whole(status, text) => ((*status).into(), &**text),
                Answer::Failed(error) => {
                    (if matches!(error, HttpError::Token(_)) { -1 } else { 0 }, convert::reason(error))
                }
                Answer::Opened | Answer::Part(_) | Answer::Ended => return,
            };
            face.answered(request, status, text);
        });
    }

    /// The token that the face was asked for, or where `is_token` is false the reason why there is none.
    pub fn token(&self, request: u32, is_token: bool, text: String) {
        self.asked.answered(request, if is_token { Ok(text) } else { Err(text) });
    }

    /// The notification stream, with this client's credentials.
    pub fn notifications(&self) -> JsNotifications {
        let client = self.client.notifications();
        let face = Rc::clone(&self.face);
        client.subscribe(move |event| face.notified(&convert::notification_event(event))).forget();
        JsNotifications(client)
    }
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

    /// The position after the last event.
    pub fn cursor(&self) -> Option<String> {
        self.0.cursor()
    }
}
