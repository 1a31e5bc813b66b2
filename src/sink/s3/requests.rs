//! The requests that a dataset in a bucket takes, each repeated until there is an answer to keep.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, EncodingType, ObjectCannedAcl, ServerSideEncryption,
};
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::super::{OURS, SinkError};
use super::WriteOptions;
use crate::aws::answer::{Action, Answer};
use crate::aws::body::read_body;
use crate::aws::client::{Asking, Bucket, CONNECT_TIMEOUT, Shared, lock};
use crate::aws::words::{answer_of, percent_decoded};
use crate::aws::{S3Error, bucket_and_key};
use crate::commit::{DataFile, Upload};
use crate::limits::{LOG_ENTRY_BYTES_MAX, S3_PARTS_IN_FLIGHT, S3_WRITES_AT_ONCE};
use crate::table::TABLES;

/// How long a part of an upload may take: also 8 MiB on a line that carries half a megabit a second.
const PART_TIMEOUT: Duration = Duration::from_secs(150);

/// Splits the address of a dataset into its bucket and what each key begins with: nothing, or something with a slash at its end.
///
/// # Errors
///
/// Where there is no bucket, or the prefix has parts that programs take for something else (`//`, `..`).
pub(super) fn split(address: &str) -> Result<(&str, String), S3Error> {
    let (bucket, prefix) = bucket_and_key(address)?;
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    if prefix.is_empty() {
        return Ok((bucket, String::new()));
    }
    let is_plain = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.contains(|c: char| c.is_control() || c == '\\')
    };
    if prefix.split('/').all(is_plain) {
        Ok((bucket, format!("{prefix}/")))
    } else {
        Err(S3Error::bad_address(address))
    }
}

/// A prefix of a bucket, and what this process has under way below it.
pub(super) struct Prefix {
    /// The place, as it was given.
    pub(super) address: String,
    pub(super) options: WriteOptions,
    /// Room for parts that are being sent.
    pub(super) room: Arc<Semaphore>,
    shared: Arc<Shared>,
    bucket: Arc<Bucket>,
    /// What each key begins with.
    start: String,
    /// Uploads that this process has begun, and neither completed nor aborted; by id.
    own: Mutex<BTreeMap<String, OpenUpload>>,
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefix")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// An upload that is neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenUpload {
    pub(super) id: String,
    /// Where in the dataset its file will be published.
    pub(super) path: String,
}

/// What is known of an object without its bytes.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) bytes: u64,
    pub(super) tag: Option<String>,
}

/// A request that there is no use in repeating: what was answered, and what that means.
#[derive(Debug)]
pub(super) struct No {
    pub(super) answer: Answer,
    error: S3Error,
}

impl No {
    fn is_absent(&self) -> bool {
        self.answer.says(&["NoSuchKey", "NotFound"])
    }
}

impl From<No> for S3Error {
    fn from(no: No) -> Self {
        no.error
    }
}

impl From<No> for SinkError {
    fn from(no: No) -> Self {
        no.error.into()
    }
}

impl Prefix {
    pub(super) fn new(
        address: &str,
        bucket: &str,
        start: String,
        shared: &Arc<Shared>,
        options: WriteOptions,
    ) -> Self {
        Self {
            address: address.to_owned(),
            options,
            room: Arc::new(Semaphore::new(S3_PARTS_IN_FLIGHT)),
            shared: Arc::clone(shared),
            bucket: shared.bucket(bucket),
            start,
            own: Mutex::default(),
        }
    }

    fn key(&self, path: &str) -> String {
        format!("{}{path}", self.start)
    }

    fn asking<'a>(&'a self, action: Action, key: &'a str) -> Asking<'a> {
        Asking::new(&self.shared, &self.bucket, action, key)
    }

