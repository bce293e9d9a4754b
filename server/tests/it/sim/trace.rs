//! What happened in one life, line by line on its own clock: as a number by which two lives are compared, with the last
//! lines for who looks for a fault.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Lines that are kept to be shown.
const LAST: usize = 200;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Trace(Arc<Mutex<Inner>>);

struct Inner {
    began: Instant,
    hash: u64,
    lines: u64,
    last: VecDeque<String>,
    met: BTreeMap<&'static str, u64>,
    aloud: bool,
}

impl Trace {
    /// Begins now. `aloud`: each line is printed too.
    pub(super) fn new(aloud: bool) -> Self {
        let (last, met) = (VecDeque::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(Inner {
            began: Instant::now(),
            hash: 0xcbf2_9ce4_8422_2325,
            lines: 0,
            last,
            met,
            aloud,
        })))
    }

    /// Milliseconds since the beginning.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.0.lock().began.elapsed().as_millis()).unwrap()
    }

    /// Notes what happened.
    pub(super) fn say(&self, line: impl Display) {
        let line = format!("{:>7} {line}", self.now());
        let mut inner = self.0.lock();
        for byte in line.bytes().chain([b'\n']) {
            // FNV-1a
            inner.hash = (inner.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        inner.lines += 1;
        if inner.aloud {
            eprintln!("{line}");
        }
        if inner.last.len() == LAST {
            inner.last.pop_front();
        }
        inner.last.push_back(line);
    }

    /// Counts a fault.
    pub(super) fn met(&self, fault: &'static str) {
        *self.0.lock().met.entry(fault).or_default() += 1;
    }

    /// The last lines.
    pub(super) fn last(&self) -> String {
        let inner = self.0.lock();
        inner.last.iter().map(|line| format!("{line}\n")).collect()
    }

    /// All that happened as one number, with what it is made of.
    pub(super) fn sum(&self) -> String {
        let inner = self.0.lock();
        let met: Vec<String> = inner.met.iter().map(|(fault, times)| format!("{fault}={times}")).collect();
        format!("{:016x} lines={} {}", inner.hash, inner.lines, met.join(" "))
    }
}
