//! A published file that is read here and there. What was read lately is kept in blocks: Parquet is read in small steps, column by
//! column, and each request takes some 30 ms.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use super::super::SinkError;
use super::super::store::ReadAt;
use super::requests::{Head, Prefix};
use crate::aws::client::{Clients, lock};
use crate::limits::{S3_READ_BLOCK_BYTES, S3_READ_BLOCKS};

/// An object, as it was when it was opened.
#[derive(Debug)]
pub(super) struct OpenObject {
    clients: Arc<Clients>,
    prefix: Arc<Prefix>,
    path: String,
    head: Head,
    blocks: Mutex<Blocks>,
}

impl OpenObject {
    pub(super) fn new(clients: Arc<Clients>, prefix: Arc<Prefix>, path: &str, head: Head) -> Self {
        Self {
            clients,
            prefix,
            path: path.to_owned(),
            head,
            blocks: Mutex::default(),
        }
    }

    /// Makes one request for all from `start` to before `end`.
    fn fetch(&self, start: u64, end: u64) -> io::Result<Bytes> {
        let read = self.prefix.read_range(&self.path, &self.head, start, end);
        let read = self.clients.wait(Duration::ZERO, read);
        match read.map_err(|error| io::Error::other(SinkError::from(error)))? {
            Ok(bytes) if bytes.len() as u64 == end - start => Ok(bytes),
            Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(no) if no.answer.status() == Some(412) => Err(io::Error::other(
                SinkError::Changed(format!("{}/{}", self.prefix.address, self.path)),
            )),
            Err(no) => Err(io::Error::other(SinkError::from(no))),
        }
    }

    /// Fetches what lies in blocks that are not there, in one request.
    fn fill(&self, first: u64, last: u64) -> io::Result<()> {
        let missing: Vec<u64> = {
            let blocks = lock(&self.blocks);
            (first..=last).filter(|n| !blocks.has(*n)).collect()
        };
        let (Some(first), Some(last)) = (missing.first(), missing.last()) else {
            return Ok(());
        };
        let start = first * S3_READ_BLOCK_BYTES;
        let end = ((last + 1) * S3_READ_BLOCK_BYTES).min(self.head.bytes);
        let fetched = self.fetch(start, end)?;
        let mut blocks = lock(&self.blocks);
        let length = usize::try_from(S3_READ_BLOCK_BYTES).unwrap_or(usize::MAX);
        for (number, at) in (*first..=*last).zip((0..fetched.len()).step_by(length)) {
            let block = &fetched[at..fetched.len().min(at.saturating_add(length))];
            blocks.put(number, Bytes::copy_from_slice(block));
        }
        Ok(())
    }
}

impl ReadAt for OpenObject {
    fn size(&self) -> u64 {
        self.head.bytes
    }

    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let end = start.saturating_add(length as u64);
        if end > self.head.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if length == 0 {
            return Ok(Bytes::new());
        }
        let (first, last) = (start / S3_READ_BLOCK_BYTES, (end - 1) / S3_READ_BLOCK_BYTES);
        if last - first >= S3_READ_BLOCKS as u64 / 2 {
            return self.fetch(start, end);
        }
        self.fill(first, last)?;
        // Other threads may have put them away meanwhile.
        match lock(&self.blocks).cut(start, end) {
            Some(bytes) => Ok(bytes),
            None => self.fetch(start, end),
        }
    }
}

/// Blocks that were read lately, by number.
#[derive(Debug, Default)]
struct Blocks {
    kept: BTreeMap<u64, Block>,
    /// Counts uses.
    clock: u64,
}

#[derive(Debug)]
struct Block {
    bytes: Bytes,
    used: u64,
}

impl Blocks {
    fn has(&self, number: u64) -> bool {
        self.kept.contains_key(&number)
    }

    /// Keeps a block, in the place of the one that was not used for longest.
    fn put(&mut self, number: u64, bytes: Bytes) {
        self.clock += 1;
        let used = self.clock;
        self.kept.insert(number, Block { bytes, used });
        if self.kept.len() > S3_READ_BLOCKS {
            let oldest = self.kept.iter().min_by_key(|(_, block)| block.used);
            if let Some(number) = oldest.map(|(number, _)| *number) {
                self.kept.remove(&number);
            }
        }
    }

    /// The bytes from `start` to before `end`, where all of them are kept.
    fn cut(&mut self, start: u64, end: u64) -> Option<Bytes> {
        self.clock += 1;
        let mut cut: Vec<Bytes> = Vec::new();
        for number in start / S3_READ_BLOCK_BYTES..=(end - 1) / S3_READ_BLOCK_BYTES {
            let block = self.kept.get_mut(&number)?;
            block.used = self.clock;
            let begin = number * S3_READ_BLOCK_BYTES;
            let from = usize::try_from(start.saturating_sub(begin)).ok()?;
            let to = usize::try_from(end - begin).ok()?.min(block.bytes.len());
            cut.push(block.bytes.slice(from..to));
        }
        Some(match cut.as_slice() {
            [one] => one.clone(),
            many => many.concat().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: u64 = S3_READ_BLOCK_BYTES;

    fn block(byte: u8) -> Bytes {
        vec![byte; usize::try_from(LENGTH).expect("small")].into()
    }

    #[test]
    fn what_is_kept_is_cut_across_blocks() {
        let mut blocks = Blocks::default();
        blocks.put(1, block(1));
        blocks.put(2, Bytes::from_static(b"end"));
        let cut = blocks.cut(2 * LENGTH - 2, 2 * LENGTH + 3);
        assert_eq!(cut.as_deref(), Some(b"\x01\x01end".as_slice()));
        assert_eq!(
            blocks.cut(LENGTH, LENGTH + 1).as_deref(),
            Some([1].as_slice())
        );
        assert_eq!(blocks.cut(LENGTH - 1, LENGTH + 1), None);
    }

    #[test]
    fn what_was_not_used_for_longest_goes() {
        let mut blocks = Blocks::default();
        for number in 0..S3_READ_BLOCKS as u64 {
            blocks.put(number, block(0));
        }
        blocks.cut(0, 1);
        blocks.put(1_000, block(0));
        assert!(blocks.has(0) && !blocks.has(1) && blocks.has(1_000));
    }
}
