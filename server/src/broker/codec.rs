//! A publication as bytes between nodes: short, and such that nodes of two versions understand each other.
//!
//! A message is the version of this format, the node's own mark, the time, the kind, and the kind's fields in order.
//! What has another version or an unknown kind is skipped by who reads it: the log has what matters. A new kind gets a
//! new number; a new field goes to the end of its kind, where an older node does not look.

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::{ClientSession, RoomId, SessionId, Timestamp, UserId};

use super::{Except, Payload, Publication, Topic};

/// The version of the format.
const VERSION: u8 = 1;

/// Numbers of kinds; none is ever used for anything else.
mod kind {
    pub(super) const ENTRY: u8 = 1;
    pub(super) const INBOX: u8 = 2;
    pub(super) const NOTICE: u8 = 3;
    pub(super) const NOTICE_STATE: u8 = 4;
    pub(super) const SIGNAL: u8 = 5;
    pub(super) const PRESENCE: u8 = 6;
    pub(super) const EVICT: u8 = 7;
    pub(super) const FENCE: u8 = 8;
    pub(super) const REVOKED: u8 = 9;
    pub(super) const RECHECK: u8 = 10;
    pub(super) const GOSSIP: u8 = 11;
}

/// Why a message is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// It is of another version of the format.
    #[error("version {0} is not known here")]
    Version(u8),
    /// It is something that this version does not know.
    #[error("kind {0} is not known here")]
    Kind(u8),
    /// It is cut short, or no message at all.
    #[error("it cannot be read")]
    Malformed,
}

/// Writes a publication, all but its topic, which the channel says. `origin` marks the node that publishes.
#[must_use]
pub fn encode(origin: u64, publication: &Publication) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(64 + size(&publication.payload)));
    out.byte(VERSION);
    out.number(origin);
    out.number(publication.at.as_millis().cast_unsigned());
    match &publication.payload {
        Payload::Entry { seq, frame } => out.kind(kind::ENTRY).number(*seq).text(frame),
        Payload::Inbox { inbox_seq, room_id, seq, frame, not_to } => out
            .kind(kind::INBOX)
            .number(*inbox_seq)
            .text(room_id.as_str())
            .number(*seq)
            .text(frame)
            .text(not_to.as_ref().map_or("", |s| s.as_str())),
        Payload::Notice { seq, broadcast, json } => {
            out.kind(kind::NOTICE).number(*seq).flag(*broadcast).text(json)
        }
        Payload::NoticeState { json } => out.kind(kind::NOTICE_STATE).text(json),
        Payload::Signal { frame, droppable, except } => {
            let (which, whom) = match except {
                Except::Nobody => (0, ""),
                Except::User(user) => (1, user.as_str()),
                Except::Session(session) => (2, session.as_str()),
            };
            out.kind(kind::SIGNAL).text(frame).flag(*droppable).byte(which).text(whom)
        }
        Payload::Presence { frame, about, rooms, users } => out
            .kind(kind::PRESENCE)
            .text(frame)
            .text(about.as_str())
            .texts(rooms.iter().map(RoomId::as_str))
            .texts(users.iter().map(UserId::as_str)),
        Payload::Evict { room_id, only } => out
            .kind(kind::EVICT)
            .text(room_id.as_str())
            .text(only.as_ref().map_or("", |session| session.as_str())),
        Payload::Revoked => out.kind(kind::REVOKED),
        Payload::Recheck => out.kind(kind::RECHECK),
        Payload::Gossip { json } => out.kind(kind::GOSSIP).text(json),
        Payload::Fence { client_session, keep } => {
            out.kind(kind::FENCE).text(client_session.as_str()).text(keep.as_str())
        }
    };
    out.0
}

/// The mark of the node that published a message.
#[must_use]
pub fn origin(message: &[u8]) -> Option<u64> {
    let mut from = Reader(message);
    (from.byte()? == VERSION).then_some(())?;
    from.number()
}

