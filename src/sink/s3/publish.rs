//! Publishing: the uploads of an entry's files are completed, table by table.
//!
//! Whether a file is published is settled by looking: an answer may be lost, and to a second completion servers answer 200, 404
//! or 500. So is whether it still can be: where it does not complete, its upload is looked for.

use std::sync::Arc;

use super::requests::{Completion, Prefix, each};
use crate::aws::S3Error;
use crate::commit::DataFile;

/// Publishes files in order of their tables; returns the path of the first that can no longer be.
pub(super) async fn publish(
    prefix: &Arc<Prefix>,
    files: &[DataFile],
) -> Result<Option<String>, S3Error> {
    for of_table in files.chunk_by(|one, next| one.table == next.table) {
        let published = each(of_table.to_vec(), |file| {
            let prefix = Arc::clone(prefix);
            async move { publish_file(&prefix, &file).await }
        });
        let published = published.await?;
        let lost = of_table
            .iter()
            .zip(published)
            .find(|(_, is_there)| !is_there);
        if let Some((file, _)) = lost {
            return Ok(Some(file.path.clone()));
        }
    }
    Ok(None)
}

/// Publishes a file; false where what was staged for it is gone.
async fn publish_file(prefix: &Prefix, file: &DataFile) -> Result<bool, S3Error> {
    if prefix.has(file).await? {
        return Ok(true);
    }
    let Some(upload) = &file.upload else {
        return Ok(false); // it was staged in another place
    };
    let completion = prefix.complete(file, upload).await?;
    prefix.forget(&upload.id); // what is committed is never swept as something that is not
    match completion {
        Completion::Done => Ok(true),
        Completion::Nothing => Ok(false),
        Completion::Failed(error) => {
            let open = prefix.open_uploads(&file.path).await?;
            let is_open = open.iter().any(|open| open.id == upload.id);
            // First whether it is open, then whether it is there: it may just have been completed.
            let is_there = prefix.has(file).await?;
            if is_there || !is_open {
                Ok(is_there)
            } else {
                Err(error)
            }
        }
    }
}
