//! One event to one record: the keys in AWS's order, compact, and what a call's `$` stands for.

use std::fmt::Write as _;

use super::calls::{Call, GLOBAL, Kind};
use super::people::Caller;
use super::rng::{Rng, Uuid, hash, index, mix, push_base64, push_hex, push_long_date};
use super::{Family, Place, REGIONS, World, time_text};

/// What of an event its caller and place do not say. Texts are JSON; an empty one leaves its key out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    /// Seconds since 1970.
    pub(super) time: i64,
    pub(super) version: &'a str,
    /// `eventSource`, which ends in `.amazonaws.com` where it has no dot.
    pub(super) source: &'a str,
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) category: &'a str,
    pub(super) read_only: bool,
    /// `errorCode` and `errorMessage`.
    pub(super) error: (&'a str, &'a str),
    pub(super) request: &'a str,
    pub(super) response: &'a str,
    pub(super) additional: &'a str,
    pub(super) resources: &'a str,
    /// An API call without one gets one.
    pub(super) request_id: Option<Uuid>,
    /// `clientProvidedHostHeader`, where it is not the service's in the region.
    pub(super) host: &'a str,
    /// Members between `recipientAccountId` and `eventCategory`, each with a comma behind it.
    pub(super) details: &'a str,
    /// Members behind `eventCategory`, each with a comma before it.
    pub(super) last: &'a str,
    /// The MCP channel that the event was planted for.
    pub(super) channel: Option<&'static str>,
    /// Whether the sign-in that the event was planted for succeeded.
    pub(super) sign_in: Option<bool>,
}

impl Event<'_> {
    /// A reading API call without parameters.
    pub(super) const fn api(time: i64, source: &'static str, name: &'static str) -> Self {
        Event {
            time,
            version: "1.11",
            source,
            name,
            kind: "AwsApiCall",
            category: "Management",
            read_only: true,
            error: ("", ""),
            request: "null",
            response: "null",
            additional: "",
            resources: "",
            request_id: None,
            host: "",
            details: "",
            last: "",
            channel: None,
            sign_in: None,
        }
    }
}

/// What a row of [`super::calls::CALLS`] is called with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct How<'a> {
    pub(super) error: (&'a str, &'a str),
    pub(super) additional: &'a str,
    pub(super) details: &'a str,
    pub(super) last: &'a str,
    pub(super) request_id: Option<Uuid>,
    pub(super) channel: Option<&'static str>,
}

impl World {
    /// Writes a call of the table.
    pub(super) fn call(
        &mut self,
        place: Place,
        time: i64,
        caller: &Caller,
        call: &Call,
        how: How<'_>,
    ) {
        let place = if GLOBAL.contains(&call.source) {
            Place { region: 0, ..place }
        } else {
            place
        };
        let request_id = how.request_id.unwrap_or_else(|| self.rng.uuid());
        let pick = self.rng.next();
        let mut fill = Fill {
            account: &self.accounts[place.account].id,
            region: REGIONS[place.region],
            time,
            pick,
            request_id,
            rng: &mut self.rng,
        };
        let request = fill.text(call.request);
        let response = if how.error.0.is_empty() {
            fill.text(call.response)
        } else {
            "null".to_owned()
        };
        let resources = fill.text(call.resources);
        let data = matches!(call.kind, Kind::DataRead | Kind::DataWrite);
        let additional = if data && call.source == "s3" && how.additional.is_empty() {
            fill.text(r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"$b","bytesTransferredOut":$x}"#)
        } else {
            how.additional.to_owned()
        };
        let event = Event {
            read_only: matches!(call.kind, Kind::Read | Kind::DataRead),
            category: if data { "Data" } else { "Management" },
            error: how.error,
            request: &request,
            response: &response,
            additional: &additional,
            resources: &resources,
            request_id: Some(request_id),
            details: how.details,
            last: how.last,
            channel: how.channel,
            ..Event::api(time, call.source, call.name)
        };
        self.emit(place, caller, &event);
    }

