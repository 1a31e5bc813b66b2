//! Made-up records: every known member at every level, usually as CloudTrail writes it, now and then not at all as it does.
//!
//! A record is a function of dice; dice that have run out show 0, which is the simplest choice everywhere, so that
//! proptest's shrinking makes records simpler.

use proptest::collection::vec;
use proptest::prelude::*;

/// Rolls that decide what a record looks like.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    rolls: std::vec::IntoIter<u16>,
    /// Whether what fast parsers refuse or lose is wanted: wild numbers, lone surrogates, doubled keys.
    is_wild: bool,
}

impl Dice {
    pub(crate) fn new(rolls: Vec<u16>, is_wild: bool) -> Self {
        Self {
            rolls: rolls.into_iter(),
            is_wild,
        }
    }

    fn roll(&mut self, sides: usize) -> usize {
        usize::from(self.rolls.next().unwrap_or(0)) % sides
    }

    /// True once in so many rolls.
    fn rarely(&mut self, one_in: usize) -> bool {
        self.roll(one_in) == one_in - 1
    }

    fn of<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.roll(list.len())]
    }
}

/// Dice for some records.
pub(crate) fn dice() -> impl Strategy<Value = Vec<Vec<u16>>> {
    vec(vec(any::<u16>(), 0..220), 1..6)
}

/// Times that can be used, and what stands in the column.
pub(crate) const TIMES: [(&str, &str); 8] = [
    ("2026-08-01T12:00:00Z", "2026-08-01T12:00:00"),
    ("2026-08-01T12:00:01.5Z", "2026-08-01T12:00:01.500"),
    (
        "2026-08-01T12:00:02.123456789Z",
        "2026-08-01T12:00:02.123456",
    ),
    ("2026-08-01T12:00:03+09:00", "2026-08-01T03:00:03"),
    ("2026-08-01t12:00:04z", "2026-08-01T12:00:04"),
    ("2026-08-01 12:00:05", "2026-08-01T12:00:05"),
    ("20260801T120006Z", "2026-08-01T12:00:06"),
    ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
];

const TEXTS: [&str; 8] = [
    r#""text""#,
    r#""arn:aws:iam::111122223333:role/r""#,
    r#""""#,
    r#""123456789012""#,
    r#""é 😀 \u00e9\ud83d\ude00""#,
    r#""line\n\"quoted\" \\ \/ \u0000""#,
    r#""true""#,
    r#""{\"a\":[1, 2]}""#,
];

/// What stands where something else belongs.
const ODD: [&str; 14] = [
    "null",
    "true",
    "false",
    r#""TRUE""#,
    r#""no""#,
    "12",
    "-7",
    "[]",
    "{}",
    r#"[null, "a", {"b" : 1}]"#,
    r#"{"a":null}"#,
    r#"{"a":{"a":[{}]}}"#,
    r#"["arn"]"#,
    r#""2026-08-01T12:00:00Z""#,
];

const WILD: [&str; 8] = [
    "1234567890123456789012345",
    "1e999",
    "-0",
    "0.0",
    "1E+2",
    r#""lone \ud800 surrogate""#,
    r#""\udc00\ud83d\ude00\ud83d""#,
    r#"{"\ud800":{"a":1,"a":2}}"#,
];

