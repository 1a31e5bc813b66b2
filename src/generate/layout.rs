//! Records to delivery objects: where they lie, when they are delivered, which come late or twice, and what
//! else lies in such a bucket.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::rng::{push_hex, unique};
use super::{DAY, Family, Object, Place, REGIONS, SLOT, World, time_text};

/// Text at which an object is closed: CloudTrail's own end at 50 MB.
const OBJECT_MAX: usize = 8 << 20;
/// One record in so many is delivered a second time.
const REDELIVERED: u64 = 300;
/// Records of an object that comes late, at most.
const LATE_RECORDS_MAX: u64 = 20;
const BUCKET: &str = "example-trail-bucket";

/// Records of one account, region and family that are not delivered yet.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    records: String,
    n: u64,
    first: i64,
    last: i64,
    /// Copies of records of this object, for a later one.
    copies: Vec<(String, i64)>,
    /// Copies of records of earlier objects, for this one.
    again: Vec<(String, i64)>,
}

impl Buffer {
    fn push(&mut self, record: &str, time: i64) {
        if self.n == 0 {
            (self.first, self.last) = (time, time);
        } else {
            self.records.push(',');
        }
        (self.first, self.last) = (self.first.min(time), self.last.max(time));
        self.records.push_str(record);
        self.n += 1;
    }
}

/// What a digest file says of a delivery object.
#[derive(Debug)]
pub(super) struct Delivered {
    key: String,
    sha256: String,
    first: i64,
    last: i64,
}

/// The last digest file of an account and region.
#[derive(Debug)]
pub(super) struct LastDigest {
    key: String,
    sha256: String,
    signature: String,
}

fn sha256(content: &str) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(content.as_bytes()) {
        push_hex(&mut text, u64::from(byte), 2);
    }
    text
}

/// `2026-08-01T13:05:09Z` as `20260801T130509Z`.
fn compact(time: i64) -> String {
    time_text(time)
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect()
}

impl World {
    /// Puts a record with those that will be delivered with it.
    pub(super) fn deliver(&mut self, place: Place, family: Family, time: i64, record: &str) {
        let twice =
            family == Family::CloudTrail && self.summary.events % REDELIVERED == REDELIVERED / 2;
        let buffer = self.buffer(place, family);
        buffer.push(record, time);
        if twice {
            buffer.copies.push((record.to_owned(), time));
        }
        if buffer.records.len() >= OBJECT_MAX {
            self.close(place, family);
        }
    }

    fn buffer(&mut self, place: Place, family: Family) -> &mut Buffer {
        let lane = place.lane() * 2 + usize::from(family == Family::NetworkActivity);
        &mut self.buffers[lane]
    }

    /// Delivers whatever there is, then the digests of the time that is over.
    pub(super) fn close_all(&mut self) {
        for place in self.places() {
            self.close(place, Family::CloudTrail);
            self.close(place, Family::NetworkActivity);
        }
        self.write_digests(self.now);
    }

    fn close(&mut self, place: Place, family: Family) {
        if self.buffer(place, family).n == 0 {
            return;
        }
        let mut buffer = std::mem::take(self.buffer(place, family));
        for (record, time) in &buffer.again {
            buffer.records.push(',');
            buffer.records.push_str(record);
            (buffer.first, buffer.last) = (buffer.first.min(*time), buffer.last.max(*time));
        }
        self.summary.duplicates += buffer.again.len() as u64;
        self.buffer(place, family).again = std::mem::take(&mut buffer.copies);
        self.summary.delivery_objects += 1;
        let mut delivered = self.now + self.rng.seconds(SLOT);
        if family == Family::CloudTrail && self.is_late(buffer.n) {
            delivered += DAY + self.rng.seconds(DAY);
            self.summary.late_objects += 1;
            self.summary.late_events += buffer.n;
        }
        self.write_log(place, family, delivered, &buffer);
    }

    /// Small objects are late now and then: two early on, so that a small bucket has some, then one in 200.
    fn is_late(&mut self, n_records: u64) -> bool {
        let small = n_records <= LATE_RECORDS_MAX;
        self.n_small_objects += u64::from(small);
        small && (matches!(self.n_small_objects, 5 | 15) || self.n_small_objects % 200 == 40)
    }

