//! What is left to read: the listing against the books of the dataset.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use crate::commit::{Coverage, DataFile};
use crate::config::RunConfig;
use crate::plan::{self, Again, History, Planner, Reading};
use crate::select::Span;
use crate::sink::dataset::Dataset;
use crate::source::{DeliveryObject, ForeignObject, Listing, Sources};
use crate::table::objects::{self, Status, object_hash};
use crate::trail::time::DAY;

/// What a run has to do.
#[derive(Debug)]
pub(super) struct Outstanding {
    /// The groups to read, in the order in which they are committed.
    pub(super) groups: Vec<Group>,
    /// Digests and foreign objects that are not in the books yet.
    pub(super) aside: Aside,
    /// Objects that were read before.
    pub(super) skipped: u64,
}

/// Objects that are committed together.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) objects: Arc<[DeliveryObject]>,
    /// What is known of each.
    pub(super) histories: Vec<History>,
}

/// What goes into the books without being read.
#[derive(Debug, Default)]
pub(super) struct Aside {
    pub(super) digests: Vec<DeliveryObject>,
    pub(super) foreign: Vec<ForeignObject>,
}

impl Outstanding {
    /// Returns how many bytes and objects are to be read.
    pub(super) fn tally(&self) -> (u64, u64) {
        let objects = || self.groups.iter().flat_map(|group| group.objects.iter());
        (
            objects().map(|object| object.size).sum(),
            objects().count() as u64,
        )
    }
}

/// Compares a listing, whose objects it takes, with the books.
pub(super) fn outstanding(
    config: &RunConfig,
    dataset: &Dataset,
    listing: &mut Listing,
) -> Result<Outstanding> {
    let objects = std::mem::take(&mut listing.objects);
    let digests = std::mem::take(&mut listing.digests);
    let foreign = std::mem::take(&mut listing.foreign_objects);
    let hashes = objects
        .iter()
        .chain(&digests)
        .map(hash_of)
        .chain(foreign.iter().map(hash_of_foreign));
    let mut planner = Planner::new(hashes, config.selection.span(), config.again);
    let days = Days::of(&objects, &digests, !foreign.is_empty());
    each_reading(dataset, &days, |reading| planner.note(&reading))?;

    let (n_objects, n_digests) = (objects.len(), digests.len());
    let mut planned = planner.finish().into_iter().peekable();
    let all = pick(objects, 0, &mut planned);
    let digests = pick(digests, n_objects, &mut planned);
    let foreign = pick(foreign, n_objects + n_digests, &mut planned);
    Ok(Outstanding {
        skipped: (n_objects - all.len()) as u64,
        groups: cut(all, config.group_bytes),
        aside: Aside {
            digests: without_again(digests),
            foreign: without_again(foreign),
        },
    })
}

/// Takes the items that are planned, whose numbers begin at `first`.
fn pick<T>(
    items: Vec<T>,
    first: usize,
    planned: &mut Peekable<impl Iterator<Item = (usize, History)>>,
) -> Vec<(T, History)> {
    let numbered = items.into_iter().zip(first..);
    numbered
        .filter_map(|(item, number)| {
            let (_, history) = planned.next_if(|(planned, _)| *planned == number)?;
            Some((item, history))
        })
        .collect()
}

/// What is not read stands in the books once, however often objects are read again.
fn without_again<T>(items: Vec<(T, History)>) -> Vec<T> {
    let new = items.into_iter().filter(|(_, history)| !history.again);
    new.map(|(item, _)| item).collect()
}

/// Cuts what is to be read into commit groups. What cannot be read without being restored has no bytes to read.
fn cut(all: Vec<(DeliveryObject, History)>, bytes_max: u64) -> Vec<Group> {
    let size =
        |(object, _): &(DeliveryObject, History)| if object.archived { 0 } else { object.size };
    let lengths = plan::groups(all.iter().map(size), bytes_max);
    let mut all = all.into_iter();
    let mut group = |length| {
        let (objects, histories): (Vec<_>, _) = all.by_ref().take(length).unzip();
        Group {
            objects: objects.into(),
            histories,
        }
    };
    lengths.into_iter().map(&mut group).collect()
}

