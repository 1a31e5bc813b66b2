//! A record: one element of `Records`, borrowed, its members found once and kept by name.
//!
//! The names are those of the CloudTrail record contents reference
//! (docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).

use super::json::Value;

/// The members of a record that have a column or a meaning of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "CloudTrail's own names")]
#[repr(u8)]
pub enum Field {
    EventVersion,
    UserIdentity,
    EventTime,
    EventSource,
    EventName,
    AwsRegion,
    SourceIpAddress,
    UserAgent,
    ErrorCode,
    ErrorMessage,
    RequestParameters,
    ResponseElements,
    AdditionalEventData,
    RequestId,
    /// `eventID`; `eventId` in aggregated records.
    EventId,
    EventType,
    ApiVersion,
    ManagementEvent,
    ReadOnly,
    Resources,
    RecipientAccountId,
    ServiceEventDetails,
    SharedEventId,
    VpcEndpointId,
    VpcEndpointAccountId,
    EventCategory,
    Addendum,
    SessionCredentialFromConsole,
    EventContext,
    EdgeDeviceDetails,
    TlsDetails,
    Annotation,
    McpEventDetails,
    InsightDetails,
    /// Of aggregated records.
    AccountId,
    /// Of aggregated records.
    TimeWindow,
    /// Of aggregated records.
    Summary,
}

const N_FIELDS: usize = Field::Summary as usize + 1;

impl Field {
    /// Returns the field of a key. By length first: a record has some 25 keys, and each is looked up.
    fn of(key: &str) -> Option<Self> {
        Some(match (key.len(), key) {
            (7, "eventID" | "eventId") => Self::EventId,
            (7, "summary") => Self::Summary,
            (8, "readOnly") => Self::ReadOnly,
            (8, "addendum") => Self::Addendum,
            (9, "eventTime") => Self::EventTime,
            (9, "eventName") => Self::EventName,
            (9, "eventType") => Self::EventType,
            (9, "awsRegion") => Self::AwsRegion,
            (9, "userAgent") => Self::UserAgent,
            (9, "requestID") => Self::RequestId,
            (9, "errorCode") => Self::ErrorCode,
            (9, "resources") => Self::Resources,
            (9, "accountId") => Self::AccountId,
            (10, "apiVersion") => Self::ApiVersion,
            (10, "tlsDetails") => Self::TlsDetails,
            (10, "annotation") => Self::Annotation,
            (10, "timeWindow") => Self::TimeWindow,
            (11, "eventSource") => Self::EventSource,
            (12, "eventVersion") => Self::EventVersion,
            (12, "userIdentity") => Self::UserIdentity,
            (12, "errorMessage") => Self::ErrorMessage,
            (12, "eventContext") => Self::EventContext,
            (13, "eventCategory") => Self::EventCategory,
            (13, "sharedEventID") => Self::SharedEventId,
            (13, "vpcEndpointId") => Self::VpcEndpointId,
            (14, "insightDetails") => Self::InsightDetails,
            (15, "sourceIPAddress") => Self::SourceIpAddress,
            (15, "managementEvent") => Self::ManagementEvent,
            (15, "mcpEventDetails") => Self::McpEventDetails,
            (16, "responseElements") => Self::ResponseElements,
            (17, "requestParameters") => Self::RequestParameters,
            (17, "edgeDeviceDetails") => Self::EdgeDeviceDetails,
            (18, "recipientAccountId") => Self::RecipientAccountId,
            (19, "additionalEventData") => Self::AdditionalEventData,
            (19, "serviceEventDetails") => Self::ServiceEventDetails,
            (20, "vpcEndpointAccountId") => Self::VpcEndpointAccountId,
            (28, "sessionCredentialFromConsole") => Self::SessionCredentialFromConsole,
            _ => return None,
        })
    }
}

/// Which table a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `events`.
    Event,
    /// `insights`: CloudTrail Insights, start or end.
    Insight,
    /// `aggregated_events`: five-minute summaries of data events.
    Aggregated,
}

/// One record, borrowed from the parser.
#[derive(Debug)]
pub struct Record<'a> {
    root: Value<'a>,
    fields: [Option<Value<'a>>; N_FIELDS],
    others: Vec<(&'a str, Value<'a>)>,
    doubled: bool,
    has_aggregated_id: bool,
}

impl<'a> Record<'a> {
    /// Finds the members of an object; of anything else there are none.
    pub fn new(root: Value<'a>) -> Self {
        let mut record = Self {
            root,
            fields: [None; N_FIELDS],
            others: Vec::new(),
            doubled: false,
            has_aggregated_id: false,
        };
        for (key, value) in root.members() {
            match Field::of(key) {
                None => record.others.push((key, value)),
                Some(field) => {
                    record.has_aggregated_id |= field == Field::EventId && key.ends_with('d');
                    let slot = &mut record.fields[field as usize];
                    record.doubled |= slot.is_some();
                    *slot = Some(value);
                }
            }
        }
        record
    }

