//! Delivery keys: tells the key of a file that CloudTrail delivered from all others, and says what the
//! key says. The folder decides, the file name gives the time of delivery only.
//!
//! ```text
//! [<prefix>/]AWSLogs/[<o-id>/]<account>/<family>/<region>/<YYYY>/<MM>/<DD>/<name>
//! ```

use std::fmt;

use crate::trail::time;

/// The folder that every delivery lies below.
pub const ROOT: &str = "AWSLogs/";

/// What kind of file a trail delivers, told by the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Management and data events.
    CloudTrail,
    /// Insights events.
    Insight,
    /// Network activity events.
    NetworkActivity,
    /// Five-minute summaries of data events.
    Aggregated,
    /// Signed digests of the other files: no events.
    Digest,
}

impl Family {
    /// All families, in the order of their folders' names.
    pub const ALL: [Self; 5] = [
        Self::CloudTrail,
        Self::Aggregated,
        Self::Digest,
        Self::Insight,
        Self::NetworkActivity,
    ];

    /// Returns the name of the folder, such as `CloudTrail-Insight`.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::CloudTrail => "CloudTrail",
            Self::Insight => "CloudTrail-Insight",
            Self::NetworkActivity => "CloudTrail-NetworkActivity",
            Self::Aggregated => "CloudTrail-Aggregated",
            Self::Digest => "CloudTrail-Digest",
        }
    }

    /// Returns the family of a folder name.
    pub fn of_folder(folder: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|family| family.folder() == folder)
    }
}

/// Why a key or a file is none that CloudTrail delivered: the closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForeignReason {
    /// Another AWS service's folder in `AWSLogs/`, such as load balancer logs.
    NotCloudTrail,
    /// The saved result of a CloudTrail Lake query.
    LakeQueryResult,
    /// A `CloudTrail-…` folder that this version does not know.
    UnknownFamily,
    /// In `AWSLogs/`, but not laid out as CloudTrail does it.
    UnknownLayout,
    /// In a CloudTrail day folder, but named as something else than JSON.
    NotJson,
    /// An empty object that stands for a folder.
    DirectoryMarker,
    /// Outside of `AWSLogs/`, in a place that has one.
    OutsideAwsLogs,
    /// A name that starts with a dot.
    Hidden,
    /// A file name that is not UTF-8.
    NotUtf8,
    /// A socket, pipe or device.
    NotAFile,
    /// A symbolic link that leads nowhere.
    BrokenLink,
    /// A symbolic link to a folder that is listed anyway.
    RepeatedLink,
}

impl ForeignReason {
    /// Returns the reason as one word, such as `not_cloudtrail`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotCloudTrail => "not_cloudtrail",
            Self::LakeQueryResult => "lake_query_result",
            Self::UnknownFamily => "unknown_family",
            Self::UnknownLayout => "unknown_layout",
            Self::NotJson => "not_json",
            Self::DirectoryMarker => "directory_marker",
            Self::OutsideAwsLogs => "outside_aws_logs",
            Self::Hidden => "hidden",
            Self::NotUtf8 => "not_utf8",
            Self::NotAFile => "not_a_file",
            Self::BrokenLink => "broken_link",
            Self::RepeatedLink => "repeated_link",
        }
    }
}

impl fmt::Display for ForeignReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a delivery key says. `Display` gives the key back from `AWSLogs/` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryKey<'k> {
    /// The organisation (`o-…`) of an organisation trail.
    pub org: Option<&'k str>,
    /// The account whose events these are. Twelve digits, unless somebody redacted the copy.
    pub account: &'k str,
    /// What kind of file it is.
    pub family: Family,
    /// The region that the events were recorded in.
    pub region: &'k str,
    /// The folder's date (of delivery, not of the events), in microseconds since 1970.
    pub day: i64,
    /// When the file was delivered by its name, to the minute (digests: to the second), in microseconds
    /// since 1970; `day` where the name has no time.
    pub delivery_time: i64,
    /// The file name.
    pub name: &'k str,
}

