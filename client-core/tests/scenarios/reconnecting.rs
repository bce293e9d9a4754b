//! When to try again.

use tidings_client_core::{Closed, ClosedBy, Command, Config, Duration, Event, Input, State};

use crate::harness::{Client, config};
#[cfg(target_arch = "wasm32")]
use crate::test;
use serde_json::json;

/// The waits after failures in a row, for one seed.
fn waits(seed: u64, failures: usize) -> Vec<u64> {
    let mut client = Client::new(Config { seed: [seed, 1], ..config() });
    client.command(Command::Connect);
    let mut waits = Vec::new();
    for _ in 0..failures {
        client.close(None);
        waits.push(client.until_next_attempt());
    }
    waits
}

#[test]
fn each_wait_is_drawn_evenly_from_zero_to_a_bound_that_doubles_up_to_a_cap() {
    let all: Vec<Vec<u64>> = (1..=400).map(|seed| waits(seed, 9)).collect();
    for (n, bound) in
        [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000].into_iter().enumerate()
    {
        let drawn: Vec<u64> = all.iter().map(|waits| waits[n]).collect();
        assert!(drawn.iter().all(|&w| w <= bound), "wait {n} is over its bound");
        for quarter in 0..4 {
            let (low, high) = (bound * quarter / 4, bound * (quarter + 1) / 4);
            let share = drawn.iter().filter(|&&w| w >= low && w < high).count();
            assert!((60..=140).contains(&share), "{share} of 400 waits {n} lie in quarter {quarter}");
        }
    }
}

#[test]
fn a_client_tries_for_ever_unless_it_is_told_a_limit() {
    assert_eq!(waits(3, 200).len(), 200);
}

#[test]
fn a_client_with_a_limit_ends_there_and_says_so() {
    let mut client = Client::new(Config { max_attempts: Some(5), ..config() });
    client.command(Command::Connect);
    for _ in 0..5 {
        client.close(None);
        client.until_next_attempt();
    }
    client.events();
    client.close(None);
    assert!(client.events().contains(&Event::MaxReconnectAttemptsReached));
    assert_eq!(client.session.status().closed_by, Some(ClosedBy::MaxAttempts));
    client.advance(120_000);
    assert_eq!(client.connects.len(), 6);
}

#[test]
fn the_wait_that_the_server_asks_for_wins_over_the_drawn_one_and_over_a_wake_up() {
    let mut client = Client::connected(&[]);
    client.receive("SYSTEM", "GOING_AWAY", &json!({"retryAfterMs": 7_350}));
    client.close(Some(1012));
    client.input(Input::Visible);
    client.input(Input::Online);
    assert_eq!(client.until_next_attempt(), 7_350);

    let conn = client.conn.unwrap();
    let closed = Closed { code: Some(1013), retry_after_ms: Some(3_000), ..Closed::default() };
    client.input(Input::Closed(conn, closed));
    assert_eq!(client.until_next_attempt(), 3_000);
}

#[test]
fn only_ten_good_seconds_reset_the_backoff() {
    let attempts_after = |good_ms| {
        let mut client = Client::new(config());
        client.command(Command::Connect);
        for _ in 0..4 {
            client.close(None);
            client.until_next_attempt();
        }
        client.greet();
        client.advance(good_ms);
        client.close(None);
        client.session.status().attempts
    };
    assert_eq!((attempts_after(9_999), attempts_after(10_000)), (5, 1));
}

#[test]
fn coming_online_or_into_view_cuts_the_wait_short() {
    for input in [Input::Online, Input::Visible] {
        let mut client = Client::new(config());
        client.command(Command::Connect);
        for _ in 0..8 {
            client.close(None);
            client.until_next_attempt();
        }
        client.advance(1_000);
        client.close(None);
        let attempts = client.connects.len();
        client.input(input);
        assert_eq!(client.connects.len(), attempts + 1);
    }
}

#[test]
fn wake_ups_in_a_row_cause_no_more_than_two_attempts_a_second() {
    let mut client = Client::new(Config { backoff_base: Duration::from_millis(500), ..config() });
    client.command(Command::Connect);
    for _ in 0..20 {
        client.close(None);
        client.until_next_attempt();
    }
    let before = client.connects.len();
    for _ in 0..100 {
        client.close(None);
        client.input(Input::Online);
        client.input(Input::Visible);
        client.advance(100);
    }
    let attempts = client.connects.len() - before;
    assert!((15..=21).contains(&attempts), "{attempts} attempts in ten seconds");
}

#[test]
fn the_app_can_retry_at_once_whatever_was_asked_for() {
    let mut client = Client::connected(&[]);
    client.receive("SYSTEM", "GOING_AWAY", &json!({"retryAfterMs": 60_000}));
    client.close(Some(1012));
    let status = client.session.status();
    assert_eq!(status.next_retry_at.map(|at| at.as_millis()), Some(client.now + 60_000));
    client.command(Command::Reconnect);
    assert_eq!(client.connects.len(), 2);
    client.command(Command::Reconnect);
    assert_eq!(client.connects.len(), 2, "an attempt is under way");
}

#[test]
fn a_forbidden_or_replaced_client_does_not_come_back() {
    for (code, by) in [(4003, ClosedBy::Forbidden), (4009, ClosedBy::Replaced), (1000, ClosedBy::Server)] {
        let mut client = Client::connected(&[]);
        client.close(Some(code));
        client.input(Input::Online);
        client.advance(120_000);
        assert_eq!((client.state(), client.session.status().closed_by), (State::Closed, Some(by)));
        assert_eq!(client.connects.len(), 1, "{code}");
    }
}

#[test]
fn every_other_close_is_followed_by_an_attempt() {
    for code in
        [None, Some(1001), Some(1006), Some(1009), Some(1011), Some(1012), Some(1013), Some(4008), Some(4777)]
    {
        let mut client = Client::connected(&[]);
        client.close(code);
        client.until_next_attempt();
        assert_eq!(client.connects.len(), 2, "{code:?}");
    }
}

#[test]
fn a_client_that_was_too_loud_waits_longer() {
    let longest = (1..100).map(|seed| {
        let mut client = Client::new(Config { seed: [seed, 1], ..config() });
        client.command(Command::Connect);
        client.greet();
        client.close(Some(4029));
        client.until_next_attempt()
    });
    assert!((7_000..=8_000).contains(&longest.max().unwrap()));
}

#[test]
fn a_client_that_was_replaced_by_a_late_attempt_of_its_own_comes_back() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    client.advance(20_000);
    client.until_next_attempt();
    client.greet();
    client.close(Some(4009));
    client.until_next_attempt();
    client.greet();
    client.advance(20_000);
    client.message("general", 1);
    client.advance(20_000);
    client.message("general", 1);
    client.advance(20_000);
    client.close(Some(4009));
    assert_eq!(
        client.session.status().closed_by,
        Some(ClosedBy::Replaced),
        "an attempt is late for a minute only"
    );
}
