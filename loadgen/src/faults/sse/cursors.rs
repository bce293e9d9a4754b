//! Cursors that cannot be used: the stream opens all the same, and says so first.

use std::time::Duration;

use tokio::time::timeout;

use super::super::outcome::Outcome;
use super::reader::next_with_id;
use crate::error::Error;
use crate::events::EventStream;
use crate::server::Server;

/// How long an event may take that must come.
const SOON: Duration = Duration::from_secs(10);

/// Tries them all.
pub(super) async fn check(server: &mut Server, names: &[String], outcome: &mut Outcome) -> Result<(), Error> {
    let mut own = Vec::new();
    for name in names {
        own.push(cursor_of(server, name).await?);
    }
    let garbage = [
        "garbage".to_owned(),
        "0".to_owned(),
        "~~~".to_owned(),
        "-1".to_owned(),
        "9".repeat(40),
        "x".repeat(4_000),
        "a.b.c.d".to_owned(),
    ];
    let (mut tried, mut broken) = (0, 0);
    for (name, cursor) in names.iter().zip(own.iter()) {
        // A cursor of one's own with one character less, or one changed.
        let cut_off: String = cursor.chars().skip(1).collect();
        for bad in garbage.iter().chain([&cut_off]) {
            tried += 1;
            broken += count(&first_of(server, name, bad).await, bad, outcome);
        }
    }
    outcome.promise("a cursor that is none is answered with `reset`", tried, broken);

    let (mut tried, mut broken) = (0, 0);
    for (name, foreign) in names.iter().zip(own.iter().skip(1)) {
        tried += 1;
        broken += count(&reset_and_own(server, name, foreign).await, foreign, outcome);
    }
    outcome.promise(
        "another user's cursor is answered with `reset`, and with nothing of that user's",
        tried,
        broken,
    );

    server.new_epoch().await?;
    let (mut tried, mut broken) = (0, 0);
    for (name, old) in names.iter().zip(own.iter()) {
        tried += 1;
        broken += count(&first_of(server, name, old).await, old, outcome);
    }
    outcome.promise("a cursor of another epoch is answered with `reset`", tried, broken);
    Ok(())
}

/// The cursor behind a user's last notification, which the list has too.
async fn cursor_of(server: &Server, name: &str) -> Result<String, Error> {
    let publisher = server.token_for("publisher", "notify")?;
    let mut stream = EventStream::notifications(&server.url(), name, &server.token(name)?, None).await?;
    super::notify(server.api(), &publisher, name, 1_000_000).await?;
    let late = |_| Error::Late { what: "a notification".to_owned(), seconds: SOON.as_secs() };
    let event = timeout(SOON, next_with_id(&mut stream)).await.map_err(late)??;
    let id = event.and_then(|event| event.id);
    id.ok_or_else(|| Error::Broken("a stream ended before its first event".to_owned()))
}

/// What a stream with a cursor says first, the greeting aside.
async fn first_of(server: &Server, name: &str, cursor: &str) -> Result<String, Error> {
    let token = server.token(name)?;
    let mut stream = EventStream::notifications(&server.url(), name, &token, Some(cursor)).await?;
    let first = async {
        while let Some(event) = stream.next().await? {
            if event.name != "connected" {
                return Ok(event.name);
            }
        }
        Ok::<_, Error>("the end".to_owned())
    };
    timeout(SOON, first).await.unwrap_or_else(|_| Ok("nothing".to_owned()))
}

/// The same, and then on to the user's next notification: all that comes until then must be the user's own.
async fn reset_and_own(server: &Server, name: &str, cursor: &str) -> Result<String, Error> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Notification {
        id: String,
        user_id: String,
    }
    let token = server.token(name)?;
    let mut stream = EventStream::notifications(&server.url(), name, &token, Some(cursor)).await?;
    let publisher = server.token_for("publisher", "notify")?;
    let last = super::notify(server.api(), &publisher, name, 2_000_000).await?;
    let reading = async {
        let mut first = None;
        while let Some(event) = stream.next().await? {
            if event.name != "connected" {
                first.get_or_insert_with(|| event.name.clone());
            }
            if event.name != "notification" {
                continue;
            }
            let Notification { id, user_id } = serde_json::from_str(&event.data)
                .map_err(|error| Error::Broken(format!("{}: {error}", event.data)))?;
            if user_id != name {
                return Ok(format!("a notification of {user_id}"));
            }
            if id == last {
                return Ok(first.unwrap_or_default());
            }
        }
        Ok::<_, Error>("the end".to_owned())
    };
    timeout(SOON, reading).await.unwrap_or_else(|_| Ok("no notification of the user's own".to_owned()))
}

fn count(first: &Result<String, Error>, cursor: &str, outcome: &mut Outcome) -> usize {
    match first {
        Ok(name) if name == "reset" => 0,
        Ok(name) => {
            outcome.example(format!("the cursor {cursor:?} is answered with {name}"));
            1
        }
        Err(error) => {
            outcome.example(format!("the cursor {cursor:?} is answered with {error}"));
            1
        }
    }
}
