//! What the kernel alone costs: a process that writes one ready frame to each of its sockets, and nothing else.

use std::cell::Cell;
use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::process::Stdio;
use std::rc::Rc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::cli::{BenchArgs, ReferenceArgs};
use crate::error::Error;
use crate::proc;

/// About as long as the frame of a message with 128 bytes of content.
const FRAME: usize = 440;

/// The process, and the readers at the other ends of its sockets.
pub(super) struct Reference {
    child: Child,
    go: ChildStdin,
    got: Rc<Got>,
    _readers: JoinSet<()>,
}

/// What all readers together have got.
#[derive(Default)]
struct Got {
    bytes: Cell<usize>,
    wanted: Cell<usize>,
    reached: Notify,
}

impl Reference {
    /// Starts the process and connects as many readers as the room has members.
    pub(super) async fn start(args: &BenchArgs) -> Result<Self, Error> {
        let (mut child, mut lines, go) = spawn(args)?;
        let address = lines.next_line().await.map_err(|e| Error::io("hear of the reference", e))?;
        let address: SocketAddr = address
            .and_then(|line| line.parse().ok())
            .ok_or_else(|| Error::Server("the reference says no address".to_owned()))?;
        let got = Rc::new(Got::default());
        let mut readers = JoinSet::new();
        for _ in 0..args.members {
            let stream = TcpStream::connect(address).await.map_err(|e| Error::io("connect a reader", e))?;
            readers.spawn_local(read(stream, Rc::clone(&got)));
        }
        // The process says so when it has accepted them all.
        if lines.next_line().await.is_ok_and(|line| line.is_some()) {
            return Ok(Self { child, go, got, _readers: readers });
        }
        let ended = child.wait().await.map_err(|e| Error::io("wait for the reference", e))?;
        Err(Error::Server(format!("the reference ended with {ended}")))
    }

    /// Microseconds for each delivery, over so many frames to everybody, one in flight.
    pub(super) async fn round(&mut self, members: usize, frames: usize) -> Result<f64, Error> {
        let pid = self.child.id().ok_or_else(|| Error::Server("the reference has ended".to_owned()))?;
        let before = proc::cpu(pid)?;
        for _ in 0..frames {
            let got = &self.got;
            got.wanted.set(got.wanted.get() + FRAME * members);
            self.go.write_all(b"\n").await.map_err(|e| Error::io("drive the reference", e))?;
            while got.bytes.get() < got.wanted.get() {
                got.reached.notified().await;
            }
        }
        Ok((proc::cpu(pid)? - before).as_secs_f64() * 1e6 / (members * frames) as f64)
    }
}

/// The process itself: sockets, then one frame to each for every line that it is sent.
pub(crate) fn serve(args: &ReferenceArgs) -> Result<(), Error> {
    let failed = |e| Error::io("serve as the reference", e);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr().map_err(failed)?).map_err(failed)?;
    let mut sockets = Vec::with_capacity(args.members);
    for _ in 0..args.members {
        let (socket, _) = listener.accept().map_err(failed)?;
        socket.set_nodelay(true).map_err(failed)?;
        sockets.push(socket);
    }
    writeln!(out, "ready").map_err(failed)?;
    let frame = [b'x'; FRAME];
    for line in std::io::stdin().lock().lines() {
        line.map_err(failed)?;
        for socket in &mut sockets {
            socket.write_all(&frame).map_err(failed)?;
        }
    }
    Ok(())
}

type Lines = tokio::io::Lines<BufReader<tokio::process::ChildStdout>>;

fn spawn(args: &BenchArgs) -> Result<(Child, Lines, ChildStdin), Error> {
    let failed = |e| Error::io("start the reference", e);
    let own = std::env::current_exe().map_err(failed)?;
    let mut command = match args.server_core {
        Some(core) => {
            let mut command = Command::new("taskset");
            command.args(["-c", &core.to_string()]).arg(own);
            command
        }
        None => Command::new(own),
    };
    command.args(["reference", "--members", &args.members.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let none = || failed(std::io::ErrorKind::BrokenPipe.into());
    let lines = BufReader::new(child.stdout.take().ok_or_else(none)?).lines();
    let go = child.stdin.take().ok_or_else(none)?;
    Ok((child, lines, go))
}

async fn read(mut stream: TcpStream, got: Rc<Got>) {
    let mut buffer = [0; 2 * FRAME];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        got.bytes.set(got.bytes.get() + count);
        if got.bytes.get() >= got.wanted.get() {
            got.reached.notify_one();
        }
    }
}
