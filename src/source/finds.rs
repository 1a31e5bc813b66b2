//! Sorts what a walk comes upon into a [`Listing`]: to read, digest, foreign, filtered, or seen before.
//!
//! Whether keys outside of `AWSLogs/` are foreign shows only at the end of a source: where there is an `AWSLogs/`, it is a
//! delivery bucket or a copy of one, and the rest is foreign; where there is none, it is a loose pile of files, and all
//! of them are read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::object::{DeliveryObject, ETag, ForeignObject, Listing};
use super::selection::ListSelection;
use crate::limits::FOREIGN_KEPT_MAX;
use crate::trail::key::{self, DeliveryKey, Family, ForeignReason};

/// A place that is walked, and how addresses below it are split.
#[derive(Debug, Clone)]
pub(super) struct Root {
    /// `s3://bucket`, or the folder.
    pub(super) address: Arc<str>,
    /// From which byte of an address on `AWSLogs/` counts.
    pub(super) split_from: usize,
    /// The same place, however it is spelled.
    identity: Box<str>,
}

impl Root {
    /// A root whose own address says nothing about deliveries, only what is below.
    pub(super) fn outside(address: &str) -> Self {
        Self {
            address: address.into(),
            split_from: address.len(),
            identity: address.into(),
        }
    }

    /// A folder that itself lies in an `AWSLogs/`.
    pub(super) fn inside(address: &str) -> Self {
        Self {
            address: address.into(),
            split_from: 0,
            identity: address.into(),
        }
    }

    /// Tells by which name the place is known however it was spelled.
    pub(super) fn known_as(self, identity: &str) -> Self {
        Self {
            identity: identity.into(),
            ..self
        }
    }

    /// A hash of an address that is the same for all spellings of the root.
    fn identify(&self, address: &str) -> u128 {
        let mut hash = Xxh3::new();
        hash.update(self.identity.as_bytes());
        hash.update(&address.as_bytes()[self.address.len()..]);
        hash.digest128()
    }

    /// Splits a full address into what stands before `AWSLogs/` and the object from there on.
    pub(super) fn split<'a>(&self, address: &'a str) -> Option<(&'a str, &'a str)> {
        let (_, object) = key::split(&address[self.split_from..])?;
        let before = &address[..address.len() - object.len()];
        // Where the address does not go on right behind the root, this is no folder's start.
        (before.is_empty() || before.ends_with('/')).then_some((before, object))
    }
}

/// One object as a walk comes upon it.
#[derive(Debug)]
pub(super) struct Find<'a> {
    pub(super) root: &'a Root,
    /// `s3://bucket/key`, or a path.
    pub(super) address: &'a str,
    pub(super) size: u64,
    pub(super) etag: Option<ETag>,
    pub(super) archived: bool,
}

/// A listing that grows.
#[derive(Debug)]
pub(super) struct Finds<'s> {
    pub(super) selection: &'s ListSelection,
    listing: Listing,
    /// Objects outside of `AWSLogs/`, until it is known what that means.
    outside: Vec<DeliveryObject>,
    saw_aws_logs: bool,
    /// Hashes of the addresses seen, where several sources can overlap.
    seen: Option<HashSet<u128>>,
    sources: HashMap<Box<str>, Arc<str>>,
}

impl<'s> Finds<'s> {
    pub(super) fn new(selection: &'s ListSelection, overlapping: bool) -> Self {
        Self {
            selection,
            listing: Listing::default(),
            outside: Vec::new(),
            saw_aws_logs: false,
            seen: overlapping.then(HashSet::new),
            sources: HashMap::new(),
        }
    }

    /// Notes that the source has an `AWSLogs/`.
    pub(super) fn see_aws_logs(&mut self) {
        self.saw_aws_logs = true;
    }

    pub(super) fn has_seen_aws_logs(&self) -> bool {
        self.saw_aws_logs
    }

    /// Takes an object that a walk came upon. What the selection leaves out is not counted: folders that hold
    /// nothing else are not listed at all, so that the number would say more of the walk than of the bucket.
    pub(super) fn offer(&mut self, find: Find<'_>) {
        let Some((before, object)) = find.root.split(find.address) else {
            return self.offer_outside(find);
        };
        self.saw_aws_logs = true;
        match DeliveryKey::parse(object) {
            Ok(key) if self.selection.wants(source_of(before), object, &key) => {
                self.keep(before, object, key.family, key.delivery_time, find);
            }
            Ok(_) => {}
            Err(_) if !self.selection.covers_foreign(source_of(before), object) => {}
            Err(reason) => self.add_foreign(before, object, reason, &find),
        }
    }

    /// Takes an object that was given by its own address. Where `as_is`, it is read whatever its name says.
    pub(super) fn offer_single(&mut self, find: Find<'_>, as_is: bool) {
        let Some((before, object)) = find.root.split(find.address) else {
            return self.offer_loose(find);
        };
        match DeliveryKey::parse(object) {
            Ok(key) if self.selection.wants(source_of(before), object, &key) => {
                self.keep(before, object, key.family, key.delivery_time, find);
            }
            Ok(_) => {
                if self.count(&find) {
                    self.listing.filtered.add(find.size);
                }
            }
            Err(_) if as_is => self.offer_loose(find),
            Err(reason) => self.add_foreign(before, object, reason, &find),
        }
    }

