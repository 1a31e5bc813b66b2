//! Each rule by its own example, then what rules share, then real records.

use std::path::Path;

use super::index::{SourceIndex, apply, matches};
use super::rule::Place;
use super::table::{ARNS, IDS, SOURCES};
use super::*;
use crate::trail::json::Parser;
use crate::trail::record::Field;

/// What `touched` finds, as `<evidence> <ARN> <type>`.
fn found(record: &str) -> Vec<String> {
    Parser::default()
        .parse(record, |root| {
            touched(&Record::new(root))
                .into_iter()
                .map(|touch| format!("{} {} {}", touch.evidence.name(), touch.arn, touch.kind))
                .collect()
        })
        .expect("JSON")
}

fn check(record: &str, expected: &[&str]) {
    assert_eq!(found(record), expected, "{record}");
}

/// Checks an event of a source by its request, in us-east-1 and account 111122223333.
fn check_request(source: &str, event: &str, request: &str, expected: &[&str]) {
    check(
        &record_of(source, event, "requestParameters", request),
        expected,
    );
}

fn record_of(source: &str, event: &str, field: &str, json: &str) -> String {
    format!(
        r#"{{"eventSource":"{source}","eventName":"{event}","awsRegion":"us-east-1","recipientAccountId":"111122223333","{field}":{json}}}"#
    )
}

#[test]
fn every_rule_finds_its_example() {
    for source in SOURCES {
        for rule in source.rules {
            let example = &rule.example;
            let (field, evidence) = match rule.place {
                Place::Request => ("requestParameters", Evidence::Request),
                Place::Response => ("responseElements", Evidence::Response),
            };
            let text = record_of(source.name, example.event, field, example.json);
            Parser::default()
                .parse(&text, |root| {
                    let record = Record::new(root);
                    let mut alone = SourceIndex::default();
                    alone.add(0, rule);
                    let mut values = Vec::new();
                    for (place, field) in [
                        (Place::Request, Field::RequestParameters),
                        (Place::Response, Field::ResponseElements),
                    ] {
                        alone.find(place, record.get(field), example.event, &mut values);
                    }
                    let by_this_rule = apply(&record, values);
                    assert_eq!(by_this_rule.len(), 1, "{rule:?}");
                    assert_eq!(by_this_rule[0].arn, example.arn, "{rule:?}");
                    assert_eq!(by_this_rule[0].evidence, evidence, "{rule:?}");
                    if !rule.kind.is_empty() {
                        assert_eq!(by_this_rule[0].kind, rule.kind, "{rule:?}");
                    }
                    let arns: Vec<_> = touched(&record).into_iter().map(|t| t.arn).collect();
                    assert!(
                        arns.iter().any(|arn| arn == example.arn),
                        "the table as a whole: {rule:?} {arns:?}"
                    );
                })
                .expect("JSON");
        }
    }
}

#[test]
fn services_that_must_be_there() {
    for service in [
        "s3",
        "ec2",
        "iam",
        "lambda",
        "kms",
        "secretsmanager",
        "ssm",
        "cloudtrail",
        "rds",
        "logs",
        "elasticloadbalancing",
        "guardduty",
        "dynamodb",
        "sns",
        "sqs",
        "ecr",
        "eks",
        "cloudformation",
        "sts",
    ] {
        let name = format!("{service}.amazonaws.com");
        assert!(SOURCES.iter().any(|source| source.name == name), "{name}");
    }
}

