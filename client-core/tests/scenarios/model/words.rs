//! The model server's frames.

use serde_json::{Value, json};

use super::net::{Arrival, Conn, Kind, Net};
use super::server::Entry;

pub(crate) const TIME: &str = "2026-01-01T00:00:00.000Z";

pub(crate) fn data(room: &str, seq: u64, entry: &Entry, inbox_seq: Option<u64>) -> Value {
    let mut data = json!({"messageId": format!("{room}-{seq}"), "roomId": room, "seq": seq, "senderId": entry.sender,
        "content": entry.content, "timestamp": TIME, "clientId": entry.id});
    if let (Some(seq), Some(to)) = (inbox_seq, &entry.recipient) {
        data["inboxSeq"] = seq.into();
        data["recipientId"] = to.as_str().into();
    }
    data
}

pub(crate) fn answer(room: &str, seq: u64, duplicate: bool) -> Value {
    json!({"roomId": room, "messageId": format!("{room}-{seq}"), "seq": seq, "duplicate": duplicate})
}

pub(crate) fn ack(net: &mut Net, conn: Conn, now: u64, id: &str, fields: &Value) {
    let mut data = json!({"id": id, "duplicate": false});
    for (key, value) in fields.as_object().unwrap() {
        data[key] = value.clone();
    }
    say(net, conn, now, "SYSTEM", "ACK", &data);
}

pub(crate) fn refuse(
    net: &mut Net,
    conn: Conn,
    now: u64,
    id: &str,
    room: &str,
    code: &str,
    retry_after_ms: Option<u64>,
) {
    let mut data = json!({"error": "no", "code": code, "id": id, "roomId": room});
    if let Some(ms) = retry_after_ms {
        data["retryAfterMs"] = ms.into();
    }
    say(net, conn, now, "ERROR", "MESSAGE", &data);
}

pub(crate) fn say(net: &mut Net, conn: Conn, now: u64, category: &str, kind: &str, data: &Value) {
    let frame = json!({"category": category, "type": kind, "data": data, "timestamp": TIME}).to_string();
    match net.wires[conn].kind {
        _ if net.wires[conn].swallowed => {}
        Kind::Socket => net.send_down(conn, Arrival::Frame(conn, frame), now),
        Kind::Stream => {
            let text = ["event: frame\ndata: ", &frame, "\n\n"].concat();
            let at = text.floor_char_boundary(net.rng.up_to(text.len() as u64 - 1) as usize);
            for part in [&text[..at], &text[at..]] {
                net.send_down(conn, Arrival::Chunk(conn, part.to_owned()), now);
            }
        }
        Kind::Poll | Kind::Post => net.wires[conn].answer.push(frame),
    }
}

/// Answers a poll or a post with all that was said.
pub(crate) fn finish(net: &mut Net, conn: Conn, now: u64) {
    let frames = std::mem::take(&mut net.wires[conn].answer);
    let text = ["{\"frames\":[", &frames.join(","), "]}"].concat();
    net.send_down(conn, Arrival::Answer(conn, text), now);
}

/// Ends a connection that a newer one has taken over.
pub(crate) fn replace(net: &mut Net, conn: Conn, now: u64) {
    match net.wires[conn].kind {
        Kind::Stream => {
            let text = "event: close\ndata: {\"code\":4009}\n\n".to_owned();
            net.send_down(conn, Arrival::Chunk(conn, text), now);
        }
        Kind::Socket | Kind::Poll | Kind::Post => {
            net.send_down(conn, Arrival::Closed(conn, Some(4009)), now);
        }
    }
}
