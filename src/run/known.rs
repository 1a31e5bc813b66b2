//! Which rows of a window stand in the dataset already: a merge-join of the window with the files of its partition.
//!
//! Row groups are in the order of time, as windows are, so each is read once, from the first that can matter on. Of a file only time
//! and content hash are read, 12 bytes a row on disk. Where both are equal, the ids of those rows are read and decide.

use std::collections::{HashSet, VecDeque};

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
    RowSelector,
};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use crate::commit::DataFile;
use crate::sink::dataset::Dataset;
use crate::sink::reader::DataReader;
use crate::table::Table;
use crate::table::merge::Window;
use crate::trail::time::DAY;

/// The rows that a dataset has of a table of records, for windows that come in order.
#[derive(Debug)]
pub struct Known<'d> {
    dataset: &'d Dataset,
    table: &'static Table,
    day: Option<i64>,
    /// The files of that day.
    files: Vec<KnownFile>,
}

impl<'d> Known<'d> {
    /// Begins with a table.
    pub fn new(dataset: &'d Dataset, table: &'static Table) -> Self {
        Self {
            dataset,
            table,
            day: None,
            files: Vec::new(),
        }
    }

    /// Takes the rows of a window that the dataset has out of those that stay: they are copies.
    ///
    /// # Errors
    ///
    /// Returns what reading the dataset gave.
    pub fn set_aside(&mut self, window: &mut Window) -> Result<()> {
        if self.day != Some(window.day) {
            self.day = Some(window.day);
            self.files = self.files_of(window.day);
        }
        if self.files.is_empty() {
            return Ok(());
        }
        let Some(wanted) = Wanted::of(self.table, window) else {
            return Ok(());
        };
        let mut known = HashSet::new();
        for file in &mut self.files {
            file.find(self.dataset, self.table, &wanted, window, &mut known)
                .with_context(|| format!("read {}/{}", self.dataset.address(), file.file.path))?;
        }
        if known.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut window.rows);
        for (nth, row) in rows.into_iter().enumerate() {
            if known.contains(&nth) {
                window.copies.push(row);
            } else {
                window.rows.push(row);
            }
        }
        Ok(())
    }

    fn files_of(&self, day: i64) -> Vec<KnownFile> {
        let span = (day * DAY, day * DAY + DAY - 1);
        let of_day = |file: &&DataFile| {
            file.times
                .is_none_or(|(first, last)| first <= span.1 && span.0 <= last)
        };
        let files = self.dataset.files(self.table).filter(of_day);
        let known = |file: &DataFile| KnownFile {
            file: file.clone(),
            open: None,
        };
        files.map(known).collect()
    }
}

/// The rows of a window that stay, by their content.
struct Wanted {
    first: i64,
    last: i64,
    /// Hash and place among the rows, in order.
    hashes: Vec<(i64, usize)>,
    /// A bit for each value of the upper bits of a hash that occurs: most rows of a file are done with here.
    filter: Vec<u64>,
}

/// Eight bits a row of the largest window.
const FILTER_BITS: u32 = 20;

impl Wanted {
    fn of(table: &Table, window: &Window) -> Option<Self> {
        let int = |column: usize, (block, row): (u32, u32)| {
            let chunk = window.blocks[block as usize].chunk();
            chunk.get_int(column, row as usize).unwrap_or_default()
        };
        let (time, hash) = (table.order[0], table.order[3]);
        let mut wanted = Self {
            first: int(time, *window.rows.first()?),
            last: int(time, *window.rows.last()?),
            hashes: Vec::with_capacity(window.rows.len()),
            filter: vec![0; 1 << (FILTER_BITS - 6)],
        };
        for (nth, row) in window.rows.iter().enumerate() {
            let hash = int(hash, *row);
            wanted.hashes.push((hash, nth));
            let bit = filter_bit(hash);
            wanted.filter[bit / 64] |= 1 << (bit % 64);
        }
        wanted.hashes.sort_unstable();
        Some(wanted)
    }

