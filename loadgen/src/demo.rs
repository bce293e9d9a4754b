//! A small team at work: rooms, conversations, direct messages, reactions, edits, unread state and notifications, so
//! that a fresh server is worth looking at. Everything goes through the real client under fixed ids.

mod direct;
mod live;
mod notices;
mod rooms;
mod script;
mod team;

use std::process::ExitCode;
use std::time::Duration;

use tidings_client_native::{Acked, Client, Entry};
use tidings_protocol::ClientId;
use tokio::time::timeout;

use self::team::Team;
use crate::api::Api;
use crate::cli::DemoArgs;
use crate::error::Error;

/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Fills the server, says what was done, and with `--live` goes on until Ctrl-C.
pub(crate) async fn run(args: &DemoArgs) -> Result<ExitCode, Error> {
    let api = Api::new(&args.url)?;
    eprintln!("demo: {} people sign in at {}", script::PEOPLE.len(), args.url);
    let team = Team::sign_in(&api, &args.url).await?;
    rooms::open(&team).await?;
    let mut count = rooms::fill(&team).await?;
    count += direct::fill(&team).await?;
    eprintln!("demo: {} of {} messages, edits and reactions are new", count.new, count.all);
    match &args.notify_token {
        Some(token) => notices::send(&team, token).await?,
        None => eprintln!("demo: no notifications without a token; `tidings-loadgen demo --help` says how"),
    }
    eprintln!("demo: look at it as ann or as bob: {0}/?as=ann  {0}/?as=bob", args.url.trim_end_matches('/'));
    if args.live {
        live::chat(&team, args.notify_token.as_deref()).await?;
    }
    team.leave().await;
    Ok(ExitCode::SUCCESS)
}

/// How many entries were sent, and how many of them the server did not have yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    all: usize,
    new: usize,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.new += other.new;
    }
}

impl Count {
    fn add(&mut self, acked: &Acked) {
        self.all += 1;
        // A reaction that stands already makes no entry.
        self.new += usize::from(!acked.duplicate && acked.seq.is_some());
    }
}

/// Sends an entry under a fixed id and waits until it is stored.
async fn send(client: &Client, id: &str, entry: Entry) -> Result<Acked, Error> {
    let sent = client.send_as(ClientId::new(id)?, entry).await;
    let late = |_| Error::Late { what: id.to_owned(), seconds: PATIENCE.as_secs() };
    timeout(PATIENCE, sent.done())
        .await
        .map_err(late)?
        .map_err(|source| Error::Send { what: id.to_owned(), source })
}
