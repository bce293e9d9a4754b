//! Everybody loses the server at once; who is back when.

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

/// Takes the server away and brings it back, and waits for all clients.
pub(super) async fn lose(server: &mut Server, clients: &[Client], going: Going) -> Result<Lost, Error> {
    let began = Instant::now();
    let mut returning = JoinSet::new();
    for (number, client) in clients.iter().enumerate() {
        let coming = come_back(client.watch(), began, number);
        returning.spawn(async move { timeout(PATIENCE, coming).await.ok().flatten() });
    }
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
    let mut returns: Vec<Return> = returning.join_all().await.into_iter().flatten().collect();
    returns.sort_unstable();
    Ok(Lost { began, served, returns })
}

async fn come_back(mut status: watch::Receiver<Status>, began: Instant, client: usize) -> Option<Return> {
    status.wait_for(|status| status.state != State::Connected).await.ok()?;
    let mut course = Vec::new();
    loop {
        let now = *status.borrow_and_update();
        let after = u64::try_from(began.elapsed().as_millis()).ok()?;
        course.push(format!("{after} ms {:?} by {:?}", now.state, now.transport));
        if now.state == State::Connected {
            return Some(Return { after, client, course });
        }
        status.changed().await.ok()?;
    }
}
