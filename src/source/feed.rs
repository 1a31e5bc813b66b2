//! Hands the bytes of delivery objects to worker threads, in whatever order they come.
//!
//! A file is read by the thread that asks, into its own buffer. What lies in S3 is fetched beforehand, so many at once and so many bytes
//! at once; a thread takes bodies that are there before it reads files, and waits for one only when no file is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::error::FetchError;
use super::folder;
use super::object::DeliveryObject;
use super::s3::{S3Feed, Taken};
use crate::limits::{BYTES_IN_FLIGHT, REUSED_BYTES_MAX, S3_CONCURRENCY};

/// How much may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedOptions {
    /// S3 requests at once.
    pub concurrency: usize,
    /// Bytes of S3 objects, as listed, that are under way or wait for a worker. One object is let through however large it is.
    pub bytes_in_flight: u64,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            concurrency: S3_CONCURRENCY,
            bytes_in_flight: BYTES_IN_FLIGHT,
        }
    }
}

/// What is known of an object once it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The version that was read, where the bucket keeps versions.
    pub version_id: Option<Box<str>>,
}

/// The bytes of a listing's objects, for any number of threads. Dropping it stops what is under way.
#[derive(Debug)]
pub struct Feed {
    objects: Arc<[DeliveryObject]>,
    /// The next object to look at for one that is a file.
    next_file: AtomicUsize,
    s3: Option<S3Feed>,
    stop: Arc<AtomicBool>,
}

impl Feed {
    pub(super) fn new(
        objects: Arc<[DeliveryObject]>,
        s3: Option<S3Feed>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            objects,
            next_file: AtomicUsize::new(0),
            s3,
            stop,
        }
    }

    /// Returns the index of an object that was read into `buf`, or could not be. Each object comes once; none is left, or the
    /// stop flag is set, when nothing is returned. The buffer's memory is used again.
    pub fn next(&self, buf: &mut Vec<u8>) -> Option<(usize, Result<Fetched, FetchError>)> {
        buf.clear();
        if buf.capacity() > REUSED_BYTES_MAX {
            *buf = Vec::new();
        }
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        if let Some(Taken::Body(index, fetched)) = self.s3.as_ref().map(|s3| s3.try_next(buf)) {
            return Some((index, fetched));
        }
        if let Some(index) = self.next_file() {
            let fetched = folder::read(&self.objects[index].address(), buf);
            return Some((index, fetched.map(|()| Fetched::default())));
        }
        let taken = self.s3.as_ref()?.next(buf);
        if self.stop.load(Ordering::Relaxed) {
            None
        } else {
            taken
        }
    }

    fn next_file(&self) -> Option<usize> {
        loop {
            let index = self.next_file.fetch_add(1, Ordering::Relaxed);
            if index >= self.objects.len() {
                self.next_file.store(self.objects.len(), Ordering::Relaxed); // so that it never wraps
                return None;
            }
            if !self.objects[index].is_in_s3() {
                return Some(index);
            }
        }
    }
}
