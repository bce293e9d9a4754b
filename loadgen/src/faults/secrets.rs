//! What must not stand in the log of a server, whatever was done to it: tokens, tickets, keys.

use super::context::Context;
use super::outcome::Outcome;
use crate::token;

/// Parameters of a query that are as good as a password, and what stands in a log in their place.
const PARAMETERS: [&str; 2] = ["token=", "ticket="];
const LEFT_OUT: &str = "[REDACTED]";
/// What a signed token begins with: the base64 of `{"`.
const HEAD: &str = "eyJ";

/// Looks through the logs of all servers that a run has started in its folder.
pub(super) fn search(context: &Context, outcome: &mut Outcome) {
    let logs = context.logs();
    // The nodes of a cluster log elsewhere, and their runs look there.
    if !logs.is_empty() {
        let told = logs.iter().filter(|log| has_secret(log)).count();
        outcome.promise("no log of a server has a token or a key in it", logs.len(), told);
    }
}

/// Whether it does.
pub(super) fn has_secret(log: &str) -> bool {
    let is_told = |value: &str| !value.starts_with(LEFT_OUT);
    let after = |name: &str| log.split(name).skip(1).any(is_told);
    log.contains(token::MARK) || PARAMETERS.iter().any(|name| after(name)) || words(log).any(is_token)
}

fn words(log: &str) -> impl Iterator<Item = &str> {
    log.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c))
}

/// Three parts of base64 with dots between.
fn is_token(word: &str) -> bool {
    word.starts_with(HEAD) && word.split('.').filter(|part| part.len() > 15).count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Secret;

    #[test]
    fn a_secret_is_found_in_whatever_it_stands() {
        let line = |query: &str| format!("DEBUG answered uri=\"/ws/chat?{query}\" status=401 2026.11.29");
        let secret = Secret::random();
        let token = secret.token("ann").unwrap();
        assert!(has_secret(&line(&format!("x={token}"))));
        assert!(has_secret(&line("token=another&x=[REDACTED]")));
        assert!(has_secret(&line("ticket=another")));
        assert!(has_secret(&format!("key {}", secret.expose())));
        assert!(!has_secret(&line("token=[REDACTED]&ticket=[REDACTED]")));
    }
}
