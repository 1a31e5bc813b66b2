//! A seed to a synthetic delivery bucket: people, roles, services and agents of several accounts, with what was
//! planted counted on the side.
//!
//! [`Bucket`] is pure: an iterator of delivery objects, made one after the other in the order of time, with no
//! more in memory than the records of five minutes. [`run`] compresses and writes them. Accounts, names and
//! addresses are those that documentation may use.
//!
//! Everything is drawn from one sequence of integers, so the same options give the same bytes on every machine.
//! Events come from a deck that is dealt to the end before it is shuffled again: a thousand events
//! hold one of everything, ten million hold it in proportion.

mod agents;
mod calls;
mod events;
mod layout;
mod people;
mod rng;
mod scenes;
mod signins;
mod write;

use std::collections::{BTreeMap, VecDeque};

use flate2::{Compress, CompressError, Compression, FlushCompress, Status};
use serde::Serialize;

use self::calls::Call;
use self::events::How;
use self::people::{REPORTING, Session, WHO};
use self::rng::Rng;
use crate::trail::time;

pub use self::write::run;

const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-northeast-1"];
/// How the events of an account are spread over its regions.
const REGION_SHARES: [u64; 3] = [8, 3, 1];
/// How the events of a day are spread over its hours.
const HOURS: [u64; 24] = [
    20, 16, 14, 12, 12, 14, 20, 34, 60, 86, 98, 100, 92, 96, 100, 98, 94, 84, 66, 50, 42, 36, 30,
    24,
];

/// An account whose trail is not here.
const OUTSIDE: &str = "999988887777";
/// 2026-08-01T00:00:00Z.
const START: i64 = 1_785_542_400;
const DAY: i64 = 86_400;
/// CloudTrail delivers every five minutes.
const SLOT: i64 = 300;
const SLOTS_A_DAY: u64 = 288;
/// A scene starts so many seconds into its slot at most, and lasts two minutes at most.
const SCENE_STARTS: i64 = 170;
/// How many records an object should hold on average; where events are few, so are the slots with any.
const RECORDS_AN_OBJECT: u64 = 40;
/// Where slots with events are few, fewer events than this wait for the next.
const RECORDS_WORTH_AN_OBJECT: u64 = 12;

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Events of the families `CloudTrail` and `CloudTrail-NetworkActivity`, redelivered copies not counted.
    pub events: u64,
    /// Days that the events span, from 2026-08-01 (UTC).
    pub days: u32,
    /// Accounts that the events are spread over.
    pub accounts: u32,
    /// Equal seeds give equal bytes.
    pub seed: u64,
}

/// One object of the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The key, from `AWSLogs/` on.
    pub key: String,
    /// The content before compression.
    pub content: String,
}

/// Compresses objects: one gzip member each, without a time. Kept between objects for its memory.
#[derive(Debug)]
pub struct Gzip(Compress);

impl Default for Gzip {
    fn default() -> Self {
        Self(Compress::new_gzip(Compression::new(6), 15))
    }
}

impl Gzip {
    /// Returns the bytes of an object with this content.
    ///
    /// # Errors
    ///
    /// When the compressor fails, which no content makes it do.
    pub fn pack(&mut self, content: &str) -> Result<Vec<u8>, CompressError> {
        self.0.reset();
        let mut bytes = Vec::with_capacity(content.len() / 5 + 256);
        let mut rest = content.as_bytes();
        while self
            .0
            .compress_vec(rest, &mut bytes, FlushCompress::Finish)?
            != Status::StreamEnd
        {
            let n_taken = usize::try_from(self.0.total_in()).unwrap_or(content.len());
            rest = &content.as_bytes()[n_taken..];
            bytes.reserve(bytes.capacity());
        }
        bytes[9] = 255; // the operating system: unknown, so that all write the same
        Ok(bytes)
    }
}

