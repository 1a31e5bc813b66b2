//! What is written: objects, at once or by multipart uploads.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use s3s::S3Result;
use s3s::dto::{
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, MultipartUpload, PutObjectInput, PutObjectOutput, StreamingBlob,
    UploadPartInput, UploadPartOutput,
};

use super::{Again, Inner, Stored, error, lock, tag};

/// What came with an object that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) key: String,
    pub(crate) sse: Option<String>,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) acl: Option<String>,
    pub(crate) if_none_match: bool,
}

/// The least that a part has but the last.
const PART_BYTES_MIN: usize = 5 << 20;
/// Uploads on a page, few so that there are several.
const UPLOADS_ON_PAGE: usize = 3;

#[derive(Default)]
pub(super) struct Upload {
    parts: BTreeMap<i32, Bytes>,
}

impl Inner {
    pub(super) async fn put(&self, input: PutObjectInput) -> S3Result<PutObjectOutput> {
        let bytes = whole(input.body).await?;
        let is_conditional = input.if_none_match.is_some();
        let mut buckets = lock(&self.buckets);
        let objects = buckets
            .get_mut(&input.bucket)
            .ok_or_else(|| error(404, "NoSuchBucket"))?;
        if is_conditional
            && objects.contains_key(&input.key)
            && !self.ignores_conditions.load(Ordering::Relaxed)
        {
            return Err(error(412, "PreconditionFailed"));
        }
        lock(&self.written).push(Written {
            key: input.key.clone(),
            sse: input
                .server_side_encryption
                .map(|sse| sse.as_str().to_owned()),
            kms_key_id: input.ssekms_key_id,
            acl: input.acl.map(|acl| acl.as_str().to_owned()),
            if_none_match: is_conditional,
        });
        let e_tag = Some(ETag::Strong(tag(&bytes)));
        objects.insert(input.key, stored(bytes));
        Ok(PutObjectOutput {
            e_tag,
            ..PutObjectOutput::default()
        })
    }

    pub(super) fn create_upload(
        &self,
        input: &CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        if !lock(&self.buckets).contains_key(&input.bucket) {
            return Err(error(404, "NoSuchBucket"));
        }
        let id = format!(
            "upload-{}",
            self.next_upload.fetch_add(1, Ordering::Relaxed)
        );
        lock(&self.written).push(Written {
            key: input.key.clone(),
            sse: input
                .server_side_encryption
                .as_ref()
                .map(|sse| sse.as_str().to_owned()),
            kms_key_id: input.ssekms_key_id.clone(),
            acl: input.acl.as_ref().map(|acl| acl.as_str().to_owned()),
            if_none_match: false,
        });
        let upload = (input.bucket.clone(), input.key.clone(), id.clone());
        lock(&self.uploads).insert(upload, Upload::default());
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            key: Some(input.key.clone()),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn upload_part(&self, input: UploadPartInput) -> S3Result<UploadPartOutput> {
        let bytes = whole(input.body).await?;
        let mut uploads = lock(&self.uploads);
        let upload = uploads.get_mut(&(input.bucket, input.key, input.upload_id));
        let upload = upload.ok_or_else(|| error(404, "NoSuchUpload"))?;
        let e_tag = Some(ETag::Strong(tag(&bytes)));
        upload.parts.insert(input.part_number, bytes);
        Ok(UploadPartOutput {
            e_tag,
            ..UploadPartOutput::default()
        })
    }

    pub(super) fn complete_upload(
        &self,
        input: &CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let output = CompleteMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            key: Some(input.key.clone()),
            e_tag: Some(ETag::Strong("whole-1".to_owned())),
            ..CompleteMultipartUploadOutput::default()
        };
        let again = lock(&self.completed).get(&input.upload_id).copied();
        match again {
            Some(Again::Done) => return Ok(output),
            Some(Again::NoSuchUpload) => return Err(error(404, "NoSuchUpload")),
            Some(Again::InternalError) => return Err(error(500, "InternalError")),
            None => {}
        }
        let at = (
            input.bucket.clone(),
            input.key.clone(),
            input.upload_id.clone(),
        );
        let mut uploads = lock(&self.uploads);
        let upload = uploads.get(&at).ok_or_else(|| match *lock(&self.again) {
            Again::InternalError => error(500, "InternalError"), // moto says so of what was aborted, too
            _ => error(404, "NoSuchUpload"),
        })?;
        let parts = input.multipart_upload.as_ref();
        let parts = parts.and_then(|parts| parts.parts.as_deref());
        let bytes = assemble(upload, parts.unwrap_or_default())?;
        uploads.remove(&at);
        lock(&self.completed).insert(input.upload_id.clone(), *lock(&self.again));
        let mut buckets = lock(&self.buckets);
        let objects = buckets.get_mut(&input.bucket).unwrap();
        objects.insert(input.key.clone(), stored(bytes));
        Ok(output)
    }

    pub(super) fn list_uploads(
        &self,
        prefix: &str,
        input: &ListMultipartUploadsInput,
    ) -> ListMultipartUploadsOutput {
        let after = (
            input.key_marker.clone().unwrap_or_default(),
            input.upload_id_marker.clone().unwrap_or_default(),
        );
        let uploads = lock(&self.uploads);
        let listed: Vec<_> = uploads
            .keys()
            .filter(|(bucket, key, _)| *bucket == input.bucket && key.starts_with(prefix))
            .map(|(_, key, id)| (key.clone(), id.clone()))
            .filter(|at| *at > after)
            .collect();
        let page = &listed[..listed.len().min(UPLOADS_ON_PAGE)];
        let is_truncated = page.len() < listed.len();
        let last = page.last().filter(|_| is_truncated).cloned();
        let of = |(key, id): &(String, String)| MultipartUpload {
            key: Some(key.clone()),
            upload_id: Some(id.clone()),
            ..MultipartUpload::default()
        };
        ListMultipartUploadsOutput {
            is_truncated: Some(is_truncated),
            next_key_marker: last.clone().map(|(key, _)| key),
            next_upload_id_marker: last.map(|(_, id)| id),
            uploads: Some(page.iter().map(of).collect()),
            ..ListMultipartUploadsOutput::default()
        }
    }
}

/// The parts that are named, in their order, as S3 takes them.
fn assemble(upload: &Upload, named: &[CompletedPart]) -> S3Result<Bytes> {
    let mut whole = BytesMut::new();
    let mut before = 0;
    for (at, part) in named.iter().enumerate() {
        let number = part.part_number.unwrap();
        let bytes = upload.parts.get(&number);
        let bytes = bytes.ok_or_else(|| error(400, "InvalidPart"))?;
        if part.e_tag.as_ref().map(ETag::value) != Some(tag(bytes).as_str()) {
            return Err(error(400, "InvalidPart"));
        }
        if number <= before {
            return Err(error(400, "InvalidPartOrder"));
        }
        if at + 1 < named.len() && bytes.len() < PART_BYTES_MIN {
            return Err(error(400, "EntityTooSmall"));
        }
        before = number;
        whole.extend_from_slice(bytes);
    }
    Ok(whole.freeze())
}

fn stored(bytes: Bytes) -> Stored {
    Stored {
        size: bytes.len() as u64,
        bytes,
        class: None,
        version: None,
    }
}

pub(super) async fn whole(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let Some(body) = body else {
        return Ok(Bytes::new());
    };
    let stored = s3s::Body::from(body).store_all_limited(usize::MAX).await;
    stored.map_err(|_| error(400, "IncompleteBody"))
}
