//! A published data file for parquet's readers.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};

use super::store::ReadAt;

/// Bytes that are read at once where parquet reads on and on.
const READ_BYTES: usize = 64 << 10;

/// A data file that is read here and there.
#[derive(Debug, Clone)]
pub struct DataReader(Arc<dyn ReadAt>);

impl DataReader {
    /// Returns a reader of an open file.
    pub fn new(file: Arc<dyn ReadAt>) -> Self {
        Self(file)
    }
}

impl Length for DataReader {
    fn len(&self) -> u64 {
        self.0.size()
    }
}

impl ChunkReader for DataReader {
    type T = Sequential;

    fn get_read(&self, start: u64) -> Result<Sequential> {
        Ok(Sequential {
            file: Arc::clone(&self.0),
            next: start,
            ahead: Bytes::new(),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        Ok(self.0.read_at(start, length)?)
    }
}

/// The bytes of a data file from some place on.
#[derive(Debug)]
pub struct Sequential {
    file: Arc<dyn ReadAt>,
    next: u64,
    ahead: Bytes,
}

impl Read for Sequential {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() {
            let left = self.file.size().saturating_sub(self.next);
            let length = usize::try_from(left).unwrap_or(READ_BYTES).min(READ_BYTES);
            self.ahead = self.file.read_at(self.next, length)?;
            self.next += length as u64;
        }
        let n = self.ahead.len().min(out.len());
        self.ahead.copy_to_slice(&mut out[..n]);
        Ok(n)
    }
}
