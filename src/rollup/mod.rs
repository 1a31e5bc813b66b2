//! Rollups: windows of events to counted groups. Events come in order of time, so a group is complete, and
//! given out, as soon as its bucket or day is over; where there are too many groups for that, they are given out
//! before, and the rest as further rows: rows are additive partials.

mod groups;

use crate::limits;
use crate::table::chunk::{Chunk, IdMap};
use crate::table::dict::Dict;
use crate::table::events::{COLUMNS, Col as Event};
use crate::table::merge::Window;
use crate::table::{Kind, activity, resource_activity};
use crate::trail::time::DAY;
use groups::Groups;

/// Which rollups are made, and how.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Width of an activity bucket in microseconds: divides a day.
    pub bucket: i64,
    /// Whether `activity` is made.
    pub activity: bool,
    /// Whether `resource_activity` is made.
    pub resource_activity: bool,
}

/// The rollups of a run.
#[derive(Debug)]
pub struct Rollups {
    options: Options,
    /// The texts of all keys.
    dict: Dict,
    activity: Groups<{ PARTS.len() }>,
    resources: Groups<{ TOUCHED.len() + PARTS.len() }>,
    bucket: i64,
    day: i64,
    /// Rows that are complete.
    pub activity_rows: Chunk,
    /// Rows that are complete.
    pub resource_rows: Chunk,
}

/// What events are grouped by, looked up once for both tables: column of events, of `activity`, of `resource_activity`.
type Part = (Event, Option<activity::Col>, Option<resource_activity::Col>);

const PARTS: [Part; 13] = {
    use activity::Col as A;
    use resource_activity::Col as R;
    [
        (
            Event::recipient_account_id,
            Some(A::recipient_account_id),
            Some(R::recipient_account_id),
        ),
        (Event::aws_region, Some(A::aws_region), Some(R::aws_region)),
        (
            Event::event_source,
            Some(A::event_source),
            Some(R::event_source),
        ),
        (Event::event_name, Some(A::event_name), Some(R::event_name)),
        (Event::event_category, Some(A::event_category), None),
        (Event::management_event, Some(A::management_event), None),
        (Event::principal, Some(A::principal), Some(R::principal)),
        (Event::user_type, Some(A::user_type), None),
        (
            Event::source_ip_address,
            Some(A::source_ip_address),
            Some(R::source_ip_address),
        ),
        (Event::error_code, Some(A::error_code), None),
        (Event::read_only, Some(A::read_only), Some(R::read_only)),
        (
            Event::mcp_channel,
            Some(A::mcp_channel),
            Some(R::mcp_channel),
        ),
        (Event::is_error, None, Some(R::is_error)),
    ]
};

/// What one event has several of: column of events, of `resource_activity`.
const TOUCHED: [(Event, resource_activity::Col); 3] = [
    (Event::touched_arns, resource_activity::Col::resource_arn),
    (Event::touched_types, resource_activity::Col::resource_type),
    (
        Event::touched_evidence,
        resource_activity::Col::resource_evidence,
    ),
];

/// A key of `resource_activity`: what was touched, then the parts; 0 for those that it is not grouped by.
type ResourceKey = [u32; TOUCHED.len() + PARTS.len()];

