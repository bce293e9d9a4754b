//! The beginning of a session: who is greeted, where a log is followed from, and what is left out.

use std::sync::Arc;
use std::time::Duration;

use tidings_protocol::data::{ConnectionEstablished, GapReason};
use tidings_protocol::entity::WithCursor;
use tidings_protocol::http::StreamReset;
use tidings_protocol::limits::{PROTOCOL, RESUME_DEADLINE_MS};
use tidings_protocol::{ClientSession, Event, SessionId};

use super::logs::{LogId, Logs, Phase, Position};
use super::notices::NoticeLog;
use super::session::{Session, SessionServices, SessionSettings};
use crate::auth::Principal;
use crate::error::Error;
use crate::hub::Registration;
use crate::limits::SessionRate;
use crate::metrics::Transport;
use crate::node::{Outcome, new_uuid};
use crate::outbox::Outbox;
use crate::store::NotificationPosition;

/// What a client asks for when it connects.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Its client session: it will say where it stands by `RESUME`.
    pub client_session: Option<ClientSession>,
    /// Whether it wants notifications.
    pub notifications: bool,
    /// Whether it asks beside another session of its own: then nobody is shown by it, or becomes a member.
    pub aside: bool,
}

/// Where a log is to be followed from, and what is left out before that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The last position that counts as seen.
    pub last: u64,
    /// What will not be replayed: first and last position, and why.
    pub gap: Option<(u64, u64, GapReason)>,
}

impl Start {
    /// The same for a session that stands in the log already, at this position: it is put back, never forward. What is
    /// still to be read anyway is not left out.
    #[must_use]
    pub fn behind(self, at: u64) -> Self {
        let last = self.last.min(at);
        let gap = self.gap.map(|(from, to, reason)| (from, to.min(last), reason));
        Self { last, gap: gap.filter(|(from, to, reason)| from <= to || *reason == GapReason::Epoch) }
    }
}

/// Decides where a log is followed from (promise 5 of the protocol).
#[must_use]
pub fn start(after: Option<u64>, same_epoch: bool, head: u64, limit: u64) -> Start {
    let newest = head.saturating_sub(limit);
    match after {
        None => Start { last: head, gap: None },
        Some(after) if !same_epoch || after > head => {
            Start { last: newest, gap: Some((1, newest, GapReason::Epoch)) }
        }
        Some(after) if after < newest => {
            Start { last: newest, gap: Some((after + 1, newest, GapReason::Limit)) }
        }
        Some(after) => Start { last: after, gap: None },
    }
}

impl Session {
    /// Begins a session: it is known to the hub and its user is present; the first frame waits to be written.
    ///
    /// # Errors
    /// `UNAVAILABLE`: the store is away.
    pub async fn open(
        services: SessionServices,
        settings: &SessionSettings,
        principal: Arc<Principal>,
        rate: SessionRate,
        wish: Wish,
        transport: Transport,
    ) -> Outcome<Self> {
        let node = Arc::clone(&services.node);
        let session_id = SessionId::new(new_uuid()).map_err(|error| Error::internal(&error))?;
        let seen = node.see(&principal).await?;
        let user = principal.user_id.clone();
        let outbox = Arc::new(Outbox::new(session_id.clone(), user.clone(), settings.outbox_bytes));
        let resumable = wish.client_session.is_some();
        outbox.set_token_id(principal.token_id);
        outbox.set_inbox_catching_up(resumable);
        outbox.set_notices_catching_up(true);
        let registration = Registration {
            outbox: Arc::clone(&outbox),
            client_session: wish.client_session,
            inbox: true,
            notices: wish.notifications,
            transport,
            since: node.now(),
        };
        let opening = node.open_session(&principal, registration, !wish.aside).await;
        let inbox_seq = if resumable {
            // What has come since is read when the client has said where it stands.
            seen.inbox_seq
        } else {
            // Asked for after the registration: what comes later than this position is in the outbox.
            node.readings().user(&user).await?.map_or(0, |u| u.inbox_seq)
        };
        let phase = if resumable { Phase::Paused } else { Phase::Live };
        let logs = Logs::new(Position { last: inbox_seq, phase });
        let mut session = Self::new(services, principal, outbox, rate, logs, settings.heartbeat, transport);
        opening.done();
        session.is_aside = wish.aside;
        session.set_token(Arc::clone(&session.principal));
        let established = Event::ConnectionEstablished(ConnectionEstablished {
            message: "Connected to chat server".to_owned(),
            user_id: user,
            session_id,
            protocol: PROTOCOL.to_owned(),
            epoch: node.epoch().clone(),
            inbox_seq,
            heartbeat_ms: u64::try_from(settings.heartbeat.as_millis()).unwrap_or(u64::MAX),
            max_content_bytes: node.settings().max_content_bytes as u64,
            frames_per_second: settings.frames_per_second,
            frame_burst: settings.frame_burst,
        });
        session.send(node.frame(established));
        if resumable {
            session.deadlines.set_resume(Some(Duration::from_millis(RESUME_DEADLINE_MS)));
            if wish.notifications {
                session.notices =
                    Some(NoticeLog { phase: Phase::Paused, ..NoticeLog::from(Default::default()) });
            }
        } else if wish.notifications {
            session.follow_notices(None).await?;
        }
        Ok(session)
    }

