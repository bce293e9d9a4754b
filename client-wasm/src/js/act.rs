//! Commands of the face: rows as `npm/src/commands.ts` has them.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use tidings_client_core::json::{self, Rows};
use tidings_client_core::{Command, Entry};
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::{ClientId, MessageId, RoomId, UserId};

use super::{JsClient, convert};
use crate::http::{Answer, Ask, HttpError, Span};
use crate::notifications::NotificationClient;

const CONNECT: u64 = 0;
const RECONNECT: u64 = 1;
const CLOSE: u64 = 2;
const PRESENCE: u64 = 3;
const QUEUED: u64 = 4;
const USER: u64 = 5;
const OUTBOX: u64 = 6;
const RETRY: u64 = 7;
const CANCEL: u64 = 8;
const JOIN: u64 = 9;
const LEAVE: u64 = 10;
const READ: u64 = 11;
const TYPING: u64 = 12;
const CHAT: u64 = 13;
const PRIVATE: u64 = 14;
const EDIT: u64 = 15;
const DELETE: u64 = 16;
const REACT: u64 = 17;
const UNREACT: u64 = 18;
const HTTP: u64 = 19;
const TOKEN: u64 = 20;
const STREAM_CONNECT: u64 = 21;
const STREAM_RECONNECT: u64 = 22;
const STREAM_CLOSE: u64 = 23;
const STREAM_CURSOR: u64 = 24;

// What there is in place of a status where a request has no answer.
const NETWORK: u64 = 0;
const NO_TOKEN: u64 = 1;

/// A command's items, raw.
struct Row<'a>(Vec<&'a str>);

impl Row<'_> {
    fn raw(&self, at: usize) -> &str {
        self.0.get(at).copied().unwrap_or_default()
    }

    fn text(&self, at: usize) -> Option<String> {
        json::text(self.raw(at))
    }

    fn number(&self, at: usize) -> Option<u64> {
        json::number(self.raw(at))
    }

    fn flag(&self, at: usize) -> bool {
        self.raw(at) == "true"
    }
}

pub(super) fn act(core: &JsClient, command: &str) -> Option<String> {
    let row = Row(json::items(command)?);
    let client = &core.client;
    let id = || ClientId::new(row.text(1)?).ok();
    let room = || RoomId::new(row.text(1)?).ok();
    client.command(match row.number(0)? {
        CONNECT => Command::Connect,
        RECONNECT => Command::Reconnect,
        CLOSE => Command::Close { forget: row.flag(1) },
        PRESENCE => Command::Presence(if row.flag(1) { OnlineStatus::Away } else { OnlineStatus::Online }),
        RETRY => Command::Retry { id: id()? },
        CANCEL => Command::Cancel { id: id()? },
        JOIN => Command::Join { room: room()?, after: row.number(2) },
        LEAVE => Command::Leave { room: room()? },
        READ => Command::Read { room: room()?, seq: row.number(2)? },
        TYPING => Command::Typing { room: room()?, is_typing: row.flag(2) },
        what @ CHAT..=UNREACT => {
            let (id, entry) = (id()?, entry(what, &row)?);
            if row.flag(5) { Command::Revise { id, entry } } else { Command::Send { id, entry } }
        }
        what => return other(core, what, &row),
    });
    Some(String::new())
}

/// What is not the session's.
fn other(core: &JsClient, what: u64, row: &Row<'_>) -> Option<String> {
    let client = &core.client;
    let mut out = Rows::default();
    match what {
        QUEUED => out.number(client.queued() as u64),
        USER => out.text(&client.user_id()?),
        OUTBOX => convert::outbox(&mut out, &client.outbox()),
        HTTP => request(core, row)?,
        TOKEN => {
            let said = row.text(3)?;
            core.asked.answered(row.number(1)?, if row.flag(2) { Ok(said) } else { Err(said) });
        }
        STREAM_CONNECT => core.stream.get_or_init(|| stream(core)).connect(),
        STREAM_RECONNECT => core.stream.get()?.reconnect_now(),
        STREAM_CLOSE => core.stream.get()?.close(),
        STREAM_CURSOR => out.text(&core.stream.get()?.cursor()?),
        _ => return None,
    }
    Some(out.into_text())
}

/// `[what, id, place, message, text, revises]`. The place is a room's id or, for a private message, a user's; the message
/// is the one that is changed or answered; the text is its text or the emoji.
fn entry(what: u64, row: &Row<'_>) -> Option<Entry> {
    let place = row.text(2)?;
    let message = match row.text(3) {
        Some(id) => Some(MessageId::new(id).ok()?),
        None => None,
    };
    let text = row.text(4)?;
    if what == PRIVATE {
        return Some(Entry::Private {
            recipient: UserId::new(place).ok()?,
            content: text,
            reply_to: message,
        });
    }
    let room = RoomId::new(place).ok()?;
    Some(match what {
        EDIT => Entry::Edit { room, message: message?, content: text },
        DELETE => Entry::Delete { room, message: message? },
        REACT | UNREACT => Entry::React { room, message: message?, emoji: text, remove: what == UNREACT },
        _ => Entry::Chat { room, content: text, reply_to: message },
    })
}

/// `[what, number, method, path, body]`. The face is told the number, the status whatever it is, and the text; or why there
/// was no answer.
fn request(core: &JsClient, row: &Row<'_>) -> Option<()> {
    let number = row.number(1)?;
    let ask = Ask { method: row.text(2)?, path: row.text(3)?, body: row.text(4), span: Span::Short };
    let face = Rc::clone(&core.face);
    core.client.http().exchange(ask, move |answer| {
        let (status, text) = match &answer {
            Answer::Whole(status, text) => ((*status).into(), &**text),
            Answer::Failed(error) => (
                if matches!(error, HttpError::Token(_)) { NO_TOKEN } else { NETWORK },
                convert::reason(error),
            ),
            Answer::Opened | Answer::Part(_) | Answer::Ended => return,
        };
        face.tell(&convert::answer(number, status, text));
    });
    Some(())
}

/// The notification stream, with this client's credentials.
fn stream(core: &JsClient) -> NotificationClient {
    let stream = core.client.notifications();
    let face = Rc::clone(&core.face);
    stream.subscribe(move |event| face.tell(&convert::notified(event))).forget();
    stream
}
