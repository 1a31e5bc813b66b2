//! Rows of `objects` and `rejects` added up: what was delivered, what of it was read, and where something is missing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::names::{NONE, Name, Names};
use super::scan::{Batch, NO_INT};
use crate::limits;
use crate::select::Span;
use crate::trail::time::{DAY, SECOND};

/// What of `objects` is read, in the order of [`Books::take_objects`].
pub(super) const OBJECT_COLUMNS: &[&str] = &[
    "delivery_time",
    "account_id",
    "region",
    "status",
    "status_detail",
    "written",
    "duplicates",
    "filtered",
    "rejected",
    "last_event_time",
    "source_object",
];

/// What of `rejects` is read, in the order of [`Books::take_rejects`].
pub(super) const REJECT_COLUMNS: &[&str] = &["reason", "source_object"];

const HOUR: i64 = 3_600 * SECOND;
/// `CloudTrail` delivers within minutes; what is this much older than its delivery was held up.
const LATE: i64 = 6 * HOUR;

/// An account and a region.
pub(super) type Place = (Name, Name);

/// A day of an account and a region, or all of them.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Day {
    pub(super) objects: u64,
    pub(super) digests: u64,
    pub(super) unread: u64,
    pub(super) written: u64,
    pub(super) late_objects: u64,
    pub(super) late_events: u64,
    pub(super) redelivered: u64,
    pub(super) filtered: u64,
    pub(super) rejected: u64,
    pub(super) gap_hours: u64,
}

/// Hours in which nothing was delivered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    pub(super) place: Place,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Gap {
    pub(super) fn hours(&self) -> u64 {
        u64::try_from((self.to - self.from) / HOUR).unwrap_or_default()
    }
}

/// What the tables come to.
#[derive(Debug)]
pub(super) struct Books {
    span: Span,
    pub(super) total: Day,
    /// By place and day of delivery.
    pub(super) days: HashMap<(Place, i64), Day>,
    /// Hours with an object or a digest, since 1970, by place.
    hours: BTreeMap<Place, BTreeSet<i64>>,
    with_digests: BTreeSet<Place>,
    /// Objects by status and what is said about it, and one of them.
    pub(super) unread: HashMap<(Name, Name), (u64, String)>,
    /// Records by reason, and the object of one.
    pub(super) rejects: HashMap<Name, (u64, Name)>,
}

impl Books {
    pub(super) fn new(span: Span) -> Self {
        Self {
            span,
            total: Day::default(),
            days: HashMap::new(),
            hours: BTreeMap::new(),
            with_digests: BTreeSet::new(),
            unread: HashMap::new(),
            rejects: HashMap::new(),
        }
    }

    /// Adds rows of `objects`.
    pub(super) fn take_objects(&mut self, batch: &Batch, names: &mut Names) {
        let [done, digest, foreign] = ["done", "digest", "foreign"].map(|name| names.name(name));
        for at in 0..batch.rows {
            let name = |column: usize| batch.names(column)[at];
            let count = |column: usize| u64::try_from(batch.ints(column)[at]).unwrap_or_default();
            let (delivered, status) = (batch.ints(0)[at], name(3));
            let is_of_span = delivered == NO_INT || self.span.contains(delivered);
            if status == foreign || !is_of_span {
                continue;
            }
            let last = batch.ints(9)[at];
            let is_late = last != NO_INT && delivered != NO_INT && last < delivered - LATE;
            let is_read = status == done;
            let object = Day {
                objects: u64::from(is_read),
                digests: u64::from(status == digest),
                unread: u64::from(!is_read && status != digest),
                written: count(5),
                late_objects: u64::from(is_late),
                late_events: if is_late { count(5) } else { 0 },
                redelivered: count(6),
                filtered: count(7),
                rejected: count(8),
                gap_hours: 0,
            };
            self.total.add(&object);
            if object.unread > 0 && self.unread.len() < limits::REPORT_KEYS_MAX {
                let example = || batch.text(10, at).unwrap_or_default().to_owned();
                let reason = self.unread.entry((status, name(4)));
                reason.or_insert_with(|| (0, example())).0 += 1;
            }
            let place = (name(1), name(2));
            if place.0 == NONE || delivered == NO_INT || self.days.len() >= limits::REPORT_KEYS_MAX
            {
                continue;
            }
            let day = delivered.div_euclid(DAY);
            self.days.entry((place, day)).or_default().add(&object);
            if object.unread == 0 {
                let hours = self.hours.entry(place).or_default();
                hours.insert(delivered.div_euclid(HOUR));
            }
            if object.digests > 0 {
                self.with_digests.insert(place);
            }
        }
    }

    /// Adds rows of `rejects`.
    pub(super) fn take_rejects(&mut self, batch: &Batch) {
        for (reason, object) in batch.names(0).iter().zip(batch.names(1)) {
            self.rejects.entry(*reason).or_insert((0, *object)).0 += 1;
        }
    }

    /// Returns where hours are missing, and counts them into their days: between two deliveries, and up to the last delivery of any
    /// place. Only where digests exist, which come every hour, does an hour without anything mean something.
    pub(super) fn gaps(&mut self) -> Vec<Gap> {
        let end = self.hours.values().filter_map(BTreeSet::last).max();
        let end = end.map_or(0, |last| last + 1);
        let mut gaps = Vec::new();
        for place in &self.with_digests {
            let hours = self.hours.get(place).into_iter().flatten().copied();
            let next = hours.clone().skip(1).chain([end]);
            let between = hours.zip(next).filter(|(hour, next)| next - hour > 1);
            gaps.extend(between.map(|(hour, next)| Gap {
                place: *place,
                from: (hour + 1) * HOUR,
                to: next * HOUR,
            }));
        }
        for gap in &gaps {
            let hours = (gap.from / HOUR)..(gap.to / HOUR);
            for hour in hours.take(limits::REPORT_GAP_HOURS_MAX) {
                let day = (hour * HOUR).div_euclid(DAY);
                self.days.entry((gap.place, day)).or_default().gap_hours += 1;
            }
        }
        gaps
    }

    /// Returns the places of which no gap can be told.
    pub(super) fn without_digests(&self) -> impl Iterator<Item = &Place> {
        let places = self.hours.keys();
        places.filter(|place| !self.with_digests.contains(place))
    }
}

impl Day {
    fn add(&mut self, object: &Self) {
        self.objects += object.objects;
        self.digests += object.digests;
        self.unread += object.unread;
        self.written += object.written;
        self.late_objects += object.late_objects;
        self.late_events += object.late_events;
        self.redelivered += object.redelivered;
        self.filtered += object.filtered;
        self.rejected += object.rejected;
    }
}
