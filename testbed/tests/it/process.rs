use std::process::Command;

use tidings_testbed::process::Service;

#[test]
fn a_service_runs_until_it_ends_by_itself_or_by_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut ends = Service::spawn(&mut Command::new("true"), &log).unwrap();
    ends.ended().unwrap();
    assert!(!ends.is_running());
    let mut stays = Service::spawn(Command::new("sleep").arg("600"), &log).unwrap();
    assert!(stays.is_running());
    stays.signal("STOP").unwrap();
    assert!(stays.is_running(), "one that hangs has not ended");
    stays.signal("KILL").unwrap();
    stays.ended().unwrap();
    assert!(!stays.is_running());
}
