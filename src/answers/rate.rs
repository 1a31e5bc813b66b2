//! `activity` added up to answers: the timeline, calls and what is new of them, bursts, costs, and what was refused.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::activity::{Activity, Call, Cell, Line, Tally};
use super::ask::Ask;
use super::bursts::{Count, Found, Frame, bursts};
use super::document::{
    Action, AgentShare, Baseline, Burst, BurstKind, Busiest, Cost, ErrorCode, Rate, Refused,
    RefusedAction, RootUse, Series, SeriesKind, Service, Share, Time, Timeline, Top, Totals,
    Unseen, UnseenCount, UnseenKind,
};
use super::names::{NONE, Name, Names};
use super::top::top;
use crate::limits;
use crate::select::Span;
use crate::trail::time::{DAY, SECOND};

/// What `activity` says.
#[derive(Debug)]
pub(super) struct Rates<'a> {
    ask: &'a Ask,
    activity: &'a Activity,
    names: &'a Names,
    by_principal: HashMap<Name, Tally>,
    by_service: HashMap<Name, Tally>,
    by_action: HashMap<(Name, Name, Option<bool>), Tally>,
    by_source_ip: HashMap<Name, Tally>,
}

impl<'a> Rates<'a> {
    pub(super) fn new(ask: &'a Ask, activity: &'a Activity, names: &'a Names) -> Self {
        let mut rates = Self {
            ask,
            activity,
            names,
            by_principal: HashMap::new(),
            by_service: HashMap::new(),
            by_action: HashMap::new(),
            by_source_ip: HashMap::new(),
        };
        for (call, line) in &activity.calls {
            let principal = rates.by_principal.entry(call.principal);
            principal.or_default().merge(&line.tally);
            let service = rates.by_service.entry(call.event_source);
            service.or_default().merge(&line.tally);
            let action = (call.event_source, call.event_name, call.read_only);
            rates
                .by_action
                .entry(action)
                .or_default()
                .merge(&line.tally);
        }
        for ((_, address), tally) in &activity.source_ips {
            rates.by_source_ip.entry(*address).or_default().merge(tally);
        }
        rates
    }

    fn shown(&self, name: Name) -> Option<String> {
        self.names.shown(name)
    }

    pub(super) fn totals(&self) -> Totals {
        let total = &self.activity.total;
        let count = |tallies: &HashMap<Name, Tally>| {
            let seen = tallies
                .iter()
                .filter(|(name, tally)| **name != NONE && tally.events > 0);
            seen.count() as u64
        };
        Totals {
            events: total.events,
            errors: total.errors,
            writes: self.activity.writes,
            agents: self.activity.agents.values().sum(),
            first_event_time: (total.events > 0).then_some(Time(total.first)),
            last_event_time: (total.events > 0).then_some(Time(total.last)),
            accounts: count(&self.activity.accounts),
            regions: count(&self.activity.regions),
            services: count(&self.by_service),
            principals: count(&self.by_principal),
            source_ips: count(&self.by_source_ip),
        }
    }

    /// Days that the events span, as far as the dataset has any.
    fn days(&self) -> f64 {
        let total = &self.activity.total;
        let open = self.ask.span == Span::ALL || total.events == 0;
        let first = self.ask.span.from.max(total.first);
        let last = if open {
            total.last
        } else {
            self.ask.span.to.min(self.ask.now).max(total.last)
        };
        ((last.saturating_sub(first)) as f64 / DAY as f64)
            .max(self.activity.bucket as f64 / DAY as f64)
    }

    // The timeline.

