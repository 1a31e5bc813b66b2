//! Who acts: the people, roles and services of each account, their sessions, and the events that issue them.

use std::sync::Arc;

use super::events::{Event, long_date};
use super::rng::{hash, key_id, mix};
use super::{Place, World};

/// How somebody comes by credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An IAM user with a key of long life.
    User,
    /// A person of Identity Center, through `AssumeRoleWithSAML`.
    Sso,
    /// A person of another identity provider, through `AssumeRoleWithSAML`.
    Saml,
    /// An EC2 instance's role, assumed by EC2.
    Instance,
    /// A function's role, assumed by Lambda.
    Function,
    /// A Kubernetes service account, through `AssumeRoleWithWebIdentity`.
    WebIdentity,
    /// A role that an IAM user assumes, with a source identity.
    Deploy,
    /// A role that another account assumes.
    CrossAccount,
    /// A service in its own name.
    Service,
}

/// Somebody who acts in every account.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) kind: Kind,
    /// The user, person, role or service.
    pub(super) name: &'static str,
    /// The role, where there is one.
    pub(super) role: &'static str,
    pub(super) agent: &'static str,
}

const fn who(kind: Kind, name: &'static str, role: &'static str, agent: &'static str) -> Who {
    Who {
        kind,
        name,
        role,
        agent,
    }
}

pub(super) const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
const CLI: &str = "aws-cli/2.27.41 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4 md/installer#exe";
pub(super) const BOTO: &str = "Boto3/1.40.1 md/Botocore#1.40.1 os/linux#6.8.0 md/arch#aarch64 lang/python#3.13.4 Botocore/1.40.1";
const JAVA: &str =
    "aws-sdk-java/2.32.14 md/io#sync md/http#Apache os/Linux#5.10.240 lang/java#21.0.8";
const RUST: &str = "aws-sdk-rust/1.3.8 ua/2.1 api/s3/1.100.0 os/linux lang/rust/1.89.0 m/E,b";
const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 (+https://www.terraform.io) terraform-provider-aws/6.7.0 aws-sdk-go-v2/1.37.1";

/// Everybody. The lists below name places in it.
pub(super) const WHO: &[Who] = &[
    who(Kind::User, "alice", "", CLI),
    who(Kind::User, "bob", "", BOTO),
    who(Kind::User, "ci-deploy", "", TERRAFORM),
    who(
        Kind::Sso,
        "ana@example.com",
        "AWSReservedSSO_AdministratorAccess_3f1c2b4a5d6e7f80",
        BROWSER,
    ),
    who(
        Kind::Sso,
        "ben@example.com",
        "AWSReservedSSO_ReadOnlyAccess_90a1b2c3d4e5f607",
        CLI,
    ),
    who(
        Kind::Sso,
        "chloe@example.org",
        "AWSReservedSSO_DeveloperAccess_18293a4b5c6d7e8f",
        CLI,
    ),
    who(Kind::Saml, "dana@example.net", "FederatedAnalyst", BROWSER),
    who(Kind::Instance, "reporting", "reporting", BOTO),
    who(Kind::Instance, "web", "web", RUST),
    who(Kind::Function, "orders-api", "orders-api", JAVA),
    who(Kind::Function, "orders-api", "orders-api", JAVA),
    who(Kind::Function, "payments-worker", "payments-worker", BOTO),
    who(Kind::WebIdentity, "cart", "cart", JAVA),
    who(Kind::Deploy, "deploy", "deploy", TERRAFORM),
    who(Kind::CrossAccount, "security-audit", "security-audit", BOTO),
    who(Kind::Service, "lambda.amazonaws.com", "", ""),
    who(Kind::Service, "rds.amazonaws.com", "", ""),
    who(Kind::Service, "delivery.logs.amazonaws.com", "", ""),
];
pub(super) const ALICE: usize = 0;
pub(super) const BOB: usize = 1;
pub(super) const CI: usize = 2;
pub(super) const ANA: usize = 3;
pub(super) const CHLOE: usize = 5;
/// The role that the burst is planted with.
pub(super) const REPORTING: &[usize] = &[7];
pub(super) const PEOPLE: &[usize] = &[0, 1, 3, 4, 5, 6, 14];
pub(super) const APPS: &[usize] = &[7, 8, 8, 9, 10, 11, 12];
pub(super) const DEPLOYERS: &[usize] = &[2, 13];
pub(super) const SERVICES: &[usize] = &[15, 16, 17];
pub(super) const EVERYONE: &[usize] = &[0, 1, 2, 4, 5, 8, 9, 12, 13, 14];

/// Who makes a call, and from where: what of a record does not depend on the call.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// `userIdentity`, as JSON.
    pub(super) identity: String,
    pub(super) arn: String,
    pub(super) ip: String,
    pub(super) agent: String,
    /// Whether the credentials come from the console.
    pub(super) console: bool,
}