/// What was planted: the answers that reports over the bucket must find.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects of every kind.
    pub objects: u64,
    /// Objects with events.
    pub delivery_objects: u64,
    /// Bytes of the objects as written (compressed); 0 until they are.
    pub bytes: u64,
    /// Bytes of the objects before compression.
    pub inflated_bytes: u64,
    /// Distinct events.
    pub events: u64,
    /// Of these, network activity events.
    pub network_activity: u64,
    /// Of these, events with an error code.
    pub errors: u64,
    /// Records delivered a second time, beside the events.
    pub duplicates: u64,
    /// Objects delivered one to two days late.
    pub late_objects: u64,
    /// Events in them.
    pub late_events: u64,
    /// Insight records, beside the events.
    pub insights: u64,
    /// Aggregated records, beside the events.
    pub aggregated: u64,
    /// Digest files.
    pub digests: u64,
    /// Objects that are not CloudTrail's.
    pub foreign: u64,
    /// Events by MCP channel.
    pub mcp_channels: BTreeMap<&'static str, u64>,
    /// Downstream requests that tool calls and gateways name; each joins to an event by its request id.
    pub mcp_links: u64,
    /// Sign-ins by outcome.
    pub sign_ins: BTreeMap<&'static str, u64>,
    /// The burst, where there are events enough for one.
    pub burst: Option<Burst>,
}

/// A principal's sudden run on one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Burst {
    /// The principal, as tables name it.
    pub principal: String,
    /// Where it happens.
    pub account_id: String,
    /// Where it happens.
    pub aws_region: String,
    /// The operation's service.
    pub event_source: String,
    /// The operation.
    pub event_name: String,
    /// Start, as CloudTrail writes times.
    pub start: String,
    /// End: all its events are before.
    pub end: String,
    /// Events of the burst, beside the few that the principal makes at any time.
    pub events: u64,
}

/// The objects of a synthetic bucket, in the order in which they are made.
///
/// ```
/// use trailmill::generate::{Bucket, Options};
/// let mut bucket = Bucket::new(Options { events: 1000, days: 2, accounts: 2, seed: 7 });
/// let first = bucket.next().map(|object| object.key).unwrap_or_default();
/// assert!(first.starts_with("AWSLogs/"));
/// assert!(bucket.by_ref().count() > 10);
/// assert_eq!(bucket.summary().events, 1000);
/// ```
#[derive(Debug)]
pub struct Bucket {
    world: World,
    /// Five-minute slots in a tick: one of them has events in each account and region.
    slots_a_tick: u64,
    tick: u64,
    jobs: VecDeque<Job>,
    /// Events that wait for the next tick, by account and region.
    waiting: Vec<u64>,
    done: bool,
}

/// What remains to be written in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Job {
    slot: u64,
    /// The account and region; none for the burst.
    lane: Option<usize>,
    /// Goes on until so many events of its kind are written.
    target: u64,
}

/// An account in one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    account: usize,
    region: usize,
}

impl Place {
    fn lane(self) -> usize {
        self.account * REGIONS.len() + self.region
    }

    fn of_lane(lane: usize) -> Self {
        Self {
            account: lane / REGIONS.len(),
            region: lane % REGIONS.len(),
        }
    }

    /// Where the account's events of global services are recorded.
    fn global(self) -> Self {
        Self { region: 0, ..self }
    }
}

/// The folder families that hold events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    CloudTrail,
    NetworkActivity,
}

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::CloudTrail => "CloudTrail",
            Self::NetworkActivity => "CloudTrail-NetworkActivity",
        }
    }
}

/// Everything that changes while time goes by. The other files of this module say how.
#[derive(Debug)]
struct World {
    options: Options,
    rng: Rng,
    accounts: Vec<Account>,
    session_seconds: i64,
    digest_seconds: i64,
    /// The end of the slot that is being written.
    now: i64,
    /// Events of the burst so far.
    burst_so_far: u64,
    deck: Vec<u16>,
    n_decks: u64,
    buffers: Vec<layout::Buffer>,
    undigested: BTreeMap<(i64, usize), Vec<layout::Delivered>>,
    last_digests: Vec<Option<layout::LastDigest>>,
    n_small_objects: u64,
    ready: VecDeque<Object>,
    /// The record that is being written; kept for its memory.
    record: String,
    summary: Summary,
}

#[derive(Debug)]
struct Account {
    id: String,
    /// By place in [`WHO`].
    sessions: Vec<Option<Session>>,
}

impl Bucket {
    /// Starts a bucket. No accounts or no days count as one.
    pub fn new(options: Options) -> Self {
        let options = Options {
            days: options.days.max(1),
            accounts: options.accounts.max(1),
            ..options
        };
        let slots_a_tick = slots_a_tick(options);
        let world = World::new(options, slots_a_tick);
        let n_lanes = world.places().count();
        Self {
            world,
            slots_a_tick,
            tick: 0,
            jobs: VecDeque::new(),
            waiting: vec![0; n_lanes],
            done: false,
        }
    }

    /// Returns what was planted so far: all of it once the iterator has ended.
    pub fn summary(&self) -> &Summary {
        &self.world.summary
    }

