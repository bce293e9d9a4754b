//! What something costs the others, measured in turns: a pause, then the thing itself, and again, so that what else the
//! machine does weighs on both alike.

use std::time::Duration;

use super::outcome::Outcome;
use crate::stats;

/// What the others waited in a pause and while the thing went on behind it, in microseconds.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) pause: Vec<u64>,
    pub(super) during: Vec<u64>,
}

/// Judges that the p99 grows by at most `bound` while `what` goes on. Of each round the p99 is taken in terms of the pause
/// before it; what counts is the median, for in single rounds a few slow messages decide. How much two pauses differ from
/// each other says what a figure is worth.
pub(super) fn compare(outcome: &mut Outcome, aim: &str, bound: f64, what: &str, rounds: Vec<Round>) {
    let (mut pauses, mut during) = (Vec::new(), Vec::new());
    let (mut all_pauses, mut all_during) = (Vec::new(), Vec::new());
    for mut round in rounds {
        pauses.push(percentile(&mut round.pause, 0.99).as_secs_f64());
        during.push(percentile(&mut round.during, 0.99).as_secs_f64());
        all_pauses.append(&mut round.pause);
        all_during.append(&mut round.during);
    }
    let mut ratios: Vec<f64> = during.iter().zip(&pauses).map(|(one, pause)| one / pause.max(1e-9)).collect();
    let mut apart: Vec<f64> =
        pauses.windows(2).map(|two| two[0].max(two[1]) / two[0].min(two[1]).max(1e-9)).collect();
    let (ratio, noise) = (median(&mut ratios), median(&mut apart));
    // Where nothing was measured there is no ratio, and the aim is missed.
    outcome.aim(aim, 1, usize::from(ratio.is_nan() || ratio > bound));
    let row = |waits: &mut [u64]| {
        let (half, most) = (percentile(waits, 0.5), percentile(waits, 0.99));
        format!("median {half:.1?}, p99 {most:.1?}, {} deliveries", waits.len())
    };
    outcome.figure(format!("delivery to the others in the pauses between {what}"), row(&mut all_pauses));
    outcome.figure(format!("delivery to the others during {what}"), row(&mut all_during));
    let each: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    outcome.figure(
        format!("p99 during {what}, of p99 in the pause before, the median of all rounds"),
        format!("{ratio:.2} ({})", each.join(" ")),
    );
    outcome.figure(
        format!("p99 of one pause between {what}, of that of the next, the greater of the less, the median"),
        format!("{noise:.2}"),
    );
}

fn percentile(waits: &mut [u64], share: f64) -> Duration {
    waits.sort_unstable();
    Duration::from_micros(stats::percentile(waits, share))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps_a_fifth(during: [u64; 3]) -> bool {
        let mut outcome = Outcome::default();
        let rounds = during.map(|wait| Round { pause: vec![1_000], during: vec![wait] });
        compare(&mut outcome, "a fifth", 1.2, "it", rounds.into());
        outcome.is_kept(true)
    }

    #[test]
    fn one_slow_round_decides_nothing_and_most_of_them_decide() {
        assert!(keeps_a_fifth([1_100, 9_000, 1_000]));
        assert!(!keeps_a_fifth([1_300, 1_300, 1_000]));
    }

    #[test]
    fn without_a_round_the_aim_is_missed() {
        let mut outcome = Outcome::default();
        compare(&mut outcome, "a fifth", 1.2, "it", Vec::new());
        assert!(!outcome.is_kept(true));
    }
}
