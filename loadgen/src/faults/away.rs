//! Everybody loses the server at once; who is back when.

use tidings_client_native::{Client, State};
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

/// Takes the server away and brings it back. Returns after how many milliseconds each client was connected again;
/// those that were not are left out.
pub(super) async fn lose(server: &mut Server, clients: &[Client], going: Going) -> Result<Vec<u64>, Error> {
    let began = Instant::now();
    let mut returning = JoinSet::new();
    for client in clients {
        let mut status = client.watch();
        returning.spawn(async move {
            let returned = async {
                status.wait_for(|status| status.state != State::Connected).await.ok()?;
                status.wait_for(|status| status.state == State::Connected).await.ok()?;
                u64::try_from(began.elapsed().as_millis()).ok()
            };
            timeout(PATIENCE, returned).await.ok().flatten()
        });
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
    Ok(returning.join_all().await.into_iter().flatten().collect())
}
