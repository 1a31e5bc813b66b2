//! Which records are sign-ins, how they were made and how they ended.
//!
//! Each event keeps its outcome in a place of its own, and a failed `ConsoleLogin` has no error code.

use super::identity::text;
use super::json::Value;
use super::record::{Field, Record, as_bool};

/// How a sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Success,
    /// It failed.
    Failure,
    /// The record does not say.
    Unknown,
}

impl Outcome {
    /// Returns the value of the `outcome` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Unknown => "unknown",
        }
    }
}

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A user's name and password.
    Password,
    /// Through a federated session's console address.
    Federated,
    /// A SAML assertion for a role.
    Saml,
    /// A web identity token for a role.
    WebIdentity,
    /// IAM Identity Center.
    IdentityCenter,
    /// An OAuth grant, `aws login` and MCP clients among them.
    OAuth,
    /// From one role to another in the console.
    SwitchRole,
    /// The account's root user.
    Root,
    /// The second factor was asked for.
    MfaCheck,
}

impl Method {
    /// Returns the value of the `method` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Federated => "federated",
            Self::Saml => "saml",
            Self::WebIdentity => "web_identity",
            Self::IdentityCenter => "identity_center",
            Self::OAuth => "oauth",
            Self::SwitchRole => "switch_role",
            Self::Root => "root",
            Self::MfaCheck => "mfa_check",
        }
    }
}

/// What a sign-in record says beyond the columns of every event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn<'a> {
    /// How; `None` where a console sign-in does not tell who it was.
    pub method: Option<Method>,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether a second factor was used; `None` for federated sign-ins, where CloudTrail's "No" means nothing.
    pub mfa_used: Option<bool>,
    /// The kind of second factor.
    pub mfa_type: Option<&'a str>,
    /// The credentials shown to Identity Center, joined by commas.
    pub credential_type: Option<&'a str>,
    /// What joins the events of one Identity Center sign-in.
    pub auth_workflow_id: Option<&'a str>,
    /// The user name as it was entered, or CloudTrail's placeholder for it.
    pub entered_user_name: Option<&'a str>,
    /// The address signed in to.
    pub login_to: Option<&'a str>,
    /// The ARN that a role was switched from.
    pub switch_from: Option<&'a str>,
    /// Why it failed.
    pub failure_reason: Option<&'a str>,
}

/// Where an event keeps its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// A member of this field that is named like the event.
    Named(Field),
    /// `additionalEventData.success`.
    Success,
    /// An error code or none.
    ErrorCode,
}

/// Returns what a sign-in record says; `None` for any other record.
pub fn sign_in<'a>(record: &Record<'a>) -> Option<SignIn<'a>> {
    let (name, keeps) = event(record)?;
    let extra = |key| {
        record
            .path(Field::AdditionalEventData, &[key])
            .and_then(text)
    };
    let method = method(record, name);
    let outcome = outcome(record, name, keeps);
    let error = || filled(record, Field::ErrorMessage).or(filled(record, Field::ErrorCode));
    Some(SignIn {
        method,
        outcome,
        mfa_used: mfa_used(record, name, method),
        mfa_type: extra("MfaType").or_else(|| extra("MFAType")),
        credential_type: extra("CredentialType"),
        auth_workflow_id: extra("AuthWorkflowID"),
        entered_user_name: extra("UserName").or_else(|| {
            record
                .path(Field::UserIdentity, &["userName"])
                .and_then(text)
        }),
        login_to: extra("LoginTo").or_else(|| extra("RedirectTo")),
        switch_from: extra("SwitchFrom"),
        failure_reason: (outcome == Outcome::Failure).then(error).flatten(),
    })
}

/// Returns whether a record is a sign-in that failed.
pub fn failed(record: &Record<'_>) -> bool {
    event(record).is_some_and(|(name, keeps)| outcome(record, name, keeps) == Outcome::Failure)
}

