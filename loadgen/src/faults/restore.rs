//! A backup while people write, by the commands that the documentation gives, and a restore of it under the clients that
//! have seen more: each is told so, the log is a beginning of what it was, and goes on.

mod commands;
mod old;
mod reader;
mod site;

use std::time::Duration;

use tidings_client_native::{Client, Transport, Transports};
use tokio::time::{Instant, sleep};

use self::old::Old;
use self::reader::Reader;
use self::site::{Kind, Site};
use super::context::{Context, PATIENCE, Writers, hurry};
use super::outcome::Outcome;
use crate::check::{self, Logged, Verdict, Watcher, Writer, Written, log, writer};
use crate::error::Error;
use crate::server::Server;

const ROOMS: usize = 2;
/// Writers of each transport.
const WRITERS: usize = 2;
/// Messages of one writer in flight.
const IN_FLIGHT: usize = 8;
/// Messages that each client wants to send while the server is away.
const KEPT: usize = 3;
/// The rate that clients keep to, and a drain that does not wait for them.
const FLAGS: &[&str] = &["--max-frames-per-second", "400", "--frame-burst", "400", "--drain-spread", "1s"];

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let began = Instant::now();
        let sizes = one(context, kind, &mut outcome).await?;
        let took = began.elapsed().as_secs_f64();
        outcome.figure(kind.name(), format!("{sizes}; {took:.1} s"));
    }
    Ok(outcome)
}

/// Everybody who is there.
struct People {
    rooms: Vec<String>,
    readers: Vec<Reader>,
    /// Some of the readers, with the room that they write to.
    authors: Vec<(Client, String)>,
}

async fn one(context: &Context, kind: Kind, outcome: &mut Outcome) -> Result<String, Error> {
    let mut site = Site::prepare(kind, context)?;
    let (flags, place) = (FLAGS, site.flags());
    let flags: Vec<&str> = flags.iter().copied().chain(place.iter().map(String::as_str)).collect();
    let mut server = context.server_named(kind.name(), &flags).await?;
    site.keeps_in(&server)?;
    let people = People::enter(&server).await?;
    let mut old = Old::enter(&server, &people.rooms).await?;

    let while_writing = context.size(Duration::from_millis(600), Duration::from_secs(8));
    let writers = people.write("w", None, context.size(Duration::from_millis(20), Duration::from_millis(10)));
    sleep(while_writing).await;
    let sure = people.logs(&server).await?;
    let began = Instant::now();
    site.back_up().await?;
    context.say(format!("{}: the backup took {:.1?}", kind.name(), began.elapsed()));
    sleep(while_writing).await;
    let written = writers.finish().await?;
    let before = people.logs(&server).await?;
    let deadline = Instant::now() + PATIENCE;
    let watchers = people.watchers(Reader::before);
    let token = server.token("judge")?;
    outcome.verdict(&check::judge(server.api(), &token, &people.rooms, &written, &watchers, deadline).await?);
    old.see_all(&server, &before).await?;

    server.terminate().await?;
    let kept = people.keep().await?;
    site.restore().await?;
    let again = server.restart().await?;
    context.say(format!("{}: restored; it served again within {again:.1?}", kind.name()));
    let _hurrying = hurry(people.readers.iter().map(|reader| &reader.client));
    let mut after = Written::default();
    for (room, content, sent) in kept {
        after.acked.push(writer::done(&room, content, sent).await?);
    }
    let limit = context.size(10, 200);
    let mut more = people.write("later", Some(limit), Duration::from_millis(10));
    after.add(more.gather(PATIENCE).await?);

    let deadline = Instant::now() + PATIENCE;
    let watchers = people.watchers(Reader::after);
    outcome.verdict(&check::judge(server.api(), &token, &people.rooms, &after, &watchers, deadline).await?);
    people.told(&before, outcome);
    let now = people.logs(&server).await?;
    old.come_back(&server, &now, outcome).await?;
    beginning(&sure, &before, &now, outcome);
    let count = |logs: &[Vec<Logged>]| logs.iter().map(Vec::len).sum::<usize>();
    let restored: usize = before.iter().zip(&now).map(|(before, now)| common(before, now)).sum();
    Ok(format!("{} messages, {restored} of them restored, {} in the end", count(&before), count(&now)))
}

/// Holds the restored logs against what they were.
fn beginning(sure: &[Vec<Logged>], before: &[Vec<Logged>], now: &[Vec<Logged>], outcome: &mut Outcome) {
    for ((sure, before), now) in sure.iter().zip(before).zip(now) {
        let restored = common(before, now);
        outcome.promise(
            "what was in the log when the backup began is in the restored one, in its place",
            sure.len(),
            sure.len().saturating_sub(restored),
        );
        let behind = now.get(restored..).unwrap_or_default();
        let of_old = behind.iter().filter(|entry| before.iter().any(|known| known.id == entry.id)).count();
        outcome.promise(
            "the restored log is a beginning of what it was, and what follows is new",
            behind.len(),
            of_old,
        );
        outcome.promise(
            "people wrote after the backup, so that it means something",
            1,
            usize::from(restored >= before.len()),
        );
    }
}

