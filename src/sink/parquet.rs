//! A published data file, as Parquet's readers want it.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};

use super::store::ReadAt;

/// What Parquet's headers are read in steps of.
const STEP_BYTES: usize = 8 << 10;

/// A data file to read columns from.
#[derive(Debug, Clone)]
pub struct Columns(Arc<dyn ReadAt>);

impl Columns {
    /// Returns the columns of an open file.
    pub fn new(file: Arc<dyn ReadAt>) -> Self {
        Self(file)
    }
}

impl Length for Columns {
    fn len(&self) -> u64 {
        self.0.size()
    }
}

impl ChunkReader for Columns {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let from = From {
            file: Arc::clone(&self.0),
            at: start,
        };
        Ok(BufReader::with_capacity(STEP_BYTES, from))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        Ok(self.0.read_at(start, length)?)
    }
}

/// A file from some place on.
#[derive(Debug)]
pub struct From {
    file: Arc<dyn ReadAt>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.file.size().saturating_sub(self.at);
        let length = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let bytes = self.file.read_at(self.at, length)?;
        into[..length].copy_from_slice(&bytes);
        self.at += length as u64;
        Ok(length)
    }
}
