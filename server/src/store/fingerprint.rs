//! What tells a retransmit from another use of the same (sender, id).

use sha2::{Digest, Sha256};

use super::{Append, Change, NewBroadcast, NewNotification, StoreError, Target};

/// Bytes of the digest that are kept.
const KEPT: usize = 16;

/// A digest of all that a client has asked for, as text. It is stored, so it stays the same in every version.
pub(crate) fn of_append(append: &Append) -> String {
    let (kind, texts): (&str, [Option<&str>; 2]) = match &append.change {
        Change::Message { content, reply_to } => {
            ("message", [Some(content), reply_to.as_ref().map(AsRef::as_ref)])
        }
        Change::Edit { message_id, content } => ("edit", [Some(message_id.as_str()), Some(content)]),
        Change::Delete { message_id } => ("delete", [Some(message_id.as_str()), None]),
        Change::React { message_id, emoji, remove: false } => {
            ("react", [Some(message_id.as_str()), Some(emoji)])
        }
        Change::React { message_id, emoji, remove: true } => {
            ("unreact", [Some(message_id.as_str()), Some(emoji)])
        }
    };
    let target = match &append.target {
        Target::Room(room_id) => ["room", room_id.as_str()],
        Target::Direct(user_id) => ["direct", user_id.as_str()],
    };
    digest(&[Some(kind), Some(target[0]), Some(target[1]), texts[0], texts[1]])
}

/// The same of a notification.
pub(crate) fn of_notification(new: &NewNotification) -> Result<String, StoreError> {
    let data =
        serde_json::to_string(&new.data).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let texts = [new.user_id.as_str(), &new.title, &new.message, &new.kind, &data];
    Ok(digest(&["notification", texts[0], texts[1], texts[2], texts[3], texts[4]].map(Some)))
}

/// The same of a broadcast.
pub(crate) fn of_broadcast(new: &NewBroadcast) -> String {
    digest(&["broadcast", &new.title, &new.message, &new.kind].map(Some))
}

/// Each text is preceded by its length, so that no two lists of texts look alike.
fn digest(texts: &[Option<&str>]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        hash.update(length.to_le_bytes());
        hash.update(text.unwrap_or_default());
    }
    hex(hash.finalize().iter().take(KEPT))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_do_not_run_into_each_other() {
        assert_ne!(digest(&[Some("ab"), Some("c")]), digest(&[Some("a"), Some("bc")]));
        assert_ne!(digest(&[Some(""), None]), digest(&[None, Some("")]));
    }

    #[test]
    fn a_digest_is_the_same_in_every_version() {
        assert_eq!(digest(&[]), "e3b0c44298fc1c149afbf4c8996fb924");
        assert_eq!(digest(&[Some("message"), Some("room"), Some("r"), Some("hi"), None]).len(), 32);
    }
}
