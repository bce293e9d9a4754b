//! Whatever one end writes, the other end reads as the same.

use proptest::option::of;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tidings_protocol::{ClientFrame, Command, Event, ServerFrame};

use crate::strategies;

/// Cases for each of the forty types.
const CASES: u32 = 64;

#[test]
fn every_command_survives_the_wire() {
    let strategies = strategies::commands();
    assert_eq!(strategies.len(), Command::TYPES.len(), "each type needs a strategy");
    for (strategy, name) in strategies.into_iter().zip(Command::TYPES) {
        check(
            &(of(strategies::client_id()), of(strategies::client_id()), strategy),
            |(id, after, command)| {
                prop_assert_eq!(&command.type_name(), name);
                let frame = ClientFrame { id, after, command };
                let text = serde_json::to_string(&frame).unwrap();
                prop_assert_eq!(ClientFrame::parse(&text), Ok(frame));
                Ok(())
            },
        );
    }
}

#[test]
fn every_event_survives_the_wire() {
    let strategies = strategies::events();
    assert_eq!(strategies.len(), Event::TYPES.len(), "each type needs a strategy");
    for (strategy, name) in strategies.into_iter().zip(Event::TYPES) {
        check(&(strategy, strategies::time()), |(event, timestamp)| {
            prop_assert_eq!(&(event.category(), event.type_name()), name);
            let frame = event.at(timestamp);
            let read: ServerFrame = serde_json::from_str(&frame.encode()).unwrap();
            prop_assert_eq!(read, frame);
            Ok(())
        });
    }
}

#[test]
fn no_text_makes_the_parser_panic() {
    check(&any::<String>(), |text| {
        let _ = ClientFrame::parse(&text);
        Ok(())
    });
    let kind = proptest::sample::select(Command::TYPES);
    check(&(kind, "[a-zA-Z]{1,9}", any::<String>()), |(kind, field, text)| {
        let frame = serde_json::json!({"type": kind, "roomId": text, "data": text, field: text});
        let _ = ClientFrame::parse(&frame.to_string());
        Ok(())
    });
}

fn check<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(strategy, test).unwrap();
}
