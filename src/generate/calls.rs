//! The table of API calls that make up most of a trail: how often, by whom, and what they carry.
//!
//! In the texts `$` and a letter stand for what [`super::events::Fill`] puts there.

use super::people::{APPS, DEPLOYERS, EVERYONE, PEOPLE, REPORTING, SERVICES};

/// Whether a call reads or writes, and what CloudTrail calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
    DataRead,
    DataWrite,
}

use Kind::{DataRead, DataWrite, Read, Write};

/// A call as CloudTrail records it.
#[derive(Debug)]
pub(super) struct Call {
    /// How many cards of the deck it has.
    pub(super) weight: u16,
    /// Who makes it: places in [`super::people::WHO`].
    pub(super) by: &'static [usize],
    /// `eventSource` without `.amazonaws.com`.
    pub(super) source: &'static str,
    /// `eventName`.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// `requestParameters`.
    pub(super) request: &'static str,
    /// `responseElements`.
    pub(super) response: &'static str,
    /// `resources`, or nothing.
    pub(super) resources: &'static str,
}

impl Call {
    #[expect(clippy::too_many_arguments, reason = "one row of the table")]
    const fn of(
        weight: u16,
        by: &'static [usize],
        source: &'static str,
        name: &'static str,
        kind: Kind,
        request: &'static str,
        response: &'static str,
        resources: &'static str,
    ) -> Self {
        Self {
            weight,
            by,
            source,
            name,
            kind,
            request,
            response,
            resources,
        }
    }

    /// Finds the row of a call that the table is known to hold.
    pub(super) fn named(name: &str) -> &'static Self {
        let row = CALLS.iter().find(|call| call.name == name);
        row.expect("scenes name rows of the table, and a test looks each up")
    }
}

/// Services whose events are recorded in us-east-1 wherever the caller is.
pub(super) const GLOBAL: [&str; 3] = ["iam", "signin", "sso"];

const OBJECT: &str = r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::$B/$K"},{"accountId":"$A","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$B"}]"#;
const PREFIX: &str = r#"[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::$B/"},{"accountId":"$A","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$B"}]"#;
const S3_BUCKET: &str = r#"[{"accountId":"$A","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$B"}]"#;
const KMS_KEY: &str =
    r#"[{"accountId":"$A","type":"AWS::KMS::Key","ARN":"arn:aws:kms:$R:$A:key/$k"}]"#;
const TABLE: &str =
    r#"[{"accountId":"$A","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:$R:$A:table/$T"}]"#;
const FUNCTION: &str = r#"[{"accountId":"$A","type":"AWS::Lambda::Function","ARN":"arn:aws:lambda:$R:$A:function:$F"}]"#;
const PARAMETER: &str = r#"[{"accountId":"$A","ARN":"arn:aws:ssm:$R:$A:parameter/$M"}]"#;
const DONE: &str = r#"{"requestId":"$Q","_return":true}"#;
const INSTANCES: &str = r#"{"instancesSet":{"items":[{"instanceId":"$I"}]}}"#;
const STOPPED: &str = r#"{"requestId":"$Q","instancesSet":{"items":[{"instanceId":"$I","currentState":{"code":64,"name":"stopping"},"previousState":{"code":16,"name":"running"}}]}}"#;
const RULE: &str = r#"{"groupId":"$G","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"198.51.100.0/24"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#;

