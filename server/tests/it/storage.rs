//! The disk under the database: full, read-only, damaged; the server as a process of its own.

mod mounted;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;

use crate::support::jwt::token;
use crate::support::process::{Process, program, said};
use crate::support::{SECRET, Socket, client};

fn serve(database: &Path) -> Command {
    let mut command = program(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off"]);
    command
        .args(["--max-frames-per-second", "10000", "--frame-burst", "10000", "--database-url"])
        .arg(format!("sqlite://{}", database.display()))
        .env("TIDINGS_JWT_SECRET", SECRET);
    command
}

async fn start(database: &Path) -> Process {
    Process::start(&mut serve(database)).await
}

/// What a server that does not start says last, and how it ends.
async fn refusal(database: &Path) -> (Option<i32>, String) {
    refused(&mut serve(database)).await
}

async fn refused(serve: &mut Command) -> (Option<i32>, String) {
    let ended = tokio::time::timeout(Duration::from_secs(30), serve.output()).await;
    let (code, said) = said(ended.expect("it does not hang").unwrap());
    (code, said.lines().last().unwrap_or_default().to_owned())
}

async fn answer(socket: &mut Socket, id: &str) -> Value {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await;
        if let Message::Text(text) = message.expect("an answer").unwrap().unwrap() {
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["data"]["id"] == id {
                return frame;
            }
        }
    }
}

async fn say(socket: &mut Socket, id: &str, content: &str) -> Value {
    let frame = json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": id, "content": content });
    socket.send(Message::text(frame.to_string())).await.unwrap();
    answer(socket, id).await
}

async fn get(addr: SocketAddr, path: &str) -> (u16, Value) {
    let request = client().get(format!("http://{addr}{path}")).bearer_auth(token("ann"));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// What SQLite's own check says of a database.
async fn integrity(database: &Path) -> String {
    let options = SqliteConnectOptions::new().filename(database);
    let mut connection = options.connect().await.unwrap();
    sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_server_without_a_usable_file_does_not_start_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let noise = folder.path().join("noise.db");
    std::fs::write(&noise, "not a database, ".repeat(1_000)).unwrap();
    std::process::Command::new("chmod").arg("600").arg(&noise).status().unwrap();
    let (code, said) = refusal(&noise).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("damaged") && said.contains("backup") && said.contains("new-epoch"), "{said}");

    let below_a_file = noise.join("tidings.db");
    let (code, said) = refusal(&below_a_file).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("noise.db") && said.contains("--database-url"), "{said}");
}