impl Caller {
    /// A service in its own name.
    pub(super) fn service(name: &str) -> Self {
        Self {
            identity: format!(r#"{{"type":"AWSService","invokedBy":"{name}"}}"#),
            arn: String::new(),
            ip: name.to_owned(),
            agent: name.to_owned(),
            console: false,
        }
    }

    /// The same caller through a service that calls on their behalf: only the service is seen.
    pub(super) fn via(&self, service: &str) -> Self {
        let members = self.identity.strip_suffix('}').unwrap_or_default();
        Self {
            identity: format!(r#"{members},"invokedBy":"{service}"}}"#),
            arn: self.arn.clone(),
            ip: service.to_owned(),
            agent: service.to_owned(),
            console: false,
        }
    }

    pub(super) fn with_agent(&self, agent: &str) -> Self {
        Self {
            agent: agent.to_owned(),
            ..self.clone()
        }
    }

    /// Whether a service stands where the client's address would.
    pub(super) fn is_service(&self) -> bool {
        self.ip.ends_with(".amazonaws.com")
    }
}

/// Somebody's live session.
#[derive(Debug)]
pub(super) struct Session {
    caller: Arc<Caller>,
    started: i64,
}

/// What a session is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assumed<'a> {
    pub(super) account: &'a str,
    pub(super) role: &'a str,
    pub(super) name: &'a str,
    /// The temporary key, or nothing where CloudTrail leaves it out.
    pub(super) key: &'a str,
    pub(super) started: i64,
    /// Members of `sessionContext` before its `attributes`, each with a comma behind it.
    pub(super) before: &'a str,
    /// Members of `sessionContext` behind its `attributes`, each with a comma before it.
    pub(super) behind: &'a str,
    /// Members of `userIdentity` behind the session's, each with a comma before it.
    pub(super) last: &'a str,
}

impl Assumed<'_> {
    /// `userIdentity` of a call with this session.
    pub(super) fn identity(&self) -> String {
        let Self {
            account,
            role,
            name,
            key,
            before,
            behind,
            last,
            ..
        } = self;
        let id = role_id(account, role);
        let key = if key.is_empty() {
            String::new()
        } else {
            format!(r#""accessKeyId":"{key}","#)
        };
        format!(
            r#"{{"type":"AssumedRole","principalId":"{id}:{name}","arn":"{}","accountId":"{account}",{key}"sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"{}","accountId":"{account}","userName":"{role}"}},{before}"attributes":{{"creationDate":"{}","mfaAuthenticated":"false"}}{behind}}}{last}}}"#,
            self.arn(),
            role_arn(account, role),
            super::time_text(self.started),
        )
    }

    pub(super) fn arn(&self) -> String {
        format!(
            "arn:aws:sts::{}:assumed-role/{}/{}",
            self.account, self.role, self.name
        )
    }
}

pub(super) fn role_arn(account: &str, role: &str) -> String {
    let path = if role.starts_with("AWSReservedSSO_") {
        "aws-reserved/sso.amazonaws.com/"
    } else {
        ""
    };
    format!("arn:aws:iam::{account}:role/{path}{role}")
}

fn role_id(account: &str, role: &str) -> String {
    key_id("AROA", mix(hash(account), hash(role)), 17)
}

/// Identity Center's name for a person.
pub(super) fn on_behalf_of(account: &str, person: &str) -> String {
    let user = super::rng::Rng::new(hash(person)).uuid();
    format!(
        r#""onBehalfOf":{{"userId":"{user}","identityStoreArn":"arn:aws:identitystore::{account}:identitystore/d-9067example"}}"#
    )
}

/// An IAM user with their own key.
fn user(account: &str, name: &str, agent: &str, ip: String) -> Caller {
    let number = mix(hash(account), hash(name));
    let arn = format!("arn:aws:iam::{account}:user/{name}");
    let identity = format!(
        r#"{{"type":"IAMUser","principalId":"{}","arn":"{arn}","accountId":"{account}","accessKeyId":"{}","userName":"{name}"}}"#,
        key_id("AIDA", number, 17),
        key_id("AKIA", number, 16),
    );
    Caller {
        identity,
        arn,
        ip,
        agent: agent.to_owned(),
        console: false,
    }
}

impl World {
    /// Returns somebody's credentials for a call at `time`, and when at the earliest they can use them.
    /// Where their session has run out, the event that issues the next one comes first.
    pub(super) fn caller(&mut self, place: Place, at: usize, time: i64) -> (Arc<Caller>, i64) {
        let who = &WHO[at];
        let lasting = matches!(who.kind, Kind::User | Kind::Service);
        let account = &mut self.accounts[place.account];
        if let Some(session) = &account.sessions[at] {
            let caller = Arc::clone(&session.caller);
            if lasting {
                return (caller, time);
            } else if time < session.started + self.session_seconds {
                return (caller, time.max(session.started + 1));
            }
        }
        let caller = Arc::new(match who.kind {
            Kind::User => user(&account.id, who.name, who.agent, address(place.account, at)),
            Kind::Service => Caller::service(who.name),
            _ => self.issue(place, at, time),
        });
        let session = Session {
            caller: Arc::clone(&caller),
            started: time,
        };
        self.accounts[place.account].sessions[at] = Some(session);
        (caller, time + i64::from(!lasting))
    }

