//! WebSocket frames (RFC 6455 §5.2), as far as this server sends them: never masked, never in fragments.

use super::{Heard, PeerError};

/// The opcode of a text frame.
pub(super) const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// Final, no extension.
const WHOLE: u8 = 0x80;
const MASKED: u8 = 0x80;

/// What was taken out of some bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// How many bytes that were.
    pub(super) bytes: usize,
    /// How many text frames.
    pub(super) texts: usize,
    /// Answers to pings, ready to be written.
    pub(super) pongs: Vec<u8>,
}

/// Hands over the text frames that are whole.
pub(super) fn take(bytes: &[u8], each: &mut impl FnMut(Heard<'_>)) -> Result<Taken, PeerError> {
    let mut taken = Taken::default();
    while let Some(frame) = Frame::at(bytes.get(taken.bytes..).unwrap_or_default())? {
        taken.bytes += frame.length;
        match frame.opcode {
            TEXT => {
                taken.texts += 1;
                each(serde_json::from_slice(frame.payload).map_err(|_| PeerError::Malformed)?);
            }
            PING => write(PONG, frame.payload, &mut taken.pongs),
            PONG => {}
            CLOSE => {
                let code = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                return Err(PeerError::Closed(code));
            }
            _ => return Err(PeerError::Malformed),
        }
    }
    Ok(taken)
}

/// Adds a frame to some bytes. The mask that a client must have is one that changes nothing.
pub(super) fn write(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(WHOLE | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..=125), _) => out.push(MASKED | short),
        (_, Ok(long)) => {
            out.push(MASKED | 126);
            out.extend_from_slice(&long.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

struct Frame<'a> {
    opcode: u8,
    payload: &'a [u8],
    length: usize,
}

impl<'a> Frame<'a> {
    /// The frame at the beginning of the bytes; `None` where its end has not come.
    fn at(bytes: &'a [u8]) -> Result<Option<Self>, PeerError> {
        let Some(&[first, second]) = bytes.first_chunk() else { return Ok(None) };
        if first & !0x0F != WHOLE || second & MASKED != 0 {
            return Err(PeerError::Malformed);
        }
        let behind = bytes.get(2..).unwrap_or_default();
        let (start, size) = match second {
            126 => (4, behind.first_chunk().map(|size| usize::from(u16::from_be_bytes(*size)))),
            127 => (10, behind.first_chunk().map(|size| u64::from_be_bytes(*size) as usize)),
            short => (2, Some(usize::from(short))),
        };
        let Some(length) = size.map(|size| start + size) else { return Ok(None) };
        let payload = bytes.get(start..length);
        Ok(payload.map(|payload| Self { opcode: first & 0x0F, payload, length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING_FRAME: [u8; 3] = [0x89, 1, b'p'];

    fn server_text(seq: u64, padding: usize) -> Vec<u8> {
        let text = format!(
            r#"{{"category":"CHAT","type":"MESSAGE","data":{{"seq":{seq},"x":"{}"}}}}"#,
            "x".repeat(padding)
        );
        let mut frame = Vec::new();
        write(TEXT, text.as_bytes(), &mut frame);
        // A server masks nothing.
        let mask = frame.len() - text.len() - 4;
        frame.drain(mask..mask + 4);
        frame[1] &= !MASKED;
        frame
    }

    fn seqs(bytes: &[u8]) -> (Vec<u64>, Taken) {
        let mut seqs = Vec::new();
        let taken = take(bytes, &mut |heard: Heard<'_>| seqs.extend(heard.data.seq)).unwrap();
        (seqs, taken)
    }

    #[test]
    fn frames_of_every_length_are_taken_whole_and_in_order() {
        let bytes = [server_text(1, 0), server_text(2, 300), server_text(3, 70_000)].concat();
        assert_eq!(seqs(&bytes).0, [1, 2, 3]);
        for end in 0..server_text(1, 300).len() {
            assert_eq!(seqs(&server_text(1, 300)[..end]), (vec![], Taken::default()));
        }
    }

    #[test]
    fn a_ping_is_answered_with_its_own_payload() {
        let taken = seqs(&PING_FRAME).1;
        assert_eq!((taken.bytes, taken.texts), (3, 0));
        assert_eq!(taken.pongs, [0x8A, 0x81, 0, 0, 0, 0, b'p']);
    }

    #[test]
    fn a_close_tells_its_code() {
        let closed = take(&[0x88, 2, 0x0F, 0xA8], &mut |_| {}).unwrap_err();
        assert!(matches!(closed, PeerError::Closed(Some(4008))));
    }
}
