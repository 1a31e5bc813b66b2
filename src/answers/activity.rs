//! Rows of `activity` added up: by who called what, by address, by region, by error; and over time.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use super::names::{NONE, Name, Names, OTHERS};
use super::scan::Batch;
use crate::limits;
use crate::mcp::Channel;
use crate::select::Span;
use crate::table::activity;
use crate::trail::time::DAY;

/// What of the table is read, in the order of [`Activity::take`].
pub(super) const COLUMNS: &[&str] = &[
    "bucket_start",
    "recipient_account_id",
    "aws_region",
    "event_source",
    "event_name",
    "principal",
    "source_ip_address",
    "error_code",
    "read_only",
    "mcp_channel",
    "events",
    "errors",
    "first_event_time",
    "last_event_time",
];

/// The table that is added up.
pub(super) static TABLE: &crate::table::Table = &activity::TABLE;

/// Who called what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Call {
    pub(super) principal: Name,
    pub(super) event_source: Name,
    pub(super) event_name: Name,
    pub(super) read_only: Option<bool>,
}

impl Call {
    /// Stands for all calls that there was no room for.
    const OTHERS: Self = Self {
        principal: OTHERS,
        event_source: OTHERS,
        event_name: OTHERS,
        read_only: None,
    };
}

/// Events that were counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) errors: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    /// Events of the baseline, which are in none of the others.
    pub(super) events_before: u64,
    /// Of these, errors.
    pub(super) errors_before: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            events: 0,
            errors: 0,
            first: i64::MAX,
            last: i64::MIN,
            events_before: 0,
            errors_before: 0,
        }
    }
}

impl Tally {
    fn add(&mut self, row: &Row) {
        if row.is_before {
            self.events_before += row.events;
            self.errors_before += row.errors;
            return;
        }
        self.events += row.events;
        self.errors += row.errors;
        self.first = self.first.min(row.first);
        self.last = self.last.max(row.last);
    }

    /// Adds another one.
    pub(super) fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.errors += other.errors;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.events_before += other.events_before;
        self.errors_before += other.errors_before;
    }
}

/// Events of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) bucket: u32,
    pub(super) events: u32,
    pub(super) errors: u32,
}

/// Events of one kind, in total and over time.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) tally: Tally,
    /// By bucket, in order once the table is read.
    pub(super) cells: Vec<Cell>,
}

/// A principal's events by how they came.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Ways {
    pub(super) by_agents: u64,
    pub(super) writes_by_agents: u64,
    pub(super) claimed: u64,
    pub(super) others: u64,
}

/// What the table comes to.
#[derive(Debug)]
pub(super) struct Activity {
    span: Span,
    baseline: Option<Span>,
    /// Width of a bucket in microseconds.
    pub(super) bucket: i64,
    pub(super) calls: HashMap<Call, Line>,
    pub(super) source_ips: HashMap<(Name, Name), Tally>,
    pub(super) regions: HashMap<Name, Tally>,
    pub(super) accounts: HashMap<Name, Tally>,
    /// By principal, service, action and error code.
    pub(super) refused: HashMap<(Name, Name, Name, Name), Tally>,
    /// By principal, service, action and address.
    pub(super) root: HashMap<(Name, Name, Name, Name), Tally>,
    /// By principal.
    pub(super) ways: HashMap<Name, Ways>,
    /// Events of agents by bucket.
    pub(super) agents: BTreeMap<u32, u64>,
    pub(super) total: Tally,
    /// Of the events, those that may change something.
    pub(super) writes: u64,
    n_cells: usize,
    /// Events that are only part of totals, because there are too many different ones.
    pub(super) events_not_told_apart: u64,
}

/// A row in numbers.
struct Row {
    call: Call,
    events: u64,
    errors: u64,
    first: i64,
    last: i64,
    is_before: bool,
}

impl Activity {
    /// Begins with nothing, for buckets of so many microseconds.
    pub(super) fn new(span: Span, baseline: Option<Span>, bucket: i64) -> Self {
        Self {
            span,
            baseline,
            bucket,
            calls: HashMap::new(),
            source_ips: HashMap::new(),
            regions: HashMap::new(),
            accounts: HashMap::new(),
            refused: HashMap::new(),
            root: HashMap::new(),
            ways: HashMap::new(),
            agents: BTreeMap::new(),
            total: Tally::default(),
            writes: 0,
            n_cells: 0,
            events_not_told_apart: 0,
        }
    }