/// The calls.
#[rustfmt::skip]
pub(super) const CALLS: &[Call] = &[
    Call::of(22, EVERYONE, "ec2", "DescribeInstances", Read, r#"{"instancesSet":{},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"}]}}]}}"#, "null", ""),
    Call::of(12, PEOPLE, "ec2", "DescribeSecurityGroups", Read, r#"{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"$G"}]},"filterSet":{}}"#, "null", ""),
    Call::of(10, PEOPLE, "ec2", "DescribeRouteTables", Read, r#"{"routeTableIdSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"$P"}]}}]}}"#, "null", ""),
    Call::of(8, PEOPLE, "ec2", "DescribeVolumes", Read, r#"{"volumeSet":{"items":[{"volumeId":"$V"}]},"filterSet":{}}"#, "null", ""),
    Call::of(4, DEPLOYERS, "ec2", "RunInstances", Write, r#"{"instancesSet":{"items":[{"imageId":"ami-0$h1a2b3c4d","minCount":1,"maxCount":1,"keyName":"ops"}]},"groupSet":{"items":[{"groupId":"$G"}]},"instanceType":"t4g.small","subnetId":"$N","monitoring":{"enabled":false},"disableApiTermination":false,"clientToken":"$u"}"#,
        r#"{"requestId":"$Q","reservationId":"r-0$h1a2b3c4d","ownerId":"$A","groupSet":{},"instancesSet":{"items":[{"instanceId":"$I","imageId":"ami-0$h1a2b3c4d","currentState":{"code":0,"name":"pending"},"instanceType":"t4g.small","subnetId":"$N","vpcId":"$P","privateIpAddress":"192.0.2.$n","groupSet":{"items":[{"groupId":"$G","groupName":"web"}]}}]}}"#, ""),
    Call::of(3, DEPLOYERS, "ec2", "TerminateInstances", Write, INSTANCES, r#"{"requestId":"$Q","instancesSet":{"items":[{"instanceId":"$I","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#, ""),
    Call::of(3, PEOPLE, "ec2", "StopInstances", Write, r#"{"instancesSet":{"items":[{"instanceId":"$I"}]},"force":false}"#, STOPPED, ""),
    Call::of(3, DEPLOYERS, "ec2", "AuthorizeSecurityGroupIngress", Write, RULE, DONE, ""),
    Call::of(2, DEPLOYERS, "ec2", "CreateSecurityGroup", Write, r#"{"groupName":"web-$h","groupDescription":"web","vpcId":"$P"}"#, r#"{"requestId":"$Q","_return":true,"groupId":"$G"}"#, ""),
    Call::of(4, REPORTING, "ec2", "CreateSnapshot", Write, r#"{"volumeId":"$V"}"#, r#"{"requestId":"$Q","snapshotId":"$S","volumeId":"$V","status":"pending","ownerId":"$A","volumeSize":"8","encrypted":true}"#, ""),
    Call::of(3, REPORTING, "ec2", "DeleteSnapshot", Write, r#"{"snapshotId":"$S","force":false}"#, DONE, ""),
    Call::of(44, APPS, "s3", "GetObject", DataRead, r#"{"bucketName":"$B","Host":"$B.s3.$R.amazonaws.com","key":"$K"}"#, "null", OBJECT),
    Call::of(24, APPS, "s3", "PutObject", DataWrite, r#"{"bucketName":"$B","Host":"$B.s3.$R.amazonaws.com","key":"$K"}"#, r#"{"x-amz-server-side-encryption":"AES256"}"#, OBJECT),
    Call::of(10, APPS, "s3", "ListObjects", DataRead, r#"{"list-type":"2","bucketName":"$B","encoding-type":"url","prefix":"reports/","Host":"$B.s3.$R.amazonaws.com"}"#, "null", PREFIX),
    Call::of(4, DEPLOYERS, "s3", "DeleteObject", DataWrite, r#"{"bucketName":"$B","Host":"$B.s3.$R.amazonaws.com","key":"$K"}"#, "null", OBJECT),
    Call::of(8, PEOPLE, "s3", "GetBucketAcl", Read, r#"{"bucketName":"$B","Host":"$B.s3.$R.amazonaws.com","acl":""}"#, "null", S3_BUCKET),
    Call::of(6, PEOPLE, "s3", "ListBuckets", Read, r#"{"Host":"s3.$R.amazonaws.com"}"#, "null", ""),
    Call::of(2, DEPLOYERS, "s3", "PutBucketPolicy", Write, r#"{"bucketPolicy":{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::$B/*","Condition":{"Bool":{"aws:ViaAWSMCPService":"true"}}}]},"bucketName":"$B","Host":"$B.s3.$R.amazonaws.com","policy":""}"#, "null", S3_BUCKET),
    Call::of(10, PEOPLE, "iam", "ListUsers", Read, "null", "null", ""),
    Call::of(10, PEOPLE, "iam", "GetUser", Read, r#"{"userName":"$U"}"#, "null", ""),
    Call::of(6, PEOPLE, "iam", "ListAttachedRolePolicies", Read, r#"{"roleName":"$L"}"#, "null", ""),
    Call::of(2, DEPLOYERS, "iam", "CreateRole", Write, r#"{"roleName":"$L","assumeRolePolicyDocument":"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"lambda.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]\n}"}"#,
        r#"{"role":{"path":"/","roleName":"$L","roleId":"AROAEXAMPLE$h","arn":"arn:aws:iam::$A:role/$L","createDate":"$d"}}"#, ""),
    Call::of(2, DEPLOYERS, "iam", "AttachRolePolicy", Write, r#"{"roleName":"$L","policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#, "null", ""),
    Call::of(2, PEOPLE, "iam", "CreateUser", Write, r#"{"userName":"temp-$h"}"#, r#"{"user":{"path":"/","userName":"temp-$h","userId":"AIDAEXAMPLE$h","arn":"arn:aws:iam::$A:user/temp-$h","createDate":"$d"}}"#, ""),
    Call::of(24, EVERYONE, "sts", "GetCallerIdentity", Read, "null", "null", ""),
    Call::of(10, PEOPLE, "lambda", "ListFunctions20150331", Read, r#"{"maxItems":50}"#, "null", ""),
    Call::of(10, APPS, "lambda", "Invoke", DataWrite, r#"{"invocationType":"RequestResponse","functionName":"arn:aws:lambda:$R:$A:function:$F"}"#, "null", FUNCTION),
    Call::of(3, DEPLOYERS, "lambda", "UpdateFunctionCode20150331v2", Write, r#"{"functionName":"$F","s3Bucket":"$B","s3Key":"$K","publish":false,"dryRun":false}"#, r#"{"functionName":"$F","functionArn":"arn:aws:lambda:$R:$A:function:$F","runtime":"provided.al2023","codeSize":4194304,"environment":{},"revisionId":"$u"}"#, ""),
    Call::of(36, SERVICES, "kms", "Decrypt", Read, r#"{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$B"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#, "null", KMS_KEY),
    Call::of(14, APPS, "kms", "GenerateDataKey", Read, r#"{"keyId":"arn:aws:kms:$R:$A:key/$k","keySpec":"AES_256"}"#, "null", KMS_KEY),
    Call::of(18, APPS, "dynamodb", "GetItem", DataRead, r#"{"tableName":"$T","key":["id"],"consistentRead":false}"#, "null", TABLE),
    Call::of(10, APPS, "dynamodb", "PutItem", DataWrite, r#"{"tableName":"$T","key":["id"],"items":["id","state"]}"#, "null", TABLE),
    Call::of(6, PEOPLE, "dynamodb", "ListTables", Read, "null", "null", ""),
    Call::of(4, PEOPLE, "dynamodb", "DescribeTable", Read, r#"{"tableName":"$T"}"#, "null", TABLE),
    Call::of(14, APPS, "secretsmanager", "GetSecretValue", Read, r#"{"secretId":"arn:aws:secretsmanager:$R:$A:secret:$Y"}"#, "null", ""),
    Call::of(2, DEPLOYERS, "secretsmanager", "PutSecretValue", Write, r#"{"clientRequestToken":"$u","secretId":"$Y"}"#, r#"{"arn":"arn:aws:secretsmanager:$R:$A:secret:$Y"}"#, ""),
    Call::of(14, APPS, "ssm", "GetParameter", Read, r#"{"name":"/$M","withDecryption":true}"#, "null", PARAMETER),
    Call::of(3, DEPLOYERS, "ssm", "PutParameter", Write, r#"{"name":"/$M","type":"SecureString","value":"HIDDEN_DUE_TO_SECURITY_REASONS","overwrite":true}"#, r#"{"version":$n,"tier":"Standard"}"#, PARAMETER),
    Call::of(12, SERVICES, "logs", "CreateLogStream", Write, r#"{"logGroupName":"$g","logStreamName":"2026/[$$LATEST]$h$h"}"#, "null", ""),
    Call::of(6, PEOPLE, "logs", "DescribeLogGroups", Read, r#"{"limit":50}"#, "null", ""),
    Call::of(4, PEOPLE, "cloudtrail", "LookupEvents", Read, r#"{"maxResults":50,"lookupAttributes":[{"attributeKey":"ReadOnly","attributeValue":"false"}]}"#, "null", ""),
    Call::of(4, PEOPLE, "cloudtrail", "DescribeTrails", Read, r#"{"trailNameList":[],"includeShadowTrails":false}"#, "null", ""),
    Call::of(1, DEPLOYERS, "cloudtrail", "PutEventSelectors", Write, r#"{"trailName":"arn:aws:cloudtrail:$R:$A:trail/example-trail","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true}]}"#, r#"{"trailARN":"arn:aws:cloudtrail:$R:$A:trail/example-trail"}"#, ""),
    Call::of(8, PEOPLE, "rds", "DescribeDBInstances", Read, r#"{"maxRecords":100}"#, "null", ""),
    Call::of(2, DEPLOYERS, "rds", "CreateDBSnapshot", Write, r#"{"dBSnapshotIdentifier":"nightly-$h","dBInstanceIdentifier":"$D"}"#, r#"{"dBSnapshotIdentifier":"nightly-$h","dBInstanceIdentifier":"$D","engine":"postgres","allocatedStorage":100,"status":"creating","encrypted":true,"dBSnapshotArn":"arn:aws:rds:$R:$A:snapshot:nightly-$h"}"#, ""),
    Call::of(6, PEOPLE, "sqs", "GetQueueAttributes", Read, r#"{"queueUrl":"https://sqs.$R.amazonaws.com/$A/$O","attributeNames":["All"]}"#, "null", ""),
    Call::of(2, DEPLOYERS, "sqs", "CreateQueue", Write, r#"{"queueName":"$O","attributes":{"VisibilityTimeout":"30"}}"#, r#"{"queueUrl":"https://sqs.$R.amazonaws.com/$A/$O"}"#, ""),
    Call::of(5, PEOPLE, "sns", "ListTopics", Read, "null", "null", ""),
    Call::of(2, DEPLOYERS, "sns", "Subscribe", Write, r#"{"topicArn":"arn:aws:sns:$R:$A:$O","protocol":"sqs","endpoint":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#, r#"{"subscriptionArn":"arn:aws:sns:$R:$A:$O:$u"}"#, ""),
    Call::of(8, PEOPLE, "monitoring", "DescribeAlarms", Read, r#"{"maxRecords":100}"#, "null", ""),
    Call::of(4, PEOPLE, "elasticloadbalancing", "DescribeLoadBalancers", Read, r#"{"pageSize":400}"#, "null", ""),
];
