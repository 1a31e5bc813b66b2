//! `events`: one row per event, nothing lost.
//!
//! A value goes to its column in the form CloudTrail always gives it. What has no column goes to `extra`,
//! at its own level. Where that would not give the record back (a value of another type, a time with
//! a fraction, a member that stands twice, a text that is too long for a column), the record's own bytes are kept
//! in `record_raw` beside the columns. [`super::rebuild`] is the inverse.

use super::chunk::Chunk;
use super::origin::{Origin, origin_columns};
use super::schema::{Identity, Table, columns};
use super::shape::{Extra, Form, Member, Shape};
use crate::mcp;
use crate::trail::json::Value;
use crate::trail::record::{Field, Record, as_bool};
use crate::trail::resources::Touch;
use crate::trail::{identity, time};

columns! {
    event_time: Time, "When the request completed (UTC)";
    event_id: Plain, "CloudTrail's id of the event";
    event_source: Text, "Service that was called, such as s3.amazonaws.com";
    event_name: Text, "Action that was called, such as GetObject";
    event_type: Text, "What gave rise to the record: AwsApiCall, AwsConsoleSignIn, AwsMcpEvent …";
    event_category: Text, "Management, Data or NetworkActivity";
    event_version: Text, "Version of the record's format";
    api_version: Text, "Version of the called API";
    read_only: Bool, "True where the call changes nothing";
    management_event: Bool, "True for control-plane calls";
    aws_region: Text, "Region that was called";
    recipient_account_id: Text, "Account that the record was delivered to";
    vpc_endpoint_id: Text, "VPC endpoint that the request went through";
    vpc_endpoint_account_id: Text, "Account that owns the VPC endpoint";
    error_code: Text, "The service's error code, where the request failed";
    error_message: Text, "The service's description of the error";
    source_ip_address: Text, "Address of the caller, or the name of the service that called";
    user_agent: Text, "What the caller says it is";
    tls_version: Text, "TLS version of the request";
    tls_cipher_suite: Text, "TLS cipher suite of the request";
    tls_client_provided_host_header: Text, "Host that the client named";
    tls_key_exchange: Text, "TLS key exchange of the request";
    session_credential_from_console: Bool, "True where the session began in the console";
    principal: Text, "Who: one normalised name for each caller (derived)";
    user_type: Text, "userIdentity.type: Root, IAMUser, AssumedRole …";
    user_principal_id: Text, "userIdentity.principalId";
    user_arn: Text, "userIdentity.arn";
    user_account_id: Text, "userIdentity.accountId";
    user_access_key_id: Text, "userIdentity.accessKeyId";
    user_name: Text, "userIdentity.userName";
    user_invoked_by: Text, "userIdentity.invokedBy: the service that made the request";
    user_identity_provider: Text, "userIdentity.identityProvider, of federated calls";
    user_credential_id: Text, "userIdentity.credentialId, of bearer tokens";
    on_behalf_of_user_id: Text, "userIdentity.onBehalfOf.userId: the Identity Center user";
    on_behalf_of_identity_store_arn: Text, "userIdentity.onBehalfOf.identityStoreArn";
    session_name: Text, "Name of the role session: what stands behind the role in user_arn (derived)";
    session_mfa_authenticated: Bool, "sessionContext.attributes.mfaAuthenticated";
    session_creation_date: Time, "sessionContext.attributes.creationDate (UTC)";
    session_issuer_type: Text, "sessionContext.sessionIssuer.type";
    session_issuer_principal_id: Text, "sessionContext.sessionIssuer.principalId";
    session_issuer_arn: Text, "sessionContext.sessionIssuer.arn: the role behind the session";
    session_issuer_account_id: Text, "sessionContext.sessionIssuer.accountId";
    session_issuer_user_name: Text, "sessionContext.sessionIssuer.userName";
    session_source_identity: Text, "sessionContext.sourceIdentity";
    session_sign_in_session_arn: Text, "sessionContext.signInSessionArn";
    session_ec2_role_delivery: Text, "sessionContext.ec2RoleDelivery: version of the instance metadata service";
    session_assumed_root: Bool, "sessionContext.assumedRoot";
    session_web_id_federated_provider: Text, "sessionContext.webIdFederationData.federatedProvider";
    issued_access_key_id: Text, "Access key that the call issued, from its response (derived)";
    issued_session_arn: Text, "Role session that the call issued, from its response (derived)";
    request_parameters: Plain, "JSON: parameters of the request, as written";
    response_elements: Plain, "JSON: elements of the response, as written";
    additional_event_data: Plain, "JSON: further data of the event, as written";
    service_event_details: Plain, "JSON: what a service event reports, as written";
    edge_device_details: Plain, "JSON: the edge device of the request, as written";
    event_context: Plain, "JSON: context keys of the request, as written";
    mcp_event_details: Plain, "JSON: the MCP exchange behind the event, as written";
    in_scope_of: Plain, "JSON: userIdentity.inScopeOf, as written";
    resources: Resources, "Resources that the event names";
    request_id: Plain, "The service's id of the request";
    shared_event_id: Plain, "Id shared by the records that several accounts got of one action";
    addendum_reason: Text, "Why the record came late or again: DELIVERY_DELAY, UPDATED_DATA, SERVICE_OUTAGE";
    addendum_updated_fields: Text, "Fields that an updated record changes";
    addendum_original_event_id: Plain, "Id of the event that an updated record corrects";
    addendum_original_request_id: Plain, "Request id of the event that an updated record corrects";
    annotation: Text, "Annotation that the user provided";
    mcp_channel: Text, "How the event came through MCP; null where it did not (derived)";
    mcp_evidence: TextList, "Every mark of MCP that the record bears (derived)";
    mcp_server: Text, "MCP server: service principal, gateway, or self-hosted server's name (derived)";
    extra: Plain, "JSON: every key, at any level, that has no column";
    source: Text, "Bucket or folder that the record was read from, with what stands before AWSLogs/";
    source_object: Text, "Delivery object that held the record, from AWSLogs/ on";
    source_index: Int64, "Position of the record in its object, from 0";
    content_hash: Int64, "XXH3 of the record's bytes without white space outside strings";
    record_raw: Binary, "The record's own bytes, only where columns and extra would not give it back";
    delivery_time: Time, "";
    object: Int64, "";
    is_error: Bool, "";
    touched: TextList, ""; // of each resource its ARN, type and evidence
}

