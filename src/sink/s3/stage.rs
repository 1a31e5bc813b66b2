//! A data file that is staged: a multipart upload to its own key, sent in the background while it is written.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::super::SinkError;
use super::super::store::Stage;
use super::requests::{OpenUpload, Prefix};
use crate::aws::client::Clients;
use crate::commit::Upload;
use crate::limits::{S3_PART_BYTES, S3_PARTS_OF_A_SIZE};

/// A multipart upload, part by part.
#[derive(Debug)]
pub(super) struct Staging {
    clients: Arc<Clients>,
    prefix: Arc<Prefix>,
    upload: OpenUpload,
    /// The part that is being filled.
    part: Vec<u8>,
    /// Parts on their way, in order.
    sent: VecDeque<JoinHandle<Result<String, SinkError>>>,
    /// Tags of the parts before them.
    tags: Vec<String>,
    has_failed: bool,
}

impl Staging {
    pub(super) fn new(clients: Arc<Clients>, prefix: Arc<Prefix>, upload: OpenUpload) -> Self {
        Self {
            clients,
            prefix,
            upload,
            part: Vec::new(),
            sent: VecDeque::new(),
            tags: Vec::new(),
            has_failed: false,
        }
    }

    fn parts(&self) -> usize {
        self.tags.len() + self.sent.len()
    }

    /// Sends the part that was filled, when there is room for it.
    fn send(&mut self) -> Result<(), SinkError> {
        self.take_tags(false)?;
        let number = i32::try_from(self.parts() + 1).unwrap_or(i32::MAX);
        let bytes = std::mem::take(&mut self.part).into();
        let (prefix, upload) = (Arc::clone(&self.prefix), self.upload.clone());
        let room = Arc::clone(&self.prefix.room).acquire_owned();
        let room = self.clients.wait(Duration::ZERO, room)?;
        let runtime = self.clients.runtime();
        self.sent.push_back(runtime.spawn(async move {
            let sent = prefix.upload_part(&upload, number, bytes).await;
            drop(room);
            sent
        }));
        Ok(())
    }

    /// Takes the tags of the first parts that have arrived; of all, where they are waited for.
    fn take_tags(&mut self, waits: bool) -> Result<(), SinkError> {
        while self
            .sent
            .front()
            .is_some_and(|part| waits || part.is_finished())
            && let Some(part) = self.sent.front_mut()
        {
            let sent = self.clients.wait(Duration::ZERO, part)?;
            self.sent.pop_front();
            let sent = sent.unwrap_or_else(|end| std::panic::resume_unwind(end.into_panic()));
            self.has_failed |= sent.is_err();
            self.tags.push(sent?);
        }
        Ok(())
    }
}

impl Write for Staging {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part_bytes = part_bytes(self.parts());
        let taken = bytes.len().min(part_bytes - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == part_bytes {
            self.send().map_err(io::Error::other)?;
        }
        Ok(taken)
    }

    /// A part that is not full cannot be sent before the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stage for Staging {
    fn finish(mut self: Box<Self>) -> Result<Option<Upload>, SinkError> {
        if !self.part.is_empty() || self.parts() == 0 {
            self.send()?;
        }
        self.take_tags(true)?;
        if self.has_failed {
            return Err(SinkError::Io {
                verb: "write",
                path: format!("{}/{}", self.prefix.address, self.upload.path),
                source: io::Error::other("a part of it was not sent"),
            });
        }
        Ok(Some(Upload {
            id: self.upload.id.clone(),
            parts: std::mem::take(&mut self.tags),
        }))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        for part in &self.sent {
            part.abort();
        }
    }
}

/// How long the next part is, after so many. S3 takes no more than 10,000 parts: they double every so many.
fn part_bytes(parts: usize) -> usize {
    S3_PART_BYTES << (parts / S3_PARTS_OF_A_SIZE).min(9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_until_the_largest_object_fits() {
        assert_eq!(part_bytes(0), 8 << 20);
        assert_eq!(part_bytes(999), 8 << 20);
        assert_eq!(part_bytes(1_000), 16 << 20);
        let whole: usize = (0..10_000).map(part_bytes).sum();
        assert!(whole > 5 << 40, "S3's largest object has 5 TiB");
        assert!(part_bytes(9_999) <= 5 << 30, "S3's largest part has 5 GiB");
    }
}
