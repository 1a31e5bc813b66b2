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
    activity: Groups<{ ACTIVITY.len() }>,
    resources: Groups<{ RESOURCE.len() }>,
    bucket: i64,
    day: i64,
    /// Rows that are complete.
    pub activity_rows: Chunk,
    /// Rows that are complete.
    pub resource_rows: Chunk,
}

/// What `activity` is grouped by, after its bucket: column of events, column of activity.
const ACTIVITY: [(Event, activity::Col); 12] = [
    (
        Event::recipient_account_id,
        activity::Col::recipient_account_id,
    ),
    (Event::aws_region, activity::Col::aws_region),
    (Event::event_source, activity::Col::event_source),
    (Event::event_name, activity::Col::event_name),
    (Event::event_category, activity::Col::event_category),
    (Event::management_event, activity::Col::management_event),
    (Event::principal, activity::Col::principal),
    (Event::user_type, activity::Col::user_type),
    (Event::source_ip_address, activity::Col::source_ip_address),
    (Event::error_code, activity::Col::error_code),
    (Event::read_only, activity::Col::read_only),
    (Event::mcp_channel, activity::Col::mcp_channel),
];

/// What `resource_activity` is grouped by, after its day.
const RESOURCE: [(Event, resource_activity::Col); 12] = [
    (Event::touched_arns, resource_activity::Col::resource_arn),
    (Event::touched_types, resource_activity::Col::resource_type),
    (
        Event::touched_evidence,
        resource_activity::Col::resource_evidence,
    ),
    (
        Event::recipient_account_id,
        resource_activity::Col::recipient_account_id,
    ),
    (Event::aws_region, resource_activity::Col::aws_region),
    (Event::event_source, resource_activity::Col::event_source),
    (Event::event_name, resource_activity::Col::event_name),
    (Event::principal, resource_activity::Col::principal),
    (
        Event::source_ip_address,
        resource_activity::Col::source_ip_address,
    ),
    (Event::read_only, resource_activity::Col::read_only),
    (Event::mcp_channel, resource_activity::Col::mcp_channel),
    (Event::is_error, resource_activity::Col::is_error),
];

/// How many of [`RESOURCE`] come from lists, a value for each resource touched.
const TOUCHED: usize = 3;

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
            if self.options.activity {
                self.observe_activity(chunk, row, time, ids);
            }
            if self.options.resource_activity {
                self.observe_resources(chunk, row, time, ids);
            }
        }
    }

    /// Completes all groups.
    pub fn finish(&mut self) {
        self.flush_activity();
        self.flush_resources();
    }

    fn observe_activity(&mut self, chunk: &Chunk, row: usize, time: i64, ids: &mut IdMap) {
        let bucket = time.div_euclid(self.options.bucket) * self.options.bucket;
        if bucket != self.bucket || self.activity.len() >= limits::ROLLUP_GROUPS_MAX {
            self.flush_activity();
            self.bucket = bucket;
        }
        let key = ACTIVITY.map(|(column, _)| part(chunk, row, column, ids, &mut self.dict));
        let is_error = chunk.get_bool(Event::is_error, row) == Some(true);
        self.activity.count(key, time, is_error);
    }

    fn observe_resources(&mut self, chunk: &Chunk, row: usize, time: i64, ids: &mut IdMap) {
        let lists: [&[u32]; TOUCHED] =
            std::array::from_fn(|n| chunk.get_list(RESOURCE[n].0, row).unwrap_or_default());
        if lists[0].is_empty() {
            return;
        }
        let mut key: [u32; RESOURCE.len()] = std::array::from_fn(|n| {
            if n < TOUCHED {
                0
            } else {
                part(chunk, row, RESOURCE[n].0, ids, &mut self.dict)
            }
        });
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
            for ((_, column), part) in ACTIVITY.iter().zip(key) {
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
            for ((_, column), part) in RESOURCE.iter().zip(key) {
                write_part(rows, *column, *part, dict);
            }
            rows.int(Col::events, counts.events);
            rows.int(Col::first_event_time, counts.first);
            rows.int(Col::last_event_time, counts.last);
            rows.end_row();
        });
    }
}

/// A part of a key: a text's number plus one, or a boolean; 0 for no value.
fn part(chunk: &Chunk, row: usize, column: Event, ids: &mut IdMap, dict: &mut Dict) -> u32 {
    match COLUMNS[column as usize].kind {
        Kind::Bool => chunk
            .get_bool(column, row)
            .map_or(0, |value| 1 + u32::from(value)),
        _ => chunk.map_id(chunk.get_text_id(column, row), ids, dict),
    }
}

fn write_part(rows: &mut Chunk, column: impl Into<usize>, part: u32, dict: &Dict) {
    let column = column.into();
    if part == 0 {
    } else if rows.table().columns[column].kind == Kind::Bool {
        rows.bool(column, part == 2);
    } else {
        rows.text(column, dict.get(part - 1));
    }
}
