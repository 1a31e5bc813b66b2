//! Which actions are destructive: what they do to data, resources or the record of what was done cannot be taken back.
//!
//! By service, from the API models of AWS's SDKs: what begins with `Delete`, and what else is named here. IAM takes no wildcard for
//! the service. Not among them: what stops or disables something that can be started or enabled again.

use super::split::fits;

/// Services that hold what people would miss, and patterns beside `Delete*`.
const SERVICES: &[(&str, &[&str])] = &[
    ("access-analyzer", &[]),
    ("acm", &["RevokeCertificate"]),
    ("athena", &[]),
    ("autoscaling", &["BatchDelete*", "TerminateInstance*"]),
    ("backup", &[]),
    ("batch", &["TerminateJob"]),
    ("bedrock", &["BatchDelete*"]),
    ("cloudformation", &[]),
    ("cloudfront", &[]),
    (
        "cloudtrail",
        &["StopEventDataStoreIngestion", "StopLogging"],
    ),
    ("cloudwatch", &[]),
    ("codebuild", &["BatchDelete*"]),
    ("codecommit", &[]),
    ("cognito-identity", &[]),
    ("cognito-idp", &["AdminDelete*"]),
    ("config", &["StopConfigurationRecorder"]),
    ("dynamodb", &["PartiQLDelete"]),
    (
        "ec2",
        &["DeregisterImage", "Release*", "TerminateInstances"],
    ),
    ("ecr", &["BatchDelete*"]),
    ("ecs", &[]),
    ("eks", &["DeregisterCluster"]),
    ("elasticache", &[]),
    ("elasticbeanstalk", &["TerminateEnvironment"]),
    ("elasticfilesystem", &[]),
    ("elasticloadbalancing", &[]),
    ("elasticmapreduce", &["TerminateJobFlows"]),
    ("es", &[]),
    ("events", &[]),
    ("firehose", &[]),
    ("fsx", &["DetachAndDelete*", "ReleaseFileSystem*"]),
    ("glacier", &[]),
    ("glue", &["BatchDelete*"]),
    ("guardduty", &["StopMonitoringMembers"]),
    ("iam", &[]),
    ("kafka", &[]),
    ("kinesis", &[]),
    ("kms", &["DisableKey", "ScheduleKeyDeletion"]),
    ("lambda", &[]),
    ("logs", &[]),
    (
        "organizations",
        &[
            "CloseAccount",
            "LeaveOrganization",
            "RemoveAccountFromOrganization",
        ],
    ),
    ("rds", &[]),
    ("redshift", &["BatchDelete*"]),
    ("route53", &[]),
    // A rule of a lifecycle empties a bucket overnight.
    (
        "s3",
        &["BypassGovernanceRetention", "PutLifecycleConfiguration"],
    ),
    ("sagemaker", &["BatchDelete*"]),
    ("secretsmanager", &[]),
    ("securityhub", &["BatchDelete*", "DisableSecurityHub"]),
    ("sns", &[]),
    ("sqs", &["PurgeQueue"]),
    ("ssm", &["DeregisterManagedInstance"]),
    ("sso", &[]),
    ("states", &[]),
    ("wafv2", &[]),
];

/// A service that agents ask all the time, and that holds nothing.
const HARMLESS: &str = "sts";

/// What is taken for destructive of a service that is not listed, beside `Delete*`.
const ELSEWHERE: &[&str] = &[
    "BatchDelete*",
    "Deregister*",
    "Destroy*",
    "Purge*",
    "Terminate*",
];

/// Returns whether an action is destructive.
pub(super) fn is_destructive(action: &str) -> bool {
    let service = action.split(':').next().unwrap_or_default();
    of(service).any(|pattern| fits(&pattern, action))
}

/// Returns the patterns of what is destructive: of all services that are listed, and of those that were seen.
pub(super) fn patterns<'a>(seen: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut services: Vec<&str> = SERVICES.iter().map(|(service, _)| *service).collect();
    services.extend(seen);
    services.sort_unstable();
    services.dedup();
    services.retain(|service| *service != HARMLESS);
    services.into_iter().flat_map(of).collect()
}

fn of(service: &str) -> impl Iterator<Item = String> {
    let listed = SERVICES.iter().find(|(listed, _)| *listed == service);
    let further = listed.map_or(ELSEWHERE, |(_, further)| further);
    let all = ["Delete*"].iter().chain(further);
    all.map(move |name| format!("{service}:{name}"))
}
