//! Counts to the rows that matter most.

use std::collections::HashMap;

use super::document::Top;
use super::names::{NONE, Name, Names};

/// Something that is counted, and the texts that tell it from others.
pub(super) trait Named: Ord {
    /// Its texts, the first one first.
    fn named(&self) -> [Name; TEXTS_MAX];
}

/// Texts of a thing that is counted.
const TEXTS_MAX: usize = 7;

/// Texts, and none for the rest.
pub(super) fn texts<const N: usize>(names: [Name; N]) -> [Name; TEXTS_MAX] {
    let mut texts = [NONE; TEXTS_MAX];
    texts[..N].copy_from_slice(&names);
    texts
}

/// Says which fields of a key are texts.
macro_rules! named {
    ($($type:ty: $($field:tt),+;)+) => {
        $(impl $crate::answers::top::Named for $type {
            fn named(&self) -> [$crate::answers::names::Name; 7] {
                $crate::answers::top::texts(named!(@ self $($field),+))
            }
        })+
    };
    (@ $self:ident $($field:tt),+) => { [$($self.$field),+] };
}
pub(super) use named;

named! {
    (Name, Name): 0, 1;
    (Name, Name, Name): 0, 1, 2;
    (Name, Name, Name, Name): 0, 1, 2, 3;
    (Name, Name, Option<bool>): 0, 1;
}

impl Named for Name {
    fn named(&self) -> [Name; TEXTS_MAX] {
        texts([*self])
    }
}

/// Returns the greatest of what was counted, as rows, and how many there are more. What weighs nothing is no row. Equal ones are
/// in the order of their texts, whatever the order in which they were read.
pub(super) fn top<K: Named, V, R>(
    names: &Names,
    counted: &HashMap<K, V>,
    rows: usize,
    weight: impl Fn(&K, &V) -> u64,
    row: impl Fn(&K, &V) -> R,
) -> Top<R> {
    let weighed = counted
        .iter()
        .map(|(key, value)| (weight(key, value), key, value));
    let mut weighed: Vec<_> = weighed.filter(|(weight, ..)| *weight > 0).collect();
    let order = |one: &(u64, &K, &V), other: &(u64, &K, &V)| {
        let texts = |key: &K| key.named().map(|name| names.text(name));
        let weight = other.0.cmp(&one.0);
        let text = || texts(one.1).cmp(&texts(other.1));
        weight.then_with(text).then_with(|| one.1.cmp(other.1))
    };
    if weighed.len() > rows {
        weighed.select_nth_unstable_by(rows, order);
    }
    let total = weighed.iter().map(|(weight, ..)| weight).sum();
    let left_out = weighed.len().saturating_sub(rows) as u64;
    weighed.truncate(rows);
    weighed.sort_unstable_by(order);
    let row = |(_, key, value): &(u64, &K, &V)| row(key, value);
    Top {
        rows: weighed.iter().map(row).collect(),
        left_out,
        total,
    }
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
        let mut names = Names::new();
        let counted = [("e", 1), ("d", 3), ("c", 0), ("b", 9), ("a", 3)];
        let counted = counted.map(|(text, events)| (names.name(text), events));
        let counted = HashMap::from(counted);
        let row = |name: &Name, events: &u64| (names.text(*name), *events);
        let top = top(&names, &counted, 2, |_, events| *events, row);
        assert_eq!(top.rows, [("b", 9), ("a", 3)]);
        assert_eq!((top.left_out, top.count(), top.total), (2, 4, 16));
    }
}