/// The table.
pub static TABLE: Table = Table {
    name: "events",
    doc: "One row per CloudTrail event, nothing lost",
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
    grouped: &[
        Col::event_source as usize,
        Col::event_name as usize,
        Col::user_agent as usize,
        Col::principal as usize,
    ],
    partition: "event_date",
};

/// What the rules found out about a record.
#[derive(Debug)]
pub struct Findings<'a> {
    /// The event's time, in microseconds since 1970.
    pub time: i64,
    /// The MCP channel with its evidence.
    pub mcp: Option<mcp::Mcp<'a>>,
    /// Who made the call.
    pub caller: identity::Caller<'a>,
    /// Whether the event is an error.
    pub is_error: bool,
    /// The resources touched.
    pub touched: Vec<Touch<'a>>,
}

/// A member of a record and the column it goes to.
const TEXTS: [(Field, Col); 18] = [
    (Field::EventId, Col::event_id),
    (Field::EventSource, Col::event_source),
    (Field::EventName, Col::event_name),
    (Field::EventType, Col::event_type),
    (Field::EventCategory, Col::event_category),
    (Field::EventVersion, Col::event_version),
    (Field::ApiVersion, Col::api_version),
    (Field::AwsRegion, Col::aws_region),
    (Field::RecipientAccountId, Col::recipient_account_id),
    (Field::VpcEndpointId, Col::vpc_endpoint_id),
    (Field::VpcEndpointAccountId, Col::vpc_endpoint_account_id),
    (Field::ErrorCode, Col::error_code),
    (Field::ErrorMessage, Col::error_message),
    (Field::SourceIpAddress, Col::source_ip_address),
    (Field::UserAgent, Col::user_agent),
    (Field::RequestId, Col::request_id),
    (Field::SharedEventId, Col::shared_event_id),
    (Field::Annotation, Col::annotation),
];