    /// Takes a file whose name or kind alone makes it foreign.
    pub(super) fn offer_foreign(
        &mut self,
        root: &Root,
        address: &str,
        reason: ForeignReason,
        size: u64,
    ) {
        let find = Find {
            root,
            address,
            size,
            etag: None,
            archived: false,
        };
        if let Some((before, object)) = root.split(address) {
            if self.selection.covers_foreign(source_of(before), object) {
                self.add_foreign(before, object, reason, &find);
            }
        } else {
            let (before, object) = split_loose(root, address);
            self.add_foreign(before, object, reason, &find);
        }
    }

    /// Notes that a foreign folder in S3 was not counted to its end.
    pub(super) fn cut_foreign(&mut self, address: String) {
        self.listing.foreign_cut.push(address);
    }

    /// Settles what was found outside of `AWSLogs/`, at the end of a source.
    pub(super) fn finish_source(&mut self) {
        let outside = std::mem::take(&mut self.outside);
        if std::mem::take(&mut self.saw_aws_logs) {
            for loose in outside {
                let (source, object, size) = (loose.source, loose.object, loose.size);
                self.push_foreign(ForeignObject {
                    source,
                    object,
                    reason: ForeignReason::OutsideAwsLogs,
                    size,
                });
            }
        } else {
            self.listing.objects.extend(outside);
        }
    }

    /// Returns the listing, in delivery order.
    pub(super) fn finish(mut self) -> Listing {
        use rayon::slice::ParallelSliceMut;
        fn order(object: &DeliveryObject) -> (Option<i64>, &str, &str) {
            (object.delivery_time, &object.source, &object.object)
        }
        self.cut_kept();
        self.listing
            .objects
            .par_sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        self.listing
            .digests
            .par_sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        self.listing.foreign_cut.sort_unstable();
        self.listing
    }

    pub(super) fn count_requests(&mut self, lists: u64, heads: u64) {
        self.listing.requests.list += lists;
        self.listing.requests.head += heads;
    }

    fn offer_outside(&mut self, find: Find<'_>) {
        let (before, object) = split_loose(find.root, find.address);
        if find.address.ends_with('/') || find.address.ends_with("_$folder$") {
            self.add_foreign(before, object, ForeignReason::DirectoryMarker, &find);
        } else if object.split('/').any(|segment| segment.starts_with('.')) {
            self.add_foreign(before, object, ForeignReason::Hidden, &find);
        } else if self.count(&find) {
            let loose = self.object(before, object, None, find);
            self.outside.push(loose);
        }
    }

    fn offer_loose(&mut self, find: Find<'_>) {
        if self.count(&find) {
            let (before, object) = split_loose(find.root, find.address);
            let loose = self.object(before, object, None, find);
            self.listing.objects.push(loose);
        }
    }

    fn keep(
        &mut self,
        before: &str,
        object: &str,
        family: Family,
        delivery_time: i64,
        find: Find<'_>,
    ) {
        if self.count(&find) {
            let object = self.object(before, object, Some(delivery_time), find);
            let of_family = if family == Family::Digest {
                &mut self.listing.digests
            } else {
                &mut self.listing.objects
            };
            of_family.push(object);
        }
    }

    fn object(
        &mut self,
        before: &str,
        object: &str,
        delivery_time: Option<i64>,
        find: Find<'_>,
    ) -> DeliveryObject {
        let Find {
            size,
            etag,
            archived,
            ..
        } = find;
        DeliveryObject {
            source: self.source(before),
            object: object.into(),
            size,
            delivery_time,
            etag,
            archived,
        }
    }

    fn add_foreign(&mut self, before: &str, object: &str, reason: ForeignReason, find: &Find<'_>) {
        if self.count(find) {
            let (source, size) = (self.source(before), find.size);
            self.push_foreign(ForeignObject {
                source,
                object: object.into(),
                reason,
                size,
            });
        }
    }

    fn push_foreign(&mut self, foreign: ForeignObject) {
        self.listing
            .foreign
            .entry(foreign.reason)
            .or_default()
            .add(foreign.size);
        self.listing.foreign_objects.push(foreign);
        if self.listing.foreign_objects.len() >= 2 * FOREIGN_KEPT_MAX {
            self.cut_kept();
        }
    }

    fn cut_kept(&mut self) {
        self.listing.foreign_objects.sort_unstable();
        self.listing.foreign_objects.truncate(FOREIGN_KEPT_MAX);
    }

    /// Counts an object as listed, unless it was seen before.
    fn count(&mut self, find: &Find<'_>) -> bool {
        let seen = self.seen.as_mut();
        let is_new = seen.is_none_or(|seen| seen.insert(find.root.identify(find.address)));
        if is_new {
            self.listing.listed.add(find.size);
        } else {
            self.listing.repeated += 1;
        }
        is_new
    }

    /// The shared copy of a source's address.
    fn source(&mut self, before: &str) -> Arc<str> {
        let address = source_of(before);
        if let Some(known) = self.sources.get(address) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = address.into();
        self.sources.insert(address.into(), Arc::clone(&shared));
        shared
    }
}

/// The source's address, given with the slash behind it.
pub(super) fn source_of(before: &str) -> &str {
    match before {
        "" => ".", // a relative path that starts at AWSLogs/
        "/" => "/",
        _ => before.strip_suffix('/').unwrap_or(before),
    }
}

/// Splits the address of a loose object behind the root.
fn split_loose<'a>(root: &Root, address: &'a str) -> (&'a str, &'a str) {
    let slash = usize::from(
        !root.address.ends_with('/') || root.address.starts_with(crate::aws::S3_SCHEME),
    );
    address.split_at(root.address.len() + slash)
}
