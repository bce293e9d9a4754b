//! The same promises without WebSockets: frames by POST, read by stream, by poll, and by one transport after the other.
//! The peers here are bare HTTP, so that nothing but the server keeps the promises.

mod reader;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use self::reader::{Handed, How, Reader};
use super::context::{Context, PATIENCE};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Written};
use crate::error::Error;
use crate::proxy::{Course, Plan, Proxy, Toxic};

const ROOMS: usize = 4;
/// Nothing more is shown for so long before the comparison: each stream is opened anew meanwhile, each poll comes to its
/// end, and each transport has its turn, all behind the last message.
const QUIET: Duration = Duration::from_secs(7);

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let (readers, messages, kills): (usize, u64, u32) = context.size((6, 40, 1), (30, 500, 5));
    let mut server = context.server(&[]).await?;
    let plan = Plan::seeded(context.seed(), |random| {
        let cut = |random: &mut fastrand::Rng, most| {
            let after = random.u64(200..most);
            if random.bool() { vec![Toxic::Cut { after }] } else { vec![] }
        };
        Course { up: cut(random, 4_000), down: cut(random, 60_000) }
    });
    let proxy = Proxy::new(server.addr(), plan);
    let rooms: Vec<String> = (0..ROOMS).map(|n| format!("room-{n}")).collect();
    let mut writers = JoinSet::new();
    for n in 0..2 * ROOMS {
        let door = proxy.door(n as u64).await.map_err(|e| Error::io("open a door", e))?;
        let room = rooms.get(n % ROOMS).cloned().unwrap_or_default();
        let token = server.token(&format!("writer-{n}"))?;
        writers.spawn(writer::write(door, token, room, format!("w{n}"), messages));
    }
    let mut watchers: Vec<Watcher> = Vec::new();
    let handed = Arc::<Handed>::default();
    let mut reading = JoinSet::new();
    for n in 0..readers * How::ALL.len() {
        let Some(how) = How::ALL.get(n % How::ALL.len()) else { continue };
        let door = proxy.door(1_000 + n as u64).await.map_err(|e| Error::io("open a door", e))?;
        let token = server.token(&format!("reader-{n}"))?;
        let seen = Arc::default();
        watchers.push(Watcher { name: String::new(), rooms: rooms.clone(), seen: Arc::clone(&seen) });
        reading.spawn(Reader::new(door, token, rooms.clone(), seen, Arc::clone(&handed))?.read(*how));
    }
    let mut random = context.random();
    for kill in 1..=kills {
        sleep(Duration::from_millis(random.u64(1_000..3_000))).await;
        server.kill().await?;
        let took = server.restart().await?;
        context.say(format!("kill {kill}; it served again within {took:?}"));
    }
    let mut written = Written::default();
    let gathering = async {
        while let Some(ended) = writers.join_next().await {
            written.add(ended.map_err(|e| Error::Broken(e.to_string()))??);
        }
        Ok::<_, Error>(())
    };
    let late = |_| Error::Late { what: "the last ACKs".to_owned(), seconds: PATIENCE.as_secs() * 3 };
    timeout(PATIENCE * 3, gathering).await.map_err(late)??;
    proxy.calm();
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    let verdict =
        check::judge_after(QUIET, server.api(), &token, &rooms, &written, &watchers, deadline).await?;
    // They never end by themselves, so one that has ended was refused.
    let refused = reading.try_join_next();

    let mut outcome = Outcome::default();
    outcome.verdict(&verdict);
    let (again, otherwise) = (written.again.len(), written.not_called_duplicates());
    outcome.promise("what is sent again later is called a duplicate", again, otherwise);
    outcome.promise(
        "a request that continues is never refused",
        watchers.len(),
        usize::from(refused.is_some()),
    );
    if let Some(Ok(Err(error))) = refused {
        outcome.example(error.to_string());
    }
    outcome.promise(
        "messages were sent again because the answer was lost, so that it means something",
        1,
        usize::from(written.resent() == 0),
    );
    for (way, messages) in handed.each() {
        let promise = format!("messages came by {way}, so that it means something");
        outcome.promise(promise, 1, usize::from(messages == 0));
    }
    let by_way = handed.each().map(|(way, messages)| format!("{messages} by {way}"));
    outcome.figure("messages handed over", by_way.join(", "));
    outcome.figure("readers by stream, by poll, by all three in turn", format!("{readers} each"));
    outcome.figure("requests answered as resends", written.resent().to_string());
    outcome.figure("what the proxy did", proxy.tally().line());
    Ok(outcome)
}
