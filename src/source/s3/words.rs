//! What S3 says of an object that is looked up, in our words.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::StorageClass;

use crate::source::object::ETag;

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

pub(super) fn is_archived(class: &str) -> bool {
    matches!(class, "GLACIER" | "DEEP_ARCHIVE")
}
