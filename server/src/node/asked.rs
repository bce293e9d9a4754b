//! An answer of the store that many wait for: a reading belongs to none of them, and always comes to an end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use crate::store::StoreError;

/// What each of them is told.
pub(super) type Told<T> = Result<Arc<T>, StoreError>;
/// One who waits.
pub(super) type Asker<T> = oneshot::Sender<Told<T>>;

/// Reads. A panic is an answer too: whoever waits would wait for ever, and so would all who come later.
pub(super) async fn read<T>(reading: impl Future<Output = Result<T, StoreError>>) -> Told<T> {
    let read = AssertUnwindSafe(reading).catch_unwind().await;
    read.unwrap_or_else(|_| Err(unavailable("a reading has panicked"))).map(Arc::new)
}

/// Tells all of them. Who has gone wants no answer.
pub(super) fn tell<T>(waiting: Vec<Asker<T>>, answer: &Told<T>) {
    for asker in waiting {
        let _ = asker.send(answer.clone());
    }
}

/// What one of them is told.
pub(super) async fn told<T>(told: oneshot::Receiver<Told<T>>) -> Told<T> {
    told.await.unwrap_or_else(|_| Err(unavailable("the node ends")))
}

pub(super) fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}
