//! A dataset's place in a bucket: data files are staged as multipart uploads to their own keys, which nobody sees until they are
//! completed; an entry of the log is created with `If-None-Match: *`.
//!
//! There is no lock. Two writers find each other out when they create the same entry, so a bucket that ignores the condition is
//! refused, unless it was promised that there is only one writer. Who sweeps the uploads of others appends an entry
//! first, which a writer that was only slow then meets.

mod object;
mod publish;
mod requests;
mod stage;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use self::object::OpenObject;
use self::requests::{OpenUpload, Prefix, each};
use self::stage::Staging;
use super::inventory::Found;
use super::store::{ReadAt, Stage, Store};
use super::{OURS, PROBE, SinkError};
use crate::aws::AwsOptions;
use crate::aws::client::{Clients, lock};
use crate::commit::{DataFile, LOG_FOLDER};

/// How long is waited for what one has staged to be swept. What is left then is swept by the next run.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(10);

/// The same, from the moment that the run was to stop: it has to end within 5 s.
const SWEEP_GRACE: Duration = Duration::from_millis(3_500);

/// How long a request goes on that looks, commits or publishes, when the run is to stop. What is not published then is left to the next
/// run.
const PUBLISH_GRACE: Duration = Duration::from_secs(2);

/// How objects are written, in the AWS CLI's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Encryption on the server: `AES256`, `aws:kms` or `aws:kms:dsse`; the bucket's own where `None`.
    pub sse: Option<String>,
    /// The KMS key to encrypt with.
    pub sse_kms_key_id: Option<String>,
    /// A canned ACL, such as `bucket-owner-full-control`.
    pub acl: Option<String>,
    /// Whether it was promised that nobody else writes to the dataset at the same time.
    pub single_writer: bool,
}

/// A prefix of a bucket.
#[derive(Debug)]
pub struct Bucket {
    address: String,
    clients: Arc<Clients>,
    prefix: Arc<Prefix>,
    /// Open uploads, as they were when it was asked whether there are any. Who begins one after the claim that follows knows of it,
    /// and is not to be swept.
    seen: Mutex<Option<Vec<OpenUpload>>>,
}

impl Bucket {
    /// Returns the place that `s3://bucket[/prefix]` names. No request is made yet.
    ///
    /// # Errors
    ///
    /// Where the address is none, or there are no credentials.
    pub fn new(address: &str, aws: &AwsOptions, options: WriteOptions) -> Result<Self, SinkError> {
        let (bucket, prefix) = requests::split(address)?;
        let clients = Clients::new(aws)?;
        let prefix = Prefix::new(address, bucket, prefix, clients.shared(), options);
        Ok(Self {
            address: address.to_owned(),
            clients: Arc::new(clients),
            prefix: Arc::new(prefix),
            seen: Mutex::default(),
        })
    }

    /// Waits for an answer, and a little longer when the run is to stop: what is being published had better be.
    fn wait<T, E>(&self, asked: impl Future<Output = Result<T, E>>) -> Result<T, SinkError>
    where
        SinkError: From<E>,
    {
        Ok(self.clients.wait(PUBLISH_GRACE, asked)??)
    }

    async fn sweep_probes(&self) -> Result<(), SinkError> {
        for name in self.prefix.names(OURS).await? {
            if name.starts_with(PROBE) {
                self.prefix.delete(format!("{OURS}/{name}")).await?;
            }
        }
        Ok(())
    }
}

impl Store for Bucket {
    fn address(&self) -> &str {
        &self.address
    }