    /// Writes the event that issues a session, and returns who then acts.
    fn issue(&mut self, place: Place, at: usize, time: i64) -> Caller {
        let who = &WHO[at];
        let account = self.accounts[place.account].id.clone();
        let number = self.rng.next();
        let key = key_id("ASIA", number, 16);
        let name = match who.kind {
            Kind::Instance => format!("i-0{:016x}", mix(hash(&account), at as u64)),
            Kind::WebIdentity => format!("botocore-session-{}", 1_785_000_000 + number % 9_999_999),
            Kind::Deploy => format!("deploy-{}", number % 10_000),
            _ => who.name.to_owned(),
        };
        let provider = format!(
            "arn:aws:iam::{account}:oidc-provider/oidc.eks.{}.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
            super::REGIONS[place.region]
        );
        let web = format!(
            r#""webIdFederationData":{{"federatedProvider":"{provider}","attributes":{{}}}},"#
        );
        let last = format!(",{}", on_behalf_of(&account, who.name));
        let session = Assumed {
            account: &account,
            role: who.role,
            name: &name,
            key: &key,
            started: time,
            before: if who.kind == Kind::WebIdentity {
                &web
            } else {
                ""
            },
            behind: match who.kind {
                Kind::Instance => r#","ec2RoleDelivery":"2.0""#,
                Kind::Deploy => r#","sourceIdentity":"alice""#,
                _ => "",
            },
            last: if who.kind == Kind::Sso { &last } else { "" },
        };
        self.write_issue(place, at, time, &session, &provider);
        Caller {
            identity: session.identity(),
            arn: session.arn(),
            ip: address(place.account, at),
            agent: who.agent.to_owned(),
            console: who.kind == Kind::Sso && who.agent == BROWSER,
        }
    }

