//! Sorted rows to bytes and back, block by block: what stands on scratch where memory is short. The
//! form is private to one run of the program and has no version.

use std::io;

use super::chunk::{Chunk, IdMap, Sorted};
use super::dict::Dict;
use super::merge::{Rows, Run};
use super::schema::{Kind, Table};
use super::store::{Store, Worth};
use crate::limits;

/// Cuts a sorted chunk into blocks and hands out each as bytes.
///
/// # Errors
///
/// Returns the first error of `write`, and what compression says.
pub fn write_blocks(sorted: &Sorted, write: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut blocks = Blocks::new(sorted.chunk().table(), write);
    let mut ids = IdMap::new(sorted.chunk().dictionary_len());
    for nth in 0..sorted.len() {
        if blocks.copy_row(sorted.chunk(), sorted.row(nth), &mut ids)? {
            ids = IdMap::new(sorted.chunk().dictionary_len());
        }
    }
    blocks.finish()
}

/// Merges runs into one and hands out its blocks as bytes, every row of them.
///
/// # Errors
///
/// Returns the first error of a run or of `write`, and what compression says.
pub fn merge_blocks(
    table: &'static Table,
    runs: Vec<Run>,
    write: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut blocks = Blocks::new(table, write);
    let mut ids: Vec<IdMap> = runs.iter().map(|_| IdMap::default()).collect();
    let mut rows = Rows::new(table, runs)?;
    while let Some((run, block, row)) = rows.first() {
        if blocks.copy_row(block.chunk(), row, &mut ids[run])? {
            ids.fill_with(IdMap::default);
        }
        if rows.advance()? {
            ids[run] = IdMap::default();
        }
    }
    blocks.finish()
}

/// Gathers rows, in order, into blocks.
struct Blocks<W> {
    block: Chunk,
    /// Of its unshared values.
    bytes: usize,
    write: W,
}

impl<W: FnMut(&[u8]) -> io::Result<()>> Blocks<W> {
    fn new(table: &'static Table, write: W) -> Self {
        Self {
            block: Chunk::new(table),
            bytes: 0,
            write,
        }
    }

    /// Copies a row. Returns true where that completed the block, whose numbers for texts are then void.
    fn copy_row(&mut self, from: &Chunk, row: usize, ids: &mut IdMap) -> io::Result<bool> {
        self.block.copy_row(from, row, ids);
        self.bytes += limits::BLOCK_ROW_BYTES + from.own_bytes(row);
        let is_full = self.bytes + self.block.dict.bytes() >= limits::BLOCK_BYTES;
        if is_full || self.block.rows() >= limits::BLOCK_ROWS {
            self.hand_out()?;
            return Ok(true);
        }
        Ok(false)
    }

    fn hand_out(&mut self) -> io::Result<()> {
        let empty = Chunk::new(self.block.table());
        let mut block = std::mem::replace(&mut self.block, empty);
        self.bytes = 0;
        block.complete();
        // One row can have many MiB: no more than two of its forms at once.
        let plain = to_bytes(&block);
        drop(block);
        let packed = zstd::bulk::compress(&plain, 1)?;
        drop(plain);
        (self.write)(&packed)
    }

    fn finish(mut self) -> io::Result<()> {
        if self.block.rows() > 0 {
            self.hand_out()?;
        }
        Ok(())
    }
}

/// Returns how many bytes a block has when it is read.
pub fn plain_bytes(block: &[u8]) -> usize {
    let said = zstd::zstd_safe::get_frame_content_size(block)
        .ok()
        .flatten();
    said.and_then(|bytes| usize::try_from(bytes).ok())
        .unwrap_or_default()
}

/// Reads a block.
///
/// # Errors
///
/// Returns an error where the bytes are not what [`write_blocks`] gave.
pub fn read_block(table: &'static Table, bytes: &[u8]) -> io::Result<Sorted> {
    let plain = zstd::bulk::decompress(bytes, plain_bytes(bytes))?;
    let mut reader = Reader { rest: &plain };
    let rows = reader.number()?;
    let stores = table
        .columns
        .iter()
        .map(|column| reader.store(column.kind))
        .collect::<io::Result<_>>()?;
    let text = String::from_utf8(reader.section()?.to_vec()).map_err(|_| damaged())?;
    let dict = Dict::from_parts(text, reader.numbers()?).ok_or_else(damaged)?;
    let sizes = reader.numbers()?;
    let chunk = Chunk::from_parts(table, rows, stores, dict, sizes);
    Ok(Sorted::in_order(chunk))
}

// How a column is kept.
const EMPTY: u8 = 0;
/// As its kind says.
const USUAL: u8 = 1;
/// As texts end to end, though its kind has numbers.
const PLAIN: u8 = 2;