impl<'k> DeliveryKey<'k> {
    /// Parses a key, with or without the prefix before `AWSLogs/`.
    ///
    /// # Errors
    ///
    /// Gives the reason where CloudTrail delivered no such key.
    ///
    /// ```
    /// use trailmill::trail::key::{DeliveryKey, Family};
    /// let key = "trails/AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/2026/08/01/\
    ///            111122223333_CloudTrail_eu-west-1_20260801T0005Z_Zx3yWv5uTs7rQp9o.json.gz";
    /// let parsed = DeliveryKey::parse(key).unwrap();
    /// assert_eq!((parsed.org, parsed.account, parsed.family), (Some("o-abc"), "111122223333", Family::CloudTrail));
    /// ```
    pub fn parse(key: &'k str) -> Result<Self, ForeignReason> {
        if key.ends_with('/') || key.ends_with("_$folder$") {
            return Err(ForeignReason::DirectoryMarker);
        }
        let (_, object) = split(key).ok_or(ForeignReason::OutsideAwsLogs)?;
        let place = Place::of(object);
        let layout = ForeignReason::UnknownLayout;
        let account = place.account.ok_or(layout)?;
        let folder = place.folder.ok_or(layout)?;
        let family = Family::of_folder(folder).ok_or_else(|| foreign_folder(folder))?;
        let region = place.region.ok_or(layout)?;
        let day = place.day().ok_or(layout)?;
        let name = place.rest;
        if account.is_empty() || region.is_empty() || name.contains('/') {
            return Err(layout);
        }
        if name.starts_with('.') {
            return Err(ForeignReason::Hidden);
        }
        if !is_json_name(name) {
            return Err(ForeignReason::NotJson);
        }
        let delivery_time = time_in_name(name).unwrap_or(day);
        Ok(Self {
            org: place.org,
            account,
            family,
            region,
            day,
            delivery_time,
            name,
        })
    }
}

impl fmt::Display for DeliveryKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ROOT)?;
        if let Some(org) = self.org {
            write!(f, "{org}/")?;
        }
        let (account, folder, region, day) = (
            self.account,
            self.family.folder(),
            self.region,
            date_path(self.day),
        );
        write!(f, "{account}/{folder}/{region}/{day}/{}", self.name)
    }
}

/// Splits a key at its last `AWSLogs/` folder: the prefix (empty, or with its slash) and the object from `AWSLogs/` on.
///
/// ```
/// use trailmill::trail::key::split;
/// assert_eq!(split("a/b/AWSLogs/1"), Some(("a/b/", "AWSLogs/1")));
/// assert_eq!(split("myAWSLogs/1"), None);
/// ```
pub fn split(key: &str) -> Option<(&str, &str)> {
    let (at, _) = key
        .rmatch_indices(ROOT)
        .find(|&(at, _)| at == 0 || key.as_bytes()[at - 1] == b'/')?;
    Some(key.split_at(at))
}

/// Returns the part of a key or folder from `AWSLogs/` on that is its region's folder, with the slash.
///
/// ```
/// use trailmill::trail::key::region_folder;
/// let region = "AWSLogs/111122223333/CloudTrail/us-east-1/";
/// assert_eq!(region_folder(&format!("{region}2026/08/01/")), Some(region));
/// assert_eq!(region_folder("AWSLogs/111122223333/CloudTrail/"), None);
/// ```
pub fn region_folder(object: &str) -> Option<&str> {
    let place = Place::of(object);
    place.region?;
    let names = [place.org, place.account, place.folder, place.region];
    let length = names
        .into_iter()
        .flatten()
        .map(|name| name.len() + 1)
        .sum::<usize>();
    object.get(..ROOT.len() + length)
}

/// How far a key or folder below `AWSLogs/` can be told, folder by folder; only whole segments (those with a slash behind) count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'k> {
    /// The organisation's folder.
    pub org: Option<&'k str>,
    /// The account's folder.
    pub account: Option<&'k str>,
    /// The folder in it: a family's, or that of another service.
    pub folder: Option<&'k str>,
    /// The region's folder, in a family's.
    pub region: Option<&'k str>,
    /// As much of `YYYY/MM/DD` as there is, without a slash behind.
    pub date: &'k str,
    /// What follows the last whole segment that was told.
    pub rest: &'k str,
}

