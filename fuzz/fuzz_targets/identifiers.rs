//! Ids, cursors and times are taken whole or refused: what is taken reads as it was given.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings_protocol::{
    ClientId, ClientSession, Cursor, Epoch, MessageId, RoomId, SessionId, Timestamp, UserId,
};

fuzz_target!(|text: &str| {
    macro_rules! whole {
        ($($id:ident)*) => {
            $(if let Ok(id) = $id::new(text) {
                assert_eq!(id.as_str(), text);
                let json = serde_json::to_string(&id).expect("an id can be written");
                assert_eq!(serde_json::from_str::<$id>(&json).ok(), Some(id));
            })*
        };
    }
    whole!(ClientId ClientSession Cursor Epoch MessageId RoomId SessionId UserId);
    let quoted = serde_json::to_string(text).expect("text can be written");
    if let Ok(time) = serde_json::from_str::<Timestamp>(&quoted) {
        let json = serde_json::to_string(&time).expect("a time can be written");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).ok(), Some(time));
    }
});
