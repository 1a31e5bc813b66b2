//! What a run has to read: of the objects that were listed, those that no earlier run has read as far as they are wanted now;
//! and how they are cut into commit groups.

use crate::limits;
use crate::select::Span;
use crate::table::objects::Status;

/// Which objects are read although they were read before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Again {
    /// None.
    #[default]
    Never,
    /// Those of which something could not be used.
    Rejected,
    /// All of them.
    All,
}

/// What the books say of one reading of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The object's version: [`object_hash`](crate::table::objects::object_hash).
    pub hash: u128,
    /// The event times that were wanted.
    pub wanted: Span,
    /// The times of its first and last events, wanted or not.
    pub events: Option<(i64, i64)>,
    /// What became of it.
    pub status: Status,
    /// Whether something in it could not be used.
    pub has_rejects: bool,
}

/// What earlier runs know of an object that is read now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The event times that earlier runs have taken of it.
    pub taken: Vec<Span>,
    /// Whether what was taken is read again all the same, to be compared with what is there.
    pub again: bool,
    /// How the last attempt to read it ended, where none succeeded.
    pub failed: Option<Status>,
}

/// Of an object that no run has seen.
pub static NO_HISTORY: History = History {
    taken: Vec::new(),
    again: false,
    failed: None,
};

impl History {
    /// Returns whether an earlier run has taken the object's events of that time.
    pub fn has_taken(&self, time: i64) -> bool {
        self.taken.iter().any(|span| span.contains(time))
    }
}

/// Decides, one reading after the other, what is outstanding.
#[derive(Debug)]
pub struct Planner {
    wanted: Span,
    again: Again,
    /// Hashes of the listed objects with their numbers, in order.
    index: Vec<(u128, u32)>,
    known: Vec<Option<Box<Known>>>,
}

/// What is known of a listed object.
#[derive(Debug, Default)]
struct Known {
    taken: Vec<Span>,
    events: Option<(i64, i64)>,
    has_rejects: bool,
    failed: Option<Status>,
}

impl Planner {
    /// Begins with the hashes of the listed objects.
    pub fn new(hashes: impl IntoIterator<Item = u128>, wanted: Span, again: Again) -> Self {
        let mut index: Vec<(u128, u32)> = hashes.into_iter().zip(0..).collect();
        let known = index.iter().map(|_| None).collect();
        index.sort_unstable();
        Self {
            wanted,
            again,
            index,
            known,
        }
    }

    /// Notes what the books say of a reading; of objects that are not listed, nothing.
    pub fn note(&mut self, reading: &Reading) {
        let first = self.index.partition_point(|(hash, _)| *hash < reading.hash);
        let same = self.index[first..]
            .iter()
            .take_while(|(hash, _)| *hash == reading.hash);
        for (_, number) in same {
            let known = self.known[*number as usize].get_or_insert_default();
            match reading.status {
                Status::Done | Status::Corrupt | Status::Digest | Status::Foreign => {
                    known.taken.push(reading.wanted);
                    known.events = reading.events;
                    known.has_rejects |= reading.has_rejects;
                }
                failed => known.failed = Some(failed),
            }
        }
    }

    /// Returns the numbers of the objects that are to be read, in their order, with what is known of them.
    pub fn finish(self) -> Vec<(usize, History)> {
        let Self {
            wanted,
            again,
            known,
            ..
        } = self;
        let history = |known: Option<Box<Known>>| {
            let Some(known) = known else {
                return Some(History::default());
            };
            let again = match again {
                Again::Never => false,
                Again::Rejected => known.has_rejects,
                Again::All => true,
            };
            (again || known.is_outstanding(wanted)).then_some(History {
                again: again && !known.taken.is_empty(),
                failed: known.failed.filter(|_| known.taken.is_empty()),
                taken: known.taken,
            })
        };
        let objects = known.into_iter().enumerate();
        objects
            .filter_map(|(number, known)| Some((number, history(known)?)))
            .collect()
    }
}

impl Known {
    /// Returns whether the object can hold wanted events that no run has taken.
    fn is_outstanding(&self, wanted: Span) -> bool {
        if self.taken.is_empty() {
            return true;
        }
        let Some((first, last)) = self.events else {
            return false;
        };
        let mut rest = vec![wanted.overlap(Span {
            from: first,
            to: last.saturating_add(1),
        })];
        for taken in &self.taken {
            rest = rest
                .into_iter()
                .flat_map(|span| span.without(*taken))
                .collect();
        }
        rest.iter().any(|span| !span.is_empty())
    }
}

