//! The accept loop: every connection gets its caps and timeouts before anything else is spent on it.
//!
//! - Over a cap, the answer is 503 or 429 with `Retry-After` (`refuse`), without a handler.
//! - A peer that does not send its request head in time is closed, also when it sends nothing at all.
//! - A peer that takes nothing of what waits for it is closed ([`Guarded`]).

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderValue, header};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::config::ListenConfig;
use crate::drain::{Drain, Stage};
use crate::guarded::Guarded;
use crate::lend::Stream;
use crate::limits::{Connections, Peer, TrustedProxies};
use crate::metrics::Metrics;

mod refuse;
mod tracked;

use self::refuse::Refusals;

/// Longest request head, in bytes: a token of 8 KiB in the query, and what stands beside it.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Most header fields.
const MAX_HEADERS: usize = 64;
/// After an accept that failed for want of files or memory: wait, then go on.
const BREATHER: Duration = Duration::from_millis(100);

/// Where connections come from.
#[derive(Debug)]
pub enum Door {
    /// A port.
    Tcp(TcpListener),
    /// The process itself: pipes, each with the address that the peer is taken to have.
    Pipes(mpsc::Receiver<(DuplexStream, SocketAddr)>),
}

impl From<TcpListener> for Door {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl Door {
    async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, addr) = listener.accept().await?;
                // Small frames must not wait for more to come.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no TCP_NODELAY");
                }
                Ok((stream.into(), addr))
            }
            Self::Pipes(pipes) => match pipes.recv().await {
                Some((pipe, addr)) => Ok((pipe.into(), addr)),
                None => std::future::pending().await,
            },
        }
    }
}

/// What every connection is held to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connections: Connections,
    trusted: Arc<TrustedProxies>,
    header_timeout: Duration,
    write_timeout: Duration,
    metrics: Arc<Metrics>,
    drain: Drain,
    stop: CancellationToken,
    requests: TaskTracker,
    peers: TaskTracker,
    refusals: Refusals,
}

impl Gate {
    /// With the settings' bounds.
    #[must_use]
    pub fn new(
        config: &ListenConfig,
        connections: Connections,
        trusted: Arc<TrustedProxies>,
        metrics: Arc<Metrics>,
        drain: Drain,
    ) -> Self {
        let inner = Inner {
            connections,
            trusted,
            header_timeout: config.header_timeout,
            write_timeout: config.write_timeout,
            metrics,
            drain,
            stop: CancellationToken::new(),
            requests: TaskTracker::new(),
            peers: TaskTracker::new(),
            refusals: Refusals::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Accepts until [`Gate::stop`]. While sessions drain, `/readyz` must still be able to say so; a connection
    /// that comes then gets one answer.
    pub async fn serve(&self, mut door: Door, router: Router) {
        loop {
            let accepted = tokio::select! {
                accepted = door.accept() => accepted,
                () = self.inner.stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, addr)) => self.admit(stream, addr, &router),
                Err(error) if is_of_one_peer(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(BREATHER).await;
                }
            }
        }
    }

    /// Accepts no more.
    pub fn stop(&self) {
        self.inner.stop.cancel();
    }

    /// Returns when the last answer has been handed over. Call it once draining has begun.
    pub async fn answered(&self) {
        self.inner.requests.close();
        self.inner.requests.wait().await;
    }

    /// Returns when the last connection is closed. Call it once draining has begun.
    pub async fn closed(&self) {
        self.inner.peers.close();
        self.inner.peers.wait().await;
    }

    fn admit(&self, stream: Stream, addr: SocketAddr, router: &Router) {
        let ip = addr.ip().to_canonical();
        let counted = (!self.inner.trusted.contains(ip)).then_some(ip);
        match self.inner.connections.admit_connection(counted) {
            Ok(permit) => {
                let io = Guarded::new(stream, self.inner.write_timeout, permit);
                let serving = self.clone().connection(io, Peer { addr }, router.clone());
                self.inner.peers.spawn(serving);
            }
            Err(why) => {
                self.inner.metrics.refused(why);
                self.inner.refusals.refuse(stream, || self.inner.connections.refusal(why));
            }
        }
    }

    async fn connection(self, io: Guarded, peer: Peer, router: Router) {
        let served = Arc::new(AtomicBool::new(false));
        let service = service_fn({
            let (gate, served) = (self.clone(), Arc::clone(&served));
            move |request: hyper::Request<hyper::body::Incoming>| {
                served.store(true, Ordering::Relaxed);
                gate.clone().answer(request.map(Body::new), peer, router.clone())
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.inner.header_timeout)
            .max_header_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.inner.drain.begun() => {
                // Who has not asked yet still gets its one answer, which closes the connection.
                if served.load(Ordering::Relaxed) {
                    connection.as_mut().graceful_shutdown();
                }
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(peer = %peer.addr, %error, "connection ended");
        }
    }

    async fn answer(
        self,
        mut request: hyper::Request<Body>,
        peer: Peer,
        router: Router,
    ) -> Result<hyper::Response<tracked::Tracked>, Infallible> {
        let token = self.inner.requests.token();
        request.extensions_mut().insert(peer);
        let mut response = router.oneshot(request).await?;
        if self.inner.drain.stage() == Stage::Draining {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| tracked::body(body, token)))
    }
}

/// Errors of one connection that was gone before it was accepted (accept(2)).
fn is_of_one_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
