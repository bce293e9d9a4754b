//! Readings that many ask for at the same time: in a crowd, whoever asks soon after one has begun is answered by the next one.
//! Who asks alone, or with a few others, is answered at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::asked::{self, Asker, Told};
use crate::store::StoreError;

/// In a crowd, a reading begins no sooner after the one before it, unless it can take in no more.
const SPACING: Duration = Duration::from_millis(10);
/// So many who wait for an answer at the same time are a crowd.
const CROWD: usize = 8;
/// Readings under way at the same time, so that one that hangs does not stop the others.
const LANES: usize = 4;
/// Who has waited for so long is not read for any more: the store hangs, and says so to each that it has kept.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was read: an entry for each key that the store knows.
pub(super) type Answer<K, V> = Told<BTreeMap<K, V>>;
type Read<K, V> = dyn Fn(Vec<K>) -> BoxFuture<'static, Result<BTreeMap<K, V>, StoreError>> + Send + Sync;

/// Joins the readings of one kind.
pub(super) struct Joined<K, V>(Arc<Inner<K, V>>);

struct Inner<K, V> {
    read: Box<Read<K, V>>,
    most: usize,
    crowd: Crowd,
    line: Mutex<Line<K, V>>,
}

/// How many wait for an answer, of whichever kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd(Arc<AtomicUsize>);

/// One of them, until it is dropped.
struct OneOf<'a>(&'a Crowd);

/// Those who wait: each session and each request for one answer at most, and none of them for longer than [`PATIENCE`]
/// before its reading begins.
struct Line<K, V> {
    groups: VecDeque<Group<K, V>>,
    lanes: usize,
    next: Option<Instant>,
}

struct Group<K, V> {
    keys: BTreeSet<K>,
    since: Instant,
    waiting: Vec<Asker<BTreeMap<K, V>>>,
}

enum Step<K, V> {
    Read(Group<K, V>),
    TooLate(Group<K, V>),
    Wait(Instant),
    End,
}

impl<K, V> Joined<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Joins what `read` does, with `most` keys in one reading, or those of one who asks for more. Who asks is one of `crowd`.
    pub(super) fn new<F>(most: usize, crowd: Crowd, read: F) -> Self
    where
        F: Fn(Vec<K>) -> BoxFuture<'static, Result<BTreeMap<K, V>, StoreError>> + Send + Sync + 'static,
    {
        let line = Mutex::new(Line { groups: VecDeque::new(), lanes: 0, next: None });
        Self(Arc::new(Inner { read: Box::new(read), most, crowd, line }))
    }

    /// What the store knows of these keys, read behind this call. Others' keys may be in the answer too.
    ///
    /// # Errors
    /// What the store says. `Unavailable`: it answers nobody.
    pub(super) async fn ask(&self, keys: impl IntoIterator<Item = K>) -> Answer<K, V> {
        let _one = self.0.crowd.one();
        let (tell, told) = oneshot::channel();
        let group = Group { keys: keys.into_iter().collect(), since: Instant::now(), waiting: vec![tell] };
        if self.0.line.lock().join(group, self.0.most) {
            let inner = Arc::clone(&self.0);
            tokio::spawn(async move { inner.run().await });
        }
        asked::told(told).await
    }
}

impl<K: Ord, V> Line<K, V> {
    /// Joins the last group that has place; says whether one more lane is to run.
    fn join(&mut self, one: Group<K, V>, most: usize) -> bool {
        match self.groups.back_mut().filter(|group| group.has_place_for(&one.keys, most)) {
            Some(group) => {
                group.keys.extend(one.keys);
                group.waiting.extend(one.waiting);
            }
            None => self.groups.push_back(one),
        }
        let one_more = self.lanes < LANES;
        self.lanes += usize::from(one_more);
        one_more
    }

    fn step(&mut self, now: Instant, is_crowd: bool) -> Step<K, V> {
        while self.groups.front().is_some_and(Group::is_left) {
            self.groups.pop_front();
        }
        // A crowd gathers in the last group; what stands before it is full.
        let gathers = is_crowd && self.groups.len() == 1;
        if let Some(next) = self.next.filter(|next| gathers && now < *next) {
            return Step::Wait(next);
        }
        match self.groups.pop_front() {
            Some(group) if now.saturating_duration_since(group.since) > PATIENCE => Step::TooLate(group),
            Some(group) => {
                self.next = Some(now + SPACING);
                Step::Read(group)
            }
            None => {
                self.lanes -= 1;
                Step::End
            }
        }
    }
}

impl<K: Ord, V> Group<K, V> {
    fn has_place_for(&self, keys: &BTreeSet<K>, most: usize) -> bool {
        self.keys.len() + keys.iter().filter(|key| !self.keys.contains(key)).count() <= most
    }

    /// Whether all who asked have gone.
    fn is_left(&self) -> bool {
        self.waiting.iter().all(oneshot::Sender::is_closed)
    }
}

impl Crowd {
    fn one(&self) -> OneOf<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        OneOf(self)
    }

    fn is_one(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= CROWD
    }
}

impl Drop for OneOf<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<K: Ord, V> Inner<K, V> {
    async fn run(&self) {
        loop {
            let step = self.line.lock().step(Instant::now(), self.crowd.is_one());
            match step {
                Step::Wait(until) => sleep_until(until).await,
                Step::Read(Group { keys, waiting, .. }) => {
                    let keys = keys.into_iter().collect();
                    asked::tell(waiting, &asked::read(async { (self.read)(keys).await }).await);
                }
                Step::TooLate(group) => {
                    asked::tell(group.waiting, &Err(asked::unavailable("it answers nobody")));
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
mod tests;
