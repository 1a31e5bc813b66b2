//! `trailmill guardrail`: what agents did becomes policies, and nothing that is in a log widens them.

use std::fs;

use serde_json::{Value, json};

use crate::s3_double::S3Double;
use crate::support::{Bucket, Out, Ran, delivery_key, event, files, trailmill};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trail");
const MCP: &str = "aws-mcp.amazonaws.com";
const ROLE: &str = "arn:aws:iam::111122223333:role/agent";

fn guardrail(out: &Out, args: &[&str]) -> Ran {
    trailmill(&[&["guardrail", &out.arg()], args].concat())
}

fn fixtures() -> Out {
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    out
}

/// The one document that `--format json` prints.
fn document(out: &Out, args: &[&str]) -> Value {
    let ran = guardrail(out, &[args, &["--format", "json"]].concat()).expect(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The values of a member of rows.
fn values(rows: &Value, member: &str) -> Vec<String> {
    let value = |row: &Value| row[member].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(value).collect()
}

/// A dataset of these records, each an ordinary one with members put in place of its own.
fn dataset_of(records: &[Value]) -> Out {
    let record = |(n, members): (u64, &Value)| {
        let mut record: Value =
            serde_json::from_str(&event(n, "2026-08-01T12:00:00Z", "")).unwrap();
        for (key, value) in members.as_object().unwrap() {
            record[key] = value.clone();
        }
        record.to_string()
    };
    let records: Vec<String> = (0..).zip(records).map(record).collect();
    let bucket = Bucket::new();
    let key = delivery_key("111122223333", "us-east-1", "20260801T1200Z", 1);
    bucket.deliver(&key, &records);
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);
    out
}

/// A session of the agent's role; through which server, if any.
fn identity(server: Option<&str>) -> Value {
    json!({
        "type": "AssumedRole", "accountId": "111122223333", "accessKeyId": "ASIAEXAMPLE",
        "principalId": "AROAEXAMPLE:session", "arn": "arn:aws:sts::111122223333:assumed-role/agent/session",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE, "userName": "agent"}},
        "invokedBy": server,
    })
}

#[test]
fn policies_for_people() {
    let out = fixtures();
    insta::assert_snapshot!("policies_for_people", guardrail(&out, &[]).expect(0).stdout);
    let iam = guardrail(&out, &["--kind", "iam"]).expect(0).stdout;
    insta::assert_snapshot!("policies_for_people-2", iam);
}

#[test]
fn the_basis_is_what_the_events_say() {
    let out = fixtures();
    let document = document(&out, &["--kind", "iam"]);
    let mut expected = 0;
    for row in out.rows("events") {
        let is_downstream = row.get("mcp_channel") == Some(&json!("downstream"));
        expected += u64::from(is_downstream && !row.contains_key("error_code"));
    }
    let rows = document["basis"].as_array().unwrap();
    let calls: u64 = rows.iter().map(|row| row["calls"].as_u64().unwrap()).sum();
    assert_eq!(calls, expected);
    assert!(values(&document["basis"], "action").contains(&"cloudwatch:DescribeAlarms".to_owned()));
    assert_eq!(document["kind"], "iam");
    let policies = document["policies"].as_array().unwrap();
    assert!(
        policies
            .iter()
            .all(|policy| policy["document"]["Version"] == "2012-10-17")
    );
}

#[test]
fn links_show_calls_without_a_mark_and_those_without_either_are_nobodys() {
    let tool_call = json!({
        "eventSource": MCP, "eventName": "CallReadWriteTool", "eventType": "AwsMcpEvent",
        "userIdentity": identity(None), "requestParameters": {"method": "tools/call"},
        "additionalEventData": {"downstreamRequests": [
            {"requestId": "LINKED", "apiName": "s3:GetBucketTagging", "awsRegion": "us-east-1"}]},
    });
    let call = |name: &str, request: &str| {
        let members =
            json!({"eventName": name, "requestID": request, "userIdentity": identity(None)});
        members
    };
    let out = dataset_of(&[
        tool_call,
        call("GetBucketTagging", "LINKED"),
        call("GetBucketLogging", "LINKED"), // another call of the same request id
        call("GetBucketPolicy", "OTHER"),
    ]);
    let document = document(&out, &[]);
    assert_eq!(
        values(&document["basis"], "action"),
        ["s3:GetBucketTagging"]
    );
}

