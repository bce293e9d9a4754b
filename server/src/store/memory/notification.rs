//! Notifications and broadcasts: kept, listed, marked, handed out and taken away.

use tidings_protocol::entity::{Broadcast, Notification};
use tidings_protocol::{Timestamp, UserId};

use super::super::{
    NewBroadcast, NewNotification, Notice, NotificationHeads, NotificationPosition, Page, Refusal, Which,
    Written, merge_notices,
};
use super::reads::page;
use super::state::{Asked, Key, Made, Sent, State, UserState};

impl State {
    pub(super) fn notify(&mut self, new: NewNotification) -> Result<Written, Refusal> {
        let key = new.client_id.clone().map(|id| (new.sender.clone(), id));
        let mut notification = Notification {
            id: new.new_id,
            user_id: new.user_id.clone(),
            title: new.title.clone(),
            message: new.message.clone(),
            kind: new.kind.clone(),
            data: new.data.clone(),
            read: false,
            created_at: new.at,
        };
        let asked = Asked::Notify {
            user_id: new.user_id.clone(),
            title: new.title,
            message: new.message,
            kind: new.kind,
            data: new.data,
        };
        if let Some(made) = self.made_before(key.as_ref(), &asked)? {
            let Made::Notification { user_id, position } = made else { return Err(Refusal::Conflict) };
            let sent = self.users.get(&user_id).and_then(|user| user.notifications.get(&position));
            let first = &sent.ok_or(Refusal::Conflict)?.item;
            notification.id.clone_from(&first.id);
            notification.read = first.read;
            notification.created_at = first.created_at;
            return Ok(Written::Notified { position, notification: Box::new(notification), duplicate: true });
        }
        let taken = self.next_taken();
        let user = self.users.entry(new.user_id.clone()).or_default();
        user.notification_head += 1;
        let position = user.notification_head;
        let sent = Sent { item: notification.clone(), taken, key: key.clone(), deleted: false };
        user.notifications.insert(position, sent);
        if let Some(key) = key {
            let made = Made::Notification { user_id: new.user_id, position };
            self.keys.insert(key, Key { asked, made });
        }
        Ok(Written::Notified { position, notification: Box::new(notification), duplicate: false })
    }

    pub(super) fn broadcast(&mut self, new: NewBroadcast) -> Result<Written, Refusal> {
        let key = new.client_id.clone().map(|id| (new.sender.clone(), id));
        let broadcast = Broadcast {
            id: new.new_id,
            title: new.title.clone(),
            message: new.message.clone(),
            kind: new.kind.clone(),
            created_at: new.at,
        };
        let asked = Asked::Broadcast { title: new.title, message: new.message, kind: new.kind };
        if let Some(made) = self.made_before(key.as_ref(), &asked)? {
            let Made::Broadcast { position } = made else { return Err(Refusal::Conflict) };
            let first = self.broadcasts.get(&position).ok_or(Refusal::Conflict)?.item.clone();
            return Ok(Written::Broadcast { position, broadcast: Box::new(first), duplicate: true });
        }
        let taken = self.next_taken();
        self.broadcast_head += 1;
        let position = self.broadcast_head;
        let sent = Sent { item: broadcast.clone(), taken, key: key.clone(), deleted: false };
        self.broadcasts.insert(position, sent);
        if let Some(key) = key {
            self.keys.insert(key, Key { asked, made: Made::Broadcast { position } });
        }
        Ok(Written::Broadcast { position, broadcast: Box::new(broadcast), duplicate: false })
    }

    pub(super) fn notifications_read(&mut self, user_id: &UserId, which: &Which) -> Result<Written, Refusal> {
        self.mark(user_id, which, |sent| !std::mem::replace(&mut sent.item.read, true))
    }

    pub(super) fn notifications_delete(
        &mut self,
        user_id: &UserId,
        which: &Which,
    ) -> Result<Written, Refusal> {
        self.mark(user_id, which, |sent| !std::mem::replace(&mut sent.deleted, true))
    }

    fn mark(
        &mut self,
        user_id: &UserId,
        which: &Which,
        mark: impl Fn(&mut Sent<Notification>) -> bool,
    ) -> Result<Written, Refusal> {
        let mut found = false;
        let mut changed = false;
        if let Some(user) = self.users.get_mut(user_id) {
            for sent in user.notifications.values_mut().filter(|sent| !sent.deleted) {
                let meant = match which {
                    Which::All => true,
                    Which::One(id) => sent.item.id == *id,
                };
                if meant {
                    found = true;
                    changed |= mark(sent);
                }
            }
        }
        if !found && *which != Which::All {
            return Err(Refusal::NotFound);
        }
        let unread = self.users.get(user_id).map_or(0, UserState::unread);
        Ok(Written::NotificationState { changed, unread })
    }

