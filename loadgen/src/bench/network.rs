//! Bytes and packets on the wire: of a connection that does nothing, with the heartbeats of both ends, and of a delivery.

use std::time::Duration;

use tidings_client_native::{Client, Config, Transport, Transports};
use tokio::time::sleep;

use super::UNPACED;
use crate::bench::crowd::{self, Crowd};
use crate::cli::BenchArgs;
use crate::error::Error;
use crate::report::Report;
use crate::server::Server;
use crate::wire::{self, Mean, Traffic};

/// Clients of each transport that do nothing.
const IDLE: usize = 20;
/// The default of `--heartbeat`.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// Heartbeats that are counted. The count begins and ends between two of them.
const BEATS: u32 = 3;
/// Members of the room that is written to.
const ROOM: usize = 50;
/// Messages to it.
const MESSAGES: usize = 20;
/// Time between two: longer than a receiver's kernel waits with its acknowledgement, so that each packet has one.
const APART: Duration = Duration::from_millis(200);
/// Bytes of a message's content.
const PAYLOADS: [usize; 2] = [128, 1024];

/// Adds a row for each transport that does nothing, and one for each size of a message.
pub(super) async fn measure(args: &BenchArgs, report: &mut Report) -> Result<(), Error> {
    idle(args, report).await?;
    for payload in PAYLOADS {
        // Each has a server of its own: connections of the one before would be counted while they end.
        let server = Server::start(&args.server, UNPACED, args.server_core).await?;
        delivery(&server, payload, report).await?;
    }
    Ok(())
}

/// A server for each transport, all at the same time.
async fn idle(args: &BenchArgs, report: &mut Report) -> Result<(), Error> {
    let time = HEARTBEAT * BEATS;
    eprintln!("network: {IDLE} idle clients by each transport for {} s", (time + HEARTBEAT).as_secs());
    let mut places = Vec::new();
    for way in Transport::ALL {
        let server = Server::start(&args.server, &[], args.server_core).await?;
        let mut clients = Vec::with_capacity(IDLE);
        for n in 0..IDLE {
            let mut config = Config::new(server.url(), server.token(&format!("idle-{n}"))?);
            config.transports = Transports::NONE.with(way);
            // Nobody looks at what happens.
            let (client, _) = Client::connect(config).await?;
            client.join("quiet").await?;
            clients.push(client);
        }
        places.push((way, server, clients));
    }
    // Behind the first heartbeat, which is drawn out by what joining had to say, and half a beat on.
    sleep(HEARTBEAT + HEARTBEAT / 2).await;
    let before = counted(&places)?;
    sleep(time).await;
    for ((way, ..), (before, after)) in places.iter().zip(before.iter().zip(counted(&places)?)) {
        let since = after.since(*before)?;
        let hours = time.as_secs_f64() / 3600.0;
        let (out, back) = (since.out.each(hours * IDLE as f64), since.back.each(hours * IDLE as f64));
        report.row([
            format!("network of an idle connection by {}, an hour", way.as_str()),
            format!("**{:.1} KiB**", (out.on_the_wire() + back.on_the_wire()) / 1024.0),
            String::new(),
            ways(out, back),
        ]);
    }
    Ok(())
}

fn counted(places: &[(Transport, Server, Vec<Client>)]) -> Result<Vec<Traffic>, Error> {
    places.iter().map(|(_, server, _)| wire::traffic(server.addr().port())).collect()
}

async fn delivery(server: &Server, payload: usize, report: &mut Report) -> Result<(), Error> {
    eprintln!("network: {MESSAGES} messages of {payload} bytes to {ROOM} members");
    let room = format!("of-{payload}");
    let members = Crowd::connect(server, &room, ROOM).await?;
    let members = members.join(|_| room.clone()).await?.listen();
    // Once, so that what follows a join has gone.
    members.say(0, crowd::message(&room, payload)).await?;
    members.heard(ROOM as u64).await?;
    sleep(APART).await;
    let before = wire::traffic(server.addr().port())?;
    for _ in 0..MESSAGES {
        members.say(0, crowd::message(&room, payload)).await?;
        members.heard(ROOM as u64).await?;
        sleep(APART).await;
    }
    let since = wire::traffic(server.addr().port())?.since(before)?;
    let deliveries = (MESSAGES * ROOM) as f64;
    let (out, back) = (since.out.each(deliveries), since.back.each(deliveries));
    report.row([
        format!("network of a delivery, {payload} bytes of content"),
        format!("**{:.0} B**", out.on_the_wire() + back.on_the_wire()),
        String::new(),
        format!("{}; the message's own way in is a {ROOM}th of it", ways(out, back)),
    ]);
    Ok(())
}

fn ways(out: Mean, back: Mean) -> String {
    let way = |mean: Mean| format!("{:.0} B in {:.1} packets", mean.bytes, mean.packets);
    format!("to the client {}, from it {}; with 66 B of headers each, without TLS", way(out), way(back))
}
