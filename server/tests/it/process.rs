//! The server as a process: its log, and its way out.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;

use crate::support::jwt::{Issuer, token};
use crate::support::process::{Process, program, said};
use crate::support::{SECRET, client};

/// A server in a folder of its own.
struct Server {
    process: Process,
    folder: tempfile::TempDir,
}

impl Server {
    async fn start(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_with(flags, &[&[("TIDINGS_JWT_SECRET", SECRET)], variables].concat()).await
    }

    /// Without a secret, unless it stands among the variables.
    async fn start_with(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut serve = program(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
        serve.args(flags).envs(variables.iter().copied()).current_dir(&folder);
        Self { process: Process::start(&mut serve).await, folder }
    }

    fn addr(&self) -> SocketAddr {
        self.process.addr
    }

    fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits for the end, and hands the log over.
    async fn ended(self) -> (Option<i32>, String) {
        self.process.ended().await
    }
}

#[tokio::test]
async fn s05_no_token_ticket_or_secret_is_ever_logged() {
    for format in ["text", "json"] {
        let server = Server::start(&["--dev", "--log-format", format], &[("RUST_LOG", "trace")]).await;
        let url = |path: &str| format!("http://{}{path}", server.addr());
        let token = token("ann");
        let bearer = format!("Bearer {token}");
        let made =
            client().post(url("/api/v1/auth/ticket")).header("authorization", &bearer).send().await.unwrap();
        let ticket = made.json::<serde_json::Value>().await.unwrap()["ticket"].as_str().unwrap().to_owned();
        for query in [format!("token={token}"), format!("ticket={ticket}"), format!("%74oken={token}")] {
            let socket =
                tokio_tungstenite::connect_async(format!("ws://{}/ws/chat?{query}", server.addr())).await;
            drop(socket);
        }
        client().post(url("/api/v1/auth/session")).header("authorization", &bearer).send().await.unwrap();
        let cookie = format!("tidings={token}");
        client().post(url("/api/v1/auth/ticket")).header("cookie", cookie).send().await.unwrap();
        client().get(url(&format!("/api/v1/nothing?token={token}"))).send().await.unwrap();
        let forged = client().get(url("/healthz?x=%0d%0aERROR%20forged")).send().await.unwrap();
        assert_eq!(forged.status(), 200);
        server.terminate();
        let (code, log) = server.ended().await;
        assert_eq!(code, Some(0));
        assert!(log.contains("/api/v1/nothing"), "requests are logged at this level");
        let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
        for secret in [signature(&token), signature(&ticket)] {
            assert!(!log.contains(&secret), "a secret is in the {format} log");
        }
        assert!(!log.lines().any(|line| line.starts_with("ERROR forged")));
        if format == "json" {
            assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
        }
    }
}

#[tokio::test]
async fn sigterm_tells_every_session_and_ends_with_zero_within_the_grace() {
    let server = Server::start(&["--drain-grace", "5s", "--drain-spread", "8s"], &[]).await;
    let mut sockets = Vec::new();
    for user in ["ann", "bob", "cleo", "dan"] {
        let url = format!("ws://{}/ws/chat?token={}", server.addr(), token(user));
        sockets.push(tokio_tungstenite::connect_async(url).await.unwrap().0);
    }
    // Peers that will never say what they want must not hold the server up.
    let mut half_open = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
        half_open.push(stream);
    }
    for socket in &mut sockets {
        let first = socket.next().await.unwrap().unwrap();
        assert!(first.to_text().unwrap().contains("CONNECTION_ESTABLISHED"));
    }
    let began = Instant::now();
    server.terminate();
    let mut turns = Vec::new();
    for socket in &mut sockets {
        let mut told = None;
        loop {
            match socket.next().await.expect("a close comes first").unwrap() {
                Message::Text(text) => {
                    let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] == "GOING_AWAY" {
                        told = frame["data"]["retryAfterMs"].as_u64();
                    }
                }
                Message::Close(Some(close)) => {
                    assert_eq!(u16::from(close.code), 1012);
                    break;
                }
                other @ (Message::Binary(_)
                | Message::Ping(_)
                | Message::Pong(_)
                | Message::Close(None)
                | Message::Frame(_)) => panic!("{other:?}"),
            }
        }
        turns.push(told.expect("told when to come back"));
    }
    let (code, log) = server.ended().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    turns.sort_unstable();
    assert_eq!(turns, [0, 2000, 4000, 6000], "evenly over the spread");
}