    /// Makes a request until there is an answer to keep, or no use in asking again.
    async fn ask<T, E, F>(
        &self,
        action: Action,
        key: &str,
        request: impl Fn(Client) -> F,
    ) -> Result<T, No>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut asking = self.asking(action, key);
        loop {
            let client = asking.client().await;
            match request(client).await {
                Ok(output) => {
                    asking.answered();
                    return Ok(output);
                }
                Err(error) => asking
                    .again(answer_of(&error))
                    .await
                    .map_err(|answer| no(&asking, answer))?,
            }
        }
    }

    // Small objects.

    /// Creates an object where there is none; false where there is one.
    pub(super) async fn create(&self, path: &str, content: Bytes) -> Result<bool, SinkError> {
        // The one writer need not ask for what the bucket may not know.
        let is_alone = self.options.single_writer;
        if is_alone && self.head(path).await?.is_some() {
            return Ok(false);
        }
        let key = self.key(path);
        let put = self.ask(Action::Put, &key, |client| {
            client
                .put_object()
                .bucket(&self.bucket.name)
                .key(&key)
                .set_if_none_match((!is_alone).then(|| "*".to_owned()))
                .set_server_side_encryption(self.sse())
                .set_ssekms_key_id(self.options.sse_kms_key_id.clone())
                .set_acl(self.acl())
                .set_request_payer(self.shared.payer())
                .body(content.clone().into())
                .send()
        });
        match put.await {
            Ok(_) => Ok(true),
            Err(no) if no.answer.status() == Some(412) => Ok(false),
            // The server knows no such condition.
            Err(no) if no.answer.status() == Some(501) => {
                Err(SinkError::Overwrites(self.address.clone()))
            }
            Err(no) => Err(no.into()),
        }
    }

    /// A whole object; `None` where there is none.
    pub(super) async fn read(&self, path: &str) -> Result<Option<Bytes>, S3Error> {
        let key = self.key(path);
        match self.get(&key, LOG_ENTRY_BYTES_MAX, |request| request).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(no) if no.is_absent() => Ok(None),
            Err(no) => Err(no.into()),
        }
    }

    /// What lies in an object from `start` to before `end`, provided that it is still the one that was opened.
    pub(super) async fn read_range(
        &self,
        path: &str,
        head: &Head,
        start: u64,
        end: u64,
    ) -> Result<Bytes, No> {
        let range = format!("bytes={start}-{}", end - 1);
        self.get(&self.key(path), end - start, |request| {
            request.range(&range).set_if_match(head.tag.clone())
        })
        .await
    }

    async fn get(
        &self,
        key: &str,
        bytes_max: u64,
        with: impl Fn(GetObjectFluentBuilder) -> GetObjectFluentBuilder,
    ) -> Result<Bytes, No> {
        let mut asking = self.asking(Action::Get, key);
        loop {
            let client = asking.client().await;
            let request = client.get_object().bucket(&self.bucket.name).key(key);
            let request = request.set_request_payer(self.shared.payer());
            let answer = match with(request).send().await {
                Ok(output) => {
                    let length = output.content_length().and_then(|n| u64::try_from(n).ok());
                    let mut bytes = Vec::new();
                    match read_body(output.body, length, bytes_max, &mut bytes).await {
                        Ok(()) => {
                            asking.answered();
                            return Ok(bytes.into());
                        }
                        Err(answer) => answer,
                    }
                }
                Err(error) => answer_of(&error),
            };
            asking
                .again(answer)
                .await
                .map_err(|answer| no(&asking, answer))?;
        }
    }

    /// Looks whether there is an object, and how large.
    pub(super) async fn head(&self, path: &str) -> Result<Option<Head>, S3Error> {
        let key = self.key(path);
        let head = self.ask(Action::Head, &key, |client| {
            client
                .head_object()
                .bucket(&self.bucket.name)
                .key(&key)
                .set_request_payer(self.shared.payer())
                .send()
        });
        match head.await {
            Ok(head) => Ok(Some(Head {
                bytes: head
                    .content_length()
                    .and_then(|n| u64::try_from(n).ok())
                    .unwrap_or_default(),
                tag: head.e_tag().map(str::to_owned),
            })),
            Err(no) if no.is_absent() => Ok(None),
            Err(no) => Err(no.into()),
        }
    }

    /// Looks whether a file is published.
    pub(super) async fn has(&self, file: &DataFile) -> Result<bool, S3Error> {
        let head = self.head(&file.path).await?;
        Ok(head.is_some_and(|head| head.bytes == file.bytes))
    }

    /// Deletes an object, where there is one.
    pub(super) async fn delete(&self, path: String) -> Result<(), S3Error> {
        let key = self.key(&path);
        let deleted = self.ask(Action::Delete, &key, |client| {
            client
                .delete_object()
                .bucket(&self.bucket.name)
                .key(&key)
                .set_request_payer(self.shared.payer())
                .send()
        });
        match deleted.await {
            Err(no) if !no.is_absent() => Err(no.into()),
            _ => Ok(()),
        }
    }

    // Lists.

    /// The names of the objects that lie directly in a folder.
    pub(super) async fn names(&self, folder: &str) -> Result<Vec<String>, S3Error> {
        let start = self.key(folder) + "/";
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let page = self.list(&start, true, token).await?;
            let found = page.keys.iter();
            let found = found.filter_map(|(key, _)| key.strip_prefix(&start));
            names.extend(found.filter(|name| !name.is_empty()).map(str::to_owned));
            token = page.next;
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    /// Whether there is anything that is not ours, but for the mark that the console leaves for an empty folder.
    pub(super) async fn holds_data(&self) -> Result<bool, S3Error> {
        let ours = self.key(OURS) + "/";
        let mut token = None;
        loop {
            let page = self.list(&self.start, true, token).await?;
            let is_data = |key: &String| *key != self.start && *key != ours;
            let keys = page.keys.iter().map(|(key, _)| key);
            if keys.chain(&page.folders).any(is_data) {
                return Ok(true);
            }
            token = page.next;
            if token.is_none() {
                return Ok(false);
            }
        }
    }

    /// The sizes of all objects, by path, but for marks of empty folders.
    pub(super) async fn all(&self) -> Result<BTreeMap<String, u64>, S3Error> {
        let mut all = BTreeMap::new();
        let mut token = None;
        loop {
            let page = self.list(&self.start, false, token).await?;
            let is_mark = |key: &str, bytes| bytes == 0 && (key.is_empty() || key.ends_with('/'));
            for (key, bytes) in page.keys {
                if let Some(path) = key.strip_prefix(&self.start)
                    && !is_mark(path, bytes)
                {
                    all.insert(path.to_owned(), bytes);
                }
            }
            token = page.next;
            if token.is_none() {
                return Ok(all);
            }
        }
    }

    /// One page of what lies in a folder, directly or at any depth.
    async fn list(
        &self,
        start: &str,
        directly: bool,
        token: Option<String>,
    ) -> Result<Page, S3Error> {
        let page = self.ask(Action::List, "", |client| {
            client
                .list_objects_v2()
                .bucket(&self.bucket.name)
                .prefix(start)
                .set_delimiter(directly.then(|| "/".to_owned()))
                .set_continuation_token(token.clone())
                // Keys can hold characters that XML cannot.
                .encoding_type(EncodingType::Url)
                .set_request_payer(self.shared.payer())
                .send()
        });
        Ok(Page::of(page.await?))
    }

    // Uploads.

    /// Begins an upload to the key of a data file.
    pub(super) async fn begin_upload(&self, path: &str) -> Result<OpenUpload, SinkError> {
        let key = self.key(path);
        let begun = self.ask(Action::Put, &key, |client| {
            client
                .create_multipart_upload()
                .bucket(&self.bucket.name)
                .key(&key)
                .content_type("application/vnd.apache.parquet")
                .set_server_side_encryption(self.sse())
                .set_ssekms_key_id(self.options.sse_kms_key_id.clone())
                .set_acl(self.acl())
                .set_request_payer(self.shared.payer())
                .send()
        });
        let id = begun.await?.upload_id;
        let id = id.ok_or_else(|| self.incomplete(Action::Put, &key, "an upload has no id"))?;
        let upload = OpenUpload {
            id,
            path: path.to_owned(),
        };
        lock(&self.own).insert(upload.id.clone(), upload.clone());
        Ok(upload)
    }

    /// Sends a part; returns its tag.
    pub(super) async fn upload_part(
        &self,
        upload: &OpenUpload,
        number: i32,
        bytes: Bytes,
    ) -> Result<String, SinkError> {
        let key = self.key(&upload.path);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(PART_TIMEOUT)
            .build();
        let slower = aws_sdk_s3::Config::builder().timeout_config(timeouts);
        let sent = self.ask(Action::Put, &key, |client| {
            client
                .upload_part()
                .bucket(&self.bucket.name)
                .key(&key)
                .upload_id(&upload.id)
                .part_number(number)
                .body(bytes.clone().into())
                .set_request_payer(self.shared.payer())
                .customize()
                .config_override(slower.clone())
                .send()
        });
        match sent.await {
            Ok(sent) => Ok(sent
                .e_tag
                .ok_or_else(|| self.incomplete(Action::Put, &key, "a part has no ETag"))?),
            // Nobody aborts it but a writer who took this one for dead.
            Err(no) if no.answer.says(&["NoSuchUpload"]) => {
                Err(SinkError::Overtaken(self.address.clone()))
            }
            Err(no) => Err(no.into()),
        }
    }

    /// Tries to complete an upload, until its file is there or there is no use in asking again.
    pub(super) async fn complete(
        &self,
        file: &DataFile,
        upload: &Upload,
    ) -> Result<Completion, S3Error> {
        let key = self.key(&file.path);
        let part = |(number, tag): (i32, &String)| {
            let part = CompletedPart::builder().part_number(number).e_tag(tag);
            part.build()
        };
        let parts = (1..).zip(&upload.parts).map(part).collect();
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
        let parts = parts.build();
        let mut asking = self.asking(Action::Put, &key);
        loop {
            let completed = asking
                .client()
                .await
                .complete_multipart_upload()
                .bucket(&self.bucket.name)
                .key(&key)
                .upload_id(&upload.id)
                .multipart_upload(parts.clone())
                .set_request_payer(self.shared.payer())
                .send()
                .await;
            let completed = completed.map_err(|error| answer_of(&error));
            asking.end_with(completed.as_ref().err());
            if self.has(file).await? {
                return Ok(Completion::Done);
            }
            let Err(answer) = completed else {
                return Ok(Completion::Nothing);
            };
            if let Err(answer) = asking.again(answer).await {
                return Ok(Completion::Failed(no(&asking, answer).error));
            }
        }
    }

    /// Aborts uploads, those that are still open.
    pub(super) async fn abort_all(
        self: &Arc<Self>,
        uploads: Vec<OpenUpload>,
    ) -> Result<(), S3Error> {
        let aborted = each(uploads, |upload| {
            let prefix = Arc::clone(self);
            async move { prefix.abort(&upload).await }
        });
        aborted.await.map(drop)
    }

    async fn abort(&self, upload: &OpenUpload) -> Result<(), S3Error> {
        let key = self.key(&upload.path);
        let aborted = self.ask(Action::Abort, &key, |client| {
            client
                .abort_multipart_upload()
                .bucket(&self.bucket.name)
                .key(&key)
                .upload_id(&upload.id)
                .set_request_payer(self.shared.payer())
                .send()
        });
        match aborted.await {
            Err(no) if !no.answer.says(&["NoSuchUpload", "NoSuchKey", "NotFound"]) => {
                return Err(no.into());
            }
            _ => self.forget(&upload.id),
        }
        Ok(())
    }

    /// The open uploads of data files whose paths begin so. Whatever else is uploaded to the bucket is none of our business.
    pub(super) async fn open_uploads(&self, path: &str) -> Result<Vec<OpenUpload>, S3Error> {
        let start = self.key(path);
        let mut uploads = Vec::new();
        let mut marker: (Option<String>, Option<String>) = (None, None);
        loop {
            let page = self.ask(Action::ListUploads, "", |client| {
                client
                    .list_multipart_uploads()
                    .bucket(&self.bucket.name)
                    .prefix(&start)
                    .set_key_marker(marker.0.clone())
                    .set_upload_id_marker(marker.1.clone())
                    .encoding_type(EncodingType::Url)
                    .set_request_payer(self.shared.payer())
                    .send()
            });
            let page = page.await?;
            let decode = decoder(page.encoding_type());
            for upload in page.uploads() {
                let key = decode(upload.key().unwrap_or_default());
                let path = key.strip_prefix(&self.start).unwrap_or_default();
                if is_data_file(path) {
                    uploads.push(OpenUpload {
                        id: upload.upload_id().unwrap_or_default().to_owned(),
                        path: path.to_owned(),
                    });
                }
            }
            let is_last = page.is_truncated() != Some(true) || page.next_key_marker().is_none();
            if is_last {
                return Ok(uploads);
            }
            marker = (
                page.next_key_marker().map(decode),
                page.next_upload_id_marker.clone(),
            );
        }
    }

    /// The uploads that this process has under way.
    pub(super) fn own(&self) -> Vec<OpenUpload> {
        lock(&self.own).values().cloned().collect()
    }

    pub(super) fn is_own(&self, upload: &OpenUpload) -> bool {
        lock(&self.own).contains_key(&upload.id)
    }

    /// Takes note that an upload is completed or aborted.
    pub(super) fn forget(&self, id: &str) {
        lock(&self.own).remove(id);
    }

    fn sse(&self) -> Option<ServerSideEncryption> {
        self.options.sse.as_deref().map(ServerSideEncryption::from)
    }

    fn acl(&self) -> Option<ObjectCannedAcl> {
        self.options.acl.as_deref().map(ObjectCannedAcl::from)
    }

    fn incomplete(&self, action: Action, key: &str, what: &str) -> S3Error {
        let answer = Answer::NotS3 {
            detail: what.to_owned(),
        };
        self.asking(action, key).explain(answer, Answer::error)
    }
}

