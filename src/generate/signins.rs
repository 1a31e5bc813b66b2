//! Scenes of people who come in, and of some who are kept out.

use super::calls::Call;
use super::events::{Event, How};
use super::people::{
    ALICE, ANA, Assumed, BOB, BROWSER, Caller, address, on_behalf_of, web_identity,
};
use super::rng::key_id;
use super::{Place, World};

const CONSOLE: &str = "https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_us-east-1_0123456789abcdef";

/// A browser at an address, as whoever `identity` says.
fn browser(identity: String, ip: String) -> Caller {
    Caller {
        identity,
        arn: String::new(),
        ip,
        agent: BROWSER.to_owned(),
        console: false,
    }
}

fn user_identity(account: &str, name: &str) -> String {
    let id = key_id(
        "AIDA",
        super::rng::mix(super::rng::hash(account), super::rng::hash(name)),
        17,
    );
    format!(
        r#"{{"type":"IAMUser","principalId":"{id}","arn":"arn:aws:iam::{account}:user/{name}","accountId":"{account}","userName":"{name}"}}"#
    )
}

impl World {
    /// Writes a `ConsoleLogin`, its outcome in `responseElements`.
    fn console_login(
        &mut self,
        place: Place,
        time: i64,
        who: &Caller,
        success: bool,
        additional: &str,
    ) {
        let event = Event {
            kind: "AwsConsoleSignIn",
            read_only: false,
            response: if success {
                r#"{"ConsoleLogin":"Success"}"#
            } else {
                r#"{"ConsoleLogin":"Failure"}"#
            },
            error: ("", if success { "" } else { "Failed authentication" }),
            additional,
            sign_in: Some(success),
            ..Event::api(time, "signin", "ConsoleLogin")
        };
        self.emit(place.global(), who, &event);
    }

    fn account_of(&self, place: Place) -> String {
        self.accounts[place.account].id.clone()
    }

    /// A user with a second factor: asked for it, then in.
    pub(super) fn console_with_mfa(&mut self, place: Place, time: i64) {
        let account = self.account_of(place);
        let who = browser(
            user_identity(&account, "alice"),
            address(place.account, ALICE),
        );
        let check = Event {
            kind: "AwsConsoleSignIn",
            read_only: false,
            response: r#"{"CheckMfa":"Success"}"#,
            additional: r#"{"MfaType":"Virtual MFA"}"#,
            sign_in: Some(true),
            ..Event::api(time, "signin", "CheckMfa")
        };
        self.emit(place.global(), &who, &check);
        let additional = format!(
            r#"{{"LoginTo":"{CONSOLE}","MobileVersion":"No","MFAIdentifier":"arn:aws:iam::{account}:mfa/alice","MFAUsed":"Yes"}}"#
        );
        self.console_login(place, time + 6, &who, true, &additional);
    }

