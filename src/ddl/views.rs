//! The views over our tables that are the same in every engine.
//!
//! `cloudtrail_logs` has the columns that the Athena user guide documents for CloudTrail logs (*Create a table for
//! CloudTrail logs*), by name, order and type, so that queries written for that table run on ours. Scalars are text there,
//! `readonly` and `eventtime` too. Its partition columns follow, all made of the partition of `events` and nothing else,
//! so that a filter on them prunes; `region` and `account` are columns of `events`, where statistics prune.

use super::{Dialect, Shape};

/// Where a value of `cloudtrail_logs` comes from.
enum Value {
    /// A text column of `events`.
    Text(&'static str),
    /// A boolean column: `true` or `false`.
    Bool(&'static str),
    /// A time: `2026-08-01T12:00:00Z`.
    Time(&'static str),
    /// Members; null where all of them are.
    Struct(&'static [(&'static str, Value)]),
    /// The map of texts at a path of `events.extra`.
    Map(&'static str),
    /// `events.resources`.
    Resources,
    /// Characters of the partition's day, from one position on and so many.
    Day(u8, u8),
    /// The partition's day with slashes.
    SlashedDay,
}

use Value::{Bool, Day, Map, Resources, SlashedDay, Struct, Text, Time};

const ISSUER: &[(&str, Value)] = &[
    ("type", Text("session_issuer_type")),
    ("principalid", Text("session_issuer_principal_id")),
    ("arn", Text("session_issuer_arn")),
    ("accountid", Text("session_issuer_account_id")),
    ("username", Text("session_issuer_user_name")),
];

const SESSION: &[(&str, Value)] = &[
    (
        "attributes",
        Struct(&[
            ("mfaauthenticated", Bool("session_mfa_authenticated")),
            ("creationdate", Time("session_creation_date")),
        ]),
    ),
    ("sessionissuer", Struct(ISSUER)),
    ("ec2roledelivery", Text("session_ec2_role_delivery")),
    (
        "webidfederationdata",
        Struct(&[
            (
                "federatedprovider",
                Text("session_web_id_federated_provider"),
            ),
            (
                "attributes",
                Map("$.userIdentity.sessionContext.webIdFederationData.attributes"),
            ),
        ]),
    ),
];

const IDENTITY: &[(&str, Value)] = &[
    ("type", Text("user_type")),
    ("principalid", Text("user_principal_id")),
    ("arn", Text("user_arn")),
    ("accountid", Text("user_account_id")),
    ("invokedby", Text("user_invoked_by")),
    ("accesskeyid", Text("user_access_key_id")),
    ("username", Text("user_name")),
    (
        "onbehalfof",
        Struct(&[
            ("userid", Text("on_behalf_of_user_id")),
            ("identitystorearn", Text("on_behalf_of_identity_store_arn")),
        ]),
    ),
    ("sessioncontext", Struct(SESSION)),
];

const COLUMNS: &[(&str, Value)] = &[
    ("eventversion", Text("event_version")),
    ("useridentity", Struct(IDENTITY)),
    ("eventtime", Time("event_time")),
    ("eventsource", Text("event_source")),
    ("eventname", Text("event_name")),
    ("awsregion", Text("aws_region")),
    ("sourceipaddress", Text("source_ip_address")),
    ("useragent", Text("user_agent")),
    ("errorcode", Text("error_code")),
    ("errormessage", Text("error_message")),
    ("requestparameters", Text("request_parameters")),
    ("responseelements", Text("response_elements")),
    ("additionaleventdata", Text("additional_event_data")),
    ("requestid", Text("request_id")),
    ("eventid", Text("event_id")),
    ("readonly", Bool("read_only")),
    ("resources", Resources),
    ("eventtype", Text("event_type")),
    ("apiversion", Text("api_version")),
    ("recipientaccountid", Text("recipient_account_id")),
    ("serviceeventdetails", Text("service_event_details")),
    ("sharedeventid", Text("shared_event_id")),
    ("vpcendpointid", Text("vpc_endpoint_id")),
    ("vpcendpointaccountid", Text("vpc_endpoint_account_id")),
    ("eventcategory", Text("event_category")),
    (
        "addendum",
        Struct(&[
            ("reason", Text("addendum_reason")),
            ("updatedfields", Text("addendum_updated_fields")),
            ("originalrequestid", Text("addendum_original_request_id")),
            ("originaleventid", Text("addendum_original_event_id")),
        ]),
    ),
    (
        "sessioncredentialfromconsole",
        Bool("session_credential_from_console"),
    ),
    ("edgedevicedetails", Text("edge_device_details")),
    (
        "tlsdetails",
        Struct(&[
            ("tlsversion", Text("tls_version")),
            ("ciphersuite", Text("tls_cipher_suite")),
            (
                "clientprovidedhostheader",
                Text("tls_client_provided_host_header"),
            ),
        ]),
    ),
    ("timestamp", SlashedDay),
    ("region", Text("aws_region")),
    ("account", Text("recipient_account_id")),
    ("year", Day(1, 4)),
    ("month", Day(6, 2)),
    ("day", Day(9, 2)),
];

/// Returns the statement that makes `cloudtrail_logs`.
pub(super) fn cloudtrail_logs(dialect: &dyn Dialect) -> String {
    let columns = COLUMNS.iter().map(|(name, value)| {
        let plain = expression(dialect, value, "  ");
        let expression = match value {
            Struct(_) => dialect.typed(plain, &shape(value)),
            _ => plain,
        };
        format!("  {expression} AS {}", dialect.name(name))
    });
    format!(
        "CREATE OR REPLACE VIEW cloudtrail_logs AS\nSELECT\n{}\nFROM events;\n",
        columns.collect::<Vec<_>>().join(",\n")
    )
}

fn expression(dialect: &dyn Dialect, value: &Value, indent: &str) -> String {
    let text = dialect.text_type();
    match value {
        Text(column) => (*column).to_owned(),
        Bool(column) => format!("cast({column} AS {text})"),
        // Every engine writes a time as 2026-08-01 12:00:00, some with a fraction behind it.
        Time(column) => {
            format!("replace(substr(cast({column} AS {text}), 1, 19), ' ', 'T') || 'Z'")
        }
        Struct(members) => {
            let inner = format!("{indent}  ");
            let expressions: Vec<_> = members
                .iter()
                .map(|(name, member)| (*name, expression(dialect, member, &inner)))
                .collect();
            // An absent object is null, as in the log.
            let some = match &texts(dialect, value)[..] {
                [one] => one.clone(),
                texts => format!("coalesce({})", texts.join(", ")),
            };
            format!(
                "CASE WHEN {some} IS NOT NULL THEN {} END",
                dialect.structure(&expressions, indent)
            )
        }
        Map(path) => dialect.map(path),
        Resources => dialect.resources(),
        Day(from, n) => format!("substr(cast(event_date AS {text}), {from}, {n})"),
        SlashedDay => format!("replace(cast(event_date AS {text}), '-', '/')"),
    }
}

/// Returns the texts in a value, one of which is there where the value is.
fn texts(dialect: &dyn Dialect, value: &Value) -> Vec<String> {
    match value {
        Struct(members) => members
            .iter()
            .flat_map(|(_, member)| texts(dialect, member))
            .collect(),
        Bool(column) | Time(column) => vec![format!("cast({column} AS {})", dialect.text_type())],
        Text(column) => vec![(*column).to_owned()],
        _ => Vec::new(),
    }
}

fn shape(value: &Value) -> Shape<'static> {
    match value {
        Struct(members) => Shape::Struct(
            members
                .iter()
                .map(|(name, member)| (*name, shape(member)))
                .collect(),
        ),
        Map(_) => Shape::Map,
        _ => Shape::Text,
    }
}

/// Makes `mcp_calls`: a tool call with each API call that it led to, by request id and, where the tool call says so,
/// operation and region: some ids come twice. Events are delivered to days on both sides of midnight.
pub(super) const MCP_CALLS: &str = "\
CREATE OR REPLACE VIEW mcp_calls AS
SELECT
  m.event_date, m.event_time, m.recipient_account_id, m.principal, m.session_name, m.mcp_channel, m.mcp_server,
  m.mcp_client, m.mcp_method, m.mcp_tool, m.is_error, m.status_code, m.jsonrpc_error_message, m.event_id AS mcp_event_id,
  l.downstream_api, l.downstream_region, l.downstream_request_id,
  e.event_id, e.event_time AS call_time, e.event_source, e.event_name, e.aws_region, e.read_only, e.error_code,
  e.error_message, e.request_parameters
FROM mcp_events m
LEFT JOIN mcp_links l
  ON l.mcp_event_id = m.event_id AND l.recipient_account_id = m.recipient_account_id AND l.event_date = m.event_date
LEFT JOIN events e
  ON e.request_id = l.downstream_request_id
  AND e.event_date BETWEEN l.event_date - INTERVAL '1' DAY AND l.event_date + INTERVAL '1' DAY
  AND (l.downstream_api IS NULL OR e.event_name = split_part(l.downstream_api, ':', 2))
  AND (l.downstream_region IS NULL OR e.aws_region = l.downstream_region)
WHERE m.mcp_channel IN ('tool_call', 'gateway');
";
