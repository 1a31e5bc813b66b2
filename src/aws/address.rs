//! Addresses: `s3://bucket[/key]`.

use super::S3Error;

/// What every S3 address starts with.
pub(crate) const S3_SCHEME: &str = "s3://";

/// Splits `s3://bucket[/key]`.
///
/// # Errors
///
/// Where there is no bucket's name.
pub(crate) fn bucket_and_key(address: &str) -> Result<(&str, &str), S3Error> {
    let path = address.strip_prefix(S3_SCHEME).unwrap_or(address);
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let is_bucket = !bucket.is_empty()
        && bucket
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if is_bucket {
        Ok((bucket, key))
    } else {
        Err(S3Error::bad_address(address))
    }
}
