//! Whether a log tells of a panic.

/// Where the server logs that a thread has panicked, and in which words the runtime does where the server does not.
const PANICS: [&str; 2] = ["ERROR tidings_server::telemetry", "panicked at"];

pub(super) fn has_panic(log: &str) -> bool {
    PANICS.iter().any(|panic| log.contains(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_found_as_the_server_logs_it_and_as_the_runtime_does() {
        assert!(has_panic("2026 ERROR tidings_server::telemetry: no entry place=\"src/x.rs:1:2\""));
        assert!(has_panic("thread 'main' panicked at src/x.rs:1:2:"));
        assert!(!has_panic("2026 ERROR tidings_server::node::writer: a commit failed"));
    }
}
