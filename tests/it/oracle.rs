//! Columns against a naive reading of the same record by `serde_json`: no tape, no raw text, no cleverness.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::records::{self, Dice, TIMES};
use crate::support::{Row, document, mill};

const TEXT: &[(&str, &str)] = &[
    ("event_id", "eventID"),
    ("event_source", "eventSource"),
    ("event_name", "eventName"),
    ("event_type", "eventType"),
    ("event_category", "eventCategory"),
    ("event_version", "eventVersion"),
    ("api_version", "apiVersion"),
    ("aws_region", "awsRegion"),
    ("recipient_account_id", "recipientAccountId"),
    ("vpc_endpoint_id", "vpcEndpointId"),
    ("vpc_endpoint_account_id", "vpcEndpointAccountId"),
    ("error_code", "errorCode"),
    ("error_message", "errorMessage"),
    ("source_ip_address", "sourceIPAddress"),
    ("user_agent", "userAgent"),
    ("request_id", "requestID"),
    ("shared_event_id", "sharedEventID"),
    ("annotation", "annotation"),
    ("tls_version", "tlsDetails.tlsVersion"),
    ("tls_cipher_suite", "tlsDetails.cipherSuite"),
    (
        "tls_client_provided_host_header",
        "tlsDetails.clientProvidedHostHeader",
    ),
    ("tls_key_exchange", "tlsDetails.keyExchange"),
    ("user_type", "userIdentity.type"),
    ("user_principal_id", "userIdentity.principalId"),
    ("user_arn", "userIdentity.arn"),
    ("user_account_id", "userIdentity.accountId"),
    ("user_access_key_id", "userIdentity.accessKeyId"),
    ("user_name", "userIdentity.userName"),
    ("user_invoked_by", "userIdentity.invokedBy"),
    ("user_identity_provider", "userIdentity.identityProvider"),
    ("user_credential_id", "userIdentity.credentialId"),
    ("on_behalf_of_user_id", "userIdentity.onBehalfOf.userId"),
    (
        "on_behalf_of_identity_store_arn",
        "userIdentity.onBehalfOf.identityStoreArn",
    ),
    (
        "session_issuer_type",
        "userIdentity.sessionContext.sessionIssuer.type",
    ),
    (
        "session_issuer_principal_id",
        "userIdentity.sessionContext.sessionIssuer.principalId",
    ),
    (
        "session_issuer_arn",
        "userIdentity.sessionContext.sessionIssuer.arn",
    ),
    (
        "session_issuer_account_id",
        "userIdentity.sessionContext.sessionIssuer.accountId",
    ),
    (
        "session_issuer_user_name",
        "userIdentity.sessionContext.sessionIssuer.userName",
    ),
    (
        "session_source_identity",
        "userIdentity.sessionContext.sourceIdentity",
    ),
    (
        "session_sign_in_session_arn",
        "userIdentity.sessionContext.signInSessionArn",
    ),
    (
        "session_ec2_role_delivery",
        "userIdentity.sessionContext.ec2RoleDelivery",
    ),
    (
        "session_web_id_federated_provider",
        "userIdentity.sessionContext.webIdFederationData.federatedProvider",
    ),
    ("addendum_reason", "addendum.reason"),
    ("addendum_updated_fields", "addendum.updatedFields"),
    ("addendum_original_event_id", "addendum.originalEventID"),
    ("addendum_original_request_id", "addendum.originalRequestID"),
];

const BOOL: &[(&str, &str)] = &[
    ("read_only", "readOnly"),
    ("management_event", "managementEvent"),
    (
        "session_credential_from_console",
        "sessionCredentialFromConsole",
    ),
    (
        "session_mfa_authenticated",
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
    ),
    (
        "session_assumed_root",
        "userIdentity.sessionContext.assumedRoot",
    ),
];

const TIME: &[(&str, &str)] = &[
    ("event_time", "eventTime"),
    (
        "session_creation_date",
        "userIdentity.sessionContext.attributes.creationDate",
    ),
];

const JSON: &[(&str, &str)] = &[
    ("request_parameters", "requestParameters"),
    ("response_elements", "responseElements"),
    ("additional_event_data", "additionalEventData"),
    ("service_event_details", "serviceEventDetails"),
    ("edge_device_details", "edgeDeviceDetails"),
    ("event_context", "eventContext"),
    ("mcp_event_details", "mcpEventDetails"),
    ("in_scope_of", "userIdentity.inScopeOf"),
];

/// Objects whose members have columns of their own, and whether one that holds nothing is the same as none.
const LEVELS: &[(&str, bool)] = &[
    ("userIdentity", false),
    ("userIdentity.onBehalfOf", false),
    ("userIdentity.sessionContext", false),
    ("userIdentity.sessionContext.attributes", true),
    ("userIdentity.sessionContext.sessionIssuer", true),
    ("userIdentity.sessionContext.webIdFederationData", true),
    ("tlsDetails", false),
    ("addendum", false),
];

fn at<'v>(record: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(record, |value, key| &value[key])
}

