//! Encoded values to the pages of a column chunk, with the statistics and indexes by which readers skip them.
//!
//! parquet's own writer would look every text up in a dictionary once more; a chunk of rows knows the numbers
//! already. So the pages of text columns are made here, and parquet writes their headers and the footer.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::basic::{BoundaryOrder, Compression, Encoding, EncodingMask, Type, ZstdLevel};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::Result;
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats,
};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::zstd_safe::CParameter;

use super::{rle, texts};
use crate::limits;

/// Where alike rows stand together, level 1 gives the smallest files: 2 gives 1 % and 3 gives 4 % more, and both take longer.
const ZSTD_LEVEL: i32 = 1;

/// The level's own table of places has 64 KiB and displaces all else from a core's first cache. One of 16 KiB gives files of the
/// same size, and is faster by a seventh.
const ZSTD_HASH_LOG: u32 = 12;

/// Bytes of a minimum or maximum that are kept.
const BOUND_BYTES_MAX: usize = 64;

/// About what a page's header takes.
const PAGE_HEADER_BYTES: usize = 32;

/// The compression of every column.
pub(super) fn compression() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default())
}

/// One column of a row group, encoded.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) bytes: Bytes,
    pub(super) close: ColumnCloseResult,
}

/// Memory that one column after another is encoded with.
pub(super) struct Scratch {
    compressor: zstd::bulk::Compressor<'static>,
    pub(super) entries: texts::Memory,
    /// The page at hand.
    pub(super) page: Vec<u8>,
}

/// Scratch that lies ready, for as many columns as are encoded at once.
#[derive(Default)]
pub struct Spare(Mutex<Vec<Scratch>>);

impl std::fmt::Debug for Spare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spare").finish_non_exhaustive()
    }
}

impl Spare {
    /// Lends scratch to `encode`.
    pub(super) fn lend<T>(&self, encode: impl FnOnce(&mut Scratch) -> Result<T>) -> Result<T> {
        let spare = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = spare().pop();
        let mut scratch = match taken {
            Some(scratch) => scratch,
            None => Scratch {
                compressor: compressor()?,
                entries: texts::Memory::default(),
                page: Vec::new(),
            },
        };
        let encoded = encode(&mut scratch)?;
        spare().push(scratch);
        Ok(encoded)
    }
}

/// The smallest and the greatest value of a page.
pub(super) type Range<'v> = (&'v [u8], &'v [u8]);

/// What stands in a data page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'v> {
    pub(super) encoding: Encoding,
    pub(super) rows: usize,
    /// Levels of it: rows, or elements of lists.
    pub(super) slots: usize,
    /// Levels without a value.
    pub(super) nulls: usize,
    pub(super) range: Option<Range<'v>>,
}

/// The pages of one column, as they come.
pub(super) struct Pages<'v> {
    descr: ColumnDescPtr,
    /// Levels that are to come in all.
    slots: usize,
    out: TrackedWrite<Vec<u8>>,
    totals: Totals,
    range: Option<Range<'v>>,
    last: Option<Range<'v>>,
    ascending: bool,
    descending: bool,
    columns: ColumnIndexBuilder,
    offsets: OffsetIndexBuilder,
    encodings: Vec<PageEncodingStats>,
    filter: Option<Sbbf>,
}

#[derive(Debug, Default)]
struct Totals {
    rows: usize,
    slots: usize,
    nulls: usize,
    uncompressed: usize,
    dictionary_at: Option<u64>,
    data_at: Option<u64>,
}

impl<'v> Pages<'v> {
    /// Begins a column of so many levels.
    pub(super) fn new(descr: &ColumnDescPtr, slots: usize) -> Self {
        Self {
            slots,
            columns: ColumnIndexBuilder::new(descr.physical_type()),
            descr: Arc::clone(descr),
            out: TrackedWrite::new(Vec::new()),
            totals: Totals::default(),
            range: None,
            last: None,
            ascending: true,
            descending: true,
            offsets: OffsetIndexBuilder::new(),
            encodings: Vec::new(),
            filter: None,
        }
    }

    /// Gives the column a Bloom filter of its values.
    pub(super) fn filter(&mut self, filter: Sbbf) {
        self.filter = Some(filter);
    }

