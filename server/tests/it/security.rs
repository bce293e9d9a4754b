//! The security list of `docs/security.md`: the number of a check stands at the beginning of a test's name
//! (`s07_…`). Some of its tests stand with what they are about, in `chat` and `rest`; those that need a browser are
//! Playwright's (`e2e/tests/security-*.spec.ts`).

mod admin;
mod admission;
mod clock;
mod cookies;
mod frames;
mod fuzz;
mod handshake;
mod http_surface;
mod patience;
mod rates;
mod revocation;
mod slow;
mod supply;
mod tickets;
mod tokens;
mod wire;

/// Check 13 of the list, which stands among the tests so that the list can be read off their output.
#[test]
#[ignore = "no subject: there are no passwords, tokens come from the user's own backend"]
fn s13_guessing_passwords_has_no_subject() {}
