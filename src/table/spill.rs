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
            bytes += chunk.row_bytes(row);
            nth += 1;
        }
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

fn to_bytes(chunk: &Chunk) -> Vec<u8> {
    let mut out = Vec::with_capacity(chunk.bytes());
    let mut section = |bytes: &[u8]| {
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    section(&(chunk.rows() as u64).to_le_bytes());
    for store in &chunk.stores {
        section(&[u8::from(!matches!(store, Store::Empty))]);
        match store {
            Store::Empty => {}
            Store::Text(values) => section(bytemuck::cast_slice(values)),
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
        if self.section()? == [0] {
            return Ok(Store::Empty);
        }
        Ok(match kind {
            Kind::Text => Store::Text(self.numbers()?),
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
