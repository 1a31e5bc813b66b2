//! `trailmill generate`: every feature is there, the answers it plants can be found, and the bytes never change.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trailmill::cli::GenerateArgs;
use trailmill::generate::{Bucket, Gzip, Object, Options, Summary, run};

const THOUSAND: Options = Options {
    events: 1000,
    days: 2,
    accounts: 2,
    seed: 7,
};

struct Made {
    objects: Vec<Object>,
    summary: Summary,
}

fn make(options: Options) -> Made {
    let mut bucket = Bucket::new(options);
    let objects = bucket.by_ref().collect();
    Made {
        objects,
        summary: bucket.summary().clone(),
    }
}

impl Made {
    /// The records of one folder family, with the key of their object.
    fn family(&self, family: &str) -> Vec<(&str, Value)> {
        let folder = format!("/{family}/");
        let of_family = self
            .objects
            .iter()
            .filter(|object| object.key.contains(&folder));
        of_family
            .flat_map(|object| {
                let content: Value = serde_json::from_str(&object.content).expect(&object.key);
                let records = content["Records"].as_array().expect(&object.key).clone();
                records
                    .into_iter()
                    .map(|record| (object.key.as_str(), record))
            })
            .collect()
    }

    /// The distinct events.
    fn events(&self) -> Vec<Value> {
        let mut seen = BTreeSet::new();
        let mut events: Vec<Value> = self
            .family("CloudTrail")
            .into_iter()
            .chain(self.family("CloudTrail-NetworkActivity"))
            .map(|at| at.1)
            .collect();
        events.retain(|event| seen.insert(text(event, "/eventID").to_owned()));
        events
    }

    fn count(&self, wanted: impl Fn(&Value) -> bool) -> usize {
        self.events().iter().filter(|event| wanted(event)).count()
    }
}

fn text<'a>(event: &'a Value, at: &str) -> &'a str {
    event.pointer(at).and_then(Value::as_str).unwrap_or("")
}

fn is(event: &Value, at: &str, value: &str) -> bool {
    text(event, at) == value
}