/// Returns what tells a version of an object from all others.
pub(super) fn hash_of(object: &DeliveryObject) -> u128 {
    let etag = object.etag.as_ref().map(ToString::to_string);
    object_hash(&object.source, &object.object, etag.as_deref(), object.size)
}

/// As [`hash_of`], of a foreign object.
pub(super) fn hash_of_foreign(object: &ForeignObject) -> u128 {
    object_hash(&object.source, &object.object, None, object.size)
}

/// The partitions of `objects` in which listed objects can stand.
struct Days {
    days: BTreeSet<i64>,
    /// Whether there are objects whose name gives no day.
    has_undated: bool,
}

impl Days {
    fn of(objects: &[DeliveryObject], digests: &[DeliveryObject], has_foreign: bool) -> Self {
        let listed = || objects.iter().chain(digests);
        let day = |object: &DeliveryObject| Some(object.delivery_time?.div_euclid(DAY));
        Self {
            days: listed().filter_map(day).collect(),
            has_undated: has_foreign || listed().any(|object| object.delivery_time.is_none()),
        }
    }

    fn has(&self, file: &DataFile) -> bool {
        file.times
            .is_none_or(|(first, _)| self.days.contains(&first.div_euclid(DAY)))
    }
}

/// Hands out what the books say of each reading that can matter.
fn each_reading(dataset: &Dataset, days: &Days, mut each: impl FnMut(Reading)) -> Result<()> {
    for file in dataset.files(&objects::TABLE) {
        let is_of_days = days.has(file);
        if !is_of_days && !days.has_undated {
            continue;
        }
        readings_of(dataset, file, is_of_days, &mut each)
            .with_context(|| format!("read {}/{}", dataset.address(), file.path))?;
    }
    Ok(())
}

fn readings_of(
    dataset: &Dataset,
    file: &DataFile,
    is_of_days: bool,
    each: &mut impl FnMut(Reading),
) -> Result<()> {
    const COLUMNS: [&str; 7] = [
        "object_hash",
        "status",
        "selected_from",
        "selected_to",
        "first_event_time",
        "last_event_time",
        "rejected",
    ];
    let builder = ParquetRecordBatchReaderBuilder::try_new(dataset.open(file)?)?;
    if !is_of_days && !has_undated(builder.metadata()) {
        return Ok(());
    }
    let mask = ProjectionMask::columns(builder.parquet_schema(), COLUMNS);
    for batch in builder.with_projection(mask).build()? {
        readings(&batch?, each)?;
    }
    Ok(())
}

/// Whether a file has rows without a delivery time.
fn has_undated(metadata: &ParquetMetaData) -> bool {
    let columns = metadata.file_metadata().schema_descr().columns();
    let time = columns
        .iter()
        .position(|column| column.path().string() == "delivery_time");
    time.is_none_or(|time| {
        metadata.row_groups().iter().any(|group| {
            let nulls = group
                .column(time)
                .statistics()
                .and_then(Statistics::null_count_opt);
            nulls != Some(0)
        })
    })
}

fn readings(batch: &RecordBatch, each: &mut impl FnMut(Reading)) -> Result<()> {
    let column = |name: &str| {
        batch.column_by_name(name).with_context(|| {
            format!("it has no column {name}: a trailmill before 0.2 wrote it; begin a new dataset")
        })
    };
    let time = |name: &str| {
        let times = column(name)?.as_primitive_opt::<TimestampMicrosecondType>();
        times.with_context(|| format!("{name} is no time"))
    };
    let hashes = column("object_hash")?
        .as_binary_opt::<i32>()
        .context("object_hash is no binary")?;
    let status = column("status")?
        .as_string_opt::<i32>()
        .context("status is no text")?;
    let rejected = column("rejected")?
        .as_primitive_opt::<Int64Type>()
        .context("rejected is no number")?;
    let (from, to) = (time("selected_from")?, time("selected_to")?);
    let (first, last) = (time("first_event_time")?, time("last_event_time")?);
    for row in 0..batch.num_rows() {
        let value = |times: &arrow::array::TimestampMicrosecondArray| {
            times.is_valid(row).then(|| times.value(row))
        };
        let status = Status::of_name(status.value(row))
            .with_context(|| format!("{} is no status", status.value(row)))?;
        each(Reading {
            hash: u128::from_be_bytes(
                hashes
                    .value(row)
                    .try_into()
                    .context("object_hash is no hash")?,
            ),
            wanted: Span::new(value(from), value(to)),
            events: value(first).zip(value(last)),
            status,
            has_rejects: status == Status::Corrupt
                || rejected.is_valid(row) && rejected.value(row) > 0,
        });
    }
    Ok(())
}

