//! Sorted rows to bytes and back, block by block: what stands on scratch where memory is short. The
//! form is private to one run of the program and has no version.

use std::io;

use super::chunk::{Chunk, IdMap, Sorted};
use super::dict::Dict;
use super::schema::{Kind, Table};
use super::store::Store;
use crate::limits;

/// Cuts a sorted chunk into blocks and hands out each as bytes.
///
/// # Errors
///
/// Returns the first error of `write`, and what compression says.
pub fn write_blocks(
    sorted: &Sorted,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let chunk = sorted.chunk();
    let mut nth = 0;
    while nth < sorted.len() {
        let mut block = Chunk::new(chunk.table());
        let mut ids = IdMap::new(chunk.dictionary_len());
        let mut bytes = 0;
        while nth < sorted.len() && block.rows() < limits::BLOCK_ROWS && bytes < limits::BLOCK_BYTES
        {
            let row = sorted.row(nth);
            block.copy_row(chunk, row, &mut ids);
            bytes += chunk.row_bytes(row, 0..chunk.stores.len());
            nth += 1;
        }
        block.complete();
        write(&zstd::bulk::compress(&to_bytes(&block), 1)?)?;
    }
    Ok(())
}

/// Reads a block.
///
/// # Errors
///
/// Returns an error where the bytes are not what [`write_blocks`] gave.
pub fn read_block(table: &'static Table, bytes: &[u8]) -> io::Result<Sorted> {
    let plain = zstd::stream::decode_all(bytes)?;
    let mut reader = Reader { rest: &plain };
    let rows = reader.number()?;
    let stores = table
        .columns
        .iter()
        .map(|column| reader.store(column.kind))
        .collect::<io::Result<_>>()?;
    let text = String::from_utf8(reader.section()?.to_vec()).map_err(|_| damaged())?;
    let dict = Dict::from_parts(text, reader.numbers()?).ok_or_else(damaged)?;
    Ok(Sorted::in_order(Chunk::from_parts(
        table, rows, stores, dict,
    )))
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
                fresh: 0,
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

        let long = Row {
            id: Some("x".repeat(limits::BLOCK_BYTES)),
            ..row
        };
        assert_eq!(blocks_of(&chunk_of(&[long.clone(), long]).sort()).len(), 2);
    }
}
