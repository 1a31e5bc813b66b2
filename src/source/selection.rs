//! What a selection of events means for delivery keys: which folders need not be listed.
//!
//! Folder dates are days of delivery. An event of a moment is delivered on that day or later, so the walk covers the
//! day before `from` (a file can hold events that are newer than its own name) to the day of `to` and the late window.

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
}

impl Default for ListSelection {
    fn default() -> Self {
        Self {
            from: None,
            to: None,
            late_window_days: 2,
            accounts: Vec::new(),
            regions: Vec::new(),
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

    /// Returns whether the key's object can hold wanted events.
    pub fn wants(&self, key: &DeliveryKey<'_>) -> bool {
        let (first, last) = self.days();
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
        self.from.is_some() || self.to.is_some()
    }

    /// Whether a folder below `AWSLogs/` can hold anything wanted.
    pub(super) fn wants_folder(&self, folder: &str) -> bool {
        let place = Place::of(folder);
        self.wants_place(&place) && (self.wants_dates(place.date) || place.region.is_none())
    }

    /// Whether a foreign key below `AWSLogs/` is in what the walk covers: where days are cut, only those days.
    pub(super) fn covers_foreign(&self, object: &str) -> bool {
        let place = Place::of(object);
        let day_is_told = place.date.len() == 10 && self.wants_dates(place.date);
        self.wants_place(&place) && (place.region.is_none() || !self.cuts_days() || day_is_told)
    }

    fn wants_place(&self, place: &Place<'_>) -> bool {
        place
            .account
            .is_none_or(|account| self.wants_account(account))
            && place.region.is_none_or(|region| self.wants_region(region))
    }

    /// Whether `YYYY`, `YYYY/MM` or `YYYY/MM/DD` (or nothing) holds a wanted day.
    fn wants_dates(&self, date: &str) -> bool {
        let (first, last) = self.days();
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
            assert_eq!(dates.wants_folder(folder), wanted, "{folder}");
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
            assert_eq!(places.wants_folder(folder), wanted, "{folder}");
        }
    }
}