const JSONS: [(Field, Col); 7] = [
    (Field::RequestParameters, Col::request_parameters),
    (Field::ResponseElements, Col::response_elements),
    (Field::AdditionalEventData, Col::additional_event_data),
    (Field::ServiceEventDetails, Col::service_event_details),
    (Field::EdgeDeviceDetails, Col::edge_device_details),
    (Field::EventContext, Col::event_context),
    (Field::McpEventDetails, Col::mcp_event_details),
];

/// Fields that belong to records of other tables: in an event they have no column.
const FOREIGN: [(Field, &str); 4] = [
    (Field::InsightDetails, "insightDetails"),
    (Field::AccountId, "accountId"),
    (Field::TimeWindow, "timeWindow"),
    (Field::Summary, "summary"),
];

/// Where each member of a record is: what rows are rebuilt by.
pub static SHAPE: Shape = &[
    member(&["eventVersion"], Col::event_version, Form::Text),
    member(&["userIdentity", "type"], Col::user_type, Form::Text),
    member(
        &["userIdentity", "principalId"],
        Col::user_principal_id,
        Form::Text,
    ),
    member(&["userIdentity", "arn"], Col::user_arn, Form::Text),
    member(
        &["userIdentity", "accountId"],
        Col::user_account_id,
        Form::Text,
    ),
    member(
        &["userIdentity", "accessKeyId"],
        Col::user_access_key_id,
        Form::Text,
    ),
    member(&["userIdentity", "userName"], Col::user_name, Form::Text),
    member(
        &["userIdentity", "identityProvider"],
        Col::user_identity_provider,
        Form::Text,
    ),
    member(
        &["userIdentity", "credentialId"],
        Col::user_credential_id,
        Form::Text,
    ),
    member(
        &["userIdentity", "onBehalfOf", "userId"],
        Col::on_behalf_of_user_id,
        Form::Text,
    ),
    member(
        &["userIdentity", "onBehalfOf", "identityStoreArn"],
        Col::on_behalf_of_identity_store_arn,
        Form::Text,
    ),
    member(&["userIdentity", "inScopeOf"], Col::in_scope_of, Form::Json),
    member(
        &["userIdentity", "sessionContext", "sessionIssuer", "type"],
        Col::session_issuer_type,
        Form::Text,
    ),
    member(
        &[
            "userIdentity",
            "sessionContext",
            "sessionIssuer",
            "principalId",
        ],
        Col::session_issuer_principal_id,
        Form::Text,
    ),
    member(
        &["userIdentity", "sessionContext", "sessionIssuer", "arn"],
        Col::session_issuer_arn,
        Form::Text,
    ),
    member(
        &[
            "userIdentity",
            "sessionContext",
            "sessionIssuer",
            "accountId",
        ],
        Col::session_issuer_account_id,
        Form::Text,
    ),
    member(
        &[
            "userIdentity",
            "sessionContext",
            "sessionIssuer",
            "userName",
        ],
        Col::session_issuer_user_name,
        Form::Text,
    ),
    member(
        &[
            "userIdentity",
            "sessionContext",
            "webIdFederationData",
            "federatedProvider",
        ],
        Col::session_web_id_federated_provider,
        Form::Text,
    ),
    member(
        &[
            "userIdentity",
            "sessionContext",
            "attributes",
            "mfaAuthenticated",
        ],
        Col::session_mfa_authenticated,
        Form::BoolText,
    ),
    member(
        &[
            "userIdentity",
            "sessionContext",
            "attributes",
            "creationDate",
        ],
        Col::session_creation_date,
        Form::Time,
    ),
    member(
        &["userIdentity", "sessionContext", "sourceIdentity"],
        Col::session_source_identity,
        Form::Text,
    ),
    member(
        &["userIdentity", "sessionContext", "signInSessionArn"],
        Col::session_sign_in_session_arn,
        Form::Text,
    ),
    member(
        &["userIdentity", "sessionContext", "ec2RoleDelivery"],
        Col::session_ec2_role_delivery,
        Form::Text,
    ),
    member(
        &["userIdentity", "sessionContext", "assumedRoot"],
        Col::session_assumed_root,
        Form::BoolText,
    ),
    member(
        &["userIdentity", "invokedBy"],
        Col::user_invoked_by,
        Form::Text,
    ),
    member(&["eventTime"], Col::event_time, Form::Time),
    member(&["eventSource"], Col::event_source, Form::Text),
    member(&["eventName"], Col::event_name, Form::Text),
    member(&["awsRegion"], Col::aws_region, Form::Text),
    member(&["sourceIPAddress"], Col::source_ip_address, Form::Text),
    member(&["userAgent"], Col::user_agent, Form::Text),
    member(&["errorCode"], Col::error_code, Form::Text),
    member(&["errorMessage"], Col::error_message, Form::Text),
    member(&["requestParameters"], Col::request_parameters, Form::Json),
    member(&["responseElements"], Col::response_elements, Form::Json),
    member(
        &["additionalEventData"],
        Col::additional_event_data,
        Form::Json,
    ),
    member(&["requestID"], Col::request_id, Form::Text),
    member(&["eventID"], Col::event_id, Form::Text),
    member(&["readOnly"], Col::read_only, Form::Bool),
    member(&["resources"], Col::resources, Form::Resources),
    member(&["eventType"], Col::event_type, Form::Text),
    member(&["apiVersion"], Col::api_version, Form::Text),
    member(&["managementEvent"], Col::management_event, Form::Bool),
    member(
        &["recipientAccountId"],
        Col::recipient_account_id,
        Form::Text,
    ),
    member(&["sharedEventID"], Col::shared_event_id, Form::Text),
    member(&["vpcEndpointId"], Col::vpc_endpoint_id, Form::Text),
    member(
        &["vpcEndpointAccountId"],
        Col::vpc_endpoint_account_id,
        Form::Text,
    ),
    member(&["eventCategory"], Col::event_category, Form::Text),
    member(
        &["serviceEventDetails"],
        Col::service_event_details,
        Form::Json,
    ),
    member(&["edgeDeviceDetails"], Col::edge_device_details, Form::Json),
    member(&["eventContext"], Col::event_context, Form::Json),
    member(&["mcpEventDetails"], Col::mcp_event_details, Form::Json),
    member(&["addendum", "reason"], Col::addendum_reason, Form::Text),
    member(
        &["addendum", "updatedFields"],
        Col::addendum_updated_fields,
        Form::Text,
    ),
    member(
        &["addendum", "originalRequestID"],
        Col::addendum_original_request_id,
        Form::Text,
    ),
    member(
        &["addendum", "originalEventID"],
        Col::addendum_original_event_id,
        Form::Text,
    ),
    member(&["annotation"], Col::annotation, Form::Text),
    member(
        &["sessionCredentialFromConsole"],
        Col::session_credential_from_console,
        Form::BoolText,
    ),
    member(&["tlsDetails", "tlsVersion"], Col::tls_version, Form::Text),
    member(
        &["tlsDetails", "cipherSuite"],
        Col::tls_cipher_suite,
        Form::Text,
    ),
    member(
        &["tlsDetails", "clientProvidedHostHeader"],
        Col::tls_client_provided_host_header,
        Form::Text,
    ),
    member(
        &["tlsDetails", "keyExchange"],
        Col::tls_key_exchange,
        Form::Text,
    ),
];

