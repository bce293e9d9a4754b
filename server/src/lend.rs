//! A connection's stream, whose writing side may be lent, so that somebody else writes while its own task sleeps. Who has the
//! side writes; there is never a second one. It is a TCP stream, or a pipe within the process, whose other end is a network
//! of the caller's own making.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// What the system takes for a bounded stream's peer that does not read, in bytes.
#[cfg(target_os = "linux")]
const MAX_UNSENT: u32 = 32 * 1024;

/// A stream whose writing side may be lent.
pub trait Lend {
    /// Gives the writing side away. Until it is back, every write fails with [`io::ErrorKind::NotConnected`]. `None`
    /// where it is away already, or where this stream does not lend it.
    fn lend(&mut self) -> Option<Writer>;

    /// Takes the writing side back.
    fn take_back(&mut self, writer: Writer);
}

/// A connection's stream.
#[derive(Debug)]
pub struct Stream {
    read: Reading,
    write: Option<Writer>,
}

#[derive(Debug)]
enum Reading {
    Tcp(OwnedReadHalf),
    Pipe(ReadHalf<DuplexStream>),
}

#[derive(Debug)]
enum Writing {
    Tcp(OwnedWriteHalf),
    Pipe(Mutex<WriteHalf<DuplexStream>>),
}

/// The writing side of a stream. Dropped, it leaves the connection as it is: that ends when both sides are gone.
#[derive(Debug)]
pub struct Writer(Option<Writing>);

impl Stream {
    /// Has the system take little for a peer that does not read. By itself it takes megabytes, and only then is a peer
    /// seen to be slow. Not for what is of one piece and may take its time, such as a file.
    pub fn bound_unsent(&self) {
        #[cfg(target_os = "linux")]
        if let Reading::Tcp(half) = &self.read
            && let Err(error) = socket2::SockRef::from(half.as_ref()).set_tcp_notsent_lowat(MAX_UNSENT)
        {
            tracing::debug!(%error, "no TCP_NOTSENT_LOWAT");
        }
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        let (read, write) = stream.into_split();
        Self { read: Reading::Tcp(read), write: Some(Writer(Some(Writing::Tcp(write)))) }
    }
}

impl From<DuplexStream> for Stream {
    fn from(stream: DuplexStream) -> Self {
        let (read, write) = split(stream);
        let write = Writing::Pipe(Mutex::new(write));
        Self { read: Reading::Pipe(read), write: Some(Writer(Some(write))) }
    }
}

impl Lend for Stream {
    fn lend(&mut self) -> Option<Writer> {
        self.write.take()
    }

    fn take_back(&mut self, writer: Writer) {
        self.write = Some(writer);
    }
}

impl Writer {
    /// Hands over as many bytes as the system takes at once.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where it takes none; any other where the connection has ended.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.0 {
            Some(Writing::Tcp(half)) => half.try_write(bytes),
            Some(Writing::Pipe(half)) => {
                let mut cx = Context::from_waker(Waker::noop());
                match Pin::new(&mut *half.lock()).poll_write(&mut cx, bytes) {
                    Poll::Ready(written) => written,
                    Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
                }
            }
            None => away(),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(Writing::Tcp(half)) = self.0.take() {
            half.forget();
        }
    }
}

fn away<T>() -> io::Result<T> {
    Err(io::ErrorKind::NotConnected.into())
}

/// Does the same to whichever side it is.
macro_rules! write_by {
    ($stream:expr, $half:ident => $call:expr) => {
        match $stream.write.as_mut().and_then(|writer| writer.0.as_mut()) {
            Some(Writing::Tcp(half)) => {
                let $half = Pin::new(half);
                $call
            }
            Some(Writing::Pipe(half)) => {
                let $half = Pin::new(half.get_mut());
                $call
            }
            None => Poll::Ready(away()),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.read {
            Reading::Tcp(half) => Pin::new(half).poll_read(cx, buf),
            Reading::Pipe(half) => Pin::new(half).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        write_by!(self, half => half.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        write_by!(self, half => half.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        write_by!(self, half => half.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (listener.accept().await.unwrap().0.into(), far)
    }

    #[tokio::test]
    async fn who_has_the_writing_side_writes_and_nobody_else() {
        let (mut near, mut far) = pair().await;
        near.write_all(b"a").await.unwrap();
        let writer = near.lend().unwrap();
        assert_eq!(near.write_all(b"?").await.unwrap_err().kind(), io::ErrorKind::NotConnected);
        assert!(near.lend().is_none());
        assert_eq!(writer.try_write(b"b").unwrap(), 1);
        near.take_back(writer);
        near.write_all(b"c").await.unwrap();
        drop(near);
        let mut heard = String::new();
        far.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "abc");
    }

    #[tokio::test]
    async fn a_pipe_lends_its_writing_side_too() {
        let (near, mut far) = tokio::io::duplex(2);
        let mut near = Stream::from(near);
        let writer = near.lend().unwrap();
        assert_eq!(near.write_all(b"?").await.unwrap_err().kind(), io::ErrorKind::NotConnected);
        assert_eq!(writer.try_write(b"abc").unwrap(), 2);
        assert_eq!(writer.try_write(b"c").unwrap_err().kind(), io::ErrorKind::WouldBlock);
        near.take_back(writer);
        let writing = tokio::spawn(async move { near.write_all(b"c").await.unwrap() });
        let mut heard = String::new();
        far.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "abc");
        writing.await.unwrap();
    }

    #[tokio::test]
    async fn a_writing_side_that_is_dropped_leaves_the_reading_side_open() {
        let (mut near, mut far) = pair().await;
        drop(near.lend());
        far.write_all(b"x").await.unwrap();
        assert_eq!(near.read_u8().await.unwrap(), b'x');
    }
}