    /// Writes the dictionary, which is the scratch's page: before any data.
    pub(super) fn dictionary(&mut self, entries: usize, scratch: &mut Scratch) -> Result<()> {
        let page = Page::DictionaryPage {
            buf: compressed(scratch)?,
            num_values: count(entries),
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let spec = self.write(page, scratch.page.len())?;
        self.totals.dictionary_at = Some(spec.offset);
        Ok(())
    }

    /// Writes a page of data, which is the scratch's page.
    pub(super) fn data(&mut self, data: Data<'v>, scratch: &mut Scratch) -> Result<()> {
        let page = Page::DataPage {
            buf: compressed(scratch)?,
            num_values: count(data.slots),
            encoding: data.encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None, // the column index has them
        };
        let spec = self.write(page, scratch.page.len())?;
        if self.totals.data_at.is_none() {
            self.totals.data_at = Some(spec.offset);
            // Room for pages like this one: growing copies, and into fresh memory.
            let later = self.slots.saturating_sub(data.slots) / data.slots.max(1);
            let page_bytes = spec.compressed_size + PAGE_HEADER_BYTES;
            let bytes = later.saturating_mul(page_bytes);
            self.out
                .inner_mut()
                .reserve(bytes.min(limits::COLUMN_ROOM_BYTES_MAX));
        }
        self.totals.rows += data.rows;
        self.totals.slots += data.slots;
        self.totals.nulls += data.nulls;
        self.offsets.append_row_count(signed(data.rows));
        let size = i32::try_from(spec.compressed_size).unwrap_or(i32::MAX);
        self.offsets
            .append_offset_and_size(signed(spec.offset), size);
        self.note(&data);
        Ok(())
    }

    fn write(&mut self, page: Page, uncompressed: usize) -> Result<PageWriteSpec> {
        let (page_type, encoding) = (page.page_type(), page.encoding());
        let spec = SerializedPageWriter::new(&mut self.out)
            .write_page(CompressedPage::new(page, uncompressed))?;
        self.totals.uncompressed += spec.uncompressed_size;
        match self.encodings.last_mut() {
            Some(last) if last.page_type == page_type && last.encoding == encoding => {
                last.count += 1;
            }
            _ => self.encodings.push(PageEncodingStats {
                page_type,
                encoding,
                count: 1,
            }),
        }
        Ok(spec)
    }

    /// Keeps the page's bounds.
    fn note(&mut self, data: &Data<'v>) {
        let is_null = data.nulls == data.slots;
        if let Some((min, max)) = data.range {
            if let Some((last_min, last_max)) = self.last.replace((min, max)) {
                self.ascending &= last_min <= min && last_max <= max;
                self.descending &= last_min >= min && last_max >= max;
            }
            self.range = Some(
                self.range
                    .map_or((min, max), |(a, b)| (a.min(min), b.max(max))),
            );
        } else if !is_null {
            self.columns.to_invalid();
        }
        let (min, max) = data.range.map_or((Vec::new(), Vec::new()), |(min, max)| {
            (lower(min).0, upper(max).0)
        });
        self.columns
            .append(is_null, min, max, signed(data.nulls), None);
    }

    /// Completes the column.
    pub(super) fn close(mut self) -> Result<Encoded> {
        let Totals {
            rows,
            slots,
            nulls,
            uncompressed,
            dictionary_at,
            data_at,
        } = self.totals;
        let bytes = self.out.into_inner()?;
        let used = self
            .encodings
            .iter()
            .map(|page| &page.encoding)
            .chain([&Encoding::RLE]);
        let bounds = statistics(self.descr.physical_type(), self.range, nulls);
        let metadata = ColumnChunkMetaData::builder(self.descr)
            .set_compression(compression())
            .set_encodings_mask(EncodingMask::new_from_encodings(used))
            .set_total_compressed_size(signed(bytes.len()))
            .set_total_uncompressed_size(signed(uncompressed))
            .set_num_values(signed(slots))
            .set_data_page_offset(signed(data_at.unwrap_or_default()))
            .set_dictionary_page_offset(dictionary_at.map(signed))
            .set_page_encoding_stats(self.encodings)
            .set_statistics(bounds)
            .build()?;
        self.columns
            .set_boundary_order(match (self.ascending, self.descending) {
                (true, _) => BoundaryOrder::ASCENDING,
                (false, true) => BoundaryOrder::DESCENDING,
                (false, false) => BoundaryOrder::UNORDERED,
            });
        let is_indexed = self.columns.valid();
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: self.filter,
            column_index: is_indexed.then(|| self.columns.build()).transpose()?,
            offset_index: Some(self.offsets.build()),
        };
        Ok(Encoded {
            bytes: bytes.into(),
            close,
        })
    }
}

/// Encodes a column of so many rows that has no value.
pub(super) fn nulls(descr: &ColumnDescPtr, rows: usize, scratch: &mut Scratch) -> Result<Encoded> {
    let mut pages = Pages::new(descr, rows);
    scratch.page.clear();
    for max in [descr.max_rep_level(), descr.max_def_level()] {
        levels(&mut scratch.page, max, |page, width| {
            rle::repeat(0, rows, width, page);
        });
    }
    let data = Data {
        encoding: Encoding::PLAIN,
        rows,
        slots: rows,
        nulls: rows,
        range: None,
    };
    pages.data(data, scratch)?;
    pages.close()
}