const fn member(path: &'static [&'static str], column: Col, form: Form) -> Member {
    Member {
        path,
        column: column as usize,
        form,
    }
}

/// Appends an event.
pub fn append(chunk: &mut Chunk, record: &Record<'_>, found: &Findings<'_>, origin: &Origin<'_>) {
    let mut row = RowWriter::new(chunk, record.has_doubled_field() || origin.mended.is_some());
    row.chunk.int(Col::event_time, found.time);
    row.expect(record.str(Field::EventTime).is_some_and(time::is_plain));
    for (field, column) in TEXTS {
        if let Some(value) = record.get(field) {
            row.text(column, value);
        }
    }
    for (field, column) in JSONS {
        if let Some(value) = record.get(field) {
            row.chunk.text(column, value.raw());
        }
    }
    for (field, key) in FOREIGN {
        if let Some(value) = record.get(field) {
            row.extra(Level::Record, key, value);
        }
    }
    for (key, value) in record.others().iter().filter(|(_, value)| !value.is_null()) {
        row.extra(Level::Record, key, *value);
    }
    row.expect(!record.has_aggregated_id());
    if let Some(value) = record.get(Field::ReadOnly) {
        row.bool(Col::read_only, value);
    }
    if let Some(value) = record.get(Field::ManagementEvent) {
        row.bool(Col::management_event, value);
    }
    if let Some(value) = record.get(Field::SessionCredentialFromConsole) {
        row.bool_text(Col::session_credential_from_console, value);
    }
    if let Some(value) = record.get(Field::UserIdentity) {
        row.user_identity(value);
    }
    if let Some(value) = record.get(Field::TlsDetails) {
        row.tls_details(value);
    }
    if let Some(value) = record.get(Field::Addendum) {
        row.addendum(value);
    }
    if let Some(value) = record.get(Field::Resources) {
        row.resources(value);
    }
    row.issued(record);
    row.derived(found);
    row.lineage(record, origin);
    row.chunk.end_row();
}