/// The naive row: every column that is not derived.
fn expected(record: &Value) -> Row {
    let mut row = Row::new();
    let mut put = |column: &str, value: Option<Value>| {
        if let Some(value) = value {
            row.insert(column.to_owned(), value);
        }
    };
    for (column, path) in TEXT {
        put(column, text(at(record, path)));
    }
    for (column, path) in BOOL {
        put(column, boolean(at(record, path)));
    }
    for (column, path) in TIME {
        let shown = at(record, path).as_str().and_then(|text| {
            let known = TIMES.iter().find(|(written, _)| *written == text);
            known.map(|(_, shown)| json!(shown))
        });
        put(column, shown);
    }
    for (column, path) in JSON {
        put(
            column,
            Some(at(record, path).clone()).filter(|value| !value.is_null()),
        );
    }
    put("resources", resources(&record["resources"]));
    let issued = |path: &str| {
        at(&record["responseElements"], path)
            .as_str()
            .map(Value::from)
    };
    put(
        "issued_access_key_id",
        issued("credentials.accessKeyId").or(issued("accessKey.accessKeyId")),
    );
    put("issued_session_arn", issued("assumedRoleUser.arn"));
    let extra = extra(record, "");
    put(
        "extra",
        Some(Value::Object(extra)).filter(|extra| *extra != json!({})),
    );
    row
}

fn text(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(value) => Some(value.to_string().into()),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(value) => Some((*value).into()),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true.into()),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false.into()),
        _ => None,
    }
}

fn resources(value: &Value) -> Option<Value> {
    let resource = |element: &Value| {
        let mut resource = Map::new();
        for (column, keys) in [
            ("arn", &["ARN", "arn"][..]),
            ("arn_prefix", &["ARNPrefix"]),
            ("account_id", &["accountId"]),
            ("type", &["type"]),
        ] {
            let text = keys.iter().find_map(|key| element[*key].as_str());
            if let Some(text) = text {
                resource.insert(column.to_owned(), text.into());
            }
        }
        Value::Object(resource)
    };
    Some(value.as_array()?.iter().map(resource).collect())
}

/// What has no column.
fn extra(object: &Value, path: &str) -> Map<String, Value> {
    let mut rest = Map::new();
    for (key, value) in object.as_object().unwrap() {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let columns = [TEXT, BOOL, TIME, JSON].concat();
        let has_column = path == "resources" || columns.iter().any(|(_, column)| *column == path);
        let level = LEVELS.iter().find(|(level, _)| *level == path);
        let is_nothing = value.is_null()
            || (path == "userIdentity.sessionContext.webIdFederationData.attributes"
                && *value == json!({}));
        match level {
            _ if has_column || is_nothing => {}
            None => {
                rest.insert(key.clone(), value.clone());
            }
            Some((_, empty_is_absent)) if value.is_object() => {
                let inner = extra(value, &path);
                let holds_nothing = !holds_anything(value, &path);
                if !inner.is_empty() || (holds_nothing && !empty_is_absent) {
                    rest.insert(key.clone(), inner.into());
                }
            }
            Some(_) => {} // something else in its place: the record's own bytes have it
        }
    }
    rest
}

/// Whether an object has a member that is not the same as nothing.
fn holds_anything(object: &Value, path: &str) -> bool {
    object.as_object().unwrap().iter().any(|(key, value)| {
        let path = format!("{path}.{key}");
        match LEVELS.iter().find(|(level, _)| *level == path) {
            Some((_, true)) if value.is_object() => holds_anything(value, &path),
            _ => {
                !(value.is_null()
                    || (path == "userIdentity.sessionContext.webIdFederationData.attributes"
                        && *value == json!({})))
            }
        }
    })
}

/// What the program made of it: without what is derived, with JSON columns read.
fn found(mut row: Row) -> Row {
    const DERIVED: [&str; 10] = [
        "principal",
        "session_name",
        "mcp_channel",
        "mcp_evidence",
        "mcp_server",
        "source",
        "source_object",
        "source_index",
        "content_hash",
        "record_raw",
    ];
    row.retain(|column, _| !DERIVED.contains(&column.as_str()));
    for (column, value) in &mut row {
        if column == "extra" || JSON.iter().any(|(json, _)| json == column) {
            *value = serde_json::from_str(value.as_str().unwrap()).unwrap();
        }
    }
    row
}

fn check(records: &[impl AsRef<str>]) {
    let mut rows = mill(&[document(records).as_bytes()]).rows("events");
    rows.sort_by_key(|row| row["source_index"].as_u64());
    assert_eq!(rows.len(), records.len());
    for (row, record) in rows.into_iter().zip(records) {
        let record = record.as_ref();
        let expected = expected(&serde_json::from_str(record).unwrap());
        assert_eq!(found(row), expected, "{record}");
    }
}

#[test]
fn credentials_that_a_call_issued() {
    let with = |response: &str| {
        format!(r#"{{"eventTime":"2026-08-01T12:00:00Z","responseElements":{response}}}"#)
    };
    check(&[
        with(r#"{"credentials":{"accessKeyId":"ASIA1"},"assumedRoleUser":{"arn":"arn:1"}}"#),
        with(r#"{"accessKey":{"accessKeyId":"AKIA1","userName":"u"}}"#),
        with(r#"{"credentials":null,"assumedRoleUser":"x"}"#),
        with(r#"["credentials"]"#),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn columns_hold_what_a_naive_reading_finds(rolls in records::dice()) {
        let records: Vec<String> = rolls
            .into_iter()
            .enumerate()
            .map(|(n, rolls)| records::event(&mut Dice::new(rolls, false), n))
            .collect();
        check(&records);
    }
}
