//! Percentiles and medians.

/// The value below which `share` (0 to 1) of the values lie, by the nearest rank; 0 where there are none.
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).or(sorted.last()).copied().unwrap_or_default()
}

/// The lowest and the median of what rounds have measured.
pub fn lowest_and_median(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let lowest = sorted.first().copied().unwrap_or_default();
    (lowest, sorted.get(sorted.len() / 2).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<u64> = (1..=100).collect();
        assert_eq!(percentile(&values, 0.5), 50);
        assert_eq!(percentile(&values, 0.99), 99);
        assert_eq!(percentile(&values, 1.0), 100);
        assert_eq!(percentile(&[7], 0.99), 7);
        assert_eq!(percentile(&[], 0.99), 0);
    }

    #[test]
    fn the_order_of_the_rounds_does_not_matter() {
        assert_eq!(lowest_and_median(&[3.0, 1.0, 2.0]), (1.0, 2.0));
        assert_eq!(lowest_and_median(&[]), (0.0, 0.0));
    }
}