    /// Writes the record of an event, books it, and returns its id.
    pub(super) fn emit(&mut self, place: Place, caller: &Caller, event: &Event<'_>) -> Uuid {
        let family = if event.category == "NetworkActivity" {
            Family::NetworkActivity
        } else {
            Family::CloudTrail
        };
        let id = self.rng.uuid();
        let new_id = || (event.kind == "AwsApiCall").then(|| self.rng.uuid());
        let event = &Event {
            request_id: event.request_id.or_else(new_id),
            ..*event
        };
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        write_record(
            &mut record,
            &self.accounts[place.account].id,
            place,
            caller,
            event,
            id,
        );
        self.book(event, family);
        self.deliver(place, family, event.time, &record);
        self.record = record;
        id
    }

    fn book(&mut self, event: &Event<'_>, family: Family) {
        self.summary.events += 1;
        self.summary.network_activity += u64::from(family == Family::NetworkActivity);
        self.summary.errors += u64::from(!event.error.0.is_empty());
        if let Some(channel) = event.channel {
            *self.summary.mcp_channels.entry(channel).or_default() += 1;
        }
        if let Some(success) = event.sign_in {
            let outcome = if success { "success" } else { "failure" };
            *self.summary.sign_ins.entry(outcome).or_default() += 1;
        }
    }
}

