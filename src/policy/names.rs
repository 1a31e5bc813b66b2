//! The name of an event to the IAM actions that it takes.
//!
//! Sources: the *Service Authorization Reference* of each service, for the actions; the API models of AWS's SDKs, for the operations;
//! *Required permissions for Amazon S3 API operations* and the pages that the services have of the like, where the two differ. A service
//! is in [`ALIKE`] where all its operations, but for those in [`OTHER`], are actions that AWS's own managed policies name
//! (as of August 2026), or that the reference lists. What is in neither is not guessed.

/// Services whose events, operations and actions have the same names. Mostly the event source is the prefix of actions.
const ALIKE: &str = "
    access-analyzer account acm acm-pca airflow appmesh apprunner appstream appsync aps athena auditmanager autoscaling backup
    batch bedrock ce cloud9 cloudformation cloudfront cloudtrail codeartifact codebuild codecommit codeconnections codedeploy
    codepipeline codestar-connections cognito-identity cognito-idp comprehend compute-optimizer config databrew datapipeline
    datasync dax detective devicefarm devops-guru directconnect ds dynamodb ebs ec2 ecr ecr-public ecs eks elasticache
    elasticbeanstalk elasticfilesystem elasticloadbalancing elasticmapreduce emr-containers emr-serverless es events firehose fms
    forecast fsx geo glacier globalaccelerator glue grafana greengrass guardduty health iam identitystore imagebuilder inspector2
    iot iotsitewise iotwireless kafka kendra kinesis kinesisanalytics kinesisvideo kms lakeformation lambda logs macie2 medialive
    mediapackage mq networkmanager oam organizations personalize pi pipes polly pricing quicksight ram rds redshift redshift-data
    redshift-serverless rekognition resource-explorer-2 resource-groups rolesanywhere route53 route53domains route53resolver rum
    s3 sagemaker savingsplans scheduler schemas secretsmanager securityhub securitylake servicecatalog servicediscovery
    servicequotas ses shield sns sqs ssm sso states storagegateway sts support swf synthetics textract transcribe transfer
    translate trustedadvisor waf waf-regional wafv2 wellarchitected workmail xray
";

/// Event sources with another name than their actions' prefix.
const PREFIXES: [(&str, &str); 4] = [
    ("email", "ses"),
    ("monitoring", "cloudwatch"),
    ("rdsdata", "rds-data"),
    ("tagging", "tag"),
];

/// Events and their actions.
type Others = &'static [(&'static str, &'static [&'static str])];

