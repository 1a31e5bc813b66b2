//! What a report says, as a document: the types of its JSON, which `docs/report.schema.json` describes and the page of the HTML report
//! reads.
//!
//! Names of fields are those of the tables' columns where they mean the same. A list is cut at its end, and says how much it leaves
//! out. What logs hold is in here as it stands, only shortened: who shows it escapes it.

use serde::{Serialize, Serializer};

use crate::trail::time;

/// The version of the document: the first number of it changes when a field goes or means something else.
pub const FORMAT: &str = "1.0";

/// A moment, in microseconds since 1970; RFC 3339 in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub i64);

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&time::format(self.0))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "A moment (UTC), as RFC 3339"
        })
    }
}

/// Declares types of the document: all are written as JSON, and described by the schema.
macro_rules! document {
    ($($(#[$of_type:meta])* struct $name:ident $(<$t:ident>)? { $($(#[$of_field:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$of_type])*
            #[derive(Debug, Clone, PartialEq, Serialize)]
            #[cfg_attr(test, derive(schemars::JsonSchema))]
            pub struct $name $(<$t>)? { $($(#[$of_field])* pub $field: $type,)* }
        )*
    };
}

mod agents;
mod coverage;
mod rate;
mod refused;
mod sign_ins;

pub use agents::*;
pub use coverage::*;
pub use rate::*;
pub use refused::*;
pub use sign_ins::*;

document! {
    /// The first rows of a list, and how many it leaves out.
    struct Top<T> {
        /// The rows, most important first.
        rows: Vec<T>,
        /// Rows that are not here.
        left_out: u64,
        /// What the rows are ordered by, added up, of those that are not here too: events, calls, hours.
        total: u64,
    }

    /// A report: six questions about a dataset, answered.
    struct Report {
        /// The version of the document.
        format: &'static str,
        /// The version of the program.
        trailmill: &'static str,
        /// Where the dataset is.
        dataset: String,
        /// When the report was made.
        made_at: Time,
        /// Events from this time on; null: from the first.
        from: Option<Time>,
        /// Events before this time; null: to the last.
        to: Option<Time>,
        /// What there is.
        totals: Totals,
        /// What stands out, most important first.
        findings: Vec<Finding>,
        /// What the report could not take into account, in sentences.
        caveats: Vec<String>,
        /// Activity over time.
        timeline: Timeline,
        /// What did the agents do?
        agents: Agents,
        /// Why did the bill or the call rate jump?
        rate: Rate,
        /// Who came in, and who failed to?
        sign_ins: SignIns,
        /// What was refused?
        refused: Refused,
        /// How complete is this?
        coverage: Coverage,
    }

    /// What there is between `from` and `to`.
    struct Totals {
        /// Events.
        events: u64,
        /// Of these, errors: an error code, a failed sign-in, or an MCP error.
        errors: u64,
        /// Of these, events that may change something.
        writes: u64,
        /// Of these, events of agents, claims left aside.
        agents: u64,
        /// Time of the first event.
        first_event_time: Option<Time>,
        /// Time of the last event.
        last_event_time: Option<Time>,
        /// Accounts.
        accounts: u64,
        /// Regions.
        regions: u64,
        /// Services.
        services: u64,
        /// Principals.
        principals: u64,
        /// Source addresses.
        source_ips: u64,
    }

    /// A sentence of the report.
    struct Finding {
        /// The question that it answers.
        question: Question,
        /// How soon somebody should look.
        severity: Severity,
        /// The sentence, with its number.
        text: String,
        /// The number.
        count: u64,
        /// The list to look at, as a path in this document, such as `sign_ins.guessed`.
        section: &'static str,
        /// A command that shows the events; null where no command can.
        look: Option<String>,
    }

    /// Activity in buckets.
    struct Timeline {
        /// Begin of the first bucket; null where there is no event.
        start: Option<Time>,
        /// Width of a bucket in seconds: the dataset's, or a multiple where there were too many.
        bucket_seconds: u64,
        /// How many buckets there are.
        buckets: u64,
        /// Counts, each as many as there are buckets.
        series: Vec<Series>,
    }

    /// Events over time.
    struct Series {
        /// What is counted.
        kind: SeriesKind,
        /// Which service or principal; null for the others.
        name: Option<String>,
        /// Events in each bucket.
        events: Vec<u64>,
    }
}

impl<T> Default for Top<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            left_out: 0,
            total: 0,
        }
    }
}

/// Declares what a field may be one of.
macro_rules! one_of {
    ($($(#[$of_type:meta])* enum $name:ident { $($(#[$of_variant:meta])* $variant:ident,)* })*) => {
        $(
            $(#[$of_type])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
            #[serde(rename_all = "snake_case")]
            #[cfg_attr(test, derive(schemars::JsonSchema))]
            pub enum $name { $($(#[$of_variant])* $variant,)* }
        )*
    };
}

one_of! {
    /// A question that a report answers.
    enum Question {
        /// What did the agents do?
        Agents,
        /// Why did the bill or the call rate jump?
        Rate,
        /// Who came in, and who failed to?
        SignIns,
        /// What was refused?
        Refused,
        /// How complete is this?
        Coverage,
    }

    /// How soon somebody should look.
    enum Severity {
        /// Now.
        Alert,
        /// When there is time.
        Notice,
        /// Good to know.
        Fact,
    }

    /// What a series of the timeline counts.
    enum SeriesKind {
        /// All events.
        All,
        /// Errors.
        Errors,
        /// Events of agents, claims left aside.
        Agents,
        /// Events of a service.
        Service,
        /// Events of a principal.
        Principal,
    }

    /// What a burst counts.
    enum BurstKind {
        /// A principal's calls of one action.
        Action,
        /// A principal's events.
        Principal,
        /// A service's events.
        Service,
        /// All events.
        All,
    }

    /// What can be new.
    enum UnseenKind {
        /// A principal.
        Principal,
        /// A source address.
        SourceIp,
        /// A region.
        Region,
        /// A service.
        Service,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where it is not: the schema that it should be is what the failure prints.
    #[test]
    fn the_schema_describes_the_document() {
        let schema = schemars::schema_for!(Report);
        let schema = serde_json::to_string_pretty(&schema).expect("JSON");
        let described = include_str!("../../../docs/report.schema.json");
        assert!(
            described.trim_end() == schema,
            "docs/report.schema.json should be\n{schema}"
        );
    }
}
