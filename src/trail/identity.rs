//! `userIdentity` to the principal: one name for who acted, the same for all sessions of a service's role.

use std::borrow::Cow;

use super::json::Value;
use super::record::{Field, Record};
use super::scan::cut;

/// Who made a call.
#[derive(Debug, Default)]
pub struct Caller<'a> {
    /// The principal, by the table of the `events` contract; `None` where nothing is known.
    pub principal: Option<Cow<'a, str>>,
    /// The session's name: what stands behind the role in `userIdentity.arn`.
    pub session_name: Option<&'a str>,
    /// The service that made the call, where one did: `userIdentity.invokedBy`.
    pub invoked_by: Option<&'a str>,
}

/// Returns who made the call of a record.
pub fn caller<'a>(record: &Record<'a>) -> Caller<'a> {
    let Some(identity) = Identity::of(record) else {
        return Caller::default();
    };
    Caller {
        principal: principal(record, &identity),
        session_name: identity.session.and_then(|session| session.session),
        invoked_by: identity.invoked_by,
    }
}

/// The members of `userIdentity` that say who acted. An empty text is the same as none.
#[derive(Debug, Clone, Copy, Default)]
struct Identity<'a> {
    kind: Option<&'a str>,
    arn: Option<&'a str>,
    account: Option<&'a str>,
    principal_id: Option<&'a str>,
    user_name: Option<&'a str>,
    invoked_by: Option<&'a str>,
    provider: Option<&'a str>,
    session_context: Option<Value<'a>>,
    on_behalf_of: Option<Value<'a>>,
    /// What `arn` says, where it is a role session's.
    session: Option<RoleSession<'a>>,
}

impl<'a> Identity<'a> {
    fn of(record: &Record<'a>) -> Option<Self> {
        let mut identity = Self::default();
        for (key, value) in record.get(Field::UserIdentity)?.members() {
            match key {
                "type" => identity.kind = text(value),
                "arn" => identity.arn = text(value),
                "accountId" => identity.account = account(value),
                "principalId" => identity.principal_id = text(value),
                "userName" => identity.user_name = text(value),
                "invokedBy" => identity.invoked_by = text(value),
                "identityProvider" => identity.provider = text(value),
                "sessionContext" => identity.session_context = Some(value),
                "onBehalfOf" => identity.on_behalf_of = Some(value),
                _ => {}
            }
        }
        identity.session = identity.arn.and_then(RoleSession::parse);
        Some(identity)
    }
}

fn principal<'a>(record: &Record<'a>, identity: &Identity<'a>) -> Option<Cow<'a, str>> {
    if identity.account == Some("anonymous") {
        return Some(jwt_principal(record).unwrap_or(Cow::Borrowed("anonymous")));
    }
    let special = match identity.kind {
        Some("Root") => root(identity),
        Some("IAMUser") => user(identity),
        Some("AssumedRole") => assumed_role(identity),
        Some("AWSService") | None => identity.invoked_by.map(Cow::Borrowed),
        Some("AWSAccount") => account_principal(identity),
        Some("WebIdentityUser" | "SAMLUser") => federated(identity),
        Some("IdentityCenterUser" | "Unknown") => identity_center(identity),
        Some(_) => None,
    };
    special.or_else(|| other(identity))
}

/// Returns the claims of the JSON web token that a caller of an `AgentCore` gateway showed.
pub fn jwt_claims<'a>(record: &Record<'a>) -> Option<Value<'a>> {
    if !record
        .str(Field::EventSource)?
        .starts_with("bedrock-agentcore")
    {
        return None;
    }
    record
        .path(Field::AdditionalEventData, &["jwt", "claims"])
        .filter(|claims| claims.is_object())
}

/// Returns the text of a string that is not empty.
pub(crate) fn text(value: Value<'_>) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Account ids are strings, so that leading zeros stay; one that was written as a number is taken as written.
fn account(value: Value<'_>) -> Option<&str> {
    text(value).or_else(|| value.is_number().then(|| value.raw()))
}

fn jwt_principal<'a>(record: &Record<'a>) -> Option<Cow<'a, str>> {
    let claims = jwt_claims(record)?;
    let claim = |name| claims.get(name).and_then(text);
    let (issuer, subject) = (claim("iss"), claim("sub"));
    issuer.or(subject)?;
    let (issuer, subject) = (issuer.unwrap_or(""), subject.unwrap_or(""));
    Some(format!("jwt:{issuer}#{subject}").into())
}

