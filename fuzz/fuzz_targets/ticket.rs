//! A ticket counts once, before its end and not long before it, by our signature and of a ticket's kind; all else is
//! refused as no ticket, and none of it is a token.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tidings_fuzz::{NOW, at_once, authenticator, parts, sign, text_of};
use tidings_protocol::limits::TICKET_TTL_MS;
use tidings_server::auth::{AuthError, Authenticator};

const HEADER: &str = r#"{"typ":"tidings-ticket","alg":"HS256"}"#;
/// How far clocks may be apart for a ticket to count, in milliseconds.
const MOST_AHEAD: i64 = 30_000;

fuzz_target!(|data: &[u8]| {
    let Some(ticket) = text_of(data, HEADER) else { return };
    let (auth, clock) = authenticator(NOW, false);
    match at_once(auth.redeem(&ticket)) {
        Err(refused) => assert_eq!(refused, AuthError::Ticket),
        Ok(principal) => {
            assert!(auth.verify(&ticket).is_err(), "a ticket passed for a token");
            refused(&auth, &ticket);
            let Some((header, content)) = parts(&ticket) else { return };
            assert_eq!((&header["alg"], &header["typ"]), (&"HS256".into(), &"tidings-ticket".into()));
            assert_eq!(content["sub"], principal.user_id.as_str());
            let end = content["end"].as_i64().expect("a ticket has an end");
            assert!(NOW < end && end <= NOW + TICKET_TTL_MS.cast_signed() + MOST_AHEAD, "{content}");
            written_otherwise_it_is_the_same(&auth, content);
            for at in [NOW - 1, end - 1, end] {
                clock.set(tidings_protocol::Timestamp::from_millis(at));
                refused(&auth, &ticket);
            }
            // Where nobody has used it yet.
            let (before, _) = authenticator(end - 1, false);
            assert_eq!(at_once(before.redeem(&ticket)), Ok(principal));
            let (after, _) = authenticator(end, false);
            refused(&after, &ticket);
        }
    }
});

fn refused(auth: &Authenticator, ticket: &str) {
    assert_eq!(at_once(auth.redeem(ticket)), Err(AuthError::Ticket));
}

fn written_otherwise_it_is_the_same(auth: &Authenticator, mut content: Value) {
    let id = content["jti"].as_str().expect("a ticket has an id").to_owned();
    for other in [id.to_uppercase(), format!("0{id}"), format!("+{}", id.trim_start_matches('+'))] {
        content["jti"] = other.into();
        refused(auth, &sign(HEADER.as_bytes(), content.to_string().as_bytes()));
    }
}