    fn write_issue(&mut self, place: Place, at: usize, time: i64, to: &Assumed<'_>, oidc: &str) {
        let Assumed {
            account,
            role,
            name,
            key,
            ..
        } = *to;
        let (arn, id) = (role_arn(account, role), role_id(account, role));
        let resources =
            format!(r#"[{{"accountId":"{account}","type":"AWS::IAM::Role","ARN":"{arn}"}}]"#);
        let session = format!(
            r#""credentials":{{"accessKeyId":"{key}","sessionToken":"EXAMPLETOKEN==","expiration":"{}"}},"assumedRoleUser":{{"assumedRoleId":"{id}:{name}","arn":"{}"}}"#,
            long_date(time + self.session_seconds),
            to.arn(),
        );
        let target = format!(r#""roleArn":"{arn}","roleSessionName":"{name}""#);
        let additional = format!(
            r#"{{"RequestDetails":{{"awsServingRegion":"{}","endpointType":"regional"}}}}"#,
            super::REGIONS[place.region]
        );
        let event = Event {
            additional: &additional,
            resources: &resources,
            ..Event::api(time, "sts", "AssumeRole")
        };
        match WHO[at].kind {
            Kind::Sso | Kind::Saml => {
                let issuer = if WHO[at].kind == Kind::Sso {
                    "AWSSSO"
                } else {
                    "example-idp"
                };
                let caller = Caller {
                    identity: format!(
                        r#"{{"type":"SAMLUser","principalId":"q0TzExampleQualifier=:{name}","userName":"{name}","identityProvider":"q0TzExampleQualifier="}}"#
                    ),
                    arn: String::new(),
                    ip: address(place.account, at),
                    agent: "AWS Signin, aws-internal/3 aws-sdk-java/1.12.788 Linux/5.10.240 java/1.8.0_462".to_owned(),
                    console: false,
                };
                let request = format!(
                    r#"{{"sAMLAssertionID":"_{}",{target},"principalArn":"arn:aws:iam::{account}:saml-provider/{issuer}","durationSeconds":3600}}"#,
                    self.rng.uuid()
                );
                let response = format!(
                    r#"{{{session},"subject":"{name}","subjectType":"persistent","issuer":"https://idp.example.com/{issuer}","audience":"https://signin.aws.amazon.com/saml","nameQualifier":"q0TzExampleQualifier="}}"#
                );
                self.emit(
                    place,
                    &caller,
                    &Event {
                        name: "AssumeRoleWithSAML",
                        request: &request,
                        response: &response,
                        sign_in: Some(true),
                        ..event
                    },
                );
            }
            Kind::WebIdentity => {
                let subject = format!("system:serviceaccount:shop:{role}");
                let caller = web_identity(oidc, &subject, address(place.account, at));
                let request = format!("{{{target}}}");
                let response = format!(
                    r#"{{{session},"subjectFromWebIdentityToken":"{subject}","provider":"{oidc}","audience":"sts.amazonaws.com"}}"#
                );
                self.emit(
                    place,
                    &caller,
                    &Event {
                        name: "AssumeRoleWithWebIdentity",
                        request: &request,
                        response: &response,
                        sign_in: Some(true),
                        ..event
                    },
                );
            }
            Kind::Deploy => {
                let (caller, time) = self.caller(place, CI, time);
                let request =
                    format!(r#"{{{target},"sourceIdentity":"alice","durationSeconds":3600}}"#);
                let response = format!(r#"{{{session},"sourceIdentity":"alice"}}"#);
                self.emit(
                    place,
                    &caller,
                    &Event {
                        time,
                        request: &request,
                        response: &response,
                        ..event
                    },
                );
            }
            Kind::CrossAccount => {
                let request = format!(r#"{{{target},"externalId":"example"}}"#);
                let response = format!("{{{session}}}");
                let event = Event {
                    request: &request,
                    response: &response,
                    ..event
                };
                self.cross_account(place, &event);
            }
            _ => {
                let service = if WHO[at].kind == Kind::Instance {
                    "ec2"
                } else {
                    "lambda"
                };
                let details = format!(r#""sharedEventID":"{}","#, self.rng.uuid());
                let request = format!("{{{target}}}");
                let response = format!("{{{session}}}");
                let caller = Caller::service(&format!("{service}.amazonaws.com"));
                self.emit(
                    place,
                    &caller,
                    &Event {
                        request: &request,
                        response: &response,
                        details: &details,
                        ..event
                    },
                );
            }
        }
    }

    /// Writes a call that another account's user makes here: in the owner's trail, where the caller is hardly
    /// more than an account, and in the caller's, where there is one and room for it, with the same `sharedEventID`.
    pub(super) fn cross_account(&mut self, place: Place, event: &Event<'_>) {
        let details = format!(r#""sharedEventID":"{}","#, self.rng.uuid());
        let event = Event {
            details: &details,
            ..*event
        };
        let other = (place.account + 1) % self.accounts.len();
        let mut principal = (super::OUTSIDE.to_owned(), key_id("AIDA", 99, 17));
        if other != place.account && self.remaining() > 1 {
            let (caller, time) = self.caller(
                Place {
                    account: other,
                    ..place
                },
                BOB,
                event.time,
            );
            self.emit(
                Place {
                    account: other,
                    ..place
                },
                &caller,
                &Event { time, ..event },
            );
            let id = &self.accounts[other].id;
            principal = (id.clone(), key_id("AIDA", mix(hash(id), hash("bob")), 17));
        }
        let caller = Caller {
            identity: format!(
                r#"{{"type":"AWSAccount","principalId":"{}","accountId":"{}"}}"#,
                principal.1, principal.0
            ),
            arn: String::new(),
            ip: address(other, BOB),
            agent: BOTO.to_owned(),
            console: false,
        };
        self.emit(place, &caller, &event);
    }
}

pub(super) fn web_identity(oidc: &str, subject: &str, ip: String) -> Caller {
    Caller {
        identity: format!(
            r#"{{"type":"WebIdentityUser","principalId":"{oidc}:sts.amazonaws.com:{subject}","userName":"{subject}","identityProvider":"{oidc}"}}"#
        ),
        arn: String::new(),
        ip,
        agent: JAVA.to_owned(),
        console: false,
    }
}

/// Where somebody calls from: one of the ranges that documentation may use.
pub(super) fn address(account: usize, at: usize) -> String {
    let host = 10 + (account * 17 + at) % 240;
    match WHO[at].kind {
        Kind::User | Kind::Sso if at.is_multiple_of(2) => {
            format!("2001:db8::{:x}:{host:x}", account + 1)
        }
        Kind::User | Kind::Sso | Kind::Saml => format!("203.0.113.{host}"),
        Kind::CrossAccount | Kind::Deploy => format!("192.0.2.{host}"),
        _ => format!("198.51.100.{host}"),
    }
}
