//! The deck: every call of the table and every scene, each as often as it should come, so that even the first
//! thousand events have one of each; and the small scenes that are neither sign-ins nor agents.

use super::calls::{CALLS, Call, GLOBAL};
use super::events::{Event, How};
use super::people::{ALICE, ANA, BOB, BOTO, CI, Caller, WHO, address};
use super::rng::index;
use super::{Place, World};

/// Several events that belong together.
struct Scene {
    /// How many cards of the deck it has.
    weight: u16,
    /// Whether its events are recorded in us-east-1, or some of them.
    global: bool,
    /// Whether it comes in one deck of eight only.
    rare: bool,
    /// At most so many events, sessions that must be issued first among them.
    n_max: u64,
    play: fn(&mut World, Place, i64),
}

const fn scene(
    weight: u16,
    global: bool,
    rare: bool,
    n_max: u64,
    play: fn(&mut World, Place, i64),
) -> Scene {
    Scene {
        weight,
        global,
        rare,
        n_max,
        play,
    }
}

const HERE: bool = false;
const GLOBALLY: bool = true;
const OFTEN: bool = false;
const RARELY: bool = true;

const SCENES: &[Scene] = &[
    // Sign-ins.
    scene(2, GLOBALLY, OFTEN, 2, World::console_with_mfa),
    scene(1, GLOBALLY, RARELY, 7, World::guessed_password),
    scene(1, GLOBALLY, RARELY, 2, World::root),
    scene(2, GLOBALLY, OFTEN, 3, World::federated_console),
    scene(1, GLOBALLY, OFTEN, 1, World::switch_role),
    scene(1, GLOBALLY, OFTEN, 7, World::identity_center),
    scene(2, GLOBALLY, OFTEN, 2, World::access_portal),
    scene(1, HERE, RARELY, 1, World::refused_web_identity),
    scene(1, GLOBALLY, OFTEN, 3, World::command_line_login),
    scene(1, GLOBALLY, RARELY, 2, World::new_access_key),
    // Agents.
    scene(5, HERE, OFTEN, 3, World::agent_of_user),
    scene(1, HERE, OFTEN, 9, World::agent_with_grant),
    scene(1, HERE, RARELY, 6, World::other_servers),
    scene(1, HERE, OFTEN, 3, World::agent_that_fails),
    scene(1, HERE, RARELY, 1, World::marked_call),
    scene(3, HERE, OFTEN, 3, World::self_hosted),
    scene(1, HERE, OFTEN, 9, World::gateway),
    scene(1, HERE, RARELY, 4, World::gateway_admin),
    // The rest.
    scene(6, HERE, OFTEN, 4, World::refused_calls),
    scene(1, HERE, OFTEN, 4, World::network_activity),
    scene(2, HERE, OFTEN, 1, World::anonymous),
    scene(2, HERE, OFTEN, 2, World::shared_bucket),
    scene(2, GLOBALLY, OFTEN, 2, World::through_cloudformation),
    scene(1, HERE, OFTEN, 1, World::service_event),
    scene(1, HERE, RARELY, 3, World::corrected_event),
];

/// A call brings at most two events that issue its session.
const CALL_MAX: u64 = 3;

fn is_global(card: usize) -> bool {
    match card.checked_sub(CALLS.len()) {
        Some(scene) => SCENES[scene].global,
        None => GLOBAL.contains(&CALLS[card].source),
    }
}

impl World {
    /// Deals the next card: writes one event or several.
    pub(super) fn deal(&mut self, place: Place, time: i64) {
        let card = usize::from(self.draw(place));
        let left = self.remaining();
        if let Some(scene) = card.checked_sub(CALLS.len()) {
            if SCENES[scene].n_max <= left {
                return (SCENES[scene].play)(self, place, time);
            }
        } else if CALL_MAX <= left {
            let call = &CALLS[card];
            let by = call.by[index(self.rng.next(), call.by.len())];
            let (who, time) = self.caller(place, by, time);
            return self.call(place, time, &who, call, How::default());
        }
        let (who, time) = self.caller(place, ALICE, time); // the last few: one event each, no session to issue
        self.call(
            place,
            time,
            &who,
            Call::named("GetCallerIdentity"),
            How::default(),
        );
    }

