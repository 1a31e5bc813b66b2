//! What S3 lists and looks up, in our words.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, ObjectStorageClass, StorageClass};

use crate::aws::words::percent_decoded;
use crate::source::object::ETag;
use crate::source::walk::{ListedKey, Page};

/// Size, tag, and whether it is archived.
pub(super) type HeadOf = (u64, Option<ETag>, bool);

pub(super) fn head_of(head: &HeadObjectOutput) -> HeadOf {
    let is_restored = head
        .restore()
        .is_some_and(|restore| restore.contains("ongoing-request=\"false\""));
    let class = head.storage_class().map(StorageClass::as_str);
    let size = head
        .content_length()
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or_default();
    (
        size,
        head.e_tag().map(ETag::new),
        class.is_some_and(is_archived) && !is_restored,
    )
}

pub(super) fn page_of(output: ListObjectsV2Output) -> Page {
    let decode: fn(&str) -> String = if output.encoding_type() == Some(&EncodingType::Url) {
        percent_decoded
    } else {
        str::to_owned
    };
    let keys = output
        .contents
        .unwrap_or_default()
        .into_iter()
        .map(|object| ListedKey {
            key: decode(object.key().unwrap_or_default()),
            size: object
                .size()
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or_default(),
            etag: object.e_tag().map(ETag::new),
            archived: object
                .storage_class()
                .map(ObjectStorageClass::as_str)
                .is_some_and(is_archived)
                && object
                    .restore_status()
                    .is_none_or(|status| status.restore_expiry_date().is_none()),
        });
    let folders = output.common_prefixes.unwrap_or_default().into_iter();
    Page {
        keys: keys.collect(),
        folders: folders
            .filter_map(|folder| folder.prefix.as_deref().map(decode))
            .collect(),
        next: output
            .next_continuation_token
            .filter(|token| !token.is_empty()),
    }
}

fn is_archived(class: &str) -> bool {
    matches!(class, "GLACIER" | "DEEP_ARCHIVE")
}
