//! A token is taken as what it says, or not at all: by our signature, of a token's kind, at its time, from the issuer
//! and for the audience that were asked for. Its ticket says the same, counts once, and is no token.

#![no_main]

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tidings_fuzz::{AUDIENCE, ISSUER, LEEWAY, NOW, at_once, authenticator, parts, text_of};
use tidings_protocol::UserId;
use tidings_protocol::limits::MAX_NAME_BYTES;
use tidings_server::auth::{AuthError, Authenticator, MAX_TOKEN_BYTES, Principal, RoomAccess, cookie};

const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

fuzz_target!(|data: &[u8]| {
    if let Some(token) = text_of(data, HEADER) {
        check(&token);
    }
    if let Some(token) = HeaderValue::from_bytes(data).ok().and_then(token_of) {
        check(&token);
    }
});

fn check(token: &str) {
    let (open, _) = authenticator(NOW, false);
    let (strict, _) = authenticator(NOW, true);
    let taken = open.verify(token);
    let taken_by_strict = strict.verify(token);
    let Ok(principal) = taken else {
        assert!(taken_by_strict.is_err(), "{taken_by_strict:?}");
        return;
    };
    assert!(token.len() <= MAX_TOKEN_BYTES);
    assert_eq!(at_once(open.redeem(token)), Err(AuthError::Ticket), "a token passed for a ticket");
    if let Some((header, claims)) = parts(token) {
        check_header(&header);
        check_claims(&claims, &principal);
        let place = claims["iss"] == ISSUER && for_audience(&claims["aud"]);
        assert_eq!(taken_by_strict.is_ok(), place, "{claims}");
    }
    if let Ok(same) = taken_by_strict {
        assert_eq!(same, principal);
    }
    check_ticket(&open, &principal);
    check_cookie(token);
}

fn check_header(header: &Value) {
    assert_eq!(header["alg"], "HS256");
    let kind = header.get("typ").map(|typ| typ.as_str().expect("a kind is text").to_ascii_lowercase());
    assert!(kind.as_deref().is_none_or(|kind| ["jwt", "at+jwt"].contains(&kind)), "{header}");
    for elsewhere in ["jku", "jwk", "x5u", "x5c", "crit"] {
        assert!(header.get(elsewhere).is_none(), "{header}");
    }
}

fn check_claims(claims: &Value, principal: &Principal) {
    assert_eq!(claims["sub"], principal.user_id.as_str());
    assert!(UserId::new(principal.user_id.as_str()).is_ok());
    let millis = |name: &str| claims[name].as_f64().map(|seconds| seconds * 1000.0);
    let end = millis("exp").expect("a token ends");
    assert!(end + LEEWAY as f64 > NOW as f64, "expired: {claims}");
    let said = principal.expires_at.as_millis() as f64;
    assert!(end > 2e14 || (end - said).abs() < 1.0, "{said}: {claims}");
    assert!(millis("nbf").is_none_or(|from| from < (NOW + LEEWAY + 1) as f64), "too early: {claims}");
    if let Some(name) = &principal.name {
        assert!(!name.is_empty() && name.len() <= MAX_NAME_BYTES && name.trim() == name, "{name:?}");
        assert!(!name.contains(char::is_control), "{name:?}");
    }
    let scope = claims["scope"].as_str().unwrap_or_default();
    let has = |scopes: &str, word| scopes.split(' ').any(|one| one == word);
    assert_eq!(principal.scopes.notify, has(scope, "notify"));
    assert_eq!(principal.scopes.admin, has(scope, "admin"));
    match &principal.rooms {
        RoomAccess::ByMembership => assert!(claims.get("rooms").is_none()),
        RoomAccess::Only(rooms) => {
            let rooms: Vec<&str> = rooms.iter().map(|room| room.as_str()).collect();
            assert_eq!(claims["rooms"], serde_json::json!(rooms));
        }
    }
    assert_eq!(principal.token_id.is_some(), claims.get("jti").is_some());
}

fn for_audience(aud: &Value) -> bool {
    aud == AUDIENCE || aud.as_array().is_some_and(|all| all.iter().any(|one| one == AUDIENCE))
}

fn check_ticket(auth: &Authenticator, principal: &Principal) {
    let ticket = auth.ticket(principal).expect("what was taken can be said again");
    assert!(auth.verify(&ticket.ticket).is_err(), "a ticket passed for a token");
    let expected = if principal.expires_at.as_millis() > NOW {
        Ok(principal.clone())
    } else {
        // The token counts for the sake of clocks that differ; its ticket has ended.
        Err(AuthError::Ticket)
    };
    assert_eq!(at_once(auth.redeem(&ticket.ticket)), expected);
    assert_eq!(at_once(auth.redeem(&ticket.ticket)), Err(AuthError::Ticket), "a ticket counted twice");
}

/// The token of a request that has these cookies: the only one of its name.
fn token_of(cookies: HeaderValue) -> Option<String> {
    let once = HeaderMap::from_iter([(header::COOKIE, cookies.clone())]);
    let token = cookie::token(&once, false).map(str::to_owned)?;
    assert!(token.len() <= MAX_TOKEN_BYTES && !token.contains(';'), "{token}");
    let mut twice = once;
    twice.append(header::COOKIE, cookies);
    assert_eq!(cookie::token(&twice, false), None);
    Some(token)
}

fn check_cookie(token: &str) {
    let Some(set) = cookie::set(token, Duration::from_secs(60), false) else { return };
    let pair = set.to_str().expect("a token is ASCII").split(';').next().expect("it has a value");
    assert_eq!(token_of(HeaderValue::from_str(pair).expect("it was a header's")).as_deref(), Some(token));
}