impl Rollups {
    /// Begins.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            dict: Dict::default(),
            activity: Groups::default(),
            resources: Groups::default(),
            bucket: i64::MIN,
            day: i64::MIN,
            activity_rows: Chunk::new(&activity::TABLE),
            resource_rows: Chunk::new(&resource_activity::TABLE),
        }
    }

    /// Counts the events of a window. Windows come in order.
    pub fn observe(&mut self, window: &Window) {
        if self.dict.bytes() > limits::ROLLUP_TEXT_BYTES_MAX {
            self.finish();
            self.dict = Dict::default();
        }
        let mut maps: Vec<IdMap> = window
            .blocks
            .iter()
            .map(|block| IdMap::new(block.chunk().dictionary_len()))
            .collect();
        if self.options.resource_activity && window.day != self.day {
            self.flush_resources();
            self.day = window.day;
        }
        for (block, row) in &window.rows {
            let (chunk, row) = (window.blocks[*block as usize].chunk(), *row as usize);
            let ids = &mut maps[*block as usize];
            let time = chunk.get_int(Event::event_time, row).unwrap_or(i64::MIN);
            let parts = PARTS.map(|(column, _, _)| part(chunk, row, column, ids, &mut self.dict));
            if self.options.activity {
                self.observe_activity(parts, time);
            }
            if self.options.resource_activity {
                self.observe_resources(chunk, row, parts, time, ids);
            }
        }
    }

    /// Completes all groups.
    pub fn finish(&mut self) {
        self.flush_activity();
        self.flush_resources();
    }

    fn observe_activity(&mut self, mut key: [u32; PARTS.len()], time: i64) {
        let bucket = time.div_euclid(self.options.bucket) * self.options.bucket;
        if bucket != self.bucket || self.activity.len() >= limits::ROLLUP_GROUPS_MAX {
            self.flush_activity();
            self.bucket = bucket;
        }
        let mut is_error = false;
        for ((column, activity, _), part) in PARTS.iter().zip(&mut key) {
            is_error |= *column == Event::is_error && *part == TRUE;
            *part = if activity.is_some() { *part } else { 0 };
        }
        self.activity.count(key, time, is_error);
    }

    fn observe_resources(
        &mut self,
        chunk: &Chunk,
        row: usize,
        parts: [u32; PARTS.len()],
        time: i64,
        ids: &mut IdMap,
    ) {
        let lists = TOUCHED.map(|(column, _)| chunk.get_list(column, row).unwrap_or_default());
        if lists[0].is_empty() {
            return;
        }
        let mut key: ResourceKey = [0; TOUCHED.len() + PARTS.len()];
        for ((_, _, resource), (part, own)) in PARTS
            .iter()
            .zip(parts.iter().zip(&mut key[TOUCHED.len()..]))
        {
            *own = if resource.is_some() { *part } else { 0 };
        }
        for touch in 0..lists[0].len() {
            if self.resources.len() >= limits::ROLLUP_GROUPS_MAX {
                self.flush_resources();
            }
            for (part, list) in key.iter_mut().zip(lists) {
                let id = list.get(touch).copied().unwrap_or_default();
                *part = chunk.map_id(id, ids, &mut self.dict);
            }
            self.resources.count(key, time, false);
        }
    }

    fn flush_activity(&mut self) {
        use activity::Col;
        let (rows, dict, bucket) = (&mut self.activity_rows, &self.dict, self.bucket);
        self.activity.flush(|key, counts| {
            rows.int(Col::bucket_start, bucket);
            for ((_, column, _), part) in PARTS.iter().zip(key) {
                write_part(rows, *column, *part, dict);
            }
            rows.int(Col::events, counts.events);
            rows.int(Col::errors, counts.errors);
            rows.int(Col::first_event_time, counts.first);
            rows.int(Col::last_event_time, counts.last);
            rows.end_row();
        });
    }

    fn flush_resources(&mut self) {
        use resource_activity::Col;
        let (rows, dict, day) = (&mut self.resource_rows, &self.dict, self.day);
        self.resources.flush(|key, counts| {
            rows.int(Col::day, day * DAY);
            for ((_, column), part) in TOUCHED.iter().zip(key) {
                write_part(rows, Some(*column), *part, dict);
            }
            for ((_, _, column), part) in PARTS.iter().zip(&key[TOUCHED.len()..]) {
                write_part(rows, *column, *part, dict);
            }
            rows.int(Col::events, counts.events);
            rows.int(Col::first_event_time, counts.first);
            rows.int(Col::last_event_time, counts.last);
            rows.end_row();
        });
    }
}

/// The part of a key that says true; 1 says false.
const TRUE: u32 = 2;

/// A part of a key: a text's number plus one, or a boolean; 0 for no value.
fn part(chunk: &Chunk, row: usize, column: Event, ids: &mut IdMap, dict: &mut Dict) -> u32 {
    match COLUMNS[column as usize].kind {
        Kind::Bool => chunk
            .get_bool(column, row)
            .map_or(0, |value| 1 + u32::from(value)),
        _ => chunk.map_id(chunk.get_text_id(column, row), ids, dict),
    }
}

/// Writes a part of a key to its column, where the table has one and the part a value.
fn write_part(rows: &mut Chunk, column: Option<impl Into<usize>>, part: u32, dict: &Dict) {
    let (Some(column), true) = (column.map(Into::into), part > 0) else {
        return;
    };
    if rows.table().columns[column].kind == Kind::Bool {
        rows.bool(column, part == TRUE);
    } else {
        rows.text(column, dict.get(part - 1));
    }
}