/// What of a service in [`ALIKE`] is not alike: actions without their prefix. Where there are none, none is documented, or which
/// one it takes depends on the request.
const OTHER: &[(&str, Others)] = &[
    (
        "access-analyzer",
        &[("GetFindingV2", &[]), ("ListFindingsV2", &[])],
    ),
    ("appstream", &[("DrainSessionInstance", &[])]),
    (
        "autoscaling",
        &[
            // Events of Application Auto Scaling, whose actions have another prefix, or of either.
            ("DeleteScalingPolicy", &[]),
            ("DeleteScheduledAction", &[]),
            ("DeregisterScalableTarget", &[]),
            ("DescribeScalableTargets", &[]),
            ("DescribeScalingActivities", &[]),
            ("DescribeScalingPolicies", &[]),
            ("DescribeScheduledActions", &[]),
            ("GetPredictiveScalingForecast", &[]),
            ("PutScalingPolicy", &[]),
            ("PutScheduledAction", &[]),
            ("RegisterScalableTarget", &[]),
        ],
    ),
    (
        "bedrock",
        &[
            ("Converse", &["InvokeModel"]),
            ("ConverseStream", &["InvokeModelWithResponseStream"]),
            ("InvokeModelWithBidirectionalStream", &[]),
            ("RetrieveAndGenerateStream", &[]),
            ("StartAsyncInvoke", &["InvokeModel"]),
        ],
    ),
    (
        "cloudfront",
        &[
            (
                "CreateDistributionWithTags",
                &["CreateDistribution", "TagResource"],
            ),
            ("ListDistributionsByOwnedResource", &[]),
        ],
    ),
    ("cloudtrail", &[("ListInsightsMetricData", &[])]),
    (
        "cloudwatch",
        &[
            ("AssociateDatasetKmsKey", &[]),
            ("DescribeAlarmContributors", &[]),
            ("DisassociateDatasetKmsKey", &[]),
        ],
    ),
    (
        "cognito-idp",
        &[
            ("CompleteWebAuthnRegistration", &[]),
            ("DeleteWebAuthnCredential", &[]),
            ("GetUserAuthFactors", &[]),
            ("ListWebAuthnCredentials", &[]),
            ("StartWebAuthnRegistration", &[]),
        ],
    ),
    ("detective", &[("ListOrganizationAdminAccounts", &[])]),
    (
        "dynamodb",
        &[
            ("BatchExecuteStatement", &[]),
            ("ExecuteStatement", &[]),
            ("ExecuteTransaction", &[]),
            ("TransactGetItems", &["GetItem"]),
            ("TransactWriteItems", &[]),
        ],
    ),
    ("ecr", &[("ListImageReferrers", &[])]),
    ("emr-containers", &[("UpdateVirtualCluster", &[])]),
    ("fsx", &[("StartMisconfiguredStateRecovery", &[])]),
    ("iam", &[("UpdateDelegationRequest", &[])]),
    ("kms", &[("ReEncrypt", &["ReEncryptFrom", "ReEncryptTo"])]),
    (
        "lakeformation",
        &[
            ("AssumeDecoratedRoleWithSAML", &[]),
            ("GetTemporaryDataLocationCredentials", &[]),
        ],
    ),
    (
        "lambda",
        &[
            ("GetLayerVersionByArn", &["GetLayerVersion"]),
            ("Invoke", &["InvokeFunction"]),
            ("InvokeWithResponseStream", &["InvokeFunction"]),
        ],
    ),
    ("logs", &[("GetLogObject", &[])]),
    ("rds", &[("DescribeServerlessV2PlatformVersions", &[])]),
    ("redshift", &[("ModifyLakehouseConfiguration", &[])]),
    ("redshift-data", &[("GetStatementResultV2", &[])]),
    (
        "redshift-serverless",
        &[("UpdateLakehouseConfiguration", &[])],
    ),
    ("resource-explorer-2", &[("ListResources", &[])]),
    (
        "route53resolver",
        &[
            ("BatchCreateFirewallRule", &[]),
            ("BatchDeleteFirewallRule", &[]),
            ("BatchUpdateFirewallRule", &[]),
        ],
    ),
    (
        "s3",
        &[
            ("CompleteMultipartUpload", &["PutObject"]),
            ("CopyObject", &["GetObject", "PutObject"]),
            ("CreateBucketMetadataConfiguration", &[]),
            ("CreateMultipartUpload", &["PutObject"]),
            ("CreateSession", &[]),
            ("DeleteAccessPointScope", &[]),
            (
                "DeleteAccountPublicAccessBlock",
                &["PutAccountPublicAccessBlock"],
            ),
            (
                "DeleteBucketAnalyticsConfiguration",
                &["PutAnalyticsConfiguration"],
            ),
            ("DeleteBucketCors", &["PutBucketCORS"]),
            ("DeleteBucketEncryption", &["PutEncryptionConfiguration"]),
            (
                "DeleteBucketIntelligentTieringConfiguration",
                &["PutIntelligentTieringConfiguration"],
            ),
            (
                "DeleteBucketInventoryConfiguration",
                &["PutInventoryConfiguration"],
            ),
            ("DeleteBucketLifecycle", &["PutLifecycleConfiguration"]),
            (
                "DeleteBucketLifecycleConfiguration",
                &["PutLifecycleConfiguration"],
            ),
            ("DeleteBucketMetadataConfiguration", &[]),
            (
                "DeleteBucketMetricsConfiguration",
                &["PutMetricsConfiguration"],
            ),
            (
                "DeleteBucketOwnershipControls",
                &["PutBucketOwnershipControls"],
            ),
            (
                "DeleteBucketPublicAccessBlock",
                &["PutBucketPublicAccessBlock"],
            ),
            ("DeleteBucketReplication", &["PutReplicationConfiguration"]),
            ("DeleteBucketTagging", &["PutBucketTagging"]),
            ("DeleteObjects", &["DeleteObject"]),
            ("DeletePublicAccessBlock", &["PutBucketPublicAccessBlock"]),
            ("GetAccessPointScope", &[]),
            ("GetBucket", &[]),
            (
                "GetBucketAccelerateConfiguration",
                &["GetAccelerateConfiguration"],
            ),
            (
                "GetBucketAnalyticsConfiguration",
                &["GetAnalyticsConfiguration"],
            ),
            ("GetBucketCors", &["GetBucketCORS"]),
            ("GetBucketEncryption", &["GetEncryptionConfiguration"]),
            (
                "GetBucketIntelligentTieringConfiguration",
                &["GetIntelligentTieringConfiguration"],
            ),
            (
                "GetBucketInventoryConfiguration",
                &["GetInventoryConfiguration"],
            ),
            ("GetBucketLifecycle", &["GetLifecycleConfiguration"]),
            (
                "GetBucketLifecycleConfiguration",
                &["GetLifecycleConfiguration"],
            ),
            ("GetBucketMetadataConfiguration", &[]),
            (
                "GetBucketMetricsConfiguration",
                &["GetMetricsConfiguration"],
            ),
            (
                "GetBucketNotificationConfiguration",
                &["GetBucketNotification"],
            ),
            ("GetBucketReplication", &["GetReplicationConfiguration"]),
            (
                "GetObjectLockConfiguration",
                &["GetBucketObjectLockConfiguration"],
            ),
            ("GetPublicAccessBlock", &["GetBucketPublicAccessBlock"]),
            ("HeadBucket", &["ListBucket"]),
            ("HeadObject", &["GetObject"]),
            ("ListAccessPointsForDirectoryBuckets", &[]),
            (
                "ListBucketAnalyticsConfigurations",
                &["GetAnalyticsConfiguration"],
            ),
            (
                "ListBucketIntelligentTieringConfigurations",
                &["GetIntelligentTieringConfiguration"],
            ),
            (
                "ListBucketInventoryConfigurations",
                &["GetInventoryConfiguration"],
            ),
            (
                "ListBucketMetricsConfigurations",
                &["GetMetricsConfiguration"],
            ),
            ("ListBuckets", &["ListAllMyBuckets"]),
            ("ListDirectoryBuckets", &[]),
            ("ListMultipartUploads", &["ListBucketMultipartUploads"]),
            ("ListObjectVersions", &["ListBucketVersions"]),
            ("ListObjects", &["ListBucket"]),
            ("ListObjectsV2", &["ListBucket"]),
            ("ListParts", &["ListMultipartUploadParts"]),
            ("ListRegionalBuckets", &[]),
            ("PutAccessPointScope", &[]),
            (
                "PutBucketAccelerateConfiguration",
                &["PutAccelerateConfiguration"],
            ),
            (
                "PutBucketAnalyticsConfiguration",
                &["PutAnalyticsConfiguration"],
            ),
            ("PutBucketCors", &["PutBucketCORS"]),
            ("PutBucketEncryption", &["PutEncryptionConfiguration"]),
            (
                "PutBucketIntelligentTieringConfiguration",
                &["PutIntelligentTieringConfiguration"],
            ),
            (
                "PutBucketInventoryConfiguration",
                &["PutInventoryConfiguration"],
            ),
            ("PutBucketLifecycle", &["PutLifecycleConfiguration"]),
            (
                "PutBucketLifecycleConfiguration",
                &["PutLifecycleConfiguration"],
            ),
            (
                "PutBucketMetricsConfiguration",
                &["PutMetricsConfiguration"],
            ),
            (
                "PutBucketNotificationConfiguration",
                &["PutBucketNotification"],
            ),
            ("PutBucketReplication", &["PutReplicationConfiguration"]),
            (
                "PutObjectLockConfiguration",
                &["PutBucketObjectLockConfiguration"],
            ),
            ("PutPublicAccessBlock", &["PutBucketPublicAccessBlock"]),
            ("RenameObject", &[]),
            ("SelectObjectContent", &["GetObject"]),
            ("UploadPart", &["PutObject"]),
            ("UploadPartCopy", &["GetObject", "PutObject"]),
            ("WriteGetObjectResponse", &[]),
        ],
    ),
    (
        "sagemaker",
        &[
            ("BatchRebootClusterNodes", &[]),
            ("BatchReplaceClusterNodes", &[]),
            ("DescribeTrainingPlanExtensionHistory", &[]),
            ("ExtendTrainingPlan", &[]),
        ],
    ),
    (
        "securityhub",
        &[
            ("BatchUpdateFindingsV2", &[]),
            ("GetFindingStatisticsV2", &[]),
            ("GetFindingsV2", &[]),
            ("RegisterConnectorV2", &[]),
        ],
    ),
    ("sns", &[("PublishBatch", &["Publish"])]),
    (
        "sqs",
        &[
            ("ChangeMessageVisibilityBatch", &["ChangeMessageVisibility"]),
            ("DeleteMessageBatch", &["DeleteMessage"]),
            ("SendMessageBatch", &["SendMessage"]),
        ],
    ),
];

