//! Counts to the rows that matter most.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::document::Top;

/// Returns the greatest of what was counted, as rows, and how many there are more. What weighs nothing is no row. Equal ones are
/// ordered by what they count.
pub(super) fn top<K: Ord, V, R>(
    counted: &HashMap<K, V>,
    rows: usize,
    weight: impl Fn(&K, &V) -> u64,
    row: impl Fn(&K, &V) -> R,
) -> Top<R> {
    let weighed = counted
        .iter()
        .map(|(key, value)| (weight(key, value), key, value));
    let mut weighed: Vec<_> = weighed.filter(|(weight, ..)| *weight > 0).collect();
    if weighed.len() > rows {
        weighed.select_nth_unstable_by(rows, by_weight);
    }
    let total = weighed.iter().map(|(weight, ..)| weight).sum();
    let left_out = weighed.len().saturating_sub(rows) as u64;
    weighed.truncate(rows);
    weighed.sort_unstable_by(by_weight);
    let row = |(_, key, value): &(u64, &K, &V)| row(key, value);
    Top {
        rows: weighed.iter().map(row).collect(),
        left_out,
        total,
    }
}

/// The heaviest first.
fn by_weight<K: Ord, V>(one: &(u64, &K, V), other: &(u64, &K, V)) -> Ordering {
    other.0.cmp(&one.0).then_with(|| one.1.cmp(other.1))
}

impl<T> Top<T> {
    /// Keeps the first rows.
    pub(super) fn first(mut rows: Vec<T>, most: usize, weight: impl Fn(&T) -> u64) -> Self {
        let left_out = rows.len().saturating_sub(most) as u64;
        let total = rows.iter().map(weight).sum();
        rows.truncate(most);
        Self {
            rows,
            left_out,
            total,
        }
    }

    /// How many rows there are, those left out too.
    pub(super) fn count(&self) -> u64 {
        self.rows.len() as u64 + self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_come_first_and_the_rest_is_counted() {
        let counted = HashMap::from([("a", 3), ("b", 9), ("c", 0), ("d", 3), ("e", 1)]);
        let top = top(
            &counted,
            2,
            |_, events| *events,
            |name, events| (*name, *events),
        );
        assert_eq!(top.rows, [("b", 9), ("a", 3)]);
        assert_eq!((top.left_out, top.count(), top.total), (2, 4, 16));
    }
}
