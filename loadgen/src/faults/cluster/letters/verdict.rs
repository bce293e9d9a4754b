//! The comparison: what friends and the program were promised, with what each node tells and what each friend was shown.

use tidings_protocol::Event;
use tidings_protocol::http::{FramePage, NotificationPage};
use tidings_testbed::cluster::Cluster;
use tokio::time::{Instant, sleep};

use super::super::{Outcome, SAME_LOG, apis};
use super::shown::{self, All};
use super::{LOOK, Letters, Promised, ROOM, TYPED, TYPED_ALWAYS};
use crate::api::Api;
use crate::error::Error;

/// What one node tells one friend.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    inbox: Vec<(u64, String)>,
    entries: Vec<(u64, String)>,
    notices: Vec<String>,
}

impl Letters {
    /// Lets them finish, and compares.
    pub(in super::super) async fn judge(
        mut self,
        cluster: &Cluster,
        deadline: Instant,
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let promised = self.finish().await?;
        let typed = self.type_once().await?;
        outcome.promise("who types is shown to others", 1, usize::from(typed.is_none()));
        if let Some(typed) = typed {
            outcome.time("typing is over", typed, TYPED, TYPED_ALWAYS);
        }
        let [first, others @ ..] = apis(cluster)?;
        for friend in &self.friends {
            let told = tell(&first, &friend.token).await?;
            let (mut inbox, mut log) = (0, 0);
            for other in &others {
                let other = tell(other, &friend.token).await?;
                inbox += usize::from(other.inbox != told.inbox || other.notices != told.notices);
                log += usize::from(other.entries != told.entries);
            }
            outcome.promise("each node tells the same inbox and notifications", others.len(), inbox);
            outcome.promise(SAME_LOG, others.len(), log);
            let due = |notice: &&super::Notice| notice.to.as_ref().is_none_or(|to| *to == friend.user);
            let due: Vec<&str> =
                promised.notices.iter().filter(due).map(|notice| notice.id.as_str()).collect();
            let mut shown = friend.shown.so_far();
            while !has_all(&shown, &told, &due) && Instant::now() < deadline {
                sleep(LOOK).await;
                shown = friend.shown.so_far();
            }
            stored(&friend.user, &promised, &told, outcome);
            seen(&friend.user, &shown, &told, &due, outcome);
        }
        outcome.figure("broadcasts", promised.notices.iter().filter(|n| n.to.is_none()).count().to_string());
        Ok(())
    }
}

/// Holds what one friend is told against what was promised.
fn stored(user: &str, promised: &Promised, told: &Told, outcome: &mut Outcome) {
    let once = |list: &[(u64, String)], id: &str| list.iter().filter(|(_, one)| one == id).count() == 1;
    let letters: Vec<_> =
        promised.private.iter().filter(|letter| letter.from == user || letter.to == user).collect();
    let lost = letters.iter().filter(|letter| !once(&told.inbox, &letter.message_id)).count();
    outcome.promise("an acknowledged private message is in both inboxes, once", letters.len(), lost);
    let lost = promised.entries.iter().filter(|entry| !told.entries.contains(entry)).count();
    outcome.promise(
        "an acknowledged edit or reaction is in the log, at its position",
        promised.entries.len(),
        lost,
    );
    let own: Vec<_> = promised.notices.iter().filter(|n| n.to.as_deref() == Some(user)).collect();
    let listed = |id: &str| told.notices.iter().filter(|one| *one == id).count() == 1;
    let lost = own.iter().filter(|notice| !listed(&notice.id)).count();
    outcome.promise("a notification that was answered with 2xx is listed, once", own.len(), lost);
    let holes = |list: &[(u64, String)]| list.iter().zip(1..).filter(|((seq, _), at)| seq != at).count();
    outcome.promise(
        "positions begin at 1 and have no holes",
        told.inbox.len() + told.entries.len(),
        holes(&told.inbox) + holes(&told.entries),
    );
}

/// Holds what one friend was shown against what it is told, and against the notifications that were due.
fn seen(user: &str, shown: &All, told: &Told, due: &[&str], outcome: &mut Outcome) {
    for (what, shown, told) in [
        ("inbox", &shown.inbox, &told.inbox),
        ("log with its edits and reactions", &shown.entries, &told.entries),
    ] {
        let same = shown.iter().zip(told).filter(|(shown, told)| shown == told).count();
        let otherwise = shown.len().max(told.len()) - same;
        outcome.promise(
            format!("who reads live sees the {what}: all of it, once, in order"),
            told.len(),
            otherwise,
        );
        if otherwise > 0 {
            let at = shown.iter().zip(told).take_while(|(shown, told)| shown == told).count();
            outcome.example(format!(
                "{user}'s {what}: {:?} in place of {:?}; {} of {} shown",
                shown.get(at),
                told.get(at),
                shown.len(),
                told.len()
            ));
        }
    }
    let count = |id: &str| shown.notices.iter().filter(|one| *one == id).count();
    let otherwise: Vec<_> = due.iter().filter(|id| count(id) != 1).collect();
    outcome.promise(
        "a notification or broadcast that was answered with 2xx is shown live, once",
        due.len(),
        otherwise.len(),
    );
    if let Some(id) = otherwise.first() {
        outcome.example(format!("{user} was shown notification {id} {} times", count(id)));
    }
}

fn has_all(shown: &All, told: &Told, due: &[&str]) -> bool {
    shown.inbox.len() >= told.inbox.len()
        && shown.entries.len() >= told.entries.len()
        && due.iter().all(|id| shown.notices.iter().any(|one| one == id))
}

async fn tell(api: &Api, token: &str) -> Result<Told, Error> {
    let inbox = read(api, token, "/api/v1/inbox", |event| {
        let Event::PrivateMessage(private) = event else { return None };
        Some((private.inbox_seq?, private.message.message_id.to_string()))
    });
    let (log, mut notices) = (format!("/api/v1/rooms/{ROOM}/log"), Vec::<String>::new());
    let told = (inbox.await?, read(api, token, &log, shown::entry).await?);
    loop {
        let before = notices.last().map(|last| format!("&before={last}")).unwrap_or_default();
        let path = format!("/api/v1/notifications?limit=200{before}");
        let page: NotificationPage = api.get(token, &path).await?;
        let is_empty = page.notifications.is_empty();
        notices.extend(page.notifications.into_iter().map(|notice| notice.id));
        if !page.has_more || is_empty {
            return Ok(Told { inbox: told.0, entries: told.1, notices });
        }
    }
}

/// All pages of a log or an inbox; what `take` leaves out shows as a hole.
async fn read(
    api: &Api,
    token: &str,
    path: &str,
    take: impl Fn(&Event) -> Option<(u64, String)>,
) -> Result<Vec<(u64, String)>, Error> {
    let mut all: Vec<(u64, String)> = Vec::new();
    loop {
        let (after, before) = (all.last().map_or(0, |(seq, _)| *seq), all.len());
        let page: FramePage = api.get(token, &format!("{path}?after={after}&limit=200")).await?;
        all.extend(page.frames.iter().filter_map(|frame| take(&frame.event)));
        if !page.has_more || all.len() == before {
            return Ok(all);
        }
    }
}
