//! Connections are cut when the server has committed and before its answer is passed on; what is sent again under the
//! same id must be stored once and answered with the first position, also after a kill.

use std::time::Duration;

use tidings_client_native::Entry;
use tidings_protocol::entity::{Room, RoomKind};
use tidings_protocol::http::CreateRoom;
use tidings_protocol::{ClientId, RoomId, UserId};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::context::{Context, Member, PATIENCE, hurry};
use super::outcome::Outcome;
use crate::check::writer::{done, once_more};
use crate::check::{self, Written};
use crate::error::Error;
use crate::proxy::{Plan, Proxy};
use crate::server::Server;

/// The one who reads along in all rooms.
const READER: &str = "reader";
/// Messages between two cuts.
const BATCH: usize = 2;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let (clients, rounds, kills) = context.size((10, 40, 2), (100, 112, 20));
    let mut server = context.server(&[]).await?;
    let proxy = Proxy::new(server.addr(), Plan::clear());
    // One private room each, of which its writer is a member without having joined it: so an answer that is lost is
    // not made up for by the replay of the message itself, and the message must be sent again.
    let rooms: Vec<String> = (0..clients).map(|n| format!("room-{n}")).collect();
    let members = context.crowd(&server, &proxy, clients, |_| Vec::new()).await?;
    for (n, room) in rooms.iter().enumerate() {
        let members = Some(vec![UserId::new(READER)?]);
        let room =
            CreateRoom { room_id: RoomId::new(room.as_str())?, name: None, kind: RoomKind::Private, members };
        let _: Room = server.api().post(&server.token(&format!("user-{n}"))?, "/api/v1/rooms", &room).await?;
    }
    let (reader, watcher) = context.enter(&server, &server.url(), READER, &rooms).await?;
    let _reading = hurry([&reader]);
    let mut tasks = JoinSet::new();
    for (member, room) in members.into_iter().zip(rooms.clone()) {
        tasks.spawn(write(member, room, rounds));
    }
    let mut written = Written::default();
    let mut killed = 0;
    let mut random = context.random();
    let every = context.size(300..700, 1_000..4_000);
    let deadline = Instant::now() + PATIENCE * context.size(1, 6);
    while !tasks.is_empty() {
        let next_kill = Duration::from_millis(random.u64(every.clone()));
        let gathering = async {
            while let Some(ended) = tasks.join_next().await {
                written.add(ended.map_err(|error| Error::Broken(format!("a writer has failed: {error}")))??);
            }
            Ok::<_, Error>(())
        };
        match timeout(next_kill, gathering).await {
            Ok(ended) => ended?,
            Err(_) if killed < kills => {
                killed += 1;
                kill(context, &mut server, killed).await?;
            }
            Err(_) if Instant::now() > deadline => {
                return Err(Error::Late { what: "the last ACKs".to_owned(), seconds: PATIENCE.as_secs() });
            }
            Err(_) => {}
        }
    }
    let token = server.token(READER)?;
    let until = Instant::now() + PATIENCE;
    let verdict = check::judge(server.api(), &token, &rooms, &written, &[watcher], until).await?;
    let mut outcome = Outcome::default();
    outcome.verdict(&verdict);
    let (again, otherwise) = (written.again.len(), written.not_called_duplicates());
    outcome.promise("what is sent again later is called a duplicate", again, otherwise);
    let cuts = usize::try_from(proxy.tally().cut_replies()).unwrap_or(usize::MAX);
    // A kill may come before the commit.
    let wanted = clients * rounds * 9 / 10;
    outcome.promise(
        format!("at least {wanted} messages were sent again because their ACK was lost, so that it means something"),
        1,
        usize::from(written.resent() < wanted),
    );
    outcome.figure("answers that were cut off", cuts.to_string());
    outcome
        .figure("messages that were stored, not acknowledged, and sent again", written.resent().to_string());
    outcome.figure("messages that were sent again after their ACK", written.again.len().to_string());
    outcome.figure("kills meanwhile", killed.to_string());
    Ok(outcome)
}

async fn kill(context: &Context, server: &mut Server, number: usize) -> Result<(), Error> {
    server.kill().await?;
    let took = server.restart().await?;
    context.say(format!("kill {number}; it served again within {took:?}"));
    Ok(())
}

async fn write(member: Member, room: String, rounds: usize) -> Result<Written, Error> {
    let _hurrying = hurry([&member.client]);
    let mut written = Written::default();
    for round in 0..rounds {
        let mut on_their_way = Vec::new();
        for n in 0..BATCH {
            let (id, content) = (format!("{room}-{round}-{n}"), format!("w {}", round * BATCH + n + 1));
            if n == 0 {
                member.door.cut_reply(id.as_bytes());
            }
            let room = RoomId::new(room.as_str())?;
            let entry = Entry::Chat { room, content: content.clone(), reply_to: None };
            let sent = member.client.send_as(ClientId::new(id.as_str())?, entry).await;
            on_their_way.push((content, sent));
        }
        for (content, sent) in on_their_way {
            written.acked.push(done(&room, content, sent).await?);
        }
        if let Some(first) = written.acked.last() {
            written.again.push(once_more(&member.client, first).await?);
        }
    }
    Ok(written)
}