/// Appends levels up to `max`, with their length before them; nothing where the column has no such levels. `encode` gets
/// their width.
pub(super) fn levels(page: &mut Vec<u8>, max: i16, encode: impl FnOnce(&mut Vec<u8>, u32)) {
    if max == 0 {
        return;
    }
    let at = page.len();
    page.extend_from_slice(&[0; 4]);
    encode(page, rle::width(u32::from(max.unsigned_abs())));
    let length = count(page.len() - at - 4);
    page[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

fn compressor() -> Result<zstd::bulk::Compressor<'static>> {
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    compressor.set_parameter(CParameter::HashLog(ZSTD_HASH_LOG))?;
    Ok(compressor)
}

fn compressed(scratch: &mut Scratch) -> Result<Bytes> {
    Ok(scratch.compressor.compress(&scratch.page)?.into())
}

fn statistics(physical: Type, range: Option<Range<'_>>, nulls: usize) -> Statistics {
    let nulls = Some(nulls as u64);
    match (physical, range) {
        (Type::BOOLEAN, _) => Statistics::new::<bool>(None, None, None, nulls, false),
        (Type::INT32, _) => Statistics::new::<i32>(None, None, None, nulls, false),
        (Type::INT64, _) => Statistics::new::<i64>(None, None, None, nulls, false),
        (Type::DOUBLE, _) => Statistics::new::<f64>(None, None, None, nulls, false),
        (_, None) => Statistics::new::<ByteArray>(None, None, None, nulls, false),
        (_, Some((min, max))) => {
            let ((min, is_min), (max, is_max)) = (lower(min), upper(max));
            ValueStatistics::new(
                Some(ByteArray::from(min)),
                Some(ByteArray::from(max)),
                None,
                nulls,
                false,
            )
            .with_min_is_exact(is_min)
            .with_max_is_exact(is_max)
            .into()
        }
    }
}

/// A text that is not greater and not long, and whether it is the text itself.
fn lower(text: &[u8]) -> (Vec<u8>, bool) {
    let cut = cut(text);
    (text[..cut].to_vec(), cut == text.len())
}

/// A text that is not smaller and not long where there is one, and whether it is the text itself.
fn upper(text: &[u8]) -> (Vec<u8>, bool) {
    let short = &text[..cut(text)];
    if short.len() == text.len() {
        return (text.to_vec(), true);
    }
    // The last character that has a successor of its own length gives a greater text, and a valid one.
    let chars = std::str::from_utf8(short)
        .unwrap_or_default()
        .char_indices();
    for (at, char) in chars.rev() {
        let next =
            char::from_u32(u32::from(char) + 1).filter(|next| next.len_utf8() == char.len_utf8());
        if let Some(next) = next {
            let mut bound = short[..at].to_vec();
            bound.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            return (bound, false);
        }
    }
    (text.to_vec(), true)
}

/// Where to cut a text that is too long: not within a character.
fn cut(text: &[u8]) -> usize {
    if text.len() <= BOUND_BYTES_MAX {
        return text.len();
    }
    let is_boundary = |at: &usize| text[*at] & 0xc0 != 0x80;
    (1..=BOUND_BYTES_MAX)
        .rfind(is_boundary)
        .unwrap_or(text.len())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("a page is cut long before 2 GiB")
}

fn signed<T: TryInto<i64>>(n: T) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_of_long_texts() {
        let check = |text: &str, expected_lower: &str, expected_upper: &str| {
            assert_eq!(lower(text.as_bytes()).0, expected_lower.as_bytes());
            assert_eq!(upper(text.as_bytes()).0, expected_upper.as_bytes());
        };
        let a = |n: usize| "a".repeat(n);
        check(&a(64), &a(64), &a(64));
        check(&a(65), &a(64), &(a(63) + "b"));
        check(&(a(63) + "\u{7f}x"), &(a(63) + "\u{7f}"), &(a(62) + "b"));
        check(&(a(63) + "\u{e9}"), &a(63), &(a(62) + "b"));
        let last = "\u{10ffff}".repeat(17);
        check(&last, &last[..64], &last); // nothing short is greater
    }

    proptest! {
        #[test]
        fn bounds_hold(text in "([a\u{7f}\u{7ff}\u{d7ff}\u{ffff}\u{10ffff}]|.){0,90}") {
            let bytes = text.as_bytes();
            let ((low, low_is_exact), (high, high_is_exact)) = (lower(bytes), upper(bytes));
            prop_assert!(low.as_slice() <= bytes && bytes <= high.as_slice());
            prop_assert_eq!((low == bytes, high == bytes), (low_is_exact, high_is_exact));
            prop_assert!(std::str::from_utf8(&low).is_ok() && std::str::from_utf8(&high).is_ok());
            prop_assert!(low.len() <= BOUND_BYTES_MAX);
        }
    }
}