/// Reads a message that came by the topic's channel.
///
/// # Errors
/// It is to be skipped.
pub fn decode(topic: Topic, message: &[u8]) -> Result<Publication, Skipped> {
    let mut from = Reader(message);
    let version = from.byte().ok_or(Skipped::Malformed)?;
    if version != VERSION {
        return Err(Skipped::Version(version));
    }
    let (Some(_), Some(at), Some(kind)) = (from.number(), from.number(), from.byte()) else {
        return Err(Skipped::Malformed);
    };
    let payload = match kind {
        kind::ENTRY..=kind::GOSSIP => payload(kind, &mut from).ok_or(Skipped::Malformed)?,
        unknown => return Err(Skipped::Kind(unknown)),
    };
    Ok(Publication { topic, payload, at: Timestamp::from_millis(at.cast_signed()) })
}

fn payload(kind: u8, from: &mut Reader<'_>) -> Option<Payload> {
    Some(match kind {
        kind::ENTRY => Payload::Entry { seq: from.number()?, frame: from.frame()? },
        kind::INBOX => Payload::Inbox {
            inbox_seq: from.number()?,
            room_id: RoomId::new(from.text()?).ok()?,
            seq: from.number()?,
            frame: from.frame()?,
            not_to: match from.text()? {
                "" => None,
                session => Some(SessionId::new(session).ok()?),
            },
        },
        kind::NOTICE => Payload::Notice { seq: from.number()?, broadcast: from.flag()?, json: from.frame()? },
        kind::NOTICE_STATE => Payload::NoticeState { json: from.frame()? },
        kind::SIGNAL => Payload::Signal {
            frame: from.frame()?,
            droppable: from.flag()?,
            except: match (from.byte()?, from.text()?) {
                (0, _) => Except::Nobody,
                (1, user) => Except::User(UserId::new(user).ok()?),
                (2, session) => Except::Session(SessionId::new(session).ok()?),
                _ => return None,
            },
        },
        kind::PRESENCE => Payload::Presence {
            frame: from.frame()?,
            about: UserId::new(from.text()?).ok()?,
            rooms: from.texts(|text| RoomId::new(text).ok())?,
            users: from.texts(|text| UserId::new(text).ok())?,
        },
        kind::EVICT => Payload::Evict {
            room_id: RoomId::new(from.text()?).ok()?,
            only: match from.text()? {
                "" => None,
                session => Some(ClientSession::new(session).ok()?),
            },
        },
        kind::FENCE => Payload::Fence {
            client_session: ClientSession::new(from.text()?).ok()?,
            keep: SessionId::new(from.text()?).ok()?,
        },
        kind::REVOKED => Payload::Revoked,
        kind::RECHECK => Payload::Recheck,
        kind::GOSSIP => Payload::Gossip { json: from.frame()? },
        _ => return None,
    })
}

