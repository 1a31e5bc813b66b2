//! Hands the bytes of delivery objects to worker threads, in whatever order they come.
//!
//! A file is read by the thread that asks, into its own buffer. What lies in S3 is fetched beforehand, so many at once and so many bytes
//! at once; a thread takes bodies that are there before it reads files, and waits for one only when no file is left.

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::error::FetchError;
use super::folder;
use super::object::DeliveryObject;
use super::s3::{BodyRoom, S3Feed, Taken};
use crate::budget::{Gate, Permit};
use crate::limits::{BODY_BYTES, FREE_BYTES_MIN, REUSED_BYTES_MAX, S3_CONCURRENCY};

/// How much may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedOptions {
    /// S3 requests at once.
    pub concurrency: usize,
    /// Bytes of objects, as listed, that are under way or wait for a worker, and of large ones also while a worker has them. One
    /// object is let through however large it is.
    pub bytes_in_flight: u64,
    /// Bytes of a body beyond which it is large, and its memory is not used again.
    pub free_bytes: usize,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            concurrency: S3_CONCURRENCY,
            bytes_in_flight: BODY_BYTES as u64,
            free_bytes: REUSED_BYTES_MAX,
        }
    }
}

/// What is known of an object once it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The version that was read, where the bucket keeps versions.
    pub version_id: Option<Box<str>>,
}

/// The bytes of an object, in memory that is used again. A large one has its share of what may be under way until the next is
/// asked for.
#[derive(Debug, Default)]
pub struct Body<'f> {
    bytes: Vec<u8>,
    in_s3: Option<BodyRoom>,
    in_file: Option<Permit<'f>>,
}

impl Body<'_> {
    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes to work on: those of a large object to have, so that they can go as soon as they are inflated.
    pub fn lend(&mut self) -> Cow<'_, [u8]> {
        if self.bytes.len() > FREE_BYTES_MIN {
            mem::take(&mut self.bytes).into()
        } else {
            self.bytes.as_slice().into()
        }
    }

    /// Gives back what a large object took.
    pub fn give_back(&mut self, kept_bytes: usize) {
        self.bytes.clear();
        if self.bytes.capacity() > kept_bytes {
            self.bytes = Vec::new();
        }
        (self.in_s3, self.in_file) = (None, None);
    }

    /// Takes what came from S3, with its room where that is kept, and returns the buffer that was there.
    pub(super) fn put(&mut self, bytes: Vec<u8>, room: Option<BodyRoom>) -> Vec<u8> {
        self.in_s3 = room;
        mem::replace(&mut self.bytes, bytes)
    }
}

/// The bytes of a listing's objects, for any number of threads. Dropping it stops what is under way.
#[derive(Debug)]
pub struct Feed {
    objects: Arc<[DeliveryObject]>,
    /// The next object to look at for one that is a file.
    next_file: AtomicUsize,
    s3: Option<S3Feed>,
    /// Where large files wait to be read.
    files: Gate,
    stop: Arc<AtomicBool>,
}

impl Feed {
    pub(super) fn new(
        objects: Arc<[DeliveryObject]>,
        s3: Option<S3Feed>,
        options: FeedOptions,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let in_flight = usize::try_from(options.bytes_in_flight).unwrap_or(usize::MAX);
        Self {
            objects,
            next_file: AtomicUsize::new(0),
            s3,
            files: Gate::new(in_flight, options.free_bytes),
            stop,
        }
    }

    /// Returns the index of an object that was read into `body`, or could not be. Each object comes once; none is left, or the
    /// stop flag is set, when nothing is returned.
    pub fn next<'f>(&'f self, body: &mut Body<'f>) -> Option<(usize, Result<Fetched, FetchError>)> {
        body.give_back(self.files.free_bytes());
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        if let Some(Taken::Body(index, fetched)) = self.s3.as_ref().map(|s3| s3.try_next(body)) {
            return Some((index, fetched));
        }
        if let Some(index) = self.next_file() {
            let object = &self.objects[index];
            body.in_file = self
                .files
                .enter(usize::try_from(object.size).unwrap_or(usize::MAX));
            let fetched = folder::read(&object.address(), &mut body.bytes);
            return Some((index, fetched.map(|()| Fetched::default())));
        }
        let taken = self.s3.as_ref()?.next(body);
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
