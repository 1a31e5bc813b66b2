//! Whether a column chunk can have a text, by its Bloom filter: of a filter of 128 KiB a text concerns 32 bytes, and more are not read.
//!
//! The layout is Parquet's (apache/parquet-format, BloomFilter.md): a header, then blocks of 256 bits. The upper half of a
//! text's XXH64 says which block, the lower half which bits of it.

use std::io;

use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;
use xxhash_rust::xxh64::xxh64;

const BLOCK_BYTES: usize = 32;
/// What a header can take: its three enumerations, and how many bytes the blocks have, which is 1 to 5 bytes long.
const HEADER_BYTES: std::ops::RangeInclusive<u64> = 15..=19;
/// For more texts than these the filter is read whole.
const TEXTS_FEW: usize = 8;

/// Returns false only where a column chunk surely has none of some texts.
pub(super) fn may_have_one<R: ChunkReader>(
    chunk: &ColumnChunkMetaData,
    texts: &[&str],
    file: &R,
) -> io::Result<bool> {
    let blocks = Blocks::of(chunk).filter(|_| texts.len() <= TEXTS_FEW);
    let Some(blocks) = blocks else {
        let filter = Sbbf::read_from_column_chunk(chunk, file)?;
        return Ok(filter.is_none_or(|filter| texts.iter().any(|text| filter.check(*text))));
    };
    for text in texts {
        let block = file.get_bytes(blocks.start_of(text), BLOCK_BYTES)?;
        // A filter of one block: every text is of it.
        if Sbbf::new(&block).check(*text) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The blocks of a filter: where the first is, and how many there are.
struct Blocks {
    start: u64,
    count: u64,
}

impl Blocks {
    /// Finds them without reading the header: a filter of ours has a power of two of bytes behind it. `None` where there is no
    /// filter, or none of that size.
    fn of(chunk: &ColumnChunkMetaData) -> Option<Self> {
        let start = u64::try_from(chunk.bloom_filter_offset()?).ok()?;
        let length = u64::try_from(chunk.bloom_filter_length()?).ok()?;
        let bytes = 1 << length.checked_ilog2()?;
        let count = bytes / BLOCK_BYTES as u64;
        let header = length - bytes;
        (HEADER_BYTES.contains(&header) && count > 0).then_some(Self {
            start: start + header,
            count,
        })
    }

    fn start_of(&self, text: &str) -> u64 {
        let nth = ((xxh64(text.as_bytes(), 0) >> 32) * self.count) >> 32;
        self.start + nth * BLOCK_BYTES as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use crate::find::tests::file_of_ids;

    #[test]
    fn a_block_says_what_the_whole_filter_says() {
        for n_rows in [1, 50, 3000, 70_000] {
            let file = file_of_ids(n_rows);
            let reader = SerializedFileReader::new(file.clone()).expect("a Parquet file");
            let group = reader.metadata().row_group(0);
            let column = |name: &str| {
                let mut columns = group.columns().iter();
                let column = columns.find(|column| column.column_path().string() == name);
                column.expect("a column")
            };
            let ids = column("event_id");
            assert!(Blocks::of(ids).is_some(), "{n_rows}: little is read");
            let filter = Sbbf::read_from_column_chunk(ids, &file).expect("sound");
            let filter = filter.expect("ids are looked up");
            for n in (0..2 * n_rows).step_by(7) {
                let text = n.to_string();
                let found = may_have_one(ids, &[&text], &file).expect("sound");
                assert_eq!(found, filter.check(text.as_str()), "{n} of {n_rows}");
                assert!(found || n >= n_rows);
            }
            let texts = (0..20).map(|n| (n_rows + n).to_string());
            let texts: Vec<String> = texts.chain(["0".to_owned()]).collect();
            let many: Vec<&str> = texts.iter().map(String::as_str).collect();
            assert!(
                may_have_one(ids, &many, &file).expect("sound"),
                "read whole"
            );
            let json = column("request_parameters");
            assert!(
                may_have_one(json, &["0"], &file).expect("sound"),
                "without a filter"
            );
        }
    }
}
