//! What is asked when all is quiet: who is there.

use std::collections::BTreeSet;
use std::time::Duration;

use tidings_protocol::http::ParticipantPage;
use tidings_testbed::cluster::Cluster;
use tokio::time::{Instant, sleep};

use super::crowd::Crowd;
use super::probe::Probe;
use super::{Outcome, apis};
use crate::api::Api;
use crate::error::Error;

/// All nodes tell of the same people within this time: the life of a lease, and the grace after it.
const SAME: Duration = Duration::from_secs(45);
const LOOK: Duration = Duration::from_millis(500);

/// Every node tells of exactly those who are in each room: nobody is missing, and nobody who went with a killed node is
/// still there.
pub(super) async fn same_on_all_nodes(
    cluster: &Cluster,
    crowd: &Crowd,
    probe: &Probe,
    rooms: &[String],
    token: &str,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let (began, apis) = (Instant::now(), apis(cluster)?);
    let (mut tried, mut broken) = (0, 0);
    for room in rooms {
        let mut there: BTreeSet<String> = probe.rooms_of(room);
        there.extend(
            crowd.people.iter().filter(|(_, rooms)| rooms.contains(room)).map(|(user, _)| user.clone()),
        );
        for (number, api) in apis.iter().enumerate() {
            tried += 1;
            let mut told = participants(api, token, room).await?;
            while told != there && began.elapsed() < SAME {
                sleep(LOOK).await;
                told = participants(api, token, room).await?;
            }
            if told != there {
                broken += 1;
                let missing: Vec<_> = there.difference(&told).collect();
                let ghosts: Vec<_> = told.difference(&there).collect();
                outcome
                    .example(format!("node {}, {room}: not told {missing:?}; told {ghosts:?}", number + 1));
            }
        }
    }
    outcome.promise("quiet: each node tells who is in each room, and of nobody else", tried, broken);
    outcome.figure("all nodes told the same people after", format!("{:.1?}", began.elapsed()));
    Ok(())
}

async fn participants(api: &Api, token: &str, room: &str) -> Result<BTreeSet<String>, Error> {
    let page: ParticipantPage =
        api.get(token, &format!("/api/v1/rooms/{room}/participants?limit=200")).await?;
    Ok(page.participants.into_iter().map(|person| person.user_id.to_string()).collect())
}
