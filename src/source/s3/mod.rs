//! S3: the requests that list, look up and fetch, on threads of their own.

mod fetch;
mod page;
mod words;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use aws_sdk_s3::types::{EncodingType, OptionalObjectAttributes};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::SourceOptions;
use super::error::{FetchError, SourceError};
use super::finds::{Find, Finds, Root};
use super::walk::{ListRequest, Page, Walk};
use crate::aws::answer::{Action, Answer};
use crate::aws::client::{self, Asking, Bucket, Clients};
use crate::aws::traffic::STOP_TICK;
use crate::aws::words::answer_of;
use crate::aws::{S3_SCHEME, S3Error};
pub(super) use fetch::{BodyRoom, S3Feed, Taken};
use page::KeptBody;
use words::{HeadOf, head_of};

/// The buckets of a run.
pub(super) struct S3 {
    clients: Clients,
    shared: Arc<Shared>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clients.fmt(f)
    }
}

/// What the tasks of all buckets share.
struct Shared {
    aws: Arc<client::Shared>,
    /// Requests at once while listing.
    concurrency: usize,
    /// Requests made, by action.
    lists: AtomicU64,
    heads: AtomicU64,
}

impl S3 {
    /// Prepares the way to S3; no request is made yet, but configuration and credentials are looked up.
    ///
    /// # Errors
    ///
    /// Where there are no credentials, and requests are to be signed.
    pub(super) fn new(options: &SourceOptions) -> Result<Self, SourceError> {
        let clients = Clients::new(&options.aws)?;
        let shared = Arc::new(Shared {
            aws: Arc::clone(clients.shared()),
            concurrency: options.concurrency.max(1),
            lists: AtomicU64::new(0),
            heads: AtomicU64::new(0),
        });
        Ok(Self { clients, shared })
    }

    /// Lists a bucket below a prefix.
    ///
    /// # Errors
    ///
    /// Where the bucket cannot be listed, or nothing starts with the prefix.
    pub(super) fn walk(
        &self,
        bucket: &str,
        prefix: &str,
        finds: &mut Finds<'_>,
        stop: &AtomicBool,
    ) -> Result<(), SourceError> {
        let listed = self
            .clients
            .runtime()
            .block_on(self.shared.walk(bucket, prefix, finds, stop));
        self.count_requests(finds);
        finds.finish_source();
        listed
    }

    /// Looks up objects that were given by their keys. What is wrong with one shows when it is fetched.
    ///
    /// # Errors
    ///
    /// Where no object could be looked up: wrong credentials, no such bucket.
    pub(super) fn look_up(
        &self,
        bucket: &str,
        keys: &[&str],
        finds: &mut Finds<'_>,
        stop: &AtomicBool,
    ) -> Result<(), SourceError> {
        let found = self
            .clients
            .runtime()
            .block_on(self.shared.look_up(bucket, keys, stop));
        self.count_requests(finds);
        let root = Root::outside(&format!("{S3_SCHEME}{bucket}"));
        for (key, found) in keys.iter().zip(found?) {
            let address = format!("{S3_SCHEME}{bucket}/{key}");
            let (size, etag, archived) = found.unwrap_or_default();
            finds.offer_single(
                Find {
                    root: &root,
                    address: &address,
                    size,
                    etag,
                    archived,
                },
                false,
            );
        }
        Ok(())
    }

    fn count_requests(&self, finds: &mut Finds<'_>) {
        let taken = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        finds.count_requests(taken(&self.shared.lists), taken(&self.shared.heads));
    }
}

