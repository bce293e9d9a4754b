//! A light WebSocket peer for measurements: a socket, and no buffer while nothing is half read. Reads go through one
//! buffer of the thread.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

mod frame;
mod heard;

pub use self::heard::Heard;

/// The example of RFC 6455 §1.3: a peer that only measures needs no fresh key, and the answer is known.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// Receive buffer of a small socket, in bytes.
const SMALL: u32 = 4_096;
/// Longest head of the server's answer.
const MAX_HEAD: usize = 8 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; 256 * 1024]);
}

/// Why a peer has no connection.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The system says so.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The server did not upgrade.
    #[error("the server does not upgrade: {0}")]
    Refused(String),
    /// The server closed.
    #[error("the server closed with {0:?}")]
    Closed(Option<u16>),
    /// What came is no WebSocket frame of a server.
    #[error("not a frame of the protocol")]
    Malformed,
}

/// A text frame, as a client sends it.
#[must_use]
pub fn masked(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 14);
    frame::write(frame::TEXT, text.as_bytes(), &mut bytes);
    bytes
}

/// One connection.
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    /// The beginning of a frame whose end has not come.
    rest: Vec<u8>,
}

impl Peer {
    /// Connects and upgrades.
    pub async fn connect(addr: SocketAddr, token: &str) -> Result<Self, PeerError> {
        Self::upgrade(TcpStream::connect(addr).await?, addr, token).await
    }

    /// The same, by a socket that takes little before it is read.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_small(addr: SocketAddr, token: &str) -> Result<Self, PeerError> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(SMALL)?;
        Self::upgrade(socket.connect(addr).await?, addr, token).await
    }

    async fn upgrade(mut stream: TcpStream, addr: SocketAddr, token: &str) -> Result<Self, PeerError> {
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /ws/chat?token={token} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::with_capacity(512);
        let end = loop {
            if let Some(at) = head.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            if head.len() > MAX_HEAD || stream.read_buf(&mut head).await? == 0 {
                return Err(PeerError::Refused(String::from_utf8_lossy(&head).into_owned()));
            }
        };
        let rest = head.split_off(end);
        let head = String::from_utf8_lossy(&head);
        if !head.starts_with("HTTP/1.1 101") || !head.contains(ACCEPT) {
            return Err(PeerError::Refused(head.lines().next().unwrap_or_default().to_owned()));
        }
        Ok(Self { stream, rest })
    }

    /// Sends a text frame.
    pub async fn send(&mut self, text: &str) -> Result<(), PeerError> {
        Ok(self.stream.write_all(&masked(text)).await?)
    }

    /// Sends many text frames in one write.
    pub async fn send_all(&mut self, texts: &[String]) -> Result<(), PeerError> {
        let mut bytes = Vec::new();
        texts.iter().for_each(|text| frame::write(frame::TEXT, text.as_bytes(), &mut bytes));
        Ok(self.stream.write_all(&bytes).await?)
    }

    /// Waits until something comes, and hands over all text frames that have come whole: at least one. Dropping
    /// the future loses nothing.
    pub async fn receive(&mut self, mut each: impl FnMut(Heard<'_>)) -> Result<(), PeerError> {
        // What came along with the answer to the upgrade.
        let mut taken = self.take_rest(&mut each)?;
        while taken.texts == 0 {
            self.stream.readable().await?;
            taken = match SCRATCH.with_borrow_mut(|scratch| self.read(scratch, &mut each)) {
                Err(PeerError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => continue,
                other => other?,
            };
            if !taken.pongs.is_empty() {
                self.stream.write_all(&taken.pongs).await?;
            }
        }
        Ok(())
    }

    /// Receives until `pick` takes a frame.
    pub async fn find(&mut self, mut pick: impl FnMut(&Heard<'_>) -> bool) -> Result<(), PeerError> {
        let mut found = false;
        while !found {
            self.receive(|heard| found |= pick(&heard)).await?;
        }
        Ok(())
    }

    fn read(
        &mut self,
        scratch: &mut [u8],
        each: &mut impl FnMut(Heard<'_>),
    ) -> Result<frame::Taken, PeerError> {
        let count = self.stream.try_read(scratch)?;
        let bytes = scratch.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Err(PeerError::Closed(None));
        }
        if self.rest.is_empty() {
            let taken = frame::take(bytes, each)?;
            self.rest.extend_from_slice(bytes.get(taken.bytes..).unwrap_or_default());
            return Ok(taken);
        }
        self.rest.extend_from_slice(bytes);
        self.take_rest(each)
    }

    fn take_rest(&mut self, each: &mut impl FnMut(Heard<'_>)) -> Result<frame::Taken, PeerError> {
        let taken = frame::take(&self.rest, each)?;
        self.rest.drain(..taken.bytes);
        if self.rest.is_empty() {
            self.rest = Vec::new();
        }
        Ok(taken)
    }
}
