//! Rollups: windows of events to counted groups. Events come in order of time, so a group is complete, and
//! given out, as soon as its bucket or day is over; where there are too many groups for that, they are given out
//! before, and the rest as further rows: rows are additive partials.
//!
//! Both tables number the texts of their keys in one dictionary, and their rows keep the numbers: each text is looked up
//! once. The texts of rows that are given out are put in order first, and the rows then by numbers alone.

pub mod fold;
mod groups;

use std::io;

use rayon::prelude::*;

use crate::limits;
use crate::table::chunk::{Chunk, IdMap, Numbers, Sorted};
use crate::table::dict::Dict;
use crate::table::events::Col as Event;
use crate::table::merge::Window;
use crate::table::{Table, activity, resource_activity};
use crate::trail::time::DAY;
use groups::{Groups, Key, TRUE};

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
    activity: Groups,
    resources: Groups,
    /// Keys of resources that are to be counted, and when they were touched.
    touches: Vec<(Key, i64)>,
    /// Complete groups of a table are given out when they take more.
    bytes_max: usize,
}

/// What events are grouped by, looked up once for both tables: the key of `activity`, then what only the other has.
const PARTS: [Event; 13] = [
    Event::recipient_account_id,
    Event::aws_region,
    Event::event_source,
    Event::event_name,
    Event::event_category,
    Event::management_event,
    Event::principal,
    Event::user_type,
    Event::source_ip_address,
    Event::error_code,
    Event::read_only,
    Event::mcp_channel,
    Event::is_error,
];

/// What a window's rows point into, to be looked up.
struct Block<'w> {
    chunk: &'w Chunk,
    columns: [Numbers<'w>; PARTS.len()],
    /// The numbers that its texts have in the rollups' dictionary.
    ids: IdMap,
}

impl<'w> Block<'w> {
    fn new(chunk: &'w Chunk) -> Self {
        Self {
            chunk,
            columns: PARTS.map(|column| chunk.numbers(column)),
            ids: IdMap::new(chunk.dictionary_len()),
        }
    }
}

/// Rows whose keys are looked up together: few enough to stay in the cache until they are counted.
const BATCH_ROWS: usize = 512;
/// Touched resources that are counted together.
const BATCH_TOUCHES: usize = 256;