/// The root user's principal id is its account's.
fn root<'a>(identity: &Identity<'a>) -> Option<Cow<'a, str>> {
    let of_arn = || identity.arn?.split(':').nth(4).filter(|id| !id.is_empty());
    let account = identity.account.or_else(of_arn).or(identity.principal_id)?;
    Some(format!("root:{account}").into())
}

fn user<'a>(identity: &Identity<'a>) -> Option<Cow<'a, str>> {
    if let Some(arn) = identity.arn {
        return Some(arn.into());
    }
    let (account, name) = (identity.account?, identity.user_name?);
    Some(format!("user:{account}/{name}").into())
}

fn assumed_role<'a>(identity: &Identity<'a>) -> Option<Cow<'a, str>> {
    let session = identity.session;
    let person = session
        .filter(RoleSession::is_person)
        .and(identity.arn)
        .map(Cow::Borrowed);
    let role = person
        .or_else(|| session_issuer_arn(identity).map(Cow::Borrowed))
        .or_else(|| session.map(|session| session.role_arn().into()))
        .or_else(|| other(identity))?;
    match identity.session_context.and_then(source_identity) {
        Some(source) => Some(format!("{role}?source_identity={source}").into()),
        None => Some(role),
    }
}

fn session_issuer_arn<'a>(identity: &Identity<'a>) -> Option<&'a str> {
    identity
        .session_context?
        .path(&["sessionIssuer", "arn"])
        .and_then(text)
}

fn source_identity(session_context: Value<'_>) -> Option<&str> {
    session_context.get("sourceIdentity").and_then(text)
}

fn account_principal<'a>(identity: &Identity<'a>) -> Option<Cow<'a, str>> {
    let account = identity.account?;
    let id = identity
        .principal_id
        .and_then(|id| id.split(':').next())
        .filter(|id| !id.is_empty());
    let name = match id {
        Some(id) => ["account:", account, "/", id].concat(), // faster than format!, and one record in six has it
        None => ["account:", account].concat(),
    };
    Some(name.into())
}

fn federated<'a>(identity: &Identity<'a>) -> Option<Cow<'a, str>> {
    let (provider, name) = (identity.provider?, identity.user_name?);
    Some(format!("{provider}#{name}").into())
}

fn identity_center<'a>(identity: &Identity<'a>) -> Option<Cow<'a, str>> {
    let user = identity.on_behalf_of?.get("userId").and_then(text)?;
    Some(format!("identity-center:{user}").into())
}

fn other<'a>(identity: &Identity<'a>) -> Option<Cow<'a, str>> {
    if let Some(name) = identity.arn.or(identity.principal_id) {
        return Some(name.into());
    }
    let account = identity.account?;
    let kind = identity.kind.unwrap_or("account");
    Some(format!("{kind}:{account}").into())
}

/// `arn:<partition>:sts::<account>:assumed-role/<role>/<session>`, taken apart.
#[derive(Debug, Clone, Copy)]
struct RoleSession<'a> {
    partition: &'a str,
    account: &'a str,
    role: &'a str,
    session: Option<&'a str>,
}

