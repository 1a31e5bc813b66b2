//! What an S3 server's answer, or the lack of one, means: try again, follow to another region, give up on the object, or
//! end the run. Pure: the SDK's errors are taken apart in `s3.rs`.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::error::{FetchError, SourceError};

/// A request that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
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
    TooLarge { bytes: u64 },
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Wait, with all other requests, and ask again.
    SlowDown,
    /// Wait, and ask again.
    Retry,
    /// Ask in the region that the answer names.
    Follow,
    /// Nothing helps.
    GiveUp,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    List,
    Get,
    Head,
}

impl Action {
    fn of(self, bucket: &str) -> String {
        match self {
            Self::List => format!("list bucket {bucket}"),
            Self::Get | Self::Head => format!("read from bucket {bucket}"),
        }
    }
}

/// What an error is about: for its words.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) action: Action,
    pub(super) bucket: &'a str,
    pub(super) region: &'a str,
    pub(super) endpoint: &'a str,
    pub(super) attempts: u32,
}

impl Answer {
    /// What to do about the answer.
    pub(super) fn remedy(&self) -> Remedy {
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
                _ if asks_to_slow_down(code) => Remedy::SlowDown,
                _ if self.is_elsewhere()
                    || region.is_some() && matches!(status, 301 | 307 | 400) =>
                {
                    Remedy::Follow
                }
                _ => Remedy::GiveUp,
            },
            _ => Remedy::GiveUp,
        }
    }

    /// The region that the answer sends us to.
    pub(super) fn region(&self) -> Option<&str> {
        match self {
            Self::Said { region, .. } => region.as_deref(),
            _ => None,
        }
    }

    /// The error of one object.
    pub(super) fn fetch_error(self, about: About<'_>) -> FetchError {
        let attempts = about.attempts;
        match self {
            Self::TooLarge { bytes } => FetchError::TooLarge {
                bytes,
                max: crate::limits::FETCHED_BYTES_MAX,
            },
            Self::Lost { detail } => FetchError::Transport { attempts, detail },
            Self::Said {
                status,
                code,
                message,
                region,
            } => match (status, code.as_str()) {
                (_, "NoSuchKey" | "NotFound" | "NoSuchVersion") => FetchError::Gone,
                (_, "InvalidObjectState") => FetchError::Archived,
                (403, _) if !is_about_credentials(&code) => FetchError::Denied { code },
                (_, "AccessDenied") => FetchError::Denied { code },
                (404, _) if code != "NoSuchBucket" => FetchError::Gone,
                (429 | 503, _) => FetchError::Throttled { attempts },
                _ if asks_to_slow_down(&code) => FetchError::Throttled { attempts },
                _ => {
                    let ends_run = is_about_credentials(&code)
                        || code == "NoSuchBucket"
                        || is_elsewhere(status, &code);
                    let answer = Self::Said {
                        status,
                        code,
                        message,
                        region,
                    };
                    if ends_run {
                        FetchError::Source(answer.source_error(about))
                    } else {
                        answer.refused()
                    }
                }
            },
            other => FetchError::Source(other.source_error(about)),
        }
    }

    /// The error of the whole source.
    pub(super) fn source_error(self, about: About<'_>) -> SourceError {
        let About {
            action,
            bucket,
            region: tried,
            endpoint,
            attempts,
        } = about;
        let bucket = bucket.to_owned();
        match self {
            Self::Said {
                status,
                code,
                message,
                region,
            } => match (status, code.as_str()) {
                (_, "NoSuchBucket") => SourceError::NoSuchBucket { bucket },
                (
                    _,
                    "ExpiredToken"
                    | "ExpiredTokenException"
                    | "TokenRefreshRequired"
                    | "RequestExpired",
                ) => SourceError::ExpiredCredentials { code },
                (_, "RequestTimeTooSkewed") => SourceError::WrongClock { code },
                _ if is_about_credentials(&code) => SourceError::BadCredentials { code },
                _ if is_elsewhere(status, &code) => SourceError::WrongRegion {
                    bucket,
                    tried: tried.into(),
                    found: region,
                },
                (403, _) | (_, "AccessDenied") if action == Action::List => {
                    SourceError::ListDenied { bucket, code }
                }
                (429 | 503, _) => SourceError::Throttled { attempts },
                _ if asks_to_slow_down(&code) => SourceError::Throttled { attempts },
                _ => SourceError::Refused {
                    action: action.of(&bucket),
                    status,
                    code,
                    message,
                },
            },
            Self::Lost { detail } => SourceError::Unreachable {
                endpoint: endpoint.to_owned(),
                detail,
            },
            Self::NotS3 { detail } => SourceError::NotS3 {
                endpoint: endpoint.to_owned(),
                detail,
            },
            Self::Credentials { detail } => SourceError::NoCredentials { detail },
            Self::Unformed { detail } => SourceError::BadRequest {
                action: action.of(&bucket),
                detail,
            },
            Self::TooLarge { bytes } => SourceError::NotS3 {
                endpoint: endpoint.to_owned(),
                detail: format!("{bytes} bytes"),
            },
        }
    }

    fn refused(self) -> FetchError {
        match self {
            Self::Said {
                status,
                code,
                message,
                ..
            } => FetchError::Refused {
                status,
                code,
                message,
            },
            _ => FetchError::Refused {
                status: 0,
                code: String::new(),
                message: String::new(),
            },
        }
    }

    fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Said { status, code, .. } if is_elsewhere(*status, code))
    }
}