    pub(super) fn timeline(&self) -> Timeline {
        let all = self.sum(|_| true);
        let width = self.activity.bucket;
        let (Some((&first, _)), Some((&last, _))) = (all.first_key_value(), all.last_key_value())
        else {
            return Timeline {
                start: None,
                bucket_seconds: seconds(width),
                buckets: 0,
                series: Vec::new(),
            };
        };
        let mut times = 1;
        while (last / times - first / times) as usize >= limits::REPORT_BUCKETS_MAX {
            let wider = super::activity::wider(width * i64::from(times));
            times = u32::try_from(wider / width).unwrap_or(u32::MAX);
        }
        let grid = Grid {
            first: first / times,
            last: last / times,
            times,
        };
        let one = |kind, name, counts: &mut dyn Iterator<Item = (u32, u64)>| Series {
            kind,
            name,
            events: grid.lay(counts),
        };
        let mut series = vec![
            one(
                SeriesKind::All,
                None,
                &mut all.iter().map(|(bucket, cell)| (*bucket, cell.0)),
            ),
            one(
                SeriesKind::Errors,
                None,
                &mut all.iter().map(|(bucket, cell)| (*bucket, cell.1)),
            ),
            one(
                SeriesKind::Agents,
                None,
                &mut self
                    .activity
                    .agents
                    .iter()
                    .map(|(bucket, events)| (*bucket, *events)),
            ),
        ];
        let most = limits::REPORT_SERIES_MAX;
        for service in top(
            self.names,
            &self.by_service,
            most,
            |_, tally| tally.events,
            |name, _| *name,
        )
        .rows
        {
            let counts = self.sum(|call| call.event_source == service);
            let mut counts = counts.iter().map(|(bucket, cell)| (*bucket, cell.0));
            series.push(one(SeriesKind::Service, self.shown(service), &mut counts));
        }
        for principal in top(
            self.names,
            &self.by_principal,
            most,
            |_, tally| tally.events,
            |name, _| *name,
        )
        .rows
        {
            let counts = self.sum(|call| call.principal == principal);
            let mut counts = counts.iter().map(|(bucket, cell)| (*bucket, cell.0));
            series.push(one(
                SeriesKind::Principal,
                self.shown(principal),
                &mut counts,
            ));
        }
        Timeline {
            start: Some(Time(i64::from(grid.first) * i64::from(times) * width)),
            bucket_seconds: seconds(width * i64::from(times)),
            buckets: u64::from(grid.last - grid.first + 1),
            series,
        }
    }

    /// Events and errors by bucket of the calls that are wanted.
    fn sum(&self, wants: impl Fn(&Call) -> bool) -> BTreeMap<u32, (u64, u64)> {
        let mut sums: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        let lines = self.activity.calls.iter().filter(|(call, _)| wants(call));
        for cell in lines.flat_map(|(_, line)| &line.cells) {
            let sum = sums.entry(cell.bucket).or_default();
            sum.0 += u64::from(cell.events);
            sum.1 += u64::from(cell.errors);
        }
        sums
    }

    // Why did the bill or the call rate jump?

    pub(super) fn rate(&self) -> Rate {
        let rows = self.ask.rows;
        let busiest = top(
            self.names,
            &self.by_service,
            1,
            |_, tally| tally.events,
            |name, _| *name,
        );
        let baseline = self.baseline();
        let (unseen, unseen_counts) = self.unseen(baseline.is_some());
        Rate {
            services: top(
                self.names,
                &self.by_service,
                rows,
                |_, tally| tally.events,
                |name, tally| self.service(*name, tally, baseline.as_ref()),
            ),
            actions: top(
                self.names,
                &self.by_action,
                rows,
                |_, tally| tally.events,
                |action, tally| Action {
                    event_source: self.shown(action.0),
                    event_name: self.shown(action.1),
                    read_only: action.2,
                    events: tally.events,
                    errors: tally.errors,
                },
            ),
            busiest: busiest.rows.first().map(|service| self.busiest(*service)),
            bursts: Top::first(self.bursts(|cell| cell.events), rows, |burst| burst.events),
            costs: self.costs(baseline.as_ref()),
            unseen,
            unseen_counts,
            baseline,
        }
    }

    fn baseline(&self) -> Option<Baseline> {
        let span = self.ask.baseline?;
        let events = self.activity.total.events_before;
        (events > 0).then(|| Baseline {
            from: Time(span.from),
            to: Time(span.to),
            events,
            days: (span.to - span.from) as f64 / DAY as f64,
        })
    }