    pub(super) fn notifications_handed(
        &mut self,
        user_id: &UserId,
        position: NotificationPosition,
    ) -> Written {
        let broadcast_head = self.broadcast_head;
        if let Some(user) = self.users.get_mut(user_id) {
            let handed = &mut user.handed;
            handed.own = handed.own.max(position.own.min(user.notification_head));
            handed.broadcast = handed.broadcast.max(position.broadcast.min(broadcast_head));
        }
        Written::Nothing
    }

    pub(super) fn prune(&mut self, before: Timestamp, limit: usize) -> Written {
        let mut own: Vec<(Timestamp, u64, UserId, u64)> = Vec::new();
        for (user_id, user) in &self.users {
            for (position, sent) in &user.notifications {
                own.push((sent.item.created_at, sent.taken, user_id.clone(), *position));
            }
        }
        own.sort();
        let mut removed = 0;
        for (_, _, user_id, position) in own.into_iter().filter(|one| one.0 < before).take(limit) {
            let Some(user) = self.users.get_mut(&user_id) else { continue };
            user.notification_expired = user.notification_expired.max(position);
            let key = user.notifications.remove(&position).and_then(|sent| sent.key);
            key.map(|key| self.keys.remove(&key));
            removed += 1;
        }
        let mut all: Vec<(Timestamp, u64)> =
            self.broadcasts.iter().map(|(position, sent)| (sent.item.created_at, *position)).collect();
        all.sort();
        for (_, position) in all.into_iter().filter(|one| one.0 < before).take(limit) {
            self.broadcast_expired = self.broadcast_expired.max(position);
            let key = self.broadcasts.remove(&position).and_then(|sent| sent.key);
            key.map(|key| self.keys.remove(&key));
            removed += 1;
        }
        Written::Pruned { removed }
    }

    pub(super) fn notification_heads(&self, user_id: &UserId) -> NotificationHeads {
        let user = self.users.get(user_id);
        let handed = match user {
            Some(user) if user.last_seen.is_some() => user.handed,
            Some(_) | None => NotificationPosition {
                own: user.map_or(0, |user| user.handed.own),
                broadcast: self.broadcast_head,
            },
        };
        NotificationHeads {
            head: NotificationPosition {
                own: user.map_or(0, |user| user.notification_head),
                broadcast: self.broadcast_head,
            },
            handed,
            expired: NotificationPosition {
                own: user.map_or(0, |user| user.notification_expired),
                broadcast: self.broadcast_expired,
            },
            unread: user.map_or(0, UserState::unread),
        }
    }

    pub(super) fn notices(&self, user_id: &UserId, after: NotificationPosition, limit: usize) -> Vec<Notice> {
        let Some(user) = self.users.get(user_id) else { return Vec::new() };
        let own =
            user.notifications.iter().filter(|(position, sent)| **position > after.own && !sent.deleted);
        let own = own.map(|(position, sent)| (*position, sent.item.clone())).collect();
        let start = after.broadcast.max(user.broadcast_start);
        let all = self.broadcasts.iter();
        let all = all.filter(|(position, _)| user.last_seen.is_some() && **position > start);
        let all = all.map(|(position, sent)| (*position, sent.item.clone())).collect();
        merge_notices(own, all, limit)
    }

    pub(super) fn notifications(
        &self,
        user_id: &UserId,
        unread_only: bool,
        before: Option<&str>,
        limit: usize,
    ) -> (Page<Notification>, u64) {
        let Some(user) = self.users.get(user_id) else { return (page(Vec::new(), limit), 0) };
        let below = match before {
            None => u64::MAX,
            Some(id) => {
                let found = user.notifications.iter().find(|(_, sent)| sent.item.id == id);
                found.map_or(0, |(position, _)| *position)
            }
        };
        let listed = user.notifications.iter().rev();
        let listed = listed.filter(|(position, _)| **position < below).map(|(_, sent)| sent);
        let listed = listed.filter(|sent| !sent.deleted).filter(|sent| !unread_only || !sent.item.read);
        (page(listed.map(|sent| sent.item.clone()).collect(), limit), user.unread())
    }
}

impl UserState {
    fn unread(&self) -> u64 {
        self.notifications.values().filter(|sent| !sent.deleted && !sent.item.read).count() as u64
    }
}
