//! What an S3 server's answer, or the lack of one, means: try again, follow to another region, or give up, and in which words.
//! Pure: the SDK's errors are taken apart in `words`.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::S3Error;
use super::pace::Sign;
use super::traffic::Reason;
use crate::escape::printable;

/// The code that is set where an answer of status 400 has none.
pub(super) const BAD_REQUEST: &str = "BadRequest";

/// A request that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The server said no.
    Said {
        status: u16,
        code: String,
        message: String,
        region: Option<String>,
    },
    /// No answer came, or half of one.
    Lost { detail: String },
    /// An answer that S3 does not give.
    NotS3 { detail: String },
    /// No request was made, for want of credentials.
    Credentials { detail: String },
    /// No request was made, because it cannot be formed.
    Unformed { detail: String },
    /// More bytes than one object may have.
    TooLarge { bytes: u64, max: u64 },
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Wait, and ask again, with fewer requests in flight.
    SlowDown,
    /// Wait, and ask again.
    Retry,
    /// Ask in the region that the answer names.
    Follow,
    /// Ask with other credentials.
    SignAnew,
    /// Nothing helps.
    GiveUp,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    List,
    Get,
    Head,
    /// Also each step of a multipart upload but its end by abortion.
    Put,
    Delete,
    ListUploads,
    Abort,
}

/// What an error is about: for its words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) action: Action,
    pub(crate) bucket: &'a str,
    /// Empty where the whole bucket is asked.
    pub(crate) key: &'a str,
    pub(crate) region: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) attempts: u32,
}

impl About<'_> {
    /// What was asked for, after "to".
    fn action(&self) -> String {
        let (bucket, key) = (self.bucket, printable(self.key));
        match self.action {
            Action::List => format!("list bucket {bucket}"),
            Action::ListUploads => format!("list the multipart uploads of bucket {bucket}"),
            Action::Get | Action::Head => format!("read s3://{bucket}/{key}"),
            Action::Put => format!("write s3://{bucket}/{key}"),
            Action::Delete => format!("delete s3://{bucket}/{key}"),
            Action::Abort => format!("abort the multipart upload of s3://{bucket}/{key}"),
        }
    }

    /// What the credentials need for it.
    fn needs(&self) -> String {
        let (bucket, key) = (self.bucket, printable(self.key));
        let on_bucket = |permission: &str| format!("{permission} on arn:aws:s3:::{bucket}");
        let on_object = |permission: &str| format!("{permission} on arn:aws:s3:::{bucket}/{key}");
        match self.action {
            Action::List => {
                on_bucket("s3:ListBucket") + "; if the requester pays there, add --request-payer"
            }
            Action::ListUploads => on_bucket("s3:ListBucketMultipartUploads"),
            // Without the right to list, S3 denies what is not there.
            Action::Get | Action::Head => format!(
                "{}, {}, and kms:Decrypt where a KMS key encrypts it",
                on_object("s3:GetObject"),
                on_bucket("s3:ListBucket")
            ),
            Action::Put => {
                on_object("s3:PutObject")
                    + ", s3:PutObjectAcl with --acl, and kms:GenerateDataKey and kms:Decrypt where a KMS key encrypts it"
            }
            Action::Delete => on_object("s3:DeleteObject"),
            Action::Abort => on_object("s3:AbortMultipartUpload"),
        }
    }
}

