//! Frames over a socket as it is, where the client of the other harness knows too much.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::Socket;

const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn say(socket: &mut Socket, frame: Value) {
    socket.send(Message::text(frame.to_string())).await.unwrap();
}

/// The next frame that is wanted, and what came before it.
pub(crate) async fn until(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> (Value, Vec<Value>) {
    let mut before = Vec::new();
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await;
        if let Message::Text(text) = message.expect("a frame").unwrap().unwrap() {
            let frame: Value = serde_json::from_str(&text).unwrap();
            if wanted(&frame) {
                return (frame, before);
            }
            before.push(frame);
        }
    }
}

/// The data of the next frame of this type.
pub(crate) async fn until_type(socket: &mut Socket, kind: &str) -> Value {
    until(socket, |frame| frame["type"] == kind).await.0["data"].take()
}