/// The objects of a record whose members have columns of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Record,
    UserIdentity,
    OnBehalfOf,
    SessionContext,
    Attributes,
    SessionIssuer,
    WebIdFederationData,
    TlsDetails,
    Addendum,
}

impl Level {
    /// The path of the object in the record.
    fn path(self) -> &'static [&'static str] {
        match self {
            Self::Record => &[],
            Self::UserIdentity => &["userIdentity"],
            Self::OnBehalfOf => &["userIdentity", "onBehalfOf"],
            Self::SessionContext => &["userIdentity", "sessionContext"],
            Self::Attributes => &["userIdentity", "sessionContext", "attributes"],
            Self::SessionIssuer => &["userIdentity", "sessionContext", "sessionIssuer"],
            Self::WebIdFederationData => &["userIdentity", "sessionContext", "webIdFederationData"],
            Self::TlsDetails => &["tlsDetails"],
            Self::Addendum => &["addendum"],
        }
    }

    /// Whether CloudTrail writes the object also where there is nothing to say.
    fn empty_is_absent(self) -> bool {
        matches!(
            self,
            Self::Attributes | Self::SessionIssuer | Self::WebIdFederationData
        )
    }
}

/// Writes one row, and keeps in mind whether the columns will give the record back.
struct RowWriter<'c, 'a> {
    chunk: &'c mut Chunk,
    irregular: bool,
    /// What has no column: where it stands, its key and its text.
    extra: Extra<'a>,
    /// The levels whose object was met, a bit each.
    met: u16,
    /// Whether the last object was the same as none.
    was_absent: bool,
}

impl<'c, 'a> RowWriter<'c, 'a> {
    fn new(chunk: &'c mut Chunk, irregular: bool) -> Self {
        Self {
            chunk,
            irregular,
            extra: Extra::default(),
            met: 0,
            was_absent: false,
        }
    }

    fn expect(&mut self, regular: bool) {
        self.irregular |= !regular;
    }

    /// Text that CloudTrail writes as a string. A number can be read without doubt too.
    fn text(&mut self, column: Col, value: Value<'a>) {
        if let Some(text) = value.as_str() {
            let is_first = self.chunk.text(column, text);
            self.expect(is_first);
        } else if value.is_null() {
        } else {
            self.irregular = true;
            if value.is_number() || value.as_bool().is_some() {
                self.chunk.text(column, value.raw());
            }
        }
    }

    /// A boolean that CloudTrail writes as one.
    fn bool(&mut self, column: Col, value: Value<'a>) {
        let is_first = as_bool(value).is_none_or(|value| self.chunk.bool(column, value));
        self.expect(is_first && value.as_bool().is_some());
    }

    /// A boolean that CloudTrail writes as text.
    fn bool_text(&mut self, column: Col, value: Value<'a>) {
        let is_first = as_bool(value).is_none_or(|value| self.chunk.bool(column, value));
        self.expect(is_first && matches!(value.as_str(), Some("true" | "false")));
    }

    fn time(&mut self, column: Col, value: Value<'a>) {
        let parsed = value.as_str().and_then(time::parse);
        let is_first = parsed.is_none_or(|time| self.chunk.int(column, time));
        self.expect(is_first && parsed.is_some() && value.as_str().is_some_and(time::is_plain));
    }