    /// Returns the rows with that content.
    fn rows(&self, hash: i64) -> impl Iterator<Item = usize> {
        let bit = filter_bit(hash);
        let first = if self.filter[bit / 64] >> (bit % 64) & 1 == 0 {
            self.hashes.len()
        } else {
            self.hashes.partition_point(|(other, _)| *other < hash)
        };
        let same = self.hashes[first..]
            .iter()
            .take_while(move |(other, _)| *other == hash);
        same.map(|(_, nth)| *nth)
    }
}

fn filter_bit(hash: i64) -> usize {
    usize::try_from(hash.cast_unsigned() >> (64 - FILTER_BITS)).unwrap_or_default()
}

/// A file of the partition at hand.
#[derive(Debug)]
struct KnownFile {
    file: DataFile,
    open: Option<OpenFile>,
}

#[derive(Debug)]
struct OpenFile {
    data: DataReader,
    metadata: ArrowReaderMetadata,
    /// The next row group that is read, and the number in the file of its first row.
    next_group: usize,
    next_row: usize,
    /// Row groups that may matter to this window or the next.
    ahead: VecDeque<Group>,
}

/// Times and content hashes of a row group, 16 bytes a row.
#[derive(Debug)]
struct Group {
    first_row: usize,
    last_time: i64,
    rows: Vec<(i64, i64)>,
}

impl KnownFile {
    /// Adds the rows of a window that are in the file.
    fn find(
        &mut self,
        dataset: &Dataset,
        table: &Table,
        wanted: &Wanted,
        window: &Window,
        known: &mut HashSet<usize>,
    ) -> Result<()> {
        if self
            .file
            .times
            .is_some_and(|(first, last)| last < wanted.first || wanted.last < first)
        {
            return Ok(());
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(OpenFile::new(
                dataset.open(&self.file)?,
                table,
                wanted.first,
            )?),
        };
        let found = open.matches(table, wanted)?;
        open.confirm(table, window, &found, known)
    }
}

impl OpenFile {
    /// Opens a file at the first row group that reaches that time.
    fn new(data: DataReader, table: &Table, time: i64) -> Result<Self> {
        let metadata = ArrowReaderMetadata::load(
            &data,
            parquet::arrow::arrow_reader::ArrowReaderOptions::new(),
        )?;
        let column = column(&metadata, name(table, 0))?;
        let groups = metadata.metadata().row_groups();
        let ends_before = |group: &&RowGroupMetaData| {
            matches!(group.column(column).statistics(),
                Some(Statistics::Int64(of)) if of.max_opt().is_some_and(|max| *max < time))
        };
        let skipped = groups.iter().take_while(ends_before);
        let (mut next_group, mut next_row) = (0, 0);
        for group in skipped {
            next_group += 1;
            next_row += usize::try_from(group.num_rows())?;
        }
        Ok(Self {
            data,
            metadata,
            next_group,
            next_row,
            ahead: VecDeque::new(),
        })
    }

    /// Returns rows of the file with rows of the window that have their time and content.
    fn matches(&mut self, table: &Table, wanted: &Wanted) -> Result<Vec<(usize, usize)>> {
        while self
            .ahead
            .front()
            .is_some_and(|group| group.last_time < wanted.first)
        {
            self.ahead.pop_front();
        }
        let mut found = Vec::new();
        let mut nth = 0;
        loop {
            if nth == self.ahead.len() {
                let Some(group) = self.read_group(table)? else {
                    break;
                };
                self.ahead.push_back(group);
            }
            let group = &self.ahead[nth];
            for (row, (time, hash)) in group.rows.iter().enumerate() {
                if (wanted.first..=wanted.last).contains(time) {
                    let in_window = wanted.rows(*hash);
                    found.extend(in_window.map(|in_window| (group.first_row + row, in_window)));
                }
            }
            // Rows of the window's last time can go on in the next row group, and matter to the next window.
            if group.last_time > wanted.last {
                break;
            }
            nth += 1;
        }
        Ok(found)
    }

