//! `RESUME`: rejoin many rooms and catch up, in one round trip. Each room is authorised anew; a refused one
//! does not stop the others.

use std::collections::HashSet;

use tidings_protocol::command::{Resume, RoomPosition};
use tidings_protocol::data::{Gap, GapReason};
use tidings_protocol::entity::RoomKind;
use tidings_protocol::limits::MAX_ROOMS_PER_SESSION;
use tidings_protocol::{ClientId, Code, Event, RoomId};

use super::Answer;
use crate::connection::Session;
use crate::connection::entering::{Place, no_place};
use crate::connection::logs::{LogId, Phase, Position};
use crate::connection::opening::{Start, start};
use crate::error::Error;
use crate::frames;
use crate::node::Outcome;

pub(super) async fn run(session: &mut Session, id: Option<&ClientId>, resume: Resume) -> Outcome<Answer> {
    let Resume { epoch, rooms, inbox_after, notifications_after, rewind } = resume;
    if rooms.len() > MAX_ROOMS_PER_SESSION {
        let most = format!("must hold at most {MAX_ROOMS_PER_SESSION} rooms");
        return Err(Error::new(Code::Limit).field("rooms").detail(most));
    }
    let node = session.node().clone();
    let admitted = admit(session, &rooms).await?;
    let same_epoch = epoch.as_ref().is_none_or(|e| e == node.epoch());
    let inbox = inbox_start(session, inbox_after, same_epoch);
    if inbox.is_some() {
        // What comes later than the position that is read now is in the outbox.
        session.outbox().set_inbox_catching_up(false);
    }
    let rooms_in: Vec<RoomId> =
        admitted.iter().filter(|(_, kind)| kind.is_ok()).map(|(room, _)| room.room_id.clone()).collect();
    let snapshot = session.subscribe(&rooms_in).await?;
    let mut told = Vec::new();
    for (room, kind) in admitted {
        let place = Place { after: room.after_seq, epoch: epoch.as_ref(), rewind };
        let entered = match kind {
            Ok(kind) => session.enter(&room.room_id, kind, place, &snapshot).await,
            Err(error) => Err(error),
        };
        match entered {
            Ok(entered) => {
                session.send(node.frame(entered.participants));
                told.extend(entered.gap);
            }
            Err(error) => session.send(frames::error(&error, None, Some(room.room_id.clone()), node.now())),
        }
    }
    if let Some(after) = inbox {
        told.extend(resume_inbox(session, after, same_epoch, snapshot.inbox));
    } else if session.logs.inbox.phase == Phase::Paused {
        session.read_log(LogId::Inbox, None);
    }
    let notices_paused = session.notices.as_ref().is_some_and(|n| n.phase == Phase::Paused);
    if notices_paused || (session.notices.is_some() && notifications_after.is_some()) {
        told.extend(session.follow_notices(notifications_after.as_deref()).await?);
    }
    session.deadlines.set_resume(None);
    if let Some(id) = id {
        session.send(frames::done(id.clone(), None, node.now()));
    }
    for event in told {
        session.send(node.frame(event));
    }
    Ok(Answer::Sent)
}

/// Lets the user into each room anew, or says why not.
async fn admit<'a>(
    session: &Session,
    rooms: &'a [RoomPosition],
) -> Outcome<Vec<(&'a RoomPosition, Outcome<RoomKind>)>> {
    let node = session.node().clone();
    let ids: Vec<RoomId> = rooms.iter().map(|room| room.room_id.clone()).collect();
    let known = node.memberships(session.principal(), &ids).await?;
    let (mut admitted, mut coming) = (Vec::with_capacity(rooms.len()), HashSet::new());
    for (room, id) in rooms.iter().zip(&ids) {
        let has_place = coming.contains(id) || session.has_place_for(id, coming.len());
        let known = known.get(id).cloned();
        let joined = if !has_place {
            Err(no_place())
        } else if session.is_aside && known.is_none() {
            Err(Code::NotAMember.into())
        } else {
            node.join_known(session.principal(), id, known, true).await
        };
        if joined.is_ok() && session.logs.find(id).is_none() {
            coming.insert(id);
        }
        admitted.push((room, joined.map(|joined| joined.room.kind)));
    }
    Ok(admitted)
}

/// Where the inbox is to be followed from. A session that is live already is put back where it says it stands, never
/// forward.
fn inbox_start(session: &Session, after: Option<u64>, same_epoch: bool) -> Option<u64> {
    let Position { last, phase } = session.logs.inbox;
    after.filter(|after| phase == Phase::Paused || *after < last || !same_epoch)
}

/// Follows the inbox, which reaches to `head`, from where the client stands.
fn resume_inbox(session: &mut Session, after: u64, same_epoch: bool, head: u64) -> Option<Event> {
    let Position { last: at, phase } = session.logs.inbox;
    let paused = phase == Phase::Paused;
    let node = session.node().clone();
    let begin = start(Some(after), same_epoch, head, node.settings().replay_limit);
    let Start { last, gap } = if paused { begin } else { begin.behind(at) };
    if !matches!(gap, Some((_, _, GapReason::Epoch))) {
        // What the client says it has seen has been delivered, whether that was noted at the time or not.
        node.inbox_delivered(&session.principal().user_id, 0, after);
    }
    session.logs.rewind_inbox(last);
    // Live entries of a direct room come by the inbox, which waits until the room is read.
    if paused && last >= head && !session.logs.direct_is_read() {
        session.logs.inbox.phase = Phase::Live;
    } else {
        session.read_log(LogId::Inbox, Some(head.saturating_sub(last)));
    }
    gap.map(|(from, to, reason)| Event::Gap(Gap { room_id: None, inbox: true, from, to, reason }))
}