fn write_record(
    out: &mut String,
    account: &str,
    place: Place,
    caller: &Caller,
    event: &Event<'_>,
    id: Uuid,
) {
    let region = REGIONS[place.region];
    let network = event.category == "NetworkActivity";
    push(out, r#"{"eventVersion":""#, event.version);
    push(out, r#"","userIdentity":"#, &caller.identity);
    push(out, r#","eventTime":""#, &time_text(event.time));
    push(out, r#"","eventSource":""#, event.source);
    out.push_str(if event.source.contains('.') {
        ""
    } else {
        ".amazonaws.com"
    });
    push(out, r#"","eventName":""#, event.name);
    push(out, r#"","awsRegion":""#, region);
    push(out, r#"","sourceIPAddress":""#, &caller.ip);
    if !network {
        push(out, r#"","userAgent":""#, &caller.agent);
    }
    for (key, value) in [
        (r#"","errorCode":""#, event.error.0),
        (r#"","errorMessage":""#, event.error.1),
    ] {
        if !value.is_empty() {
            push(out, key, value);
        }
    }
    out.push('"');
    if !network {
        push(out, r#","requestParameters":"#, event.request);
        push(out, r#","responseElements":"#, event.response);
    }
    if !event.additional.is_empty() {
        push(out, r#","additionalEventData":"#, event.additional);
    }
    if let Some(request_id) = event.request_id {
        out.push_str(r#","requestID":""#);
        request_id.push_request_id(out, event.source);
        out.push('"');
    }
    out.push_str(r#","eventID":""#);
    id.push(out);
    out.push('"');
    if !network {
        push(
            out,
            r#","readOnly":"#,
            if event.read_only { "true" } else { "false" },
        );
    }
    if !event.resources.is_empty() {
        push(out, r#","resources":"#, event.resources);
    }
    push(out, r#","eventType":""#, event.kind);
    if !network {
        let management = if event.category == "Data" {
            "false"
        } else {
            "true"
        };
        push(out, r#"","managementEvent":"#, management);
    }
    out.push_str(if network {
        r#"","recipientAccountId":""#
    } else {
        r#","recipientAccountId":""#
    });
    out.push_str(account);
    push(out, "\",", event.details);
    push(out, r#""eventCategory":""#, event.category);
    push(out, "\"", event.last);
    if event.kind == "AwsApiCall" && !caller.is_service() {
        push_tls(out, event, region);
    }
    if caller.console && event.kind == "AwsApiCall" {
        out.push_str(r#","sessionCredentialFromConsole":"true""#);
    }
    out.push('}');
}

fn push_tls(out: &mut String, event: &Event<'_>, region: &str) {
    out.push_str(r#","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":""#);
    if event.host.is_empty() {
        out.push_str(event.source);
        if !GLOBAL.contains(&event.source) {
            push(out, ".", region);
        }
        out.push_str(".amazonaws.com");
    }
    push(out, event.host, r#"","keyExchange":"X25519MLKEM768"}"#);
}

fn push(out: &mut String, key: &str, value: &str) {
    out.push_str(key);
    out.push_str(value);
}

/// A time as `credentials.expiration` has it.
pub(super) fn long_date(time: i64) -> String {
    let mut text = String::new();
    push_long_date(&mut text, &time_text(time));
    text
}

/// What the `$` letters of one event stand for. All but `$u` and `$b` stay the same within an event.
pub(super) struct Fill<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) time: i64,
    pub(super) pick: u64,
    pub(super) request_id: Uuid,
    pub(super) rng: &'a mut Rng,
}

const BUCKETS: [&str; 5] = [
    "example-orders",
    "example-reports",
    "example-web-assets",
    "example-data-lake",
    "example-backups",
];
const TABLES: [&str; 4] = ["orders", "carts", "payments", "sessions"];
const FUNCTIONS: [&str; 4] = [
    "orders-api",
    "payments-worker",
    "thumbnailer",
    "nightly-report",
];
const USERS: [&str; 5] = ["alice", "bob", "ci-deploy", "erin", "frank"];
const ROLES: [&str; 4] = ["orders-api", "payments-worker", "reporting", "deploy"];
const SECRETS: [&str; 3] = [
    "prod/orders/db-Ab3dE5",
    "prod/payments/api-Gh7jK9",
    "ci/registry-Mn2pQ4",
];

impl Fill<'_> {
    /// Returns the text with every `$` letter replaced.
    pub(super) fn text(&mut self, template: &str) -> String {
        let mut out = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some((before, from)) = rest.split_once('$') {
            out.push_str(before);
            let (letter, after) = from.split_at(1);
            self.push(&mut out, letter);
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn push(&mut self, out: &mut String, letter: &str) {
        match letter {
            "A" => out.push_str(self.account),
            "R" => out.push_str(self.region),
            "Q" => self.request_id.push(out),
            "u" => self.rng.uuid().push(out),
            "b" => push_base64(out, self.rng.next()),
            "d" => push_long_date(out, &time_text(self.time)),
            "B" => {
                out.push_str(self.of(&BUCKETS));
                out.push('-');
                out.push_str(self.account);
            }
            "K" => {
                let _ = write!(
                    out,
                    "reports/{}/part-{:05}.parquet",
                    &time_text(self.time)[..10],
                    self.pick % 64
                );
            }
            "I" => self.id(out, "i-0", 40),
            "S" => self.id(out, "snap-0", 60),
            "V" => self.id(out, "vol-0", 40),
            "G" => self.id(out, "sg-0", 12),
            "N" => self.id(out, "subnet-0", 6),
            "P" => self.id(out, "vpc-0", 3),
            "k" => Rng::new(mix(hash(self.account), self.pick % 8))
                .uuid()
                .push(out),
            "T" => out.push_str(self.of(&TABLES)),
            "F" => out.push_str(self.of(&FUNCTIONS)),
            "U" => out.push_str(self.of(&USERS)),
            "L" => out.push_str(self.of(&ROLES)),
            "Y" => out.push_str(self.of(&SECRETS)),
            "M" => {
                let _ = write!(
                    out,
                    "prod/{}/setting-{}",
                    self.of(&FUNCTIONS),
                    self.pick % 20
                );
            }
            "O" => {
                let _ = write!(out, "{}-events", self.of(&TABLES));
            }
            "g" => {
                let _ = write!(out, "/aws/lambda/{}", self.of(&FUNCTIONS));
            }
            "D" => {
                let _ = write!(out, "{}-db", self.of(&TABLES));
            }
            "n" => {
                let _ = write!(out, "{}", 1 + self.pick % 250);
            }
            "x" => {
                let _ = write!(out, "{}", 512 * (self.pick % 97));
            }
            "h" => push_hex(out, mix(self.pick, 8), 8),
            _ => out.push_str(letter),
        }
    }

    fn of(&self, names: &[&'static str]) -> &'static str {
        names[index(self.pick, names.len())]
    }

    /// One of so many ids that the account has in the region.
    fn id(&self, out: &mut String, prefix: &str, n: u64) {
        out.push_str(prefix);
        let place = mix(hash(self.account), hash(self.region));
        push_hex(out, mix(place, mix(hash(prefix), self.pick % n)), 16);
    }
}
