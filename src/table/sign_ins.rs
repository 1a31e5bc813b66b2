//! `sign_ins`: who came in, and who failed to.

use super::chunk::Chunk;
use super::events::Findings;
use super::origin::{Origin, origin_columns};
use super::schema::{Identity, Table, columns};
use crate::trail::record::{Field, Record};
use crate::trail::sign_in::{self, SignIn};

columns! {
    event_time: Time, "When the attempt was made (UTC)";
    event_id: Plain, "CloudTrail's id of the event: the row of events";
    event_source: Text, "Service that recorded the attempt";
    event_name: Text, "Kind of event, such as ConsoleLogin";
    aws_region: Text, "Region that recorded the attempt";
    recipient_account_id: Text, "Account that the record was delivered to";
    principal: Text, "Who: one normalised name for each caller";
    user_type: Text, "userIdentity.type";
    user_arn: Text, "userIdentity.arn";
    user_name: Text, "userIdentity.userName";
    user_account_id: Text, "userIdentity.accountId";
    user_access_key_id: Text, "userIdentity.accessKeyId";
    session_name: Text, "Name of the role session";
    source_ip_address: Text, "Address of the caller";
    user_agent: Text, "What the caller says it is";
    method: Text, "password, federated, saml, web_identity, identity_center, oauth, switch_role, root or mfa_check";
    outcome: Text, "success, failure or unknown";
    mfa_used: Bool, "Whether a second factor was used; null for federated, where CloudTrail always says No";
    mfa_type: Text, "Kind of second factor";
    credential_type: Text, "Kind of credential, of Identity Center sign-ins";
    auth_workflow_id: Text, "Joins the events of one Identity Center sign-in";
    entered_user_name: Text, "User name that was typed in";
    login_to: Text, "Where the sign-in leads";
    switch_from: Text, "Identity before a role switch";
    failure_reason: Text, "Why it failed";
    content_hash: Int64, "";
    delivery_time: Time, "";
    object: Int64, "";
    source: Text, "";
    source_object: Text, "";
    source_index: Int64, "";
}

/// The table.
pub static TABLE: Table = Table {
    name: "sign_ins",
    doc: "Sign-ins and attempts at them, with method, outcome and second factor",
    columns: COLUMNS,
    order: &[
        Col::event_time as usize,
        Col::recipient_account_id as usize,
        Col::event_id as usize,
        Col::content_hash as usize,
        Col::delivery_time as usize,
        Col::source as usize,
        Col::source_object as usize,
        Col::source_index as usize,
    ],
    identity: Some(Identity {
        content: 4,
        place: 8,
    }),
    grouped: &[],
    partition: "event_date",
};

/// Appends a sign-in.
pub fn append(
    chunk: &mut Chunk,
    record: &Record<'_>,
    found: &Findings<'_>,
    attempt: &SignIn<'_>,
    origin: &Origin<'_>,
) {
    chunk.int(Col::event_time, found.time);
    let mut text = |column: Col, value: Option<&str>| {
        if let Some(value) = value {
            chunk.text(column, value);
        }
    };
    let user = |key: &str| record.path_str(Field::UserIdentity, &[key]);
    text(Col::event_id, record.str(Field::EventId));
    text(Col::event_source, record.str(Field::EventSource));
    text(Col::event_name, record.str(Field::EventName));
    text(Col::aws_region, record.str(Field::AwsRegion));
    text(
        Col::recipient_account_id,
        record.str(Field::RecipientAccountId),
    );
    text(Col::principal, found.caller.principal.as_deref());
    text(Col::user_type, user("type"));
    text(Col::user_arn, user("arn"));
    text(Col::user_name, user("userName"));
    text(Col::user_account_id, user("accountId"));
    text(Col::user_access_key_id, user("accessKeyId"));
    text(Col::session_name, found.caller.session_name);
    text(Col::source_ip_address, record.str(Field::SourceIpAddress));
    text(Col::user_agent, record.str(Field::UserAgent));
    text(Col::method, attempt.method.map(sign_in::Method::name));
    text(Col::outcome, Some(attempt.outcome.name()));
    text(Col::mfa_type, attempt.mfa_type);
    text(Col::credential_type, attempt.credential_type);
    text(Col::auth_workflow_id, attempt.auth_workflow_id);
    text(Col::entered_user_name, attempt.entered_user_name);
    text(Col::login_to, attempt.login_to);
    text(Col::switch_from, attempt.switch_from);
    text(Col::failure_reason, attempt.failure_reason);
    if let Some(used) = attempt.mfa_used {
        chunk.bool(Col::mfa_used, used);
    }
    origin.write(chunk, &origin_columns!());
    chunk.end_row();
}
