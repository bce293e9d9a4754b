//! Many who ask at once, on a virtual clock.

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::*;

/// What each reading was asked for.
type Asked = Arc<Mutex<Vec<Vec<u32>>>>;

/// Reads tens of numbers, which takes a while; of 13 nothing can be read, 66 panics, and what is above 90,000 hangs.
fn tens(most: usize, takes: Duration) -> (Joined<u32, u32>, Asked) {
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let joined = Joined::new(most, Crowd::default(), move |keys: Vec<u32>| {
        noted.lock().push(keys.clone());
        async move {
            let takes = if keys.iter().any(|key| *key > 90_000) { Duration::from_secs(60) } else { takes };
            sleep(takes).await;
            assert!(!keys.contains(&66), "as it is asked to");
            if keys.contains(&13) {
                return Err(StoreError::Unavailable("thirteen".to_owned()));
            }
            Ok(keys.into_iter().map(|key| (key, key * 10)).collect())
        }
        .boxed()
    });
    (joined, asked)
}

const SOON: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn who_asks_alone_is_answered_at_once() {
    let (joined, _) = tens(100, SOON);
    let began = Instant::now();
    assert_eq!(joined.ask([4]).await.unwrap()[&4], 40);
    assert_eq!(began.elapsed(), SOON);
    sleep(SPACING).await;
    let began = Instant::now();
    assert_eq!(joined.ask([5]).await.unwrap()[&5], 50);
    assert_eq!(began.elapsed(), SOON);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_is_answered_by_few_readings() {
    let (joined, asked) = tens(1_000, SOON);
    let joined = &joined;
    let answers = join_all((0..500).map(|n| async move {
        sleep(Duration::from_micros(200) * n).await;
        joined.ask([1_000 + n]).await.unwrap()[&(1_000 + n)]
    }))
    .await;
    assert_eq!(answers, (0..500).map(|n| 10_000 + n * 10).collect::<Vec<_>>());
    let readings = asked.lock().len();
    assert!(readings <= 12, "{readings} in a tenth of a second");
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_has_begun_answers_nobody_who_asks_later() {
    let (joined, asked) = tens(100, Duration::from_millis(50));
    let (first, second) = tokio::join!(joined.ask([1]), async {
        sleep(Duration::from_millis(20)).await;
        joined.ask([1]).await
    });
    assert_eq!((first.unwrap()[&1], second.unwrap()[&1]), (10, 10));
    assert_eq!(*asked.lock(), [[1], [1]]);
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_fails_fails_for_those_who_wait_for_it_alone() {
    let (joined, _) = tens(100, SOON);
    let (bad, with_it) = tokio::join!(joined.ask([13]), joined.ask([1]));
    assert!(bad.is_err() && with_it.is_err());
    assert_eq!(joined.ask([1]).await.unwrap()[&1], 10);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_leaves_the_others_their_answer() {
    let (joined, _) = tens(100, Duration::from_millis(50));
    let gone = timeout(SOON, joined.ask([1]));
    let (gone, stays) = tokio::join!(gone, joined.ask([2]));
    assert!(gone.is_err());
    assert_eq!(stays.unwrap()[&2], 20);
}

#[tokio::test(start_paused = true)]
async fn one_reading_that_hangs_does_not_stop_the_next() {
    let (joined, _) = tens(100, SOON);
    let began = Instant::now();
    let hangs = joined.ask([90_001]);
    let rest = async {
        sleep(SPACING).await;
        for n in 0..10 {
            joined.ask([n]).await.unwrap();
        }
        began.elapsed()
    };
    let (_, took) = tokio::join!(hangs, rest);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reading_has_so_many_keys_and_no_more_but_for_one_who_asks_for_more() {
    let (joined, asked) = tens(3, SOON);
    let (a, b, c) = tokio::join!(joined.ask([1, 2]), joined.ask([3, 4]), joined.ask([5, 6, 7, 8]));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(c.unwrap().len(), 4);
    assert_eq!(*asked.lock(), [vec![1, 2], vec![3, 4], vec![5, 6, 7, 8]]);
}

#[tokio::test(start_paused = true)]
async fn a_few_who_ask_for_one_thing_after_the_other_do_not_wait_for_a_crowd() {
    let (joined, _) = tens(100, SOON);
    let (joined, began) = (&joined, Instant::now());
    join_all((1..CROWD as u32).map(|few| async move {
        for n in 0..100 {
            joined.ask([1_000 * few + n]).await.unwrap();
        }
    }))
    .await;
    assert!(began.elapsed() <= SOON * 200, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_line_of_full_readings_is_worked_off_without_waits() {
    let (joined, asked) = tens(3, SOON);
    let (joined, began) = (&joined, Instant::now());
    join_all((0..300).map(|n| async move { joined.ask([1_000 + n]).await.unwrap() })).await;
    assert_eq!(asked.lock().len(), 100);
    assert!(began.elapsed() < SPACING * 5, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_the_same_takes_no_place_of_its_own() {
    let (joined, asked) = tens(3, SOON);
    let joined = &joined;
    join_all((0..300).map(|_| async move { joined.ask([1, 2]).await.unwrap() })).await;
    assert_eq!(asked.lock().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_panics_fails_and_the_next_ones_go_on() {
    let (joined, _) = tens(100, SOON);
    for _ in 0..2 * LANES {
        assert!(joined.ask([66]).await.is_err());
    }
    assert_eq!(joined.ask([1]).await.unwrap()[&1], 10);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_hangs_who_waits_is_refused_in_time_and_who_has_gone_is_not_read_for() {
    let (joined, asked) = tens(1, SOON);
    let joined = &joined;
    let hangs = join_all((1..=LANES as u32).map(|n| async move { joined.ask([90_000 + n]).await.unwrap() }));
    let behind = async {
        sleep(SOON).await;
        let (gone, stays) = tokio::join!(timeout(PATIENCE, joined.ask([1])), joined.ask([2]));
        assert!(gone.is_err() && stays.is_err());
        joined.ask([3]).await.unwrap()
    };
    tokio::join!(hangs, behind);
    assert!(!asked.lock().contains(&vec![1]) && !asked.lock().contains(&vec![2]));
    assert!(joined.0.line.lock().groups.is_empty());
}
