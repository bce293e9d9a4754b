//! What the others are told of a write.

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::data::Delivered;
use tidings_protocol::entity::NotificationState;
use tidings_protocol::{Event, Timestamp, UserId};

use super::writer::Origin;
use crate::broker::{Except, Payload, Publication, Topic};
use crate::frames;
use crate::store::{Appended, Target, Which, Write, Written};

/// What has to be kept of a write until its result is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Echo {
    /// An append to this log.
    Append(Target),
    /// Delivered markers of this user.
    Delivered(UserId),
    /// A notification to this user.
    Notification(UserId),
    /// A change in this user's notifications.
    Notices {
        /// Whose.
        user_id: UserId,
        /// Which.
        which: Which,
        /// Deleted, not read.
        deleted: bool,
    },
    /// Nobody is told by the writer.
    Silent,
}

impl Echo {
    /// What is kept of `write`.
    #[must_use]
    pub fn of(write: &Write) -> Self {
        match write {
            Write::Append(append) => Self::Append(append.target.clone()),
            Write::Delivered { user_id, .. } | Write::InboxDelivered { user_id, .. } => {
                Self::Delivered(user_id.clone())
            }
            Write::Notify(new) => Self::Notification(new.user_id.clone()),
            Write::NotificationsRead { user_id, which } => {
                Self::Notices { user_id: user_id.clone(), which: which.clone(), deleted: false }
            }
            Write::NotificationsDelete { user_id, which } => {
                Self::Notices { user_id: user_id.clone(), which: which.clone(), deleted: true }
            }
            Write::SeeUser { .. }
            | Write::CreateRoom { .. }
            | Write::UpdateRoom { .. }
            | Write::Join { .. }
            | Write::PutMember { .. }
            | Write::RemoveMember { .. }
            | Write::Read { .. }
            | Write::Broadcast(_)
            | Write::NotificationsHanded { .. }
            | Write::PruneNotifications { .. }
            | Write::Revoke(_)
            | Write::Restore { .. }
            | Write::PruneRevocations { .. }
            | Write::NewEpoch(_) => Self::Silent,
        }
    }
}

/// The events of a write that was done.
#[must_use]
pub fn of(echo: &Echo, written: &Written, origin: Option<&Origin>, now: Timestamp) -> Vec<Publication> {
    match (echo, written) {
        (Echo::Append(_), Written::Appended(appended)) => of_entry(appended, origin, now),
        (Echo::Delivered(recipient), Written::Delivered(messages)) => messages
            .iter()
            .map(|message| {
                let event = Event::Delivered(Delivered {
                    message_id: message.message_id.clone(),
                    recipient_id: recipient.clone(),
                    id: message.client_id.clone(),
                });
                Publication {
                    topic: Topic::User(message.sender.clone()),
                    payload: Payload::Signal {
                        frame: frames::encode(event, now),
                        droppable: false,
                        except: Except::Nobody,
                    },
                    at: now,
                }
            })
            .collect(),
        (Echo::Notification(user), Written::Notified { position, notification, duplicate: false }) => {
            vec![notice(Topic::User(user.clone()), *position, false, &**notification, now)]
        }
        (_, Written::Broadcast { position, broadcast, duplicate: false }) => {
            vec![notice(Topic::All, *position, true, &**broadcast, now)]
        }
        (Echo::Notices { user_id, which, deleted }, Written::NotificationState { changed: true, unread }) => {
            let state = NotificationState {
                ids: match which {
                    Which::One(id) => Some(vec![id.clone()]),
                    Which::All => None,
                },
                all: (*which == Which::All).then_some(true),
                read: (!deleted).then_some(true),
                deleted: deleted.then_some(true),
                unread_count: *unread,
            };
            vec![Publication {
                topic: Topic::User(user_id.clone()),
                payload: Payload::NoticeState { json: json(&state) },
                at: now,
            }]
        }
        _ => Vec::new(),
    }
}

fn of_entry(appended: &Appended, origin: Option<&Origin>, now: Timestamp) -> Vec<Publication> {
    let Some(entry) = &appended.entry else { return Vec::new() };
    if entry.peers.is_none() {
        return vec![Publication {
            topic: Topic::Room(entry.room_id.clone()),
            payload: Payload::Entry { seq: entry.seq, frame: frames::entry(entry) },
            at: now,
        }];
    }
    appended
        .inbox
        .iter()
        .map(|(user, inbox_seq)| Publication {
            topic: Topic::User(user.clone()),
            payload: Payload::Inbox {
                inbox_seq: *inbox_seq,
                room_id: entry.room_id.clone(),
                seq: entry.seq,
                frame: frames::inbox_entry(entry, *inbox_seq),
                not_to: origin.and_then(|o| o.not_to.clone()),
            },
            at: now,
        })
        .collect()
}

fn notice(
    topic: Topic,
    seq: u64,
    broadcast: bool,
    item: &impl serde::Serialize,
    at: Timestamp,
) -> Publication {
    Publication { topic, payload: Payload::Notice { seq, broadcast, json: json(item) }, at }
}

/// JSON text of a value of the contract, whose map keys are strings all.
pub(crate) fn json(value: &impl serde::Serialize) -> Utf8Bytes {
    Utf8Bytes::from(serde_json::to_string(value).unwrap_or_default())
}
