//! One direction of a connection: takes bytes, and passes them on as its toxics say.
//!
//! One half takes and stamps each piece with the moment it is due, the other waits for that moment and passes it on:
//! so a delay delays without making the link slow. Between them wait at most [`WAITING`] pieces; past that nothing
//! is taken, as in a full socket buffer.

use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::door::Passing;
use super::tally::Tally;
use super::toxic::Toxic;

/// Pieces that may wait in one direction.
const WAITING: usize = 16;
/// Bytes of a piece.
const PIECE: usize = 4_096;

/// The connection is to be reset.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut;

/// One direction.
pub(super) struct Pump<'a> {
    pub(super) toxics: &'a [Toxic],
    pub(super) random: Rng,
    pub(super) passing: Passing,
    pub(super) tally: &'a Tally,
    /// Whether this is what the server says.
    pub(super) is_reply: bool,
}

/// What passes on does with the bytes that still come.
enum Rest {
    Pass,
    Drop,
}

impl Pump<'_> {
    /// Runs until the end of what is to be passed on, or the cut.
    pub(super) async fn run(self, from: ReadHalf<'_>, to: WriteHalf<'_>) -> Result<(), Cut> {
        let (pieces, due) = mpsc::channel(WAITING);
        let Self { toxics, mut random, passing, tally, is_reply } = self;
        let taking = take(from, toxics, random.fork(), passing.clone(), pieces);
        let passing_on = Writer { toxics, random, passing, tally, is_reply, at: 0, rest: Rest::Pass, to };
        tokio::try_join!(taking, passing_on.run(due)).map(drop)
    }
}

async fn take(
    mut from: ReadHalf<'_>,
    toxics: &[Toxic],
    mut random: Rng,
    mut passing: Passing,
    pieces: mpsc::Sender<(Instant, Vec<u8>)>,
) -> Result<(), Cut> {
    let mut last = Instant::now();
    loop {
        passing.wait_until_open().await;
        let mut piece = Vec::with_capacity(PIECE);
        let count = from.read_buf(&mut piece).await.map_err(|_| Cut)?;
        // What was on its way when the network went is not passed on before it is back.
        passing.wait_until_open().await;
        if count == 0 {
            return Ok(());
        }
        last = last.max(Instant::now() + delay(toxics, &mut random));
        if pieces.send((last, piece)).await.is_err() {
            return Ok(());
        }
    }
}

fn delay(toxics: &[Toxic], random: &mut Rng) -> Duration {
    let mut whole = Duration::ZERO;
    for toxic in toxics {
        if let Toxic::Delay { base, jitter } = toxic {
            let spread = u64::try_from(jitter.as_micros()).unwrap_or(u64::MAX);
            let drawn = Duration::from_micros(random.u64(0..=spread.saturating_mul(2)));
            whole += (*base + drawn).saturating_sub(*jitter);
        }
    }
    whole
}

struct Writer<'a> {
    toxics: &'a [Toxic],
    random: Rng,
    passing: Passing,
    tally: &'a Tally,
    is_reply: bool,
    /// Bytes so far.
    at: u64,
    rest: Rest,
    to: WriteHalf<'a>,
}

impl Writer<'_> {
    async fn run(mut self, mut due: mpsc::Receiver<(Instant, Vec<u8>)>) -> Result<(), Cut> {
        for toxic in self.toxics.iter().filter(|toxic| toxic.after().is_none()) {
            self.tally.toxic(toxic);
        }
        while let Some((at, piece)) = due.recv().await {
            sleep_until(at).await;
            self.piece(&piece).await?;
        }
        match self.rest {
            // The other side may have gone already.
            Rest::Pass => drop(self.to.shutdown().await),
            Rest::Drop => {}
        }
        Ok(())
    }

    async fn piece(&mut self, mut piece: &[u8]) -> Result<(), Cut> {
        if self.is_reply && self.passing.is_unwanted(piece) {
            self.tally.reply();
            return Err(Cut);
        }
        while !piece.is_empty() {
            let until = self.next_position().map_or(usize::MAX, |next| bytes(next - self.at));
            let (now, later) = piece.split_at(piece.len().min(until));
            if matches!(self.rest, Rest::Pass) {
                self.pass(now).await?;
            }
            let before = self.at;
            self.at += now.len() as u64;
            self.happen(before).await?;
            piece = later;
        }
        Ok(())
    }

    /// The next byte behind which something happens.
    fn next_position(&self) -> Option<u64> {
        self.toxics.iter().filter_map(Toxic::after).filter(|after| *after > self.at).min()
    }

    /// What happens behind the bytes that have just passed.
    async fn happen(&mut self, before: u64) -> Result<(), Cut> {
        for toxic in self.toxics {
            if !toxic.after().is_some_and(|after| before < after && after <= self.at) {
                continue;
            }
            self.tally.toxic(toxic);
            match toxic {
                Toxic::Cut { .. } => return Err(Cut),
                Toxic::HalfClose { .. } => {
                    self.rest = Rest::Drop;
                    drop(self.to.shutdown().await);
                }
                Toxic::Blackhole { .. } => self.rest = Rest::Drop,
                Toxic::Stall { lasts, .. } => sleep(*lasts).await,
                Toxic::Delay { .. } | Toxic::Throttle { .. } | Toxic::Fragment { .. } => {}
            }
        }
        Ok(())
    }

    async fn pass(&mut self, mut piece: &[u8]) -> Result<(), Cut> {
        while !piece.is_empty() {
            let (mut size, mut pause) = (piece.len(), Duration::ZERO);
            for toxic in self.toxics {
                match toxic {
                    Toxic::Fragment { largest } => size = size.min(self.random.usize(1..=(*largest).max(1))),
                    // A tenth of a second's worth at a time.
                    Toxic::Throttle { bytes_per_second } => {
                        size = size.min((*bytes_per_second as usize / 10).max(1));
                        pause = Duration::from_secs_f64(size as f64 / f64::from((*bytes_per_second).max(1)));
                    }
                    Toxic::Delay { .. }
                    | Toxic::Cut { .. }
                    | Toxic::HalfClose { .. }
                    | Toxic::Stall { .. }
                    | Toxic::Blackhole { .. } => {}
                }
            }
            let (now, later) = piece.split_at(size.min(piece.len()));
            self.to.write_all(now).await.map_err(|_| Cut)?;
            if !pause.is_zero() {
                sleep(pause).await;
            }
            piece = later;
        }
        Ok(())
    }
}

fn bytes(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