impl Shared {
    async fn walk(
        self: &Arc<Self>,
        bucket: &str,
        prefix: &str,
        finds: &mut Finds<'_>,
        stop: &AtomicBool,
    ) -> Result<(), SourceError> {
        let bucket = self.aws.bucket(bucket);
        let mut walk = Walk::new(&bucket.name, prefix, finds);
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.concurrency
                && let Some(task) = walk.next_task(running.is_empty(), finds)
            {
                let (shared, bucket) = (Arc::clone(self), Arc::clone(&bucket));
                running.spawn(async move {
                    let page = shared.list(&bucket, &task.request()).await;
                    (task, page)
                });
            }
            let joined = timeout(STOP_TICK, running.join_next()).await;
            if stop.load(Ordering::Relaxed) {
                return Err(SourceError::Stopped);
            }
            match joined {
                Err(_) => {} // a tick
                Ok(None) => return Ok(()),
                Ok(Some(Ok((task, page)))) => walk.absorb(task, page?, finds)?,
                Ok(Some(Err(panicked))) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
    }

    async fn list(&self, bucket: &Bucket, request: &ListRequest<'_>) -> Result<Page, S3Error> {
        let mut asking = Asking::new(&self.aws, bucket, Action::List, "");
        loop {
            let client = asking.client().await;
            self.lists.fetch_add(1, Ordering::Relaxed);
            let body = KeptBody::default();
            let answered = client
                .list_objects_v2()
                .bucket(&bucket.name)
                .prefix(request.prefix)
                .set_delimiter(request.delimited.then(|| "/".to_owned()))
                .set_start_after(request.start_after.map(str::to_owned))
                .set_continuation_token(request.token.map(str::to_owned))
                // Keys can hold characters that XML cannot.
                .encoding_type(EncodingType::Url)
                // Without it, what was restored from an archive looks as archived as before.
                .optional_object_attributes(OptionalObjectAttributes::RestoreStatus)
                .set_request_payer(self.aws.payer())
                .customize()
                .interceptor(body.clone())
                .send()
                .await;
            let page = match answered {
                Ok(_) => body.page().await,
                Err(error) => Err(answer_of(&error)),
            };
            match page {
                Ok(page) => {
                    asking.answered();
                    return Ok(page);
                }
                Err(answer) => asking
                    .again(answer)
                    .await
                    .map_err(|no| asking.explain(no, Answer::error))?,
            }
        }
    }

    /// Looks up keys, in their order; none for what was not found or not allowed.
    async fn look_up(
        self: &Arc<Self>,
        bucket: &str,
        keys: &[&str],
        stop: &AtomicBool,
    ) -> Result<Vec<Option<HeadOf>>, SourceError> {
        let bucket = self.aws.bucket(bucket);
        let mut found = vec![None; keys.len()];
        let mut running = JoinSet::new();
        let mut left = keys.iter().enumerate();
        loop {
            while running.len() < self.concurrency
                && let Some((index, key)) = left.next()
            {
                let (shared, bucket, key) =
                    (Arc::clone(self), Arc::clone(&bucket), (*key).to_owned());
                running.spawn(async move { (index, shared.head(&bucket, &key).await) });
            }
            let joined = timeout(STOP_TICK, running.join_next()).await;
            if stop.load(Ordering::Relaxed) {
                return Err(SourceError::Stopped);
            }
            match joined {
                Err(_) => {} // a tick
                Ok(None) => return Ok(found),
                Ok(Some(Ok((index, head)))) => found[index] = head?,
                Ok(Some(Err(panicked))) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
    }

    async fn head(&self, bucket: &Bucket, key: &str) -> Result<Option<HeadOf>, SourceError> {
        let mut asking = Asking::new(&self.aws, bucket, Action::Head, key);
        loop {
            let client = asking.client().await;
            self.heads.fetch_add(1, Ordering::Relaxed);
            let request = client
                .head_object()
                .bucket(&bucket.name)
                .key(key)
                .set_request_payer(self.aws.payer());
            let answer = match request.send().await {
                Ok(head) => {
                    asking.answered();
                    return Ok(Some(head_of(&head)));
                }
                Err(error) => answer_of(&error),
            };
            if let Err(answer) = asking.again(answer).await {
                return match asking.explain(answer, FetchError::of) {
                    FetchError::Source(error) => Err(error),
                    _ => Ok(None),
                };
            }
        }
    }
}
