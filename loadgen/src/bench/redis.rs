//! What Redis spends on handing a publication on: some subscribers, and a publisher with many publications in a pipeline.

use std::time::Instant;

use tidings_testbed::redis::Redis;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cli::BenchArgs;
use crate::error::Error;
use crate::proc;
use crate::report::Report;
use crate::stats::lowest_and_median;

/// Other nodes of a cluster of twenty.
const SUBSCRIBERS: usize = 19;
/// Publications in a pipeline.
const PIPELINE: usize = 64;
/// Bytes of a publication: about the event of a message with 128 bytes of content.
const PAYLOAD: usize = 400;
/// Pipelines of a round: enough that a clock of hundredths of a second is exact.
const PIPELINES: usize = 2_000;
/// The channel.
const CHANNEL: &str = "tidings";

/// Adds one row.
pub(super) async fn measure(args: &BenchArgs, report: &mut Report) -> Result<(), Error> {
    let redis = Redis::start()?;
    let pid = redis.id().ok_or_else(|| Error::Server("Redis has ended".to_owned()))?;
    let mut publisher = connect(&redis).await?;
    let mut subscribers = Vec::with_capacity(SUBSCRIBERS);
    for _ in 0..SUBSCRIBERS {
        let mut subscriber = connect(&redis).await?;
        write(&mut subscriber, &command(&["SUBSCRIBE", CHANNEL])).await?;
        read(&mut subscriber, SUBSCRIBED.len()).await?;
        subscribers.push(subscriber);
    }
    let payload = "x".repeat(PAYLOAD);
    let pipeline = command(&["PUBLISH", CHANNEL, &payload]).repeat(PIPELINE);
    // Each publication is answered with the number of subscribers, and comes to each of them as an array of three.
    let answers = PIPELINE * format!(":{SUBSCRIBERS}\r\n").len();
    let handed = PIPELINE * command(&["message", CHANNEL, &payload]).len();
    let (mut costs, mut rate) = (Vec::new(), 0.0_f64);
    for round in 1..=args.rounds {
        let (before, began) = (proc::cpu(pid)?, Instant::now());
        for _ in 0..PIPELINES {
            write(&mut publisher, &pipeline).await?;
            let taking = subscribers.iter_mut().map(|subscriber| read(subscriber, handed));
            futures_util::future::try_join_all(taking).await?;
            read(&mut publisher, answers).await?;
        }
        let handed_on = (PIPELINES * PIPELINE * SUBSCRIBERS) as f64;
        let cost = (proc::cpu(pid)? - before).as_secs_f64() * 1e6 / handed_on;
        eprintln!("redis: round {round} of {}: {cost:.3} µs", args.rounds);
        costs.push(cost);
        rate = rate.max(handed_on / began.elapsed().as_secs_f64());
    }
    let (lowest, median) = lowest_and_median(&costs);
    report.row([
        format!(
            "Redis' CPU for handing a publication of {PAYLOAD} bytes to one of {SUBSCRIBERS} subscribers"
        ),
        format!("**{lowest:.2} µs**"),
        String::new(),
        format!("median {median:.2} µs, {PIPELINE} publications in each pipeline; up to {rate:.0} a second"),
    ]);
    Ok(())
}

/// The answer to [`CHANNEL`]'s subscription.
const SUBSCRIBED: &str = "*3\r\n$9\r\nsubscribe\r\n$7\r\ntidings\r\n:1\r\n";

/// A command, or a message, in Redis' protocol.
fn command(words: &[&str]) -> String {
    let head = format!("*{}\r\n", words.len());
    words.iter().fold(head, |text, word| text + &format!("${}\r\n{word}\r\n", word.len()))
}

async fn connect(redis: &Redis) -> Result<TcpStream, Error> {
    let stream = TcpStream::connect(("127.0.0.1", redis.port())).await;
    stream.map_err(|e| Error::io("connect to Redis", e))
}

async fn write(stream: &mut TcpStream, text: &str) -> Result<(), Error> {
    stream.write_all(text.as_bytes()).await.map_err(|e| Error::io("write to Redis", e))
}

/// So many bytes, whatever they are: a subscriber that is sent others waits for ever, or is cut.
async fn read(stream: &mut TcpStream, mut bytes: usize) -> Result<(), Error> {
    let mut buffer = vec![0; bytes.min(64 * 1024)];
    while bytes > 0 {
        let most = bytes.min(buffer.len());
        let into = buffer.get_mut(..most).unwrap_or_default();
        let count = stream.read(into).await.map_err(|e| Error::io("read from Redis", e))?;
        if count == 0 {
            return Err(Error::Broken("Redis has closed a connection".to_owned()));
        }
        bytes -= count;
    }
    Ok(())
}
