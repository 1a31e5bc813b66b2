//! `trailmill export`: the records of a dataset, rebuilt from its rows.

use std::io::Write;

use anyhow::{Context, Result};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use crate::aws::AwsOptions;
use crate::cli::ExportFormat;
use crate::commit::DataFile;
use crate::escape::printable_json;
use crate::select::Selection;
use crate::sink::dataset::{self, Dataset};
use crate::sink::s3::WriteOptions;
use crate::table::rebuild::Rows;
use crate::table::{Table, aggregated_events, events, insights};
use crate::trail::hash;
use crate::trail::key::DeliveryKey;

/// Writes the records of a dataset that are selected: one a line, or as one document.
///
/// # Errors
///
/// Returns an error where the dataset cannot be read or the output not be written.
pub fn export(
    dataset: &str,
    aws: &AwsOptions,
    selection: &Selection,
    format: ExportFormat,
    out: &mut dyn Write,
) -> Result<()> {
    let place = dataset::place(dataset, aws, WriteOptions::default())?;
    let dataset = Dataset::existing(place)?;
    let mut writer = RecordWriter {
        out,
        format,
        selection,
        n_records: 0,
    };
    writer.begin()?;
    for table in [&events::TABLE, &insights::TABLE, &aggregated_events::TABLE] {
        for file in dataset
            .files(table)
            .filter(|file| overlaps(file, selection))
        {
            export_file(&dataset, table, file, &mut writer)
                .with_context(|| format!("read {}/{}", dataset.address(), file.path))?;
        }
    }
    writer.end()
}

const NO_RECORDS: &str = "its rows are no records";

fn overlaps(file: &DataFile, selection: &Selection) -> bool {
    let Some((first, last)) = file.times else {
        return true;
    };
    selection.to.is_none_or(|to| first < to) && selection.from.is_none_or(|from| last >= from)
}

fn export_file(
    dataset: &Dataset,
    table: &'static Table,
    file: &DataFile,
    writer: &mut RecordWriter<'_>,
) -> Result<()> {
    let data = dataset.open(file)?;
    let metadata = ArrowReaderMetadata::load(&data, ArrowReaderOptions::new())?;
    let builder =
        || ParquetRecordBatchReaderBuilder::new_with_metadata(data.clone(), metadata.clone());
    if table.grouped.is_empty() {
        return export_in_order(table, builder().build()?, writer);
    }
    for group in 0..metadata.metadata().num_row_groups() {
        let reader = builder().with_row_groups(vec![group]).build()?;
        export_group(table, reader, writer)?;
    }
    Ok(())
}

/// Writes the records of a row group, whose rows stand in no order, from the oldest to the newest. They are held until then: as
/// many as a row group has.
fn export_group(
    table: &'static Table,
    reader: ParquetRecordBatchReader,
    writer: &mut RecordWriter<'_>,
) -> Result<()> {
    // Rebuilt as they stand, because going to and fro between the rows takes three times as long.
    let (mut records, mut order) = (Vec::new(), Vec::new());
    for batch in reader {
        let batch = batch?;
        let rows = Rows::new(table, &batch).context(NO_RECORDS)?;
        let times = batch.column_by_name(table.columns[table.order[0]].name);
        let times = times.and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>());
        let times = times.context("it has no times")?;
        for (row, time) in times.values().iter().enumerate() {
            if writer.wants(&rows, row) {
                let start = records.len();
                records.extend_from_slice(&rows.record(row, row));
                order.push((*time, start, records.len()));
            }
        }
    }
    order.sort_unstable();
    for (_, start, end) in order {
        writer.record(&records[start..end])?;
    }
    Ok(())
}

fn export_in_order(
    table: &'static Table,
    reader: ParquetRecordBatchReader,
    writer: &mut RecordWriter<'_>,
) -> Result<()> {
    // The rows of one record of `aggregated_events` can lie on both sides of a batch's end.
    let mut carried: Option<RecordBatch> = None;
    for batch in reader {
        let batch = batch?;
        let batch = match carried.take() {
            Some(carried) => arrow::compute::concat_batches(&batch.schema(), [&carried, &batch])?,
            None => batch,
        };
        let open_rows = export_batch(table, &batch, writer, false)?;
        carried = Some(batch.slice(batch.num_rows() - open_rows, open_rows));
    }
    if let Some(batch) = carried {
        export_batch(table, &batch, writer, true)?;
    }
    Ok(())
}

/// Writes the records of a batch; returns how many rows at its end may be of a record that goes on.
fn export_batch(
    table: &'static Table,
    batch: &RecordBatch,
    writer: &mut RecordWriter<'_>,
    is_last: bool,
) -> Result<usize> {
    let rows = Rows::new(table, batch).context(NO_RECORDS)?;
    let mut first = 0;
    while first < rows.len() {
        let mut last = first;
        while last + 1 < rows.len() && rows.place(last + 1) == rows.place(first) {
            last += 1;
        }
        if last + 1 == rows.len() && !is_last {
            return Ok(rows.len() - first);
        }
        if writer.wants(&rows, first) {
            writer.record(&rows.record(first, last))?;
        }
        first = last + 1;
    }
    Ok(0)
}

struct RecordWriter<'o> {
    out: &'o mut dyn Write,
    format: ExportFormat,
    selection: &'o Selection,
    n_records: u64,
}

impl RecordWriter<'_> {
    fn begin(&mut self) -> Result<()> {
        if self.format == ExportFormat::Records {
            self.out.write_all(b"{\"Records\":[")?;
        }
        Ok(())
    }

    fn wants(&self, rows: &Rows<'_>, row: usize) -> bool {
        let Some(mut subject) = rows.subject(row) else {
            return false;
        };
        // As in `run`: what the delivery key says goes before what the record says.
        if let Some(key) = rows
            .source_object(row)
            .and_then(|object| DeliveryKey::parse(object).ok())
        {
            subject.account = Some(key.account);
            subject.region = Some(key.region);
        }
        self.selection.wants(&subject)
    }

    fn record(&mut self, record: &[u8]) -> Result<()> {
        if self.format == ExportFormat::Records && self.n_records > 0 {
            self.out.write_all(b",\n")?;
        }
        self.n_records += 1;
        // One record, one line.
        let line = if memchr::memchr2(b'\n', b'\r', record).is_some() {
            hash::without_space(record)
        } else {
            record.into()
        };
        // It may go to a terminal.
        match std::str::from_utf8(&line) {
            Ok(text) => self.out.write_all(printable_json(text).as_bytes())?,
            Err(_) => self.out.write_all(&line)?,
        }
        if self.format == ExportFormat::Jsonl {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        if self.format == ExportFormat::Records {
            self.out.write_all(b"]}\n")?;
        }
        Ok(self.out.flush()?)
    }
}