    /// Adds rows.
    pub(super) fn take(&mut self, batch: &Batch, names: &Names) {
        let (starts, accounts, regions) = (batch.ints(0), batch.names(1), batch.names(2));
        let (sources, actions, principals) = (batch.names(3), batch.names(4), batch.names(5));
        let (source_ips, codes, channels) = (batch.names(6), batch.names(7), batch.names(9));
        let (events, errors) = (batch.ints(10), batch.ints(11));
        let (firsts, lasts) = (batch.ints(12), batch.ints(13));
        let claimed = names.find(Channel::SelfHosted.name()).unwrap_or(NONE);
        for at in 0..batch.rows {
            let start = starts[at];
            let is_before = self.baseline.is_some_and(|before| before.contains(start));
            if !is_before && !self.span.contains(start) {
                continue;
            }
            let row = Row {
                call: Call {
                    principal: principals[at],
                    event_source: sources[at],
                    event_name: actions[at],
                    read_only: batch.flag(8, at),
                },
                events: u64::try_from(events[at]).unwrap_or_default(),
                errors: u64::try_from(errors[at]).unwrap_or_default(),
                first: firsts[at],
                last: lasts[at],
                is_before,
            };
            self.add(&row, start);
            add_to(
                &mut self.source_ips,
                (row.call.event_source, source_ips[at]),
                &row,
            );
            add_to(&mut self.regions, regions[at], &row);
            add_to(&mut self.accounts, accounts[at], &row);
            if is_before {
                continue;
            }
            let who = (
                row.call.principal,
                row.call.event_source,
                row.call.event_name,
            );
            if codes[at] != NONE {
                add_to(&mut self.refused, (who.0, who.1, who.2, codes[at]), &row);
            }
            if names.text(who.0).starts_with("root:") {
                add_to(&mut self.root, (who.0, who.1, who.2, source_ips[at]), &row);
            }
            self.add_way(&row, channels[at], claimed);
        }
    }

    fn bucket_of(&self, time: i64) -> u32 {
        u32::try_from(time.div_euclid(self.bucket)).unwrap_or_default()
    }

    fn add(&mut self, row: &Row, start: i64) {
        self.total.add(row);
        if !row.is_before && row.call.read_only == Some(false) {
            self.writes += row.events;
        }
        let has_room = self.calls.len() < limits::REPORT_KEYS_MAX;
        let bucket = self.bucket_of(start);
        let line = match self.calls.entry(row.call) {
            Entry::Occupied(line) => line.into_mut(),
            Entry::Vacant(line) if has_room => line.insert(Line::default()),
            Entry::Vacant(_) => {
                self.events_not_told_apart += row.events;
                self.calls.entry(Call::OTHERS).or_default()
            }
        };
        line.tally.add(row);
        if row.is_before {
            return;
        }
        self.n_cells += usize::from(line.add(Cell::new(bucket, row)));
        if self.n_cells > limits::REPORT_CELLS_MAX {
            self.widen();
        }
    }

    fn add_way(&mut self, row: &Row, channel: Name, claimed: Name) {
        let ways = self.ways.entry(row.call.principal).or_default();
        if channel == NONE {
            ways.others += row.events;
        } else if channel == claimed {
            ways.claimed += row.events;
        } else {
            ways.by_agents += row.events;
            if row.call.read_only == Some(false) {
                ways.writes_by_agents += row.events;
            }
            let bucket = self.bucket_of(row.first);
            *self.agents.entry(bucket).or_default() += row.events;
        }
    }

    /// Makes buckets wider, to the next width that a day is made of.
    fn widen(&mut self) {
        let wider = wider(self.bucket);
        let times = u32::try_from(wider / self.bucket).unwrap_or(1);
        self.bucket = wider;
        self.n_cells = 0;
        for line in self.calls.values_mut() {
            for cell in &mut line.cells {
                cell.bucket /= times;
            }
            line.put_in_order();
            self.n_cells += line.cells.len();
        }
        let agents = std::mem::take(&mut self.agents);
        for (bucket, events) in agents {
            *self.agents.entry(bucket / times).or_default() += events;
        }
    }

    /// Puts everything in order, once all rows were added.
    pub(super) fn finish(&mut self) {
        for line in self.calls.values_mut() {
            line.put_in_order();
        }
    }
}

/// The next width of which a day is a multiple.
pub(super) fn wider(bucket: i64) -> i64 {
    let mut times = [2, 3, 5, 7].into_iter();
    let fits = |times: &i64| DAY % (bucket * times) == 0;
    times
        .find(fits)
        .map_or(DAY.max(2 * bucket), |times| bucket * times)
}

impl Cell {
    fn new(bucket: u32, row: &Row) -> Self {
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            bucket,
            events: count(row.events),
            errors: count(row.errors),
        }
    }

    fn merge(&mut self, other: Self) {
        self.events = self.events.saturating_add(other.events);
        self.errors = self.errors.saturating_add(other.errors);
    }
}

impl Line {
    /// Adds events of a bucket; returns whether that is one more cell.
    fn add(&mut self, cell: Cell) -> bool {
        match self.cells.last_mut() {
            Some(last) if last.bucket == cell.bucket => {
                last.merge(cell);
                false
            }
            _ => {
                self.cells.push(cell);
                true
            }
        }
    }

    fn put_in_order(&mut self) {
        self.cells.sort_unstable_by_key(|cell| cell.bucket);
        self.cells.dedup_by(|cell, before| {
            let is_same = before.bucket == cell.bucket;
            if is_same {
                before.merge(*cell);
            }
            is_same
        });
    }
}

/// Adds a row to what it belongs to; where there is no room for more, to nothing: totals have it.
fn add_to<K: Eq + Hash>(tallies: &mut HashMap<K, Tally>, key: K, row: &Row) {
    let has_room = tallies.len() < limits::REPORT_KEYS_MAX;
    match tallies.entry(key) {
        Entry::Occupied(mut tally) => tally.get_mut().add(row),
        Entry::Vacant(tally) if has_room => tally.insert(Tally::default()).add(row),
        Entry::Vacant(_) => {}
    }
}
