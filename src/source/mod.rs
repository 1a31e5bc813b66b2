//! Where delivery objects come from: S3, a folder, a file, a list of keys. Lists them, and feeds their bytes to workers.
//!
//! A source is one of
//!
//! - `s3://bucket[/prefix]`: what lies below the prefix. `AWSLogs/` may be above, at, or below it, at any depth. A prefix without a
//!   slash at its end is that folder, where there is one; else a key; else the start of some keys.
//! - a folder: a copy of a bucket or of a part of it, above, at, or below `AWSLogs/`;
//! - a file;
//! - `-`: a key (`s3://bucket/key`) or path a line on standard input. A line that ends in a slash, or is a folder, is walked.
//!
//! Where there is an `AWSLogs/`, a source is a delivery bucket or a copy of one, and what CloudTrail did not deliver is foreign. Where
//! there is none it is a loose pile, and every file in it is read, whatever it is called. A file or key that is given by itself
//! is always read, but for digests.
//!
//! `source` and `object` of a [`DeliveryObject`] are its full address in two parts. The object starts at `AWSLogs/` where there is one, so that
//! it is the same in a copy.

mod answer;
mod error;
mod feed;
mod finds;
mod folder;
mod object;
mod s3;
mod selection;
mod walk;

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use self::error::{FetchError, SourceError, is_too_many_open_files};
pub use self::feed::{Body, Feed, FeedOptions, Fetched};
pub use self::object::{DeliveryObject, ETag, ForeignObject, Listing, Requests, Tally};
pub use self::selection::ListSelection;

use self::finds::Finds;
use self::folder::PathKind;
use self::s3::S3;
use crate::aws::{AwsOptions, S3_SCHEME, bucket_and_key};
use crate::limits::S3_CONCURRENCY;

/// How sources are opened.
#[derive(Debug, Clone)]
pub struct SourceOptions {
    /// How to reach S3.
    pub aws: AwsOptions,
    /// S3 requests at once while listing.
    pub concurrency: usize,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            aws: AwsOptions::default(),
            concurrency: S3_CONCURRENCY,
        }
    }
}

/// Opened sources. Each can be listed, and what was listed be read, any number of times.
#[derive(Debug)]
pub struct Sources {
    given: Vec<Given>,
    /// Only where something lies in S3.
    s3: Option<Arc<S3>>,
}

/// One source, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    Folder(String),
    File { path: String, has_to_be: bool },
    Prefix { bucket: String, prefix: String },
    Keys { bucket: String, keys: Vec<String> },
}

impl Sources {
    /// Opens sources; `stdin_lines` is read where one of them is `-`.
    ///
    /// # Errors
    ///
    /// Where an address is none, a path is not there, or there are no credentials for S3.
    pub fn open(
        args: &[String],
        stdin_lines: impl BufRead,
        options: &SourceOptions,
    ) -> Result<Self, SourceError> {
        let mut given = Vec::new();
        let mut stdin_lines = Some(stdin_lines);
        for arg in args {
            match arg.as_str() {
                "-" => given.extend(
                    stdin_lines
                        .take()
                        .map(given_by_lines)
                        .transpose()?
                        .unwrap_or_default(),
                ),
                _ => given.push(given_by_arg(arg)?),
            }
        }
        let needs_s3 = given
            .iter()
            .any(|given| matches!(given, Given::Prefix { .. } | Given::Keys { .. }));
        Ok(Self {
            given,
            s3: needs_s3
                .then(|| S3::new(options).map(Arc::new))
                .transpose()?,
        })
    }

    /// Lists all sources, without reading an object.
    ///
    /// # Errors
    ///
    /// Where one cannot be listed, or the stop flag is set.
    pub fn list(
        &self,
        selection: &ListSelection,
        stop: &AtomicBool,
    ) -> Result<Listing, SourceError> {
        let is_key_list = |given: &Given| matches!(given, Given::Keys { .. });
        let can_overlap = self.given.len() > 1 || self.given.iter().any(is_key_list);
        let mut finds = Finds::new(selection, can_overlap);
        for given in &self.given {
            self.list_one(given, &mut finds, stop)?;
        }
        Ok(finds.finish())
    }