    /// Writes a little more: one card of the deck, or the end of a slot.
    fn step(&mut self) {
        let Some(job) = self.jobs.front().copied() else {
            if self.tick == u64::from(self.world.options.days) * SLOTS_A_DAY / self.slots_a_tick {
                self.world.finish();
                self.done = true;
            } else {
                self.plan_tick();
            }
            return;
        };
        let now = START + (job.slot.cast_signed() + 1) * SLOT;
        if now != self.world.now {
            self.world.close_all();
            self.world.now = now;
        }
        if self.world.written(job.lane) >= job.target {
            self.jobs.pop_front();
        } else if let Some(lane) = job.lane {
            let time = now - SLOT + self.world.rng.seconds(SCENE_STARTS);
            self.world.deal(Place::of_lane(lane), time);
        } else {
            self.world.burst();
        }
    }

    /// Shares the next tick's events out to accounts and regions, each in a slot of its own.
    fn plan_tick(&mut self) {
        let (n, slots, first) = (
            self.world.base_total(),
            self.slots_a_tick,
            self.tick * self.slots_a_tick,
        );
        let whole = weight_before(u64::from(self.world.options.days) * SLOTS_A_DAY);
        let (from, to) = (
            share(n, weight_before(first), whole),
            share(n, weight_before(first + slots), whole),
        );
        let rng = &mut self.world.rng;
        let weights: Vec<u64> = (0..self.world.accounts.len() * REGIONS.len())
            .map(|lane| {
                let place = Place::of_lane(lane);
                REGION_SHARES[place.region] * 64 / (place.account as u64 + 1).min(64)
                    * rng.log_normal()
            })
            .collect();
        let sum = weights.iter().sum();
        let quotas: Vec<u64> = weights
            .iter()
            .scan(0, |before, weight| {
                let quota =
                    share(to - from, *before + weight, sum) - share(to - from, *before, sum);
                *before += weight;
                Some(quota)
            })
            .collect();
        let last = to == n;
        let enough = if slots == 1 || last {
            1
        } else {
            RECORDS_WORTH_AN_OBJECT
        };
        let mut target = from - self.waiting.iter().sum::<u64>();
        let mut jobs = Vec::new();
        for (lane, (quota, waiting)) in quotas.iter().zip(&mut self.waiting).enumerate() {
            *waiting += quota;
            if *waiting >= enough {
                let (slot, target) = (first + rng.below(slots), std::mem::take(waiting));
                jobs.push(Job {
                    slot,
                    lane: Some(lane),
                    target,
                });
            }
        }
        jobs.sort_unstable();
        for job in &mut jobs {
            target += job.target;
            job.target = target;
        }
        jobs.extend(self.world.burst_jobs(first..first + slots));
        jobs.sort_unstable_by_key(|job| (job.slot, job.target * u64::from(job.lane.is_some())));
        self.jobs.extend(jobs);
        self.tick += 1;
    }
}

impl Iterator for Bucket {
    type Item = Object;

    fn next(&mut self) -> Option<Object> {
        while self.world.ready.is_empty() && !self.done {
            self.step();
        }
        self.world.ready.pop_front()
    }
}

impl World {
    fn new(options: Options, slots_a_tick: u64) -> Self {
        let n_accounts = usize::try_from(options.accounts).unwrap_or(1);
        let n_lanes = n_accounts * REGIONS.len();
        let account = |at| Account {
            id: account_id(at),
            sessions: WHO.iter().map(|_| None).collect(),
        };
        let mut world = Self {
            options,
            rng: Rng::new(options.seed),
            accounts: (0..n_accounts).map(account).collect(),
            session_seconds: (4 * SLOT * slots_a_tick.cast_signed()).clamp(3600, 12 * 3600),
            digest_seconds: if slots_a_tick == 1 { 3600 } else { DAY },
            now: START,
            burst_so_far: 0,
            deck: Vec::new(),
            n_decks: 0,
            buffers: (0..2 * n_lanes)
                .map(|_| layout::Buffer::default())
                .collect(),
            undigested: BTreeMap::new(),
            last_digests: (0..n_lanes).map(|_| None).collect(),
            n_small_objects: 0,
            ready: VecDeque::new(),
            record: String::new(),
            summary: Summary::default(),
        };
        world.summary.burst = world.plan_burst();
        world
    }

    fn places(&self) -> impl Iterator<Item = Place> + use<> {
        (0..self.accounts.len() * REGIONS.len()).map(Place::of_lane)
    }