/// Operations of AWS Glue and `QuickSight` that nothing names as actions yet.
const UNNAMED: [(&str, &str); 2] = [
    (
        "glue",
        "
        AssociateGlossaryTerms BatchGetIterableForms CreateGlossary CreateGlossaryTerm DeleteAsset DeleteAssetType
        DeleteAttachment DeleteFormType DeleteGlossary DeleteGlossaryTerm DisassociateGlossaryTerms GetAsset GetAssetType
        GetDataCatalogExportConfiguration GetFormType GetGlossary GetGlossaryTerm GetMaterializedViewRefreshTaskRun
        ListAssetTypes ListFormTypes ListGlossaries ListGlossaryTerms ListIterableForms ListMaterializedViewRefreshTaskRuns
        PutAsset PutAssetType PutAttachment PutDataCatalogExportConfiguration PutFormType SearchAssets
        StartMaterializedViewRefreshTaskRun StopMaterializedViewRefreshTaskRun UpdateAsset UpdateGlossary UpdateGlossaryTerm
    ",
    ),
    (
        "quicksight",
        "
        CreateTopicV2 DeleteTopicV2 DescribeTopicPermissionsV2 DescribeTopicV2 ListTopicsV2 SearchTopicsV2
        UpdateTopicPermissionsV2 UpdateTopicV2
    ",
    ),
];