#[test]
fn every_id_is_recognised() {
    for id in IDS {
        let value = format!("{}0a1b", id.prefix);
        let request = format!(r#"{{"resourcesSet":{{"items":[{{"resourceId":"{value}"}}]}}}}"#);
        let found = found(&record_of(
            "ec2.amazonaws.com",
            "CreateTags",
            "requestParameters",
            &request,
        ));
        assert_eq!(found.len(), 1, "{value}");
        assert!(
            found[0].ends_with(&format!("{value} {}", id.kind)),
            "{found:?}"
        );
    }
    let unknown = r#"{"resourcesSet":{"items":[{"resourceId":"zzz-1"}]}}"#;
    check_request("ec2.amazonaws.com", "CreateTags", unknown, &[]);
}

#[test]
fn kinds_by_arn() {
    for (service, prefix, kind) in ARNS {
        let arn = format!("arn:aws:{service}:us-east-1:111122223333:{prefix}x");
        assert_eq!(kind_of_arn(&arn), Some(*kind), "{arn}");
    }
    for (arn, kind) in [
        (
            "arn:aws:ssm:us-east-1:111122223333:parameter/app/key",
            Some("AWS::SSM::Parameter"),
        ),
        (
            "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
            Some("AWS::EC2::Instance"),
        ),
        (
            "arn:aws-cn:iam::111122223333:role/path/app",
            Some("AWS::IAM::Role"),
        ),
        (
            "arn:aws:sqs:us-east-1:111122223333:q",
            Some("AWS::SQS::Queue"),
        ),
        ("arn:aws:ec2:us-east-1:111122223333:new-thing/1", None),
        ("arn:aws:new:us-east-1:111122223333:x", None),
        ("arn:aws", None),
    ] {
        assert_eq!(kind_of_arn(arn), kind, "{arn}");
    }
}

#[test]
fn listed_resources_come_first() {
    check(
        r#"{"eventSource":"kms.amazonaws.com","eventName":"Decrypt","requestParameters":{"keyId":"other"},
            "resources":[{"accountId":"1","type":"AWS::KMS::Key","ARN":"arn:aws:kms:us-east-1:1:key/a"},
                         {"accountId":"","type":"AWS::KMS::Key","arn":"arn:aws:kms:us-east-1:1:key/a"},
                         {"ARN":"arn:aws:ssm:us-east-1:1:parameter/p"},
                         {"ARN":"","type":"AWS::S3::Bucket"}, {}, null, "x"]}"#,
        &[
            "resources arn:aws:kms:us-east-1:1:key/a AWS::KMS::Key",
            "resources arn:aws:ssm:us-east-1:1:parameter/p AWS::SSM::Parameter",
        ],
    );
    check(
        r#"{"eventSource":"sqs.amazonaws.com","eventName":"X","resources":[{"ARN":"arn:aws:new:::x"}]}"#,
        &["resources arn:aws:new:::x "],
    );
    for nothing in ["[]", "null", "{}", r#"[{"type":"AWS::S3::Bucket"}]"#] {
        check(
            &format!(
                r#"{{"eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl","resources":{nothing},"requestParameters":{{"bucketName":"b"}}}}"#
            ),
            &["request arn:aws:s3:::b AWS::S3::Bucket"],
        );
    }
}