    /// Events that are not the burst's.
    fn base_total(&self) -> u64 {
        self.options.events - self.burst_events()
    }

    fn burst_events(&self) -> u64 {
        self.summary.burst.as_ref().map_or(0, |burst| burst.events)
    }

    fn written(&self, lane: Option<usize>) -> u64 {
        if lane.is_some() {
            self.summary.events - self.burst_so_far
        } else {
            self.burst_so_far
        }
    }

    /// How many events there is room for beside the burst.
    fn remaining(&self) -> u64 {
        self.base_total() - self.written(Some(0))
    }

    /// Writes what is left when time is over.
    fn finish(&mut self) {
        self.close_all();
        self.close_copies();
        self.write_digests(i64::MAX);
        self.write_extras();
    }

    /// One event in 25, 20,000 at most, in twenty minutes of the middle day.
    fn plan_burst(&self) -> Option<Burst> {
        let events = (self.options.events / 25).min(20_000);
        let (start, end) = self.burst_window();
        let call = Call::named("DeleteSnapshot");
        let account_id = self.accounts[0].id.clone();
        (self.options.events >= 250).then(|| Burst {
            principal: people::role_arn(&account_id, WHO[REPORTING[0]].role),
            account_id,
            aws_region: REGIONS[0].to_owned(),
            event_source: format!("{}.amazonaws.com", call.source),
            event_name: call.name.to_owned(),
            start: time_text(start),
            end: time_text(end),
            events,
        })
    }

    fn burst_window(&self) -> (i64, i64) {
        let start = START + i64::from(self.options.days / 2) * DAY + 13 * 3600 + SLOT;
        (start, start + 4 * SLOT)
    }

    fn burst_jobs(&self, slots: std::ops::Range<u64>) -> Vec<Job> {
        let first = ((self.burst_window().0 - START) / SLOT).unsigned_abs();
        let n = self.burst_events();
        (1..=4)
            .map(|part| Job {
                slot: first + part - 1,
                lane: None,
                target: n * part / 4,
            })
            .filter(|job| n > 0 && slots.contains(&job.slot))
            .collect()
    }

    fn burst(&mut self) {
        let time = self.now - SLOT + self.rng.seconds(SLOT - 20);
        let place = Place {
            account: 0,
            region: 0,
        };
        let (who, time) = self.caller(place, REPORTING[0], time);
        self.call(
            place,
            time,
            &who,
            Call::named("DeleteSnapshot"),
            How::default(),
        );
        self.burst_so_far += 1;
    }
}

/// The smallest tick (a divisor of the day) in which an account and region has events enough for an object.
fn slots_a_tick(options: Options) -> u64 {
    let lanes = u64::from(options.accounts) * REGIONS.len() as u64;
    let slots = u64::from(options.days) * SLOTS_A_DAY;
    let enough = |k: &u64| slots / k * lanes <= options.events / RECORDS_AN_OBJECT;
    [1, 2, 3, 4, 6, 8, 12, 16, 24, 36, 48, 72, 96, 144]
        .into_iter()
        .find(enough)
        .unwrap_or(SLOTS_A_DAY)
}

/// The weight of all slots before one.
fn weight_before(slot: u64) -> u64 {
    let (days, of_day) = (slot / SLOTS_A_DAY, slot % SLOTS_A_DAY);
    let hours = HOURS.iter().zip((0..).step_by(12));
    let today: u64 = hours
        .map(|(weight, first)| weight * of_day.saturating_sub(first).min(12))
        .sum();
    days * 12 * HOURS.iter().sum::<u64>() + today
}

/// `n × part / whole`, rounded down.
fn share(n: u64, part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(n) * u128::from(part) / u128::from(whole.max(1))).unwrap_or(n)
}

/// 111122223333, 222233334444 … as AWS's documentation numbers accounts; the tenth begins with zeros.
fn account_id(at: usize) -> String {
    let digit = |step: usize| (at + 1 + step) % 10;
    match at {
        0..10 => format!(
            "{0}{0}{0}{0}{1}{1}{1}{1}{2}{2}{2}{2}",
            digit(0),
            digit(1),
            digit(2)
        ),
        _ => format!("{:012}", 100_000_000_000 + 1_000_003 * at),
    }
}

/// Seconds since 1970 as CloudTrail writes them.
fn time_text(seconds: i64) -> String {
    time::format(seconds * time::SECOND)
}
