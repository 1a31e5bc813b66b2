//! The resources that CloudTrail lists itself. S3 objects are too many to be followed: they stand for their bucket.

use std::borrow::Cow;

use super::index::parts_of_arn;
use super::{Evidence, Touch, distinct, kind_of_arn};
use crate::trail::identity::text;
use crate::trail::json::Value;
use crate::trail::record::{Field, Record};

/// Returns the distinct ARNs and ARN prefixes in `resources`, as they are written.
pub fn resource_arns<'a>(record: &Record<'a>) -> Vec<&'a str> {
    let Some(resources) = record.get(Field::Resources) else {
        return Vec::new();
    };
    let arns = resources.elements().filter_map(Listed::of).map(|l| l.arn);
    distinct(arns.collect(), |arn| arn)
}

/// One element of `resources`.
#[derive(Debug, Clone, Copy)]
struct Listed<'a> {
    arn: &'a str,
    is_prefix: bool,
    kind: Option<&'a str>,
}

impl<'a> Listed<'a> {
    fn of(resource: Value<'a>) -> Option<Self> {
        let (mut arn, mut prefix, mut kind) = (None, None, None);
        for (key, value) in resource.members() {
            match key {
                "ARN" | "arn" => arn = text(value),
                "ARNPrefix" | "arnPrefix" => prefix = text(value),
                "type" => kind = text(value),
                _ => {}
            }
        }
        Some(Self {
            arn: arn.or(prefix)?,
            is_prefix: arn.is_none(),
            kind,
        })
    }
}

/// The resources of `resources`, repeats and all.
pub(super) fn listed<'a>(record: &Record<'a>) -> Vec<Touch<'a>> {
    let Some(resources) = record.get(Field::Resources) else {
        return Vec::new();
    };
    let deletes = record
        .str(Field::EventName)
        .is_some_and(|name| name.starts_with("Delete"));
    let touches = resources.elements().filter_map(Listed::of).map(
        |Listed {
             arn,
             is_prefix,
             kind,
         }| {
            let container = object_container(arn).filter(|_| is_prefix || !deletes);
            let (arn, kind) = match container {
                Some((container, kind)) => (container, kind),
                None => (arn, kind.or_else(|| kind_of_arn(arn)).unwrap_or_default()),
            };
            Touch {
                arn: Cow::Borrowed(arn),
                kind,
                evidence: Evidence::Resources,
            }
        },
    );
    touches.collect()
}

/// The bucket or access point that holds an S3 object, with its type; `None` for anything but an object.
fn object_container(arn: &str) -> Option<(&str, &'static str)> {
    let (service, resource_at) = parts_of_arn(arn).filter(|_| arn.starts_with("arn:"))?;
    if !service.starts_with("s3") {
        return None;
    }
    let resource = &arn[resource_at..];
    let (len, kind) = if let Some(at) = resource.find("/object/") {
        let kind = match service {
            "s3" => "AWS::S3::AccessPoint",
            "s3-outposts" => "AWS::S3Outposts::Bucket",
            "s3-object-lambda" => "AWS::S3ObjectLambda::AccessPoint",
            _ => "",
        };
        (at, kind)
    } else if service == "s3express" {
        let name = resource.strip_prefix("bucket/")?;
        (
            "bucket/".len() + name.find('/')?,
            "AWS::S3Express::DirectoryBucket",
        )
    } else if service == "s3" && arn[..resource_at].ends_with(":::") {
        (resource.find('/')?, "AWS::S3::Bucket")
    } else {
        return None;
    };
    Some((&arn[..resource_at + len], kind))
}