    fn write_log(&mut self, place: Place, family: Family, delivered: i64, buffer: &Buffer) {
        let content = format!(r#"{{"Records":[{}]}}"#, buffer.records);
        let key = self.log_key(place, family.name(), delivered);
        if family == Family::CloudTrail {
            let end = (delivered / self.digest_seconds + 1) * self.digest_seconds;
            let entry = Delivered {
                key: key.clone(),
                sha256: sha256(&content),
                first: buffer.first,
                last: buffer.last,
            };
            self.undigested
                .entry((end, place.lane()))
                .or_default()
                .push(entry);
        }
        self.put(key, content);
    }

    fn log_key(&mut self, place: Place, family: &str, delivered: i64) -> String {
        let (account, region) = (&self.accounts[place.account].id, REGIONS[place.region]);
        let time = &compact(delivered)[..13];
        let name = format!(
            "{account}_{family}_{region}_{time}Z_{}.json.gz",
            unique(self.rng.next())
        );
        self.key(place, family, delivered, &name)
    }

    fn key(&self, place: Place, family: &str, delivered: i64, name: &str) -> String {
        let account = &self.accounts[place.account].id;
        let day = time_text(delivered)[..10].replace('-', "/");
        format!(
            "AWSLogs/{account}/{family}/{}/{day}/{name}",
            REGIONS[place.region]
        )
    }

    fn put(&mut self, key: String, content: String) {
        self.summary.objects += 1;
        self.summary.inflated_bytes += content.len() as u64;
        self.ready.push_back(Object { key, content });
    }

    /// Delivers the copies that no later object took along.
    pub(super) fn close_copies(&mut self) {
        for place in self.places() {
            let again = std::mem::take(&mut self.buffer(place, Family::CloudTrail).again);
            let mut buffer = Buffer::default();
            for (record, time) in &again {
                buffer.push(record, *time);
            }
            if buffer.n > 0 {
                self.summary.duplicates += buffer.n;
                self.summary.delivery_objects += 1;
                let delivered = self.now + SLOT + self.rng.seconds(SLOT);
                self.write_log(place, Family::CloudTrail, delivered, &buffer);
            }
        }
    }

    /// Writes the digest files that end no later than `until`.
    pub(super) fn write_digests(&mut self, until: i64) {
        while let Some(entry) = self.undigested.first_entry() {
            if entry.key().0 > until {
                return;
            }
            let ((end, lane), logs) = entry.remove_entry();
            self.write_digest(Place::of_lane(lane), end, &logs);
        }
    }

    /// One digest file in its documented shape. Its signature, which AWS puts beside the object, is made up.
    fn write_digest(&mut self, place: Place, end: i64, logs: &[Delivered]) {
        let account = self.accounts[place.account].id.clone();
        let name = format!(
            "{account}_CloudTrail-Digest_{}_example-trail_{}_{}.json.gz",
            REGIONS[place.region],
            REGIONS[0],
            compact(end)
        );
        let key = self.key(place, "CloudTrail-Digest", end, &name);
        let mut content = format!(
            r#"{{"awsAccountId":"{account}","digestStartTime":"{}","digestEndTime":"{}","digestS3Bucket":"{BUCKET}","digestS3Object":"{key}","digestPublicKeyFingerprint":"31e8b5433410dfb61a9dc45cc65b22ff","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":"{}","oldestEventTime":"{}","#,
            time_text(end - self.digest_seconds),
            time_text(end),
            time_text(logs.iter().map(|log| log.last).max().unwrap_or(end)),
            time_text(logs.iter().map(|log| log.first).min().unwrap_or(end)),
        );
        match &self.last_digests[place.lane()] {
            Some(LastDigest { key, sha256, signature }) => {
                let _ = write!(content, r#""previousDigestS3Bucket":"{BUCKET}","previousDigestS3Object":"{key}","previousDigestHashValue":"{sha256}","previousDigestHashAlgorithm":"SHA-256","previousDigestSignature":"{signature}","#);
            }
            None => content.push_str(r#""previousDigestS3Bucket":null,"previousDigestS3Object":null,"previousDigestHashValue":null,"previousDigestHashAlgorithm":null,"previousDigestSignature":null,"#),
        }
        let entries: Vec<String> = logs.iter().map(|log| {
            format!(r#"{{"s3Bucket":"{BUCKET}","s3Object":"{}","hashValue":"{}","hashAlgorithm":"SHA-256","newestEventTime":"{}","oldestEventTime":"{}"}}"#, log.key, log.sha256, time_text(log.last), time_text(log.first))
        }).collect();
        let _ = write!(content, r#""logFiles":[{}]}}"#, entries.join(","));
        let mut signature = String::with_capacity(512);
        for _ in 0..32 {
            push_hex(&mut signature, self.rng.next(), 16);
        }
        self.last_digests[place.lane()] = Some(LastDigest {
            key: key.clone(),
            sha256: sha256(&content),
            signature,
        });
        self.summary.digests += 1;
        self.put(key, content);
    }

    /// Writes what CloudTrail finds out by itself, and an object of another service.
    pub(super) fn write_extras(&mut self) {
        self.write_insights();
        for day in 0..i64::from(self.options.days) {
            self.write_aggregated(super::START + day * DAY + 9 * 3600, day);
        }
        let account = &self.accounts[0].id;
        let key = format!(
            "AWSLogs/{account}/elasticloadbalancing/us-east-1/2026/08/01/{account}_elasticloadbalancing_us-east-1_app.web.0123456789abcdef_20260801T0005Z_192.0.2.10_1a2b3c4d.log.gz"
        );
        let line = format!(
            "https 2026-08-01T00:01:02.345678Z app/web/0123456789abcdef 203.0.113.5:50000 198.51.100.20:443 0.001 0.004 0.000 200 200 120 5120 \"GET https://www.example.com:443/ HTTP/2.0\" \"curl/8.15.0\" TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:us-east-1:{account}:targetgroup/web/fedcba9876543210\n"
        );
        self.summary.foreign += 1;
        self.put(key, line);
    }

    /// The start and end of the burst, and of a run of refused calls.
    fn write_insights(&mut self) {
        let Some(burst) = self.summary.burst.clone() else {
            return;
        };
        let (start, end) = self.burst_window();
        let rate = |count: u64| count / 20;
        for (source, name, kind, error, who, average) in [
            (
                &*burst.event_source,
                &*burst.event_name,
                "ApiCallRateInsight",
                "",
                &*burst.principal,
                rate(burst.events),
            ),
            (
                "secretsmanager.amazonaws.com",
                "PutSecretValue",
                "ApiErrorRateInsight",
                "AccessDenied",
                "ci-deploy",
                2,
            ),
        ] {
            let shared = self.rng.uuid();
            for (state, time, duration) in [("Start", start, 1), ("End", end, 20)] {
                let error = if error.is_empty() {
                    String::new()
                } else {
                    format!(r#""errorCode":"{error}","#)
                };
                let ended = if state == "End" {
                    format!(r#","insightDuration":{duration},"baselineDuration":10080"#)
                } else {
                    r#","baselineDuration":10080"#.to_owned()
                };
                let content = format!(
                    r#"{{"Records":[{{"eventVersion":"1.11","eventTime":"{}","awsRegion":"us-east-1","eventID":"{}","eventType":"AwsCloudTrailInsight","recipientAccountId":"{}","sharedEventID":"{shared}","insightDetails":{{"state":"{state}","eventSource":"{source}","eventName":"{name}","insightType":"{kind}",{error}"insightContext":{{"statistics":{{"baseline":{{"average":9.82222E-5}},"insight":{{"average":{average}.5}}{ended}}},"attributions":[{{"attribute":"userIdentityArn","insight":[{{"value":"{who}","average":{average}.5}}],"baseline":[{{"value":"{who}","average":9.82222E-5}}]}}]}}}},"eventCategory":"Insight"}}]}}"#,
                    time_text(time),
                    self.rng.uuid(),
                    burst.account_id,
                );
                let place = Place {
                    account: 0,
                    region: 0,
                };
                let key = self.log_key(place, "CloudTrail-Insight", time + 1500);
                self.summary.insights += 1;
                self.put(key, content);
            }
        }
    }

    /// Five minutes' data events in sums, one record for each of CloudTrail's three templates.
    fn write_aggregated(&mut self, start: i64, day: i64) {
        let place = Place {
            account: 0,
            region: 0,
        };
        let account = self.accounts[0].id.clone();
        let n = 40 + self.rng.below(60);
        let time = |time: i64| {
            let text = time_text(time);
            if day % 2 == 0 {
                text
            } else {
                text.replace('T', " ").replace('Z', "")
            } // AWS's pages show both
        };
        let count = |dimension: &str, values: &[(&str, u64)]| {
            let values: Vec<String> = values
                .iter()
                .map(|(name, n)| format!(r#"{{"name":"{name}","value":{n}}}"#))
                .collect();
            format!(
                r#"{{"dimension":"{dimension}","statistics":[{}],"aggregationType":"Count"}}"#,
                values.join(",")
            )
        };
        let api = [("GetObject", n), ("PutObject", n / 2)];
        let bucket = format!("arn:aws:s3:::example-orders-{account}");
        let role = format!("AssumedRole:arn:aws:sts::{account}:assumed-role/orders-api/orders-api");
        let resources = [(&*bucket, n + n / 2)];
        let people = [(&*role, n), ("AWSService:AWS Internal", n / 2)];
        let records: Vec<String> = [
            (count("eventName", &api), count("userIdentity", &people)),
            (count("resourceARN", &resources), count("eventName", &api)),
            (count("userIdentity", &people), count("eventName", &api)),
        ]
        .iter()
        .map(|(primary, detail)| {
            format!(
                r#"{{"eventVersion":"1.0","accountId":"{account}","eventId":"{}","eventCategory":"Aggregated","eventType":"AwsAggregatedEvent","awsRegion":"us-east-1","eventSource":"s3.amazonaws.com","timeWindow":{{"windowStart":"{}","windowEnd":"{}","windowSize":"PT5M"}},"summary":{{"primaryDimension":{primary},"details":[{detail}]}}}}"#,
                self.rng.uuid(), time(start), time(start + SLOT),
            )
        })
        .collect();
        self.summary.aggregated += records.len() as u64;
        let key = self.log_key(place, "CloudTrail-Aggregated", start + 2 * SLOT);
        self.put(key, format!(r#"{{"Records":[{}]}}"#, records.join(",")));
    }
}
