//! The answer to a connection over a cap: a whole HTTP response and a clean close, with little spent on it.

use std::sync::Arc;
use std::time::Duration;

use tidings_protocol::Problem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;

use crate::error::{Error, whole_seconds};
use crate::lend::Stream;

/// Most answers on their way at once; past that a connection is just closed.
const AT_ONCE: usize = 256;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer waits for the question: many clients take none that they have not asked for, and one that opens
/// thousands of connections is late with it.
const QUESTION: Duration = Duration::from_secs(1);
/// How much of a refused request is read, so that closing does not reset the answer away.
const READ_AT_MOST: usize = 64 * 1024;

/// The answers on their way.
#[derive(Clone, Debug)]
pub(super) struct Refusals {
    room: Arc<Semaphore>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Refusals {
    /// Answers and closes, in a task of its own. What is said is settled only where it will be.
    pub(super) fn refuse(&self, stream: Stream, why: impl FnOnce() -> Error) {
        if let Ok(place) = Arc::clone(&self.room).try_acquire_owned() {
            let error = why();
            tokio::spawn(async move {
                // Whether the peer took its refusal is its own affair.
                let _ = tokio::time::timeout(PATIENCE, answer(stream, &error)).await;
                drop(place);
            });
        }
    }
}

async fn answer(mut stream: Stream, error: &Error) -> std::io::Result<()> {
    let mut sink = [0; 1024];
    let mut read = 0;
    if let Ok(first) = tokio::time::timeout(QUESTION, stream.read(&mut sink)).await {
        read += first?;
    }
    stream.write_all(response(error).as_bytes()).await?;
    stream.shutdown().await?;
    while read < READ_AT_MOST {
        match stream.read(&mut sink).await? {
            0 => break,
            some => read += some,
        }
    }
    Ok(())
}

fn response(error: &Error) -> String {
    let problem: Problem = error.to_problem(None);
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let reason = http::StatusCode::from_u16(problem.status).ok().and_then(|s| s.canonical_reason());
    format!(
        "HTTP/1.1 {} {}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\nRetry-After: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        problem.status,
        reason.unwrap_or_default(),
        body.len(),
        whole_seconds(error.wait().unwrap_or_default()),
    )
}