    fn extra(&mut self, level: Level, key: &'a str, value: Value<'a>) {
        let mut path = level.path().to_vec();
        path.push(key);
        let is_first = self.extra.add(&path, value.raw());
        self.expect(is_first);
    }

    /// Hands the members of an object that are not null to `member`. An object that holds nothing is itself kept, as
    /// is the fact that something else stands in its place.
    fn object(
        &mut self,
        level: Level,
        value: Value<'a>,
        mut member: impl FnMut(&mut Self, &'a str, Value<'a>),
    ) {
        let bit = 1 << level as u16;
        self.expect(value.is_object() && self.met & bit == 0); // two of a name would become one
        self.met |= bit;
        let mut n_members = 0;
        for (key, value) in value.members().filter(|(_, value)| !value.is_null()) {
            self.was_absent = false;
            member(self, key, value);
            n_members += usize::from(!self.was_absent);
        }
        let is_empty = value.is_object() && n_members == 0;
        self.was_absent = is_empty && level.empty_is_absent();
        if is_empty && !self.was_absent {
            let is_first = self.extra.add(level.path(), "{}");
            self.expect(is_first);
        }
    }

    fn user_identity(&mut self, value: Value<'a>) {
        self.object(Level::UserIdentity, value, |row, key, value| match key {
            "type" => row.text(Col::user_type, value),
            "principalId" => row.text(Col::user_principal_id, value),
            "arn" => row.text(Col::user_arn, value),
            "accountId" => row.text(Col::user_account_id, value),
            "accessKeyId" => row.text(Col::user_access_key_id, value),
            "userName" => row.text(Col::user_name, value),
            "invokedBy" => row.text(Col::user_invoked_by, value),
            "identityProvider" => row.text(Col::user_identity_provider, value),
            "credentialId" => row.text(Col::user_credential_id, value),
            "inScopeOf" => {
                let is_first = row.chunk.text(Col::in_scope_of, value.raw());
                row.expect(is_first);
            }
            "onBehalfOf" => row.on_behalf_of(value),
            "sessionContext" => row.session_context(value),
            _ => row.extra(Level::UserIdentity, key, value),
        });
    }

    fn on_behalf_of(&mut self, value: Value<'a>) {
        self.object(Level::OnBehalfOf, value, |row, key, value| match key {
            "userId" => row.text(Col::on_behalf_of_user_id, value),
            "identityStoreArn" => row.text(Col::on_behalf_of_identity_store_arn, value),
            _ => row.extra(Level::OnBehalfOf, key, value),
        });
    }

    fn session_context(&mut self, value: Value<'a>) {
        self.object(Level::SessionContext, value, |row, key, value| match key {
            "attributes" => row.session_attributes(value),
            "sessionIssuer" => row.session_issuer(value),
            "webIdFederationData" => row.web_id_federation_data(value),
            "sourceIdentity" => row.text(Col::session_source_identity, value),
            "signInSessionArn" => row.text(Col::session_sign_in_session_arn, value),
            "ec2RoleDelivery" => row.text(Col::session_ec2_role_delivery, value),
            "assumedRoot" => row.bool_text(Col::session_assumed_root, value),
            _ => row.extra(Level::SessionContext, key, value),
        });
    }

    fn session_attributes(&mut self, value: Value<'a>) {
        self.object(Level::Attributes, value, |row, key, value| match key {
            "mfaAuthenticated" => row.bool_text(Col::session_mfa_authenticated, value),
            "creationDate" => row.time(Col::session_creation_date, value),
            _ => row.extra(Level::Attributes, key, value),
        });
    }

    fn session_issuer(&mut self, value: Value<'a>) {
        self.object(Level::SessionIssuer, value, |row, key, value| match key {
            "type" => row.text(Col::session_issuer_type, value),
            "principalId" => row.text(Col::session_issuer_principal_id, value),
            "arn" => row.text(Col::session_issuer_arn, value),
            "accountId" => row.text(Col::session_issuer_account_id, value),
            "userName" => row.text(Col::session_issuer_user_name, value),
            _ => row.extra(Level::SessionIssuer, key, value),
        });
    }