    fn service(&self, name: Name, tally: &Tally, baseline: Option<&Baseline>) -> Service {
        Service {
            event_source: self.shown(name),
            events: tally.events,
            errors: tally.errors,
            share: share(tally.events, self.activity.total.events),
            per_day: tally.events as f64 / self.days(),
            baseline_per_day: baseline.map(|before| tally.events_before as f64 / before.days),
        }
    }

    fn busiest(&self, service: Name) -> Busiest {
        let events = self
            .by_service
            .get(&service)
            .map_or(0, |tally| tally.events);
        let mut actions: HashMap<Name, Tally> = HashMap::new();
        let mut principals: HashMap<Name, Tally> = HashMap::new();
        for (call, line) in &self.activity.calls {
            if call.event_source == service {
                actions
                    .entry(call.event_name)
                    .or_default()
                    .merge(&line.tally);
                principals
                    .entry(call.principal)
                    .or_default()
                    .merge(&line.tally);
            }
        }
        let of_service = self.activity.source_ips.iter();
        let of_service = of_service.filter(|((of, _), _)| *of == service);
        let source_ips = of_service
            .map(|((_, address), tally)| (*address, *tally))
            .collect();
        let shares = |tallies: &HashMap<Name, Tally>| {
            top(
                self.names,
                tallies,
                self.ask.rows,
                |_, tally| tally.events,
                |name, tally| Share {
                    name: self.shown(*name),
                    events: tally.events,
                    share: share(tally.events, events),
                },
            )
        };
        Busiest {
            event_source: self.shown(service),
            events,
            event_names: shares(&actions),
            source_ips: shares(&source_ips),
            principals: shares(&principals),
        }
    }

    fn costs(&self, baseline: Option<&Baseline>) -> Top<Cost> {
        let billed: HashMap<(Name, Name), &str> = (self.ask.costs.0.iter())
            .filter_map(|billed| {
                let source = self.names.find(&billed.event_source)?;
                let name = self.names.find(&billed.event_name)?;
                Some(((source, name), billed.by_what.as_str()))
            })
            .collect();
        let mut calls: HashMap<(Name, Name, Name), Tally> = HashMap::new();
        for (call, line) in &self.activity.calls {
            if billed.contains_key(&(call.event_source, call.event_name)) {
                let key = (call.event_source, call.event_name, call.principal);
                calls.entry(key).or_default().merge(&line.tally);
            }
        }
        let succeeded = |tally: &Tally| tally.events - tally.errors;
        top(
            self.names,
            &calls,
            self.ask.rows,
            |_, tally| succeeded(tally),
            |key, tally| Cost {
                event_source: self.names.text(key.0).to_owned(),
                event_name: self.names.text(key.1).to_owned(),
                billed: billed[&(key.0, key.1)].to_owned(),
                principal: self.shown(key.2),
                calls: succeeded(tally),
                baseline_per_day: baseline
                    .map(|before| (tally.events_before - tally.errors_before) as f64 / before.days),
                per_day: succeeded(tally) as f64 / self.days(),
            },
        )
    }

    fn unseen(&self, has_baseline: bool) -> (Top<Unseen>, Vec<UnseenCount>) {
        let (mut found, mut counts) = (Vec::new(), Vec::new());
        for (kind, tallies) in [
            (UnseenKind::Principal, &self.by_principal),
            (UnseenKind::SourceIp, &self.by_source_ip),
            (UnseenKind::Region, &self.activity.regions),
            (UnseenKind::Service, &self.by_service),
        ] {
            let known = &self.ask.known;
            if !has_baseline && !known.is_about(kind) {
                continue;
            }
            let before = found.len();
            let is_new = |(name, tally): &(&Name, &Tally)| {
                tally.events > 0
                    && **name != NONE
                    && tally.events_before == 0
                    && !known.has(kind, self.names.text(**name))
            };
            found.extend(tallies.iter().filter(is_new).map(|(name, tally)| Unseen {
                kind,
                value: self.shown(*name).unwrap_or_default(),
                events: tally.events,
                errors: tally.errors,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
            }));
            let count = (found.len() - before) as u64;
            counts.push(UnseenCount { kind, count });
        }
        found.sort_by(|one, other| {
            let key = |new: &Unseen| (new.first_event_time, new.kind);
            (key(one), &one.value).cmp(&(key(other), &other.value))
        });
        (Top::first(found, self.ask.rows, |new| new.events), counts)
    }