impl<'k> Place<'k> {
    /// Tells the place of a key or folder that starts at `AWSLogs/`.
    pub fn of(object: &'k str) -> Self {
        let rest = object.strip_prefix(ROOT).unwrap_or(object);
        let mut place = Self {
            org: None,
            account: None,
            folder: None,
            region: None,
            date: "",
            rest,
        };
        if rest.starts_with("o-") {
            place.org = place.take();
            if place.org.is_none() {
                return place;
            }
        }
        place.account = place.take();
        place.folder = place.account.and_then(|_| place.take());
        if place
            .folder
            .is_none_or(|folder| Family::of_folder(folder).is_none())
        {
            return place;
        }
        place.region = place.take();
        if place.region.is_some() {
            let length = date_length(place.rest);
            (place.date, place.rest) = place.rest.split_at(length);
            place.rest = place.rest.strip_prefix('/').unwrap_or(place.rest);
        }
        place
    }

    /// Returns the day that the folders give, in microseconds since 1970.
    pub fn day(&self) -> Option<i64> {
        (self.date.len() == 10)
            .then(|| time::parse_date(&self.date.replace('/', "-")))
            .flatten()
    }

    fn take(&mut self) -> Option<&'k str> {
        let (segment, rest) = self.rest.split_once('/')?;
        self.rest = rest;
        Some(segment)
    }
}

/// How much of `YYYY/MM/DD/` stands at the start, without the last slash.
fn date_length(text: &str) -> usize {
    const PATTERN: &[u8] = b"dddd/dd/dd/";
    let fits = |(byte, pattern): &(u8, u8)| {
        if *pattern == b'd' {
            byte.is_ascii_digit()
        } else {
            byte == pattern
        }
    };
    let n = text
        .bytes()
        .zip(PATTERN.iter().copied())
        .take_while(fits)
        .count();
    match n {
        11 => 10,
        8..=10 => 7,
        5..=7 => 4,
        _ => 0,
    }
}

/// Returns a day as its folders have it: `YYYY/MM/DD`.
pub fn date_path(day: i64) -> String {
    time::format_date(day).replace('-', "/")
}

fn foreign_folder(folder: &str) -> ForeignReason {
    match folder {
        "CloudTrail-Lake" => ForeignReason::LakeQueryResult,
        _ if folder.starts_with("CloudTrail-") => ForeignReason::UnknownFamily,
        _ => ForeignReason::NotCloudTrail,
    }
}

/// `.json`, `.jsonl` or `.ndjson`, compressed or not; or compressed with no other extension.
fn is_json_name(name: &str) -> bool {
    let packed = ["gz", "zst", "zstd"]
        .iter()
        .find_map(|extension| name.strip_suffix(extension)?.strip_suffix('.'));
    let plain = packed.unwrap_or(name);
    match plain.rsplit_once('.') {
        Some((_, extension)) => ["json", "jsonl", "ndjson"].contains(&extension),
        None => packed.is_some(),
    }
}

/// The last `_YYYYMMDDThhmmZ` or `_YYYYMMDDThhmmssZ` in a name; a digest's comes after the trail's name, which can hold anything.
fn time_in_name(name: &str) -> Option<i64> {
    name.rmatch_indices('_')
        .find_map(|(at, _)| time_at(&name.as_bytes()[at + 1..]))
}

