//! The resources that an action is allowed on, from the ARNs that events name.
//!
//! Only for actions of which the *Service Authorization Reference* has one type of resource, and of which events name it; all others
//! are allowed on all resources, because a policy that names too few stops what was seen.

use std::collections::BTreeSet;

use super::evidence::Tally;
use crate::limits;

/// All resources.
pub(super) const ANY: &str = "*";

/// What of an ARN an action is allowed on.
#[derive(Clone, Copy)]
enum Form {
    /// The bucket.
    Bucket,
    /// The objects of the bucket: the key that was read yesterday is not the one that will be tomorrow.
    Objects,
    /// The resource itself, of this service, its own part beginning so.
    Itself(&'static str, &'static str),
}

/// The actions that are allowed on what was seen alone.
const FORMS: &[(Form, &[&str])] = &[
    (
        Form::Objects,
        &[
            "s3:AbortMultipartUpload",
            "s3:GetObject",
            "s3:GetObjectAcl",
            "s3:GetObjectAttributes",
            "s3:GetObjectLegalHold",
            "s3:GetObjectRetention",
            "s3:GetObjectTagging",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
            "s3:PutObjectAcl",
            "s3:PutObjectTagging",
            "s3:RestoreObject",
        ],
    ),
    (
        Form::Bucket,
        &[
            "s3:GetBucketAcl",
            "s3:GetBucketCORS",
            "s3:GetBucketLocation",
            "s3:GetBucketLogging",
            "s3:GetBucketNotification",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPolicyStatus",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetBucketWebsite",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetReplicationConfiguration",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:ListBucketVersions",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
        ],
    ),
    (
        // Not Query and Scan: they may read an index, which is a resource of its own.
        Form::Itself("dynamodb", "table/"),
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:DescribeTable",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ],
    ),
    (
        Form::Itself("kms", "key/"),
        &[
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:Sign",
            "kms:Verify",
        ],
    ),
    (
        Form::Itself("secretsmanager", "secret:"),
        &[
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
        ],
    ),
    (Form::Itself("sns", ""), &["sns:Publish"]),
    (
        Form::Itself("sqs", ""),
        &[
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        ],
    ),
    (Form::Itself("iam", "role/"), &["sts:AssumeRole"]),
];

/// Returns what an action is allowed on: patterns, in order. Empty where all that was seen is unfit for a policy.
pub(super) fn allowed(action: &str, tally: &Tally) -> Vec<String> {
    let form = FORMS
        .iter()
        .find(|(_, actions)| actions.contains(&action))
        .map(|(form, _)| *form);
    let any = vec![ANY.to_owned()];
    let Some(form) = form.filter(|_| !tally.has_more_resources) else {
        return any;
    };
    let mut patterns = BTreeSet::new();
    for named in &tally.resources {
        let mut parts = named.iter().filter_map(|arn| form.part(arn)).peekable();
        if parts.peek().is_none() {
            return any; // it was done on something, and nothing says on what
        }
        patterns.extend(parts.filter_map(|part| part.pattern()));
    }
    if patterns.len() > limits::GUARDRAIL_RESOURCES_MAX {
        return any;
    }
    patterns.into_iter().collect()
}

/// A part of an ARN.
struct Part<'a> {
    /// Up to the resource's own part: `arn:aws:s3:::`.
    head: &'a str,
    own: &'a str,
    /// What stands behind it in the pattern.
    rest: &'static str,
}

impl Form {
    /// The part of an ARN that the action is allowed on; `None` for the ARN of something else.
    fn part(self, arn: &str) -> Option<Part<'_>> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let &["arn", _, service, _, _, own] = parts.as_slice() else {
            return None;
        };
        let head = &arn[..arn.len() - own.len()];
        let (is_wanted, own, rest) = match self {
            Self::Bucket => (service == "s3", bucket(own), ""),
            Self::Objects => (service == "s3", bucket(own), "/*"),
            Self::Itself(of, begin) => (service == of && own.starts_with(begin), own, ""),
        };
        (is_wanted && !own.is_empty()).then_some(Part { head, own, rest })
    }
}

impl Part<'_> {
    /// The pattern that fits this part alone; `None` where no policy should have it.
    fn pattern(&self) -> Option<String> {
        let own = literal(self.own).filter(|_| is_plain(self.head))?;
        Some(format!("{}{own}{}", self.head, self.rest))
    }
}

fn bucket(own: &str) -> &str {
    own.split('/').next().unwrap_or(own)
}

/// What stands before a resource's own part: no wildcard, no variable.
fn is_plain(head: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-');
    head.chars().all(is_plain)
}

/// A text as a pattern that fits it alone; `None` where policies cannot have its characters.
fn literal(text: &str) -> Option<String> {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' | '?' | '$' => pattern.extend(['$', '{', c, '}']),
            '!'..='~' => pattern.push(c),
            _ => return None,
        }
    }
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Call, Evidence};

    fn check(action: &str, named: &[&[&str]], expected: &[&str]) {
        let mut evidence = Evidence::default();
        for arns in named {
            let resources = arns.to_vec();
            evidence.add(&Call {
                resources,
                ..Call::default()
            });
        }
        let outcomes = evidence.events.into_values().next().expect("calls");
        let allowed = allowed(action, &outcomes.succeeded.expect("some"));
        assert_eq!(allowed, expected, "{action} on {named:?}");
    }

    #[test]
    fn an_action_is_allowed_on_what_was_seen() {
        let object = "arn:aws:s3:::logs/2026/a.gz";
        check("s3:GetObject", &[&[object]], &["arn:aws:s3:::logs/*"]);
        check(
            "s3:ListBucket",
            &[&["arn:aws:s3:::logs"]],
            &["arn:aws:s3:::logs"],
        );
        check(
            "s3:GetObject",
            &[&[object, "arn:aws:s3:::logs"], &["arn:aws-cn:s3:::else/x"]],
            &["arn:aws-cn:s3:::else/*", "arn:aws:s3:::logs/*"],
        );
        let key = "arn:aws:kms:us-east-1:111122223333:key/0000-11";
        check("kms:Decrypt", &[&[key]], &[key]);
        check("ec2:DescribeInstances", &[&[object]], &["*"]);
        check("s3:GetObject", &[&[object], &[]], &["*"]);
        check("s3:GetObject", &[&[key]], &["*"]);
    }

    #[test]
    fn nothing_in_a_log_is_a_wildcard() {
        check(
            "s3:ListBucket",
            &[&["arn:aws:s3:::*"]],
            &["arn:aws:s3:::${*}"],
        );
        check(
            "s3:GetObject",
            &[&["arn:aws:s3:::a?${aws:username}/*"]],
            &["arn:aws:s3:::a${?}${$}{aws:username}/*"],
        );
        check("s3:ListBucket", &[&["arn:*:s3:::b"]], &[]);
        check("kms:Decrypt", &[&["arn:aws:kms:*:*:key/1"]], &[]);
        check("s3:ListBucket", &[&["arn:aws:s3:::b\u{202e}"]], &[]);
        check(
            "s3:ListBucket",
            &[&["arn:aws:s3:::b c"], &["arn:aws:s3:::ok"]],
            &["arn:aws:s3:::ok"],
        );
    }
}
