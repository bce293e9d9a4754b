//! An event stream says the same wherever its chunks end. The first byte says how long they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings_client_core::{EventStream, StreamEvent};

fn events<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<StreamEvent> {
    let mut stream = EventStream::default();
    let mut events = Vec::new();
    for chunk in chunks {
        stream.push(chunk);
        events.extend(std::iter::from_fn(|| stream.next_event()));
    }
    events
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, bytes)) = data.split_first() else { return };
    let whole = events(std::iter::once(bytes));
    assert_eq!(events(bytes.chunks(usize::from(size).max(1))), whole);
    for event in whole {
        assert!(!event.name.contains('\n') && !event.id.is_some_and(|id| id.contains('\n')));
    }
});
