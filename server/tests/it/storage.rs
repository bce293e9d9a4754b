//! The disk under the database: full, read-only, damaged; the server as a process of its own, the disk a real one
//! where the test may mount it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;

use crate::support::disk::Disk;
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
    let ended = tokio::time::timeout(Duration::from_secs(30), serve(database).output()).await;
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

#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_keep_and_recovers_when_there_is_room() {
    let Some(disk) = Disk::mount("size=32m") else { return };
    let database = disk.path().join("tidings.db");
    let mut server = start(&database).await;
    let addr = server.addr;
    let url = format!("ws://{addr}/ws/chat?token={}", token("ann"));
    let mut ann = tokio_tungstenite::connect_async(url).await.unwrap().0;
    ann.send(Message::text(r#"{"type":"JOIN_ROOM","roomId":"general","id":"j"}"#)).await.unwrap();
    answer(&mut ann, "j").await;
    let content = "much to say ".repeat(500);
    let mut acked = Vec::new();
    for n in 0..50 {
        let ack = say(&mut ann, &n.to_string(), &content).await;
        acked.push(ack["data"]["messageId"].clone());
    }
    let filler = disk.fill();
    // What the write-ahead log has room for already is still taken.
    let mut refused = 0;
    for n in 50..3_000 {
        let frame = say(&mut ann, &n.to_string(), &content).await;
        if frame["type"] == "ACK" {
            assert_eq!(refused, 0, "nothing was freed");
            acked.push(frame["data"]["messageId"].clone());
            continue;
        }
        let error = &frame["data"];
        assert_eq!(error["code"], "UNAVAILABLE", "{error}");
        assert!(error["retryAfterMs"].as_u64().unwrap() > 0);
        assert!(error["detail"].as_str().unwrap().contains("disk is full"), "{error}");
        refused += 1;
        if refused == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(error["retryAfterMs"].as_u64().unwrap())).await;
    }
    assert_eq!(refused, 5);
    let (status, ready) = get(addr, "/readyz").await;
    assert_eq!((status, &ready["status"]), (200, &json!("degraded")), "{ready}");
    assert!(!ready["broken"].as_array().unwrap().is_empty());
    let (status, page) = get(addr, "/api/v1/rooms/general/messages?limit=200").await;
    assert_eq!(
        (status, page["messages"].as_array().unwrap().last().unwrap()["messageId"].clone()),
        (200, acked.last().unwrap().clone())
    );

    std::fs::remove_file(filler).unwrap();
    let freed = Instant::now();
    loop {
        let frame = say(&mut ann, "again", "there is room again").await;
        if frame["type"] == "ACK" {
            assert_eq!(frame["data"]["seq"], acked.len() as u64 + 1, "no false ACK, no hole");
            break;
        }
        assert!(freed.elapsed() < Duration::from_secs(10), "{frame}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(get(addr, "/readyz").await.1["status"], "ready");
    server.kill().await;
    let server = start(&database).await;
    let addr = server.addr;
    let mut found = Vec::new();
    while found.len() <= acked.len() {
        let path = format!("/api/v1/rooms/general/messages?after={}&limit=200", found.len());
        let (_, page) = get(addr, &path).await;
        let page = page["messages"].as_array().unwrap();
        assert!(!page.is_empty());
        found.extend(page.iter().map(|message| message["messageId"].clone()));
    }
    assert_eq!(found[..acked.len()], acked);
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

#[tokio::test]
async fn a_server_on_a_read_only_disk_does_not_start_and_says_what_to_do() {
    let Some(disk) = Disk::mount("size=4m") else { return };
    let database = disk.path().join("tidings.db");
    let mut server = start(&database).await;
    server.kill().await;
    assert!(disk.run("mount", &["-o", "remount,ro"]));
    for file in [database, disk.path().join("new.db")] {
        let (code, said) = refusal(&file).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("Read-only") && said.contains("--database-url"), "{said}");
    }
}

#[tokio::test]
async fn a_disk_without_room_for_a_new_database_is_named_and_begun_on_once_there_is_room() {
    for size in ["size=24k", "size=64k", "size=160k"] {
        let Some(disk) = Disk::mount(size) else { return };
        let database = disk.path().join("tidings.db");
        for _ in 0..2 {
            let (code, said) = refusal(&database).await;
            assert_eq!(code, Some(1), "{said}");
            assert!(said.contains("disk is full; make room"), "{said}");
        }
        assert!(disk.run("mount", &["-o", "remount,size=4m"]));
        let mut server = start(&database).await;
        server.kill().await;
    }
}
