//! One data file, read for the rows that are asked for.

use std::cell::OnceCell;
use std::io;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::reader::ChunkReader;

use super::query::Query;

/// Rows that are read at once.
const BATCH_ROWS: usize = 8192;

/// An open data file.
pub(super) struct DataFile<R> {
    reader: R,
    metadata: ArrowReaderMetadata,
    /// The same with where each page lies, which only who finds something has to know.
    paged: OnceCell<ArrowReaderMetadata>,
}

impl<R: ChunkReader + Clone + 'static> DataFile<R> {
    pub(super) fn open(reader: R) -> io::Result<Self> {
        let metadata = ArrowReaderMetadata::load(&reader, ArrowReaderOptions::new())?;
        Ok(Self {
            reader,
            metadata,
            paged: OnceCell::new(),
        })
    }

    /// Returns the row groups that can have rows that fit, each with the time of its newest.
    pub(super) fn groups(&self, query: &Query) -> io::Result<Vec<(i64, usize)>> {
        let mut groups = Vec::new();
        for (nth, group) in self.metadata.metadata().row_groups().iter().enumerate() {
            if let Some(newest) = query.may_fit(group, &self.reader)? {
                groups.push((newest, nth));
            }
        }
        Ok(groups)
    }

    /// Returns the rows of a row group that fit, each with its time, oldest first.
    pub(super) fn rows(&self, group: usize, query: &Query) -> io::Result<Vec<(i64, usize)>> {
        let schema = self.metadata.schema();
        let columns = query.columns();
        let places = columns.iter().filter_map(|name| schema.index_of(name).ok());
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), places);
        let reader = self
            .group(&self.metadata, group)
            .with_projection(mask)
            .build()?;
        let (mut rows, mut first) = (Vec::new(), 0);
        for batch in reader {
            let batch = batch.map_err(io::Error::other)?;
            let fits = query.fits(&batch);
            rows.extend(fits.into_iter().map(|(time, row)| (time, first + row)));
            first += batch.num_rows();
        }
        rows.sort_unstable();
        Ok(rows)
    }

    /// Reads some rows of a row group.
    pub(super) fn read(&self, group: usize, rows: &[(i64, usize)]) -> io::Result<RecordBatch> {
        let mut places: Vec<usize> = rows.iter().map(|(_, row)| *row).collect();
        places.sort_unstable();
        let ranges = places.iter().map(|row| *row..*row + 1);
        let metadata = self.paged()?;
        let n_rows = metadata.metadata().row_group(group).num_rows();
        let n_rows = usize::try_from(n_rows).unwrap_or_default();
        let reader: ParquetRecordBatchReader = self
            .group(metadata, group)
            .with_row_selection(RowSelection::from_consecutive_ranges(ranges, n_rows))
            .build()?;
        let batches = reader.collect::<Result<Vec<_>, _>>();
        let batches = batches.map_err(io::Error::other)?;
        let read = concat_batches(metadata.schema(), &batches).map_err(io::Error::other)?;
        let order = rows
            .iter()
            .map(|(_, row)| places.partition_point(|place| place < row) as u64);
        take_record_batch(&read, &UInt64Array::from_iter_values(order)).map_err(io::Error::other)
    }

    fn group(
        &self,
        metadata: &ArrowReaderMetadata,
        group: usize,
    ) -> ParquetRecordBatchReaderBuilder<R> {
        let (reader, metadata) = (self.reader.clone(), metadata.clone());
        ParquetRecordBatchReaderBuilder::new_with_metadata(reader, metadata)
            .with_row_groups(vec![group])
            .with_batch_size(BATCH_ROWS)
    }

    fn paged(&self) -> io::Result<&ArrowReaderMetadata> {
        if let Some(paged) = self.paged.get() {
            return Ok(paged);
        }
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let paged = ArrowReaderMetadata::load(&self.reader, options)?;
        Ok(self.paged.get_or_init(|| paged))
    }
}