    /// Takes a card. One of a global service is kept for us-east-1, where its events are recorded: played
    /// elsewhere it would leave an object of its own there.
    fn draw(&mut self, place: Place) -> u16 {
        for _ in 0..8 {
            let card = self.deck.pop().unwrap_or_else(|| self.shuffle());
            if place.region == 0 || !is_global(usize::from(card)) {
                return card;
            }
            self.deck.insert(0, card);
        }
        self.deck.pop().unwrap_or_else(|| self.shuffle())
    }

    /// Lays out a new deck and takes its first card. In the first deck the scenes come early.
    fn shuffle(&mut self) -> u16 {
        let cards = |weight: u16, card: usize| {
            std::iter::repeat_n(u16::try_from(card).unwrap_or(0), usize::from(weight))
        };
        let calls = CALLS
            .iter()
            .enumerate()
            .flat_map(|(at, call)| cards(call.weight, at));
        let with_rare = self.n_decks.is_multiple_of(8);
        let scenes = SCENES
            .iter()
            .enumerate()
            .filter(|(_, scene)| with_rare || !scene.rare);
        self.deck = calls.collect();
        self.rng.shuffle(&mut self.deck);
        let early = self.deck.len() / 2;
        self.deck
            .extend(scenes.flat_map(|(at, scene)| cards(scene.weight, CALLS.len() + at)));
        let from = if self.n_decks == 0 { early } else { 0 };
        self.rng.shuffle(&mut self.deck[from..]);
        self.n_decks += 1;
        self.deck.pop().unwrap_or(0)
    }

