use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use tidings_testbed::redis::Redis;

#[test]
fn redis_comes_back_empty_on_its_port_after_it_was_killed() {
    let redis = Redis::start().unwrap();
    redis.say(&["SET", "key", "value"]).unwrap();
    assert_eq!(redis.say(&["GET", "key"]).unwrap().trim(), "value");
    redis.kill();
    assert!(redis.say(&["PING"]).is_err());
    redis.start_again().unwrap();
    assert_eq!(redis.say(&["EXISTS", "key"]).unwrap().trim(), "0");
}

#[test]
fn a_redis_that_hangs_answers_what_it_was_asked_when_it_goes_on() {
    let redis = Redis::start().unwrap();
    let mut asking = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    redis.hang().unwrap();
    asking.write_all(b"SET key value\r\n").unwrap();
    asking.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut answer = [0; 5];
    let unanswered = asking.read_exact(&mut answer).unwrap_err().kind();
    assert!(matches!(unanswered, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{unanswered}");
    redis.go_on().unwrap();
    asking.set_read_timeout(None).unwrap();
    asking.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+OK\r\n");
    redis.flush_all().unwrap();
    assert_eq!(redis.say(&["DBSIZE"]).unwrap().trim(), "0");
}