    /// Somebody who tries a name that does not exist, then bob's until a password fits.
    pub(super) fn guessed_password(&mut self, place: Place, time: i64) {
        let account = self.account_of(place);
        let ip = "198.51.100.250".to_owned();
        let hidden = format!(
            r#"{{"type":"IAMUser","accountId":"{account}","accessKeyId":"","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"}}"#
        );
        let additional =
            format!(r#"{{"LoginTo":"{CONSOLE}","MobileVersion":"No","MFAUsed":"No"}}"#);
        self.console_login(
            place,
            time,
            &browser(hidden, ip.clone()),
            false,
            &additional,
        );
        let identity = user_identity(&account, "bob");
        let refused = identity
            .replace(&format!(r#""arn":"arn:aws:iam::{account}:user/bob","#), "")
            .replace(r#","userName""#, r#","accessKeyId":"","userName""#);
        for at in 1..=5 {
            self.console_login(
                place,
                time + 9 * at,
                &browser(refused.clone(), ip.clone()),
                false,
                &additional,
            );
        }
        self.console_login(place, time + 60, &browser(identity, ip), true, &additional);
    }

    /// Root comes in, and looks around.
    pub(super) fn root(&mut self, place: Place, time: i64) {
        let account = self.account_of(place);
        let identity = format!(
            r#"{{"type":"Root","principalId":"{account}","arn":"arn:aws:iam::{account}:root","accountId":"{account}","accessKeyId":""}}"#
        );
        let who = browser(identity, "203.0.113.9".to_owned());
        let additional = format!(
            r#"{{"LoginTo":"{CONSOLE}","MobileVersion":"No","MFAIdentifier":"arn:aws:iam::{account}:mfa/root","MFAUsed":"Yes"}}"#
        );
        self.console_login(place, time, &who, true, &additional);
        let who = Caller {
            console: true,
            ..who
        };
        self.emit(
            place.global(),
            &who,
            &Event::api(time + 40, "iam", "GetAccountSummary"),
        );
    }

    /// A person of Identity Center opens the console: federated, so CloudTrail knows no factor.
    pub(super) fn federated_console(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, ANA, time);
        let key = key_id("ASIA", self.rng.next(), 16);
        let response =
            format!(r#"{{"credentials":{{"accessKeyId":"{key}"}},"GetSigninToken":"Success"}}"#);
        let event = Event {
            kind: "AwsConsoleSignIn",
            read_only: false,
            response: &response,
            additional: r#"{"MobileVersion":"No","MFAUsed":"No"}"#,
            sign_in: Some(true),
            ..Event::api(time + 1, "signin", "GetSigninToken")
        };
        self.emit(place.global(), &who, &event);
        self.console_login(
            place,
            time + 3,
            &who,
            true,
            r#"{"MobileVersion":"No","MFAUsed":"No"}"#,
        );
    }

    /// A user switches to a role in this account.
    pub(super) fn switch_role(&mut self, place: Place, time: i64) {
        let account = self.account_of(place);
        let other = self.accounts[(place.account + 1) % self.accounts.len()]
            .id
            .clone();
        let key = key_id("ASIA", self.rng.next(), 16);
        let session = Assumed {
            account: &account,
            role: "OrganizationAccountAccessRole",
            name: "alice",
            key: &key,
            started: time,
            before: "",
            behind: "",
            last: "",
        };
        let additional = format!(
            r#"{{"SwitchFrom":"arn:aws:iam::{other}:user/alice","RedirectTo":"https://console.aws.amazon.com/console/home"}}"#
        );
        let event = Event {
            kind: "AwsConsoleSignIn",
            read_only: false,
            response: r#"{"SwitchRole":"Success"}"#,
            additional: &additional,
            sign_in: Some(true),
            ..Event::api(time, "signin", "SwitchRole")
        };
        self.emit(
            place.global(),
            &browser(session.identity(), address(place.account, ALICE)),
            &event,
        );
    }

    /// Two factors at Identity Center, then one that fails.
    pub(super) fn identity_center(&mut self, place: Place, time: i64) {
        let good = [
            ("CredentialChallenge", "PASSWORD", true),
            ("CredentialVerification", "PASSWORD", true),
            ("CredentialChallenge", "TOTP", true),
            ("CredentialVerification", "TOTP", true),
            ("UserAuthentication", "PASSWORD,TOTP", true),
        ];
        let bad = [
            ("CredentialChallenge", "PASSWORD", true),
            ("CredentialVerification", "PASSWORD", false),
        ];
        self.workflow(place, time, "ana@example.com", &good);
        self.workflow(place, time + 60, "ben@example.com", &bad);
    }

    fn workflow(
        &mut self,
        place: Place,
        time: i64,
        person: &str,
        steps: &[(&'static str, &str, bool)],
    ) {
        let account = self.account_of(place);
        let center = format!(
            r#"{{"type":"IdentityCenterUser","accountId":"{account}",{},"credentialId":"{}"}}"#,
            on_behalf_of(&account, person),
            self.rng.uuid()
        );
        let who = browser(center, address(place.account, ANA));
        let flow = self.rng.uuid();
        for (step, &(name, credential, success)) in (0..).zip(steps) {
            let outcome = if success { "Success" } else { "Failure" };
            let named = if name == "UserAuthentication" {
                format!(
                    r#","LoginTo":"https://d-9067example.awsapps.com/start/","UserName":"{person}""#
                )
            } else {
                String::new()
            };
            let additional =
                format!(r#"{{"AuthWorkflowID":"{flow}","CredentialType":"{credential}"{named}}}"#);
            let details = format!(r#""serviceEventDetails":{{"{name}":"{outcome}"}},"#);
            let event = Event {
                kind: "AwsServiceEvent",
                read_only: false,
                additional: &additional,
                details: &details,
                sign_in: Some(success),
                ..Event::api(time + 4 * step, "signin", name)
            };
            self.emit(place.global(), &who, &event);
        }
    }

    /// The access portal hands a person to an account, and their tool fetches credentials.
    pub(super) fn access_portal(&mut self, place: Place, time: i64) {
        let account = self.account_of(place);
        let identity = format!(
            r#"{{"type":"IdentityCenterUser","accountId":"{account}",{},"credentialId":"{}"}}"#,
            on_behalf_of(&account, "chloe@example.org"),
            self.rng.uuid()
        );
        let who = browser(identity, address(place.account, super::people::CHLOE));
        let details = format!(
            r#""serviceEventDetails":{{"role_name":"DeveloperAccess","account_id":"{account}"}},"#
        );
        let event = Event {
            kind: "AwsServiceEvent",
            read_only: false,
            details: &details,
            request_id: Some(self.rng.uuid()),
            ..Event::api(time, "sso", "Federate")
        };
        self.emit(
            place.global(),
            &who,
            &Event {
                sign_in: Some(true),
                ..event
            },
        );
        self.emit(
            place.global(),
            &who,
            &Event {
                name: "GetRoleCredentials",
                time: time + 2,
                read_only: true,
                ..event
            },
        );
    }

    /// A token that STS does not believe.
    pub(super) fn refused_web_identity(&mut self, place: Place, time: i64) {
        let account = self.account_of(place);
        let oidc =
            format!("arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com");
        let who = web_identity(
            &oidc,
            "repo:example/shop:ref:refs/heads/main",
            "192.0.2.240".to_owned(),
        );
        let request = format!(
            r#"{{"roleArn":"arn:aws:iam::{account}:role/deploy","roleSessionName":"GitHubActions"}}"#
        );
        let event = Event {
            request: &request,
            error: ("AccessDenied", "An unknown error occurred"),
            request_id: Some(self.rng.uuid()),
            sign_in: Some(false),
            ..Event::api(time, "sts", "AssumeRoleWithWebIdentity")
        };
        self.emit(place, &who, &event);
    }

    /// `aws login`: the same events as an agent's grant, and no agent. The second time the code is stale.
    pub(super) fn command_line_login(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, BOB, time);
        let account = self.account_of(place);
        let session = format!(
            "arn:aws:signin:us-east-1:{account}:session/{}",
            self.rng.uuid()
        );
        let request = r#"{"client_id":"arn:aws:signin:::devtools/same-device","redirect_uri":"http://127.0.0.1:49152/oauth/callback","code_challenge_method":"SHA-256"}"#;
        for (step, name, success) in [
            (0, "AuthorizeOAuth2Access", true),
            (3, "CreateOAuth2Token", true),
            (9, "CreateOAuth2Token", false),
        ] {
            let additional = format!(
                r#"{{"signInSessionArn":"{session}","success":"{success}","x-amzn-vpce-id":""}}"#
            );
            let event = Event {
                request,
                additional: &additional,
                host: "us-east-1.signin.aws.amazon.com",
                request_id: Some(self.rng.uuid()),
                sign_in: Some(success),
                ..Event::api(time + step, "signin", name)
            };
            self.emit(place.global(), &who, &event);
        }
    }

    /// A user makes themselves another key and tries it out.
    pub(super) fn new_access_key(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, BOB, time);
        let account = self.account_of(place);
        let key = key_id("AKIA", self.rng.next(), 16);
        let response = format!(
            r#"{{"accessKey":{{"accessKeyId":"{key}","status":"Active","userName":"bob","createDate":"{}"}}}}"#,
            super::events::long_date(time)
        );
        let event = Event {
            read_only: false,
            request: r#"{"userName":"bob"}"#,
            response: &response,
            request_id: Some(self.rng.uuid()),
            ..Event::api(time, "iam", "CreateAccessKey")
        };
        self.emit(place.global(), &who, &event);
        let old = key_id(
            "AKIA",
            super::rng::mix(super::rng::hash(&account), super::rng::hash("bob")),
            16,
        );
        let with_key = Caller {
            identity: who.identity.replace(&old, &key),
            ..who.with_agent(&who.agent)
        };
        self.call(
            place,
            time + 20,
            &with_key,
            Call::named("GetCallerIdentity"),
            How::default(),
        );
    }
}
