//! The notification stream: cut at random bytes and killed, it must go on behind the last event that came whole; with
//! a cursor that cannot be used it must say `reset`.

mod cursors;
mod reader;

use std::time::Duration;

use tidings_protocol::http::{SendBroadcast, SendNotification};
use tidings_protocol::{ClientId, UserId};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use self::reader::{Expected, Read};
use super::context::{Context, PATIENCE};
use super::outcome::Outcome;
use crate::api::Api;
use crate::error::Error;
use crate::events::EventStream;
use crate::proxy::{Course, Plan, Proxy, Toxic};
use crate::server::Server;

/// Every so many notifications there is one for everybody.
const BROADCAST: usize = 10;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let (users, each, kills) = context.size((20, 60, 2), (50, 200, 5));
    let mut server = context.server(&[]).await?;
    let plan = Plan::seeded(context.seed(), |random| Course {
        up: vec![],
        down: vec![Toxic::Cut { after: random.u64(300..6_000) }],
    });
    let proxy = Proxy::new(server.addr(), plan);
    let names: Vec<String> = (0..users).map(|n| format!("user-{n}")).collect();
    let expected = Expected::default();
    let mut readers = JoinSet::new();
    for (n, name) in names.iter().enumerate() {
        let token = server.token(name)?;
        // A first cursor, on a connection that holds: without one there is nothing to go on from.
        let mut first = EventStream::notifications(&server.url(), name, &token, None).await?;
        let id = notify(server.api(), &server.token_for("publisher", "notify")?, name, 0).await?;
        let Some(event) = reader::next_with_id(&mut first).await? else {
            return Err(Error::Broken("a stream ended before its first event".to_owned()));
        };
        expected.begin(name, id);
        let door = proxy.door(n as u64).await.map_err(|e| Error::io("open a door", e))?;
        readers.spawn(reader::read(door, name.clone(), token, event, expected.clone()));
    }
    let publishing = publish(&server, &names, each, &expected)?;
    let mut random = context.random();
    let publishing = tokio::spawn(publishing);
    for kill in 1..=kills {
        sleep(Duration::from_millis(random.u64(500..1_500))).await;
        server.kill().await?;
        let took = server.restart().await?;
        context.say(format!("kill {kill}; it served again within {took:?}"));
    }
    publishing.await.map_err(|e| Error::Broken(e.to_string()))??;
    expected.all_published();
    let gathering = async {
        let mut reads = Vec::new();
        while let Some(read) = readers.join_next().await {
            reads.push(read.map_err(|e| Error::Broken(e.to_string()))??);
        }
        Ok::<_, Error>(reads)
    };
    let late = |_| Error::Late { what: "the last notifications".to_owned(), seconds: PATIENCE.as_secs() };
    let reads: Vec<Read> = timeout(PATIENCE, gathering).await.map_err(late)??;

    let mut outcome = Outcome::default();
    let wanted = context.size(100, 1_000);
    let cuts: usize = reads.iter().map(|read| read.cuts).sum();
    expected.judge(&reads, &mut outcome);
    outcome.promise(
        format!("at least {wanted} cuts, so that it means something"),
        1,
        usize::from(cuts < wanted),
    );
    outcome.figure("streams, cuts, kills", format!("{users}, {cuts}, {kills}"));
    cursors::check(&mut server, &names, &mut outcome).await?;
    Ok(outcome)
}

/// Publishes for each user in turn, a try after another under the same id until it is answered.
fn publish(
    server: &Server,
    names: &[String],
    each: usize,
    expected: &Expected,
) -> Result<impl Future<Output = Result<(), Error>> + use<>, Error> {
    let (api, token) = (server.api().clone(), server.token_for("publisher", "notify")?);
    let (names, expected) = (names.to_vec(), expected.clone());
    Ok(async move {
        for n in 1..each {
            for name in &names {
                let id = notify(&api, &token, name, n).await?;
                expected.notification(name, id);
            }
            if n % BROADCAST == 0 {
                expected.broadcast(broadcast(&api, &token, n).await?);
            }
        }
        Ok(())
    })
}

pub(super) async fn notify(api: &Api, token: &str, user: &str, n: usize) -> Result<String, Error> {
    let body = SendNotification {
        user_id: UserId::new(user)?,
        title: format!("number {n}"),
        message: "something has happened".to_owned(),
        kind: "test".to_owned(),
        data: None,
        id: Some(ClientId::new(format!("{user}-{n}"))?),
    };
    until_answered(api, token, "/api/v1/notifications/send", &body).await
}

async fn broadcast(api: &Api, token: &str, n: usize) -> Result<String, Error> {
    let body = SendBroadcast {
        title: format!("to all: {n}"),
        message: "something has happened".to_owned(),
        kind: "test".to_owned(),
        id: Some(ClientId::new(format!("all-{n}"))?),
    };
    until_answered(api, token, "/api/v1/notifications/broadcast", &body).await
}

/// Only the id of what was stored is of interest.
#[derive(serde::Deserialize)]
struct Stored {
    id: String,
}

async fn until_answered(
    api: &Api,
    token: &str,
    path: &str,
    body: &(impl serde::Serialize + Sync),
) -> Result<String, Error> {
    let end = Instant::now() + PATIENCE;
    loop {
        match api.post::<Stored>(token, path, body).await {
            Ok(stored) => return Ok(stored.id),
            Err(Error::Http { .. }) if Instant::now() < end => sleep(Duration::from_millis(50)).await,
            Err(error) => return Err(error),
        }
    }
}
