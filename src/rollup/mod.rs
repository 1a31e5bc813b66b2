//! Rollups: windows of events to counted groups. Events come in order of time, so a group is complete, and
//! given out, as soon as its bucket or day is over; where there are too many groups for that, they are given out
//! before, and the rest as further rows: rows are additive partials.

mod groups;

use crate::limits;
use crate::table::chunk::{Chunk, IdMap};
use crate::table::dict::Dict;
use crate::table::events::{COLUMNS, Col as Event};
use crate::table::merge::Window;
use crate::table::{Kind, Table, activity, resource_activity};
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
    activity_rows: Rows,
    resource_rows: Rows,
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
            activity_rows: Rows::new(&activity::TABLE),
            resource_rows: Rows::new(&resource_activity::TABLE),
        }
    }

    /// Counts the events of a window. Windows come in order.
    pub fn observe(&mut self, window: &Window) {
        if self.dict.bytes() > limits::ROLLUP_TEXT_BYTES_MAX {
            self.finish();
            self.dict = Dict::default();
            self.activity_rows.ids = IdMap::default();
            self.resource_rows.ids = IdMap::default();
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

    /// Takes out the complete rows of each table that has more than so many bytes of them.
    pub fn take_rows(&mut self, bytes_max: usize) -> impl Iterator<Item = Chunk> {
        let rows = [&mut self.activity_rows, &mut self.resource_rows];
        let large = rows
            .into_iter()
            .filter(move |rows| rows.chunk.rows() > 0 && rows.chunk.bytes() > bytes_max);
        large.map(|rows| std::mem::replace(rows, Rows::new(rows.chunk.table())).chunk)
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
            rows.chunk.int(Col::bucket_start, bucket);
            for ((_, column, _), part) in PARTS.iter().zip(key) {
                rows.part(*column, *part, dict);
            }
            rows.chunk.int(Col::events, counts.events);
            rows.chunk.int(Col::errors, counts.errors);
            rows.chunk.int(Col::first_event_time, counts.first);
            rows.chunk.int(Col::last_event_time, counts.last);
            rows.chunk.end_row();
        });
    }

    fn flush_resources(&mut self) {
        use resource_activity::Col;
        let (rows, dict, day) = (&mut self.resource_rows, &self.dict, self.day);
        self.resources.flush(|key, counts| {
            rows.chunk.int(Col::day, day * DAY);
            for ((_, column), part) in TOUCHED.iter().zip(key) {
                rows.part(Some(*column), *part, dict);
            }
            for ((_, _, column), part) in PARTS.iter().zip(&key[TOUCHED.len()..]) {
                rows.part(*column, *part, dict);
            }
            rows.chunk.int(Col::events, counts.events);
            rows.chunk.int(Col::first_event_time, counts.first);
            rows.chunk.int(Col::last_event_time, counts.last);
            rows.chunk.end_row();
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
        _ => chunk.map_text(column, row, ids, dict),
    }
}

/// Complete rows of a rollup's table.
#[derive(Debug)]
struct Rows {
    chunk: Chunk,
    /// What the texts of keys are in the chunk's dictionary.
    ids: IdMap,
}

impl Rows {
    fn new(table: &'static Table) -> Self {
        Self {
            chunk: Chunk::new(table),
            ids: IdMap::default(),
        }
    }

    /// Writes a part of a key to its column, where the table has one and the part a value.
    fn part(&mut self, column: Option<impl Into<usize>>, part: u32, dict: &Dict) {
        let (Some(column), true) = (column.map(Into::into), part > 0) else {
            return;
        };
        if self.chunk.table().columns[column].kind == Kind::Bool {
            self.chunk.bool(column, part == TRUE);
        } else {
            self.chunk.text_of(column, part, dict, &mut self.ids);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::events;
    use crate::table::merge::{Merge, Run, WindowLimits};
    use crate::trail::time::SECOND;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const BUCKET: i64 = 900 * SECOND;

    #[derive(Debug, Clone)]
    struct Row {
        time: i64,
        name: Option<String>,
        read_only: Option<bool>,
        is_error: bool,
        touched: Vec<String>,
    }

    fn chunk_of(rows: &[Row]) -> Chunk {
        let mut chunk = Chunk::new(&events::TABLE);
        for (row, place) in rows.iter().zip(0..) {
            chunk.int(Event::event_time, row.time);
            if let Some(name) = &row.name {
                chunk.text(Event::event_name, name);
            }
            if let Some(read_only) = row.read_only {
                chunk.bool(Event::read_only, read_only);
            }
            chunk.bool(Event::is_error, row.is_error);
            if !row.touched.is_empty() {
                let touched = || row.touched.iter().map(|arn| Some(arn.as_str()));
                chunk.list(Event::touched_arns, touched());
                chunk.list(Event::touched_types, touched().map(|_| None));
                chunk.list(Event::touched_evidence, touched().map(|_| Some("request")));
            }
            chunk.int(Event::content_hash, place); // no two are copies
            chunk.end_row();
        }
        chunk
    }

    fn rollups_of(rows: &[Row], window_rows: usize) -> Rollups {
        let run: Run = Box::new(std::iter::once(Ok(chunk_of(rows).sort())));
        let limits = WindowLimits {
            rows: window_rows,
            bytes: usize::MAX,
        };
        let mut merge = Merge::new(&events::TABLE, vec![run], limits).expect("in memory");
        let mut rollups = Rollups::new(Options {
            bucket: BUCKET,
            activity: true,
            resource_activity: true,
        });
        while let Some(window) = merge.next_window().expect("in memory") {
            rollups.observe(&window);
        }
        rollups.finish();
        rollups
    }

    /// Events, errors, first and last time.
    type Sums = (i64, i64, i64, i64);

    fn add(sums: &mut Sums, (events, errors, first, last): Sums) {
        let is_new = sums.0 == 0;
        sums.0 += events;
        sums.1 += errors;
        sums.2 = if is_new { first } else { sums.2.min(first) };
        sums.3 = sums.3.max(last);
    }

    type Key = (i64, Option<String>, Option<bool>);

    fn activity_of(chunk: &Chunk) -> BTreeMap<Key, Sums> {
        use activity::Col;
        let mut found = BTreeMap::new();
        for row in 0..chunk.rows() {
            let int = |column: Col| chunk.get_int(column, row).expect("written");
            let key = (
                int(Col::bucket_start),
                chunk.get_text(Col::event_name, row).map(str::to_owned),
                chunk.get_bool(Col::read_only, row),
            );
            let sums = (
                int(Col::events),
                int(Col::errors),
                int(Col::first_event_time),
                int(Col::last_event_time),
            );
            add(found.entry(key).or_default(), sums);
        }
        found
    }

    fn resources_of(chunk: &Chunk) -> BTreeMap<(i64, String, Option<String>), Sums> {
        use resource_activity::Col;
        let mut found = BTreeMap::new();
        for row in 0..chunk.rows() {
            let int = |column: Col| chunk.get_int(column, row).expect("written");
            let key = (
                int(Col::day),
                chunk
                    .get_text(Col::resource_arn, row)
                    .expect("written")
                    .to_owned(),
                chunk.get_text(Col::event_name, row).map(str::to_owned),
            );
            assert_eq!(chunk.get_text(Col::resource_evidence, row), Some("request"));
            let sums = (
                int(Col::events),
                0,
                int(Col::first_event_time),
                int(Col::last_event_time),
            );
            add(found.entry(key).or_default(), sums);
        }
        found
    }

    fn any_rows() -> impl Strategy<Value = Vec<Row>> {
        let row = (
            0..400_i64,
            prop::option::of("[ab]"),
            prop::option::of(any::<bool>()),
            any::<bool>(),
            prop::collection::btree_set("[xyz]", 0..3),
        );
        let row = row.prop_map(|(minutes, name, read_only, is_error, touched)| Row {
            time: (minutes * 7 - 500) * 60 * SECOND, // also before 1970
            name,
            read_only,
            is_error,
            touched: touched.into_iter().collect(),
        });
        prop::collection::vec(row, 0..60)
    }

    proptest! {
        #[test]
        fn sums_are_those_of_a_naive_count(rows in any_rows(), window_rows in 1..30_usize) {
            let mut activity: BTreeMap<Key, Sums> = BTreeMap::new();
            let mut resources: BTreeMap<(i64, String, Option<String>), Sums> = BTreeMap::new();
            for row in &rows {
                let sums = (1, i64::from(row.is_error), row.time, row.time);
                let bucket = row.time.div_euclid(BUCKET) * BUCKET;
                add(activity.entry((bucket, row.name.clone(), row.read_only)).or_default(), sums);
                for arn in &row.touched {
                    let key = (row.time.div_euclid(DAY) * DAY, arn.clone(), row.name.clone());
                    add(resources.entry(key).or_default(), (1, 0, row.time, row.time));
                }
            }
            let rollups = rollups_of(&rows, window_rows);
            prop_assert_eq!(activity_of(&rollups.activity_rows.chunk), activity);
            prop_assert_eq!(resources_of(&rollups.resource_rows.chunk), resources);
        }
    }

    #[test]
    fn a_complete_group_is_one_row() {
        let row = |minutes: i64| Row {
            time: minutes * 60 * SECOND,
            name: Some("a".to_owned()),
            read_only: None,
            is_error: false,
            touched: Vec::new(),
        };
        let rows: Vec<Row> = (0..30).map(row).collect();
        assert_eq!(
            rollups_of(&rows, 7).activity_rows.chunk.rows(),
            2,
            "two buckets, whatever the windows"
        );
    }

    #[test]
    fn too_many_groups_are_given_out_in_parts_that_add_up() {
        let n_names = limits::ROLLUP_GROUPS_MAX + 10;
        let row = |n: usize| Row {
            time: 0,
            name: Some(format!("name-{}", n % n_names)),
            read_only: None,
            is_error: false,
            touched: Vec::new(),
        };
        // Content orders rows of one time: the first names come again at the end.
        let rows: Vec<Row> = (0..n_names + 100).map(row).collect();
        let rollups = rollups_of(&rows, usize::MAX);
        assert_eq!(
            rollups.activity_rows.chunk.rows(),
            n_names + 100,
            "a second row for those that came again"
        );
        let found = activity_of(&rollups.activity_rows.chunk);
        assert_eq!(found.len(), n_names);
        let of = |n: usize| found[&(0, Some(format!("name-{n}")), None)].0;
        assert_eq!((of(0), of(99), of(100)), (2, 2, 1));
    }
}
