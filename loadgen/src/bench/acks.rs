//! Acknowledged messages a second, and how long an ACK takes at a given rate.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep_until};

use crate::bench::crowd;
use crate::bench::target::Target;
use crate::cli::BenchArgs;
use crate::error::Error;
use crate::raw::Peer;
use crate::report::Report;
use crate::stats::percentile;

/// Sessions that write.
const WRITERS: usize = 50;
/// Messages that each may have in flight where as many as possible are wanted.
const IN_FLIGHT: usize = 64;
/// Messages a second of all of them together, where the delay is measured.
const PACE: u32 = 1_000;
/// Members of a room in that case.
const ROOM: usize = 10;
/// Bytes of a message's content.
const PAYLOAD: usize = 128;
/// What is in flight at the end may take this long.
const LAST_ACKS: Duration = Duration::from_secs(30);

/// What all writers together were told.
#[derive(Default)]
struct Acked {
    count: Cell<u64>,
    /// Microseconds, each.
    delays: RefCell<Vec<u64>>,
}

/// How a writer goes on.
#[derive(Clone, Copy)]
enum Pace {
    /// As fast as answers come.
    Full,
    /// One message each time so much has passed, the first one so late.
    Every(Duration, Duration),
}

/// Adds two rows, which say `on` what, where that is not the usual.
pub(super) async fn measure(
    target: &Target<'_>,
    args: &BenchArgs,
    on: Option<&str>,
    report: &mut Report,
) -> Result<(), Error> {
    let on = on.map(|on| format!(", {on}")).unwrap_or_default();
    let time = Duration::from_secs(args.seconds);
    eprintln!("acks: {PACE} messages a second for {} s", args.seconds);
    let every = Duration::from_secs(1) * WRITERS as u32 / PACE;
    let paced = |n: usize| Pace::Every(every, every * n as u32 / WRITERS as u32);
    let delayed = write(target, "paced", |n| format!("paced-{}", n / ROOM), paced, time).await?;
    let mut delays = delayed.acked.delays.take();
    delays.sort_unstable();
    let ms = |share| percentile(&delays, share) as f64 / 1000.0;
    report.row([
        format!("delay of an ACK at {PACE} messages a second{on}, p99"),
        format!("**{:.1} ms**", ms(0.99)),
        String::new(),
        format!(
            "median {:.1} ms, longest {:.1} ms, {} messages in rooms of {ROOM}",
            ms(0.5),
            ms(1.0),
            delays.len()
        ),
    ]);

    eprintln!("acks: as many as possible for {} s", args.seconds);
    target.settle().await?;
    let full = write(target, "full", |n| format!("full-{n}"), |_| Pace::Full, time).await?;
    let count = full.acked.count.get() as f64;
    report.row([
        format!("acknowledged messages a second{on}"),
        format!("**{:.0}**", count / full.took.as_secs_f64()),
        String::new(),
        format!(
            "{WRITERS} sessions with {IN_FLIGHT} in flight each, a room each; server CPU {:.0} µs a message",
            full.cpu.as_secs_f64() * 1e6 / count
        ),
    ]);
    Ok(())
}

struct Written {
    acked: Rc<Acked>,
    took: Duration,
    cpu: Duration,
}

async fn write(
    target: &Target<'_>,
    name: &str,
    room: impl Fn(usize) -> String,
    pace: impl Fn(usize) -> Pace,
    time: Duration,
) -> Result<Written, Error> {
    let mut writers = Vec::with_capacity(WRITERS);
    for n in 0..WRITERS {
        let mut peer = crowd::enter(target.addr(n), &target.token(&format!("{name}-{n}"))?).await?;
        crowd::join(&mut peer, room(n)).await?;
        writers.push(peer);
    }
    target.settle().await?;
    let acked = Rc::new(Acked::default());
    let (cpu, began) = (target.cpu()?, Instant::now());
    let until = began + time;
    let writing =
        writers.into_iter().enumerate().map(|(n, peer)| writer(peer, room(n), pace(n), until, &acked));
    try_join_all(writing).await?;
    Ok(Written { took: began.elapsed(), cpu: target.cpu()? - cpu, acked: Rc::clone(&acked) })
}

/// Writes until the time is up, then waits for the last answers. A delay counts from when the message was due.
async fn writer(
    mut peer: Peer,
    room: String,
    pace: Pace,
    until: Instant,
    acked: &Acked,
) -> Result<(), Error> {
    let content = "x".repeat(PAYLOAD);
    let mut next = match pace {
        Pace::Full => Instant::now(),
        Pace::Every(_, first) => Instant::now() + first,
    };
    let (mut sent, mut in_flight) = (0_u64, VecDeque::new());
    loop {
        let over = Instant::now() >= until;
        if over && in_flight.is_empty() {
            return Ok(());
        }
        let may_send = !over
            && match pace {
                Pace::Full => in_flight.len() < IN_FLIGHT,
                Pace::Every(..) => Instant::now() >= next,
            };
        if may_send {
            sent += 1;
            peer.send(&format!(
                r#"{{"type":"CHAT_MESSAGE","id":"{room}-{sent}","roomId":"{room}","content":"{content}"}}"#
            ))
            .await?;
            match pace {
                Pace::Full => in_flight.push_back(Instant::now()),
                Pace::Every(every, _) => {
                    in_flight.push_back(next);
                    next += every;
                }
            }
            continue;
        }
        let wake = match pace {
            Pace::Every(..) if !over => next.min(until),
            Pace::Every(..) | Pace::Full if over => until + LAST_ACKS,
            Pace::Every(..) | Pace::Full => until,
        };
        let mut refused = None;
        let received = peer.receive(|heard| {
            refused = heard.refusal();
            if heard.is("SYSTEM", "ACK")
                && let Some(due) = in_flight.pop_front()
            {
                let delay = due.elapsed().as_micros();
                acked.count.set(acked.count.get() + 1);
                acked.delays.borrow_mut().push(u64::try_from(delay).unwrap_or(u64::MAX));
            }
        });
        tokio::select! {
            received = received => received?,
            () = sleep_until(wake) => {
                if over {
                    return Err(Error::Late { what: "the last ACKs".to_owned(), seconds: LAST_ACKS.as_secs() });
                }
            }
        }
        if let Some(why) = refused {
            return Err(Error::Broken(format!("a message was refused: {why}")));
        }
    }
}