    /// Follows notifications from a cursor, or from what was never handed to any stream of the user.
    ///
    /// Returns what the client is told of a cursor that cannot be used: then it is as if it had named none.
    pub(crate) async fn follow_notices(&mut self, cursor: Option<&str>) -> Outcome<Option<Event>> {
        let node = Arc::clone(&self.services.node);
        let heads = node.notification_heads(&self.principal.user_id).await?;
        let mut reset = None;
        let position = match cursor.map(|c| node.position(&self.principal.user_id, c, &heads)) {
            Some(Ok(position)) => {
                // What the client says it has seen has been handed to it.
                node.notices_handed(&self.principal.user_id, position);
                position
            }
            Some(Err(bad)) => {
                // With a cursor that can be used, so that a client which names it again is healed by it.
                let cursor = node.cursor(&self.principal.user_id, heads.handed);
                let item = StreamReset { reason: bad.as_str().to_owned() };
                reset = Some(Event::NotificationReset(WithCursor { item, cursor }));
                heads.handed
            }
            None => heads.handed,
        };
        let mut log = NoticeLog::from(position);
        // A session that is live already is put back, never forward.
        if let Some(live) = self.notices.filter(|n| n.phase != Phase::Paused) {
            log.last.own = log.last.own.min(live.last.own);
            log.last.broadcast = log.last.broadcast.min(live.last.broadcast);
        }
        self.notices = Some(log);
        let ahead = |head: u64, last: u64| head.saturating_sub(last);
        let NotificationPosition { own, broadcast } = heads.head;
        self.read_log(LogId::Notices, Some(ahead(own, log.last.own) + ahead(broadcast, log.last.broadcast)));
        Ok(reset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_out_without_a_gap() {
        for head in 0..30 {
            for after in 0..=head {
                let Start { last, gap } = start(Some(after), true, head, 10);
                match gap {
                    Some((from, to, reason)) => {
                        assert_eq!((from, to, reason), (after + 1, last, GapReason::Limit));
                        assert_eq!(head - last, 10);
                    }
                    None => assert_eq!(last, after),
                }
            }
        }
    }

    #[test]
    fn a_position_of_another_log_begins_anew_with_the_newest() {
        let anew = |last| Start { last, gap: Some((1, last, GapReason::Epoch)) };
        assert_eq!(start(Some(3), false, 25, 10), anew(15));
        assert_eq!(start(Some(26), true, 25, 10), anew(15));
        assert_eq!(start(Some(26), true, 5, 10), anew(0));
    }

    #[test]
    fn without_a_position_nothing_is_replayed() {
        assert_eq!(start(None, true, 25, 10), Start { last: 25, gap: None });
        assert_eq!(start(None, false, 25, 10), Start { last: 25, gap: None });
    }
}