/// What came of the attempt to complete an upload.
pub(super) enum Completion {
    /// The file is there.
    Done,
    /// S3 said yes, and there is nothing: it was completed before, and what it gave is gone.
    Nothing,
    /// S3 said no.
    Failed(S3Error),
}

fn no(asking: &Asking<'_>, answer: Answer) -> No {
    No {
        answer: answer.clone(),
        error: asking.explain(answer, Answer::error),
    }
}

/// A page of a list.
struct Page {
    /// Keys and sizes.
    keys: Vec<(String, u64)>,
    folders: Vec<String>,
    next: Option<String>,
}

impl Page {
    fn of(output: ListObjectsV2Output) -> Self {
        let decode = decoder(output.encoding_type());
        let keys = output.contents().iter().filter_map(|object| {
            let bytes = object.size().and_then(|bytes| u64::try_from(bytes).ok());
            Some((decode(object.key()?), bytes.unwrap_or_default()))
        });
        let folders = output.common_prefixes().iter();
        Self {
            keys: keys.collect(),
            folders: folders.filter_map(|f| f.prefix().map(decode)).collect(),
            next: output
                .next_continuation_token
                .filter(|token| !token.is_empty()),
        }
    }
}

/// How keys of an answer are read.
fn decoder(encoding: Option<&EncodingType>) -> fn(&str) -> String {
    match encoding {
        Some(EncodingType::Url) => percent_decoded,
        _ => str::to_owned,
    }
}

