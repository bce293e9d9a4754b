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
    redis.hang().unwrap();
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| redis.say(&["SET", "key", "value"]).map(drop));
        redis.go_on().unwrap();
        asking.join().unwrap()
    });
    asked.unwrap();
    redis.flush_all().unwrap();
    assert_eq!(redis.say(&["DBSIZE"]).unwrap().trim(), "0");
}