/// Returns the actions that calls of an event take, as `prefix:Name`; none where no equivalent is documented.
///
/// ```
/// use trailmill::policy::actions;
/// assert_eq!(actions("s3.amazonaws.com", "ListObjectsV2"), ["s3:ListBucket"]);
/// assert_eq!(actions("lambda.amazonaws.com", "ListFunctions20150331"), ["lambda:ListFunctions"]);
/// assert!(actions("signin.amazonaws.com", "ConsoleLogin").is_empty());
/// ```
pub fn actions(source: &str, event: &str) -> Vec<String> {
    let Some((prefix, name)) = alike(source, event) else {
        return Vec::new();
    };
    let own = |(service, _): &&(&str, _)| *service == prefix;
    let others = OTHER.iter().find(own).map_or(&[][..], |(_, others)| others);
    let named = match others.iter().find(|(event, _)| *event == name) {
        Some((_, actions)) => actions.to_vec(),
        None => vec![name],
    };
    named
        .iter()
        .map(|name| format!("{prefix}:{name}"))
        .collect()
}

/// The prefix and name of an event's action, if the two are alike.
fn alike<'e>(source: &'e str, event: &'e str) -> Option<(&'e str, &'e str)> {
    let service = source.strip_suffix(".amazonaws.com")?;
    let renamed = PREFIXES.iter().find(|(source, _)| *source == service);
    let prefix = match renamed {
        Some((_, prefix)) => prefix,
        None => ALIKE.split_whitespace().find(|alike| *alike == service)?,
    };
    let name = without_version(prefix, event);
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_unnamed = UNNAMED.iter().any(|(service, operations)| {
        *service == prefix && operations.split_whitespace().any(|other| other == name)
    });
    (is_name && !is_unnamed).then_some((prefix, name))
}

