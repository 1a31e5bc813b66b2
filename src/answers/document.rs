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

    /// What agents did.
    struct Agents {
        /// Their events by channel, claims (`self_hosted`) too.
        channels: Vec<Channel>,
        /// Who called which tool of which server with which client.
        callers: Top<Caller>,
        /// Which API actions were called.
        actions: Top<AgentAction>,
        /// Which resources were touched.
        resources: Top<AgentResource>,
        /// Which tool calls led to which API calls.
        chains: Top<Chain>,
        /// Which tool calls failed, and why.
        failures: Top<Failure>,
        /// How much of a principal's activity came through agents.
        principals: Top<AgentShare>,
        /// Gateway calls without anybody behind them.
        unauthenticated: Top<Unauthenticated>,
        /// Calls that only claim to be an agent's, by their user agent.
        claims: Top<Claim>,
    }

    /// A way on which events come through MCP.
    struct Channel {
        /// `tool_call`, `gateway`, `gateway_admin`, `downstream`, `oauth_grant` or `self_hosted`.
        mcp_channel: String,
        /// Whether AWS says so; otherwise it is only claimed.
        is_sure: bool,
        /// Events.
        events: u64,
        /// Of these, events that may change something.
        writes: u64,
        /// Of these, deletions.
        deletions: u64,
        /// Of these, errors.
        errors: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// Who called which tool.
    struct Caller {
        /// Who.
        principal: Option<String>,
        /// The client: name and version.
        mcp_client: Option<String>,
        /// The server.
        mcp_server: Option<String>,
        /// The tool; null where another method was called.
        mcp_tool: Option<String>,
        /// The JSON-RPC method.
        mcp_method: Option<String>,
        /// `tool_call` or `gateway`.
        mcp_channel: String,
        /// Calls.
        calls: u64,
        /// Of these, failed.
        failures: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// An API action that agents called.
    struct AgentAction {
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// Who.
        principal: Option<String>,
        /// How it came through MCP.
        mcp_channel: String,
        /// Whether it only reads; null where CloudTrail does not say.
        read_only: Option<bool>,
        /// Whether it deletes, as its name says.
        is_deletion: bool,
        /// Events.
        events: u64,
        /// Of these, errors.
        errors: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// A resource that agents touched.
    struct AgentResource {
        /// The resource.
        resource_arn: String,
        /// Its type.
        resource_type: Option<String>,
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// Who.
        principal: Option<String>,
        /// How it came through MCP.
        mcp_channel: String,
        /// Whether it only reads.
        read_only: Option<bool>,
        /// Whether it deletes.
        is_deletion: bool,
        /// Events.
        events: u64,
        /// Of these, errors.
        errors: u64,
        /// The last.
        last_event_time: Time,
    }

    /// What a tool led to.
    struct Chain {
        /// The server of the tool.
        mcp_server: Option<String>,
        /// The tool.
        mcp_tool: Option<String>,
        /// Who called the tool.
        principal: Option<String>,
        /// The service that was called; null where no event was found.
        event_source: Option<String>,
        /// The API action that was called; null where no event was found.
        event_name: Option<String>,
        /// Whether it only reads; null where no event was found.
        read_only: Option<bool>,
        /// Requests that the tool calls say they led to.
        requests: u64,
        /// Of these, requests whose event is in the dataset.
        found: u64,
        /// Of these, errors.
        errors: u64,
    }

    /// A way in which tool calls failed.
    struct Failure {
        /// `tool_call` or `gateway`.
        mcp_channel: String,
        /// The server.
        mcp_server: Option<String>,
        /// The tool.
        mcp_tool: Option<String>,
        /// HTTP status of the gateway's answer.
        status_code: Option<i64>,
        /// JSON-RPC error code.
        jsonrpc_error_code: Option<i64>,
        /// CloudTrail's error code.
        error_code: Option<String>,
        /// What was said about it.
        message: Option<String>,
        /// Calls.
        calls: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
        /// The event id of the last.
        event_id: Option<String>,
    }

    /// Agents and others behind one principal.
    struct AgentShare {
        /// Who.
        principal: Option<String>,
        /// Events through agents, as AWS says.
        by_agents: u64,
        /// Of these, events that may change something.
        writes_by_agents: u64,
        /// Events that only claim to be an agent's.
        claimed: u64,
        /// All other events.
        others: u64,
    }

    /// Gateway calls with no JWT and no IAM identity.
    struct Unauthenticated {
        /// The gateway.
        mcp_server: Option<String>,
        /// The tool.
        mcp_tool: Option<String>,
        /// Where they came from.
        source_ip_address: Option<String>,
        /// What the caller says it is.
        user_agent: Option<String>,
        /// Calls.
        calls: u64,
        /// Of these, failed.
        failures: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// Calls whose user agent names an MCP server, and nothing else does.
    struct Claim {
        /// Who.
        principal: Option<String>,
        /// The server that the user agent names.
        mcp_server: Option<String>,
        /// What the caller says it is.
        user_agent: Option<String>,
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// Events.
        events: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

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

    /// Sign-ins.
    struct SignIns {
        /// Attempts that succeeded.
        successes: u64,
        /// Attempts that failed.
        failures: u64,
        /// Attempts of which the log does not say.
        unknown: u64,
        /// By user, method, outcome, second factor and address.
        users: Top<SignInUser>,
        /// Three failures or more from one address, and then a success within the hour.
        guessed: Top<Guessed>,
        /// What root users did.
        root: Top<RootUse>,
        /// Role switches in the console.
        switched: Top<Switched>,
        /// Identities, and ways to sign in, that were made.
        new_identities: Top<NewIdentity>,
    }

    /// Attempts of one user.
    struct SignInUser {
        /// Who: the principal, else the name that was entered.
        who: Option<String>,
        /// How.
        method: String,
        /// `success`, `failure` or `unknown`.
        outcome: String,
        /// Whether a second factor was used; null where CloudTrail cannot say.
        mfa_used: Option<bool>,
        /// From where.
        source_ip_address: Option<String>,
        /// Into which account.
        recipient_account_id: Option<String>,
        /// Why they failed.
        failure_reason: Option<String>,
        /// Attempts.
        events: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// A success behind failures.
    struct Guessed {
        /// When it succeeded.
        event_time: Time,
        /// The event id of the success.
        event_id: Option<String>,
        /// Who came in.
        who: Option<String>,
        /// From where.
        source_ip_address: Option<String>,
        /// Into which account.
        recipient_account_id: Option<String>,
        /// Whether a second factor was used.
        mfa_used: Option<bool>,
        /// Failures within the hour before.
        failures: u64,
        /// The first of them.
        first_failure: Time,
        /// User names that were tried.
        names_tried: u64,
    }

    /// What a root user did.
    struct RootUse {
        /// The root user.
        principal: String,
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// From where.
        source_ip_address: Option<String>,
        /// Events.
        events: u64,
        /// Of these, errors.
        errors: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// A role switch.
    struct Switched {
        /// Who switched.
        from: Option<String>,
        /// Into whom, or where to.
        to: Option<String>,
        /// `SwitchRole`, `ExitRole` or `RenewRole`.
        event_name: String,
        /// `success`, `failure` or `unknown`.
        outcome: String,
        /// From where.
        source_ip_address: Option<String>,
        /// Into which account.
        recipient_account_id: Option<String>,
        /// Events.
        events: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// An identity, or a way to sign in, that was made.
    struct NewIdentity {
        /// The action, such as `CreateUser`.
        event_name: String,
        /// What was made; null where the log does not say.
        resource_arn: Option<String>,
        /// Who made it.
        principal: Option<String>,
        /// In which account.
        recipient_account_id: Option<String>,
        /// Whether that failed.
        is_error: bool,
        /// Events.
        events: u64,
        /// The first.
        first_event_time: Time,
    }

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
        let described = include_str!("../../docs/report.schema.json");
        assert!(
            described.trim_end() == schema,
            "docs/report.schema.json should be\n{schema}"
        );
    }
}
