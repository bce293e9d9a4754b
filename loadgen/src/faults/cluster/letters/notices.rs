//! A program that notifies: one after the other, each under an id of its own, and again until it is answered with 2xx.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Notice, Promised};
use crate::api::Api;
use crate::error::Error;

/// Of so many one is for all.
const FOR_ALL: usize = 5;
/// Between two tries.
const AGAIN: Duration = Duration::from_millis(200);

#[derive(Deserialize)]
struct Stored {
    id: String,
}

pub(super) async fn send(
    api: Api,
    token: String,
    friends: Vec<String>,
    pace: Duration,
    stopped: watch::Receiver<bool>,
) -> Result<Promised, Error> {
    let mut promised = Promised::default();
    let mut number = 0_usize;
    while !*stopped.borrow() {
        number += 1;
        let to =
            friends.get(number % friends.len().max(1)).filter(|_| !number.is_multiple_of(FOR_ALL)).cloned();
        let mut body = json!({
            "id": format!("notice-{number}"), "title": "news", "message": format!("number {number}"), "type": "run",
        });
        let path = if let Some(user) = &to {
            body["userId"] = json!(user);
            "/api/v1/notifications/send"
        } else {
            "/api/v1/notifications/broadcast"
        };
        let Stored { id } = loop {
            match api.post(&token, path, &body).await {
                Ok(stored) => break stored,
                // The same id sends once, so nobody has to know whether the last try had come through.
                Err(Error::Http { .. } | Error::Refused { status: 429 | 500.., .. }) => sleep(AGAIN).await,
                Err(error) => return Err(error),
            }
        };
        promised.notices.push(Notice { to, id });
        sleep(pace).await;
    }
    Ok(promised)
}