impl Answer {
    /// What to do about the answer.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::Lost { .. } => Remedy::Retry,
            Self::Said {
                status,
                code,
                region,
                ..
            } => match (*status, code.as_str()) {
                (429 | 503, _) => Remedy::SlowDown,
                (500 | 502 | 504 | 408, _) | (_, "InternalError" | "RequestTimeout") => {
                    Remedy::Retry
                }
                // Somebody else is creating the same object just now.
                (409, "ConditionalRequestConflict" | "OperationAborted") => Remedy::Retry,
                _ if asks_to_slow_down(code) => Remedy::SlowDown,
                _ if has_expired(code) => Remedy::SignAnew,
                // What S3 answers to HEAD has no body that could say so.
                (400, BAD_REQUEST) if region.is_none() => Remedy::SignAnew,
                _ if self.is_elsewhere()
                    || region.is_some() && matches!(status, 301 | 307 | 400) =>
                {
                    Remedy::Follow
                }
                _ => Remedy::GiveUp,
            },
            Self::Credentials { .. } => Remedy::SignAnew,
            _ => Remedy::GiveUp,
        }
    }

    /// Why asking again is counted, where it is worth while without other credentials.
    pub(crate) fn reason(&self) -> Reason {
        match (self.remedy(), self) {
            (Remedy::SlowDown, _) => Reason::Throttled,
            (Remedy::SignAnew, _) => Reason::ExpiredCredentials,
            (_, Self::Lost { .. }) => Reason::Connection,
            _ => Reason::ServerError,
        }
    }

    /// What the answer says about the pace.
    pub(super) fn sign(&self) -> Sign {
        match (self.remedy(), self) {
            (Remedy::SlowDown, _) => Sign::SlowDown,
            (Remedy::Retry, _) | (_, Self::Credentials { .. } | Self::Unformed { .. }) => {
                Sign::None
            }
            _ => Sign::Success,
        }
    }

    /// The region that the answer sends us to.
    pub(crate) fn region(&self) -> Option<&str> {
        match self {
            Self::Said { region, .. } => region.as_deref(),
            _ => None,
        }
    }

    /// Whether the server said that, by its code.
    pub(crate) fn says(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Said { code, .. } if codes.contains(&code.as_str()))
    }

    /// The status that the server answered with.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Said { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The error, where there is no use in asking again.
    pub(crate) fn error(self, about: About<'_>) -> S3Error {
        let (bucket, endpoint) = (about.bucket.to_owned(), about.endpoint.to_owned());
        match self {
            Self::Said {
                status,
                code,
                message,
                region,
            } => match (status, code.as_str()) {
                (_, "NoSuchBucket") => S3Error::NoSuchBucket { bucket },
                _ if has_expired(&code) => S3Error::ExpiredCredentials {
                    detail: format!("S3 said {code}"),
                },
                (_, "RequestTimeTooSkewed") => S3Error::WrongClock { code },
                _ if is_about_credentials(&code) => S3Error::BadCredentials { code },
                _ if is_elsewhere(status, &code) => S3Error::WrongRegion {
                    bucket,
                    tried: about.region.into(),
                    found: region,
                },
                (403, _) | (_, "AccessDenied") => S3Error::Denied {
                    action: about.action(),
                    code,
                    needs: about.needs(),
                },
                (429 | 503, _) => S3Error::Throttled {
                    attempts: about.attempts,
                },
                _ if asks_to_slow_down(&code) => S3Error::Throttled {
                    attempts: about.attempts,
                },
                _ => S3Error::Refused {
                    action: about.action(),
                    status,
                    code,
                    message,
                },
            },
            Self::Lost { detail } => S3Error::Unreachable { endpoint, detail },
            Self::NotS3 { detail } => S3Error::NotS3 { endpoint, detail },
            // There were some when the first request was made.
            Self::Credentials { detail } => S3Error::ExpiredCredentials { detail },
            Self::Unformed { detail } => S3Error::BadRequest {
                action: about.action(),
                detail,
            },
            Self::TooLarge { bytes, max } => S3Error::TooLarge {
                action: about.action(),
                bytes,
                max,
            },
        }
    }

    fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Said { status, code, .. } if is_elsewhere(*status, code))
    }
}

pub(crate) fn is_elsewhere(status: u16, code: &str) -> bool {
    let codes = [
        "PermanentRedirect",
        "TemporaryRedirect",
        "Redirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
    ];
    matches!(status, 301 | 307) || codes.contains(&code)
}

pub(crate) fn asks_to_slow_down(code: &str) -> bool {
    let codes = [
        "SlowDown",
        "RequestLimitExceeded",
        "TooManyRequests",
        "BandwidthLimitExceeded",
    ];
    code.starts_with("Throttl") || codes.contains(&code)
}

fn has_expired(code: &str) -> bool {
    [
        "ExpiredToken",
        "ExpiredTokenException",
        "TokenRefreshRequired",
        "RequestExpired",
    ]
    .contains(&code)
}

pub(crate) fn is_about_credentials(code: &str) -> bool {
    let codes = [
        "RequestTimeTooSkewed",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "InvalidSecurity",
        "NotSignedUp",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    ];
    has_expired(code) || codes.contains(&code)
}

/// Finds the region that an `AuthorizationHeaderMalformed` or redirect names in its XML.
pub(crate) fn region_in(body: &str) -> Option<String> {
    let between =
        |start: &str, end: &str| Some(body.split_once(start)?.1.split_once(end)?.0.to_owned());
    let region = between("<Region>", "</Region>")
        .or_else(|| between("expecting '", "'"))
        .or_else(|| between("expecting &apos;", "&apos;"))?;
    let is_plausible = !region.is_empty() && region.len() < 40;
    (is_plausible
        && region
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    .then_some(region)
}

/// How often and how slowly requests are repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryOptions {
    /// Attempts where the connection fails or the server has an error.
    pub attempts: u32,
    /// Attempts where the server asks to slow down.
    pub throttled_attempts: u32,
    /// The wait before the second attempt; it doubles from one to the next.
    pub first_wait: Duration,
    /// The longest wait.
    pub wait_max: Duration,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            attempts: 6,
            throttled_attempts: 9,
            first_wait: Duration::from_millis(100),
            wait_max: Duration::from_secs(20),
        }
    }
}

