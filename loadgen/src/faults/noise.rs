//! Sockets that say what nobody would say: random bytes, broken requests, random frames, frames with broken JSON. The server
//! stays up, lets each of them go, keeps its size, and serves those who make sense meanwhile.

use std::net::SocketAddr;
use std::time::Duration;

use fastrand::Rng;
use futures_util::stream::{self, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use super::panics::has_panic;
use crate::check::{self, Writer};
use crate::error::Error;
use crate::proc;
use crate::raw::masked;

/// Noisy sockets at the same time.
const AT_ONCE: usize = 16;
/// Rounds; the server's size after the first of them is what it is held to.
const ROUNDS: usize = 4;
/// Who has said its last is let go within this time.
const LET_GO: Duration = Duration::from_secs(10);
/// What the server may have grown by in the later rounds, in bytes: allocators do not give everything back.
const GROWTH: u64 = 8 << 20;
/// Frames that begin as frames should.
const FRAMES: [&str; 8] = [
    r#"{"type":"JOIN_ROOM","roomId":"noise","afterSeq":3,"epoch":"e","id":"1"}"#,
    r#"{"type":"CHAT_MESSAGE","roomId":"noise","content":"hi \ud83d\ude00","replyTo":"m","id":"2"}"#,
    r#"{"type":"PRIVATE_MESSAGE","content":"psst","data":{"recipientId":"noise-1"},"id":"3"}"#,
    r#"{"type":"RESUME","epoch":"e","rooms":[{"roomId":"noise","afterSeq":0}],"inboxAfter":1,"notificationsAfter":"c"}"#,
    r#"{"type":"REACT","roomId":"noise","messageId":"m","emoji":"+","remove":true,"id":"4"}"#,
    r#"{"type":"READ","roomId":"noise","seq":9007199254740991,"id":"5"}"#,
    r#"{"type":"AUTHENTICATE","token":"a.b.c","id":"6"}"#,
    r#"{"type":"TYPING","roomId":"noise","data":{"isTyping":true}}"#,
];

/// What a socket says.
#[derive(Clone, Copy, Debug)]
enum Noise {
    /// Bytes.
    Bytes,
    /// A request with some bytes changed.
    Request,
    /// Bytes behind an upgrade.
    Upgraded,
    /// Frames of whatever kind behind an upgrade.
    Frames,
    /// Text frames behind an upgrade, whose JSON is broken somewhere.
    Texts,
}

const KINDS: [Noise; 5] = [Noise::Bytes, Noise::Request, Noise::Upgraded, Noise::Frames, Noise::Texts];

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let sockets = context.size(400, 20_000);
    let server = context.server(&["--max-connects-per-second", "100000"]).await?;
    let rooms = ["quiet".to_owned()];
    let (client, watcher) = context.enter(&server, &server.url(), "watcher", &rooms).await?;
    let (author, _) = context.enter(&server, &server.url(), "writer", &rooms).await?;
    let writers = Writers::start([Writer {
        client: author,
        name: "w".to_owned(),
        room: rooms[0].clone(),
        in_flight: 4,
        limit: None,
        pace: Some(Duration::from_millis(50)),
    }]);
    let tokens = (0..AT_ONCE).map(|n| server.token(&format!("noise-{n}"))).collect::<Result<Vec<_>, _>>()?;
    let (pid, addr) = (server.pid()?, server.addr());
    let mut random = context.random();
    let (mut held, mut first, mut upgraded) = (0, None, 0);
    for round in 1..=ROUNDS {
        let seeds: Vec<(usize, u64)> = (0..sockets).map(|n| (n, random.u64(..))).collect();
        let said = stream::iter(seeds).map(|(n, seed)| {
            let token = tokens.get(n % AT_ONCE).map_or("", String::as_str);
            one(addr, token, KINDS[n % KINDS.len()], Rng::with_seed(seed))
        });
        let ends: Vec<End> = said.buffer_unordered(AT_ONCE).collect().await;
        held += ends.iter().filter(|end| end.is_held).count();
        upgraded += ends.iter().filter(|end| end.is_upgraded).count();
        sleep(Duration::from_millis(500)).await;
        let now = (proc::resident(pid)?, proc::open_files(pid)?);
        context.say(format!(
            "round {round}: {:.1} MiB, {} open files",
            now.0 as f64 / f64::from(1 << 20),
            now.1
        ));
        first.get_or_insert(now);
    }
    // What is left of sessions goes with their last look at the peer.
    sleep(Duration::from_secs(1)).await;
    let (size, files) = (proc::resident(pid)?, proc::open_files(pid)?);
    let (first_size, first_files) = first.unwrap_or((size, files));
    let is_up = server.api().is_ready().await;
    let written = writers.finish().await?;
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    let verdict = check::judge(server.api(), &token, &rooms, &written, &[watcher], deadline).await?;
    drop(client);

    let mut outcome = Outcome::default();
    outcome.verdict(&verdict);
    let all = sockets * ROUNDS;
    outcome.promise(format!("who has said its last is let go within {LET_GO:?}"), all, held);
    outcome.promise("the server answers afterwards, as the process that it was", 1, usize::from(!is_up));
    outcome.promise("nothing in it has panicked", 1, usize::from(has_panic(&server.logged())));
    let upgrades = all / KINDS.len() * 3;
    outcome.promise(
        "noise came behind an upgrade too, so that it means something",
        upgrades,
        upgrades - upgraded,
    );
    let growth = size.saturating_sub(first_size);
    outcome.promise(
        format!("behind the first round the server grows by at most {} MiB", GROWTH >> 20),
        1,
        usize::from(growth > GROWTH),
    );
    outcome.promise("no file stays open", 1, usize::from(files > first_files + 4));
    outcome.figure("sockets", all.to_string());
    outcome.figure("the server's memory grew by", format!("{:.1} MiB", growth as f64 / f64::from(1 << 20)));
    Ok(outcome)
}

