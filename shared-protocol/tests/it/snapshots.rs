//! The JSON of every frame, as it stands in the contract.

use serde::Serialize;
use tidings_protocol::{Command, Event};

use crate::samples;

#[test]
fn the_json_of_every_client_frame_is_what_it_was() {
    let frames = samples::client_frames();
    let sampled: Vec<_> = frames.iter().map(|frame| frame.command.type_name()).collect();
    assert_eq!(sampled, Command::TYPES, "each type needs a sample, and with it a snapshot");
    for frame in &frames {
        snapshot(&format!("client-{}", frame.command.type_name()), frame);
    }
}

#[test]
fn the_json_of_every_server_frame_is_what_it_was() {
    let events = samples::events();
    let sampled: Vec<_> = events.iter().map(|event| (event.category(), event.type_name())).collect();
    assert_eq!(sampled, Event::TYPES, "each type needs a sample, and with it a snapshot");
    for event in events {
        snapshot(&format!("server-{}-{}", event.category(), event.type_name()), &event.at(samples::time()));
    }
}

fn snapshot(name: &str, frame: &impl Serialize) {
    let settings = {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
    };
    settings.bind(|| insta::assert_json_snapshot!(name, frame));
}
