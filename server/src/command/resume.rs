//! `RESUME`: rejoin many rooms and catch up, in one round trip. Each room is authorised anew; a refused one
//! does not stop the others.

use tidings_protocol::command::Resume;
use tidings_protocol::data::{Gap, GapReason};
use tidings_protocol::limits::MAX_ROOMS_PER_SESSION;
use tidings_protocol::{ClientId, Code, Event, RoomId};

use super::Answer;
use crate::connection::Session;
use crate::connection::logs::{LogId, Phase, Position};
use crate::connection::opening::{Entered, Place, Start, start};
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
    let mut told = Vec::new();
    for room in rooms {
        let place = Place { after: room.after_seq, epoch: epoch.as_ref(), rewind };
        let entered = rejoin(session, &room.room_id, place).await;
        match entered {
            Ok(entered) => {
                session.send(node.frame(entered.participants));
                told.extend(entered.gap);
            }
            Err(error) => session.send(frames::error(&error, None, Some(room.room_id), node.now())),
        }
    }
    let same_epoch = epoch.is_none_or(|e| e == *node.epoch());
    told.extend(resume_inbox(session, inbox_after, same_epoch).await?);
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

async fn rejoin(session: &mut Session, room: &RoomId, place: Place<'_>) -> Outcome<Entered> {
    session.check_place_for(room)?;
    let node = session.node().clone();
    let joined = node.join(session.principal(), room).await?;
    session.enter(room, joined.room.kind, place).await
}

/// Follows the inbox from where the client stands; without a word of it, from where the session began.
async fn resume_inbox(session: &mut Session, after: Option<u64>, same_epoch: bool) -> Outcome<Option<Event>> {
    let Position { last: at, phase } = session.logs.inbox;
    let paused = phase == Phase::Paused;
    let node = session.node().clone();
    let user = session.principal().user_id.clone();
    let after = match after {
        // A session that is live already is put back where it says it stands, never forward.
        Some(after) if paused || after < at || !same_epoch => after,
        Some(_) => return Ok(None),
        None => {
            if paused {
                session.read_log(LogId::Inbox);
            }
            return Ok(None);
        }
    };
    // Asked for after the queueing has begun: what comes later than this position is in the outbox.
    session.outbox().set_inbox_catching_up(false);
    let head = node.store().user(&user).await?.map_or(0, |u| u.inbox_seq);
    let begin = start(Some(after), same_epoch, head, node.settings().replay_limit);
    let Start { last, gap } = if paused { begin } else { begin.behind(at) };
    if !matches!(gap, Some((_, _, GapReason::Epoch))) {
        // What the client says it has seen has been delivered, whether that was noted at the time or not.
        node.inbox_delivered(&user, 0, after);
    }
    session.logs.rewind_inbox(last);
    // Live entries of a direct room come by the inbox, which waits until the room is read.
    if paused && last >= head && !session.logs.direct_is_read() {
        session.logs.inbox.phase = Phase::Live;
    } else {
        session.read_log(LogId::Inbox);
    }
    Ok(gap.map(|(from, to, reason)| Event::Gap(Gap { room_id: None, inbox: true, from, to, reason })))
}