/// How far two logs are the same.
fn common(one: &[Logged], other: &[Logged]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// A message that waits for its server.
type Waiting = (String, String, tidings_client_native::Sent);

impl People {
    /// Readers of all rooms and writers of one, by each transport.
    async fn enter(server: &Server) -> Result<Self, Error> {
        let rooms: Vec<String> = (0..ROOMS).map(|n| format!("room-{n}")).collect();
        let (mut readers, mut authors) = (Vec::new(), Vec::new());
        for way in Transport::ALL {
            let only = Transports::NONE.with(way);
            readers.push(Reader::enter(server, &format!("reader-by-{}", way.as_str()), only, &rooms).await?);
            for n in 0..WRITERS {
                let name = format!("writer-{n}-by-{}", way.as_str());
                let room = rooms.get(n % ROOMS).cloned().unwrap_or_default();
                let reader = Reader::enter(server, &name, only, std::slice::from_ref(&room)).await?;
                authors.push((reader.client.clone(), room));
                readers.push(reader);
            }
        }
        Ok(Self { rooms, readers, authors })
    }

    /// Lets the writers write, under names that begin so.
    fn write(&self, name: &str, limit: Option<u64>, pace: Duration) -> Writers {
        Writers::start(self.authors.iter().enumerate().map(|(n, (client, room))| Writer {
            client: client.clone(),
            name: format!("{name}{n}"),
            room: room.clone(),
            in_flight: IN_FLIGHT,
            limit,
            pace: Some(pace),
        }))
    }

    /// What people want to send while there is no server.
    async fn keep(&self) -> Result<Vec<Waiting>, Error> {
        let mut waiting = Vec::new();
        for (n, (client, room)) in self.authors.iter().enumerate() {
            for number in 1..=KEPT {
                let content = format!("kept{n} {number}");
                let sent = client.send(room, content.clone()).await;
                let sent = sent.map_err(|source| Error::Send { what: content.clone(), source })?;
                waiting.push((room.clone(), content, sent));
            }
        }
        Ok(waiting)
    }

    async fn logs(&self, server: &Server) -> Result<Vec<Vec<Logged>>, Error> {
        let token = server.token("judge")?;
        let mut logs = Vec::with_capacity(self.rooms.len());
        for room in &self.rooms {
            logs.push(log::read(server.api(), &token, room).await?);
        }
        Ok(logs)
    }

    fn watchers(&self, part: impl Fn(&Reader) -> Watcher) -> Vec<Watcher> {
        self.readers.iter().map(part).collect()
    }

    /// Whether everybody was told that the log is another one, and shown nothing of it before.
    fn told(&self, before: &[Vec<Logged>], outcome: &mut Outcome) {
        let mut unchanged = Verdict::default();
        for reader in &self.readers {
            let rooms = &reader.before().rooms;
            let otherwise = rooms.iter().filter(|room| reader.told(room) != 1).count();
            outcome.promise(
                "a client is told once for each of its rooms, by a gap with EPOCH, that the log is another one",
                rooms.len(),
                otherwise,
            );
            for (room, log) in self.rooms.iter().zip(before).filter(|(room, _)| rooms.contains(room)) {
                unchanged.seen(room, log, &reader.before().seen.shown(room));
            }
        }
        let (due, otherwise) = unchanged.shown();
        outcome.promise("until it is told it is shown the old log, and nothing else", due, otherwise);
        unchanged.examples().iter().for_each(|example| outcome.example(example));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(ids: &[&str]) -> Vec<Vec<Logged>> {
        let entry = |(id, seq): (&&str, u64)| Logged {
            seq,
            message_id: format!("m-{id}"),
            id: (*id).to_owned(),
            content: String::new(),
        };
        vec![ids.iter().zip(1..).map(entry).collect()]
    }

    fn is_kept(sure: &[&str], before: &[&str], now: &[&str]) -> bool {
        let mut outcome = Outcome::default();
        beginning(&logged(sure), &logged(before), &logged(now), &mut outcome);
        outcome.is_kept(false)
    }

    #[test]
    fn a_restored_log_is_a_beginning_of_what_it_was() {
        assert!(is_kept(&["a"], &["a", "b", "c"], &["a", "b", "new"]));
        assert!(!is_kept(&["a", "b"], &["a", "b", "c"], &["a", "new"]), "the backup lacks what was there");
        assert!(!is_kept(&["a"], &["a", "b", "c"], &["a", "new", "c"]), "an entry of after the backup");
        assert!(!is_kept(&["a"], &["a", "b"], &["a", "b", "new"]), "nothing came after the backup");
    }
}