#[tokio::test]
async fn a_second_server_on_the_same_address_says_so() {
    let server = Server::start(&[], &[]).await;
    let addr = server.addr().to_string();
    let folder = tempfile::tempdir().unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_tidings-server"))
        .args(["serve", "--listen", &addr, "--metrics-listen", "off", "--jwt-secret", SECRET])
        .env_clear()
        .current_dir(&folder)
        .output()
        .await
        .unwrap();
    let (code, said) = said(second);
    assert_eq!(code, Some(1));
    assert!(said.lines().last().unwrap().starts_with(&format!("error: cannot listen on {addr}")), "{said}");
}

#[tokio::test]
async fn a_restored_log_gets_a_new_name_and_the_tables_can_be_made_first() {
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &'static str| {
        let mut run = Command::new(env!("CARGO_BIN_EXE_tidings-server"));
        run.arg(command).env_clear().current_dir(&folder);
        async move {
            let done = run.output().await.unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            assert!(done.stdout.is_empty());
            said(done).1
        }
    };
    let epoch = |said: &str| {
        let name = said.split("the log is ").nth(1).unwrap();
        name.trim_start_matches("now ").split([';', '\n']).next().unwrap().to_owned()
    };
    let first = epoch(&run("migrate").await);
    assert_eq!(epoch(&run("migrate").await), first, "a second run changes nothing");
    let second = epoch(&run("new-epoch").await);
    assert_ne!(first, second);
    assert_eq!(epoch(&run("migrate").await), second);
}

#[tokio::test]
async fn s29_what_users_write_forges_no_line_of_the_log_and_message_texts_are_in_none() {
    use futures_util::SinkExt as _;
    let forged = "x\r\nERROR forged\u{2028}\u{1b}[31m";
    for format in ["text", "json"] {
        let variables = [("RUST_LOG", "tidings_server=trace")];
        let server = Server::start(&["--dev", "--log-format", format], &variables).await;
        let mut claims = crate::support::jwt::claims("ann");
        claims["name"] = serde_json::json!(forged);
        let token = crate::support::jwt::sign(&crate::support::jwt::header("HS256"), &claims);
        let url = format!("ws://{}/ws/chat?token={token}&clientSession=tab", server.addr());
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        for frame in [
            serde_json::json!({ "type": "RESUME", "epoch": forged, "rooms": [], "id": "r" }),
            serde_json::json!({ "type": forged, "id": "f" }),
            serde_json::json!({ "type": "JOIN_ROOM", "roomId": forged, "id": "j" }),
            serde_json::json!({ "type": "JOIN_ROOM", "roomId": "hall", "id": "k" }),
            serde_json::json!({ "type": "CHAT_MESSAGE", "roomId": "hall", "content": "the-text-of-a-message", "id": "m" }),
        ] {
            socket.send(Message::text(frame.to_string())).await.unwrap();
        }
        while let Some(Ok(message)) = socket.next().await {
            if message.to_text().is_ok_and(|text| text.contains("the-text-of-a-message")) {
                break;
            }
        }
        let bad = format!("http://{}/api/v1/rooms/a%0d%0aERROR%20forged?x=%0aERROR%20forged", server.addr());
        client().get(bad).bearer_auth(&token).header("user-agent", "ERROR forged").send().await.unwrap();
        server.terminate();
        let (_, log) = server.ended().await;
        let begins = |line: &str| line.trim_start().starts_with("ERROR forged");
        assert!(!log.split(['\n', '\r', '\u{2028}']).any(begins), "{format}: {log}");
        assert!(!log.contains("the-text-of-a-message"), "{format}: {log}");
        assert!(!log.contains('\u{1b}'), "{format}: {log}");
        if format == "json" {
            let is_json = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
            assert!(log.lines().all(is_json), "{log}");
        }
    }
}

