//! Why the bill or the call rate jumped, in a report.

use serde::Serialize;

use super::{BurstKind, Time, Top, UnseenKind};

document! {
    /// Calls, what they cost, and what is new.
    struct Rate {
        /// Calls by service.
        services: Top<Service>,
        /// Calls by action.
        actions: Top<Action>,
        /// The service with the most calls.
        busiest: Option<Busiest>,
        /// When something was called much more often than usual.
        bursts: Top<Burst>,
        /// Calls that cost money.
        costs: Top<Cost>,
        /// What was seen before, to tell what is new; null where no baseline was asked for, or there are no events in it.
        baseline: Option<Baseline>,
        /// What was never seen before, and is on no list of what is known; the first seen come first.
        unseen: Top<Unseen>,
        /// How many there are of each kind.
        unseen_counts: Vec<UnseenCount>,
    }

    /// Calls of a service.
    struct Service {
        /// The service.
        event_source: Option<String>,
        /// Events.
        events: u64,
        /// Of these, errors.
        errors: u64,
        /// Part of all events, from 0 to 1.
        share: f64,
        /// Events a day.
        per_day: f64,
        /// Events a day in the baseline; null without one.
        baseline_per_day: Option<f64>,
    }

    /// Calls of an action.
    struct Action {
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// Whether it only reads.
        read_only: Option<bool>,
        /// Events.
        events: u64,
        /// Of these, errors.
        errors: u64,
    }

    /// The service with the most calls, taken apart.
    struct Busiest {
        /// The service.
        event_source: Option<String>,
        /// Its events.
        events: u64,
        /// By action.
        event_names: Top<Share>,
        /// By source address.
        source_ips: Top<Share>,
        /// By principal.
        principals: Top<Share>,
    }

    /// A part of a whole.
    struct Share {
        /// Which.
        name: Option<String>,
        /// Its events.
        events: u64,
        /// Part of the whole, from 0 to 1.
        share: f64,
    }

    /// A stretch of time with far more events than usual.
    struct Burst {
        /// What was counted: `action` is a principal's calls of one action.
        kind: BurstKind,
        /// Who; for an action or a principal.
        principal: Option<String>,
        /// The service; for an action or a service.
        event_source: Option<String>,
        /// The action; for an action.
        event_name: Option<String>,
        /// Begin.
        start: Time,
        /// End: the begin of the first bucket behind it.
        end: Time,
        /// Events in it.
        events: u64,
        /// Events in its highest bucket.
        peak: u64,
        /// Events in a bucket that would be usual then.
        usual: f64,
        /// By how many standard deviations (estimated from the median absolute deviation) the highest bucket is above that.
        score: f64,
    }

    /// Calls of an action that costs money; what they cost is not in the log.
    struct Cost {
        /// The service.
        event_source: String,
        /// The action.
        event_name: String,
        /// By what it is billed.
        billed: String,
        /// Who.
        principal: Option<String>,
        /// Calls that succeeded.
        calls: u64,
        /// The same a day in the baseline; null without one.
        baseline_per_day: Option<f64>,
        /// Calls a day.
        per_day: f64,
    }

    /// The time before, with which the report's is compared.
    struct Baseline {
        /// Its begin.
        from: Time,
        /// Its end.
        to: Time,
        /// Its events.
        events: u64,
        /// Its days: from the first event in it, or its begin.
        days: f64,
    }

    /// Something new.
    struct Unseen {
        /// What it is.
        kind: UnseenKind,
        /// Which.
        value: String,
        /// Its events.
        events: u64,
        /// Of these, errors.
        errors: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// How many things are new.
    struct UnseenCount {
        /// What they are.
        kind: UnseenKind,
        /// How many.
        count: u64,
    }
}
