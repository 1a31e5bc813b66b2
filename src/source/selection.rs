//! What a selection of events means for delivery keys: which folders need not be listed.
//!
//! Folder dates are days of delivery. An event of a moment is delivered on that day or later, so the walk covers the
//! day before `from` (a file can hold events that are newer than its own name) to the day of `to` and the late window.

use std::collections::BTreeMap;

use super::object::join;
use crate::limits::LATE_WINDOW_DAYS;
use crate::trail::key::{self, DeliveryKey, Place};
use crate::trail::time::DAY;

/// The days whose folders have four-digit years, in microseconds since 1970.
const FOLDER_DAYS: (i64, i64) = (-719_528 * DAY, 2_932_896 * DAY);

/// Which delivery objects are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSelection {
    /// Events at or after this time, in microseconds since 1970.
    pub from: Option<i64>,
    /// Events before this time, in microseconds since 1970.
    pub to: Option<i64>,
    /// Days that events may be delivered late.
    pub late_window_days: u32,
    /// Only these accounts; all where empty.
    pub accounts: Vec<String>,
    /// Only these regions; all where empty.
    pub regions: Vec<String>,
    /// By region folder in S3 ([`region_folder`](super::DeliveryObject::region_folder)): the first day to list, in microseconds since 1970, because what lies
    /// before is known.
    pub since: BTreeMap<String, i64>,
}

impl Default for ListSelection {
    fn default() -> Self {
        Self {
            from: None,
            to: None,
            late_window_days: LATE_WINDOW_DAYS,
            accounts: Vec::new(),
            regions: Vec::new(),
            since: BTreeMap::new(),
        }
    }
}

impl ListSelection {
    /// Returns the first and the last day folder that can hold wanted events, in microseconds since 1970.
    pub fn days(&self) -> (Option<i64>, Option<i64>) {
        let day = |micros: i64| micros.div_euclid(DAY) * DAY;
        let within = |micros: i64| micros.clamp(FOLDER_DAYS.0, FOLDER_DAYS.1);
        let late = i64::from(self.late_window_days) * DAY;
        let first = self.from.map(|from| within(day(within(from)) - DAY));
        let last = self
            .to
            .map(|to| within(day(within(to.saturating_sub(1))).saturating_add(late)));
        (first, last)
    }

    /// The first day folder to list in a region's folder (or in any, where there is none), which lies below `source`.
    pub(super) fn first_day(&self, source: &str, object: &str) -> Option<i64> {
        let (first, _) = self.days();
        if self.since.is_empty() {
            return first;
        }
        let since =
            key::region_folder(object).and_then(|region| self.since.get(&join(source, region)));
        first.max(since.copied())
    }

    /// Returns whether the key's object can hold wanted events; `object` is that key, which lies below `source`.
    pub(super) fn wants(&self, source: &str, object: &str, key: &DeliveryKey<'_>) -> bool {
        let (_, last) = self.days();
        let first = self.first_day(source, object);
        self.wants_account(key.account)
            && self.wants_region(key.region)
            && first.is_none_or(|first| first <= key.day)
            && last.is_none_or(|last| key.day <= last)
    }