    /// Returns the record as one value.
    pub fn root(&self) -> Value<'a> {
        self.root
    }

    /// Returns the value of a member that is there and not `null`.
    pub fn get(&self, field: Field) -> Option<Value<'a>> {
        self.fields[field as usize].filter(|value| !value.is_null())
    }

    /// Returns the text of a member that is a string.
    pub fn str(&self, field: Field) -> Option<&'a str> {
        self.get(field)?.as_str()
    }

    /// Returns the value at a path below a member, where it is there and not `null`.
    pub fn path(&self, field: Field, keys: &[&str]) -> Option<Value<'a>> {
        self.get(field)?.path(keys).filter(|value| !value.is_null())
    }

    /// Returns the text at a path below a member.
    pub fn path_str(&self, field: Field, keys: &[&str]) -> Option<&'a str> {
        self.path(field, keys)?.as_str()
    }

    /// Returns a boolean member, also one that was written as text (`"true"`).
    pub fn bool(&self, field: Field) -> Option<bool> {
        as_bool(self.get(field)?)
    }

    /// Returns the members that have no field, in order.
    pub fn others(&self) -> &[(&'a str, Value<'a>)] {
        &self.others
    }

    /// Returns true where a known member stands more than once.
    pub fn has_doubled_field(&self) -> bool {
        self.doubled
    }

    /// Returns true where a member is called `eventId`, as in aggregated records.
    pub fn has_aggregated_id(&self) -> bool {
        self.has_aggregated_id
    }

    /// Returns which table the record belongs to.
    pub fn kind(&self) -> Kind {
        let is = |field, value: &str| {
            self.str(field)
                .is_some_and(|text| text.eq_ignore_ascii_case(value))
        };
        if is(Field::EventType, "AwsCloudTrailInsight")
            || is(Field::EventCategory, "Insight")
            || self
                .get(Field::InsightDetails)
                .is_some_and(Value::is_object)
        {
            Kind::Insight
        } else if is(Field::EventType, "AwsAggregatedEvent")
            || is(Field::EventCategory, "Aggregated")
            || (self.get(Field::TimeWindow).is_some() && self.get(Field::EventTime).is_none())
        {
            Kind::Aggregated
        } else {
            Kind::Event
        }
    }

    /// Returns true where anything says that this object is CloudTrail's: a member that only its records have.
    pub fn looks_like_cloudtrail(&self) -> bool {
        use Field::{EventId, EventName, EventTime, EventVersion, TimeWindow, UserIdentity};
        [
            EventVersion,
            EventTime,
            EventId,
            EventName,
            UserIdentity,
            TimeWindow,
        ]
        .into_iter()
        .any(|field| self.get(field).is_some())
    }
}

/// Reads a boolean, also one that was written as text.
pub fn as_bool(value: Value<'_>) -> Option<bool> {
    value.as_bool().or_else(|| match value.as_str()? {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::json::Parser;

    #[expect(clippy::needless_pass_by_value, reason = "reads better at the call")]
    fn check<T>(text: &str, read: fn(&Record<'_>) -> T, expected: T)
    where
        T: PartialEq + std::fmt::Debug,
    {
        let found = Parser::default()
            .parse(text, |root| read(&Record::new(root)))
            .expect("JSON");
        assert_eq!(found, expected, "{text}");
    }

    fn kind_of(record: &Record<'_>) -> Kind {
        record.kind()
    }

    #[test]
    fn members_by_name() {
        let text = r#"{"eventName":"GetUser","readOnly":"true","errorCode":null,"newKey":{"a":1},"userIdentity":{"type":"Root"}}"#;
        check(
            text,
            |r| r.str(Field::EventName).map(str::to_owned),
            Some("GetUser".to_owned()),
        );
        check(text, |r| r.bool(Field::ReadOnly), Some(true));
        check(text, |r| r.get(Field::ErrorCode).is_some(), false);
        check(
            text,
            |r| {
                r.path_str(Field::UserIdentity, &["type"])
                    .map(str::to_owned)
            },
            Some("Root".to_owned()),
        );
        check(
            text,
            |r| {
                r.others()
                    .iter()
                    .map(|(k, v)| format!("{k}={}", v.raw()))
                    .collect::<Vec<_>>()
            },
            vec![r#"newKey={"a":1}"#.to_owned()],
        );
        check(r#"{"eventName":"a","eventName":"b"}"#, |r| r.doubled, true);
    }

    #[test]
    fn kinds() {
        check(
            r#"{"eventTime":"2026-08-01T00:00:00Z"}"#,
            kind_of,
            Kind::Event,
        );
        check(
            r#"{"eventType":"AwsCloudTrailInsight"}"#,
            kind_of,
            Kind::Insight,
        );
        check(
            r#"{"eventType":"AwsAggregatedEvent"}"#,
            kind_of,
            Kind::Aggregated,
        );
        check(
            r#"{"timeWindow":{},"summary":{}}"#,
            kind_of,
            Kind::Aggregated,
        );
    }
}
