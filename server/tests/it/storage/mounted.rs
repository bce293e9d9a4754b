//! What only root may try: disks that are full, or read-only, real ones that are mounted for the test, and files of another
//! user.

use std::time::{Duration, Instant};

use futures_util::SinkExt as _;
use serde_json::json;
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;

use super::{answer, get, integrity, refusal, refused, say, start};
use crate::support::SECRET;
use crate::support::disk::Disk;
use crate::support::jwt::token;

#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_keep_and_recovers_when_there_is_room() {
    let disk = Disk::mount("size=32m");
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
        assert!(error["detail"].as_str().unwrap().starts_with("storage_full"), "{error}");
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
    assert_eq!(integrity(&database).await, "ok");
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
async fn a_server_on_a_read_only_disk_does_not_start_and_says_what_to_do() {
    let disk = Disk::mount("size=4m");
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
        let disk = Disk::mount(size);
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

#[tokio::test]
async fn a_server_of_another_user_does_not_start_on_a_file_that_is_not_its_own_and_says_what_to_do() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    /// `nobody`, nearly everywhere; anyone but root will do.
    const OTHER: u32 = 65534;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        std::fs::metadata(folder.path()).unwrap().uid(),
        0,
        "only root may run a program as another user"
    );
    set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    // Where the other user reaches it, whatever holds the one that was built.
    let program = folder.path().join("tidings-server");
    std::fs::copy(env!("CARGO_BIN_EXE_tidings-server"), &program).unwrap();
    let roots = folder.path().join("tidings.db");
    let mut server = start(&roots).await;
    server.kill().await;
    assert_eq!(std::fs::metadata(&roots).unwrap().mode() & 0o777, 0o600);
    for file in [roots, folder.path().join("new.db")] {
        let mut command = Command::new(&program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--database-url"]);
        command.arg(format!("sqlite://{}", file.display())).env_clear().env("TIDINGS_JWT_SECRET", SECRET);
        let (code, said) = refused(command.uid(OTHER).gid(OTHER)).await;
        assert_eq!(code, Some(1), "{said}");
        let named = said.contains(&file.display().to_string());
        assert!(named && said.contains("the server's user must be able to read and write it"), "{said}");
    }
}
