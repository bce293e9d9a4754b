//! Many lose their server at once; who is back when.

use std::time::Duration;

use tidings_client_native::{Client, State, Status};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::context::PATIENCE;
use crate::error::Error;
use crate::server::Server;

/// How the server goes.
#[derive(Clone, Copy)]
pub(super) enum Going {
    /// By SIGTERM.
    Drained,
    /// By SIGKILL.
    Killed,
}

impl Going {
    /// The signal.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Drained => "SIGTERM",
            Self::Killed => "SIGKILL",
        }
    }
}

/// A client's way back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Return {
    /// Milliseconds from the signal on.
    pub(super) after: u64,
    /// The same until the client knew that its connection was lost.
    pub(super) noticed: u64,
    /// Which of the clients it is.
    pub(super) client: usize,
    /// What the client said of itself on the way, each with its time.
    course: Vec<String>,
}

impl Return {
    /// What the client said of itself on the way.
    pub(super) fn course(&self) -> String {
        self.course.join(", ")
    }
}

/// What it was to lose the server.
#[derive(Debug)]
pub(super) struct Lost {
    /// The signal.
    pub(super) began: Instant,
    /// When the server served again.
    pub(super) served: Instant,
    /// How each client came back, the slowest last; those that did not are left out.
    pub(super) returns: Vec<Return>,
}

/// How long each took, in order.
pub(super) fn times(returns: &[Return]) -> Vec<u64> {
    let mut times: Vec<u64> = returns.iter().map(|one| one.after).collect();
    times.sort_unstable();
    times
}

/// Clients who are watched on their way.
#[derive(Debug)]
pub(super) struct Returning(JoinSet<Option<Return>>);

impl Returning {
    /// Begins now, with all of them connected.
    pub(super) fn watch(clients: &[Client]) -> Self {
        let began = Instant::now();
        let each = clients.iter().enumerate();
        Self(each.map(|(number, client)| come_back(client.watch(), began, number)).collect())
    }

    /// Waits for that many to have lost their connection and come back, for so long at most: the others may never have lost
    /// theirs. The slowest last.
    pub(super) async fn first(mut self, count: usize, patience: Duration) -> Vec<Return> {
        let mut returns = Vec::with_capacity(count);
        let gathering = async {
            while returns.len() < count
                && let Some(ended) = self.0.join_next().await
            {
                returns.extend(ended.ok().flatten());
            }
        };
        // Who is not back is missing in what is returned.
        let _ = timeout(patience, gathering).await;
        returns.sort_unstable();
        returns
    }
}

/// Takes the server away and brings it back, and waits for all clients.
pub(super) async fn lose(server: &mut Server, clients: &[Client], going: Going) -> Result<Lost, Error> {
    let began = Instant::now();
    let returning = Returning::watch(clients);
    match going {
        Going::Drained => {
            let (status, _) = server.terminate().await?;
            if !status.success() {
                return Err(Error::Broken(format!("a drained server ends with {status}")));
            }
        }
        Going::Killed => server.kill().await?,
    }
    server.restart().await?;
    let served = Instant::now();
    let returns = returning.first(clients.len(), PATIENCE).await;
    Ok(Lost { began, served, returns })
}

async fn come_back(mut status: watch::Receiver<Status>, began: Instant, client: usize) -> Option<Return> {
    let millis = || u64::try_from(began.elapsed().as_millis()).ok();
    status.wait_for(|status| status.state != State::Connected).await.ok()?;
    let (noticed, mut course) = (millis()?, Vec::new());
    loop {
        let now = *status.borrow_and_update();
        let after = millis()?;
        course.push(format!("{after} ms {:?} by {:?}", now.state, now.transport));
        if now.state == State::Connected {
            return Some(Return { after, noticed, client, course });
        }
        status.changed().await.ok()?;
    }
}