impl Rollups {
    /// Begins.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            dict: Dict::default(),
            activity: Groups::new(&activity::TABLE),
            resources: Groups::new(&resource_activity::TABLE),
            touches: Vec::with_capacity(BATCH_TOUCHES),
            bytes_max: limits::ROLLUP_BYTES,
        }
    }

    /// Counts the events of a window. Windows come in order. What becomes too much is given to `take`, in order.
    ///
    /// # Errors
    ///
    /// Returns the first error of `take`.
    pub fn observe(&mut self, window: &Window, take: Take<'_>) -> io::Result<()> {
        let new_blocks = || -> Vec<Block<'_>> {
            let chunks = window.blocks.iter().map(|block| block.chunk());
            chunks.map(Block::new).collect()
        };
        let mut blocks = new_blocks();
        let mut left = window.rows.as_slice();
        while !left.is_empty() {
            let (rows, rest) = left.split_at(batch(&blocks, left));
            left = rest;
            if self.dict.bytes() > limits::ROLLUP_TEXT_BYTES_MAX {
                self.start_over(take)?;
                blocks = new_blocks();
            }
            let parts = self.parts(rows, &mut blocks);
            for ((block, row), parts) in rows.iter().zip(parts) {
                let (block, row) = (&mut blocks[*block as usize], *row as usize);
                let time = block
                    .chunk
                    .get_int(Event::event_time, row)
                    .unwrap_or(i64::MIN);
                if self.options.activity {
                    let bucket = time.div_euclid(self.options.bucket) * self.options.bucket;
                    let [key @ .., is_error] = parts;
                    self.activity.count(bucket, key, time, is_error == TRUE);
                }
                if self.options.resource_activity {
                    self.touch(block, row, parts, (window.day * DAY, time));
                }
            }
            self.count_touches(window.day * DAY);
            self.give_out(self.bytes_max, take)?;
        }
        Ok(())
    }

    /// Returns complete rows of each table that has many, before they become too much: putting them in order is work that another
    /// thread can take.
    pub fn take_many(&mut self) -> Vec<Sorted> {
        self.take_beyond(self.bytes_max / 4)
    }

    /// Returns the parts of the keys of some rows.
    fn parts(&mut self, rows: &[(u32, u32)], blocks: &mut [Block<'_>]) -> Vec<[u32; PARTS.len()]> {
        let mut parts = vec![[0; PARTS.len()]; rows.len()];
        // Rows lie scattered over the blocks. Going by column, several are waited for at once.
        for nth in 0..PARTS.len() {
            for (parts, (block, row)) in parts.iter_mut().zip(rows) {
                let Block { columns, ids, .. } = &mut blocks[*block as usize];
                parts[nth] = columns[nth].get(*row as usize, ids, &mut self.dict);
            }
        }
        parts
    }

    /// Notes what an event touched. A resource's group is one of very many, so they are looked for together.
    fn touch(
        &mut self,
        Block { chunk, ids, .. }: &mut Block<'_>,
        row: usize,
        parts: [u32; PARTS.len()],
        (day, time): (i64, i64),
    ) {
        let touched = chunk.get_list(Event::touched, row).unwrap_or_default();
        let [
            account,
            region,
            source,
            name,
            _,
            _,
            principal,
            _,
            ip,
            _,
            read_only,
            channel,
            is_error,
        ] = parts;
        for touch in touched.as_chunks().0 {
            let [arn, kind, evidence] = touch.map(|id| chunk.map_id(id, ids, &mut self.dict));
            let key = [
                arn, kind, account, region, source, name, principal, ip, read_only, channel,
                is_error, evidence,
            ];
            self.touches.push((key, time));
            if self.touches.len() == BATCH_TOUCHES {
                self.count_touches(day);
            }
        }
    }

    fn count_touches(&mut self, day: i64) {
        self.resources.wait_for(&self.touches);
        for (key, time) in self.touches.drain(..) {
            self.resources.count(day, key, time, false);
        }
    }

    /// Completes all groups, gives out their rows, and forgets all texts.
    fn start_over(&mut self, take: Take<'_>) -> io::Result<()> {
        self.activity.complete();
        self.resources.complete();
        self.give_out(0, take)?;
        self.dict = Dict::default();
        Ok(())
    }

    /// Gives out the complete rows of each table that has more than so many bytes of them.
    fn give_out(&mut self, bytes_max: usize, take: Take<'_>) -> io::Result<()> {
        self.take_beyond(bytes_max).into_iter().try_for_each(take)
    }

    /// Returns the complete rows of each table that has more than so many bytes of them.
    fn take_beyond(&mut self, bytes_max: usize) -> Vec<Sorted> {
        let mut full = vec![&mut self.activity, &mut self.resources];
        full.retain(|groups| groups.bytes() > bytes_max);
        full.into_par_iter()
            .with_max_len(1)
            .map(|groups| groups.take(&self.dict))
            .collect()
    }

    /// Completes all groups, and hands what rows are left of each table to `with`, those of one beside those of the other.
    pub fn finish<R: Send>(
        self,
        with: impl Fn(&'static Table, Option<Sorted>) -> R + Sync,
    ) -> Vec<R> {
        let dict = self.dict;
        let finish = |mut groups: Groups| {
            groups.complete();
            let rows = (groups.bytes() > 0).then(|| groups.take(&dict));
            let table = groups.table();
            drop(groups);
            with(table, rows)
        };
        let both = vec![self.activity, self.resources].into_par_iter();
        both.with_max_len(1).map(finish).collect()
    }
}

/// How many of some rows are looked up together: fewer where they are large, for the dictionary takes all their texts.
fn batch(blocks: &[Block<'_>], rows: &[(u32, u32)]) -> usize {
    let size = |(block, row): &(u32, u32)| blocks[*block as usize].chunk.row_size(*row as usize);
    let mut left = limits::ROLLUP_TEXT_BYTES_MAX / 4;
    let fits = |row: &&(u32, u32)| {
        let fits = left > 0;
        left = left.saturating_sub(size(row));
        fits
    };
    rows.iter().take(BATCH_ROWS).take_while(fits).count()
}

/// Takes rows that are given out.
pub type Take<'t> = &'t mut dyn FnMut(Sorted) -> io::Result<()>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::chunk::compare;
    use crate::table::events::COLUMNS;
    use crate::table::merge::{Merge, Run, WindowLimits};
    use crate::table::{Kind, events};
    use crate::trail::time::SECOND;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const BUCKET: i64 = 900 * SECOND;
    const ALL: Options = Options {
        bucket: BUCKET,
        activity: true,
        resource_activity: true,
    };

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
                let touched = row.touched.iter();
                let texts = touched.flat_map(|arn| [Some(arn.as_str()), None, Some("request")]);
                chunk.list(Event::touched, texts);
            }
            chunk.int(Event::content_hash, place); // no two are copies
            chunk.end_row();
        }
        chunk
    }

    fn observe(rollups: &mut Rollups, window: &Window, given: &mut Vec<Sorted>) {
        let mut take = |rows| {
            given.push(rows);
            Ok(())
        };
        rollups.observe(window, &mut take).expect("in memory");
    }

    /// All rows of a chunk.
    fn window_of(chunk: Chunk) -> Window {
        let run: Run = Box::new(std::iter::once(Ok(chunk.sort())));
        let (rows, bytes) = (usize::MAX, usize::MAX);
        let limits = WindowLimits { rows, bytes };
        let mut merge = Merge::new(&events::TABLE, vec![run], limits).expect("in memory");
        merge.next_window().expect("in memory").expect("rows")
    }

    /// The rows of a table that are given out, after each window those that have more than so many bytes.
    fn rolled_up(table: &Table, rows: &[Row], window_rows: usize, bytes_max: usize) -> Vec<Sorted> {
        let run: Run = Box::new(std::iter::once(Ok(chunk_of(rows).sort())));
        let limits = WindowLimits {
            rows: window_rows,
            bytes: usize::MAX,
        };
        let mut merge = Merge::new(&events::TABLE, vec![run], limits).expect("in memory");
        let mut rollups = Rollups {
            bytes_max,
            ..Rollups::new(ALL)
        };
        let mut given = Vec::new();
        while let Some(window) = merge.next_window().expect("in memory") {
            observe(&mut rollups, &window, &mut given);
        }
        given.extend(rollups.finish(|_, rows| rows).into_iter().flatten());
        given.retain(|run| run.chunk().table().name == table.name);
        given
    }

    fn is_in_order(run: &Sorted) -> bool {
        let (chunk, order) = (run.chunk(), run.chunk().table().order);
        (1..run.len())
            .all(|nth| compare(chunk, run.row(nth - 1), chunk, run.row(nth), order).is_le())
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

    type NaiveKey = (i64, Option<String>, Option<bool>);

    fn rows_of(runs: &[Sorted]) -> impl Iterator<Item = (&Chunk, usize)> {
        runs.iter()
            .flat_map(|run| (0..run.len()).map(|row| (run.chunk(), row)))
    }

    fn activity_of(runs: &[Sorted]) -> BTreeMap<NaiveKey, Sums> {
        use activity::Col;
        let mut found = BTreeMap::new();
        for (chunk, row) in rows_of(runs) {
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

    fn resources_of(runs: &[Sorted]) -> BTreeMap<(i64, String, Option<String>), Sums> {
        use resource_activity::Col;
        let mut found = BTreeMap::new();
        for (chunk, row) in rows_of(runs) {
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
        fn sums_are_those_of_a_naive_count(
            rows in any_rows(),
            window_rows in 1..30_usize,
            bytes_max in 0..2000_usize,
        ) {
            let mut activity: BTreeMap<NaiveKey, Sums> = BTreeMap::new();
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
            let runs = rolled_up(&activity::TABLE, &rows, window_rows, bytes_max);
            prop_assert!(runs.iter().all(is_in_order));
            prop_assert_eq!(rows_of(&runs).count(), activity.len(), "each group is one row");
            prop_assert_eq!(activity_of(&runs), activity);
            let runs = rolled_up(&resource_activity::TABLE, &rows, window_rows, bytes_max);
            prop_assert!(runs.iter().all(is_in_order));
            prop_assert_eq!(resources_of(&runs), resources);
        }
    }

    fn at(minutes: i64) -> Row {
        Row {
            time: minutes * 60 * SECOND,
            name: Some("a".to_owned()),
            read_only: None,
            is_error: false,
            touched: Vec::new(),
        }
    }

    #[test]
    fn a_complete_group_is_one_row() {
        let rows: Vec<Row> = (0..30).map(at).collect();
        let runs = rolled_up(&activity::TABLE, &rows, 7, usize::MAX);
        assert_eq!(
            rows_of(&runs).count(),
            2,
            "two buckets, whatever the windows"
        );
    }

    #[test]
    fn complete_rows_can_be_taken_before_they_are_too_much() {
        let window = window_of(chunk_of(&[at(0), at(20)]));
        // The first bucket is complete, with one group of some 90 bytes, and a quarter of what is too much is many.
        for (bytes_max, expected) in [(100, 1), (1000, 0)] {
            let mut rollups = Rollups {
                bytes_max,
                ..Rollups::new(ALL)
            };
            let mut given = Vec::new();
            observe(&mut rollups, &window, &mut given);
            assert!(given.is_empty());
            let mut runs = rollups.take_many();
            assert_eq!(rows_of(&runs).count(), expected);
            runs.extend(rollups.finish(|_, rows| rows).into_iter().flatten());
            assert_eq!(activity_of(&runs).len(), 2);
        }
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
        let runs = rolled_up(&activity::TABLE, &rows, usize::MAX, usize::MAX);
        assert_eq!(
            rows_of(&runs).count(),
            n_names + 100,
            "a second row for those that came again"
        );
        assert!(runs.iter().all(is_in_order));
        let found = activity_of(&runs);
        assert_eq!(found.len(), n_names);
        let of = |n: usize| found[&(0, Some(format!("name-{n}")), None)].0;
        assert_eq!((of(0), of(99), of(100)), (2, 2, 1));
    }

    #[test]
    fn too_many_texts_are_gathered_anew() {
        let long = "x".repeat(limits::TEXT_BYTES_MAX - 8);
        let row = |n: usize| Row {
            time: 0,
            name: Some(format!("{n:08}{long}")),
            read_only: None,
            is_error: false,
            touched: Vec::new(),
        };
        let n_texts = limits::ROLLUP_TEXT_BYTES_MAX / limits::TEXT_BYTES_MAX * 3 / 2;
        let rows: Vec<Row> = (0..n_texts).chain([0]).map(row).collect();
        let runs = rolled_up(&activity::TABLE, &rows, 100, usize::MAX);
        let lengths: Vec<usize> = runs.iter().map(Sorted::len).collect();
        assert_eq!(lengths.len(), 2, "{lengths:?}");
        assert_eq!(
            lengths[0] + lengths[1],
            n_texts + 1,
            "the first name has a row in each"
        );
        let events = activity_of(&runs).values().map(|sums| sums.0).sum::<i64>();
        assert_eq!(events.cast_unsigned(), 1 + n_texts as u64);
    }

    /// An event whose texts are the names of their columns.
    fn event_of_names() -> Chunk {
        let mut chunk = Chunk::new(&events::TABLE);
        chunk.int(Event::event_time, 0);
        for column in PARTS {
            let about = &COLUMNS[column as usize];
            match about.kind {
                Kind::Bool => chunk.bool(column, true),
                _ => chunk.text(column, about.name),
            };
        }
        let touched = ["resource_arn", "resource_type", "resource_evidence"];
        chunk.list(Event::touched, touched.map(Some));
        chunk.end_row();
        chunk
    }

    #[test]
    fn every_part_of_a_key_and_every_count_is_in_its_column() {
        let window = window_of(event_of_names());
        let mut rollups = Rollups::new(ALL);
        observe(&mut rollups, &window, &mut Vec::new());
        let runs: Vec<Sorted> = rollups
            .finish(|_, rows| rows)
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(runs.len(), 2);
        for run in &runs {
            let (chunk, table) = (run.chunk(), run.chunk().table());
            for (place, column) in table.columns.iter().enumerate() {
                let (text, int) = (chunk.get_text(place, 0), chunk.get_int(place, 0));
                let name = column.name;
                match column.kind {
                    Kind::Text => assert_eq!(text, Some(name)),
                    Kind::Bool => assert_eq!(chunk.get_bool(place, 0), Some(true), "{name}"),
                    Kind::Int64 => assert_eq!(int, Some(1), "{name}"),
                    _ => assert_eq!(int, Some(0), "{name}"),
                }
            }
        }
    }
}