/// An event's name without the version of the API that stands behind it: `ListFunctions20150331`,
/// `AddPermission20150331v2`, `CreateDistribution2020_05_31`.
fn without_version<'e>(prefix: &str, event: &'e str) -> &'e str {
    let version = match prefix {
        "lambda" => "00000000",
        "cloudfront" => "0000_00_00",
        _ => return event,
    };
    let revised = event.rsplit_once('v').filter(|(_, n)| is_like(n, "0"));
    let name = revised.map_or(event, |(name, _)| name);
    let split = name.len().checked_sub(version.len());
    match split.and_then(|at| name.split_at_checked(at)) {
        Some((name, last)) if is_like(last, version) => name,
        _ => event,
    }
}

/// Whether a text has digits where the other has zeros, and is the same elsewhere.
fn is_like(text: &str, form: &str) -> bool {
    let is_like = |(a, b): (u8, u8)| a == b || (a.is_ascii_digit() && b == b'0');
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(is_like)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_their_actions() {
        for (event, expected) in [
            (
                "ec2.amazonaws.com DescribeInstances",
                "ec2:DescribeInstances",
            ),
            (
                "monitoring.amazonaws.com DescribeAlarms",
                "cloudwatch:DescribeAlarms",
            ),
            ("email.amazonaws.com SendEmail", "ses:SendEmail"),
            (
                "states.amazonaws.com StartExecution",
                "states:StartExecution",
            ),
            (
                "elasticmapreduce.amazonaws.com RunJobFlow",
                "elasticmapreduce:RunJobFlow",
            ),
            ("tagging.amazonaws.com GetResources", "tag:GetResources"),
            ("s3.amazonaws.com ListObjects", "s3:ListBucket"),
            ("s3.amazonaws.com HeadObject", "s3:GetObject"),
            ("s3.amazonaws.com ListBuckets", "s3:ListAllMyBuckets"),
            ("s3.amazonaws.com GetBucketLocation", "s3:GetBucketLocation"),
            ("s3.amazonaws.com UploadPart", "s3:PutObject"),
            ("s3.amazonaws.com CopyObject", "s3:GetObject s3:PutObject"),
            ("lambda.amazonaws.com Invoke", "lambda:InvokeFunction"),
            (
                "lambda.amazonaws.com AddPermission20150331v2",
                "lambda:AddPermission",
            ),
            ("lambda.amazonaws.com GetFunction", "lambda:GetFunction"),
            (
                "lambda.amazonaws.com Invoke20150331",
                "lambda:InvokeFunction",
            ),
            (
                "cloudfront.amazonaws.com CreateDistribution2020_05_31",
                "cloudfront:CreateDistribution",
            ),
            (
                "kms.amazonaws.com ReEncrypt",
                "kms:ReEncryptFrom kms:ReEncryptTo",
            ),
            // Not guessed:
            ("apigateway.amazonaws.com GetRestApis", ""),
            ("dynamodb.amazonaws.com ExecuteStatement", ""),
            ("glue.amazonaws.com GetGlossary", ""),
            ("signin.amazonaws.com ConsoleLogin", ""),
            ("aws-mcp.amazonaws.com CallReadWriteTool", ""),
            ("s3 GetObject", ""),
            ("ec2.amazonaws.com.example.com DescribeInstances", ""),
            // Not an action:
            ("s3.amazonaws.com *", ""),
            ("s3.amazonaws.com Get*", ""),
            ("iam.amazonaws.com ListUsers\",\"iam:PassRole", ""),
            ("iam.amazonaws.com Listé", ""),
            ("iam.amazonaws.com ", ""),
            ("lambda.amazonaws.com 20150331", ""),
        ] {
            let (source, name) = event.split_once(' ').expect("two words");
            assert_eq!(actions(source, name).join(" "), expected, "{event}");
        }
    }

    #[test]
    fn the_tables_are_in_order_and_about_services_that_are_alike() {
        let alike: Vec<&str> = ALIKE.split_whitespace().collect();
        assert!(alike.is_sorted());
        assert!(OTHER.is_sorted_by_key(|(service, _)| service));
        for (service, others) in OTHER {
            let is_renamed = PREFIXES.iter().any(|(_, prefix)| prefix == service);
            assert!(alike.contains(service) || is_renamed, "{service}");
            assert!(others.is_sorted_by_key(|(event, _)| event), "{service}");
        }
    }
}
