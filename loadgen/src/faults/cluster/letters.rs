//! What is more than messages in rooms: friends who write to each other, edit and react, and are notified by a program
//! that speaks HTTP through nginx.

mod notices;
mod shown;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use tidings_client_native::{Acked, Client, Config, SendError, Sent, Transport, Transports};
use tidings_protocol::entity::Status;
use tidings_testbed::cluster::Cluster;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use self::shown::Shown;
use super::PATIENCE;
use super::crowd::Person;
use crate::api::Api;
use crate::error::Error;
use crate::token::Secret;

/// Where they edit and react.
pub(super) const ROOM: &str = "letters";
/// Who types. One who reads by WebSocket is another.
const TYPIST: usize = 1;
/// Who types is seen by then, where nothing is broken.
const SOON: Duration = Duration::from_secs(3);
/// Typing ends by itself after 5 s; it is over everywhere a moment later.
const TYPED: Duration = Duration::from_secs(6);
const TYPED_ALWAYS: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(50);

/// All of them, at work.
pub(super) struct Letters {
    friends: Vec<Friend>,
    work: JoinSet<Result<Promised, Error>>,
    stop: watch::Sender<bool>,
}

struct Friend {
    user: String,
    token: String,
    way: Transport,
    client: Client,
    shown: Arc<Shown>,
}

/// What was acknowledged, or answered with 2xx.
#[derive(Debug, Default)]
struct Promised {
    private: Vec<Private>,
    /// Position and kind of each entry of the room.
    entries: Vec<(u64, String)>,
    notices: Vec<Notice>,
}

#[derive(Debug)]
struct Private {
    from: String,
    to: String,
    message_id: String,
}

#[derive(Debug)]
struct Notice {
    /// Nobody, where it is for all.
    to: Option<String>,
    id: String,
}

impl Letters {
    /// `each` times one for every transport.
    pub(super) async fn enter(
        cluster: &Cluster,
        secret: &Secret,
        each: usize,
        pace: Duration,
    ) -> Result<Self, Error> {
        let mut friends = Vec::new();
        for (n, way) in Transport::ALL.into_iter().cycle().take(each * Transport::ALL.len()).enumerate() {
            let user = format!("friend-{n}");
            let token = secret.token(&user)?;
            let mut config = Config::new(cluster.nginx.url(), token.clone());
            config.transports = Transports::NONE.with(way);
            config.notifications = true;
            let (client, events) = Client::connect(config).await?;
            let shown = shown::watch(events);
            client.join(ROOM).await?;
            friends.push(Friend { user, token, way, client, shown });
        }
        let ((stop, stopped), mut work) = (watch::channel(false), JoinSet::new());
        for (friend, next) in friends.iter().zip(friends.iter().cycle().skip(1)) {
            let (client, from, to) = (friend.client.clone(), friend.user.clone(), next.user.clone());
            work.spawn(write(client, from, to, pace, stopped.clone()));
        }
        let names = friends.iter().map(|friend| friend.user.clone()).collect();
        let program = secret.token_for("notifier", Some("notify"))?;
        work.spawn(notices::send(Api::new(&cluster.nginx.url())?, program, names, pace, stopped));
        Ok(Self { friends, work, stop })
    }

    /// Who they are.
    pub(super) fn people(&self) -> impl Iterator<Item = Person> {
        let rooms = vec![ROOM.to_owned()];
        self.friends.iter().map(move |friend| Person {
            user: friend.user.clone(),
            rooms: rooms.clone(),
            status: Status::Online,
        })
    }

    /// One types, and says no more of it. Returns for how long others showed that; none where none did.
    async fn type_once(&self) -> Result<Option<Duration>, Error> {
        if let Some(friend) = self.friends.get(TYPIST) {
            friend.client.typing(ROOM, true).await?;
        }
        let until = Instant::now() + SOON;
        while Instant::now() < until && !self.readers().any(|shown| shown.typing().is_some()) {
            sleep(LOOK).await;
        }
        while self.readers().any(|shown| shown.types_for_less_than(TYPED_ALWAYS)) {
            sleep(LOOK).await;
        }
        Ok(self.readers().filter_map(Shown::typing).max())
    }

    /// Those who are told on one connection of all that passes by, and so of the end of typing.
    fn readers(&self) -> impl Iterator<Item = &Shown> {
        self.friends.iter().filter(|friend| friend.way == Transport::WebSocket).map(|friend| &*friend.shown)
    }

    /// Lets them finish.
    async fn finish(&mut self) -> Result<Promised, Error> {
        self.stop.send_replace(true);
        let mut all = Promised::default();
        let gathering = async {
            while let Some(ended) = self.work.join_next().await {
                let one = ended.map_err(|error| Error::Broken(format!("a friend has failed: {error}")))??;
                all.private.extend(one.private);
                all.entries.extend(one.entries);
                all.notices.extend(one.notices);
            }
            Ok::<_, Error>(())
        };
        let late = |_| Error::Late { what: "the friends' last ACKs".to_owned(), seconds: PATIENCE.as_secs() };
        timeout(PATIENCE, gathering).await.map_err(late)??;
        Ok(all)
    }
}

async fn write(
    client: Client,
    from: String,
    to: String,
    pace: Duration,
    stopped: watch::Receiver<bool>,
) -> Result<Promised, Error> {
    let mut promised = Promised::default();
    let mut number = 0_u64;
    while !*stopped.borrow() {
        number += 1;
        let text = format!("{from} {number}");
        let acked = done(client.send_private(&to, text.clone()).await).await?;
        let message_id = message_of(&acked)?;
        promised.private.push(Private { from: from.clone(), to: to.clone(), message_id });
        let acked = done(client.send(ROOM, text.clone()).await).await?;
        let message = message_of(&acked)?;
        promised.entries.push((seq_of(&acked)?, shown::message(&message)));
        let acked = done(client.edit(ROOM, &message, format!("{text}!")).await).await?;
        promised.entries.push((seq_of(&acked)?, shown::edit(&message)));
        let acked = done(client.react(ROOM, &message, "👍", false).await).await?;
        promised.entries.push((seq_of(&acked)?, shown::reaction(&message)));
        sleep(pace).await;
    }
    Ok(promised)
}

async fn done(sent: Result<Sent, SendError>) -> Result<Acked, Error> {
    let failed = |source| Error::Send { what: "an entry of a friend".to_owned(), source };
    sent.map_err(failed)?.done().await.map_err(failed)
}

fn message_of(acked: &Acked) -> Result<String, Error> {
    let named = acked.message_id.as_ref().map(ToString::to_string);
    named.ok_or_else(|| Error::Broken(format!("the ACK of {} names no message", acked.id)))
}

fn seq_of(acked: &Acked) -> Result<u64, Error> {
    acked.seq.ok_or_else(|| Error::Broken(format!("the ACK of {} has no position", acked.id)))
}