/// Cuts objects into commit groups of about so many listed bytes, in their order; returns how many objects each has. What would be a small
/// last group goes with the one before it. Nothing but the sizes decides, so that a run that goes on where another was killed cuts as
/// that one would have.
pub fn groups(sizes: impl IntoIterator<Item = u64>, bytes_max: u64) -> Vec<usize> {
    let mut groups = Vec::new();
    let mut bytes = u64::MAX; // so that the first object begins a group
    for size in sizes {
        bytes = bytes.saturating_add(size);
        match groups.last_mut() {
            Some(objects) if bytes <= bytes_max => *objects += 1,
            _ => {
                groups.push(1);
                bytes = size;
            }
        }
    }
    if let [.., before, last] = groups.as_mut_slice()
        && bytes <= bytes_max / limits::GROUP_SHARE_SMALL
    {
        *before += *last;
        groups.pop();
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(from: i64, to: i64) -> Span {
        Span { from, to }
    }

    fn reading(hash: u128, wanted: Span, events: (i64, i64)) -> Reading {
        Reading {
            hash,
            wanted,
            events: Some(events),
            status: Status::Done,
            has_rejects: false,
        }
    }

    fn outstanding(planner: Planner) -> Vec<usize> {
        planner
            .finish()
            .into_iter()
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn what_was_read_is_not_read_again() {
        let mut planner = Planner::new([5, 7, 6], Span::ALL, Again::Never);
        planner.note(&reading(7, Span::ALL, (1, 2)));
        planner.note(&reading(8, Span::ALL, (1, 2)));
        assert_eq!(outstanding(planner), [0, 2]);
    }

    #[test]
    fn a_wider_run_wants_what_a_narrow_one_left_out() {
        let plan = |wanted, events| {
            let mut planner = Planner::new([1], wanted, Again::Never);
            planner.note(&reading(1, span(10, 20), events));
            planner.finish()
        };
        assert_eq!(plan(Span::ALL, (12, 19)), [], "all of it was within");
        assert_eq!(
            plan(span(15, 30), (5, 19)),
            [],
            "what was left out is not wanted now either"
        );
        let wider = plan(span(15, 30), (5, 20));
        assert_eq!(wider[0].1.taken, [span(10, 20)]);
        assert!(!wider[0].1.again);
    }

    #[test]
    fn what_could_not_be_read_stays_outstanding() {
        let failed = Reading {
            status: Status::Archived,
            events: None,
            ..reading(1, Span::ALL, (0, 0))
        };
        let mut planner = Planner::new([1], Span::ALL, Again::Never);
        planner.note(&failed);
        let history = History {
            failed: Some(Status::Archived),
            ..History::default()
        };
        assert_eq!(planner.finish(), [(0, history)]);
        let mut planner = Planner::new([1], Span::ALL, Again::Never);
        planner.note(&failed);
        planner.note(&reading(1, Span::ALL, (1, 2)));
        assert_eq!(outstanding(planner), [0_usize; 0]);
    }

    #[test]
    fn again_on_request() {
        let plan = |again| {
            let mut planner = Planner::new([1, 2, 3], Span::ALL, again);
            planner.note(&reading(1, Span::ALL, (1, 2)));
            planner.note(&Reading {
                has_rejects: true,
                ..reading(2, Span::ALL, (1, 2))
            });
            planner.finish()
        };
        let numbers = |again| {
            plan(again)
                .into_iter()
                .map(|(n, h)| (n, h.again))
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(Again::Never), [(2, false)]);
        assert_eq!(numbers(Again::Rejected), [(1, true), (2, false)]);
        assert_eq!(numbers(Again::All), [(0, true), (1, true), (2, false)]);
    }

    #[test]
    fn groups_are_cut_by_bytes() {
        assert_eq!(groups([], 10), [0_usize; 0]);
        assert_eq!(groups([4, 4, 4, 20, 1, 0, 9], 10), [2, 1, 1, 3]);
        assert_eq!(groups([9, 3, 7, 2], 10), [1, 3], "2 would be few");
        assert_eq!(groups([9, 3, 7, 3], 10), [1, 2, 1], "3 are not");
        assert_eq!(groups([0, 0, 0], 10), [3]);
    }

    proptest! {
        /// The same as asking of every moment whether a run has taken it.
        #[test]
        fn as_a_naive_plan(
            readings in prop::collection::vec((0..3_u128, 0..12_i64, 0..12_i64), 0..6),
            (from, to) in (0..12_i64, 0..12_i64),
            events in prop::collection::vec((0..12_i64, 0..12_i64), 3),
        ) {
            let events: Vec<_> = events.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
            let wanted = span(from, to);
            let mut planner = Planner::new([0, 1, 2], wanted, Again::Never);
            for (hash, from, to) in &readings {
                planner.note(&reading(*hash, span(*from, *to), events[usize::try_from(*hash).unwrap()]));
            }
            let expected: Vec<usize> = (0..3_usize).filter(|object| {
                let of: Vec<_> = readings.iter().filter(|(hash, ..)| *hash == *object as u128).collect();
                let (first, last) = events[*object];
                of.is_empty() || (first..=last).any(|time| {
                    (from..to).contains(&time) && !of.iter().any(|(_, from, to)| (*from..*to).contains(&time))
                })
            }).collect();
            prop_assert_eq!(outstanding(planner), expected);
        }

        /// A run that was killed after some groups cuts the rest as the whole one does.
        #[test]
        fn groups_go_on_as_they_would_have(sizes in prop::collection::vec(0..20_u64, 0..30), max in 1..40_u64) {
            let all = groups(sizes.iter().copied(), max);
            prop_assert_eq!(all.iter().sum::<usize>(), sizes.len());
            for committed in 0..all.len() {
                let done: usize = all[..committed].iter().sum();
                prop_assert_eq!(&groups(sizes[done..].iter().copied(), max), &all[committed..]);
            }
        }
    }
}