/// The name of a sign-in event, and where it keeps its outcome. The source first: it settles nearly all records.
fn event<'a>(record: &Record<'a>) -> Option<(&'a str, Keeps)> {
    let source = record.str(Field::EventSource)?;
    if !matches!(
        source,
        "signin.amazonaws.com" | "sso.amazonaws.com" | "sts.amazonaws.com"
    ) {
        return None;
    }
    let name = record.str(Field::EventName)?;
    let keeps = match (source, name) {
        (
            "signin.amazonaws.com",
            "ConsoleLogin"
            | "SwitchRole"
            | "ExitRole"
            | "RenewRole"
            | "CheckMfa"
            | "GetSigninToken"
            | "PasswordRecoveryRequested"
            | "PasswordRecoveryCompleted"
            | "PasswordUpdated",
        ) => Keeps::Named(Field::ResponseElements),
        (
            "signin.amazonaws.com",
            "UserAuthentication"
            | "CredentialChallenge"
            | "CredentialVerification"
            | "ExternalIdPDirectoryLogin",
        ) => Keeps::Named(Field::ServiceEventDetails),
        ("signin.amazonaws.com", "AuthorizeOAuth2Access" | "CreateOAuth2Token") => Keeps::Success,
        ("sso.amazonaws.com", "Authenticate" | "Federate")
        | ("sts.amazonaws.com", "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity") => {
            Keeps::ErrorCode
        }
        _ => return None,
    };
    Some((name, keeps))
}

fn outcome(record: &Record<'_>, name: &str, keeps: Keeps) -> Outcome {
    let said = match keeps {
        Keeps::Named(field) => named_outcome(record, field, name),
        Keeps::Success => record
            .path(Field::AdditionalEventData, &["success"])
            .and_then(as_bool)
            .map(|success| {
                if success {
                    Outcome::Success
                } else {
                    Outcome::Failure
                }
            }),
        Keeps::ErrorCode if filled(record, Field::ErrorCode).is_some() => Some(Outcome::Failure),
        Keeps::ErrorCode => Some(Outcome::Success),
    };
    said.unwrap_or_else(|| {
        let error =
            filled(record, Field::ErrorMessage).or_else(|| filled(record, Field::ErrorCode));
        if error.is_some() {
            Outcome::Failure
        } else {
            Outcome::Unknown
        }
    })
}

fn named_outcome(record: &Record<'_>, field: Field, name: &str) -> Option<Outcome> {
    let (_, value) = record
        .get(field)?
        .members()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    match value.as_str()? {
        text if text.eq_ignore_ascii_case("Success") => Some(Outcome::Success),
        text if text.eq_ignore_ascii_case("Failure") => Some(Outcome::Failure),
        _ => None,
    }
}

fn method(record: &Record<'_>, name: &str) -> Option<Method> {
    Some(match name {
        "ConsoleLogin" => return console_method(record),
        "PasswordRecoveryRequested" | "PasswordRecoveryCompleted" | "PasswordUpdated" => {
            console_method(record).unwrap_or(Method::Password)
        }
        "SwitchRole" | "ExitRole" | "RenewRole" => Method::SwitchRole,
        "CheckMfa" => Method::MfaCheck,
        "GetSigninToken" => Method::Federated,
        "AuthorizeOAuth2Access" | "CreateOAuth2Token" => Method::OAuth,
        "AssumeRoleWithSAML" => Method::Saml,
        "AssumeRoleWithWebIdentity" => Method::WebIdentity,
        _ => Method::IdentityCenter,
    })
}

fn console_method(record: &Record<'_>) -> Option<Method> {
    Some(match identity_type(record)? {
        "Root" => Method::Root,
        "IAMUser" => Method::Password,
        "IdentityCenterUser" => Method::IdentityCenter,
        "AssumedRole" | "Role" | "FederatedUser" | "SAMLUser" | "WebIdentityUser" => {
            Method::Federated
        }
        _ => return None,
    })
}

fn identity_type<'a>(record: &Record<'a>) -> Option<&'a str> {
    record.path_str(Field::UserIdentity, &["type"])
}

/// CloudTrail knows the second factor of users and of root; of federated sessions it says "No" and "false" always.
fn mfa_used(record: &Record<'_>, name: &str, method: Option<Method>) -> Option<bool> {
    match method? {
        Method::IdentityCenter if name == "UserAuthentication" => credential_mfa(record),
        Method::Federated | Method::Saml | Method::WebIdentity | Method::IdentityCenter => None,
        Method::Password | Method::Root | Method::MfaCheck | Method::OAuth | Method::SwitchRole => {
            let own = record.path(Field::AdditionalEventData, &["MFAUsed"]);
            own.and_then(yes_or_no).or_else(|| session_mfa(record))
        }
    }
}

fn yes_or_no(value: Value<'_>) -> Option<bool> {
    as_bool(value).or_else(|| match value.as_str()? {
        text if text.eq_ignore_ascii_case("yes") => Some(true),
        text if text.eq_ignore_ascii_case("no") => Some(false),
        _ => None,
    })
}

