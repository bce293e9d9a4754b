//! The logs of every server in these tests, held against what must never stand in one: tokens, tickets, secrets. Servers
//! within the test's own process are as talkative as they can be, and one that is found ends it; a server that is a
//! process of its own is looked at by [`process`](super::process).

use std::io::{self, Write};
use std::sync::Once;

/// What no line may hold, beside anything that looks like a signed token.
const SECRETS: [&str; 2] = [super::SECRET, crate::harness::SECRET];

/// Watches from here on.
pub(crate) fn watch() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let lines = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_env_filter("tidings_server=trace,tower_http=trace,warn")
            .with_ansi(false)
            .with_writer(|| Watched);
        // Another subscriber of this process would not be watched.
        assert!(lines.try_init().is_ok(), "logging has begun before");
    });
}

struct Watched;

impl Write for Watched {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if let Some(found) = secret_in(&text) {
            eprintln!("a secret ({found}) is in the log: {text}");
            std::process::exit(101);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of a process, which must hold no secret.
pub(crate) fn held(log: String) -> String {
    for line in log.lines() {
        assert_eq!(secret_in(line), None, "in the log of a process: {line}");
    }
    log
}

/// What must not stand there.
pub(crate) fn secret_in(text: &str) -> Option<&'static str> {
    if SECRETS.iter().any(|secret| text.contains(secret)) {
        return Some("a key");
    }
    // Three parts of base64url with dots between, the first of them JSON.
    let is_part =
        |part: &str| part.len() > 15 && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).find_map(|word| {
        let parts: Vec<&str> = word.split('.').collect();
        (parts.len() == 3 && parts[0].starts_with("eyJ") && parts.iter().all(|part| is_part(part)))
            .then_some("a token")
    })
}

#[test]
fn s05_what_looks_like_a_secret_is_found_in_a_line() {
    let token = super::jwt::token("ann");
    assert_eq!(secret_in(&format!("uri=/ws/chat?token={token} answered")), Some("a token"));
    assert_eq!(secret_in(&format!("key {}", super::SECRET)), Some("a key"));
    assert_eq!(secret_in("uri=/ws/chat?token=[REDACTED] 127.0.0.1:8080 0.1.0"), None);
}