    fn read_group(&mut self, table: &Table) -> Result<Option<Group>> {
        if self.next_group == self.metadata.metadata().num_row_groups() {
            return Ok(None);
        }
        let reader = builder(
            &self.data,
            &self.metadata,
            &[name(table, 0), name(table, 3)],
        )
        .with_row_groups(vec![self.next_group])
        .build()?;
        let mut rows = Vec::new();
        for batch in reader {
            let batch = batch?;
            let times = batch
                .column_by_name(name(table, 0))
                .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
                .context("it has no times")?;
            let hashes = batch
                .column_by_name(name(table, 3))
                .and_then(|column| column.as_primitive_opt::<Int64Type>())
                .context("it has no content hashes")?;
            let values = times.values().iter().zip(hashes.values());
            rows.extend(values.map(|(time, hash)| (*time, *hash)));
        }
        let first_row = self.next_row;
        self.next_group += 1;
        self.next_row += rows.len();
        let times = rows.iter().map(|(time, _)| *time);
        Ok(Some(Group {
            first_row,
            last_time: times.max().unwrap_or(i64::MIN),
            rows,
        }))
    }

    /// Adds those rows of the window whose time and ids are those of the row of the file with their content.
    fn confirm(
        &self,
        table: &Table,
        window: &Window,
        found: &[(usize, usize)],
        known: &mut HashSet<usize>,
    ) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<usize> = found.iter().map(|(row, _)| *row).collect();
        rows.dedup();
        let mut found = found.iter().peekable();
        let mut nth = 0;
        for batch in self.ids(table, &rows)? {
            let batch = batch?;
            let times = batch.column_by_name(name(table, 0));
            let times = times.and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
            let text = |place| {
                batch
                    .column_by_name(name(table, place))
                    .and_then(|c| c.as_string_opt::<i32>())
            };
            let (times, accounts, ids) = (
                times.context("it has no times")?,
                text(1).context("it has no accounts")?,
                text(2).context("it has no event ids")?,
            );
            for row in 0..batch.num_rows() {
                let value = |column: &arrow::array::StringArray| {
                    column.is_valid(row).then(|| column.value(row).to_owned())
                };
                let ids_of_file = (times.value(row), value(accounts), value(ids));
                while let Some((_, in_window)) = found.next_if(|(of, _)| *of == rows[nth]) {
                    if is_of(table, window, *in_window, &ids_of_file) {
                        known.insert(*in_window);
                    }
                }
                nth += 1;
            }
        }
        Ok(())
    }

    /// Reads time and ids of some rows, given in order.
    fn ids(&self, table: &Table, rows: &[usize]) -> Result<ParquetRecordBatchReader> {
        let mut selectors = Vec::new();
        let mut next = 0;
        for row in rows {
            if *row > next {
                selectors.push(RowSelector::skip(row - next));
            }
            selectors.push(RowSelector::select(1));
            next = row + 1;
        }
        let columns = [name(table, 0), name(table, 1), name(table, 2)];
        let reader = builder(&self.data, &self.metadata, &columns);
        Ok(reader
            .with_row_selection(RowSelection::from(selectors))
            .build()?)
    }
}

/// Returns whether a row of the window has that time, account and id.
fn is_of(
    table: &Table,
    window: &Window,
    nth: usize,
    (time, account, id): &(i64, Option<String>, Option<String>),
) -> bool {
    let (block, row) = window.rows[nth];
    let (chunk, row) = (window.blocks[block as usize].chunk(), row as usize);
    chunk.get_int(table.order[0], row) == Some(*time)
        && chunk.get_text(table.order[1], row) == account.as_deref()
        && chunk.get_text(table.order[2], row) == id.as_deref()
}

/// The name of the nth column that orders a table.
fn name(table: &Table, nth: usize) -> &'static str {
    table.columns[table.order[nth]].name
}

fn column(metadata: &ArrowReaderMetadata, name: &str) -> Result<usize> {
    let columns = metadata.parquet_schema().columns();
    let place = columns
        .iter()
        .position(|column| column.path().string() == name);
    place.with_context(|| format!("it has no column {name}"))
}

fn builder(
    data: &DataReader,
    metadata: &ArrowReaderMetadata,
    columns: &[&str],
) -> ParquetRecordBatchReaderBuilder<DataReader> {
    let mask = ProjectionMask::columns(metadata.parquet_schema(), columns.iter().copied());
    ParquetRecordBatchReaderBuilder::new_with_metadata(data.clone(), metadata.clone())
        .with_projection(mask)
}