    fn web_id_federation_data(&mut self, value: Value<'a>) {
        self.object(
            Level::WebIdFederationData,
            value,
            |row, key, value| match key {
                "federatedProvider" => row.text(Col::session_web_id_federated_provider, value),
                "attributes" if value.is_object() && value.is_empty() => row.was_absent = true,
                _ => row.extra(Level::WebIdFederationData, key, value),
            },
        );
    }

    fn tls_details(&mut self, value: Value<'a>) {
        self.object(Level::TlsDetails, value, |row, key, value| match key {
            "tlsVersion" => row.text(Col::tls_version, value),
            "cipherSuite" => row.text(Col::tls_cipher_suite, value),
            "clientProvidedHostHeader" => row.text(Col::tls_client_provided_host_header, value),
            "keyExchange" => row.text(Col::tls_key_exchange, value),
            _ => row.extra(Level::TlsDetails, key, value),
        });
    }

    fn addendum(&mut self, value: Value<'a>) {
        self.object(Level::Addendum, value, |row, key, value| match key {
            "reason" => row.text(Col::addendum_reason, value),
            "updatedFields" => row.text(Col::addendum_updated_fields, value),
            "originalEventID" => row.text(Col::addendum_original_event_id, value),
            "originalRequestID" => row.text(Col::addendum_original_request_id, value),
            _ => row.extra(Level::Addendum, key, value),
        });
    }

    fn resources(&mut self, value: Value<'a>) {
        if !value.is_array() {
            self.irregular = true;
            return;
        }
        let mut texts: Vec<Option<&str>> = Vec::with_capacity(4 * value.len());
        for element in value.elements() {
            let mut resource = [None; 4];
            self.expect(element.is_object());
            for (key, value) in element.members().filter(|(_, value)| !value.is_null()) {
                let (place, spelled) = match key {
                    "ARN" => (0, true),
                    "arn" => (0, false),
                    "ARNPrefix" => (1, true),
                    "accountId" => (2, true),
                    "type" => (3, true),
                    _ => {
                        self.irregular = true;
                        continue;
                    }
                };
                self.expect(spelled && value.as_str().is_some() && resource[place].is_none());
                resource[place] = resource[place].or(value.as_str());
            }
            texts.extend(resource);
        }
        let is_whole = self.chunk.list(Col::resources, texts);
        self.expect(is_whole);
    }

    /// The credentials that the call issued.
    fn issued(&mut self, record: &Record<'a>) {
        let Some(response) = record.get(Field::ResponseElements) else {
            return;
        };
        for (key, value) in response.members() {
            let (column, member) = match key {
                "credentials" | "accessKey" => (Col::issued_access_key_id, "accessKeyId"),
                "assumedRoleUser" => (Col::issued_session_arn, "arn"),
                _ => continue,
            };
            if let Some(text) = value.get(member).and_then(Value::as_str) {
                self.chunk.text(column, text);
            }
        }
    }

    fn derived(&mut self, found: &Findings<'a>) {
        if let Some(principal) = &found.caller.principal {
            self.chunk.text(Col::principal, principal);
        }
        if let Some(name) = found.caller.session_name {
            self.chunk.text(Col::session_name, name);
        }
        if let Some(mcp) = &found.mcp {
            self.chunk.text(Col::mcp_channel, mcp.channel.name());
            self.chunk
                .list(Col::mcp_evidence, mcp.evidence.names().map(Some));
            if let Some(server) = &mcp.server {
                self.chunk.text(Col::mcp_server, server);
            }
        }
        self.chunk.bool(Col::is_error, found.is_error);
        if !found.touched.is_empty() {
            let texts = found.touched.iter().flat_map(|touch| {
                let kind = Some(touch.kind).filter(|kind| !kind.is_empty());
                [Some(touch.arn.as_ref()), kind, Some(touch.evidence.name())]
            });
            self.chunk.list(Col::touched, texts);
        }
    }

    fn lineage(&mut self, record: &Record<'a>, origin: &Origin<'_>) {
        if !self.extra.is_empty() {
            self.chunk.text(Col::extra, &self.extra.to_json());
        }
        origin.write(self.chunk, &origin_columns!());
        if self.irregular {
            self.chunk.binary(
                Col::record_raw,
                origin.mended.unwrap_or(record.root().raw().as_bytes()),
            );
        }
    }
}
