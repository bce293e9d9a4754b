//! Who is there: the same on all nodes when all is quiet, and nobody who has gone with a killed node.

use std::collections::BTreeMap;
use std::time::Duration;

use tidings_protocol::entity::Status;
use tidings_protocol::http::ParticipantPage;
use tidings_testbed::cluster::Cluster;
use tokio::time::{Instant, sleep};

use super::crowd::Person;
use super::{Outcome, apis};
use crate::api::Api;
use crate::error::Error;

/// All nodes tell of the same people within this time: the life of a lease, the grace after it, and a moment.
const SAME: Duration = Duration::from_secs(30);
/// The same on a machine that is busy.
const ALWAYS: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(500);

/// Every node tells of exactly those who are in each room, and how they are: nobody is missing, and nobody who went with
/// a killed node is still there.
pub(super) async fn same_on_all_nodes(
    cluster: &Cluster,
    people: &[Person],
    rooms: &[String],
    token: &str,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let (began, apis) = (Instant::now(), apis(cluster)?);
    let (mut tried, mut broken) = (0, 0);
    for room in rooms {
        let here = people.iter().filter(|person| person.rooms.contains(room));
        let there: BTreeMap<String, Status> =
            here.map(|person| (person.user.clone(), person.status)).collect();
        for (number, api) in apis.iter().enumerate() {
            tried += 1;
            let mut told = participants(api, token, room).await?;
            while told != there && began.elapsed() < ALWAYS {
                sleep(LOOK).await;
                told = participants(api, token, room).await?;
            }
            if told != there {
                broken += 1;
                let missing: Vec<_> = there.iter().filter(|(user, _)| !told.contains_key(*user)).collect();
                let otherwise: Vec<_> =
                    told.iter().filter(|(user, status)| there.get(*user) != Some(status)).collect();
                outcome.example(format!(
                    "node {}, {room}: not told {missing:?}; told {otherwise:?}",
                    number + 1
                ));
            }
        }
    }
    outcome.promise("quiet: each node tells who is in each room and how, and of nobody else", tried, broken);
    outcome.time("quiet: all nodes tell the same people", began.elapsed(), SAME, ALWAYS);
    outcome.figure("all nodes told the same people after", format!("{:.1?}", began.elapsed()));
    Ok(())
}

/// Asks these nodes until each tells of somebody in a room.
pub(super) async fn known(
    apis: &[Api],
    token: &str,
    room: &str,
    user: &str,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let (until, mut strangers) = (Instant::now() + SAME, 0);
    for api in apis {
        strangers += usize::from(!tells(api, token, room, user, true, until).await?);
    }
    outcome.promise(
        "a node killed: each other knew who was on it alone, so that it means something",
        apis.len(),
        strangers,
    );
    Ok(())
}

/// Asks these nodes until none tells of somebody in a room any more.
pub(super) async fn gone(
    apis: &[Api],
    token: &str,
    room: &str,
    user: &str,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let began = Instant::now();
    for api in apis {
        tells(api, token, room, user, false, began + ALWAYS).await?;
    }
    outcome.time("a node killed: who was on it alone is gone", began.elapsed(), SAME, ALWAYS);
    Ok(())
}

/// Asks a node until it tells of somebody in a room, or tells no more; whether it came to that in time.
async fn tells(
    api: &Api,
    token: &str,
    room: &str,
    user: &str,
    there: bool,
    until: Instant,
) -> Result<bool, Error> {
    while participants(api, token, room).await?.contains_key(user) != there {
        if Instant::now() >= until {
            return Ok(false);
        }
        sleep(LOOK).await;
    }
    Ok(true)
}

async fn participants(api: &Api, token: &str, room: &str) -> Result<BTreeMap<String, Status>, Error> {
    let page: ParticipantPage =
        api.get(token, &format!("/api/v1/rooms/{room}/participants?limit=200")).await?;
    Ok(page.participants.into_iter().map(|person| (person.user_id.to_string(), person.status)).collect())
}