    // Bursts.

    /// Bursts of a principal's calls of one action; those of a principal that these do not explain; and those of a service, or of all,
    /// by principals that have none of their own.
    fn bursts(&self, count: impl Fn(&Cell) -> u32) -> Vec<Burst> {
        let Some(frame) = self.frame() else {
            return Vec::new();
        };
        let mut found: Vec<Burst> = Vec::new();
        let mut bursting: HashSet<Name> = HashSet::new();
        for (kind, key_of) in KINDS {
            let mut series: HashMap<[Name; 3], Vec<&Line>> = HashMap::new();
            let is_of_all = matches!(kind, BurstKind::Service | BurstKind::All);
            for (call, line) in &self.activity.calls {
                if !is_of_all || !bursting.contains(&call.principal) {
                    series.entry(key_of(call)).or_default().push(line);
                }
            }
            let mut of_kind = Vec::new();
            for (key, lines) in series {
                let bursts = bursts(&counts(&lines, &count), frame);
                if key[0] != NONE && !bursts.is_empty() {
                    bursting.insert(key[0]);
                }
                let bursts = bursts.iter().map(|burst| self.burst(kind, key, burst));
                of_kind.extend(bursts);
            }
            of_kind.retain(|burst| !is_explained(burst, &found));
            found.extend(of_kind);
        }
        found.sort_by(|one, other| {
            let events = other.events.cmp(&one.events);
            let who = |burst: &Burst| {
                (
                    burst.start,
                    burst.kind,
                    burst.principal.clone(),
                    burst.event_source.clone(),
                    burst.event_name.clone(),
                )
            };
            events.then_with(|| who(one).cmp(&who(other)))
        });
        found
    }

    /// The buckets that events can be in.
    fn frame(&self) -> Option<Frame> {
        let total = &self.activity.total;
        let width = self.activity.bucket;
        let bucket = |time: i64| u32::try_from(time.div_euclid(width)).unwrap_or_default();
        (total.events > 0).then(|| Frame {
            first: bucket(total.first),
            last: bucket(total.last),
            buckets_a_day: u32::try_from(DAY / width).unwrap_or(1).max(1),
        })
    }

    fn burst(&self, kind: BurstKind, key: [Name; 3], found: &Found) -> Burst {
        let time = |bucket: u32| Time(i64::from(bucket) * self.activity.bucket);
        let [principal, event_source, event_name] = key.map(|name| self.shown(name));
        Burst {
            kind,
            principal,
            event_source,
            event_name,
            start: time(found.from),
            end: time(found.to),
            events: found.events,
            peak: found.peak,
            usual: found.usual,
            score: found.score,
        }
    }

    // What was refused?

    pub(super) fn refused(&self) -> Refused {
        let rows = self.ask.rows;
        let refused = &self.activity.refused;
        let mut codes: HashMap<Name, (u64, HashSet<Name>)> = HashMap::new();
        for ((principal, _, _, code), tally) in refused {
            let (events, principals) = codes.entry(*code).or_default();
            *events += tally.events;
            principals.insert(*principal);
        }
        Refused {
            events: refused.values().map(|tally| tally.events).sum(),
            codes: top(
                self.names,
                &codes,
                rows,
                |_, (events, _)| *events,
                |code, (events, principals)| ErrorCode {
                    error_code: self.shown(*code).unwrap_or_default(),
                    is_denial: is_denial(self.names.text(*code)),
                    events: *events,
                    principals: principals.len() as u64,
                },
            ),
            actions: top(
                self.names,
                refused,
                rows,
                |_, tally| tally.events,
                |key, tally| RefusedAction {
                    principal: self.shown(key.0),
                    event_source: self.shown(key.1),
                    event_name: self.shown(key.2),
                    error_code: self.shown(key.3).unwrap_or_default(),
                    is_denial: is_denial(self.names.text(key.3)),
                    events: tally.events,
                    first_event_time: Time(tally.first),
                    last_event_time: Time(tally.last),
                },
            ),
            bursts: Top::first(self.bursts(|cell| cell.errors), rows, |burst| burst.events),
        }
    }