/// About how much a payload takes, so that the buffer is made once.
fn size(payload: &Payload) -> usize {
    match payload {
        Payload::Entry { frame, .. } | Payload::Inbox { frame, .. } | Payload::Signal { frame, .. } => {
            frame.len() + 128
        }
        Payload::Presence { frame, rooms, users, .. } => frame.len() + 32 * (rooms.len() + users.len()),
        Payload::Notice { json, .. } | Payload::NoticeState { json } | Payload::Gossip { json } => json.len(),
        Payload::Evict { .. } | Payload::Revoked | Payload::Recheck | Payload::Fence { .. } => 128,
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    fn kind(&mut self, kind: u8) -> &mut Self {
        self.byte(kind)
    }

    fn flag(&mut self, flag: bool) -> &mut Self {
        self.byte(u8::from(flag))
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        // Frames and ids are far below 4 GiB.
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&len.to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = &'a str>) -> &mut Self {
        self.number(texts.len() as u64);
        for text in texts {
            self.text(text);
        }
        self
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn flag(&mut self) -> Option<bool> {
        self.byte().map(|byte| byte != 0)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        std::str::from_utf8(self.take(usize::try_from(len).ok()?)?).ok()
    }

    fn frame(&mut self) -> Option<Utf8Bytes> {
        self.text().map(Utf8Bytes::from)
    }

    fn texts<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        // Each takes four bytes at least: a count that lies asks for no memory.
        (count <= self.0.len() as u64).then_some(())?;
        (0..count).map(|_| read(self.text()?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id<T: std::fmt::Debug>(make: impl Fn(String) -> Option<T>) -> impl Strategy<Value = T> {
        "[a-zé0-9:._-]{1,20}".prop_map(move |text| make(text).unwrap())
    }

    fn frame() -> impl Strategy<Value = Utf8Bytes> {
        ".{0,200}".prop_map(Utf8Bytes::from)
    }

    fn room() -> impl Strategy<Value = RoomId> {
        id(|t| RoomId::new(t).ok())
    }

    fn user() -> impl Strategy<Value = UserId> {
        id(|t| UserId::new(t).ok())
    }

    fn session() -> impl Strategy<Value = SessionId> {
        "[a-z0-9-]{1,36}".prop_map(|t| SessionId::new(t).unwrap())
    }

    fn client() -> impl Strategy<Value = ClientSession> {
        "[a-zA-Z0-9-]{1,36}".prop_map(|t| ClientSession::new(t).unwrap())
    }

    fn except() -> impl Strategy<Value = Except> {
        prop_oneof![Just(Except::Nobody), user().prop_map(Except::User), session().prop_map(Except::Session)]
    }

    fn payload() -> impl Strategy<Value = Payload> {
        let several = || proptest::collection::vec(room(), 0..4);
        prop_oneof![
            (any::<u64>(), frame()).prop_map(|(seq, frame)| Payload::Entry { seq, frame }),
            (any::<u64>(), room(), any::<u64>(), frame(), proptest::option::of(session())).prop_map(
                |(inbox_seq, room_id, seq, frame, not_to)| Payload::Inbox {
                    inbox_seq,
                    room_id,
                    seq,
                    frame,
                    not_to
                }
            ),
            (any::<u64>(), any::<bool>(), frame()).prop_map(|(seq, broadcast, json)| Payload::Notice {
                seq,
                broadcast,
                json
            }),
            frame().prop_map(|json| Payload::NoticeState { json }),
            (frame(), any::<bool>(), except()).prop_map(|(frame, droppable, except)| Payload::Signal {
                frame,
                droppable,
                except
            }),
            (frame(), user(), several(), proptest::collection::vec(user(), 0..4))
                .prop_map(|(frame, about, rooms, users)| Payload::Presence { frame, about, rooms, users }),
            (room(), proptest::option::of(client()))
                .prop_map(|(room_id, only)| Payload::Evict { room_id, only }),
            Just(Payload::Revoked),
            Just(Payload::Recheck),
            frame().prop_map(|json| Payload::Gossip { json }),
            (client(), session()).prop_map(|(client_session, keep)| Payload::Fence { client_session, keep }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(payload in payload(), at in any::<i64>(), mark in any::<u64>()) {
            let publication = Publication { topic: Topic::All, payload, at: Timestamp::from_millis(at) };
            let message = encode(mark, &publication);
            prop_assert_eq!(origin(&message), Some(mark));
            prop_assert_eq!(decode(Topic::All, &message), Ok(publication));
        }

        #[test]
        fn no_bytes_do_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), versioned in any::<bool>()) {
            if let (Some(first), true) = (bytes.first_mut(), versioned) {
                *first = VERSION;
            }
            let _ = decode(Topic::All, &bytes);
        }

        #[test]
        fn a_message_cut_short_is_skipped(payload in payload(), cut in 1_usize..20) {
            let publication = Publication { topic: Topic::All, payload, at: Timestamp::from_millis(1) };
            let mut message = encode(1, &publication);
            message.truncate(message.len().saturating_sub(cut));
            prop_assert!(decode(Topic::All, &message).is_err());
        }
    }

    #[test]
    fn what_a_newer_node_says_is_read_as_far_as_it_is_known() {
        let publication = Publication {
            topic: Topic::All,
            payload: Payload::Entry { seq: 7, frame: Utf8Bytes::from_static("{}") },
            at: Timestamp::from_millis(1),
        };
        let mut longer = encode(1, &publication);
        longer.extend_from_slice(b"a field of a later version");
        assert_eq!(decode(Topic::All, &longer), Ok(publication.clone()));
        let mut other_kind = encode(1, &publication);
        other_kind[17] = 200;
        assert_eq!(decode(Topic::All, &other_kind), Err(Skipped::Kind(200)));
        let mut other_version = encode(1, &publication);
        other_version[0] = 2;
        assert_eq!(decode(Topic::All, &other_version), Err(Skipped::Version(2)));
    }
}
