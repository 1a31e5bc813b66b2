//! Bodies out of S3, fetched before they are wanted, bounded by requests and by bytes.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::S3;
use crate::aws::S3_SCHEME;
use crate::aws::answer::{Action, Answer};
use crate::aws::body::read_body;
use crate::aws::client::{Asking, Shared, lock};
use crate::aws::traffic::STOP_TICK;
use crate::aws::words::answer_of;
use crate::limits::{FETCHED_BYTES_MAX, SPARE_BODIES_MAX, SPARE_BODY_BYTES_MAX};
use crate::source::error::FetchError;
use crate::source::feed::{Body as Taker, FeedOptions, Fetched};
use crate::source::object::DeliveryObject;

impl S3 {
    /// Starts to fetch those of the objects that lie in S3.
    pub(in crate::source) fn feed(
        self: &Arc<Self>,
        objects: Arc<[DeliveryObject]>,
        options: FeedOptions,
        stop: Arc<AtomicBool>,
    ) -> S3Feed {
        let concurrency = options.concurrency.max(1);
        let (bodies, ready) = mpsc::channel(concurrency);
        let kibibytes = options
            .bytes_in_flight
            .div_ceil(1024)
            .clamp(1, u64::from(u32::MAX / 2));
        let kibibytes = u32::try_from(kibibytes).expect("it was clamped");
        let fetching = Arc::new(Fetching {
            shared: Arc::clone(&self.shared.aws),
            objects,
            next: AtomicUsize::new(0),
            room: Arc::new(Semaphore::new(kibibytes as usize)),
            room_kibibytes: kibibytes,
            free_bytes: options.free_bytes,
            spare: Mutex::new(Vec::new()),
        });
        let all = fetch_all(Arc::clone(&fetching), concurrency, bodies, stop);
        let running = self.clients.runtime().spawn(all).abort_handle();
        S3Feed {
            ready: Mutex::new(ready),
            _s3: Arc::clone(self),
            fetching,
            running,
        }
    }
}

/// What fetches share.
struct Fetching {
    shared: Arc<Shared>,
    objects: Arc<[DeliveryObject]>,
    /// The next object to look at for one that lies in S3.
    next: AtomicUsize,
    /// Room for bytes in flight, in KiB.
    room: Arc<Semaphore>,
    room_kibibytes: u32,
    /// Of a larger body the room is kept until a worker is done with it.
    free_bytes: usize,
    /// Buffers that workers gave back.
    spare: Mutex<Vec<Vec<u8>>>,
}

/// Room that a body takes while it is in flight.
#[derive(Debug)]
pub(in crate::source) struct BodyRoom {
    _permit: OwnedSemaphorePermit,
}

/// A body on its way to a worker. Its bytes count as in flight until a worker takes them.
struct Body {
    index: usize,
    fetched: Result<(Vec<u8>, Fetched), FetchError>,
    room: Option<BodyRoom>,
}

/// What there was to take.
pub(in crate::source) enum Taken {
    /// An object, by its index, in the buffer that was given.
    Body(usize, Result<Fetched, FetchError>),
    /// None is there yet.
    NotYet,
    /// None will come.
    Done,
}

/// Bodies out of S3, fetched beforehand.
pub(in crate::source) struct S3Feed {
    ready: Mutex<mpsc::Receiver<Body>>,
    /// The threads, which end with the last that needs them.
    _s3: Arc<S3>,
    fetching: Arc<Fetching>,
    running: AbortHandle,
}

impl fmt::Debug for S3Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Feed").finish_non_exhaustive()
    }
}

impl Drop for S3Feed {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl S3Feed {
    /// Takes a body if one is there.
    pub(in crate::source) fn try_next(&self, taker: &mut Taker<'_>) -> Taken {
        let mut ready = match self.ready.try_lock() {
            Ok(ready) => ready,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Taken::NotYet,
        };
        match ready.try_recv() {
            Ok(body) => {
                drop(ready);
                let (index, fetched) = self.take(body, taker);
                Taken::Body(index, fetched)
            }
            Err(mpsc::error::TryRecvError::Empty) => Taken::NotYet,
            Err(mpsc::error::TryRecvError::Disconnected) => Taken::Done,
        }
    }

    /// Waits for a body; none where all have been taken, or fetching was stopped.
    pub(in crate::source) fn next(
        &self,
        taker: &mut Taker<'_>,
    ) -> Option<(usize, Result<Fetched, FetchError>)> {
        let body = lock(&self.ready).blocking_recv()?;
        Some(self.take(body, taker))
    }

