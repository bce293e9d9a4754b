//! Who is there in every run on a cluster: some who write, some who read, one who looks; and the comparison at the end.

use std::time::Duration;

use tidings_testbed::cluster::Cluster;
use tokio::time::Instant;

use super::crowd::{Crowd, Person};
use super::letters::{self, Letters};
use super::probe::Probe;
use super::{Context, Outcome, PATIENCE, SAME_LOG, Writers, apis, logs, presence};
use crate::check::{self, log};
use crate::error::Error;
use crate::token::Secret;

const ROOMS: usize = 4;
/// What the long form must have had acknowledged to mean something.
const ENOUGH: usize = 20_000;

/// All of them, at work.
pub(super) struct People {
    rooms: Vec<String>,
    crowd: Crowd,
    letters: Letters,
    pub(super) probe: Probe,
    reader: String,
    writers: Writers,
}

impl People {
    pub(super) async fn enter(context: &Context, cluster: &Cluster, secret: &Secret) -> Result<Self, Error> {
        context.say(format!("{} nodes behind {}", cluster.nodes.len(), cluster.nginx.url()));
        let rooms: Vec<String> = (0..ROOMS).map(|n| format!("room-{n}")).collect();
        let (each, pace) = context.size((1, Duration::from_millis(60)), (4, Duration::from_millis(120)));
        let crowd = Crowd::enter(cluster, secret, &rooms, each, pace).await?;
        let probe = Probe::enter(cluster, secret, &rooms, &crowd.watchers).await?;
        let reader = secret.token("reader")?;
        logs::ask_with_a_token_in_the_query(cluster, &reader);
        let writers = Writers::start(crowd.writers.clone());
        let (each, pace) = context.size((1, Duration::from_millis(200)), (2, Duration::from_millis(300)));
        let letters = Letters::enter(cluster, secret, each, pace).await?;
        Ok(Self { rooms, crowd, letters, probe, reader, writers })
    }

    /// Lets them finish, and compares. At least `enough` must have been acknowledged, or a run's usual number.
    pub(super) async fn judge(
        self,
        context: &Context,
        cluster: &Cluster,
        enough: Option<usize>,
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let Self { rooms, crowd, letters, mut probe, reader, writers } = self;
        // Before anything is waited for: from here on it is quiet.
        let here = crowd.people.iter().cloned().chain(letters.people()).chain([probe.person()]);
        let here: Vec<Person> = here.collect();
        let peopled: Vec<String> = rooms.iter().cloned().chain([letters::ROOM.to_owned()]).collect();
        presence::same_on_all_nodes(cluster, &here, &peopled, &reader, outcome).await?;
        context.say("the last ACKs");
        let mut written = writers.finish().await?;
        written.add(probe.take_written());

        // Every node is asked: what one tells, all must.
        let deadline = Instant::now() + PATIENCE;
        let [first, others @ ..] = apis(cluster)?;
        let watchers: Vec<_> = crowd.watchers.iter().chain(probe.watchers()).cloned().collect();
        let verdict = check::judge(&first, &reader, &rooms, &written, &watchers, deadline).await?;
        outcome.verdict(&verdict);
        let mut otherwise = 0;
        for room in &rooms {
            let told = log::read(&first, &reader, room).await?;
            for other in &others {
                otherwise += usize::from(log::read(other, &reader, room).await? != told);
            }
        }
        outcome.promise(SAME_LOG, ROOMS * others.len(), otherwise);
        letters.judge(cluster, deadline, outcome).await?;
        logs::search(cluster, &reader, outcome);
        let wanted = enough.unwrap_or_else(|| context.size(500, ENOUGH));
        let too_few = verdict.acked() < wanted;
        let enough = format!("at least {wanted} were acknowledged, so that it means something");
        outcome.promise(enough, 1, usize::from(too_few));
        let clients = crowd.clients();
        outcome.figure("clients, a third of them each by WebSocket, stream and poll", clients.to_string());
        outcome.figure("ACKs that had been lost and came with a resend", written.resent().to_string());
        logs::leave(context, cluster, outcome)
    }
}