#[test]
fn objects_stand_for_their_bucket() {
    let check = |event: &str, resource: &str, expected: &[&str]| {
        check(
            &format!(
                r#"{{"eventSource":"s3.amazonaws.com","eventName":"{event}","resources":[{resource}]}}"#
            ),
            expected,
        );
    };
    let object = r#"{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/k/1.json"},{"accountId":"1","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"}"#;
    check(
        "GetObject",
        object,
        &["resources arn:aws:s3:::b AWS::S3::Bucket"],
    );
    for event in ["DeleteObject", "DeleteObjects", "DeleteObjectTagging"] {
        check(
            event,
            object,
            &[
                "resources arn:aws:s3:::b/k/1.json AWS::S3::Object",
                "resources arn:aws:s3:::b AWS::S3::Bucket",
            ],
        );
    }
    let prefix = r#"{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::b/p/"}"#;
    check(
        "ListObjects",
        prefix,
        &["resources arn:aws:s3:::b AWS::S3::Bucket"],
    );
    check(
        "DeleteObjects",
        prefix,
        &["resources arn:aws:s3:::b AWS::S3::Bucket"],
    );
    check(
        "GetObject",
        r#"{"type":"AWS::S3::Object","ARN":"arn:aws:s3:us-east-1:1:accesspoint/ap/object/k"}"#,
        &["resources arn:aws:s3:us-east-1:1:accesspoint/ap AWS::S3::AccessPoint"],
    );
    check(
        "GetObject",
        r#"{"type":"AWS::S3Express::Object","ARN":"arn:aws:s3express:us-east-1:1:bucket/b--use1-az1--x-s3/k"}"#,
        &[
            "resources arn:aws:s3express:us-east-1:1:bucket/b--use1-az1--x-s3 AWS::S3Express::DirectoryBucket",
        ],
    );
    check(
        "X",
        r#"{"ARN":"arn:aws:s3:us-east-1:1:storage-lens/d","type":"T"}"#,
        &["resources arn:aws:s3:us-east-1:1:storage-lens/d T"],
    );
    check("X", r#"{"ARN":"...","type":"..."}"#, &["resources ... ..."]);
}

#[test]
fn objects_named_by_a_request() {
    let request = r#"{"bucketName":"b","key":"k/1.json"}"#;
    check_request(
        "s3.amazonaws.com",
        "GetObject",
        request,
        &["request arn:aws:s3:::b AWS::S3::Bucket"],
    );
    check_request(
        "s3.amazonaws.com",
        "DeleteObject",
        request,
        &[
            "request arn:aws:s3:::b AWS::S3::Bucket",
            "request arn:aws:s3:::b/k/1.json AWS::S3::Object",
        ],
    );
    check_request("s3.amazonaws.com", "DeleteObject", r#"{"key":"k"}"#, &[]);
}

#[test]
fn partition_region_and_account() {
    let check = |rest: &str, expected: &str| {
        check(
            &format!(
                r#"{{"eventSource":"ec2.amazonaws.com","eventName":"X","requestParameters":{{"vpcId":"v"}},{rest}}}"#
            ),
            &[&format!("request {expected} AWS::EC2::VPC")],
        );
    };
    check(
        r#""awsRegion":"cn-north-1","recipientAccountId":"000012345678""#,
        "arn:aws-cn:ec2:cn-north-1:000012345678:vpc/v",
    );
    check(
        r#""awsRegion":"us-gov-west-1","userIdentity":{"accountId":"111122223333"}"#,
        "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:vpc/v",
    );
    check(
        r#""awsRegion":"us-iso-east-1","recipientAccountId":"1""#,
        "arn:aws-iso:ec2:us-iso-east-1:1:vpc/v",
    );
    check(
        r#""awsRegion":"us-isob-east-1","recipientAccountId":"1""#,
        "arn:aws-iso-b:ec2:us-isob-east-1:1:vpc/v",
    );
    check(
        r#""userIdentity":{"accountId":"anonymous","arn":"arn:aws-cn:iam::1:user/eva"}"#,
        "arn:aws-cn:ec2:::vpc/v",
    );
    check(
        r#""awsRegion":"eu-west-1","recipientAccountId":"1","userIdentity":{"accountId":"2","arn":"arn:aws-cn:iam::2:user/x"}"#,
        "arn:aws:ec2:eu-west-1:1:vpc/v",
    );
}

#[test]
fn values_of_many_kinds() {
    // An ARN is taken as it is, and tells its own type.
    check_request(
        "lambda.amazonaws.com",
        "Invoke",
        r#"{"functionName":"arn:aws:lambda:eu-west-1:4444:function:f:PROD"}"#,
        &["request arn:aws:lambda:eu-west-1:4444:function:f:PROD AWS::Lambda::Function"],
    );
    check_request(
        "kms.amazonaws.com",
        "Encrypt",
        r#"{"keyId":"arn:aws:kms:us-east-1:4444:alias/app"}"#,
        &["request arn:aws:kms:us-east-1:4444:alias/app AWS::KMS::Alias"],
    );
    check_request(
        "kms.amazonaws.com",
        "Encrypt",
        r#"{"keyId":"alias/app"}"#,
        &["request arn:aws:kms:us-east-1:111122223333:alias/app AWS::KMS::Alias"],
    );
    check_request(
        "elasticloadbalancing.amazonaws.com",
        "AddTags",
        r#"{"resourceArns":["arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/a/1"]}"#,
        &[
            "request arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/a/1 AWS::ElasticLoadBalancingV2::LoadBalancer",
        ],
    );
    // A path for ARNs takes nothing else.
    check_request(
        "eks.amazonaws.com",
        "DescribeAccessEntry",
        r#"{"principalArn":"arn%3Aaws%3Aiam%3A%3A1%3Arole%2FX"}"#,
        &[],
    );
    // A source without rules has those of every source.
    check_request(
        "new.amazonaws.com",
        "TagResource",
        r#"{"resourceArn":"arn:aws:new:us-east-1:1:thing/x"}"#,
        &["request arn:aws:new:us-east-1:1:thing/x "],
    );
    check_request(
        "iam.amazonaws.com",
        "EnableMFADevice",
        r#"{"userName":"AWS ROOT USER"}"#,
        &[],
    );
    // Placeholders, empty values and other types name nothing.
    for value in [
        r#""HIDDEN_DUE_TO_SECURITY_REASONS""#,
        r#""[HIDDEN_DUE_TO_SECURITY_REASONS]""#,
        r#""***""#,
        r#""...""#,
        r#""""#,
        "null",
        "1",
        "true",
        "{}",
        "[]",
        r#"{"a":"b"}"#,
    ] {
        check_request(
            "s3.amazonaws.com",
            "GetBucketAcl",
            &format!(r#"{{"bucketName":{value}}}"#),
            &[],
        );
    }
    for request in ["null", r#""""#, "[]", "{}", "7"] {
        check_request("ec2.amazonaws.com", "DescribeVpcs", request, &[]);
    }
    check(
        r#"{"eventSource":"ec2.amazonaws.com","requestParameters":{"vpcId":"vpc-1"}}"#,
        &[],
    );
    check("{}", &[]);
}

#[test]
fn many_values_are_distinct() {
    let instances = |n: usize| {
        let items: Vec<_> = (0..n)
            .map(|i| format!(r#"{{"instanceId":"i-{i}"}}"#))
            .collect();
        format!(r#"{{"instancesSet":{{"items":[{}]}}}}"#, items.join(","))
    };
    for n in [1, 2, 16, 40] {
        let record = format!(
            r#"{{"eventSource":"ec2.amazonaws.com","eventName":"TerminateInstances","requestParameters":{0},"responseElements":{0}}}"#,
            instances(n)
        );
        let found = found(&record);
        assert_eq!(found.len(), n);
        assert!(
            found.iter().all(|touch| touch.starts_with("request ")),
            "{found:?}"
        );
    }
}

/// One record of 4 MiB could ask for a hundred thousand ARNs of a megabyte each, or for looking at each of its members for each of them.
#[test]
fn hostile_requests_cost_no_more_than_their_length() {
    let many = |n: usize, member: &str| vec![member; n].join(",");
    let long = "x".repeat(1 << 20);
    let with_region = |region: &str| {
        let names = many(100_000, r#""n""#);
        format!(
            r#"{{"eventSource":"ssm.amazonaws.com","eventName":"GetParameters","awsRegion":"{region}","recipientAccountId":"1","requestParameters":{{"names":[{names}]}}}}"#
        )
    };
    // Without `check`, which would print them.
    let none: [&str; 0] = [];
    assert_eq!(found(&with_region(&long)), none);
    assert_eq!(found(&with_region(&long[..300])), none);
    assert_eq!(
        found(&with_region("r")),
        ["request arn:aws:ssm:r:1:parameter/n AWS::SSM::Parameter"]
    );
    let ids: Vec<_> = (0..400_000).map(|n| format!(r#""{n}""#)).collect();
    let request = format!(r#"{{"names":[{}]}}"#, ids.join(","));
    let touched = found(&record_of(
        "ssm.amazonaws.com",
        "GetParameters",
        "requestParameters",
        &request,
    ));
    assert!(
        (50_000..200_000).contains(&touched.len()),
        "{}",
        touched.len()
    );
    let request = |source: &str, event: &str, members: &str| {
        let request = format!("{{{members}}}");
        found(&record_of(source, event, "requestParameters", &request))
    };
    let tasks = many(200_000, r#""task":"t""#);
    let in_cluster = format!(r#"{tasks},"cluster":"c""#);
    assert_eq!(request("ecs.amazonaws.com", "StopTask", &tasks), none);
    assert_eq!(
        request("ecs.amazonaws.com", "StopTask", &in_cluster),
        [
            "request arn:aws:ecs:us-east-1:111122223333:cluster/c AWS::ECS::Cluster",
            "request arn:aws:ecs:us-east-1:111122223333:task/c/t AWS::ECS::Task"
        ]
    );
    let names = many(100_000, r#""name":"n""#);
    assert_eq!(request("ssm.amazonaws.com", &long, &names), none);
}

#[test]
fn launched_instances() {
    check(
        r#"{"eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"us-east-1","recipientAccountId":"1",
            "requestParameters":{"instancesSet":{"items":[{"imageId":"ami-1","minCount":1,"maxCount":2,"keyName":"k"}]},
                "groupSet":{"items":[{"groupId":"sg-1"}]},"subnetId":"subnet-1","iamInstanceProfile":{"name":"app"}},
            "responseElements":{"reservationId":"r-1","instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}}}"#,
        &[
            "response arn:aws:ec2:us-east-1:1:instance/i-1 AWS::EC2::Instance",
            "response arn:aws:ec2:us-east-1:1:instance/i-2 AWS::EC2::Instance",
            "request arn:aws:ec2:us-east-1::image/ami-1 AWS::EC2::Image",
            "request arn:aws:ec2:us-east-1:1:security-group/sg-1 AWS::EC2::SecurityGroup",
            "request arn:aws:ec2:us-east-1:1:subnet/subnet-1 AWS::EC2::Subnet",
            "request arn:aws:ec2:us-east-1:1:key-pair/k AWS::EC2::KeyPair",
            "request arn:aws:iam::1:instance-profile/app AWS::IAM::InstanceProfile",
        ],
    );
}

#[test]
fn last_resorts() {
    check(
        r#"{"eventSource":"iam.amazonaws.com","eventName":"CreateRole","recipientAccountId":"1",
            "requestParameters":{"roleName":"app","path":"/service-role/"},
            "responseElements":{"role":{"arn":"arn:aws:iam::1:role/service-role/app"}}}"#,
        &["response arn:aws:iam::1:role/service-role/app AWS::IAM::Role"],
    );
    check(
        r#"{"eventSource":"iam.amazonaws.com","eventName":"CreateRole","recipientAccountId":"1","errorCode":"AccessDenied",
            "requestParameters":{"roleName":"app"},"responseElements":null}"#,
        &["request arn:aws:iam::1:role/app AWS::IAM::Role"],
    );
    check(
        r#"{"eventSource":"secretsmanager.amazonaws.com","eventName":"DeleteSecret",
            "requestParameters":{"secretId":"db"},"responseElements":{"aRN":"arn:aws:secretsmanager:us-east-1:1:secret:db-xehWok"}}"#,
        &[
            "response arn:aws:secretsmanager:us-east-1:1:secret:db-xehWok AWS::SecretsManager::Secret",
        ],
    );
}

#[test]
fn event_patterns() {
    for (pattern, event, expected) in [
        ("*", "Anything", true),
        ("Delete*", "DeleteObject", true),
        ("Delete*", "GetDelete", false),
        ("*Rule", "PutRule", true),
        ("*Rule", "PutRules", false),
        ("*Trail*|*Logging", "StopLogging", true),
        ("*Trail*|*Logging", "DescribeTrails", true),
        ("*Trail*|*Logging", "LookupEvents", false),
        ("*Tags*Resource", "ListTagsForResource", true),
        ("CreateStack", "CreateStackSet", false),
        ("CreateStack", "CreateStack", true),
        ("a*b*c", "abc", true),
        ("a*b*c", "axbybzc", true),
        ("a*b*c", "acb", false),
        ("ab*b", "ab", false),
        ("*é", "xé", true),
    ] {
        assert_eq!(matches(pattern, event), expected, "{pattern} {event}");
    }
}

#[test]
fn arns_as_they_are_listed() {
    let text = r#"{"resources":[{"ARN":"arn:aws:s3:::b/k"},{"ARNPrefix":"arn:aws:s3:::b/p"},{"ARN":"arn:aws:s3:::b/k"}]}"#;
    Parser::default()
        .parse(text, |root| {
            assert_eq!(
                resource_arns(&Record::new(root)),
                ["arn:aws:s3:::b/k", "arn:aws:s3:::b/p"]
            );
        })
        .expect("JSON");
}

/// Real records of an attack simulation: of those that write, most must tell what they wrote to.
#[test]
#[expect(clippy::print_stderr, reason = "a test that skips says so")]
fn real_writes_have_resources() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/realdata/pool/invictus.ndjson");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: there is no {}", path.display());
        return;
    };
    let (mut writes, mut with, mut parser) = (0, 0, Parser::default());
    for line in text.lines() {
        parser
            .parse(line, |root| {
                let record = Record::new(root);
                if record.bool(Field::ReadOnly) == Some(false) {
                    writes += 1;
                    with += usize::from(!touched(&record).is_empty());
                }
            })
            .expect("JSON");
    }
    eprintln!("{with} of {writes} writing events have a resource");
    assert_eq!(writes, 574);
    assert!(with * 100 >= writes * 70, "{with} of {writes}");
}