    fn take(&self, body: Body, taker: &mut Taker<'_>) -> (usize, Result<Fetched, FetchError>) {
        let Body {
            index,
            fetched,
            room,
        } = body;
        let fetched = fetched.map(|(bytes, fetched)| {
            let is_large = bytes.len() > self.fetching.free_bytes;
            self.fetching
                .give_back(taker.put(bytes, room.filter(|_| is_large)));
            fetched
        });
        (index, fetched)
    }
}

/// Fetches every object, so many at once, until done or stopped.
async fn fetch_all(
    fetching: Arc<Fetching>,
    concurrency: usize,
    bodies: mpsc::Sender<Body>,
    stop: Arc<AtomicBool>,
) {
    let mut fetchers = JoinSet::new();
    for _ in 0..concurrency.min(fetching.objects.len()) {
        fetchers.spawn(fetch_some(Arc::clone(&fetching), bodies.clone()));
    }
    drop(bodies);
    while !stop.load(Ordering::Relaxed) {
        // A fetcher that panicked leaves its object out, which the run's books show.
        if let Ok(None) = timeout(STOP_TICK, fetchers.join_next()).await {
            return;
        }
    }
}

/// Fetches one object after the other, until none is left or nobody takes them.
async fn fetch_some(fetching: Arc<Fetching>, bodies: mpsc::Sender<Body>) {
    while let Some(index) = fetching.next_index() {
        let object = &fetching.objects[index];
        let room = fetching.make_room(object.size).await;
        let fetched = fetching.fetch(object).await;
        if bodies
            .send(Body {
                index,
                fetched,
                room,
            })
            .await
            .is_err()
        {
            return;
        }
    }
}

impl Fetching {
    fn next_index(&self) -> Option<usize> {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if self.objects.get(index)?.is_in_s3() {
                return Some(index);
            }
        }
    }

    async fn make_room(&self, bytes: u64) -> Option<BodyRoom> {
        let kibibytes = u32::try_from(bytes.div_ceil(1024))
            .unwrap_or(u32::MAX)
            .clamp(1, self.room_kibibytes);
        Arc::clone(&self.room)
            .acquire_many_owned(kibibytes)
            .await
            .ok()
            .map(|permit| BodyRoom { _permit: permit })
    }

    async fn fetch(&self, object: &DeliveryObject) -> Result<(Vec<u8>, Fetched), FetchError> {
        if object.archived {
            return Err(FetchError::Archived);
        }
        if object.size > FETCHED_BYTES_MAX {
            return Err(FetchError::TooLarge {
                bytes: object.size,
                max: FETCHED_BYTES_MAX,
            });
        }
        let address = object.address();
        let (bucket, key) = split_address(&address).ok_or(FetchError::Gone)?;
        let bucket = self.shared.bucket(bucket);
        let mut asking = Asking::new(&self.shared, &bucket, Action::Get, key);
        loop {
            let client = asking.client().await;
            let request = client
                .get_object()
                .bucket(&bucket.name)
                .key(key)
                .set_request_payer(self.shared.payer());
            let answer = match request.send().await {
                Ok(output) => {
                    let version_id = output
                        .version_id()
                        .filter(|id| *id != "null")
                        .map(Into::into);
                    match self.body_of(output).await {
                        Ok(bytes) => {
                            asking.answered();
                            return Ok((bytes, Fetched { version_id }));
                        }
                        Err(answer) => answer,
                    }
                }
                Err(error) => answer_of(&error),
            };
            asking
                .again(answer)
                .await
                .map_err(|no| asking.explain(no, FetchError::of))?;
        }
    }

    /// The body, whole, in a buffer that is used again.
    async fn body_of(&self, output: GetObjectOutput) -> Result<Vec<u8>, Answer> {
        let length = output
            .content_length()
            .and_then(|length| u64::try_from(length).ok());
        let mut bytes = lock(&self.spare).pop().unwrap_or_default();
        read_body(output.body, length, FETCHED_BYTES_MAX, &mut bytes).await?;
        Ok(bytes)
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        let mut spare = lock(&self.spare);
        if buffer.capacity() > 0
            && buffer.capacity() <= SPARE_BODY_BYTES_MAX
            && spare.len() < SPARE_BODIES_MAX
        {
            buffer.clear();
            spare.push(buffer);
        }
    }
}

/// Splits `s3://bucket/key`.
fn split_address(address: &str) -> Option<(&str, &str)> {
    address.strip_prefix(S3_SCHEME)?.split_once('/')
}