#[tokio::test]
async fn s28_what_is_not_safe_does_not_start_and_says_why_in_one_line() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let open_config = file("open.toml", &format!("jwt_secret = \"{SECRET}\"\n"), 0o644);
    let open_db = format!("sqlite://{}", file("open.db", "", 0o644));
    let open_keys = file("keys.json", "{}", 0o666);
    let unknown = file("unknown.toml", "no_such_key = 1\n", 0o600);
    let secret = ["--jwt-secret", SECRET];
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec![], "no key"),
        (vec!["--jwt-secret", "short"], "32"),
        (vec!["--jwt-secret", "a-string-secret-at-least-256-bits-long"], "example"),
        (vec!["--jwt-secret", "Your-Super-Secret-JWT-Token-With-At-Least-32-Characters-Long"], "example"),
        (vec!["--dev", "--ticket-secret", "your-256-bit-secret-your-256-bit-secret"], "example"),
        (vec!["--dev", "--listen", "0.0.0.0:0"], "loopback"),
        (vec!["--jwks-url", "http://id.example.com/keys"], "https://"),
        (vec!["--jwks-file", &open_keys], "chmod"),
        (vec!["--config", &open_config], "chmod 600"),
        (vec!["--config", &unknown], "no_such_key"),
        ([&secret[..], &["--database-url", &open_db]].concat(), "chmod 600"),
        ([&secret[..], &["--allowed-origins", "*"]].concat(), "*"),
        ([&secret[..], &["--allowed-origins", "null"]].concat(), "null"),
        ([&secret[..], &["--jwt-leeway", "1h"]].concat(), "5m"),
        ([&secret[..], &["--jwks-file", &open_keys]].concat(), "exclude"),
        ([&secret[..], &["--max-connections", "0"]].concat(), "max-connections"),
    ];
    for (flags, word) in cases {
        let done = Command::new(env!("CARGO_BIN_EXE_tidings-server"))
            .args(["serve", "--metrics-listen", "off"])
            .args(if flags.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"][..] })
            .args(&flags)
            .env_clear()
            .current_dir(&folder)
            .kill_on_drop(true)
            .output();
        let done = tokio::time::timeout(Duration::from_secs(20), done).await.expect("it ends").unwrap();
        assert!(done.stdout.is_empty(), "{flags:?}");
        let (code, said) = said(done);
        assert_eq!(code, Some(2), "{flags:?}: {said}");
        let lines = said.lines().filter(|line| line.starts_with("error:")).count();
        assert!(lines == 1 && said.contains(word), "{flags:?}: {said}");
    }
}

#[tokio::test]
async fn s28_development_says_loudly_what_it_is() {
    let server = Server::start(&["--dev"], &[]).await;
    server.terminate();
    let (_, log) = server.ended().await;
    assert!(log.contains("WARN") && log.contains("DEVELOPMENT"), "{log}");
}

/// A file server over TLS in this folder, with a certificate for `localhost` that nobody but its own file vouches for.
async fn tls_files(folder: &std::path::Path) -> (Child, u16) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .output()
        .await
        .expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut child = Command::new("openssl")
        .args(["s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem", "-WWW"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = loop {
        let line = lines.next_line().await.unwrap().expect("it says where it listens");
        if let Some(addr) = line.strip_prefix("ACCEPT ") {
            break addr.rsplit(':').next().unwrap().parse().unwrap();
        }
    };
    // What it goes on to say must not fill the pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, port)
}

#[tokio::test]
async fn s16_keys_come_over_tls_from_whom_the_machine_trusts_and_from_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = Issuer::new();
    std::fs::write(folder.path().join("keys.json"), issuer.jwks().to_string()).unwrap();
    std::fs::write(folder.path().join("long.json"), " ".repeat(300 * 1024)).unwrap();
    let (_files, port) = tls_files(folder.path()).await;
    let url = |file: &str| format!("https://localhost:{port}/{file}");
    let vouches = folder.path().join("cert.pem");
    let trusting = [("SSL_CERT_FILE", vouches.to_str().unwrap())];

    let server = Server::start_with(&["--jwks-url", &url("keys.json")], &trusting).await;
    let token = issuer.token("ann");
    let rooms = client().get(format!("http://{}/api/v1/rooms", server.addr())).bearer_auth(token);
    assert_eq!(rooms.send().await.unwrap().status(), 200);

    let machine = [];
    for (file, variables, word) in [
        ("keys.json", &machine[..], "certificate"),
        ("long.json", &trusting[..], "limit"),
        ("none.json", &trusting[..], ""),
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_tidings-server"))
            .args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--jwks-url", &url(file)])
            .env_clear()
            .envs(variables.iter().copied())
            .current_dir(&folder)
            .kill_on_drop(true)
            .output();
        let done = tokio::time::timeout(Duration::from_secs(20), done).await.expect("it ends").unwrap();
        let (code, said) = said(done);
        assert_eq!(code, Some(2), "{file}: {said}");
        assert!(said.contains(&url(file)) && said.contains(word), "{file}: {said}");
    }
}

#[tokio::test]
async fn a_second_server_on_a_file_is_refused_and_one_after_kill_9_is_not() {
    let mut first = Server::start(&["--dev"], &[]).await;
    let folder = first.folder.path().to_owned();
    let second = |command: &[&str]| {
        let mut second = program(command);
        second.env("TIDINGS_JWT_SECRET", SECRET).current_dir(&folder);
        second
    };
    let serve = ["serve", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "off"];
    for command in [&serve[..], &["new-epoch"]] {
        let (code, log) = said(second(command).output().await.unwrap());
        assert_eq!(code, Some(1), "{log}");
        assert!(log.contains("another server has") && log.contains("--database-url"), "{log}");
    }
    first.process.kill().await;
    drop(Process::start(&mut second(&serve)).await);
}
