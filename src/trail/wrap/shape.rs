//! What an object of JSON is, by its keys: a record, or one of the known wrappings of records.

use crate::trail::scan;

/// What an object is, by its keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A record, or nothing that is known; the parser will tell.
    Record,
    /// A wrapping with an array, which begins there.
    List(usize),
    /// A wrapping with a record in a string, there.
    Text(std::ops::Range<usize>),
    /// A wrapping with a record, there.
    Envelope(std::ops::Range<usize>),
    /// A wrapping that says that it has none.
    Nothing,
    /// A wrapping with something else.
    Foreign(&'static str),
}

impl Shape {
    pub(super) fn of(content: &[u8], start: usize) -> Self {
        let mut detail_type = None;
        let mut detail = None;
        let mut message_type = None;
        let mut log_events = None;
        let mut message = None;
        for (key, value) in scan::members(content, start) {
            let first = content[value.start];
            match key {
                // Only records have these.
                b"eventVersion" | b"eventTime" | b"userIdentity" => return Self::Record,
                b"Records" | b"Events" | b"events" if first == b'[' => {
                    return Self::List(value.start);
                }
                b"CloudTrailEvent" if first == b'"' => return Self::Text(value),
                b"detail-type" => detail_type = Some(value),
                b"detail" => detail = Some(value),
                b"messageType" => message_type = Some(value),
                b"logEvents" if first == b'[' => log_events = Some(value),
                b"message" if first == b'"' => message = Some(value),
                _ => {}
            }
        }
        match (detail_type, message_type) {
            (Some(kind), _) => match detail {
                Some(detail)
                    if content[kind.clone()].ends_with(b"via CloudTrail\"")
                        && content[detail.start] == b'{' =>
                {
                    Self::Envelope(detail)
                }
                _ => Self::Foreign("an event of EventBridge that carries no CloudTrail record"),
            },
            (None, Some(kind)) => match log_events {
                _ if &content[kind.clone()] == b"\"CONTROL_MESSAGE\"" => Self::Nothing,
                Some(events) => Self::List(events.start),
                None => Self::Record,
            },
            (None, None) => message.map_or(Self::Record, Self::Text),
        }
    }
}
