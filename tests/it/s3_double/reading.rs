//! What is listed and read.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use s3s::S3Result;
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, GetObjectInput, GetObjectOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass, StreamingBlob,
};

use super::{Fault, Inner, Stored, error, tag};

impl Stored {
    pub(super) fn e_tag(&self) -> ETag {
        ETag::Strong(tag(&self.bytes))
    }
}

/// An object or a range of it, where it is still the one that is meant.
pub(super) fn get(
    stored: &Stored,
    fault: Option<&Fault>,
    guard: Guard,
    input: &GetObjectInput,
) -> S3Result<GetObjectOutput> {
    if stored.class.is_some() {
        return Err(error(403, "InvalidObjectState"));
    }
    let meant = input.if_match.as_ref().and_then(|wanted| wanted.as_etag());
    if meant.is_some_and(|meant| meant.value() != tag(&stored.bytes)) {
        return Err(error(412, "PreconditionFailed"));
    }
    let whole = stored.bytes.len() as u64;
    let (mut bytes, mut content_range) = (stored.bytes.clone(), None);
    if let Some(range) = input.range {
        let range = range.check(whole).map_err(|_| error(416, "InvalidRange"))?;
        content_range = Some(format!("bytes {}-{}/{whole}", range.start, range.end - 1));
        let at = |n: u64| usize::try_from(n).unwrap();
        bytes = bytes.slice(at(range.start)..at(range.end));
    }
    if let Some(Fault::Grow(times)) = fault {
        bytes = bytes.repeat(*times).into();
    }
    let cut = match fault {
        Some(Fault::Cut(at)) => Some(*at),
        _ => None,
    };
    let length = i64::try_from(bytes.len()).unwrap();
    let body = Sent {
        bytes: Some(bytes),
        cut,
        _guard: guard,
    };
    Ok(GetObjectOutput {
        body: Some(StreamingBlob::from(s3s::Body::http_body(body))),
        content_length: Some(length),
        content_range,
        e_tag: Some(stored.e_tag()),
        version_id: stored.version.clone(),
        ..GetObjectOutput::default()
    })
}

/// One page of at most 1,000 keys and folders.
pub(super) fn list(
    objects: &BTreeMap<String, Stored>,
    prefix: &str,
    input: &ListObjectsV2Input,
) -> ListObjectsV2Output {
    let max_keys = usize::try_from(input.max_keys.unwrap_or(1000).clamp(0, 1000)).unwrap();
    let start = input
        .continuation_token
        .as_deref()
        .or(input.start_after.as_deref())
        .unwrap_or_default();
    let is_encoded = input
        .encoding_type
        .as_ref()
        .is_some_and(|kind| kind.as_str() == EncodingType::URL);
    let written = |text: &str| {
        if is_encoded {
            percent_encoded(text)
        } else {
            text.to_owned()
        }
    };
    let (mut contents, mut folders) = (Vec::new(), Vec::new());
    let mut last = String::new();
    let mut next = None;
    for (key, stored) in objects
        .range(prefix.to_owned()..)
        .take_while(|(key, _)| key.starts_with(prefix))
    {
        let delimiter = input
            .delimiter
            .as_deref()
            .and_then(|d| Some((key[prefix.len()..].find(d)?, d.len())));
        let item = delimiter.map_or(key.as_str(), |(at, length)| {
            &key[..prefix.len() + at + length]
        });
        if item <= start || item == last {
            continue;
        }
        if contents.len() + folders.len() == max_keys {
            next = Some(last);
            break;
        }
        item.clone_into(&mut last);
        if delimiter.is_some() {
            folders.push(CommonPrefix {
                prefix: Some(written(item)),
            });
        } else {
            contents.push(Object {
                key: Some(written(key)),
                size: i64::try_from(stored.size).ok(),
                e_tag: Some(stored.e_tag()),
                storage_class: stored.class.map(ObjectStorageClass::from_static),
                ..Object::default()
            });
        }
    }
    ListObjectsV2Output {
        key_count: i32::try_from(contents.len() + folders.len()).ok(),
        is_truncated: Some(next.is_some()),
        next_continuation_token: next,
        contents: Some(contents),
        common_prefixes: Some(folders),
        encoding_type: is_encoded.then(|| EncodingType::from_static(EncodingType::URL)),
        prefix: Some(written(prefix)),
        ..ListObjectsV2Output::default()
    }
}

/// Counts a body as under way until it is sent.
pub(super) struct Guard(Arc<Inner>);

impl Guard {
    pub(super) fn new(inner: &Arc<Inner>) -> Self {
        let now = inner.gets_now.fetch_add(1, Ordering::Relaxed) + 1;
        inner.gets_at_once.fetch_max(now, Ordering::Relaxed);
        Self(Arc::clone(inner))
    }

    /// Takes as long as a server does, where it matters how many come at once.
    pub(super) async fn take_a_while(&self) {
        if self.0.gets_at_once_max.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Asks to slow down where there are too many.
    pub(super) fn check(&self) -> S3Result<()> {
        let max = self.0.gets_at_once_max.load(Ordering::Relaxed);
        if max > 0 && self.0.gets_now.load(Ordering::Relaxed) > max {
            return Err(error(503, "SlowDown"));
        }
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.gets_now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that may break off.
struct Sent {
    bytes: Option<Bytes>,
    cut: Option<usize>,
    _guard: Guard,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let cut = self.cut;
        Poll::Ready(match (self.bytes.take(), cut) {
            (Some(bytes), Some(at)) => Some(Ok(Frame::data(bytes.slice(..at.min(bytes.len()))))),
            (Some(bytes), None) => Some(Ok(Frame::data(bytes))),
            (None, Some(_)) => Some(Err(std::io::Error::other("cut by the script"))),
            (None, None) => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.bytes, self.cut) {
            (Some(bytes), None) => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'/' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => encoded.extend(["%", &format!("{byte:02X}")]),
        }
    }
    encoded
}
