//! Policies are in IAM's grammar and limits, and do what they are meant to: a small simulator asks them.

use proptest::prelude::*;
use serde_json::Value;

use super::document::{Condition, Document, Effect, Kind, Statement, Which};
use super::split::{pack, wildcards};
use super::{Call, Evidence, Guardrail, Wanted};

const MCP: &str = "aws-mcp.amazonaws.com";
const AGENT: &str = "arn:aws:iam::111122223333:role/agent";

/// A request, as IAM sees it.
#[derive(Clone, Copy)]
struct Request<'a> {
    action: &'a str,
    resource: &'a str,
    /// The managed MCP server that it comes through.
    server: Option<&'a str>,
    principal: &'a str,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Answer {
    Allowed,
    Denied,
    /// No statement is about it.
    Nothing,
}

/// What IAM says: a denial counts more than what allows.
fn simulate(policies: &[Value], request: Request<'_>) -> Answer {
    let statements = policies
        .iter()
        .flat_map(|policy| texts_or_all(&policy["Statement"]));
    let effects: Vec<&str> = statements
        .filter(|statement| is_about(statement, request))
        .map(|statement| statement["Effect"].as_str().expect("an effect"))
        .collect();
    match effects.as_slice() {
        [] => Answer::Nothing,
        all if all.contains(&"Deny") => Answer::Denied,
        _ => Answer::Allowed,
    }
}

fn is_about(statement: &Value, request: Request<'_>) -> bool {
    let names = |key: &str, text: &str, is_case_bound| {
        let mut patterns = texts_or_all(&statement[key]).iter();
        patterns.any(|pattern| matches(pattern.as_str().expect("a text"), text, is_case_bound))
    };
    let is_action = match statement.get("NotAction") {
        Some(_) => !names("NotAction", request.action, false),
        None => names("Action", request.action, false),
    };
    is_action
        && names("Resource", request.resource, true)
        && holds(&statement["Condition"], request)
}

fn holds(condition: &Value, request: Request<'_>) -> bool {
    let is_through = request.server.map(|_| "true");
    condition
        .as_object()
        .into_iter()
        .flatten()
        .all(|(operator, keys)| {
            keys.as_object().expect("keys").iter().all(|(key, wanted)| {
                let has = match (operator.as_str(), key.as_str()) {
                    ("Bool", "aws:ViaAWSMCPService") => is_through,
                    ("StringEquals", "aws:CalledViaAWSMCP") => request.server,
                    ("StringEquals", "aws:PrincipalArn") => Some(request.principal),
                    other => panic!("{other:?} is not documented"),
                };
                has.is_some_and(|has| texts_or_all(wanted).iter().any(|one| one == has))
            })
        })
}

