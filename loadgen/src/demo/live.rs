//! Everybody but ann and bob goes on, with typing and presence, until Ctrl-C.

use std::time::Duration;

use tidings_client_native::{Acked, Entry};
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::{RoomId, UserId};
use tokio::time::{sleep, timeout};

use super::script::{EXCHANGES, Exchange, LIVE_NOTICE, ROOMS, VISITORS};
use super::team::{Team, TeamMember};
use super::{PATIENCE, notices};
use crate::error::Error;

/// Letters that somebody types in a second, about.
const LETTERS_A_SECOND: u64 = 18;
/// The shortest and longest time that somebody types, in milliseconds.
const TYPING: (u64, u64) = (900, 4_500);
/// Between two lines, and between two exchanges, in milliseconds.
const BETWEEN_LINES: (u64, u64) = (500, 2_500);
const BETWEEN_EXCHANGES: (u64, u64) = (1_500, 6_000);
const REACTIONS: &[&str] = &["👍", "😄", "🎉", "👀", "❤️"];

/// Chats until Ctrl-C.
pub(super) async fn chat(team: &Team, notify_token: Option<&str>) -> Result<(), Error> {
    eprintln!("demo: live; Ctrl-C ends it");
    tokio::select! {
        ended = go_on(team, notify_token) => ended,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("demo: everybody leaves");
            Ok(())
        }
    }
}

async fn go_on(team: &Team, notify_token: Option<&str>) -> Result<(), Error> {
    let mut order: Vec<&Exchange> = EXCHANGES.iter().collect();
    loop {
        fastrand::shuffle(&mut order);
        for exchange in &order {
            say_all(team, exchange).await?;
            drift(team).await;
            pause(BETWEEN_EXCHANGES).await;
        }
        for visitor in VISITORS {
            direct(team, visitor).await?;
        }
        if let Some(token) = notify_token {
            let id = format!("demo-live-{:016x}", fastrand::u64(..));
            notices::notify(team, token, &LIVE_NOTICE, id).await?;
        }
    }
}

async fn say_all(team: &Team, exchange: &Exchange) -> Result<(), Error> {
    for (by, text) in exchange.lines {
        let member = team.member(by)?;
        member.client.typing(exchange.room, true).await?;
        let letters = text.chars().count() as u64;
        sleep(Duration::from_millis((letters * 1_000 / LETTERS_A_SECOND).clamp(TYPING.0, TYPING.1))).await;
        let room = RoomId::new(exchange.room)?;
        let entry = Entry::Chat { room, content: (*text).to_owned(), reply_to: None };
        let acked = send(member, entry).await?;
        member.client.typing(exchange.room, false).await?;
        if fastrand::u8(..) < 80 {
            react(team, exchange.room, by, &acked).await?;
        }
        pause(BETWEEN_LINES).await;
    }
    Ok(())
}

/// Somebody else in the room reacts.
async fn react(team: &Team, room: &str, by: &str, acked: &Acked) -> Result<(), Error> {
    let members = ROOMS.iter().find(|r| r.id == room).map_or(&[][..], |r| r.members);
    let others: Vec<&&str> = members.iter().filter(|id| **id != by && !VISITORS.contains(id)).collect();
    let (Some(who), Some(message)) = (fastrand::choice(&others), &acked.message_id) else { return Ok(()) };
    let emoji = fastrand::choice(REACTIONS).copied().unwrap_or("👍").to_owned();
    let entry = Entry::React { room: RoomId::new(room)?, message: message.clone(), emoji, remove: false };
    pause(BETWEEN_LINES).await;
    send(team.member(who)?, entry).await.map(drop)
}

async fn direct(team: &Team, to: &str) -> Result<(), Error> {
    let others: Vec<&TeamMember> = team.members().iter().filter(|m| !VISITORS.contains(&m.id)).collect();
    let Some(from) = fastrand::choice(&others) else { return Ok(()) };
    let content = "Have you got five minutes this afternoon?".to_owned();
    send(from, Entry::Private { recipient: UserId::new(to)?, content, reply_to: None }).await.map(drop)
}

/// Somebody goes away or comes back.
async fn drift(team: &Team) {
    let status = if fastrand::u8(..) < 90 { OnlineStatus::Away } else { OnlineStatus::Online };
    let others: Vec<&TeamMember> = team.members().iter().filter(|m| !VISITORS.contains(&m.id)).collect();
    if let Some(member) = fastrand::choice(&others) {
        member.client.presence(status).await;
    }
}

async fn send(member: &TeamMember, entry: Entry) -> Result<Acked, Error> {
    let what = format!("a message of {}", member.id);
    let sent = member.client.send_entry(entry).await;
    match timeout(PATIENCE, sent.done()).await {
        Ok(acked) => acked.map_err(|source| Error::Send { what, source }),
        Err(_) => Err(Error::Late { what, seconds: PATIENCE.as_secs() }),
    }
}

async fn pause((least, most): (u64, u64)) {
    sleep(Duration::from_millis(fastrand::u64(least..=most))).await;
}