    /// A bucket that is not there, a call too many, a call not allowed.
    fn refused_calls(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, BOB, time);
        let error = ("NoSuchBucket", "The specified bucket does not exist");
        self.call(
            place,
            time,
            &who,
            Call::named("GetBucketAcl"),
            How {
                error,
                ..How::default()
            },
        );
        let error = ("ThrottlingException", "Rate exceeded");
        self.call(
            place,
            time + 5,
            &who,
            Call::named("DescribeAlarms"),
            How {
                error,
                ..How::default()
            },
        );
        let (ci, time) = self.caller(place, CI, time + 9);
        let denied = format!(
            "User: {} is not authorized to perform: secretsmanager:PutSecretValue on resource: prod/orders/db because no identity-based policy allows the secretsmanager:PutSecretValue action",
            ci.arn
        );
        let error = ("AccessDenied", denied.as_str());
        self.call(
            place,
            time,
            &ci,
            Call::named("PutSecretValue"),
            How {
                error,
                ..How::default()
            },
        );
    }

    /// Calls through a VPC endpoint, as the network saw them: one that passed, three that did not.
    fn network_activity(&mut self, place: Place, time: i64) {
        let account = self.accounts[place.account].id.clone();
        let endpoint = format!(
            r#""vpcEndpointId":"vpce-0a1b2c3d4e5f60718","vpcEndpointAccountId":"{account}","#
        );
        let who = Caller {
            identity: format!(
                r#"{{"type":"AWSAccount","principalId":"AIDAEXAMPLEOUTSIDE999","accountId":"{}"}}"#,
                super::OUTSIDE
            ),
            arn: String::new(),
            ip: "192.0.2.61".to_owned(),
            agent: String::new(),
            console: false,
        };
        let denied = (
            "VpceAccessDenied",
            "The request was denied due to a VPC endpoint policy",
        );
        for step in 0..4 {
            let shared = format!(r#""sharedEventID":"{}",{endpoint}"#, self.rng.uuid());
            let event = Event {
                kind: "AwsVpceEvents",
                category: "NetworkActivity",
                error: if step == 0 { ("", "") } else { denied },
                request_id: Some(self.rng.uuid()),
                details: &shared,
                ..Event::api(time + 7 * step, "secretsmanager", "GetSecretValue")
            };
            self.emit(place, &who, &event);
        }
    }

    /// Anybody at all reads a public object.
    fn anonymous(&mut self, place: Place, time: i64) {
        let who = Caller {
            identity: r#"{"type":"AWSAccount","principalId":"","accountId":"anonymous"}"#
                .to_owned(),
            arn: String::new(),
            ip: "203.0.113.200".to_owned(),
            agent: "[curl/8.15.0]".to_owned(),
            console: false,
        };
        self.call(place, time, &who, Call::named("GetObject"), How::default());
    }

    /// Another account reads a bucket of this one, through an endpoint of its own.
    fn shared_bucket(&mut self, place: Place, time: i64) {
        let account = self.accounts[place.account].id.clone();
        let bucket = format!("arn:aws:s3:::example-shared-{account}");
        let resources = format!(
            r#"[{{"type":"AWS::S3::Object","ARN":"{bucket}/list.csv"}},{{"accountId":"{account}","type":"AWS::S3::Bucket","ARN":"{bucket}"}}]"#
        );
        let request = format!(
            r#"{{"bucketName":"example-shared-{account}","Host":"example-shared-{account}.s3.amazonaws.com","key":"list.csv"}}"#
        );
        let event = Event {
            category: "Data",
            request: &request,
            resources: &resources,
            additional: r#"{"SignatureVersion":"SigV4","AuthenticationMethod":"AuthHeader","bytesTransferredOut":2048}"#,
            request_id: Some(self.rng.uuid()),
            ..Event::api(time, "s3", "GetObject")
        };
        self.cross_account(place, &event);
    }

    /// What CloudFormation does on a user's behalf.
    fn through_cloudformation(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, CI, time);
        let who = who.via("cloudformation.amazonaws.com");
        self.call(
            place,
            time,
            &who,
            Call::named("CreateQueue"),
            How::default(),
        );
        self.call(
            place,
            time + 2,
            &who,
            Call::named("CreateRole"),
            How::default(),
        );
    }

    /// What a service did by itself.
    fn service_event(&mut self, place: Place, time: i64) {
        let account = self.accounts[place.account].id.clone();
        let service = "secretsmanager.amazonaws.com";
        let identity = format!(r#"{{"accountId":"{account}","invokedBy":"{service}"}}"#);
        let who = Caller {
            identity,
            ..Caller::service(service)
        };
        let additional = format!(
            r#"{{"VersionId":"{}","ARN":"arn:aws:secretsmanager:{}:{account}:secret:prod/orders/db-Ab3dE5","Name":"prod/orders/db"}}"#,
            self.rng.uuid(),
            super::REGIONS[place.region]
        );
        let event = Event {
            kind: "AwsServiceEvent",
            read_only: false,
            additional: &additional,
            request_id: Some(self.rng.uuid()),
            ..Event::api(time, "secretsmanager", "SecretVersionDeletion")
        };
        self.emit(place, &who, &event);
    }

    /// An event, and CloudTrail's correction of it.
    fn corrected_event(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, ANA, time);
        let who = Caller {
            agent: BOTO.to_owned(),
            ip: address(place.account, ANA),
            ..(*who).clone()
        };
        debug_assert_eq!(WHO[ANA].name, "ana@example.com");
        let request_id = Some(self.rng.uuid());
        let event = Event {
            request_id,
            ..Event::api(time, "ec2", "DescribeVpcs")
        };
        let original = self.emit(place, &who, &event);
        let last = format!(
            r#","addendum":{{"reason":"UPDATED_DATA","updatedFields":"responseElements","originalEventID":"{original}"}}"#
        );
        self.emit(
            place,
            &who,
            &Event {
                last: &last,
                ..event
            },
        );
    }
}
