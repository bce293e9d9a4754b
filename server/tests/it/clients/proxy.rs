//! What stands between a client and the server in networks that are not kind: one request a connection, each to the
//! next server in turn.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of an upgrade.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Upgrades {
    Pass,
    /// Answered in the server's place.
    Refused(&'static str),
    /// Cut as soon as the server has agreed.
    Cut,
}

/// What becomes of an event stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Streams {
    Pass,
    /// Nothing of it is handed on before it ends.
    Held,
    Cut,
}

#[derive(Debug)]
struct Rules {
    upgrades: Upgrades,
    streams: Streams,
    next: usize,
    requests: Vec<usize>,
}

/// The proxy; it ends with the test.
pub(crate) struct Proxy {
    addr: SocketAddr,
    rules: Arc<Mutex<Rules>>,
    cuts: watch::Sender<u32>,
}

impl Proxy {
    pub(crate) async fn before(servers: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let requests = vec![0; servers.len()];
        let rules = Rules { upgrades: Upgrades::Pass, streams: Streams::Pass, next: 0, requests };
        let rules = Arc::new(Mutex::new(rules));
        let (cuts, cut) = watch::channel(0);
        let (servers, seen) = (servers.to_vec(), Arc::clone(&rules));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (servers, rules, mut cut) = (servers.clone(), Arc::clone(&seen), cut.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = relay(near, &servers, &rules) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { addr, rules, cuts }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn upgrades(&self, upgrades: Upgrades) {
        self.rules.lock().unwrap().upgrades = upgrades;
    }

    pub(crate) fn streams(&self, streams: Streams) {
        self.rules.lock().unwrap().streams = streams;
    }

    /// Ends every connection.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// How many requests went to each server.
    pub(crate) fn requests(&self) -> Vec<usize> {
        self.rules.lock().unwrap().requests.clone()
    }
}

async fn relay(mut near: TcpStream, servers: &[SocketAddr], rules: &Mutex<Rules>) -> std::io::Result<()> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(end) = head.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 2;
        }
        if near.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    };
    let text = String::from_utf8_lossy(&head[..end]).to_ascii_lowercase();
    let (is_upgrade, is_stream) = (text.contains("\r\nupgrade:"), text.contains("/realtime/stream"));
    let (upgrades, streams, server) = {
        let mut rules = rules.lock().unwrap();
        let next = rules.next;
        rules.next = (next + 1) % servers.len();
        rules.requests[next] += 1;
        (rules.upgrades, rules.streams, servers[next])
    };
    if let (true, Upgrades::Refused(status)) = (is_upgrade, upgrades) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return near.write_all(answer.as_bytes()).await;
    }
    if is_stream && matches!(streams, Streams::Cut) {
        return Ok(());
    }
    let mut far = TcpStream::connect(server).await?;
    let (first, rest) = head.split_at(end);
    far.write_all(first).await?;
    if !is_upgrade {
        far.write_all(b"connection: close\r\n").await?;
    }
    far.write_all(rest).await?;
    if is_upgrade && matches!(upgrades, Upgrades::Cut) {
        let mut agreed = [0; 4096];
        let n = far.read(&mut agreed).await?;
        near.write_all(&agreed[..n]).await?;
        return Ok(());
    }
    if is_stream && matches!(streams, Streams::Held) {
        let mut held = [0; 4096];
        while far.read(&mut held).await? > 0 {}
        return Ok(());
    }
    copy_bidirectional(&mut near, &mut far).await.map(drop)
}