/// Whether data files are called so.
fn is_data_file(path: &str) -> bool {
    let mut parts = path.split('/');
    let (table, partition, name) = (parts.next(), parts.next(), parts.next());
    let is_partition = |partition: &str| {
        let of_table = TABLES.iter().find(|known| Some(known.name) == table);
        of_table.is_some_and(|table| {
            partition
                .strip_prefix(table.partition)
                .is_some_and(|rest| rest.starts_with('='))
        })
    };
    partition.is_some_and(is_partition)
        && name.is_some_and(|name| name.ends_with(".parquet"))
        && parts.next().is_none()
}

/// Does something with each of them, so many at once; returns what came of it, in their order.
pub(super) async fn each<I, T, F>(items: Vec<I>, act: impl Fn(I) -> F) -> Result<Vec<T>, S3Error>
where
    F: Future<Output = Result<T, S3Error>> + Send + 'static,
    T: Send + 'static,
{
    let mut left = items.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut done = BTreeMap::new();
    loop {
        while running.len() < S3_WRITES_AT_ONCE
            && let Some((number, item)) = left.next()
        {
            let acted = act(item);
            running.spawn(async move { (number, acted.await) });
        }
        match running.join_next().await {
            None => return Ok(done.into_values().collect()),
            Some(Ok((number, acted))) => {
                done.insert(number, acted?);
            }
            Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_datasets() {
        for (address, bucket, start) in [
            ("s3://b", "b", ""),
            ("s3://b/", "b", ""),
            ("s3://b/tables", "b", "tables/"),
            ("s3://b/team a/tables/", "b", "team a/tables/"),
        ] {
            let (found, prefix) = split(address).expect("an address");
            assert_eq!((found, prefix.as_str()), (bucket, start), "{address}");
        }
        for address in [
            "s3://",
            "s3:///tables",
            "s3://b//tables",
            "s3://b/tables//",
            "s3://b/../tables",
            "s3://b/a\nb",
            "s3://b ucket/x",
        ] {
            assert!(split(address).is_err(), "{address}");
        }
    }

    #[test]
    fn only_data_files_are_ours() {
        assert!(is_data_file("events/event_date=2026-08-01/x-000.parquet"));
        assert!(is_data_file(
            "objects/delivery_date=2026-08-01/x-000.parquet"
        ));
        for path in [
            "",
            "backup.tar",
            "events/event_date=2026-08-01/x.csv",
            "events/year=2026/x.parquet",
            "sales/event_date=2026-08-01/x.parquet",
            "events/event_date=2026-08-01/more/x.parquet",
        ] {
            assert!(!is_data_file(path), "{path}");
        }
    }
}
