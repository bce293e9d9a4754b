//! What JavaScript sees: two classes that the typed face in `npm/src` wraps.
//!
//! No object of these reaches an app, so that nobody has to free one. Events go over in batches, each a small array
//! whose first element says what it is; payloads go over as text and are parsed by the face.

mod allocator;
mod convert;
mod options;

use js_sys::{Array, Function};
use tidings_client_core::Entry;
use tidings_protocol::ClientId;
use tidings_protocol::command::OnlineStatus;
use wasm_bindgen::prelude::*;

use self::options::Options;
use crate::client::Client;
use crate::notifications::NotificationClient;

/// The chat client.
#[wasm_bindgen(js_name = Core)]
pub struct JsClient(Client);

#[wasm_bindgen(js_class = Core)]
impl JsClient {
    /// A client that does nothing yet. `on_events` is called with an array of events.
    ///
    /// # Errors
    /// An option is missing or of another type.
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

    /// Is in a room; `after_seq` is `undefined` where nothing is known of it.
    ///
    /// # Errors
    /// The room's id is none.
    pub fn join(&self, room: &str, after_seq: Option<f64>) -> Result<(), JsError> {
        self.0.join(&room.parse()?, after_seq.map(|seq| seq as u64));
        Ok(())
    }

    /// Is in a room no longer.
    ///
    /// # Errors
    /// The room's id is none.
    pub fn leave(&self, room: &str) -> Result<(), JsError> {
        self.0.leave(&room.parse()?);
        Ok(())
    }

    /// Sends a message to a room. `id` is a fresh UUID, here and in the methods that follow.
    ///
    /// # Errors
    /// An id is none.
    pub fn send(
        &self,
        id: &str,
        room: &str,
        content: String,
        reply_to: Option<String>,
    ) -> Result<(), JsError> {
        let reply_to = reply_to.map(|id| id.parse()).transpose()?;
        self.enqueue(id, Entry::Chat { room: room.parse()?, content, reply_to })
    }

    /// Sends a message to a user.
    ///
    /// # Errors
    /// An id is none.
    #[wasm_bindgen(js_name = sendPrivate)]
    pub fn send_private(
        &self,
        id: &str,
        user: &str,
        content: String,
        reply_to: Option<String>,
    ) -> Result<(), JsError> {
        let reply_to = reply_to.map(|id| id.parse()).transpose()?;
        self.enqueue(id, Entry::Private { recipient: user.parse()?, content, reply_to })
    }

    /// Replaces the text of a message.
    ///
    /// # Errors
    /// An id is none.
    pub fn edit(&self, id: &str, room: &str, message: &str, content: String) -> Result<(), JsError> {
        self.enqueue(id, Entry::Edit { room: room.parse()?, message: message.parse()?, content })
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// An id is none.
    pub fn delete(&self, id: &str, room: &str, message: &str) -> Result<(), JsError> {
        self.enqueue(id, Entry::Delete { room: room.parse()?, message: message.parse()? })
    }

    /// Sets or unsets a reaction.
    ///
    /// # Errors
    /// An id is none.
    pub fn react(
        &self,
        id: &str,
        room: &str,
        message: &str,
        emoji: String,
        remove: bool,
    ) -> Result<(), JsError> {
        self.enqueue(id, Entry::React { room: room.parse()?, message: message.parse()?, emoji, remove })
    }

    /// Moves the read marker.
    ///
    /// # Errors
    /// The room's id is none.
    pub fn read(&self, room: &str, seq: f64) -> Result<(), JsError> {
        self.0.read(&room.parse()?, seq as u64);
        Ok(())
    }

    /// Says that the user types, or has stopped.
    ///
    /// # Errors
    /// The room's id is none.
    pub fn typing(&self, room: &str, is_typing: bool) -> Result<(), JsError> {
        self.0.typing(&room.parse()?, is_typing);
        Ok(())
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

    /// One request: `[status, text]`, whatever the status.
    ///
    /// # Errors
    /// There was no answer; the error is a text.
    pub async fn http(&self, method: String, path: String, body: Option<String>) -> Result<Array, JsValue> {
        let method = method.parse().map_err(|_| JsValue::from_str("not a method"))?;
        match self.0.http().exchange(method, &path, body).await {
            Ok((status, text)) => Ok(Array::of2(&status.into(), &text.into())),
            Err(error) => Err(JsValue::from_str(&error.to_string())),
        }
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

impl JsClient {
    fn enqueue(&self, id: &str, entry: Entry) -> Result<(), JsError> {
        self.0.enqueue_as(id.parse()?, entry);
        Ok(())
    }
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