#[test]
fn equal_options_give_equal_bytes_and_another_seed_others() {
    let (a, b) = (make(THOUSAND), make(THOUSAND));
    assert_eq!(a.objects, b.objects);
    let other = make(Options {
        seed: 8,
        ..THOUSAND
    });
    assert_eq!(other.summary.events, 1000);
    let ids = |made: &Made| {
        made.events()
            .iter()
            .map(|e| text(e, "/eventID").to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert!(ids(&a).is_disjoint(&ids(&other)));
}

/// On every machine, for ever: fixtures and their oracles depend on it.
#[test]
fn bytes_stay() {
    let (mut contents, mut files) = (Sha256::new(), Sha256::new());
    for object in make(THOUSAND).objects {
        contents.update(&object.key);
        contents.update(&object.content);
        files.update(Gzip::default().pack(&object.content).unwrap());
    }
    insta::assert_snapshot!(hex(&contents.finalize()), @"d508a9e36caa350291db1b7173ff3cd290c959d6319755a381b7b464e2f0ffc3");
    // Changes with the version of zlib-rs too; then the fixtures must be made again.
    insta::assert_snapshot!(hex(&files.finalize()), @"f3f8af13b8b7ff894d7e0bafcd77db687fe4bf97eab9ab0a1a7a2d71e0397bb9");
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[test]
fn there_are_as_many_distinct_events_as_asked_for() {
    for (events, days, accounts) in [
        (1, 1, 1),
        (24, 2, 3),
        (250, 1, 1),
        (1000, 30, 3),
        (1000, 400, 10),
        (5000, 1, 2),
    ] {
        let options = Options {
            events,
            days,
            accounts,
            seed: 3,
        };
        let made = make(options);
        assert_eq!(made.events().len() as u64, events, "{options:?}");
        assert_eq!(made.summary.events, events, "{options:?}");
        let delivered =
            made.family("CloudTrail").len() + made.family("CloudTrail-NetworkActivity").len();
        assert_eq!(
            delivered as u64,
            events + made.summary.duplicates,
            "{options:?}"
        );
    }
}

#[test]
fn events_lie_in_the_days_and_accounts_asked_for() {
    let made = make(Options {
        events: 3000,
        days: 3,
        accounts: 3,
        seed: 1,
    });
    for event in made.events() {
        let day = &text(&event, "/eventTime")[..10];
        assert!(("2026-08-01"..="2026-08-03").contains(&day), "{day}");
        assert!(
            ["111122223333", "222233334444", "333344445555"]
                .contains(&text(&event, "/recipientAccountId"))
        );
    }
}

#[test]
fn keys_have_awss_shape_and_objects_come_soon_after_their_events() {
    let made = make(THOUSAND);
    assert!(
        made.objects
            .iter()
            .map(|object| &object.key)
            .collect::<BTreeSet<_>>()
            .len()
            == made.objects.len()
    );
    let (mut late, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (key, record) in made.family("CloudTrail") {
        if !seen.insert(text(&record, "/eventID").to_owned()) {
            continue; // a copy, which comes later
        }
        let parts: Vec<&str> = key.split('/').collect();
        let [_, account, _, region, year, month, day, name] = parts[..] else {
            panic!("{key}")
        };
        let delivered = name.split('_').nth(3).unwrap();
        assert!(
            name.starts_with(&format!(
                "{account}_CloudTrail_{region}_{year}{month}{day}T"
            )),
            "{key}"
        );
        assert_eq!(
            (delivered.len(), name.len()),
            (14, account.len() + region.len() + 13 + 15 + 16 + 8),
            "{key}"
        );
        assert_eq!(
            (account, region),
            (
                text(&record, "/recipientAccountId"),
                text(&record, "/awsRegion")
            )
        );
        let event_day = &text(&record, "/eventTime")[..10];
        if event_day < format!("{year}-{month}-{day}").as_str()
            && !text(&record, "/eventTime")[11..].starts_with("23:5")
        {
            late.insert(key);
        }
    }
    assert_eq!(late.len() as u64, made.summary.late_objects);
    assert!(made.summary.late_events > 0);
}

#[test]
fn redelivered_records_are_byte_identical_and_in_another_object() {
    let made = make(THOUSAND);
    let mut first: HashMap<String, (&str, Value)> = HashMap::new();
    let mut again = 0;
    for (key, record) in made.family("CloudTrail") {
        let id = text(&record, "/eventID").to_owned();
        if let Some((other, same)) = first.get(&id) {
            assert_eq!((same, *other != key), (&record, true));
            let raw = format!(r#""eventID":"{id}""#);
            let whole = |at: &str| {
                let object = made.objects.iter().find(|object| object.key == at).unwrap();
                let middle = object.content.find(&raw).unwrap();
                let start = object.content[..middle]
                    .rfind(r#"{"eventVersion""#)
                    .unwrap();
                let rest = &object.content[start + 1..];
                let end = rest.find(r#",{"eventVersion""#).unwrap_or(rest.len() - 2);
                rest[..end].to_owned()
            };
            assert_eq!(whole(other), whole(key));
            again += 1;
        } else {
            first.insert(id, (key, record));
        }
    }
    assert!(again > 0);
    assert_eq!(again, made.summary.duplicates);
}

/// The channel of an event by tables.md's rules, told naively.
fn channel(event: &Value) -> Option<&'static str> {
    let (source, name, agent) = (
        text(event, "/eventSource"),
        text(event, "/eventName"),
        text(event, "/userAgent"),
    );
    let mcp = |host: &str| host.ends_with("-mcp.amazonaws.com");
    if is(event, "/eventType", "AwsMcpEvent") || mcp(source) {
        Some("tool_call")
    } else if source == "bedrock-agentcore.amazonaws.com" {
        Some(if matches!(name, "InvokeGateway" | "InvokeMcp") {
            "gateway"
        } else {
            "gateway_admin"
        })
    } else if mcp(text(event, "/userIdentity/invokedBy"))
        || event["additionalEventData"]
            .get("CalledViaAWSMCP")
            .is_some()
    {
        Some("downstream")
    } else if name.contains("OAuth2")
        && text(event, "/requestParameters/resource").contains("aws-mcp.")
    {
        Some("oauth_grant")
    } else if agent.contains("awslabs") || agent.contains("-mcp-server/") {
        Some("self_hosted")
    } else {
        None
    }
}

#[test]
fn every_mcp_channel_is_there_and_counted() {
    let made = make(THOUSAND);
    let mut channels: BTreeMap<&str, u64> = BTreeMap::new();
    for event in made.events() {
        if let Some(channel) = channel(&event) {
            *channels.entry(channel).or_default() += 1;
        }
    }
    let names: Vec<_> = channels.keys().copied().collect();
    assert_eq!(
        names,
        [
            "downstream",
            "gateway",
            "gateway_admin",
            "oauth_grant",
            "self_hosted",
            "tool_call"
        ]
    );
    assert_eq!(channels, made.summary.mcp_channels);
    for pointer in [
        "/responseElements/error",
        "/responseElements/body/error",
        "/mcpEventDetails/sessionId",
    ] {
        assert!(
            made.count(|event| event.pointer(pointer).is_some()) > 0,
            "{pointer}"
        );
    }
    assert!(
        made.count(|event| event.pointer("/responseElements/statusCode") == Some(&403.into())) > 0
    );
}

#[test]
fn links_join() {
    let made = make(THOUSAND);
    let events = made.events();
    let by_request: HashMap<&str, &Value> = events
        .iter()
        .map(|event| (text(event, "/requestID"), event))
        .collect();
    let (mut links, mut elsewhere, mut by_gateway) = (0, 0, 0);
    for event in &events {
        for link in event
            .pointer("/additionalEventData/downstreamRequests")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let call = by_request[text(link, "/requestId")];
            let service = text(call, "/eventSource").trim_end_matches(".amazonaws.com");
            assert_eq!(
                text(link, "/apiName"),
                format!("{service}:{}", text(call, "/eventName"))
            );
            assert_eq!(text(link, "/awsRegion"), text(call, "/awsRegion"));
            let host = text(call, "/userIdentity/invokedBy");
            assert_eq!(
                (host, host),
                (text(call, "/sourceIPAddress"), text(call, "/userAgent"))
            );
            elsewhere += usize::from(text(call, "/awsRegion") != text(event, "/awsRegion"));
            links += 1;
        }
        for id in event
            .pointer("/additionalEventData/downstreamRequestIds")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            assert_eq!(channel(by_request[id.as_str().unwrap()]), None);
            by_gateway += 1;
        }
    }
    assert!(
        links > 5 && elsewhere > 0 && by_gateway > 0,
        "{links} {elsewhere} {by_gateway}"
    );
    assert_eq!(links + by_gateway, made.summary.mcp_links);
}

#[test]
fn issued_keys_are_used_later() {
    let events = make(THOUSAND).events();
    let mut issued: HashMap<&str, (&str, &str)> = HashMap::new();
    for event in &events {
        let key = text(event, "/responseElements/credentials/accessKeyId");
        if text(event, "/eventName").starts_with("AssumeRole") && !key.is_empty() {
            issued.insert(
                key,
                (
                    text(event, "/eventTime"),
                    text(event, "/responseElements/assumedRoleUser/arn"),
                ),
            );
        }
    }
    let mut used = BTreeSet::new();
    for event in &events {
        let key = text(event, "/userIdentity/accessKeyId");
        if let Some((time, arn)) = issued.get(key) {
            assert!(*time < text(event, "/eventTime"));
            assert_eq!(*arn, text(event, "/userIdentity/arn"));
            assert_eq!(
                *time,
                text(
                    event,
                    "/userIdentity/sessionContext/attributes/creationDate"
                )
            );
            used.insert(key);
        }
    }
    assert!(
        used.len() > 10 && used.len() * 2 > issued.len(),
        "{} of {}",
        used.len(),
        issued.len()
    );
}

/// The outcome of a sign-in by tables.md's rules, told naively.
fn outcome(event: &Value) -> Option<&'static str> {
    let name = text(event, "/eventName");
    let said = match (text(event, "/eventSource"), name) {
        ("signin.amazonaws.com", "AuthorizeOAuth2Access" | "CreateOAuth2Token") => {
            is(event, "/additionalEventData/success", "true")
        }
        ("signin.amazonaws.com", _) => ["responseElements", "serviceEventDetails"]
            .iter()
            .any(|at| is(event, &format!("/{at}/{name}"), "Success")),
        ("sso.amazonaws.com", "Federate" | "Authenticate")
        | ("sts.amazonaws.com", "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity") => {
            event.get("errorCode").is_none()
        }
        _ => return None,
    };
    Some(if said { "success" } else { "failure" })
}

#[test]
fn sign_ins_succeed_and_fail_as_counted() {
    let made = make(THOUSAND);
    let (mut outcomes, mut names): (BTreeMap<&str, u64>, BTreeSet<String>) = Default::default();
    for event in made.events() {
        if let Some(outcome) = outcome(&event) {
            *outcomes.entry(outcome).or_default() += 1;
            names.insert(text(&event, "/eventName").to_owned());
        }
    }
    assert_eq!(outcomes, made.summary.sign_ins);
    assert!(
        outcomes["failure"] >= 9 && outcomes["success"] >= 20,
        "{outcomes:?}"
    );
    insta::assert_snapshot!(names.into_iter().collect::<Vec<_>>().join(" "), @"AssumeRoleWithSAML AssumeRoleWithWebIdentity AuthorizeOAuth2Access CheckMfa ConsoleLogin CreateOAuth2Token CredentialChallenge CredentialVerification Federate GetSigninToken SwitchRole UserAuthentication");
    let guessed: Vec<bool> = {
        let mut tries = made.events();
        tries.retain(|e| {
            is(e, "/eventName", "ConsoleLogin") && is(e, "/sourceIPAddress", "198.51.100.250")
        });
        tries.sort_by_key(|e| text(e, "/eventTime").to_owned());
        tries
            .iter()
            .map(|e| outcome(e) == Some("success"))
            .collect()
    };
    assert_eq!(
        guessed[..7],
        [false, false, false, false, false, false, true]
    );
}

#[test]
fn a_thousand_events_hold_one_of_everything() {
    let made = make(THOUSAND);
    let types: BTreeSet<String> = made
        .events()
        .iter()
        .map(|e| text(e, "/userIdentity/type").to_owned())
        .collect();
    insta::assert_snapshot!(types.into_iter().collect::<Vec<_>>().join(" "), @" AWSAccount AWSService AssumedRole IAMUser IdentityCenterUser Root SAMLUser WebIdentityUser");
    let codes: BTreeSet<String> = made
        .events()
        .iter()
        .map(|e| text(e, "/errorCode").to_owned())
        .collect();
    insta::assert_snapshot!(codes.into_iter().collect::<Vec<_>>().join(" "), @" AccessDenied Client.UnauthorizedOperation NoSuchBucket ThrottlingException VpceAccessDenied");
    let sources: BTreeSet<String> = made
        .events()
        .iter()
        .map(|e| text(e, "/eventSource").to_owned())
        .collect();
    assert!(sources.len() >= 20, "{sources:?}");
    for pointer in [
        "/userIdentity/sessionContext/sourceIdentity",
        "/userIdentity/sessionContext/signInSessionArn",
        "/userIdentity/sessionContext/ec2RoleDelivery",
        "/userIdentity/sessionContext/webIdFederationData/federatedProvider",
        "/userIdentity/onBehalfOf/userId",
        "/userIdentity/credentialId",
        "/sharedEventID",
        "/addendum/originalEventID",
        "/sessionCredentialFromConsole",
        "/resources/0/ARNPrefix",
        "/resources/0/ARN",
        "/responseElements/instancesSet/items/0/instanceId",
        "/responseElements/accessKey/accessKeyId",
        "/vpcEndpointId",
    ] {
        assert!(
            made.count(|event| event.pointer(pointer).is_some()) > 0,
            "{pointer}"
        );
    }
    assert!(made.count(|e| is(e, "/userIdentity/accountId", "anonymous")) > 0);
    assert!(made.count(|e| text(e, "/userIdentity/arn").contains("/AWSReservedSSO_")) > 10);
    let Summary {
        network_activity,
        insights,
        aggregated,
        digests,
        foreign,
        duplicates,
        ..
    } = made.summary;
    assert!(network_activity > 0 && aggregated == 6 && digests > 0 && duplicates > 0);
    assert_eq!((insights, foreign), (4, 1));
    assert_eq!(
        made.family("CloudTrail-NetworkActivity").len() as u64,
        network_activity
    );
    assert_eq!(
        made.family("CloudTrail-Aggregated").len() as u64,
        aggregated
    );
    assert_eq!(made.family("CloudTrail-Insight").len() as u64, insights);
}

#[test]
fn so_do_a_thousand_of_any_seed_and_shape() {
    for (seed, days, accounts) in [
        (1, 1, 1),
        (2, 3, 3),
        (3, 30, 1),
        (4, 365, 12),
        (5, 7, 2),
        (6, 2, 5),
    ] {
        let made = make(Options {
            events: 1000,
            days,
            accounts,
            seed,
        });
        let summary = &made.summary;
        let types: BTreeSet<String> = made
            .events()
            .iter()
            .map(|e| text(e, "/userIdentity/type").to_owned())
            .collect();
        let shape = format!("seed {seed}, {days} days, {accounts} accounts: {summary:?}");
        assert_eq!((summary.mcp_channels.len(), types.len()), (6, 9), "{shape}");
        assert!(
            summary.mcp_links > 0 && summary.sign_ins["failure"] >= 9,
            "{shape}"
        );
        assert!(
            summary.network_activity > 0 && summary.duplicates > 0,
            "{shape}"
        );
        assert!(
            summary.late_objects > 0 && summary.burst.is_some() && summary.digests > 0,
            "{shape}"
        );
        assert!(
            made.count(|e| e.pointer("/addendum").is_some()) > 0,
            "{shape}"
        );
        assert!(
            made.count(|e| is(e, "/userIdentity/accountId", "anonymous")) > 0,
            "{shape}"
        );
    }
}

#[test]
fn a_cross_account_call_is_in_both_trails() {
    let events = make(THOUSAND).events();
    let mut shared: HashMap<&str, Vec<&Value>> = HashMap::new();
    for event in events
        .iter()
        .filter(|e| is(e, "/eventName", "GetObject") && e.get("sharedEventID").is_some())
    {
        shared
            .entry(text(event, "/sharedEventID"))
            .or_default()
            .push(event);
    }
    assert!(!shared.is_empty());
    for pair in shared.values() {
        assert_eq!(pair.len(), 2);
        assert_ne!(
            text(pair[0], "/recipientAccountId"),
            text(pair[1], "/recipientAccountId")
        );
        assert_ne!(text(pair[0], "/eventID"), text(pair[1], "/eventID"));
    }
}

#[test]
fn the_burst_stands_out() {
    let made = make(THOUSAND);
    let burst = made.summary.burst.clone().unwrap();
    let of_principal = |event: &Value| {
        is(event, "/eventName", &burst.event_name)
            && is(
                event,
                "/userIdentity/sessionContext/sessionIssuer/arn",
                &burst.principal,
            )
    };
    let within = |event: &Value| {
        (burst.start.as_str()..burst.end.as_str()).contains(&text(event, "/eventTime"))
    };
    let inside = made.count(|event| of_principal(event) && within(event)) as u64;
    let outside = made.count(|event| of_principal(event) && !within(event)) as u64;
    assert!(
        inside >= burst.events && inside <= burst.events + 2 && outside > 0 && outside * 5 < inside,
        "{inside} {outside}"
    );
    insta::assert_debug_snapshot!(burst, @r#"
    Burst {
        principal: "arn:aws:iam::111122223333:role/reporting",
        account_id: "111122223333",
        aws_region: "us-east-1",
        event_source: "ec2.amazonaws.com",
        event_name: "DeleteSnapshot",
        start: "2026-08-02T13:05:00Z",
        end: "2026-08-02T13:25:00Z",
        events: 40,
    }
    "#);
}

#[test]
fn digests_name_objects_by_the_hash_of_their_content() {
    let made = make(THOUSAND);
    let hash = |content: &str| hex(&Sha256::digest(content));
    let hashes: HashMap<&str, String> = made
        .objects
        .iter()
        .map(|o| (o.key.as_str(), hash(&o.content)))
        .collect();
    let (mut n_logs, mut n_chained, mut n_digests) = (0, 0, 0);
    for object in made
        .objects
        .iter()
        .filter(|object| object.key.contains("/CloudTrail-Digest/"))
    {
        let digest: Value = serde_json::from_str(&object.content).unwrap();
        assert_eq!(text(&digest, "/digestS3Object"), object.key);
        for log in digest["logFiles"].as_array().unwrap() {
            assert_eq!(hashes[text(log, "/s3Object")], text(log, "/hashValue"));
            n_logs += 1;
        }
        if let Some(previous) = digest["previousDigestS3Object"].as_str() {
            assert_eq!(hashes[previous], text(&digest, "/previousDigestHashValue"));
            n_chained += 1;
        }
        n_digests += 1;
    }
    let logs = made
        .objects
        .iter()
        .filter(|object| object.key.contains("/CloudTrail/"))
        .count();
    assert_eq!((n_logs, n_digests), (logs, made.summary.digests));
    assert!(n_chained > 0);
}

#[test]
fn run_writes_the_bucket_whatever_the_threads() {
    let at = tempfile::tempdir().unwrap();
    let written = |name: &str, n_threads: usize| {
        let dir = at.path().join(name);
        let args = GenerateArgs {
            dir: dir.clone(),
            events: 1000,
            days: 2,
            accounts: 2,
            seed: 7,
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .build()
            .unwrap();
        let summary = pool.install(|| run(&args)).unwrap();
        let objects = make(THOUSAND).objects;
        let files: Vec<Vec<u8>> = objects
            .iter()
            .map(|o| std::fs::read(dir.join(&o.key)).unwrap())
            .collect();
        assert_eq!(
            files.iter().map(|file| file.len() as u64).sum::<u64>(),
            summary.bytes
        );
        assert_eq!(files.len() as u64, summary.objects);
        (files, summary)
    };
    assert_eq!(written("one", 1), written("four", 4));
}

#[test]
fn a_folder_that_holds_something_is_refused() {
    let at = tempfile::tempdir().unwrap();
    std::fs::write(at.path().join("notes.txt"), "mine").unwrap();
    let args = GenerateArgs {
        dir: at.path().to_owned(),
        events: 10,
        days: 1,
        accounts: 1,
        seed: 1,
    };
    let error = run(&args).unwrap_err().to_string();
    assert!(
        error.ends_with("is not empty: give a new or empty folder"),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(at.path()).unwrap().count(), 1);
    for wrong in [
        GenerateArgs {
            days: 0,
            ..args_in(&at)
        },
        GenerateArgs {
            accounts: 0,
            ..args_in(&at)
        },
        GenerateArgs {
            events: 0,
            ..args_in(&at)
        },
    ] {
        assert!(run(&wrong).unwrap_err().to_string().starts_with("--"));
    }
}

fn args_in(at: &tempfile::TempDir) -> GenerateArgs {
    GenerateArgs {
        dir: at.path().join("new"),
        events: 10,
        days: 1,
        accounts: 1,
        seed: 1,
    }
}

/// `fixtures/trail` is made so, and lies in the repository.
#[test]
fn the_fixture_stays_small() {
    let made = make(Options {
        events: 1400,
        days: 2,
        accounts: 2,
        seed: 7,
    });
    let n_bytes: usize = made
        .objects
        .iter()
        .map(|object| Gzip::default().pack(&object.content).unwrap().len())
        .sum();
    assert!(n_bytes < 300_000, "{n_bytes}");
    assert!(made.objects.len() < 200, "{}", made.objects.len());
}
