//! `trailmill compact`: small files of a partition to fewer, with the same rows. One partition of one table is a commit.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;

use super::proof::Sums;
use super::{Step, Summary, budget, check_bytes, commit_id, open, partitions, pool, runs};
use crate::commit::{DataFile, Entry, Purpose};
use crate::config::CompactConfig;
use crate::limits;
use crate::rollup::fold::Fold;
use crate::sink::dataset::{Dataset, DatasetWriter};
use crate::sink::runs::Runs;
use crate::sink::store::Store;
use crate::summary::peak_memory_bytes;
use crate::table::chunk::{Chunk, Sorted};
use crate::table::merge::{Merge, Run, WindowLimits};
use crate::table::read::{self, RowGroups};
use crate::table::{ADDITIVE, TABLES, Table};
use crate::trail::time::DAY;
use crate::write::Files;

/// Merges the small files of the dataset's older partitions.
///
/// # Errors
///
/// Returns why it failed; what was committed before stays.
pub fn compact(
    config: &CompactConfig,
    place: Arc<dyn Store>,
    stop: &AtomicBool,
) -> Result<Summary> {
    let started = Instant::now();
    let mut dataset = open(place, config.now)?;
    let mut summary = Summary::new(dataset.address());
    let pool = pool(&config.resources)?;
    let todo = todo(&dataset, config)?;
    for (nth, partition) in todo.iter().enumerate() {
        let step = Step {
            stop,
            done: nth,
            planned: todo.len(),
            of: "partitions",
        };
        let mut change = Change::default();
        // More files than are merged at once take several commits.
        while let Some(files) = partition.worth_merging(&dataset, config)? {
            step.check(&dataset)?;
            let merging = Merging {
                config,
                dataset: &dataset,
                partition: *partition,
                stop,
            };
            let runs = runs(&config.resources);
            let merged = pool.install(|| merging.merge(&files, &runs));
            step.check(&dataset)?;
            let (commit_id, added) = merged.with_context(|| {
                format!("compact {} of {}", partition.table.name, dataset.address())
            })?;
            change.note(&files, &added);
            summary.scratch_bytes = summary.scratch_bytes.max(runs.scratch_bytes());
            let entry = Entry {
                added,
                removed: files.into_iter().map(|file| file.path).collect(),
                ..dataset.entry(Purpose::Compact, &commit_id)
            };
            dataset.commit(entry)?;
            summary.commits.push(commit_id);
        }
        summary.add(partition.table.name, &change.gone, &change.new);
    }
    summary.peak_memory_bytes = peak_memory_bytes();
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

/// What several commits come to.
#[derive(Debug, Default)]
struct Change {
    gone: Vec<DataFile>,
    new: Vec<DataFile>,
}

impl Change {
    fn note(&mut self, removed: &[DataFile], added: &[DataFile]) {
        let was_there = |file: &&DataFile| !self.new.contains(file);
        self.gone.extend(removed.iter().filter(was_there).cloned());
        self.new.retain(|file| !removed.contains(file));
        self.new.extend_from_slice(added);
    }
}

/// One day of one table.
#[derive(Debug, Clone, Copy)]
struct Partition {
    table: &'static Table,
    day: i64,
}

/// Returns the partitions that are old enough and have something to gain.
fn todo(dataset: &Dataset, config: &CompactConfig) -> Result<Vec<Partition>> {
    let mut todo = Vec::new();
    for table in TABLES {
        for (day, files) in partitions(dataset, table)? {
            let is_old = day.saturating_mul(DAY) <= config.now.saturating_sub(config.older_than);
            if is_old && worth_merging(files, config.target_bytes).is_some() {
                todo.push(Partition { table, day });
            }
        }
    }
    Ok(todo)
}

impl Partition {
    fn worth_merging(
        self,
        dataset: &Dataset,
        config: &CompactConfig,
    ) -> Result<Option<Vec<DataFile>>> {
        let files = partitions(dataset, self.table)?.remove(&self.day);
        Ok(files.and_then(|files| worth_merging(files, config.target_bytes)))
    }
}

/// Returns the files that are below the target size, where merging them makes them fewer.
fn worth_merging(mut files: Vec<DataFile>, target_bytes: usize) -> Option<Vec<DataFile>> {
    let target_bytes = target_bytes as u64;
    files.retain(|file| file.bytes < target_bytes);
    files.truncate(limits::MERGED_FILES_MAX);
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    (files.len() as u64 > bytes.div_ceil(target_bytes).max(1)).then_some(files)
}

/// Files of a partition that become others.
struct Merging<'m> {
    config: &'m CompactConfig,
    dataset: &'m DatasetWriter,
    partition: Partition,
    stop: &'m AtomicBool,
}

