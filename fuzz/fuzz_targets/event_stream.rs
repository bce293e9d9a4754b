//! An event stream says the same wherever its chunks end. The first byte says how long they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings_client_core::{EventStream, StreamEvent};

fn events(chunks: impl Iterator<Item = String>) -> Vec<StreamEvent> {
    let mut stream = EventStream::default();
    let mut events = Vec::new();
    for chunk in chunks {
        stream.push(&chunk);
        events.extend(std::iter::from_fn(|| stream.next_event()));
    }
    events
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, bytes)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let chars: Vec<char> = text.chars().collect();
    let whole = events(std::iter::once(text.to_owned()));
    assert_eq!(events(chars.chunks(usize::from(size).max(1)).map(String::from_iter)), whole);
    for event in whole {
        assert!(!event.name.contains('\n') && !event.id.is_some_and(|id| id.contains('\n')));
    }
});
