//! Readings that many ask for at the same time: whoever asks while a reading is under way, or soon after one has begun, is
//! answered by the next one. Who asks alone is answered at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use crate::store::StoreError;

/// A reading begins no sooner after the one before it.
const SPACING: Duration = Duration::from_millis(10);
/// Readings under way at the same time, so that one that hangs does not stop all.
const LANES: usize = 2;

/// What was read: an entry for each key that the store knows.
pub type Answer<K, V> = Result<Arc<BTreeMap<K, V>>, StoreError>;
type Read<K, V> = dyn Fn(Vec<K>) -> BoxFuture<'static, Result<BTreeMap<K, V>, StoreError>> + Send + Sync;

/// Joins the readings of one kind.
pub struct Joined<K, V>(Arc<Inner<K, V>>);

struct Inner<K, V> {
    read: Box<Read<K, V>>,
    most: usize,
    line: Mutex<Line<K, V>>,
}

/// Those who wait. Each session and each request waits for one answer at most.
struct Line<K, V> {
    groups: VecDeque<Group<K, V>>,
    lanes: usize,
    next: Option<Instant>,
}

struct Group<K, V> {
    keys: BTreeSet<K>,
    waiting: Vec<oneshot::Sender<Answer<K, V>>>,
}

enum Step<K, V> {
    Read(Group<K, V>),
    Wait(Instant),
    End,
}

impl<K, V> Joined<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Joins what `read` does, with `most` keys in one reading, or those of one who asks for more.
    pub fn new<F>(most: usize, read: F) -> Self
    where
        F: Fn(Vec<K>) -> BoxFuture<'static, Result<BTreeMap<K, V>, StoreError>> + Send + Sync + 'static,
    {
        let line = Mutex::new(Line { groups: VecDeque::new(), lanes: 0, next: None });
        Self(Arc::new(Inner { read: Box::new(read), most, line }))
    }

    /// What the store knows of these keys, read behind this call. Others' keys may be in the answer too.
    ///
    /// # Errors
    /// What the store says.
    pub async fn ask(&self, keys: impl IntoIterator<Item = K>) -> Answer<K, V> {
        let (tell, told) = oneshot::channel();
        if self.0.line.lock().join(keys.into_iter().collect(), tell, self.0.most) {
            let inner = Arc::clone(&self.0);
            tokio::spawn(async move { inner.run().await });
        }
        told.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the node ends".to_owned())))
    }
}

impl<K: Ord, V> Line<K, V> {
    /// Joins the last group that has place; says whether one more lane is to run.
    fn join(&mut self, keys: BTreeSet<K>, tell: oneshot::Sender<Answer<K, V>>, most: usize) -> bool {
        match self.groups.back_mut().filter(|group| group.keys.len() + keys.len() <= most) {
            Some(group) => {
                group.keys.extend(keys);
                group.waiting.push(tell);
            }
            None => self.groups.push_back(Group { keys, waiting: vec![tell] }),
        }
        let one_more = self.lanes < LANES;
        self.lanes += usize::from(one_more);
        one_more
    }

    fn step(&mut self, now: Instant) -> Step<K, V> {
        if let Some(next) = self.next.filter(|next| !self.groups.is_empty() && now < *next) {
            return Step::Wait(next);
        }
        let Some(group) = self.groups.pop_front() else {
            self.lanes -= 1;
            return Step::End;
        };
        self.next = Some(now + SPACING);
        Step::Read(group)
    }
}

impl<K: Ord, V> Inner<K, V> {
    async fn run(&self) {
        loop {
            let step = self.line.lock().step(Instant::now());
            match step {
                Step::Wait(until) => sleep_until(until).await,
                Step::Read(Group { keys, waiting }) => {
                    let answer = (self.read)(keys.into_iter().collect()).await.map(Arc::new);
                    for tell in waiting {
                        // Who has gone wants no answer.
                        let _ = tell.send(answer.clone());
                    }
                }
                Step::End => return,
            }
        }
    }
}

impl<K, V> fmt::Debug for Joined<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Joined")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    /// What each reading was asked for.
    type Asked = Arc<Mutex<Vec<Vec<u32>>>>;

    /// Reads tens of numbers, which takes a while; of 13 nothing can be read, and 99 hangs.
    fn tens(most: usize, takes: Duration) -> (Joined<u32, u32>, Asked) {
        let asked = Asked::default();
        let noted = Arc::clone(&asked);
        let joined = Joined::new(most, move |keys: Vec<u32>| {
            noted.lock().push(keys.clone());
            async move {
                let takes = if keys.contains(&99) { Duration::from_secs(60) } else { takes };
                sleep(takes).await;
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
        let gone = tokio::time::timeout(SOON, joined.ask([1]));
        let (gone, stays) = tokio::join!(gone, joined.ask([2]));
        assert!(gone.is_err());
        assert_eq!(stays.unwrap()[&2], 20);
    }

    #[tokio::test(start_paused = true)]
    async fn one_reading_that_hangs_does_not_stop_the_next() {
        let (joined, _) = tens(100, SOON);
        let began = Instant::now();
        let hangs = joined.ask([99]);
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
}