impl Merging<'_> {
    /// Stages the merged files; returns the commit's name, and what to add to the dataset.
    fn merge(&self, files: &[DataFile], runs: &Runs) -> Result<(String, Vec<DataFile>)> {
        let table = self.partition.table;
        let options = format!("{} {}", table.name, self.config.target_bytes);
        let commit_id = commit_id(self.dataset, Purpose::Compact, &options, files);
        let kept: Vec<(Option<Run>, Sums)> = files
            .par_iter()
            .with_max_len(1)
            .map(|file| {
                self.read(file, files.len(), runs)
                    .with_context(|| format!("read {}/{}", self.dataset.address(), file.path))
            })
            .collect::<Result<_>>()?;
        let mut read = Sums::new(table);
        let mut in_order = Vec::new();
        for (run, sums) in kept {
            read.add(&sums);
            in_order.extend(run);
        }
        in_order.extend(runs.take_runs(table).context("merge scratch")?);
        let (added, written) = self.write(in_order, &commit_id)?;
        read.prove(&written, is_additive(table), table)?;
        Ok((commit_id, added))
    }

    /// Reads one of so many files. Its rows are returned as a run where they stand in order, and else sorted, as runs that are to
    /// be taken from `runs`.
    fn read(&self, file: &DataFile, n_files: usize, runs: &Runs) -> Result<(Option<Run>, Sums)> {
        let Partition { table, day } = self.partition;
        check_bytes(self.dataset, file)?;
        let share = self.config.resources.memory_bytes / limits::MEMORY_SHARE_OF_BLOCKS;
        let block_bytes = (share / n_files).clamp(limits::BLOCK_BYTES_MIN, limits::BLOCK_BYTES);
        let groups = RowGroups::new(table, self.dataset.open(file)?, block_bytes)?;
        let mut sums = Sums::new(table);
        let rows = groups.batches().map(|batch| {
            let rows = read::rows(table, day * DAY, &batch?)?;
            for row in 0..rows.rows() {
                sums.add_row(&rows, row);
            }
            self.go_on(rows)
        });
        let run = if table.grouped.is_empty() {
            Some(runs.keep(table, rows.map(|rows| rows.map(Sorted::in_order)))?)
        } else {
            runs.sort(table, rows, budget(&self.config.resources).chunk_bytes)?;
            None
        };
        ensure!(
            sums.rows == file.rows,
            "it has {} rows, and its entry says {} (see trailmill verify)",
            sums.rows,
            file.rows
        );
        Ok((run, sums))
    }

    /// Ends the work where the command was asked to stop.
    fn go_on(&self, rows: Chunk) -> io::Result<Chunk> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("interrupted"));
        }
        Ok(rows)
    }

    fn write(&self, runs: Vec<Run>, commit_id: &str) -> Result<(Vec<DataFile>, Sums)> {
        let table = self.partition.table;
        let mut merge = begin(table, runs)?;
        if is_additive(table) {
            merge = begin(table, vec![Box::new(Fold::new(table, merge))])?;
        }
        let mut files = Files::new(self.dataset, commit_id, table, self.config.target_bytes);
        let mut sums = Sums::new(table);
        while let Some(window) = merge.next_window().context("merge rows")? {
            for (block, row) in &window.rows {
                sums.add_row(window.blocks[*block as usize].chunk(), *row as usize);
            }
            files.write(&window)?;
            ensure!(!self.stop.load(Ordering::Relaxed), "interrupted");
        }
        Ok((files.finish()?.wait()?, sums))
    }
}

fn is_additive(table: &Table) -> bool {
    ADDITIVE.iter().any(|additive| additive.name == table.name)
}

fn begin(table: &'static Table, runs: Vec<Run>) -> Result<Merge> {
    let limits = WindowLimits {
        rows: limits::ROW_GROUP_ROWS,
        bytes: limits::ROW_GROUP_BYTES,
    };
    Merge::of_all(table, runs, limits).context("merge rows")
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn file(path: &str, bytes: u64) -> DataFile {
        DataFile {
            path: path.to_owned(),
            table: String::new(),
            bytes,
            rows: 1,
            sha256: String::new(),
            times: None,
            upload: None,
        }
    }

    fn merged(sizes: &[u64], target_bytes: usize) -> Option<Vec<u64>> {
        let files = sizes.iter().map(|bytes| file("", *bytes));
        let files = worth_merging(files.collect(), target_bytes)?;
        Some(files.iter().map(|file| file.bytes).collect())
    }

    #[test]
    fn what_is_merged_on_the_way_does_not_count() {
        let [a, b, c, on_the_way, last] =
            ["a", "b", "c", "on_the_way", "last"].map(|path| file(path, 1));
        let mut change = Change::default();
        change.note(&[a.clone(), b.clone()], slice::from_ref(&on_the_way));
        change.note(&[on_the_way, c.clone()], slice::from_ref(&last));
        assert_eq!((change.gone, change.new), (vec![a, b, c], vec![last]));
    }

    #[test]
    fn files_are_merged_where_that_makes_them_fewer() {
        assert_eq!(merged(&[], 100), None);
        assert_eq!(merged(&[1], 100), None, "one file");
        assert_eq!(merged(&[100, 120, 99], 100), None, "one that is small");
        assert_eq!(merged(&[80, 80], 100), None, "two, and they would stay two");
        assert_eq!(merged(&[50, 50], 100), Some(vec![50, 50]));
        assert_eq!(merged(&[80, 300, 60, 60], 100), Some(vec![80, 60, 60]));
        let many = vec![0; limits::MERGED_FILES_MAX + 9];
        let at_once = merged(&many, 100).expect("many");
        assert_eq!(at_once.len(), limits::MERGED_FILES_MAX);
    }
}
