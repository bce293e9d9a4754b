//! People who all write to all rooms, and whose connections are cut at random bytes: everybody must see the same order.

use std::time::Duration;

use tokio::time::Instant;

use super::context::{Context, PATIENCE, Writers, hurry};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Writer};
use crate::error::Error;
use crate::proxy::{Course, Plan, Proxy, Toxic};

const ROOMS: usize = 4;
const CLIENTS: usize = 20;
const IN_FLIGHT: usize = 4;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    // Of each client to each room.
    let (messages, pace) = context.size((15, 200), (125, 160));
    let server = context.server(&[]).await?;
    let plan = Plan::seeded(context.seed(), |random| Course {
        // Far enough in that what a resume begins with always comes through.
        up: if random.u8(0..4) == 0 { vec![Toxic::Cut { after: random.u64(2_000..20_000) }] } else { vec![] },
        down: vec![Toxic::Cut { after: random.u64(30_000..200_000) }],
    });
    let proxy = Proxy::new(server.addr(), plan);
    let rooms: Vec<String> = (0..ROOMS).map(|n| format!("room-{n}")).collect();
    let members = context.crowd(&server, &proxy, CLIENTS, |_| rooms.clone()).await?;
    let _hurrying = hurry(members.iter().map(|member| &member.client));
    let writers = members.iter().enumerate().flat_map(|(n, member)| {
        rooms.iter().map(move |room| Writer {
            client: member.client.clone(),
            name: format!("w{n}"),
            room: room.clone(),
            in_flight: IN_FLIGHT,
            limit: Some(messages),
            pace: Some(Duration::from_millis(pace)),
        })
    });
    let written = Writers::start(writers).gather(PATIENCE * 3).await?;
    proxy.calm();
    let watchers: Vec<Watcher> = members.iter().map(|member| member.watcher.clone()).collect();
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    let verdict = check::judge(server.api(), &token, &rooms, &written, &watchers, deadline).await?;
    let mut outcome = Outcome::default();
    outcome.verdict(&verdict);
    let reconnects = proxy.tally().connections().saturating_sub(CLIENTS as u64);
    outcome.promise("connections were cut, so that it means something", 1, usize::from(reconnects < 5));
    outcome.figure("rooms, clients, reconnects", format!("{ROOMS}, {CLIENTS}, {reconnects}"));
    Ok(outcome)
}
