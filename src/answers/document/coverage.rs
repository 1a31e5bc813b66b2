//! How complete the data are, in a report.

use serde::Serialize;

use super::{Time, Top};

document! {
    /// What was delivered, read, and used.
    struct Coverage {
        /// Delivery objects that were read.
        objects: u64,
        /// Digest files that were seen.
        digests: u64,
        /// Delivery objects that could not be read, or not whole.
        unread: u64,
        /// Records that stand in the tables.
        written: u64,
        /// Records that came again.
        redelivered: u64,
        /// Records that were left out on request.
        filtered: u64,
        /// Records that could not be used.
        rejected: u64,
        /// Objects whose last event is more than six hours older than their delivery.
        late_objects: u64,
        /// Events in them.
        late_events: u64,
        /// By account, region and day of delivery.
        days: Top<CoverageDay>,
        /// Hours without an object and without a digest, where digests exist.
        gaps: Top<Gap>,
        /// Accounts and regions without any digest: of these no gap can be told.
        without_digests: Top<Place>,
        /// Objects that could not be read, by reason.
        unread_reasons: Top<Reason>,
        /// Records that could not be used, by reason.
        reject_reasons: Top<Reason>,
    }

    /// A day of an account and a region.
    struct CoverageDay {
        /// The account.
        account_id: String,
        /// The region.
        region: String,
        /// The day of delivery, such as 2026-08-01.
        day: String,
        /// Objects that were read.
        objects: u64,
        /// Digest files.
        digests: u64,
        /// Objects that could not be read.
        unread: u64,
        /// Records that stand in the tables.
        written: u64,
        /// Events that came more than six hours late.
        late_events: u64,
        /// Records that came again.
        redelivered: u64,
        /// Records that could not be used.
        rejected: u64,
        /// Hours of the day that are in a gap.
        gap_hours: u64,
    }

    /// A stretch of hours in which nothing was delivered.
    struct Gap {
        /// The account.
        account_id: String,
        /// The region.
        region: String,
        /// Its begin.
        from: Time,
        /// Its end.
        to: Time,
        /// Its hours.
        hours: u64,
    }

    /// An account and a region.
    struct Place {
        /// The account.
        account_id: String,
        /// The region.
        region: String,
    }

    /// Why something was not used.
    struct Reason {
        /// The reason.
        reason: String,
        /// How many objects or records.
        count: u64,
        /// One of them, for a look.
        example: Option<String>,
    }
}
