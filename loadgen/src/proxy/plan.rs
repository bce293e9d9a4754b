//! Which connection meets what, drawn from a seed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;

use super::toxic::{Course, Toxic};

type Draw = dyn Fn(&mut Rng) -> Course + Send + Sync;

/// Draws the course of each connection.
#[derive(Clone)]
pub struct Plan {
    seed: u64,
    draw: Arc<Draw>,
    is_calm: Arc<AtomicBool>,
}

impl Plan {
    /// Nothing happens to anybody.
    #[must_use]
    pub fn clear() -> Self {
        Self::seeded(0, |_| Course::clear())
    }

    /// Each course is drawn by `draw`, from a randomness that depends on the seed and the connection alone.
    pub fn seeded(seed: u64, draw: impl Fn(&mut Rng) -> Course + Send + Sync + 'static) -> Self {
        Self { seed, draw: Arc::new(draw), is_calm: Arc::default() }
    }

    /// Everything there is: each connection meets one to three toxics, and one in eight none.
    #[must_use]
    pub fn bad_network(seed: u64) -> Self {
        Self::seeded(seed, |random| {
            let mut course = Course::clear();
            if random.u8(0..8) == 0 {
                return course;
            }
            for _ in 0..random.u8(1..=3) {
                let toxic = any(random);
                let way = if random.bool() { &mut course.up } else { &mut course.down };
                if !way.iter().any(|other| other.index() == toxic.index()) {
                    way.push(toxic);
                }
            }
            course
        })
    }

    /// From now on nothing happens to new connections.
    pub fn calm(&self) {
        self.is_calm.store(true, Ordering::Release);
    }

    /// The course of one connection, and the randomness for what is drawn on its way.
    #[must_use]
    pub fn course(&self, door: u64, connection: u64) -> (Course, Rng) {
        let mut random = Rng::with_seed(mixed(self.seed, door, connection));
        let course = (self.draw)(&mut random);
        if self.is_calm.load(Ordering::Acquire) { (Course::clear(), random) } else { (course, random) }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// Slow links are rare and end: a second of messages must not need an hour.
fn any(random: &mut Rng) -> Toxic {
    let after = random.u64(200..8_000);
    let millis = |random: &mut Rng, range| Duration::from_millis(random.u64(range));
    match random.u8(0..8) {
        0 | 1 => Toxic::Delay { base: millis(random, 20..200), jitter: millis(random, 0..100) },
        2 => Toxic::Throttle { bytes_per_second: random.u32(1_000..8_000) },
        3 => Toxic::Fragment { largest: random.usize(1..=16) },
        4 => Toxic::HalfClose { after },
        5 => Toxic::Stall { after, lasts: millis(random, 200..2_000) },
        6 => Toxic::Blackhole { after },
        _ => Toxic::Cut { after },
    }
}

/// Three numbers as one, such that neighbours have nothing in common (the finaliser of splitmix64).
const fn mixed(seed: u64, door: u64, connection: u64) -> u64 {
    let mut x = seed
        .wrapping_add(door.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add(connection.wrapping_mul(0xD1B5_4A32_D192_ED03));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_every_connection_the_same_course_again() {
        let (one, same, other) = (Plan::bad_network(7), Plan::bad_network(7), Plan::bad_network(8));
        let courses = |plan: &Plan| -> Vec<Course> {
            (0..20)
                .flat_map(|door| (0..20).map(move |n| (door, n)))
                .map(|(d, n)| plan.course(d, n).0)
                .collect()
        };
        assert_eq!(courses(&one), courses(&same));
        assert_ne!(courses(&one), courses(&other));
        assert_ne!(one.course(1, 0).0, one.course(0, 1).0);
    }

    #[test]
    fn a_bad_network_holds_every_toxic_both_ways_and_some_peace() {
        let plan = Plan::bad_network(1);
        let (mut up, mut down, mut peace) = ([0; 7], [0; 7], 0);
        for n in 0..1_000 {
            let (course, _) = plan.course(n, 0);
            course.up.iter().for_each(|toxic| up[toxic.index()] += 1);
            course.down.iter().for_each(|toxic| down[toxic.index()] += 1);
            peace += usize::from(course == Course::clear());
        }
        assert!(up.iter().chain(&down).all(|&count| count > 40), "{up:?} {down:?}");
        assert!((60..250).contains(&peace), "{peace}");
    }
}
