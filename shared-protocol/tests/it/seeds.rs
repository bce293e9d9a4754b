//! The seeds of the fuzz targets, as those read them.

use std::fs;

use tidings_protocol::{ClientFrame, Cursor, RoomId, UserId};

fn seeds(target: &str) -> Vec<String> {
    let folder = format!("{}/../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn a_seed_that_is_a_frame_means_the_same_when_written_again() {
    let seeds = seeds("client_frame");
    let frames = seeds.iter().filter_map(|text| ClientFrame::parse(text).ok());
    let again = frames.map(|frame| {
        let text = serde_json::to_string(&frame).unwrap();
        assert_eq!(ClientFrame::parse(&text), Ok(frame));
    });
    assert_eq!((again.count(), seeds.len()), (13, 15));
}

#[test]
fn a_seed_that_is_an_identifier_reads_as_it_was_given() {
    let mut taken = 0;
    for text in seeds("identifiers") {
        for read in [
            RoomId::new(&text).ok().map(|id| id.as_str().to_owned()),
            UserId::new(&text).ok().map(|id| id.as_str().to_owned()),
            Cursor::new(&text).ok().map(|id| id.as_str().to_owned()),
        ] {
            taken += u32::from(read.is_some());
            assert!(read.is_none_or(|read| read == text));
        }
    }
    assert!(taken > 8, "{taken}");
}