    pub(super) fn wants_account(&self, account: &str) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|wanted| wanted == account)
    }

    pub(super) fn wants_region(&self, region: &str) -> bool {
        self.regions.is_empty() || self.regions.iter().any(|wanted| wanted == region)
    }

    pub(super) fn cuts_regions(&self) -> bool {
        !self.regions.is_empty()
    }

    pub(super) fn cuts_days(&self) -> bool {
        self.from.is_some() || self.to.is_some() || !self.since.is_empty()
    }

    /// Whether a folder from `AWSLogs/` on, which lies below `source`, can hold anything wanted.
    pub(super) fn wants_folder(&self, source: &str, folder: &str) -> bool {
        let place = Place::of(folder);
        let first = self.first_day(source, folder);
        self.wants_place(&place) && (self.wants_dates(place.date, first) || place.region.is_none())
    }

    /// Whether a foreign key below `AWSLogs/` is in what the walk covers: where days are cut, only those days.
    pub(super) fn covers_foreign(&self, source: &str, object: &str) -> bool {
        let place = Place::of(object);
        let first = self.first_day(source, object);
        let day_is_told = place.date.len() == 10 && self.wants_dates(place.date, first);
        self.wants_place(&place) && (place.region.is_none() || !self.cuts_days() || day_is_told)
    }

    fn wants_place(&self, place: &Place<'_>) -> bool {
        place
            .account
            .is_none_or(|account| self.wants_account(account))
            && place.region.is_none_or(|region| self.wants_region(region))
    }

    /// Whether `YYYY`, `YYYY/MM` or `YYYY/MM/DD` (or nothing) holds a wanted day.
    fn wants_dates(&self, date: &str, first: Option<i64>) -> bool {
        let (_, last) = self.days();
        let n = date.len();
        first.is_none_or(|first| *date >= key::date_path(first)[..n])
            && last.is_none_or(|last| *date <= key::date_path(last)[..n])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::time;

    fn selection(from: &str, to: &str) -> ListSelection {
        ListSelection {
            from: time::parse(from),
            to: time::parse(to),
            ..ListSelection::default()
        }
    }

    #[test]
    fn the_walk_covers_a_day_before_to_the_late_window_after() {
        let days = |from, to| {
            let (first, last) = selection(from, to).days();
            (first.map(time::format_date), last.map(time::format_date))
        };
        let some = |day: &str| Some(day.to_owned());
        assert_eq!(
            days("2026-08-01T12:00:00Z", "2026-08-03T12:00:00Z"),
            (some("2026-07-31"), some("2026-08-05"))
        );
        assert_eq!(
            days("2026-08-01T00:00:00Z", "2026-08-02T00:00:00Z"),
            (some("2026-07-31"), some("2026-08-03")),
            "to is exclusive"
        );
        assert_eq!(days("", ""), (None, None));
    }

    #[test]
    fn folders_are_wanted_as_far_as_they_tell() {
        let dates = selection("2026-01-01T00:00:00Z", "2026-03-02T00:00:00Z");
        for (folder, wanted) in [
            ("AWSLogs/", true),
            ("AWSLogs/1/CloudTrail/", true),
            ("AWSLogs/1/CloudTrail/us-east-1/", true),
            ("AWSLogs/1/CloudTrail/us-east-1/2025/", true),
            ("AWSLogs/1/CloudTrail/us-east-1/2024/", false),
            ("AWSLogs/1/CloudTrail/us-east-1/2025/11/", false),
            ("AWSLogs/1/CloudTrail/us-east-1/2025/12/", true),
            ("AWSLogs/1/CloudTrail/us-east-1/2025/12/30/", false),
            ("AWSLogs/1/CloudTrail/us-east-1/2025/12/31/", true),
            ("AWSLogs/1/CloudTrail/us-east-1/2026/03/03/", true),
            ("AWSLogs/1/CloudTrail/us-east-1/2026/03/04/", false),
        ] {
            assert_eq!(dates.wants_folder("s3://b", folder), wanted, "{folder}");
        }
        let places = ListSelection {
            accounts: vec!["1".into()],
            regions: vec!["us-east-1".into()],
            ..ListSelection::default()
        };
        for (folder, wanted) in [
            ("AWSLogs/o-abc/", true),
            ("AWSLogs/o-abc/1/", true),
            ("AWSLogs/2/", false),
            ("AWSLogs/1/Config/eu-west-1/", true),
            ("AWSLogs/1/CloudTrail/eu-west-1/", false),
        ] {
            assert_eq!(places.wants_folder("s3://b", folder), wanted, "{folder}");
        }
    }

    #[test]
    fn what_lies_before_a_known_day_is_not_listed() {
        let day = |text: &str| time::parse_date(text).expect("a day");
        let known = "s3://b/p/AWSLogs/1/CloudTrail/us-east-1/".to_owned();
        let selection = ListSelection {
            since: BTreeMap::from([(known, day("2026-08-03"))]),
            ..selection("2026-08-01T00:00:00Z", "")
        };
        let first = |source, folder| selection.first_day(source, folder).map(time::format_date);
        let region = "AWSLogs/1/CloudTrail/us-east-1/";
        assert_eq!(first("s3://b/p", region).as_deref(), Some("2026-08-03"));
        assert_eq!(
            first("s3://b/p", "AWSLogs/1/CloudTrail/us-east-1/2026/08/02/x").as_deref(),
            Some("2026-08-03")
        );
        assert_eq!(first("s3://b", region).as_deref(), Some("2026-07-31"));
        assert_eq!(
            first("s3://b/p", "AWSLogs/1/").as_deref(),
            Some("2026-07-31")
        );
        assert!(selection.cuts_days());
    }
}