    fn lock(&self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Under a name of its own, so that two writers who probe at once do not meet. What was left by one that was killed is swept.
    fn probe(&self) -> Result<(), SinkError> {
        if self.prefix.options.single_writer {
            return Ok(());
        }
        let path = format!("{OURS}/{PROBE}{:016x}", RandomState::new().hash_one(0));
        let is_refused = self.wait(async {
            // The first may be refused too, where it was repeated and met itself; the second may not be, where another writer swept.
            let create = || self.prefix.create(&path, Bytes::new());
            let is_refused = !create().await? || !create().await? || !create().await?;
            self.prefix.delete(path.clone()).await?;
            self.sweep_probes().await?;
            Ok::<_, SinkError>(is_refused)
        })?;
        if is_refused {
            Ok(())
        } else {
            Err(SinkError::Overwrites(self.address.clone()))
        }
    }

    fn holds_data(&self) -> Result<bool, SinkError> {
        self.wait(self.prefix.holds_data())
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, SinkError> {
        self.wait(self.prefix.names(folder))
    }

    fn read(&self, path: &str) -> Result<Option<Bytes>, SinkError> {
        self.wait(self.prefix.read(path))
    }

    fn create(&self, path: &str, content: &[u8]) -> Result<bool, SinkError> {
        let content = Bytes::copy_from_slice(content);
        self.wait(self.prefix.create(path, content))
    }

    fn stage(&self, path: &str) -> Result<Box<dyn Stage>, SinkError> {
        let upload = self.wait(self.prefix.begin_upload(path))?;
        let (clients, prefix) = (Arc::clone(&self.clients), Arc::clone(&self.prefix));
        Ok(Box::new(Staging::new(clients, prefix, upload)))
    }

    fn size(&self, path: &str) -> Result<Option<u64>, SinkError> {
        let head = self.wait(self.prefix.head(path))?;
        Ok(head.map(|head| head.bytes))
    }

    fn publish(&self, files: &[DataFile]) -> Result<Option<String>, SinkError> {
        self.wait(publish::publish(&self.prefix, files))
    }

    fn remove(&self, paths: &[String]) -> Result<(), SinkError> {
        let removed = each(paths.to_vec(), |path| {
            let prefix = Arc::clone(&self.prefix);
            async move { prefix.delete(path).await }
        });
        self.wait(removed)?;
        Ok(())
    }

    fn has_stages_of_others(&self) -> Result<bool, SinkError> {
        let uploads = self.wait(self.prefix.open_uploads(""))?;
        let has_others = uploads.iter().any(|upload| !self.prefix.is_own(upload));
        *lock(&self.seen) = Some(uploads);
        Ok(has_others)
    }

    fn sweep_all(&self) -> Result<(), SinkError> {
        let seen = lock(&self.seen).take();
        let uploads = match seen {
            Some(seen) => seen,
            None => self.wait(self.prefix.open_uploads(""))?,
        };
        self.wait(self.prefix.abort_all(uploads))
    }

    fn sweep_own(&self) -> Result<(), SinkError> {
        let swept = self.prefix.abort_all(self.prefix.own());
        let swept = async { timeout(SWEEP_TIMEOUT, swept).await };
        let swept = self.clients.wait(SWEEP_GRACE, swept)?;
        swept.unwrap_or(Ok(()))?;
        Ok(())
    }

    fn leave(&self) {
        let _ = self.sweep_own(); // else by the next run
    }

    fn inventory(&self) -> Result<BTreeMap<String, Found>, SinkError> {
        let found = self.wait(self.prefix.all())?;
        if !found.keys().any(|path| path.starts_with(LOG_FOLDER)) {
            return Err(SinkError::NoDataset(self.address.clone()));
        }
        let probe = format!("{OURS}/{PROBE}");
        let is_probe = |path: &str, bytes| bytes == 0 && path.starts_with(&probe); // says nothing
        let found = found.into_iter();
        Ok(found
            .filter(|(path, bytes)| !is_probe(path, *bytes))
            .map(|(path, bytes)| (path, Found::File(bytes)))
            .collect())
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadAt>, SinkError> {
        let head = self.wait(self.prefix.head(path))?;
        let head = head.ok_or_else(|| SinkError::Missing(format!("{}/{path}", self.address)))?;
        let (clients, prefix) = (Arc::clone(&self.clients), Arc::clone(&self.prefix));
        Ok(Arc::new(OpenObject::new(clients, prefix, path, head)))
    }
}
