//! CPU time of the server for each delivery to a large room, with one message in flight and with many.

use std::time::Instant;

use crate::bench::crowd::{self, Crowd, Listening};
use crate::bench::reference::Reference;
use crate::bench::{judged, settle};
use crate::cli::BenchArgs;
use crate::error::Error;
use crate::proc;
use crate::report::Report;
use crate::server::Server;
use crate::stats::lowest_and_median;

/// The one room.
const ROOM: &str = "everybody";
/// Bytes of a message's content.
const PAYLOAD: usize = 128;
/// Messages in flight in the second half.
const MANY: usize = 32;
/// Deliveries of one round, about: enough that a clock of hundredths of a second is exact.
const DELIVERIES: usize = 400_000;
/// Messages of one round at most, however small the room is.
const MOST: usize = 1_000;

/// Adds two rows.
pub(super) async fn measure(server: &Server, args: &BenchArgs, report: &mut Report) -> Result<(), Error> {
    eprintln!("fan-out: {} members", args.members);
    let members = Crowd::connect(server, "member", args.members).await?;
    let members = members.join(|_| ROOM.to_owned()).await?.listen();
    let mut reference = Reference::start(args).await?;
    settle(server).await?;
    // Once through, so that what is made at first use is there.
    round(server, &members, args.members, MANY, 4).await?;

    let rounds = DELIVERIES.div_ceil(args.members).min(MOST);
    let (mut single, mut many, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut rate: f64 = 0.0;
    for n in 1..=args.rounds {
        let limit = reference.round(args.members, rounds).await?;
        let one = round(server, &members, args.members, 1, rounds).await?;
        let batch = round(server, &members, args.members, MANY, rounds.div_ceil(MANY) * 4).await?;
        eprintln!(
            "fan-out: round {n} of {}: {:.2} µs with one in flight, {:.3} µs with {MANY}; reference {limit:.2} µs",
            args.rounds, one.cpu, batch.cpu
        );
        single.push(one.cpu);
        many.push(batch.cpu);
        ratios.push(one.cpu / limit);
        rate = rate.max(batch.rate);
    }
    let (lowest, median) = lowest_and_median(&single);
    let (ratio, ratio_median) = lowest_and_median(&ratios);
    let [figure, aim] = judged(lowest, "µs", 5.0);
    report.row([
        format!("server CPU of a delivery, {} members, one message in flight", args.members),
        figure,
        aim,
        format!("median {median:.2} µs; {ratio:.2} times the reference (median {ratio_median:.2})"),
    ]);
    let (lowest, median) = lowest_and_median(&many);
    let [figure, aim] = judged(lowest, "µs", 0.5);
    report.row([
        format!("the same, {MANY} messages in flight"),
        figure,
        aim,
        format!("median {median:.3} µs; up to {rate:.0} deliveries a second"),
    ]);
    Ok(())
}

struct Round {
    /// Microseconds for each delivery.
    cpu: f64,
    /// Deliveries a second.
    rate: f64,
}

/// Sends so many lots of messages, each once the last one has been delivered to all.
async fn round(
    server: &Server,
    members: &Listening,
    count: usize,
    in_flight: usize,
    lots: usize,
) -> Result<Round, Error> {
    let (before, began) = (proc::cpu(server.pid()?)?, Instant::now());
    for lot in 0..lots {
        members.say_all(lot % count, vec![crowd::message(ROOM, PAYLOAD); in_flight]).await?;
        members.heard((count * in_flight) as u64).await?;
    }
    let used = proc::cpu(server.pid()?)? - before;
    let deliveries = (count * in_flight * lots) as f64;
    Ok(Round { cpu: used.as_secs_f64() * 1e6 / deliveries, rate: deliveries / began.elapsed().as_secs_f64() })
}
