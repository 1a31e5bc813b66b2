//! Each operation: admitted by the script, done, answered by the script.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput,
    PutObjectOutput, StorageClass, StreamingBlob, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};

use super::reading::{self, Guard};
use super::writing::whole;
use super::{Fault, Inner, LOST, Op, Stored, elsewhere, error, lock};

pub(super) struct Served(pub(super) Arc<Inner>);

impl Served {
    /// Counts a request, and plays what the script has for it.
    async fn admit<T>(
        &self,
        op: Op,
        bucket: &str,
        key: &str,
        request: &S3Request<T>,
    ) -> S3Result<Option<Fault>> {
        *lock(&self.0.requests).entry(op).or_default() += 1;
        lock(&self.0.log).push((op, key.to_owned()));
        self.hold(op).await;
        let wanted = lock(&self.0.region).clone();
        if let (Some(wanted), Some(signed)) = (wanted, &request.region)
            && signed.as_str() != wanted
        {
            return Err(elsewhere(&wanted));
        }
        let fault = {
            let mut faults = lock(&self.0.faults);
            let script = faults
                .iter_mut()
                .find(|f| f.op == op && f.times > 0 && key.ends_with(&f.key));
            script.map(|script| {
                script.times -= 1;
                script.fault.clone()
            })
        };
        match fault {
            Some(Fault::Say(status, code)) => Err(error(status, code)),
            Some(Fault::Elsewhere(region)) => Err(elsewhere(region)),
            Some(Fault::Stall) => std::future::pending().await,
            Some(Fault::Wait(gate)) => {
                gate.pass().await;
                Ok(None)
            }
            Some(Fault::Vanish) => {
                lock(&self.0.buckets)
                    .get_mut(bucket)
                    .and_then(|objects| objects.remove(key));
                Ok(None)
            }
            other => Ok(other),
        }
    }

    async fn hold(&self, op: Op) {
        let number = self
            .0
            .writes
            .fetch_add(u64::from(op.writes()), Ordering::Relaxed)
            + 1;
        let held = lock(&self.0.hold_from).clone();
        if let Some((_, gate)) =
            held.filter(|(from, gate)| gate.is_reached() || op.writes() && number >= *from)
        {
            gate.pass().await;
        }
    }

    /// Plays what the script has for after the deed.
    fn answer<T>(fault: Option<&Fault>, output: T) -> S3Result<S3Response<T>> {
        match fault {
            Some(Fault::LoseAnswer) => {
                let mut lost = error(500, "InternalError");
                let mut headers = hyper::HeaderMap::new();
                headers.insert(LOST, "1".parse().unwrap());
                lost.set_headers(headers);
                Err(lost)
            }
            Some(Fault::Deny(status, code)) => Err(error(*status, code)),
            _ => Ok(S3Response::new(output)),
        }
    }

    fn find(&self, bucket: &str, key: &str) -> S3Result<Stored> {
        let buckets = lock(&self.0.buckets);
        let objects = buckets
            .get(bucket)
            .ok_or_else(|| error(404, "NoSuchBucket"))?;
        objects
            .get(key)
            .cloned()
            .ok_or_else(|| error(404, "NoSuchKey"))
    }
}

#[async_trait::async_trait]
impl S3 for Served {
    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let prefix = request.input.prefix.clone().unwrap_or_default();
        self.admit(Op::List, &request.input.bucket, &prefix, &request)
            .await?;
        let buckets = lock(&self.0.buckets);
        let objects = buckets
            .get(&request.input.bucket)
            .ok_or_else(|| error(404, "NoSuchBucket"))?;
        Ok(S3Response::new(reading::list(
            objects,
            &prefix,
            &request.input,
        )))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let (bucket, key) = (&request.input.bucket, &request.input.key);
        let guard = Guard::new(&self.0);
        let fault = self.admit(Op::Get, bucket, key, &request).await?;
        guard.take_a_while().await;
        guard.check()?;
        let stored = self.find(bucket, key)?;
        reading::get(&stored, fault.as_ref(), guard, &request.input).map(S3Response::new)
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let (bucket, key) = (&request.input.bucket, &request.input.key);
        self.admit(Op::Head, bucket, key, &request).await?;
        let stored = self.find(bucket, key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: i64::try_from(stored.size).ok(),
            e_tag: Some(stored.e_tag()),
            storage_class: stored.class.map(StorageClass::from_static),
            ..HeadObjectOutput::default()
        }))
    }

    async fn head_bucket(
        &self,
        _: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        match lock(&self.0.region).as_deref() {
            Some(region) => Err(elsewhere(region)),
            None => Ok(S3Response::new(HeadBucketOutput::default())),
        }
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        let fault = self.admit(Op::Put, &bucket, &key, &request).await?;
        let output = self.0.put(request.input).await?;
        Self::answer(fault.as_ref(), output)
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let (bucket, key) = (&request.input.bucket, &request.input.key);
        let fault = self.admit(Op::Delete, bucket, key, &request).await?;
        let mut buckets = lock(&self.0.buckets);
        let objects = buckets.get_mut(bucket);
        objects
            .ok_or_else(|| error(404, "NoSuchBucket"))?
            .remove(key);
        Self::answer(fault.as_ref(), DeleteObjectOutput::default())
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let (bucket, key) = (&request.input.bucket, &request.input.key);
        let fault = self.admit(Op::CreateUpload, bucket, key, &request).await?;
        let output = self.0.create_upload(&request.input)?;
        Self::answer(fault.as_ref(), output)
    }

    async fn upload_part(
        &self,
        mut request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        // Whoever is answered before all is sent may see the connection end, and no answer.
        let body = whole(request.input.body.take()).await?;
        request.input.body = Some(StreamingBlob::from(s3s::Body::from(body)));
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        let fault = self.admit(Op::UploadPart, &bucket, &key, &request).await?;
        let output = self.0.upload_part(request.input).await?;
        Self::answer(fault.as_ref(), output)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let (bucket, key) = (&request.input.bucket, &request.input.key);
        let fault = self
            .admit(Op::CompleteUpload, bucket, key, &request)
            .await?;
        let output = self.0.complete_upload(&request.input)?;
        Self::answer(fault.as_ref(), output)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let (bucket, key) = (&request.input.bucket, &request.input.key);
        let fault = self.admit(Op::AbortUpload, bucket, key, &request).await?;
        let id = &request.input.upload_id;
        let upload = (bucket.clone(), key.clone(), id.clone());
        let aborted = lock(&self.0.uploads).remove(&upload);
        aborted.ok_or_else(|| error(404, "NoSuchUpload"))?;
        Self::answer(fault.as_ref(), AbortMultipartUploadOutput::default())
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let prefix = request.input.prefix.clone().unwrap_or_default();
        let bucket = &request.input.bucket;
        let fault = self
            .admit(Op::ListUploads, bucket, &prefix, &request)
            .await?;
        Self::answer(fault.as_ref(), self.0.list_uploads(&prefix, &request.input))
    }
}