fn time_at(text: &[u8]) -> Option<i64> {
    let mut stamp = *b"YYYYMMDDThhmm00Z";
    match (text.get(13), text.get(15)) {
        (Some(b'Z'), _) => stamp[..13].copy_from_slice(&text[..13]),
        (_, Some(b'Z')) => stamp.copy_from_slice(&text[..16]),
        _ => return None,
    }
    time::parse(std::str::from_utf8(&stamp).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "111122223333_CloudTrail_us-east-2_20150817T1445Z_HxOeYgRcQJBKpAvU.json.gz";

    /// `org account family region day delivery_time`, or the reason.
    fn check(key: &str, expected: &str) {
        let said = match DeliveryKey::parse(key) {
            Ok(k) => format!(
                "{} {} {} {} {} {}",
                k.org.unwrap_or("-"),
                k.account,
                k.family.folder(),
                k.region,
                time::format_date(k.day),
                time::format(k.delivery_time)
            ),
            Err(reason) => reason.to_string(),
        };
        assert_eq!(said, expected, "{key}");
    }

    #[test]
    fn keys_that_cloudtrail_delivers() {
        for prefix in ["", "trails/", "a/b c/", "AWSLogs/", "/", "o-exampleorgid/"] {
            check(
                &format!("{prefix}AWSLogs/111122223333/CloudTrail/us-east-2/2015/08/17/{NAME}"),
                "- 111122223333 CloudTrail us-east-2 2015-08-17 2015-08-17T14:45:00Z",
            );
        }
        check(
            &format!(
                "AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-gov-west-1/2015/08/17/{NAME}"
            ),
            "o-exampleorgid 111122223333 CloudTrail us-gov-west-1 2015-08-17 2015-08-17T14:45:00Z",
        );
        check(
            "AWSLogs/123456789012/CloudTrail/us-west-1/2014/06/20/123456789012_CloudTrail_us-west-1_20140620T1255ZHdkvFTXOA3Vnhbc.json.gz",
            "- 123456789012 CloudTrail us-west-1 2014-06-20 2014-06-20T12:55:00Z",
        );
        for folder in [
            "CloudTrail-Insight",
            "CloudTrail-NetworkActivity",
            "CloudTrail-Aggregated",
        ] {
            for token in ["CloudTrail", folder] {
                check(
                    &format!(
                        "AWSLogs/111122223333/{folder}/eu-west-1/2026/08/02/111122223333_{token}_eu-west-1_20260801T2359Z_abc.json.gz"
                    ),
                    &format!("- 111122223333 {folder} eu-west-1 2026-08-02 2026-08-01T23:59:00Z"),
                );
            }
        }
    }

    #[test]
    fn digests_whatever_the_trail_is_called() {
        for (name, time) in [
            (
                "111122223333_CloudTrail-Digest_us-east-2_my-trail_us-east-1_20150817T171535Z.json.gz",
                "17:15:35",
            ),
            (
                "111122223333_CloudTrail-Digest_us-east-2_a_20010101T0000Z_b.c_us-east-1_20150817T171535Z.json.gz",
                "17:15:35",
            ),
            (
                "111122223333_CloudTrail-Digest_us-east-2_t_us-east-1_20150817T171535Z_backfill.json.gz",
                "17:15:35",
            ),
        ] {
            check(
                &format!("p/AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2015/08/17/{name}"),
                &format!(
                    "- 111122223333 CloudTrail-Digest us-east-2 2015-08-17 2015-08-17T{time}Z"
                ),
            );
        }
    }

    #[test]
    fn names_that_somebody_changed() {
        for name in [
            "events.json",
            "x.jsonl.zst",
            "part-0.ndjson",
            "111122223333_copy.gz",
            "_20159999T9999Z_.json",
        ] {
            check(
                &format!("AWSLogs/REDACTED/CloudTrail/us-east-2/2015/08/17/{name}"),
                "- REDACTED CloudTrail us-east-2 2015-08-17 2015-08-17T00:00:00Z",
            );
        }
    }

    #[test]
    fn keys_of_others() {
        for (key, reason) in [
            ("", "outside_aws_logs"),
            ("data/x.json.gz", "outside_aws_logs"),
            (
                "notAWSLogs/111122223333/CloudTrail/us-east-1/2015/08/17/x.json",
                "outside_aws_logs",
            ),
            ("AWSLogs", "outside_aws_logs"),
            ("AWSLogs/", "directory_marker"),
            ("AWSLogs/111122223333/CloudTrail/", "directory_marker"),
            ("AWSLogs/111122223333_$folder$", "directory_marker"),
            (
                "AWSLogs/111122223333/elasticloadbalancing/us-east-1/2015/08/17/x.log.gz",
                "not_cloudtrail",
            ),
            (
                "AWSLogs/111122223333/Config/us-east-1/2015/8/17/ConfigHistory/x.json.gz",
                "not_cloudtrail",
            ),
            (
                "AWSLogs/111122223333/vpcflowlogs/us-east-1/x.gz",
                "not_cloudtrail",
            ),
            (
                "AWSLogs/111122223333/CloudTrail-Lake/Query/2022/06/17/abc/result_1.csv.gz",
                "lake_query_result",
            ),
            (
                "AWSLogs/111122223333/CloudTrail-New/us-east-1/2015/08/17/x.json.gz",
                "unknown_family",
            ),
            ("AWSLogs/111122223333/notes.txt", "unknown_layout"),
            ("AWSLogs/o-abc", "unknown_layout"),
            (
                "AWSLogs//CloudTrail/us-east-1/2015/08/17/x.json.gz",
                "unknown_layout",
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2015/02/30/x.json.gz",
                "unknown_layout",
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2015/8/17/x.json.gz",
                "unknown_layout",
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2015/08/17/sub/x.json.gz",
                "unknown_layout",
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/x.json.gz",
                "unknown_layout",
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2015/08/17/.DS_Store",
                "hidden",
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2015/08/17/readme.txt",
                "not_json",
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2015/08/17/x.tar.gz",
                "not_json",
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2015/08/17/x",
                "not_json",
            ),
        ] {
            check(key, reason);
        }
    }

    #[test]
    fn a_place_is_told_as_far_as_the_folders_go() {
        for (object, account, date, rest) in [
            ("AWSLogs/", None, "", ""),
            ("AWSLogs/o-abc/", None, "", ""),
            ("AWSLogs/o-abc/1/Conf", Some("1"), "", "Conf"),
            (
                "AWSLogs/1/CloudTrail/us-east-1/2015/0",
                Some("1"),
                "2015",
                "0",
            ),
            (
                "AWSLogs/1/CloudTrail/us-east-1/2015/08/",
                Some("1"),
                "2015/08",
                "",
            ),
            (
                "AWSLogs/1/CloudTrail/us-east-1/2015/08/17/x",
                Some("1"),
                "2015/08/17",
                "x",
            ),
        ] {
            let place = Place::of(object);
            assert_eq!(
                (place.account, place.date, place.rest),
                (account, date, rest),
                "{object}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_parsed_key_formats_to_itself(
            org in proptest::option::of("o-[a-z0-9]{10}"),
            account in "[0-9]{12}",
            family in proptest::sample::select(&Family::ALL),
            region in "[a-z]{2}(-gov)?-[a-z]{4,9}-[1-9]",
            day in 10_957_i64..30_000,
            minute in 0_i64..1440,
            token in "(CloudTrail|CloudTrail-Insight|Other_Token)",
            unique in "_?[A-Za-z0-9]{16}",
        ) {
            let day = day * time::DAY;
            let delivery_time = day + minute * 60 * time::SECOND;
            let stamp = time::format(delivery_time).replace(['-', ':'], "");
            let name = format!("{account}_{token}_{region}_{}Z{unique}.json.gz", &stamp[..13]);
            let key = DeliveryKey { org: org.as_deref(), account: &account, family, region: &region, day, delivery_time, name: &name };
            let text = key.to_string();
            prop_assert_eq!(DeliveryKey::parse(&text), Ok(key));
            let prefixed = format!("any/prefix/{text}");
            prop_assert_eq!(DeliveryKey::parse(&prefixed), Ok(key));
            prop_assert_eq!(split(&prefixed), Some(("any/prefix/", text.as_str())));
        }

        #[test]
        fn parsing_never_panics(key in "(AWSLogs/)?[a-zA-Z0-9_./é-]{0,30}(/CloudTrail/)?[0-9/]{0,14}\\PC{0,20}") {
            if let Ok(parsed) = DeliveryKey::parse(&key) {
                prop_assert!(key.ends_with(&parsed.to_string()));
            }
        }
    }
}