impl<'a> RoleSession<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let (partition, rest) = cut(arn.strip_prefix("arn:")?, b':')?;
        let (account, rest) = cut(rest.strip_prefix("sts::")?, b':')?;
        let rest = rest.strip_prefix("assumed-role/")?;
        let (role, session) = cut(rest, b'/').unwrap_or((rest, ""));
        (!role.is_empty()).then_some(Self {
            partition,
            account,
            role,
            session: Some(session).filter(|session| !session.is_empty()),
        })
    }

    /// A person comes through Identity Center, or names the session by mail address.
    fn is_person(&self) -> bool {
        self.role.starts_with("AWSReservedSSO_")
            || self.session.is_some_and(|session| session.contains('@'))
    }

    fn role_arn(&self) -> String {
        let Self {
            partition,
            account,
            role,
            ..
        } = self;
        format!("arn:{partition}:iam::{account}:role/{role}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::json::Parser;

    /// Checks the principal of a record with that `userIdentity`.
    fn check(identity: &str, expected: Option<&str>) {
        check_record(&format!(r#"{{"userIdentity":{identity}}}"#), expected);
    }

    fn check_record(text: &str, expected: Option<&str>) {
        let found = Parser::default()
            .parse(text, |root| {
                caller(&Record::new(root)).principal.map(Cow::into_owned)
            })
            .expect("JSON");
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn anonymous() {
        check(
            r#"{"type":"AWSAccount","principalId":"","accountId":"anonymous"}"#,
            Some("anonymous"),
        );
        let jwt = |source: &str, claims: &str| {
            format!(
                r#"{{"eventSource":"{source}","eventName":"InvokeGateway",
                "userIdentity":{{"type":"AWSAccount","principalId":"","accountId":"anonymous"}},
                "additionalEventData":{{"jwt":{{"claims":{claims}}}}}}}"#
            )
        };
        let gateway = "bedrock-agentcore.amazonaws.com";
        check_record(
            &jwt(
                gateway,
                r#"{"sub":"abc","iss":"https://idp.example.com/x"}"#,
            ),
            Some("jwt:https://idp.example.com/x#abc"),
        );
        check_record(&jwt(gateway, r#"{"sub":"abc"}"#), Some("jwt:#abc"));
        check_record(&jwt(gateway, "{}"), Some("anonymous"));
        check_record(
            &jwt("s3.amazonaws.com", r#"{"sub":"abc","iss":"i"}"#),
            Some("anonymous"),
        );
    }

    #[test]
    fn root_users() {
        check(
            r#"{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}"#,
            Some("root:111122223333"),
        );
        check(
            r#"{"type":"Root","accountId":"000012345678"}"#,
            Some("root:000012345678"),
        );
        check(
            r#"{"type":"Root","arn":"arn:aws:iam::000012345678:root"}"#,
            Some("root:000012345678"),
        );
    }

    #[test]
    fn iam_users() {
        check(
            r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/eva","accountId":"111122223333","userName":"eva"}"#,
            Some("arn:aws:iam::111122223333:user/eva"),
        );
        check(
            r#"{"type":"IAMUser","accountId":"000012345678","userName":"eva","principalId":"AIDA1"}"#,
            Some("user:000012345678/eva"),
        );
        check(
            r#"{"type":"IAMUser","accountId":"111122223333","accessKeyId":"","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
            Some("user:111122223333/HIDDEN_DUE_TO_SECURITY_REASONS"),
        );
        check(
            r#"{"type":"IAMUser","accountId":"111122223333","principalId":"AIDA1"}"#,
            Some("AIDA1"),
        );
    }

    #[test]
    fn people_in_roles() {
        check(
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a1b/eva",
                "sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a1b"}}}"#,
            Some("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a1b/eva"),
        );
        check(
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/dev/eva@example.com",
                "sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/dev"}}}"#,
            Some("arn:aws:sts::111122223333:assumed-role/dev/eva@example.com"),
        );
        check(
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/dev/eva@example.com",
                "sessionContext":{"sourceIdentity":"eva"}}"#,
            Some("arn:aws:sts::111122223333:assumed-role/dev/eva@example.com?source_identity=eva"),
        );
    }

    #[test]
    fn services_in_roles() {
        check(
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/app/i-0123",
                "sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/path/app"}}}"#,
            Some("arn:aws:iam::111122223333:role/path/app"),
        );
        for issuer in ["{}", r#"{"sessionIssuer":{}}"#, r#"{"sessionIssuer":null}"#] {
            check(
                &format!(
                    r#"{{"type":"AssumedRole","arn":"arn:aws-cn:sts::000012345678:assumed-role/app/i-0123","sessionContext":{issuer}}}"#
                ),
                Some("arn:aws-cn:iam::000012345678:role/app"),
            );
        }
        check(
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/app/i-0123",
                "sessionContext":{"sourceIdentity":"eva","sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/app"}}}"#,
            Some("arn:aws:iam::111122223333:role/app?source_identity=eva"),
        );
        check(
            r#"{"type":"AssumedRole","principalId":"AROA1:s"}"#,
            Some("AROA1:s"),
        );
    }

    #[test]
    fn services() {
        check(
            r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
            Some("ec2.amazonaws.com"),
        );
        check(r#"{"invokedBy":"AWS Internal"}"#, Some("AWS Internal"));
        check(
            r#"{"type":"AWSService","principalId":"secretsmanager.amazonaws.com"}"#,
            Some("secretsmanager.amazonaws.com"),
        );
        // A service that acts for a user does not become the user.
        check(
            r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/eva","invokedBy":"cloudformation.amazonaws.com"}"#,
            Some("arn:aws:iam::111122223333:user/eva"),
        );
    }

    #[test]
    fn other_accounts() {
        check(
            r#"{"type":"AWSAccount","principalId":"AROA1:session","accountId":"000012345678"}"#,
            Some("account:000012345678/AROA1"),
        );
        check(
            r#"{"type":"AWSAccount","principalId":"AIDA1","accountId":"444455556666"}"#,
            Some("account:444455556666/AIDA1"),
        );
        check(
            r#"{"type":"AWSAccount","accountId":"444455556666"}"#,
            Some("account:444455556666"),
        );
    }

    #[test]
    fn federated_users() {
        check(
            r#"{"type":"WebIdentityUser","principalId":"p:a:u","userName":"system:serviceaccount:a:b","identityProvider":"arn:aws:iam::111122223333:oidc-provider/oidc.example.com"}"#,
            Some(
                "arn:aws:iam::111122223333:oidc-provider/oidc.example.com#system:serviceaccount:a:b",
            ),
        );
        check(
            r#"{"type":"SAMLUser","principalId":"Z=:eva@example.com","userName":"eva@example.com","identityProvider":"Z="}"#,
            Some("Z=#eva@example.com"),
        );
        check(
            r#"{"type":"WebIdentityUser","principalId":"accounts.google.com:app:user"}"#,
            Some("accounts.google.com:app:user"),
        );
    }

    #[test]
    fn identity_center_users() {
        for kind in ["IdentityCenterUser", "Unknown"] {
            check(
                &format!(
                    r#"{{"type":"{kind}","accountId":"111122223333","onBehalfOf":{{"userId":"0a1b","identityStoreArn":"arn:x"}}}}"#
                ),
                Some("identity-center:0a1b"),
            );
            check(
                &format!(r#"{{"type":"{kind}","accountId":"111122223333"}}"#),
                Some(&format!("{kind}:111122223333")),
            );
        }
        // Others with an onBehalfOf stay what they are.
        check(
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_A_1/eva","onBehalfOf":{"userId":"0a1b"}}"#,
            Some("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_A_1/eva"),
        );
    }

    #[test]
    fn all_others() {
        for kind in ["FederatedUser", "Directory", "Role", "Unknown", "NewType"] {
            check(
                &format!(r#"{{"type":"{kind}","arn":"arn:aws:x","principalId":"P"}}"#),
                Some("arn:aws:x"),
            );
            check(
                &format!(r#"{{"type":"{kind}","arn":"","principalId":"P"}}"#),
                Some("P"),
            );
            check(
                &format!(r#"{{"type":"{kind}","accountId":"000012345678"}}"#),
                Some(&format!("{kind}:000012345678")),
            );
        }
        check(r#"{"arn":"arn:aws:x"}"#, Some("arn:aws:x"));
        check(
            r#"{"accountId":"111122223333"}"#,
            Some("account:111122223333"),
        );
    }

    #[test]
    fn nothing_known() {
        for identity in [
            "null",
            "{}",
            "\"x\"",
            "[]",
            r#"{"type":"Unknown"}"#,
            r#"{"type":""}"#,
        ] {
            check(identity, None);
        }
        check_record("{}", None);
    }

    #[test]
    fn session_names() {
        let check = |arn: &str, expected: Option<&str>| {
            let text = format!(r#"{{"userIdentity":{{"arn":"{arn}"}}}}"#);
            let found = Parser::default()
                .parse(&text, |root| {
                    caller(&Record::new(root)).session_name.map(str::to_owned)
                })
                .expect("JSON");
            assert_eq!(found.as_deref(), expected, "{arn}");
        };
        check(
            "arn:aws:sts::111122223333:assumed-role/app/i-0123",
            Some("i-0123"),
        );
        check(
            "arn:aws-us-gov:sts::111122223333:assumed-role/app/eva@example.com",
            Some("eva@example.com"),
        );
        check("arn:aws:sts::111122223333:assumed-role/app", None);
        check("arn:aws:sts::111122223333:federated-user/eva", None);
        check("arn:aws:iam::111122223333:user/eva", None);
        check("", None);
    }
}
