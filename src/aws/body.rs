//! Bodies of answers: whole, or an answer that was lost.

use aws_sdk_s3::primitives::ByteStream;
use tokio::time::timeout;

use super::answer::Answer;
use super::client::READ_TIMEOUT;
use super::words::root_cause;

/// Appends a body to a buffer, and looks whether it is as long as was said, and no longer than it may be.
///
/// # Errors
///
/// Returns what became of the answer: it was lost on the way, or is too large.
pub(crate) async fn read_body(
    mut body: ByteStream,
    length: Option<u64>,
    bytes_max: u64,
    bytes: &mut Vec<u8>,
) -> Result<(), Answer> {
    let fits = |bytes| match bytes {
        bytes if bytes > bytes_max => Err(Answer::TooLarge {
            bytes,
            max: bytes_max,
        }),
        _ => Ok(()),
    };
    let lost = |detail: String| Answer::Lost { detail };
    if let Some(length) = length {
        fits(length)?;
        bytes.reserve(usize::try_from(length).unwrap_or_default());
    }
    while let Some(chunk) = timeout(READ_TIMEOUT, body.next())
        .await
        .map_err(|_| lost("the body stopped coming".into()))?
    {
        let chunk = chunk.map_err(|error| lost(root_cause(&error)))?;
        bytes.extend_from_slice(&chunk);
        fits(bytes.len() as u64)?;
    }
    match length {
        Some(length) if length != bytes.len() as u64 => {
            Err(lost(format!("{} of {length} bytes came", bytes.len())))
        }
        _ => Ok(()),
    }
}