#[test]
fn who_and_which_server_narrow_the_policies() {
    let call = |name: &str, server: &str, more: Value| {
        let mut members = json!({"eventName": name, "userIdentity": identity(Some(server))});
        members
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        members
    };
    let alice = json!({"type": "IAMUser", "userName": "alice", "invokedBy": MCP,
        "arn": "arn:aws:iam::111122223333:user/alice"});
    let out = dataset_of(&[
        call("GetBucketLogging", MCP, json!({})),
        call("GetBucketPolicy", "eks-mcp.amazonaws.com", json!({})),
        call("DeleteBucket", MCP, json!({})),
        call(
            "GetBucketTagging",
            MCP,
            json!({"errorCode": "AccessDenied"}),
        ),
        call("GetBucketAcl", MCP, json!({"userIdentity": alice})),
    ]);
    let role = document(&out, &["--principal", ROLE, "--mcp-server", "aws-mcp"]);
    assert_eq!(values(&role["basis"], "action"), ["s3:GetBucketLogging"]);
    assert_eq!(values(&role["destructive"], "action"), ["s3:DeleteBucket"]);
    assert_eq!(values(&role["failed"], "reason"), ["AccessDenied"]);
    let statements = role["policies"][0]["document"]["Statement"]
        .as_array()
        .unwrap();
    for statement in statements {
        let expected =
            json!({"StringEquals": {"aws:CalledViaAWSMCP": MCP, "aws:PrincipalArn": ROLE}});
        assert_eq!(statement["Condition"], expected);
    }
    let all = document(&out, &[]);
    let actions = [
        "s3:GetBucketAcl",
        "s3:GetBucketLogging",
        "s3:GetBucketPolicy",
    ];
    assert_eq!(values(&all["basis"], "action"), actions);
    // An identity policy says with what it is attached to whom it is about.
    let iam = document(&out, &["--kind", "iam", "--principal", ROLE]);
    let condition = &iam["policies"][0]["document"]["Statement"][0]["Condition"];
    assert_eq!(
        *condition,
        json!({"Bool": {"aws:ViaAWSMCPService": "true"}})
    );
}

#[test]
fn files_are_the_policies_and_no_others() {
    let out = fixtures();
    let folder = out.path().with_extension("policies");
    let dir = folder.to_str().unwrap();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("trailmill-scp-2.json"), "of an earlier time").unwrap();
    fs::write(folder.join("mine.json"), "{}").unwrap();
    let ran = guardrail(&out, &["-o", dir]).expect(0);
    assert!(ran.stdout.contains("trailmill-scp-1.json: "), "{ran:?}");
    assert!(!ran.stdout.contains("\"Version\""), "{ran:?}");
    assert_eq!(files(&folder), ["mine.json", "trailmill-scp-1.json"]);
    let written = fs::read_to_string(folder.join("trailmill-scp-1.json")).unwrap();
    assert!(written.chars().count() <= 5120, "as the AWS CLI sends it");
    let policy: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(policy, document(&out, &[])["policies"][0]["document"]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_strangers_wrote_does_nothing() {
    let out = dataset_of(&[
        json!({"eventName": "*", "userIdentity": identity(Some(MCP))}),
        json!({"eventName": "\u{1b}]0;gone\u{7}", "userIdentity": identity(Some(MCP))}),
        json!({"eventName": "ListObjects", "userIdentity": identity(Some(MCP)),
            "resources": [{"ARN": "arn:aws:s3:::*", "type": "AWS::S3::Bucket"}]}),
    ]);
    let shown = guardrail(&out, &["--kind", "iam"]).expect(0).stdout;
    assert!(
        !shown.contains(|c: char| c.is_control() && c != '\n'),
        "{shown:?}"
    );
    let document = document(&out, &["--kind", "iam"]);
    assert_eq!(
        document["basis"][0]["resources"],
        json!(["arn:aws:s3:::${*}"])
    );
    assert_eq!(document["without_action"].as_array().unwrap().len(), 2);
}

#[test]
fn what_makes_no_policy_is_said() {
    let out = dataset_of(&[json!({})]);
    for (args, says) in [
        (&[][..], "there is nothing to make a policy of"),
        (
            &["--from", "2026-08-02", "--to", "2026-08-01"],
            "--from is not before --to",
        ),
        (
            &["--mcp-server", "*"],
            "--mcp-server takes a service principal",
        ),
    ] {
        let ran = guardrail(&out, args).expect(2);
        assert!(
            ran.stderr.contains(says) && ran.stdout.is_empty(),
            "{ran:?}"
        );
    }
    let nameless = json!({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "1", "invokedBy": MCP});
    let out = dataset_of(&[json!({"userIdentity": nameless})]);
    let principal = out.rows("events")[0]["principal"]
        .as_str()
        .unwrap()
        .to_owned();
    let ran = guardrail(&out, &["--principal", &principal]).expect(2);
    assert!(ran.stderr.contains("use --kind iam"), "{ran:?}");
    guardrail(&out, &["--principal", &principal, "--kind", "iam"]).expect(0);
}

#[test]
fn a_dataset_in_a_bucket_too() {
    let s3 = S3Double::start();
    s3.create_bucket("out");
    let access = ["--endpoint-url", s3.url(), "--no-sign-request"];
    let run = [&["run", FIXTURES, "--out", "s3://out/tables"], &access[..]].concat();
    trailmill(&run).expect(0);
    let there = [&["guardrail", "s3://out/tables"], &access[..]].concat();
    let there = trailmill(&there).expect(0).stdout;
    assert_eq!(there, guardrail(&fixtures(), &[]).expect(0).stdout);
}