fn is_elsewhere(status: u16, code: &str) -> bool {
    let codes = [
        "PermanentRedirect",
        "TemporaryRedirect",
        "Redirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
    ];
    matches!(status, 301 | 307) || codes.contains(&code)
}

fn asks_to_slow_down(code: &str) -> bool {
    let codes = [
        "SlowDown",
        "RequestLimitExceeded",
        "TooManyRequests",
        "BandwidthLimitExceeded",
    ];
    code.starts_with("Throttl") || codes.contains(&code)
}

fn is_about_credentials(code: &str) -> bool {
    [
        "ExpiredToken",
        "ExpiredTokenException",
        "TokenRefreshRequired",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "InvalidSecurity",
        "NotSignedUp",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    ]
    .contains(&code)
}

/// Finds the region that an `AuthorizationHeaderMalformed` or redirect names in its XML.
pub(super) fn region_in(body: &str) -> Option<String> {
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
    pub(super) fn wait(&self, remedy: Remedy, attempts: u32) -> Option<Duration> {
        let attempts_max = match remedy {
            Remedy::SlowDown => self.throttled_attempts,
            Remedy::Retry => self.attempts,
            Remedy::Follow | Remedy::GiveUp => return None,
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
            (502, "", Remedy::Retry),
            (301, "PermanentRedirect", Remedy::Follow),
            (400, "AuthorizationHeaderMalformed", Remedy::Follow),
            (403, "AccessDenied", Remedy::GiveUp),
            (404, "NoSuchKey", Remedy::GiveUp),
            (400, "ExpiredToken", Remedy::GiveUp),
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
    fn what_an_answer_means_for_an_object() {
        let about = About {
            action: Action::Get,
            ..ABOUT
        };
        for (status, code, word, ends_run) in [
            (404, "NoSuchKey", "gone", false),
            (404, "", "gone", false),
            (404, "NoSuchBucket", "source", true),
            (403, "AccessDenied", "denied", false),
            (403, "KMS.DisabledException", "denied", false),
            (403, "InvalidObjectState", "archived", false),
            (403, "InvalidAccessKeyId", "source", true),
            (400, "ExpiredToken", "source", true),
            (403, "RequestTimeTooSkewed", "source", true),
            (301, "PermanentRedirect", "source", true),
            (503, "SlowDown", "throttled", false),
            (501, "NotImplemented", "refused", false),
        ] {
            let error = said(status, code).fetch_error(about);
            assert_eq!(
                (error.status(), error.ends_run()),
                (word, ends_run),
                "{status} {code}"
            );
        }
    }

    #[test]
    fn what_an_answer_means_for_a_source() {
        let check = |answer: Answer, expected: &str| {
            let line = answer.source_error(ABOUT).to_string();
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
            "--no-sign-request",
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
