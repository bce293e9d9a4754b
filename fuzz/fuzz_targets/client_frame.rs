//! Whatever a peer sends is a frame or an error; a frame means the same after it was written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings_protocol::ClientFrame;

fuzz_target!(|text: &str| {
    if let Ok(frame) = ClientFrame::parse(text) {
        let again = serde_json::to_string(&frame).expect("a frame can be written");
        assert_eq!(ClientFrame::parse(&again), Ok(frame));
    }
});