    // What other questions need of it.

    pub(super) fn root(&self) -> Top<RootUse> {
        top(
            self.names,
            &self.activity.root,
            self.ask.rows,
            |_, tally| tally.events,
            |key, tally| RootUse {
                principal: self.shown(key.0).unwrap_or_default(),
                event_source: self.shown(key.1),
                event_name: self.shown(key.2),
                source_ip_address: self.shown(key.3),
                events: tally.events,
                errors: tally.errors,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
            },
        )
    }

    pub(super) fn agent_shares(&self) -> Top<AgentShare> {
        let of_agents = |ways: &super::activity::Ways| ways.by_agents + ways.claimed;
        top(
            self.names,
            &self.activity.ways,
            self.ask.rows,
            |_, ways| of_agents(ways),
            |name, ways| AgentShare {
                principal: self.shown(*name),
                by_agents: ways.by_agents,
                writes_by_agents: ways.writes_by_agents,
                claimed: ways.claimed,
                others: ways.others,
            },
        )
    }
}

/// The principal, service and action of a call, as far as they make a series of their own.
type KeyOf = fn(&Call) -> [Name; 3];

/// What is looked through for bursts, the narrowest first, and what each call is part of there.
const KINDS: [(BurstKind, KeyOf); 4] = [
    (BurstKind::Action, |call| {
        [call.principal, call.event_source, call.event_name]
    }),
    (BurstKind::Principal, |call| [call.principal, NONE, NONE]),
    (BurstKind::Service, |call| [NONE, call.event_source, NONE]),
    (BurstKind::All, |_| [NONE, NONE, NONE]),
];

/// Lines as one series.
fn counts(lines: &[&Line], count: impl Fn(&Cell) -> u32) -> Vec<Count> {
    let cells = lines.iter().flat_map(|line| &line.cells);
    let counts = cells.map(|cell| Count {
        bucket: cell.bucket,
        events: u64::from(count(cell)),
    });
    let mut counts: Vec<Count> = counts.filter(|count| count.events > 0).collect();
    counts.sort_unstable_by_key(|count| count.bucket);
    counts.dedup_by(|count, before| {
        let is_same = before.bucket == count.bucket;
        if is_same {
            before.events += count.events;
        }
        is_same
    });
    counts
}

/// Buckets of a timeline.
struct Grid {
    first: u32,
    last: u32,
    /// Buckets that become one.
    times: u32,
}

impl Grid {
    fn lay(&self, counts: &mut dyn Iterator<Item = (u32, u64)>) -> Vec<u64> {
        let mut events = vec![0; (self.last - self.first + 1) as usize];
        for (bucket, count) in counts {
            let place = (bucket / self.times).saturating_sub(self.first);
            if let Some(events) = events.get_mut(place as usize) {
                *events += count;
            }
        }
        events
    }
}

/// Whether bursts of a narrower kind at that time are at least half of it.
fn is_explained(burst: &Burst, narrower: &[Burst]) -> bool {
    let is_part = |part: &&Burst| {
        let is_its = |of: &Option<String>, whole: &Option<String>| whole.is_none() || of == whole;
        part.start < burst.end
            && burst.start < part.end
            && is_its(&part.principal, &burst.principal)
            && is_its(&part.event_source, &burst.event_source)
    };
    let parts: u64 = narrower
        .iter()
        .filter(is_part)
        .map(|part| part.events)
        .sum();
    2 * parts >= burst.events
}

/// Whether an error code says that something was not allowed: the services' own words for it.
fn is_denial(code: &str) -> bool {
    [
        "AccessDenied",
        "Unauthorized",
        "Forbidden",
        "NotAuthorized",
        "AuthFailure",
    ]
    .iter()
    .any(|word| code.contains(word))
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros / SECOND).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_that_something_was_not_allowed() {
        for code in [
            "AccessDenied",
            "AccessDeniedException",
            "Client.UnauthorizedOperation",
            "NotAuthorized",
        ] {
            assert!(is_denial(code), "{code}");
        }
        assert!(!is_denial("ThrottlingException"));
    }
}
