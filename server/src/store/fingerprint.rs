//! What tells a retransmit from another use of the same (sender, id).

use sha2::{Digest, Sha256};

use super::{Append, Change, NewBroadcast, NewNotification, StoreError, Target};

/// A digest of all that a client has asked for. It is stored, so it stays the same in every version. It only meets
/// digests of the same (sender, id), so 64 bits are plenty.
pub(crate) fn of_append(append: &Append) -> i64 {
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
pub(crate) fn of_notification(new: &NewNotification) -> Result<i64, StoreError> {
    let data =
        serde_json::to_string(&new.data).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let texts = [new.user_id.as_str(), &new.title, &new.message, &new.kind, &data];
    Ok(digest(&["notification", texts[0], texts[1], texts[2], texts[3], texts[4]].map(Some)))
}

/// The same of a broadcast.
pub(crate) fn of_broadcast(new: &NewBroadcast) -> i64 {
    digest(&["broadcast", &new.title, &new.message, &new.kind].map(Some))
}

/// Each text is preceded by its length, so that no two lists of texts look alike.
fn digest(texts: &[Option<&str>]) -> i64 {
    let mut hash = Sha256::new();
    for text in texts {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        hash.update(length.to_le_bytes());
        hash.update(text.unwrap_or_default());
    }
    hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte))
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
        assert_eq!(digest(&[]).cast_unsigned(), 0xe3b0_c442_98fc_1c14);
    }
}