/// What the session says: "true" is true of any; "false" only of a user, or of a role that a user switched to.
fn session_mfa(record: &Record<'_>) -> Option<bool> {
    let mfa = record.path(
        Field::UserIdentity,
        &["sessionContext", "attributes", "mfaAuthenticated"],
    )?;
    let mfa = as_bool(mfa)?;
    let switched_from_user = || {
        record
            .path_str(Field::AdditionalEventData, &["SwitchFrom"])
            .is_some_and(|arn| arn.contains(":user/") || arn.ends_with(":root"))
    };
    let known =
        mfa || matches!(identity_type(record), Some("IAMUser" | "Root")) || switched_from_user();
    known.then_some(mfa)
}

/// Identity Center names the credentials that were shown: two, or one that is only used as a second.
fn credential_mfa(record: &Record<'_>) -> Option<bool> {
    let shown = record.path_str(Field::AdditionalEventData, &["CredentialType"])?;
    let shown = || {
        shown
            .split(',')
            .map(str::trim)
            .filter(|kind| !kind.is_empty())
    };
    let any_of = |kinds: &[&str]| {
        shown().any(|shown| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(shown)))
    };
    if shown().next().is_none() || any_of(&["EXTERNAL_IDP"]) {
        return None;
    }
    Some(shown().count() > 1 || any_of(&["TOTP", "WEBAUTHN", "RESYNC_TOTP"]))
}