const NEW_KEYS: [&str; 6] = ["newKey", "new Key", r"k\u0065y\n", r#"\"\\"#, "", "\u{e9}"];

/// The members of an object under construction: keys as they are written, without quotes.
struct Members {
    list: Vec<(String, String)>,
}

impl Members {
    fn new() -> Self {
        Self { list: Vec::new() }
    }

    fn add(&mut self, key: &str, value: impl Into<String>) -> &mut Self {
        self.list.push((key.to_owned(), value.into()));
        self
    }

    /// A member that may be missing, odd, doubled, or spelled with escapes.
    fn maybe(
        &mut self,
        dice: &mut Dice,
        key: &str,
        usual: impl Fn(&mut Dice) -> String,
    ) -> &mut Self {
        let value = match dice.roll(16) {
            0..6 => return self,
            14 => odd(dice),
            15 if dice.is_wild => {
                let first = if dice.rarely(2) {
                    odd(dice)
                } else {
                    usual(dice)
                };
                self.add(key, first);
                usual(dice)
            }
            _ => usual(dice),
        };
        if dice.rarely(64) {
            let escaped = format!("\\u{:04x}{}", key.as_bytes()[0], &key[1..]);
            return self.add(&escaped, value);
        }
        self.add(key, value)
    }

    fn texts(&mut self, dice: &mut Dice, keys: &[&str]) -> &mut Self {
        for key in keys {
            self.maybe(dice, key, text);
        }
        self
    }

    /// Writes the object, with a new key, in another order, with white space, as the dice say.
    fn end(&mut self, dice: &mut Dice) -> String {
        if dice.rarely(6) {
            let key = dice.of(&NEW_KEYS);
            let value = json(dice, 3);
            self.add(key, value);
        }
        if dice.rarely(4) && !self.list.is_empty() {
            let by = dice.roll(self.list.len());
            self.list.rotate_left(by);
        }
        let (space, newline) = if dice.rarely(8) {
            (" ", "\n\t")
        } else {
            ("", "")
        };
        let members: Vec<String> = self
            .list
            .iter()
            .map(|(key, value)| format!("{space}\"{key}\"{space}:{space}{value}{newline}"))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

fn text(dice: &mut Dice) -> String {
    dice.of(&TEXTS).to_owned()
}

fn odd(dice: &mut Dice) -> String {
    if dice.is_wild && dice.rarely(2) {
        dice.of(&WILD).to_owned()
    } else {
        dice.of(&ODD).to_owned()
    }
}

fn time(dice: &mut Dice) -> String {
    let nth = if dice.rarely(4) {
        dice.roll(TIMES.len())
    } else {
        0
    };
    format!("\"{}\"", TIMES[nth].0)
}

/// Any JSON value.
fn json(dice: &mut Dice, depth: usize) -> String {
    match dice.roll(if depth == 0 { 5 } else { 9 }) {
        0 | 1 => text(dice),
        2 => "null".to_owned(),
        3 => dice.roll(1000).to_string(),
        4 => odd(dice),
        5 if dice.rarely(8) => {
            let depth = if dice.is_wild { 150 } else { 60 }; // serde_json ends at 128
            format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
        }
        5 | 6 => {
            let elements: Vec<String> = (0..dice.roll(4)).map(|_| json(dice, depth - 1)).collect();
            format!("[{}]", elements.join(", "))
        }
        _ => {
            let mut members = Members::new();
            for nth in 0..dice.roll(4) {
                let value = json(dice, depth - 1);
                members.add(&format!("member{nth}"), value);
            }
            members.end(dice)
        }
    }
}

/// An object of parameters, usually.
fn parameters(dice: &mut Dice) -> String {
    let mut members = Members::new();
    for nth in 0..dice.roll(4) {
        let value = json(dice, 3);
        members.add(&format!("p{nth}"), value);
    }
    members.end(dice)
}

/// Record number `n`: its place is a member of its own, so that no two are equal.
pub(crate) fn record(dice: &mut Dice, n: usize) -> String {
    match dice.roll(8) {
        6 => insight(dice, n),
        7 => aggregated(dice, n),
        _ => event(dice, n),
    }
}

pub(crate) fn event(dice: &mut Dice, n: usize) -> String {
    let mut record = Members::new();
    record.add("n", n.to_string());
    let at = time(dice);
    record.add("eventTime", at);
    record.texts(
        dice,
        &[
            "eventVersion",
            "eventSource",
            "eventName",
            "awsRegion",
            "sourceIPAddress",
            "userAgent",
            "errorCode",
            "errorMessage",
            "requestID",
            "eventID",
            "eventType",
            "apiVersion",
            "recipientAccountId",
            "sharedEventID",
            "vpcEndpointId",
            "vpcEndpointAccountId",
            "eventCategory",
            "annotation",
        ],
    );
    for key in ["readOnly", "managementEvent"] {
        record.maybe(dice, key, |dice| {
            dice.of(&["true", "false", "\"true\""]).to_owned()
        });
    }
    record.maybe(dice, "sessionCredentialFromConsole", bool_text);
    for key in [
        "requestParameters",
        "responseElements",
        "additionalEventData",
        "serviceEventDetails",
        "edgeDeviceDetails",
        "eventContext",
        "mcpEventDetails",
    ] {
        record.maybe(dice, key, parameters);
    }
    record.maybe(dice, "userIdentity", user_identity);
    record.maybe(dice, "tlsDetails", |dice| {
        Members::new()
            .texts(
                dice,
                &[
                    "tlsVersion",
                    "cipherSuite",
                    "clientProvidedHostHeader",
                    "keyExchange",
                ],
            )
            .end(dice)
    });
    record.maybe(dice, "addendum", |dice| {
        Members::new()
            .texts(
                dice,
                &[
                    "reason",
                    "updatedFields",
                    "originalRequestID",
                    "originalEventID",
                ],
            )
            .end(dice)
    });
    record.maybe(dice, "resources", resources);
    if dice.rarely(12) {
        let key = dice.of(&[
            "eventId",
            "accountId",
            "timeWindow",
            "summary",
            "insightDetails",
        ]);
        // The other tables' members; an object would make the record one of theirs.
        let value = dice.of(&["\"x\"", "null", "7", "[1]"]);
        if dice.is_wild || key != "eventId" {
            record.add(key, value);
        }
    }
    record.end(dice)
}

fn bool_text(dice: &mut Dice) -> String {
    dice.of(&["\"true\"", "\"false\"", "true"]).to_owned()
}

fn user_identity(dice: &mut Dice) -> String {
    let mut identity = Members::new();
    identity.texts(
        dice,
        &[
            "type",
            "principalId",
            "arn",
            "accountId",
            "accessKeyId",
            "userName",
            "invokedBy",
            "identityProvider",
            "credentialId",
        ],
    );
    identity.maybe(dice, "inScopeOf", parameters);
    identity.maybe(dice, "onBehalfOf", |dice| {
        Members::new()
            .texts(dice, &["userId", "identityStoreArn"])
            .end(dice)
    });
    identity.maybe(dice, "sessionContext", session_context);
    identity.end(dice)
}

fn session_context(dice: &mut Dice) -> String {
    let mut session = Members::new();
    session.maybe(dice, "attributes", |dice| {
        Members::new()
            .maybe(dice, "mfaAuthenticated", bool_text)
            .maybe(dice, "creationDate", time)
            .end(dice)
    });
    session.maybe(dice, "sessionIssuer", |dice| {
        Members::new()
            .texts(
                dice,
                &["type", "principalId", "arn", "accountId", "userName"],
            )
            .end(dice)
    });
    session.maybe(dice, "webIdFederationData", |dice| {
        Members::new()
            .texts(dice, &["federatedProvider"])
            .maybe(dice, "attributes", parameters)
            .end(dice)
    });
    session.texts(
        dice,
        &["sourceIdentity", "signInSessionArn", "ec2RoleDelivery"],
    );
    session.maybe(dice, "assumedRoot", bool_text);
    session.end(dice)
}

fn resources(dice: &mut Dice) -> String {
    let elements: Vec<String> = (0..dice.roll(4))
        .map(|_| {
            if dice.rarely(16) {
                return odd(dice);
            }
            let arn = if dice.rarely(8) { "arn" } else { "ARN" };
            Members::new()
                .texts(dice, &[arn, "accountId", "type", "ARNPrefix"])
                .end(dice)
        })
        .collect();
    format!("[{}]", elements.join(","))
}

fn insight(dice: &mut Dice, n: usize) -> String {
    let number = |dice: &mut Dice| {
        dice.of(&[
            "0.5",
            "20.0",
            "0.0014880952",
            "7",
            "1.50",
            "1e-7",
            "85.42020202020202",
            "123456789012345678.25",
        ])
        .to_owned()
    };
    let whole = |dice: &mut Dice| dice.of(&["1", "11459", "-3", "1.0", "\"5\""]).to_owned();
    let average = |dice: &mut Dice| Members::new().maybe(dice, "average", number).end(dice);
    let statistics = |dice: &mut Dice| {
        Members::new()
            .maybe(dice, "baseline", average)
            .maybe(dice, "insight", average)
            .maybe(dice, "insightDuration", whole)
            .maybe(dice, "baselineDuration", whole)
            .end(dice)
    };
    let context = |dice: &mut Dice| {
        Members::new()
            .maybe(dice, "statistics", statistics)
            .maybe(dice, "attributions", |dice| json(dice, 3))
            .end(dice)
    };
    let mut record = Members::new();
    record.add("n", n.to_string());
    record.add("eventType", "\"AwsCloudTrailInsight\"");
    let at = time(dice);
    record.add("eventTime", at);
    record.texts(
        dice,
        &[
            "eventVersion",
            "awsRegion",
            "eventID",
            "recipientAccountId",
            "sharedEventID",
            "eventCategory",
        ],
    );
    record.maybe(dice, "insightDetails", |dice| {
        Members::new()
            .texts(
                dice,
                &[
                    "state",
                    "eventSource",
                    "eventName",
                    "insightType",
                    "errorCode",
                ],
            )
            .maybe(dice, "insightContext", context)
            .end(dice)
    });
    record.end(dice)
}

fn aggregated(dice: &mut Dice, n: usize) -> String {
    let statistics = |dice: &mut Dice| {
        dice.of(&[
            r#"[{"name":"GetObject","value":12},{"name":"PutObject","value":3}]"#,
            r#"[{"value":12,"name":"GetObject"}]"#,
            "[]",
            r#"[{"name":"a","value":1.0}]"#,
            r#"[{"name":"a","value":1,"more":2}]"#,
            r#"[{"name":"a"}]"#,
            r#"[{"name":"a","value":1},7]"#,
            r#"[{"name":"a","name":"a"}]"#,
            r#"[{"name":"a","value":99999999999999999999}]"#,
        ])
        .to_owned()
    };
    let dimension = |dice: &mut Dice| {
        Members::new()
            .texts(dice, &["dimension"])
            .maybe(dice, "statistics", statistics)
            .end(dice)
    };
    let mut record = Members::new();
    record.add("n", n.to_string());
    record.add("eventType", "\"AwsAggregatedEvent\"");
    let start = time(dice);
    let mut window = Members::new();
    window.add("windowStart", start);
    window.maybe(dice, "windowEnd", time);
    let window = window.end(dice);
    record.add("timeWindow", window);
    record.texts(
        dice,
        &[
            "eventVersion",
            "accountId",
            "eventId",
            "awsRegion",
            "eventSource",
            "eventCategory",
        ],
    );
    record.maybe(dice, "summary", |dice| {
        Members::new()
            .maybe(dice, "primaryDimension", dimension)
            .maybe(dice, "details", |dice| json(dice, 3))
            .end(dice)
    });
    record.end(dice)
}
