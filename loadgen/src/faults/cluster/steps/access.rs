//! Access that is taken back on one node while its user is connected to the others by every transport.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tidings_protocol::Event;
use tidings_protocol::http::FramePage;
use tidings_testbed::node::Node;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::super::admin::Admin;
use super::{LOOK, Steps};
use crate::api::Api;
use crate::error::Error;
use crate::events::{self, EventStream};
use crate::raw::{Peer, PeerError};

/// It counts on all nodes within this time.
const COUNTS: Duration = Duration::from_secs(1);
const COUNTS_ALWAYS: Duration = Duration::from_secs(5);
/// All that was opened is there within this time.
const OPEN: Duration = Duration::from_secs(2);
/// Of these a node lists a session each: a WebSocket, two streams, and a poll that waits.
const EACH: usize = 4;
/// A room in which people write all the time.
const ROOM: &str = "room-0";
/// How long a poll waits. Nothing comes to it, so that it waits when access is taken back.
const WAIT_MS: u64 = 20_000;

/// How it is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Disconnected,
    Banned,
    TokenRevoked,
}

impl Taken {
    const fn name(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Banned => "banned",
            Self::TokenRevoked => "a token revoked",
        }
    }

    /// With what a request is answered from then on.
    const fn answer(self) -> StatusCode {
        match self {
            Self::Disconnected => StatusCode::OK,
            Self::Banned => StatusCode::FORBIDDEN,
            Self::TokenRevoked => StatusCode::UNAUTHORIZED,
        }
    }

    /// With what a WebSocket is closed.
    const fn close_code(self) -> u16 {
        match self {
            Self::Disconnected | Self::Banned => 4003,
            Self::TokenRevoked => 4001,
        }
    }
}

impl Steps<'_> {
    /// By the first node's admin API, with everything open on the others.
    pub(super) async fn access_is_taken_back(&mut self) -> Result<(), Error> {
        let Some((told, others)) = self.cluster.nodes.split_first() else { return Ok(()) };
        let admin = Admin::of(told, self.secret)?;
        for taken in [Taken::Disconnected, Taken::Banned, Taken::TokenRevoked] {
            // A ban stays, so each time it is somebody else.
            let id = self.random.u64(..);
            let user = format!("taken-{id:x}");
            let (token, exp) = self.secret.token_named(&user, &format!("token-{id:x}"))?;
            let mut open = JoinSet::new();
            for node in others {
                everything(node, &user, &token, taken, &mut open).await?;
            }
            let mut missing = 0;
            for node in others {
                missing += self.missing_on(node, &user).await?;
            }
            self.outcome.promise(
                "all that is open on other nodes is there before access is taken back, so that it means something",
                EACH * others.len(),
                missing,
            );
            let (name, count, began) = (taken.name(), open.len(), Instant::now());
            match taken {
                Taken::Disconnected => admin.disconnect(&user).await?,
                Taken::Banned => admin.ban(&user).await?,
                Taken::TokenRevoked => admin.revoke(&format!("token-{id:x}"), exp).await?,
            }
            let mut ended = 0;
            // A task ends behind the last thing that comes, so none comes later.
            while let Ok(Some(one)) = timeout_at(began + 2 * COUNTS_ALWAYS, open.join_next()).await {
                match one.map_err(|e| Error::Broken(e.to_string()))? {
                    Ok(()) => ended += 1,
                    Err(error) => {
                        self.outcome.example(format!("{name} on one node, a connection on another: {error}"));
                    }
                }
            }
            let took = began.elapsed();
            self.context
                .say(format!("{name}: {ended} of {count} connections on other nodes ended in {took:.1?}"));
            self.outcome.promise(
                format!("{name} on one node: nothing more comes by WebSocket, stream, poll and notifications on the others"),
                count,
                count - ended,
            );
            self.outcome.time(
                &format!("{name} on one node: all of it has ended"),
                took,
                COUNTS,
                COUNTS_ALWAYS,
            );
            let mut otherwise = 0;
            for node in &self.cluster.nodes {
                let asked = Api::new(&node.url())?.ask(Method::GET, &token, "/api/v1/rooms", None).await;
                let status = match asked {
                    Ok(()) => StatusCode::OK.as_u16(),
                    Err(Error::Refused { status, .. }) => status,
                    Err(error) => return Err(error),
                };
                otherwise += usize::from(status != taken.answer().as_u16());
            }
            self.outcome.promise(
                format!("{name} on one node: each node answers {}", taken.answer().as_u16()),
                self.cluster.nodes.len(),
                otherwise,
            );
        }
        Ok(())
    }

    /// How many of a user's sessions a node does not list.
    async fn missing_on(&self, node: &Node, user: &str) -> Result<usize, Error> {
        let (admin, until) = (Admin::of(node, self.secret)?, Instant::now() + OPEN);
        loop {
            let missing = EACH.saturating_sub(admin.sessions_of(user).await?);
            if missing == 0 || Instant::now() >= until {
                return Ok(missing);
            }
            sleep(LOOK).await;
        }
    }
}

/// Opens a connection by each transport; each is a task that ends with it.
async fn everything(
    node: &Node,
    user: &str,
    token: &str,
    taken: Taken,
    open: &mut JoinSet<Result<(), Error>>,
) -> Result<(), Error> {
    let mut peer = Peer::connect(node.address(), token).await?;
    peer.send(&json!({ "type": "JOIN_ROOM", "roomId": ROOM, "id": "join" }).to_string()).await?;
    peer.find(|heard| heard.message().is_some()).await?;
    open.spawn(async move {
        loop {
            match peer.receive(|_| ()).await {
                Ok(()) => {}
                Err(PeerError::Closed(Some(code))) if code == taken.close_code() => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    });
    let notifications = EventStream::notifications(&node.url(), user, token, None).await?;
    let path = "/api/v1/realtime/stream";
    let request = subscribe(node, token, path, json!({ "rooms": [{ "roomId": ROOM }] }))?;
    let stream = EventStream::open(path.to_owned(), request).await?;
    for mut stream in [notifications, stream] {
        if stream.next().await?.is_none() {
            return Err(Error::Broken("a stream has ended before anything was taken back".to_owned()));
        }
        open.spawn(async move {
            while stream.next().await?.is_some() {}
            Ok(())
        });
    }
    let path = "/api/v1/realtime/poll";
    let failed = move |source| Error::Http { path: path.to_owned(), source };
    // The first is greeted at once.
    let first = subscribe(node, token, path, json!({ "rooms": [] }))?.send().await.map_err(failed)?;
    let greeted: FramePage = first.json().await.map_err(failed)?;
    let Some(Event::ConnectionEstablished(greeting)) =
        greeted.frames.into_iter().map(|frame| frame.event).next()
    else {
        return Err(Error::Broken("a first poll was not greeted".to_owned()));
    };
    let next = json!({
        "rooms": [], "epoch": greeting.epoch, "inboxAfter": greeting.inbox_seq, "waitMs": WAIT_MS,
    });
    let poll = subscribe(node, token, path, next)?;
    open.spawn(async move {
        let status = poll.send().await.map_err(failed)?.status();
        if status.is_success() {
            return Err(Error::Broken("a poll was answered though nobody wrote".to_owned()));
        }
        Ok(())
    });
    Ok(())
}

fn subscribe(node: &Node, token: &str, path: &str, mut body: Value) -> Result<RequestBuilder, Error> {
    // One of each transport on each node.
    body["clientSession"] = json!(format!("{}-{}", path.len(), node.port()));
    Ok(events::client(path)?.post(format!("{}{path}", node.url())).bearer_auth(token).json(&body))
}