/// How a socket came to its end.
#[derive(Default)]
struct End {
    is_upgraded: bool,
    /// Nobody closed it.
    is_held: bool,
}

async fn one(addr: SocketAddr, token: &str, noise: Noise, mut random: Rng) -> End {
    let mut end = End::default();
    // The server may close at any moment: then there is nothing more to say.
    let Ok(mut stream) = TcpStream::connect(addr).await else { return end };
    let request = format!(
        "GET /ws/chat?token={token} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    if matches!(noise, Noise::Upgraded | Noise::Frames | Noise::Texts) {
        let mut head = [0; 12];
        let asked = stream.write_all(request.as_bytes()).await.is_ok();
        let answered = timeout(LET_GO, stream.read_exact(&mut head)).await;
        end.is_upgraded = asked && matches!(answered, Ok(Ok(_))) && head.ends_with(b"101");
    }
    let bytes = match noise {
        Noise::Bytes | Noise::Upgraded => some_bytes(&mut random, 2_048),
        Noise::Request => broken(request.into_bytes(), &mut random),
        Noise::Frames => (0..random.usize(1..8)).flat_map(|_| frame(&mut random)).collect(),
        Noise::Texts => (0..random.usize(1..8)).flat_map(|_| text(&mut random)).collect(),
    };
    for part in bytes.chunks(random.usize(1..=bytes.len().max(1))) {
        if stream.write_all(part).await.is_err() {
            return end;
        }
    }
    if stream.shutdown().await.is_err() {
        return end;
    }
    let mut rest = [0; 4_096];
    let reading = async { while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {} };
    end.is_held = timeout(LET_GO, reading).await.is_err();
    end
}

fn some_bytes(random: &mut Rng, most: usize) -> Vec<u8> {
    (0..random.usize(1..most)).map(|_| random.u8(..)).collect()
}

/// Some bytes changed, left out or said twice.
fn broken(mut bytes: Vec<u8>, random: &mut Rng) -> Vec<u8> {
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..bytes.len().max(1));
        match random.u8(..4) {
            0 if at < bytes.len() => bytes[at] = random.u8(..),
            1 => bytes.truncate(at.max(1)),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.extend_from_within(at.min(bytes.len())..),
        }
    }
    bytes
}

/// A frame with whatever flags, opcode and length, whose payload need not be as long as it says.
fn frame(random: &mut Rng) -> Vec<u8> {
    let payload = some_bytes(random, 300);
    let mut bytes = vec![random.u8(..)];
    let mask = if random.u8(..8) == 0 { 0 } else { 0x80 };
    match random.u8(..8) {
        0 => {
            bytes.push(mask | 127);
            bytes.extend(random.u64(..).to_be_bytes());
        }
        1 | 2 => {
            bytes.push(mask | 126);
            bytes.extend(random.u16(..).to_be_bytes());
        }
        _ => bytes.push(mask | u8::try_from(payload.len().min(125)).unwrap_or_default()),
    }
    bytes.extend(random.u32(..).to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A text frame as frames should be, but for what it says.
fn text(random: &mut Rng) -> Vec<u8> {
    let whole = FRAMES[random.usize(..FRAMES.len())].as_bytes().to_vec();
    // What is no UTF-8 would end the connection before anything else is looked at.
    let text = String::from_utf8_lossy(&broken(whole, random)).into_owned();
    masked(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_settles_the_noise() {
        let all = |seed| {
            let mut random = Rng::with_seed(seed);
            let whole = FRAMES[0].as_bytes().to_vec();
            (some_bytes(&mut random, 99), broken(whole, &mut random), frame(&mut random), text(&mut random))
        };
        assert!((0..500).all(|seed| all(seed) == all(seed)));
        assert_ne!(all(1), all(2));
    }
}