impl RetryOptions {
    /// The wait after so many attempts (at least one), cut by up to half at random so that not all come back at once; none where
    /// it is time to give up.
    pub(crate) fn wait(&self, remedy: Remedy, attempts: u32) -> Option<Duration> {
        let attempts_max = match remedy {
            Remedy::SlowDown => self.throttled_attempts,
            Remedy::Retry => self.attempts,
            Remedy::Follow | Remedy::SignAnew | Remedy::GiveUp => return None,
        };
        let doubled = self
            .first_wait
            .saturating_mul(1 << attempts.saturating_sub(1).min(20))
            .min(self.wait_max);
        let random = u32::from(RandomState::new().hash_one(attempts).to_le_bytes()[0]);
        (attempts < attempts_max).then(|| doubled * (256 + random) / 512)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About<'_> = About {
        action: Action::List,
        bucket: "logs",
        key: "",
        region: "us-east-1",
        endpoint: "https://s3",
        attempts: 6,
    };

    fn said(status: u16, code: &str) -> Answer {
        Answer::Said {
            status,
            code: code.to_owned(),
            message: String::new(),
            region: None,
        }
    }

    #[test]
    fn what_to_do_about_an_answer() {
        for (status, code, remedy) in [
            (503, "SlowDown", Remedy::SlowDown),
            (503, "ServiceUnavailable", Remedy::SlowDown),
            (429, "TooManyRequests", Remedy::SlowDown),
            (400, "RequestTimeout", Remedy::Retry),
            (500, "InternalError", Remedy::Retry),
            (200, "InternalError", Remedy::Retry),
            (409, "ConditionalRequestConflict", Remedy::Retry),
            (412, "PreconditionFailed", Remedy::GiveUp),
            (502, "", Remedy::Retry),
            (301, "PermanentRedirect", Remedy::Follow),
            (400, "AuthorizationHeaderMalformed", Remedy::Follow),
            (403, "AccessDenied", Remedy::GiveUp),
            (404, "NoSuchKey", Remedy::GiveUp),
            (400, "ExpiredToken", Remedy::SignAnew),
            (403, "RequestExpired", Remedy::SignAnew),
            (400, "BadRequest", Remedy::SignAnew),
            (400, "InvalidArgument", Remedy::GiveUp),
        ] {
            assert_eq!(said(status, code).remedy(), remedy, "{status} {code}");
        }
        assert_eq!(
            Answer::Lost {
                detail: String::new()
            }
            .remedy(),
            Remedy::Retry
        );
    }

    #[test]
    fn what_an_answer_means_in_words() {
        let check = |answer: Answer, expected: &str| {
            let line = answer.error(ABOUT).to_string();
            assert!(line.contains(expected) && !line.contains('\n'), "{line}");
        };
        check(said(404, "NoSuchBucket"), "S3 has no bucket logs");
        check(
            said(403, "AccessDenied"),
            "they need s3:ListBucket on arn:aws:s3:::logs",
        );
        check(
            said(403, "InvalidAccessKeyId"),
            "does not accept the AWS credentials (InvalidAccessKeyId)",
        );
        check(said(400, "ExpiredToken"), "sign in again");
        check(said(403, "RequestTimeTooSkewed"), "clock");
        check(
            said(301, "PermanentRedirect"),
            "name its region with --region",
        );
        check(said(503, "SlowDown"), "smaller --concurrency");
        check(
            said(501, "NotImplemented"),
            "refused to list bucket logs (status 501, NotImplemented)",
        );
        check(
            Answer::Lost {
                detail: "refused".into(),
            },
            "cannot reach S3 at https://s3 (refused)",
        );
        check(
            Answer::Credentials {
                detail: "none".into(),
            },
            "have expired (none)",
        );
    }

    #[test]
    fn the_region_is_found_in_the_answer() {
        let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message>";
        assert_eq!(region_in(body).as_deref(), Some("eu-west-1"));
        assert_eq!(
            region_in("<Region>eu-west-1</Region>").as_deref(),
            Some("eu-west-1")
        );
        assert_eq!(region_in("<Region>\u{1b}[2J</Region>"), None);
        assert_eq!(region_in(""), None);
    }

    #[test]
    fn waits_double_and_end() {
        let options = RetryOptions::default();
        for attempts in 1..6 {
            let wait = options.wait(Remedy::Retry, attempts).unwrap();
            let whole = Duration::from_millis(100 << (attempts - 1));
            assert!(whole / 2 <= wait && wait <= whole, "{attempts}: {wait:?}");
        }
        assert_eq!(options.wait(Remedy::Retry, 6), None);
        assert!(options.wait(Remedy::SlowDown, 8).is_some());
        assert_eq!(options.wait(Remedy::GiveUp, 1), None);
    }
}