fn filled<'a>(record: &Record<'a>, field: Field) -> Option<&'a str> {
    record.get(field).and_then(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::json::Parser;

    /// Checks some facts of a sign-in; `None` where the record is no sign-in.
    fn check<T: PartialEq + std::fmt::Debug>(
        record: &str,
        read: impl Fn(SignIn<'_>) -> T,
        expected: Option<T>,
    ) {
        let found = Parser::default()
            .parse(record, |root| {
                let record = Record::new(root);
                let sign_in = sign_in(&record);
                assert_eq!(
                    sign_in.is_some_and(|s| s.outcome == Outcome::Failure),
                    failed(&record)
                );
                sign_in.map(&read)
            })
            .expect("JSON");
        assert_eq!((record, found), (record, expected));
    }

    fn check_outcome(source: &str, name: &str, rest: &str, expected: &str) {
        let record = format!(
            r#"{{"eventSource":"{source}.amazonaws.com","eventName":"{name}"{comma}{rest}}}"#,
            comma = if rest.is_empty() { "" } else { "," }
        );
        check(&record, |s| s.outcome.name(), Some(expected));
    }

    #[test]
    fn outcome_in_response_elements() {
        for name in [
            "ConsoleLogin",
            "SwitchRole",
            "ExitRole",
            "RenewRole",
            "CheckMfa",
            "GetSigninToken",
            "PasswordRecoveryRequested",
            "PasswordRecoveryCompleted",
            "PasswordUpdated",
        ] {
            let check = |rest: &str, expected| check_outcome("signin", name, rest, expected);
            check(
                &format!(r#""responseElements":{{"{name}":"Success"}}"#),
                "success",
            );
            check(
                &format!(r#""responseElements":{{"{name}":"success"}}"#),
                "success",
            );
            check(
                &format!(
                    r#""errorMessage":"Failed authentication","responseElements":{{"{name}":"Failure"}}"#
                ),
                "failure",
            );
            check(
                &format!(r#""responseElements":{{"{name}":"FAILURE"}}"#),
                "failure",
            );
            check(
                r#""responseElements":null,"errorMessage":"Failed authentication""#,
                "failure",
            );
            check(r#""errorCode":"AccessDenied""#, "failure");
            check(r#""errorCode":"","errorMessage":null"#, "unknown");
            check(
                &format!(r#""responseElements":{{"{name}":"..."}}"#),
                "unknown",
            );
            check(
                &format!(r#""serviceEventDetails":{{"{name}":"Success"}}"#),
                "unknown",
            );
        }
    }

    #[test]
    fn outcome_in_service_event_details() {
        for name in [
            "UserAuthentication",
            "CredentialChallenge",
            "CredentialVerification",
            "ExternalIdPDirectoryLogin",
        ] {
            let check = |rest: &str, expected| check_outcome("signin", name, rest, expected);
            check(
                &format!(r#""serviceEventDetails":{{"{name}":"Success"}}"#),
                "success",
            );
            check(
                &format!(r#""serviceEventDetails":{{"{name}":"failure"}}"#),
                "failure",
            );
            check(r#""errorMessage":"no""#, "failure");
            check(r#""errorCode":"no""#, "failure");
            check(
                &format!(r#""responseElements":{{"{name}":"Success"}}"#),
                "unknown",
            );
            check("", "unknown");
        }
    }

    #[test]
    fn outcome_of_oauth() {
        for name in ["AuthorizeOAuth2Access", "CreateOAuth2Token"] {
            let check = |rest: &str, expected| check_outcome("signin", name, rest, expected);
            check(r#""additionalEventData":{"success":"true"}"#, "success");
            check(r#""additionalEventData":{"success":true}"#, "success");
            check(r#""additionalEventData":{"success":"False"}"#, "failure");
            check(r#""additionalEventData":{"success":false}"#, "failure");
            check(r#""errorCode":"AccessDenied""#, "failure");
            check("", "unknown");
        }
    }

    #[test]
    fn outcome_by_error_code() {
        for (source, name) in [
            ("sso", "Authenticate"),
            ("sso", "Federate"),
            ("sts", "AssumeRoleWithSAML"),
            ("sts", "AssumeRoleWithWebIdentity"),
        ] {
            check_outcome(source, name, "", "success");
            check_outcome(source, name, r#""errorCode":"AccessDenied""#, "failure");
        }
    }

    #[test]
    fn other_events_are_no_sign_ins() {
        for (source, name) in [
            ("sts", "AssumeRole"),
            ("sts", "ConsoleLogin"),
            ("sso", "CreateAccountAssignment"),
            ("signin", "AssumeRoleWithSAML"),
            ("signin", "UpdateX"),
            ("ec2", "ConsoleLogin"),
        ] {
            let record =
                format!(r#"{{"eventSource":"{source}.amazonaws.com","eventName":"{name}"}}"#);
            check(&record, |_| (), None);
        }
        check("{}", |_| (), None);
    }

    #[test]
    fn methods() {
        let check = |source: &str, name: &str, kind: &str, expected: Option<&'static str>| {
            let record = format!(
                r#"{{"eventSource":"{source}.amazonaws.com","eventName":"{name}","userIdentity":{{"type":"{kind}"}}}}"#
            );
            check(&record, |s| s.method.map(Method::name), Some(expected));
        };
        check("signin", "ConsoleLogin", "IAMUser", Some("password"));
        check("signin", "ConsoleLogin", "Root", Some("root"));
        check("signin", "ConsoleLogin", "AssumedRole", Some("federated"));
        check("signin", "ConsoleLogin", "FederatedUser", Some("federated"));
        check(
            "signin",
            "ConsoleLogin",
            "IdentityCenterUser",
            Some("identity_center"),
        );
        check("signin", "ConsoleLogin", "Unknown", None);
        check("signin", "PasswordRecoveryRequested", "Root", Some("root"));
        check(
            "signin",
            "PasswordRecoveryCompleted",
            "IAMUser",
            Some("password"),
        );
        check("signin", "PasswordUpdated", "", Some("password"));
        for name in ["SwitchRole", "ExitRole", "RenewRole"] {
            check("signin", name, "AssumedRole", Some("switch_role"));
        }
        check("signin", "CheckMfa", "IAMUser", Some("mfa_check"));
        check("signin", "GetSigninToken", "AssumedRole", Some("federated"));
        for name in [
            "UserAuthentication",
            "CredentialChallenge",
            "CredentialVerification",
            "ExternalIdPDirectoryLogin",
        ] {
            check("signin", name, "Unknown", Some("identity_center"));
        }
        check("signin", "AuthorizeOAuth2Access", "IAMUser", Some("oauth"));
        check("signin", "CreateOAuth2Token", "IAMUser", Some("oauth"));
        check("sso", "Authenticate", "Unknown", Some("identity_center"));
        check("sso", "Federate", "Unknown", Some("identity_center"));
        check("sts", "AssumeRoleWithSAML", "SAMLUser", Some("saml"));
        check(
            "sts",
            "AssumeRoleWithWebIdentity",
            "WebIdentityUser",
            Some("web_identity"),
        );
    }

    #[test]
    fn second_factors() {
        let check = |name: &str, identity: &str, extra: &str, expected: Option<bool>| {
            let record = format!(
                r#"{{"eventSource":"signin.amazonaws.com","eventName":"{name}","userIdentity":{identity},"additionalEventData":{extra}}}"#
            );
            check(&record, |s| s.mfa_used, Some(expected));
        };
        let user = r#"{"type":"IAMUser"}"#;
        check("ConsoleLogin", user, r#"{"MFAUsed":"Yes"}"#, Some(true));
        check("ConsoleLogin", user, r#"{"MFAUsed":"no"}"#, Some(false));
        check("ConsoleLogin", user, "{}", None);
        check(
            "ConsoleLogin",
            r#"{"type":"Root"}"#,
            r#"{"MFAUsed":"Yes"}"#,
            Some(true),
        );
        let federated = r#"{"type":"AssumedRole","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}"#;
        check("ConsoleLogin", federated, r#"{"MFAUsed":"No"}"#, None);
        check("GetSigninToken", federated, r#"{"MFAUsed":"No"}"#, None);
        check(
            "SwitchRole",
            federated,
            r#"{"SwitchFrom":"arn:aws:iam::111122223333:user/eva"}"#,
            Some(false),
        );
        check(
            "SwitchRole",
            federated,
            r#"{"SwitchFrom":"arn:aws:sts::111122223333:assumed-role/a/b"}"#,
            None,
        );
        let with_mfa =
            r#"{"type":"AssumedRole","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}"#;
        check("SwitchRole", with_mfa, "{}", Some(true));
        let session =
            r#"{"type":"IAMUser","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}"#;
        check(
            "CreateOAuth2Token",
            session,
            r#"{"success":"true"}"#,
            Some(false),
        );
        let center = r#"{"type":"IdentityCenterUser"}"#;
        check(
            "UserAuthentication",
            center,
            r#"{"CredentialType":"PASSWORD,TOTP"}"#,
            Some(true),
        );
        check(
            "UserAuthentication",
            center,
            r#"{"CredentialType":"WEBAUTHN"}"#,
            Some(true),
        );
        check(
            "UserAuthentication",
            center,
            r#"{"CredentialType":"PASSWORD"}"#,
            Some(false),
        );
        check(
            "UserAuthentication",
            center,
            r#"{"CredentialType":"EXTERNAL_IDP"}"#,
            None,
        );
        check(
            "CredentialVerification",
            center,
            r#"{"CredentialType":"PASSWORD"}"#,
            None,
        );
    }

    #[test]
    fn what_else_is_said() {
        check(
            r#"{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","errorMessage":"No username found in supplied account",
                "userIdentity":{"type":"IAMUser","accountId":"111122223333","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"},
                "responseElements":{"ConsoleLogin":"Failure"},
                "additionalEventData":{"LoginTo":"https://console.aws.amazon.com","MFAUsed":"No"}}"#,
            |s| {
                s == SignIn {
                    method: Some(Method::Password),
                    outcome: Outcome::Failure,
                    mfa_used: Some(false),
                    mfa_type: None,
                    credential_type: None,
                    auth_workflow_id: None,
                    entered_user_name: Some("HIDDEN_DUE_TO_SECURITY_REASONS"),
                    login_to: Some("https://console.aws.amazon.com"),
                    switch_from: None,
                    failure_reason: Some("No username found in supplied account"),
                }
            },
            Some(true),
        );
        check(
            r#"{"eventSource":"signin.amazonaws.com","eventName":"CheckMfa","responseElements":{"CheckMfa":"Success"},"additionalEventData":{"MfaType":"Virtual MFA"}}"#,
            |s| {
                (
                    s.mfa_type == Some("Virtual MFA"),
                    s.failure_reason.is_none(),
                )
            },
            Some((true, true)),
        );
        check(
            r#"{"eventSource":"signin.amazonaws.com","eventName":"UserAuthentication","userIdentity":{"type":"Unknown"},"serviceEventDetails":{"UserAuthentication":"Success"},
                "additionalEventData":{"AuthWorkflowID":"w","CredentialType":"PASSWORD,TOTP","UserName":"eva","LoginTo":"https://x.awsapps.com/start"}}"#,
            |s| {
                (
                    s.auth_workflow_id == Some("w"),
                    s.credential_type == Some("PASSWORD,TOTP"),
                    s.entered_user_name == Some("eva"),
                    s.login_to == Some("https://x.awsapps.com/start"),
                )
            },
            Some((true, true, true, true)),
        );
        check(
            r#"{"eventSource":"signin.amazonaws.com","eventName":"SwitchRole","responseElements":{"SwitchRole":"Success"},
                "additionalEventData":{"SwitchFrom":"arn:aws:iam::1:user/eva","RedirectTo":"https://console.aws.amazon.com/s3"}}"#,
            |s| {
                (
                    s.switch_from == Some("arn:aws:iam::1:user/eva"),
                    s.login_to == Some("https://console.aws.amazon.com/s3"),
                )
            },
            Some((true, true)),
        );
        check(
            r#"{"eventSource":"sts.amazonaws.com","eventName":"AssumeRoleWithSAML","errorCode":"AccessDenied","userIdentity":{"type":"SAMLUser","userName":"eva@example.com"}}"#,
            |s| {
                (
                    s.failure_reason == Some("AccessDenied"),
                    s.entered_user_name == Some("eva@example.com"),
                )
            },
            Some((true, true)),
        );
    }
}
