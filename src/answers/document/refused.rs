//! What was refused, in a report.

use serde::Serialize;

use super::rate::Burst;
use super::{Time, Top};

document! {
    /// What was refused, or failed.
    struct Refused {
        /// Events with an error code.
        events: u64,
        /// By error code.
        codes: Top<ErrorCode>,
        /// By principal and action.
        actions: Top<RefusedAction>,
        /// When much more was refused than usual.
        bursts: Top<Burst>,
    }

    /// An error code.
    struct ErrorCode {
        /// The code.
        error_code: String,
        /// Whether it says that something was not allowed.
        is_denial: bool,
        /// Events.
        events: u64,
        /// Principals that met it.
        principals: u64,
    }

    /// What a principal was refused.
    struct RefusedAction {
        /// Who.
        principal: Option<String>,
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// The code.
        error_code: String,
        /// Whether it says that something was not allowed.
        is_denial: bool,
        /// Events.
        events: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }
}
