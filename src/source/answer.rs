//! What an answer of S3 means for one object: it costs the object, or the run.

use super::error::FetchError;
use crate::aws::answer::{About, Answer, asks_to_slow_down, is_about_credentials, is_elsewhere};

impl FetchError {
    /// The error that an answer is for one object.
    pub(super) fn of(answer: Answer, about: About<'_>) -> Self {
        let attempts = about.attempts;
        match answer {
            Answer::TooLarge { bytes, max } => Self::TooLarge { bytes, max },
            Answer::Lost { detail } => Self::Transport { attempts, detail },
            Answer::Said {
                status,
                ref code,
                ref message,
                ..
            } => {
                let code = code.clone();
                match (status, code.as_str()) {
                    (_, "NoSuchKey" | "NotFound" | "NoSuchVersion") => Self::Gone,
                    (_, "InvalidObjectState") => Self::Archived,
                    (403, _) if !is_about_credentials(&code) => Self::Denied { code },
                    (_, "AccessDenied") => Self::Denied { code },
                    (404, _) if code != "NoSuchBucket" => Self::Gone,
                    (429 | 503, _) => Self::Throttled { attempts },
                    _ if asks_to_slow_down(&code) => Self::Throttled { attempts },
                    // The same for all objects.
                    (_, "NoSuchBucket") => answer.error(about).into(),
                    _ if is_about_credentials(&code) || is_elsewhere(status, &code) => {
                        answer.error(about).into()
                    }
                    _ => Self::Refused {
                        status,
                        code,
                        message: message.clone(),
                    },
                }
            }
            other => other.error(about).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::answer::Action;

    #[test]
    fn what_an_answer_means_for_an_object() {
        let about = About {
            action: Action::Get,
            bucket: "logs",
            key: "AWSLogs/1/x.json.gz",
            region: "us-east-1",
            endpoint: "https://s3",
            attempts: 6,
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
            let answer = Answer::Said {
                status,
                code: code.to_owned(),
                message: String::new(),
                region: None,
            };
            let error = FetchError::of(answer, about);
            assert_eq!(
                (error.status(), error.ends_run()),
                (word, ends_run),
                "{status} {code}"
            );
        }
    }
}