fn to_bytes(chunk: &Chunk) -> Vec<u8> {
    let mut out = Vec::with_capacity(chunk.bytes());
    let mut section = |bytes: &[u8]| {
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    section(&(chunk.rows() as u64).to_le_bytes());
    for store in &chunk.stores {
        section(&[match store {
            Store::Empty => EMPTY,
            Store::Plain { .. } => PLAIN,
            _ => USUAL,
        }]);
        match store {
            Store::Empty => {}
            Store::Text { ids, .. } => section(bytemuck::cast_slice(ids)),
            Store::Plain { data, ends } => {
                section(data.as_bytes());
                section(bytemuck::cast_slice(ends));
            }
            Store::Bytes { data, ends } => {
                section(data);
                section(bytemuck::cast_slice(ends));
            }
            Store::Int(values) => section(bytemuck::cast_slice(values)),
            Store::Bool(values) => section(values),
            Store::List { ids, ends } => {
                section(bytemuck::cast_slice(ids));
                section(bytemuck::cast_slice(ends));
            }
        }
    }
    let (text, spans) = chunk.dict.parts();
    section(text.as_bytes());
    section(bytemuck::cast_slice(spans));
    section(bytemuck::cast_slice(chunk.row_sizes()));
    out
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn section(&mut self) -> io::Result<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
        let (section, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(section)
    }

    fn number(&mut self) -> io::Result<usize> {
        let bytes = self.section()?.try_into().map_err(|_| damaged())?;
        usize::try_from(u64::from_le_bytes(bytes)).map_err(|_| damaged())
    }

    fn numbers<T: bytemuck::Pod>(&mut self) -> io::Result<Vec<T>> {
        let section = self.section()?;
        if section.len() % size_of::<T>() != 0 {
            return Err(damaged());
        }
        Ok(bytemuck::allocation::pod_collect_to_vec(section))
    }

    fn store(&mut self, kind: Kind) -> io::Result<Store> {
        let kind = match self.section()? {
            [EMPTY] => return Ok(Store::Empty),
            [PLAIN] => Kind::Plain,
            [USUAL] => kind,
            _ => return Err(damaged()),
        };
        Ok(match kind {
            Kind::Text => Store::Text {
                ids: self.numbers()?,
                worth: Worth::default(),
            },
            Kind::Plain => Store::Plain {
                data: String::from_utf8(self.section()?.to_vec()).map_err(|_| damaged())?,
                ends: self.numbers()?,
            },
            Kind::Binary => Store::Bytes {
                data: self.section()?.to_vec(),
                ends: self.numbers()?,
            },
            Kind::Time | Kind::Int64 | Kind::Int32 | Kind::Double => Store::Int(self.numbers()?),
            Kind::Bool => Store::Bool(self.section()?.to_vec()),
            Kind::TextList | Kind::Resources => Store::List {
                ids: self.numbers()?,
                ends: self.numbers()?,
            },
        })
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "scratch does not hold what was written to it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::mcp_events::{COLUMNS, Col, TABLE};
    use proptest::prelude::*;

    /// What a row holds, column by column, in words.
    fn row_of(chunk: &Chunk, row: usize) -> Vec<String> {
        let value = |(place, column): (usize, &crate::table::Column)| match column.kind {
            Kind::Text | Kind::Plain => format!("{:?}", chunk.get_text(place, row)),
            Kind::Binary => format!("{:?}", chunk.get_binary(place, row)),
            Kind::Bool => format!("{:?}", chunk.get_bool(place, row)),
            Kind::TextList | Kind::Resources => {
                let list = chunk.get_list(place, row);
                let texts = list.map(|ids| ids.iter().map(|id| chunk.dictionary_text(*id)));
                format!("{:?}", texts.map(Iterator::collect::<Vec<_>>))
            }
            _ => format!("{:?}", chunk.get_int(place, row)),
        };
        COLUMNS.iter().enumerate().map(value).collect()
    }

    fn rows_of(sorted: &Sorted) -> Vec<Vec<String>> {
        (0..sorted.len())
            .map(|nth| row_of(sorted.chunk(), sorted.row(nth)))
            .collect()
    }

    fn blocks_of(sorted: &Sorted) -> Vec<Vec<u8>> {
        let mut blocks = Vec::new();
        write_blocks(sorted, |block| {
            blocks.push(block.to_vec());
            Ok(())
        })
        .expect("in memory");
        blocks
    }

    fn read(blocks: &[Vec<u8>]) -> Vec<Vec<String>> {
        let blocks = blocks
            .iter()
            .map(|bytes| read_block(&TABLE, bytes).expect("whole"));
        blocks.flat_map(|block| rows_of(&block)).collect()
    }

    #[derive(Debug, Clone)]
    struct Row {
        time: i64,
        name: Option<String>,
        id: Option<String>,
        is_error: Option<bool>,
        evidence: Option<Vec<Option<String>>>,
    }

    fn any_row() -> impl Strategy<Value = Row> {
        let text = || prop::option::of("[ab\u{e9}]{0,3}");
        (
            any::<i32>(),
            text(),
            text(),
            prop::option::of(any::<bool>()),
            prop::option::of(prop::collection::vec(text(), 0..4)),
        )
            .prop_map(|(time, name, id, is_error, evidence)| Row {
                time: i64::from(time),
                name,
                id,
                is_error,
                evidence,
            })
    }

    fn chunk_of(rows: &[Row]) -> Chunk {
        let mut chunk = Chunk::new(&TABLE);
        for row in rows {
            chunk.int(Col::event_time, row.time);
            if let Some(name) = &row.name {
                chunk.text(Col::event_name, name);
            }
            if let Some(id) = &row.id {
                chunk.text(Col::event_id, id);
            }
            if let Some(is_error) = row.is_error {
                chunk.bool(Col::is_error, is_error);
            }
            if let Some(evidence) = &row.evidence {
                chunk.list(Col::mcp_evidence, evidence.iter().map(Option::as_deref));
            }
            chunk.end_row();
        }
        chunk
    }

    proptest! {
        #[test]
        fn rows_come_back_in_order(rows in prop::collection::vec(any_row(), 0..40)) {
            let sorted = chunk_of(&rows).sort();
            prop_assert_eq!(read(&blocks_of(&sorted)), rows_of(&sorted));
        }

        #[test]
        fn damage_is_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read_block(&TABLE, &bytes).is_err());
            let bytes = zstd::bulk::compress(&bytes, 1).expect("in memory");
            prop_assert!(read_block(&TABLE, &bytes).is_err());
        }
    }

    /// Runs of which some number the texts of a column and some gave that up.
    #[test]
    fn merged_runs_are_one_in_order() {
        let rows = |n_names: i64, from: i64| -> Vec<Row> {
            let row = |n: i64| Row {
                time: (n * 7919 + from) % 5000,
                name: Some(format!("name-{}-{}", from, n % n_names)),
                id: Some(format!("{from}-{n}")),
                is_error: None,
                evidence: Some(vec![Some(
                    "x".repeat(usize::try_from(n % 9).expect("small")),
                )]),
            };
            (0..3000).map(row).collect()
        };
        let parts = [rows(3, 1), rows(3000, 2), rows(7, 3)];
        let run = |rows: &Vec<Row>| -> Run {
            let blocks: Vec<_> = blocks_of(&chunk_of(rows).sort());
            Box::new(blocks.into_iter().map(|bytes| read_block(&TABLE, &bytes)))
        };
        let mut merged = Vec::new();
        merge_blocks(&TABLE, parts.iter().map(run).collect(), |block| {
            merged.push(read_block(&TABLE, block)?);
            Ok(())
        })
        .expect("in memory");
        let all = chunk_of(&parts.concat()).sort();
        let found: Vec<_> = merged.iter().flat_map(rows_of).collect();
        assert_eq!(found, rows_of(&all));
        let sizes = |sorted: &Sorted| -> Vec<usize> {
            let rows = 0..sorted.len();
            rows.map(|nth| sorted.chunk().row_size(sorted.row(nth)))
                .collect()
        };
        let found: Vec<_> = merged.iter().flat_map(sizes).collect();
        assert_eq!(found, sizes(&all), "a row has its size, wherever it stands");
    }

    #[test]
    fn texts_that_rows_share_fill_a_block_too() {
        let long = "x".repeat(limits::TEXT_BYTES_MAX - 8);
        let of_block = limits::BLOCK_BYTES / limits::TEXT_BYTES_MAX;
        let rows: Vec<Row> = (0..)
            .take(10 * of_block)
            .map(|n| Row {
                time: n,
                name: Some(format!("{n:08}{long}")),
                id: None,
                is_error: None,
                evidence: None,
            })
            .collect();
        // What rows take beside their texts makes it one more.
        assert_eq!(blocks_of(&chunk_of(&rows).sort()).len(), 11);
    }

    #[test]
    fn many_rows_are_many_blocks() {
        let row = Row {
            time: 0,
            name: Some("name".to_owned()),
            id: None,
            is_error: None,
            evidence: None,
        };
        let rows: Vec<Row> = (0..)
            .take(2 * limits::BLOCK_ROWS + 1)
            .map(|n| Row {
                time: n * 7919 % 5000,
                id: Some(n.to_string()),
                ..row.clone()
            })
            .collect();
        let sorted = chunk_of(&rows).sort();
        let blocks = blocks_of(&sorted);
        assert_eq!(blocks.len(), 3);
        assert_eq!(read(&blocks), rows_of(&sorted));

        let mut large = Chunk::new(&TABLE);
        for _ in 0..2 {
            large.text(Col::request_parameters, &"x".repeat(limits::BLOCK_BYTES));
            large.end_row();
        }
        assert_eq!(blocks_of(&large.sort()).len(), 2);
    }
}
