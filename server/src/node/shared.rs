//! Readings of one thing that many ask for at the same time, such as the page that a whole room has missed: who asks while it
//! is read is answered by the next reading, together with all others who do. Nobody waits for more than one before.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::asked::{self, Asker, Told};
use crate::store::StoreError;

type Read<K, V> = dyn Fn(K) -> BoxFuture<'static, Result<V, StoreError>> + Send + Sync;
type Waiting<V> = Vec<Asker<V>>;

/// Shares the readings of one kind.
pub(super) struct Shared<K, V>(Arc<Inner<K, V>>);

struct Inner<K, V> {
    read: Box<Read<K, V>>,
    /// What is being read, with those who came too late for it. Each session and each request waits for one answer at most.
    running: Mutex<HashMap<K, Waiting<V>>>,
}

impl<K, V> Shared<K, V>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Shares what `read` does.
    pub(super) fn new<F>(read: F) -> Self
    where
        F: Fn(K) -> BoxFuture<'static, Result<V, StoreError>> + Send + Sync + 'static,
    {
        Self(Arc::new(Inner { read: Box::new(read), running: Mutex::default() }))
    }

    /// What `key` names, read behind this call.
    ///
    /// # Errors
    /// What the store says.
    pub(super) async fn ask(&self, key: K) -> Told<V> {
        let (tell, told) = oneshot::channel();
        if let Some(first) = self.0.join(&key, tell) {
            let inner = Arc::clone(&self.0);
            // Whoever asked first may go before it is answered, and the others stay.
            tokio::spawn(async move { inner.run(key, vec![first]).await });
        }
        asked::told(told).await
    }
}

impl<K: Eq + Hash + Clone, V> Inner<K, V> {
    /// Waits for the next reading where one is under way; gives back who is the first.
    fn join(&self, key: &K, tell: Asker<V>) -> Option<Asker<V>> {
        let mut running = self.running.lock();
        match running.get_mut(key) {
            Some(next) => next.push(tell),
            None => {
                running.insert(key.clone(), Vec::new());
                return Some(tell);
            }
        }
        None
    }

    async fn run(&self, key: K, mut waiting: Waiting<V>) {
        while !waiting.is_empty() {
            asked::tell(waiting, &asked::read(async { (self.read)(key.clone()).await }).await);
            waiting = self.next(&key);
        }
    }

    /// Who has come meanwhile; where nobody has, no more is read.
    fn next(&self, key: &K) -> Waiting<V> {
        let mut running = self.running.lock();
        let next = running.get_mut(key).map(std::mem::take).unwrap_or_default();
        if next.is_empty() {
            running.remove(key);
        }
        next
    }
}

impl<K, V> fmt::Debug for Shared<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use tokio::time::{sleep, timeout};

    use super::*;

    const TAKES: Duration = Duration::from_millis(10);

    /// Tells which reading it was; fails for 13 and panics for 66.
    fn numbered() -> Shared<u32, u32> {
        let readings = Arc::new(AtomicU32::new(0));
        Shared::new(move |key| {
            let number = readings.fetch_add(1, Ordering::Relaxed);
            async move {
                sleep(TAKES).await;
                assert_ne!(key, 66, "as it is asked to");
                if key == 13 { Err(StoreError::Unavailable("thirteen".to_owned())) } else { Ok(number) }
            }
            .boxed()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_asks_for_one_thing_is_answered_by_readings_that_began_behind_each() {
        let shared = numbered();
        let shared = &shared;
        let asked = (0..1_000_u64).map(|n| async move {
            sleep(Duration::from_micros(50) * u32::try_from(n).unwrap()).await;
            *shared.ask(1).await.unwrap()
        });
        let answers = join_all(asked).await;
        assert_eq!(answers.first(), Some(&0));
        assert!(answers.is_sorted() && answers.last() <= Some(&6), "{:?}", answers.last());
        assert!(answers.get(1) == Some(&1), "who comes while it is read gets the next one");
        assert!(shared.0.running.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn different_things_are_read_beside_each_other() {
        let shared = numbered();
        let began = tokio::time::Instant::now();
        let answers = join_all((0..50).map(|key| shared.ask(100 + key))).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(began.elapsed(), TAKES);
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_told_and_read_again_for_the_next() {
        let shared = numbered();
        for key in [13, 13, 66, 66] {
            assert!(shared.ask(key).await.is_err());
        }
        assert!(shared.0.running.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_may_go_before_it_is_answered() {
        let shared = numbered();
        let gone = timeout(TAKES / 2, shared.ask(1));
        let (gone, stays) = tokio::join!(gone, shared.ask(1));
        assert!(gone.is_err());
        assert_eq!(*stays.unwrap(), 1);
        sleep(TAKES).await;
        assert!(shared.0.running.lock().is_empty());
    }
}