/// Returns from which day on each region's folder has to be listed: what lies longer before the last day that is known than the late window
/// is not looked at again. Of a dataset that does not know all that is wanted, everything is listed.
pub(super) fn since(config: &RunConfig, dataset: &Dataset) -> BTreeMap<String, i64> {
    let Some(coverage) = dataset
        .coverage()
        .filter(|of| config.again == Again::Never && is_within(config, of))
    else {
        return BTreeMap::new();
    };
    let late = i64::from(config.late_window_days);
    let known = coverage.through.iter();
    known
        .map(|(folder, day)| (folder.clone(), (day - late) * DAY))
        .collect()
}

/// Whether the wanted events are among those of which the coverage speaks.
fn is_within(config: &RunConfig, coverage: &Coverage) -> bool {
    config.selection.from.unwrap_or(i64::MIN) >= coverage.from.unwrap_or(i64::MIN)
}

/// What a listing says of regions in S3.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// By region folder: the last delivery day that has an object.
    last_days: BTreeMap<String, i64>,
    /// By region folder: the first delivery day that has an object that could not be read.
    failed_days: BTreeMap<String, i64>,
}

impl Listed {
    /// Notes what was found of regions that were listed as far as they were wanted.
    pub(super) fn of(listing: &Listing, sources: &Sources) -> Self {
        let mut listed = Self::default();
        let mut last: Option<(String, bool)> = None;
        for object in listing.objects.iter().chain(&listing.digests) {
            let (Some(time), Some(folder)) = (object.delivery_time, object.region_folder()) else {
                continue;
            };
            // Neighbours mostly lie in the same folder.
            let is_covered = match &last {
                Some((before, is_covered)) if *before == folder => *is_covered,
                _ => sources.cover_in_s3(&folder),
            };
            if is_covered {
                let day = listed.last_days.entry(folder.clone()).or_insert(i64::MIN);
                *day = (*day).max(time.div_euclid(DAY));
            }
            last = Some((folder, is_covered));
        }
        listed
    }

    /// Notes an object that could not be read, and is still there.
    pub(super) fn note_failed(&mut self, object: &DeliveryObject) {
        let (Some(time), Some(folder)) = (object.delivery_time, object.region_folder()) else {
            return;
        };
        let day = time.div_euclid(DAY);
        let first = self.failed_days.entry(folder).or_insert(day);
        *first = day.min(*first);
    }

    /// Returns how far the bucket is known when all else is read. A run that ends at some time tells nothing.
    pub(super) fn coverage(&self, config: &RunConfig, dataset: &Dataset) -> Option<Coverage> {
        if config.selection.to.is_some() {
            return dataset.coverage().cloned();
        }
        let before = dataset.coverage().filter(|of| is_within(config, of));
        let mut through = before.map(|of| of.through.clone()).unwrap_or_default();
        // A key from the future must not keep those of today from being listed tomorrow.
        let today = config.now.div_euclid(DAY);
        for (folder, day) in &self.last_days {
            through.insert(folder.clone(), (*day).min(today));
        }
        // What could not be read is looked for until it can, or is gone.
        for (folder, failed) in &self.failed_days {
            if let Some(day) = through.get_mut(folder) {
                *day = (*day).min(*failed);
            }
        }
        Some(Coverage {
            from: config.selection.from,
            through,
        })
    }
}