    /// Returns whether a listing finds all that is wanted of a folder in S3, given by its full address. A folder here is always
    /// listed whole: that costs little, and copies are filled in any order.
    pub fn cover_in_s3(&self, folder: &str) -> bool {
        self.given.iter().any(|given| match given {
            Given::Prefix { bucket, prefix } => {
                folder.starts_with(&format!("{S3_SCHEME}{bucket}/{prefix}"))
            }
            Given::Folder(_) | Given::File { .. } | Given::Keys { .. } => false,
        })
    }

    /// Starts to read listed objects; any number of threads can take them from the feed.
    pub fn feed(
        &self,
        objects: Arc<[DeliveryObject]>,
        options: FeedOptions,
        stop: Arc<AtomicBool>,
    ) -> Feed {
        let has_s3 = objects.iter().any(DeliveryObject::is_in_s3);
        let s3 = self.s3.as_ref().filter(|_| has_s3);
        let s3 = s3.map(|s3| s3.feed(Arc::clone(&objects), options, Arc::clone(&stop)));
        Feed::new(objects, s3, options, stop)
    }

    fn list_one(
        &self,
        given: &Given,
        finds: &mut Finds<'_>,
        stop: &AtomicBool,
    ) -> Result<(), SourceError> {
        match (given, &self.s3) {
            (Given::Folder(path), _) => folder::walk(path, finds, stop),
            (Given::File { path, has_to_be }, _) => folder::take_file(path, *has_to_be, finds),
            (Given::Prefix { bucket, prefix }, Some(s3)) => s3.walk(bucket, prefix, finds, stop),
            (Given::Keys { bucket, keys }, Some(s3)) => {
                let keys: Vec<_> = keys.iter().map(String::as_str).collect();
                s3.look_up(bucket, &keys, finds, stop)
            }
            (Given::Prefix { .. } | Given::Keys { .. }, None) => Ok(()), // opened wherever there is one
        }
    }
}

fn given_by_arg(arg: &str) -> Result<Given, SourceError> {
    if arg.starts_with(S3_SCHEME) {
        let (bucket, prefix) = bucket_and_key(arg)?;
        return Ok(Given::Prefix {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        });
    }
    Ok(match folder::kind_of(arg)? {
        PathKind::Folder => Given::Folder(arg.to_owned()),
        PathKind::File => Given::File {
            path: arg.to_owned(),
            has_to_be: true,
        },
    })
}

/// What keys and paths on lines stand for: keys are looked up together, bucket by bucket.
fn given_by_lines(lines: impl BufRead) -> Result<Vec<Given>, SourceError> {
    let mut given = Vec::new();
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines.lines() {
        let line = line.map_err(SourceError::Stdin)?;
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() {
            continue;
        }
        if !line.starts_with(S3_SCHEME) {
            let is_folder = matches!(folder::kind_of(line), Ok(PathKind::Folder));
            let path = line.to_owned();
            given.push(if is_folder {
                Given::Folder(path)
            } else {
                Given::File {
                    path,
                    has_to_be: false,
                }
            });
            continue;
        }
        let (bucket, key) = bucket_and_key(line)?;
        if key.is_empty() || key.ends_with('/') {
            given.push(Given::Prefix {
                bucket: bucket.to_owned(),
                prefix: key.to_owned(),
            });
        } else {
            keys.entry(bucket.to_owned())
                .or_default()
                .push(key.to_owned());
        }
    }
    given.extend(
        keys.into_iter()
            .map(|(bucket, keys)| Given::Keys { bucket, keys }),
    );
    Ok(given)
}
