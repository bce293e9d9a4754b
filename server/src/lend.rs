//! A TCP stream whose writing side may be lent, so that somebody else writes while its own task sleeps. Who has the
//! side writes; there is never a second one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A stream whose writing side may be lent.
pub trait Lend {
    /// Gives the writing side away. Until it is back, every write fails with [`io::ErrorKind::NotConnected`]. `None`
    /// where it is away already, or where this stream does not lend it.
    fn lend(&mut self) -> Option<Writer>;

    /// Takes the writing side back.
    fn take_back(&mut self, writer: Writer);
}

/// A TCP stream.
#[derive(Debug)]
pub struct Tcp {
    read: OwnedReadHalf,
    write: Option<Writer>,
}

/// The writing side of a TCP stream. Dropped, it leaves the connection as it is: that ends when both sides are gone.
#[derive(Debug)]
pub struct Writer(Option<OwnedWriteHalf>);

impl From<TcpStream> for Tcp {
    fn from(stream: TcpStream) -> Self {
        let (read, write) = stream.into_split();
        Self { read, write: Some(Writer(Some(write))) }
    }
}

impl Lend for Tcp {
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
        self.0.as_ref().map_or_else(away, |half| half.try_write(bytes))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(half) = self.0.take() {
            half.forget();
        }
    }
}

fn away<T>() -> io::Result<T> {
    Err(io::ErrorKind::NotConnected.into())
}

impl Tcp {
    fn writer(&mut self) -> io::Result<Pin<&mut OwnedWriteHalf>> {
        let half = self.write.as_mut().and_then(|writer| writer.0.as_mut());
        half.map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.read).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.writer()?.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writer()?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer()?.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Tcp, TcpStream) {
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
    async fn a_writing_side_that_is_dropped_leaves_the_reading_side_open() {
        let (mut near, mut far) = pair().await;
        drop(near.lend());
        far.write_all(b"x").await.unwrap();
        assert_eq!(near.read_u8().await.unwrap(), b'x');
    }
}
