//! The SDK's configuration, answers and errors in our words.

use std::error::Error;

use super::S3Error;
use super::answer::{Answer, BAD_REQUEST, region_in};
use super::client::REGION_UNSET;
use crate::escape::printable;
use crate::limits::SERVER_MESSAGE_BYTES_MAX;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{Region, SdkConfig, meta::region::RegionProviderChain};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::{Credentials, ProvideCredentials};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// The credentials that requests are signed with now.
///
/// # Errors
///
/// Where no provider has any.
pub(crate) async fn credentials_of(
    config: &SdkConfig,
    profile: Option<&str>,
) -> Result<Credentials, S3Error> {
    let Some(provider) = config.credentials_provider() else {
        return Err(S3Error::NoCredentials {
            detail: "none are configured".to_owned(),
        });
    };
    let error = match provider.provide_credentials().await {
        Ok(credentials) => return Ok(credentials),
        Err(error) => error,
    };
    // Where no provider has any, the SDK's error is a list of all there are.
    let has_none = format!("{error:?}").starts_with("CredentialsNotLoaded");
    let from_env = std::env::var("AWS_PROFILE").ok();
    let detail = match profile.or(from_env.as_deref()) {
        _ if !has_none => root_cause(&error),
        Some(profile) => format!("profile {} gives none", quoted(profile)),
        None => "none in the environment, the default profile or a role of this machine".to_owned(),
    };
    Err(S3Error::NoCredentials { detail })
}

/// The region to ask in: what was given, the environment's, the profile's, or the usual one.
pub(crate) fn region_chain(given: Option<&str>, profile: Option<&str>) -> RegionProviderChain {
    let given = RegionProviderChain::first_try(given.map(|region| Region::new(region.to_owned())))
        .or_else(EnvironmentVariableRegionProvider::new());
    let chain = match profile {
        Some(name) => given.or_else(
            ProfileFileRegionProvider::builder()
                .profile_name(name)
                .build(),
        ),
        None => given,
    };
    chain
        .or_default_provider()
        .or_else(Region::from_static(REGION_UNSET))
}

/// A key as `encoding-type=url` writes it: percent signs, and plus for a space.
pub(crate) fn percent_decoded(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let pair = (*first == b'%').then(|| behind.get(..2)).flatten();
        let decoded =
            pair.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(match (*first, decoded) {
            (_, Some(byte)) => byte,
            (b'+', _) => b' ',
            (byte, _) => byte,
        });
        rest = if decoded.is_some() {
            &behind[2..]
        } else {
            behind
        };
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

pub(crate) fn answer_of<E>(error: &SdkError<E, HttpResponse>) -> Answer
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        // The completion of an upload can fail after its answer has begun with 200.
        SdkError::ServiceError(said)
            if said.raw().status().is_success() && said.err().code().is_none() =>
        {
            Answer::NotS3 {
                detail: root_cause(error),
            }
        }
        SdkError::ServiceError(said) => {
            let raw = said.raw();
            let status = raw.status().as_u16();
            let body = raw
                .body()
                .bytes()
                .map(String::from_utf8_lossy)
                .unwrap_or_default();
            let header = raw.headers().get("x-amz-bucket-region").map(str::to_owned);
            let code = said
                .err()
                .code()
                .map_or_else(|| code_of(status).to_owned(), quoted);
            let message = said.err().message().map(quoted).unwrap_or_default();
            Answer::Said {
                status,
                code,
                message,
                region: header.or_else(|| region_in(&body)),
            }
        }
        SdkError::ResponseError(answer) => match answer.raw().status().as_u16() {
            200..300 => Answer::NotS3 {
                detail: root_cause(error),
            },
            status => {
                let message = root_cause(error);
                let region = answer
                    .raw()
                    .headers()
                    .get("x-amz-bucket-region")
                    .map(str::to_owned);
                Answer::Said {
                    status,
                    code: code_of(status).to_owned(),
                    message,
                    region,
                }
            }
        },
        SdkError::TimeoutError(_) => Answer::Lost {
            detail: "no answer in time".to_owned(),
        },
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            Answer::Lost {
                detail: root_cause(error),
            }
        }
        SdkError::DispatchFailure(_)
            if chain(error).any(|cause| cause.to_string().contains("redential")) =>
        {
            Answer::Credentials {
                detail: root_cause(error),
            }
        }
        SdkError::DispatchFailure(failure) if failure.is_user() => Answer::Unformed {
            detail: root_cause(error),
        },
        SdkError::DispatchFailure(_) => Answer::Lost {
            detail: root_cause(error),
        },
        _ => Answer::Unformed {
            detail: root_cause(error),
        },
    }
}

/// A word for an answer that gives none itself, as those to HEAD.
fn code_of(status: u16) -> &'static str {
    match status {
        301 | 307 => "Redirect",
        400 => BAD_REQUEST,
        403 => "AccessDenied",
        404 => "NotFound",
        503 => "SlowDown",
        _ => "no code",
    }
}

/// The innermost cause, which says what happened where the outer ones say what it led to.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    chain(error)
        .last()
        .map(|cause| quoted(&cause.to_string()))
        .unwrap_or_default()
}

fn chain<'e>(error: &'e dyn Error) -> impl Iterator<Item = &'e dyn Error> {
    std::iter::successors(Some(error), |error: &&'e dyn Error| (*error).source())
}

/// What somebody else said: printable, on one line, and not too long.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.floor_char_boundary(SERVER_MESSAGE_BYTES_MAX);
    printable(&line[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded() {
        for (encoded, key) in [
            ("AWSLogs/1/x.json.gz", "AWSLogs/1/x.json.gz"),
            ("a+b%2Bc%20d", "a b+c d"),
            ("%E6%9D%B1%01", "東\u{1}"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
        ] {
            assert_eq!(percent_decoded(encoded), key);
        }
    }

    #[test]
    fn what_a_server_says_is_cut_and_printable() {
        assert_eq!(quoted("two\n lines \u{1b}[31m"), "two lines \\u{1b}[31m");
        assert!(quoted(&"é".repeat(1000)).len() <= SERVER_MESSAGE_BYTES_MAX);
    }
}