/// Whether a pattern fits, `${*}` being an asterisk.
fn matches(pattern: &str, text: &str, is_case_bound: bool) -> bool {
    let literal = [("${*}", "\u{1}"), ("${?}", "\u{2}"), ("${$}", "\u{3}")];
    let (mut pattern, mut text) = (pattern.to_owned(), text.to_owned());
    for (variable, mark) in literal {
        pattern = pattern.replace(variable, mark);
    }
    assert!(!pattern.contains("${"), "a variable: {pattern}");
    // In a text these characters are themselves, and a pattern's asterisk fits their marks too.
    for (character, mark) in [("*", "\u{1}"), ("?", "\u{2}"), ("$", "\u{3}")] {
        text = text.replace(character, mark);
    }
    if !is_case_bound {
        (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    }
    wildcards(pattern.as_bytes(), text.as_bytes())
}

/// The elements of a list, or the only one.
fn texts_or_all(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// Holds a policy against IAM's grammar, as far as these policies use it, and against its limits.
fn check_grammar(document: &Document, kind: Kind) -> Value {
    let policy: Value = serde_json::from_str(&document.pretty()).expect("JSON");
    let keys = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(keys(&policy), ["Statement", "Version"], "sorted");
    assert_eq!(policy["Version"], "2012-10-17");
    let is_in_policies = |c: char| matches!(c, '\n' | ' '..='\u{ff}');
    assert!(document.pretty().chars().all(is_in_policies));
    let mut sids = Vec::new();
    for statement in texts_or_all(&policy["Statement"]) {
        let keys = keys(statement);
        let these = ["Action", "Condition", "Effect", "Resource", "Sid"];
        let all_but = ["Condition", "Effect", "NotAction", "Resource", "Sid"];
        assert!(keys == these || keys == all_but, "{keys:?}");
        let sid = statement["Sid"].as_str().expect("a text");
        assert!(sid.bytes().all(|b| b.is_ascii_alphanumeric()), "{sid}");
        sids.push(sid.to_owned());
        assert!(
            ["Allow", "Deny"]
                .iter()
                .any(|effect| statement["Effect"] == *effect)
        );
        let actions = statement
            .get("Action")
            .or(statement.get("NotAction"))
            .expect("actions");
        let actions = texts_or_all(actions);
        assert!(!actions.is_empty() && !texts_or_all(&statement["Resource"]).is_empty());
        for action in actions {
            let action = action.as_str().expect("a text");
            let is_service =
                |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'*');
            let is_action = action.split_once(':').is_some_and(|(service, name)| {
                is_service(service) && is_name(name) && !service.is_empty() && !name.is_empty()
            });
            assert!(action == "*" || is_action, "{action}");
        }
        for resource in texts_or_all(&statement["Resource"]) {
            let resource = resource.as_str().expect("a text");
            let is_arn = resource.split(':').count() >= 6 && resource.starts_with("arn:");
            assert!(resource == "*" || is_arn, "{resource}");
        }
        assert!(
            statement["Condition"]
                .as_object()
                .is_some_and(|keys| !keys.is_empty())
        );
    }
    let n = sids.len();
    sids.sort_unstable();
    sids.dedup();
    assert_eq!(
        sids.len(),
        n,
        "statements of one policy have names of their own"
    );
    assert!(document.chars() <= kind.chars_max());
    policy
}

fn checked(guardrail: &Guardrail, kind: Kind) -> Vec<Value> {
    let documents = guardrail.policies.iter().map(|policy| &policy.document);
    documents
        .map(|document| check_grammar(document, kind))
        .collect()
}

/// What an agent did: a service, an event, a resource, an error.
fn evidence(calls: &[(&str, &str, &str, Option<&'static str>)]) -> Evidence {
    let mut evidence = Evidence::default();
    for (nth, (service, name, resource, error)) in (0..).zip(calls) {
        let source = format!("{service}.amazonaws.com");
        evidence.add(&Call {
            time: nth * 1_000_000,
            source: &source,
            name,
            is_api_call: true,
            error: *error,
            principal: AGENT,
            principal_arn: Some(AGENT),
            resources: Some(*resource)
                .filter(|arn| !arn.is_empty())
                .into_iter()
                .collect(),
            ..Call::default()
        });
    }
    evidence
}

const KEY: &str = "arn:aws:s3:::reports/2026/08.csv";

fn usual() -> Evidence {
    evidence(&[
        ("s3", "GetObject", KEY, None),
        ("s3", "ListObjects", "arn:aws:s3:::reports", None),
        ("ec2", "DescribeInstances", "", None),
        ("ec2", "StopInstances", "", None),
        ("ec2", "TerminateInstances", "", None),
        ("iam", "ListRoles", "", Some("AccessDenied")),
        ("apigateway", "GetRestApis", "", None),
    ])
}

fn guardrail(kind: Kind, condition: Condition) -> Guardrail {
    Guardrail::new(usual(), &Wanted { kind, condition }).expect("it fits")
}

#[test]
fn policies_do_what_they_are_meant_to() {
    use Answer::{Allowed, Denied, Nothing};
    let scp = checked(
        &guardrail(Kind::Scp, Condition::through_mcp(&[])),
        Kind::Scp,
    );
    let iam = checked(
        &guardrail(Kind::Iam, Condition::through_mcp(&[])),
        Kind::Iam,
    );
    let other = "arn:aws:s3:::payroll/2026/08.csv";
    // An action on a resource, and what the two say where it comes through MCP. The SCP grants nothing: "nothing" lets it through.
    for (action, resource, scp_says, iam_says) in [
        ("s3:GetObject", KEY, Nothing, Allowed),
        (
            "s3:GetObject",
            "arn:aws:s3:::reports/2026/09.csv",
            Nothing,
            Allowed,
        ),
        ("s3:GetObject", other, Nothing, Nothing),
        ("s3:ListBucket", "arn:aws:s3:::reports", Nothing, Allowed),
        ("ec2:DescribeInstances", "*", Nothing, Allowed),
        (
            "ec2:StopInstances",
            "arn:aws:ec2:us-east-1:1:instance/i-0",
            Nothing,
            Allowed,
        ),
        // Not seen.
        ("s3:PutObject", KEY, Denied, Nothing),
        ("ec2:RunInstances", "*", Denied, Nothing),
        ("athena:StartQueryExecution", "*", Denied, Nothing),
        // Refused, when it was tried.
        ("iam:ListRoles", "*", Denied, Nothing),
        // Destructive, seen or not.
        ("ec2:TerminateInstances", "*", Denied, Denied),
        ("s3:DeleteObject", KEY, Denied, Denied),
        ("S3:deletebucket", "arn:aws:s3:::reports", Denied, Denied),
        ("dynamodb:DeleteTable", "*", Denied, Denied),
        ("kms:ScheduleKeyDeletion", "*", Denied, Denied),
        ("cloudtrail:StopLogging", "*", Denied, Denied),
    ] {
        let request = |server| Request {
            action,
            resource,
            server,
            principal: AGENT,
        };
        for server in [MCP, "eks-mcp.amazonaws.com"] {
            assert_eq!(
                simulate(&scp, request(Some(server))),
                scp_says,
                "scp, {action}"
            );
            assert_eq!(
                simulate(&iam, request(Some(server))),
                iam_says,
                "iam, {action}"
            );
        }
        // The same principal without MCP is not affected, and is granted nothing.
        assert_eq!(simulate(&scp, request(None)), Nothing, "{action}");
        assert_eq!(simulate(&iam, request(None)), Nothing, "{action}");
    }
}

#[test]
fn policies_for_one_server_and_some_principals() {
    let condition = Condition::through_mcp(&[MCP.to_owned()]).and_principal(vec![AGENT.to_owned()]);
    let scp = checked(&guardrail(Kind::Scp, condition), Kind::Scp);
    let answer = |server, principal| {
        let request = Request {
            action: "s3:DeleteObject",
            resource: KEY,
            server,
            principal,
        };
        simulate(&scp, request)
    };
    assert_eq!(answer(Some(MCP), AGENT), Answer::Denied);
    assert_eq!(
        answer(Some("ecs-mcp.amazonaws.com"), AGENT),
        Answer::Nothing
    );
    assert_eq!(
        answer(Some(MCP), "arn:aws:iam::111122223333:role/other"),
        Answer::Nothing
    );
    assert_eq!(answer(None, AGENT), Answer::Nothing);
}

#[test]
fn many_actions_are_several_policies_that_mean_the_same() {
    let names: Vec<String> = (0..400_u32)
        .map(|n| {
            format!(
                "Describe{}Thing{n}",
                ["Vpc", "Image", "Volume", "Host"][n as usize % 4]
            )
        })
        .collect();
    for kind in [Kind::Scp, Kind::Iam] {
        let calls: Vec<_> = names
            .iter()
            .map(|name| ("ec2", name.as_str(), "", None))
            .collect();
        let condition = Condition::through_mcp(&[]);
        let guardrail =
            Guardrail::new(evidence(&calls), &Wanted { kind, condition }).expect("it fits");
        let policies = checked(&guardrail, kind);
        assert!(policies.len() > 2, "{kind:?}");
        assert!(guardrail.basis.iter().all(|row| !row.statements.is_empty()));
        let (seen, unseen) = match kind {
            Kind::Scp => (Answer::Nothing, Answer::Denied),
            Kind::Iam => (Answer::Allowed, Answer::Nothing),
        };
        for name in &names {
            let action = format!("ec2:{name}");
            assert_eq!(simulate(&policies, request(&action, "*")), seen, "{action}");
            let action = format!("{action}More");
            assert_eq!(
                simulate(&policies, request(&action, "*")),
                unseen,
                "{action}"
            );
        }
        assert_eq!(
            simulate(&policies, request("ec2:DeleteVpc", "*")),
            Answer::Denied
        );
    }
}

#[test]
fn what_is_let_through_by_nothing_is_said() {
    let all = guardrail(Kind::Iam, Condition::through_mcp(&[]));
    let actions = |rows: &[super::Basis]| -> Vec<String> {
        rows.iter().map(|row| row.action.clone()).collect()
    };
    assert_eq!(
        actions(&all.basis),
        [
            "ec2:DescribeInstances",
            "ec2:StopInstances",
            "s3:GetObject",
            "s3:ListBucket"
        ]
    );
    assert!(all.basis.iter().all(|row| row.statements.len() == 1));
    assert_eq!(actions(&all.destructive), ["ec2:TerminateInstances"]);
    assert_eq!(all.destructive[0].statements, ["DenyDestructiveThroughMcp"]);
    let told = |others: &[super::Other]| -> Vec<String> {
        let told = |other: &super::Other| format!("{}: {}", other.event, other.reason);
        others.iter().map(told).collect()
    };
    assert_eq!(
        told(&all.without_action),
        ["apigateway.amazonaws.com GetRestApis: no documented IAM action"]
    );
    assert_eq!(
        told(&all.failed),
        ["iam.amazonaws.com ListRoles: AccessDenied"]
    );
}

#[test]
fn hostile_names_widen_nothing() {
    let evidence = evidence(&[
        ("s3", "*", "", None),
        ("s3", "Get*", "", None),
        ("*", "GetObject", "", None),
        ("iam", "ListUsers\",\"iam:*", "", None),
        ("s3", "GetObject", "arn:aws:s3:::*", None),
        (
            "s3",
            "PutObject",
            "arn:aws:s3:::${aws:PrincipalTag/team}/x",
            None,
        ),
        ("kms", "Decrypt", "arn:aws:kms:*:*:key/*", None),
    ]);
    let wanted = Wanted {
        kind: Kind::Iam,
        condition: Condition::through_mcp(&[]),
    };
    let guardrail = Guardrail::new(evidence, &wanted).expect("it fits");
    assert_eq!(guardrail.without_action.len(), 5);
    let policies = checked(&guardrail, Kind::Iam);
    for (action, resource) in [
        ("s3:GetObject", KEY),
        ("s3:PutObject", "arn:aws:s3:::red/x"),
        ("iam:CreateUser", "*"),
        ("iam:ListUsers", "*"),
        ("s3:GetBucketPolicy", "arn:aws:s3:::reports"),
        ("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/1"),
    ] {
        let request = Request {
            action,
            resource,
            server: Some(MCP),
            principal: AGENT,
        };
        assert_eq!(simulate(&policies, request), Answer::Nothing, "{action}");
    }
}

#[test]
fn nothing_that_succeeded_lets_nothing_through() {
    let evidence = evidence(&[("s3", "GetObject", "", Some("AccessDenied"))]);
    for kind in [Kind::Scp, Kind::Iam] {
        let condition = Condition::through_mcp(&[]);
        let guardrail = Guardrail::new(evidence.clone(), &Wanted { kind, condition });
        let policies = checked(&guardrail.expect("it fits"), kind);
        let request = Request {
            action: "s3:GetObject",
            resource: KEY,
            server: Some(MCP),
            principal: AGENT,
        };
        assert_ne!(simulate(&policies, request), Answer::Allowed);
        assert_eq!(
            simulate(
                &policies,
                Request {
                    server: None,
                    ..request
                }
            ),
            Answer::Nothing
        );
    }
}

fn statement(effect: Effect, which: Which, resources: Vec<String>) -> Statement {
    Statement {
        sid: "Any".to_owned(),
        effect,
        which,
        resources,
        condition: Condition::through_mcp(&[]),
    }
}

fn values(documents: &[Document]) -> Vec<Value> {
    documents
        .iter()
        .map(|document| serde_json::to_value(document).expect("JSON"))
        .collect()
}

fn request<'a>(action: &'a str, resource: &'a str) -> Request<'a> {
    Request {
        action,
        resource,
        server: Some(MCP),
        principal: AGENT,
    }
}

/// Names that share beginnings, and differ in more than case.
fn names() -> impl Strategy<Value = Vec<String>> {
    let name = ("(s3|ec2|iam|sts)", "(Get|List|Put|G)", "[A-Ca-c]{0,12}");
    let name = name.prop_map(|(service, verb, rest)| format!("{service}:{verb}{rest}"));
    prop::collection::btree_set(name, 1..120).prop_map(|names| {
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort_by_key(|name| name.to_ascii_lowercase());
        names.dedup_by_key(|name| name.to_ascii_lowercase());
        names
    })
}

proptest! {
    #[test]
    fn policies_that_deny_all_but_names_deny_together_exactly_the_others(
        seen in names(), others in names(), chars_max in 700_usize..2500
    ) {
        let which = Which::AllBut(seen.clone());
        let all = pack(vec![statement(Effect::Deny, which, vec!["*".to_owned()])], chars_max);
        let documents = all.expect("it fits");
        prop_assert!(documents.iter().all(|document| document.chars() <= chars_max));
        let policies = values(&documents);
        let is_seen = |name: &str| seen.iter().any(|seen| seen.eq_ignore_ascii_case(name));
        for name in seen.iter().chain(&others) {
            let expected = if is_seen(name) { Answer::Nothing } else { Answer::Denied };
            prop_assert_eq!(simulate(&policies, request(name, "*")), expected, "{}", name);
        }
        prop_assert_eq!(simulate(&policies, request("sqs:Other", "*")), Answer::Denied);
        prop_assert_eq!(simulate(&policies, request("s3:Other", "*")), Answer::Denied);
    }

    #[test]
    fn policies_that_allow_names_allow_together_exactly_those(
        seen in names(), others in names(), n_buckets in 1_usize..40, chars_max in 300_usize..2500
    ) {
        let buckets: Vec<String> = (0..n_buckets).map(|n| format!("arn:aws:s3:::bucket-{n}")).collect();
        let which = Which::These(seen.clone());
        let all = pack(vec![statement(Effect::Allow, which, buckets.clone())], chars_max);
        let documents = all.expect("it fits");
        prop_assert!(documents.iter().all(|document| document.chars() <= chars_max));
        let policies = values(&documents);
        let is_seen = |name: &str| seen.iter().any(|seen| seen.eq_ignore_ascii_case(name));
        for name in seen.iter().chain(&others) {
            let expected = if is_seen(name) { Answer::Allowed } else { Answer::Nothing };
            let bucket = &buckets[name.len() % n_buckets];
            prop_assert_eq!(simulate(&policies, request(name, bucket)), expected, "{}", name);
        }
        prop_assert_eq!(simulate(&policies, request(&seen[0], "arn:aws:s3:::else")), Answer::Nothing);
    }
}

#[test]
fn what_fits_into_no_policy_is_refused() {
    let names = ["s3:Get".to_owned(), "s3:get".to_owned()];
    let long = |which| statement(Effect::Deny, which, vec!["*".to_owned()]);
    assert_eq!(pack(vec![long(Which::AllBut(names.to_vec()))], 20), None);
    assert_eq!(
        pack(vec![long(Which::These(vec!["s3:*".to_owned()]))], 20),
        None
    );
}
