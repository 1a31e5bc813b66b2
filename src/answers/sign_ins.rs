//! Rows of `sign_ins` added up: who came in, who failed to, and who failed first and then came in.

use std::collections::{HashMap, HashSet};

use super::names::{NONE, Name, Names};
use super::scan::Batch;
use super::tally::{Tally, add};
use super::top::named;
use crate::limits;
use crate::select::Span;

/// What of the table is read, in the order of [`SignIns::take`].
pub(super) const COLUMNS: &[&str] = &[
    "event_time",
    "event_id",
    "event_name",
    "recipient_account_id",
    "principal",
    "user_name",
    "source_ip_address",
    "method",
    "outcome",
    "mfa_used",
    "entered_user_name",
    "login_to",
    "switch_from",
    "failure_reason",
];

/// How long before a success failures count.
const FAILURES_BEFORE: i64 = 3_600 * crate::trail::time::SECOND;
/// Failures that make a success worth a look.
const FAILURES_MIN: usize = 3;

/// Attempts of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Attempt {
    pub(super) who: Name,
    pub(super) method: Name,
    pub(super) outcome: Name,
    pub(super) mfa_used: Option<bool>,
    pub(super) source_ip_address: Name,
    pub(super) account: Name,
    pub(super) failure_reason: Name,
}

/// Role switches of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Switch {
    pub(super) from: Name,
    pub(super) to: Name,
    pub(super) event_name: Name,
    pub(super) outcome: Name,
    pub(super) source_ip_address: Name,
    pub(super) account: Name,
}

named! {
    Attempt: who, method, outcome, source_ip_address, account, failure_reason;
    Switch: from, to, event_name, outcome, source_ip_address, account;
}

/// A success behind failures.
#[derive(Debug)]
pub(super) struct Guessed {
    pub(super) time: i64,
    pub(super) event_id: Option<String>,
    pub(super) who: Name,
    pub(super) source_ip_address: Name,
    pub(super) account: Name,
    pub(super) mfa_used: Option<bool>,
    pub(super) failures: u64,
    pub(super) first_failure: i64,
    pub(super) names_tried: u64,
}

#[derive(Debug)]
struct Success {
    time: i64,
    event_id: Option<String>,
    who: Name,
    mfa_used: Option<bool>,
}

/// Attempts from one address at one account, of those that failed and of those that did not.
#[derive(Debug, Default)]
struct FromOne {
    failures: Vec<(i64, Name)>,
    successes: Vec<Success>,
}

/// What the table comes to.
#[derive(Debug)]
pub(super) struct SignIns {
    span: Span,
    pub(super) successes: u64,
    pub(super) failures: u64,
    pub(super) unknown: u64,
    pub(super) attempts: HashMap<Attempt, Tally>,
    pub(super) switched: HashMap<Switch, Tally>,
    by_address: HashMap<(Name, Name), FromOne>,
    n_kept: usize,
    /// Attempts that there was no room for to look what came before.
    pub(super) not_followed: u64,
}

impl SignIns {
    pub(super) fn new(span: Span) -> Self {
        Self {
            span,
            successes: 0,
            failures: 0,
            unknown: 0,
            attempts: HashMap::new(),
            switched: HashMap::new(),
            by_address: HashMap::new(),
            n_kept: 0,
            not_followed: 0,
        }
    }

    /// Adds rows.
    pub(super) fn take(&mut self, batch: &Batch, names: &mut Names) {
        let [success, failure] = ["success", "failure"].map(|outcome| names.name(outcome));
        let switches = ["SwitchRole", "ExitRole", "RenewRole"].map(|name| names.name(name));
        let times = batch.ints(0);
        for (at, &time) in times.iter().enumerate() {
            if !self.span.contains(time) {
                continue;
            }
            let name = |column: usize| batch.names(column)[at];
            let first_of = |columns: &[usize]| {
                let mut found = columns.iter().map(|column| name(*column));
                found.find(|found| *found != NONE).unwrap_or(NONE)
            };
            let outcome = name(8);
            let attempt = Attempt {
                who: first_of(&[4, 10, 5]),
                method: name(7),
                outcome,
                mfa_used: batch.flag(9, at),
                source_ip_address: name(6),
                account: name(3),
                failure_reason: name(13),
            };
            add(&mut self.attempts, attempt, Tally::one(time));
            if switches.contains(&name(2)) {
                let switch = Switch {
                    from: first_of(&[12, 4]),
                    to: first_of(&[11, 4]),
                    event_name: name(2),
                    outcome,
                    source_ip_address: name(6),
                    account: name(3),
                };
                add(&mut self.switched, switch, Tally::one(time));
            }
            let count = if outcome == success {
                &mut self.successes
            } else if outcome == failure {
                &mut self.failures
            } else {
                &mut self.unknown
            };
            *count += 1;
            if outcome != success && outcome != failure {
                continue;
            }
            if self.n_kept == limits::REPORT_SIGN_INS_MAX {
                self.not_followed += 1;
                continue;
            }
            self.n_kept += 1;
            let key = (attempt.source_ip_address, attempt.account);
            let from_one = self.by_address.entry(key).or_default();
            if outcome == failure {
                from_one.failures.push((time, first_of(&[10, 5, 4])));
            } else {
                from_one.successes.push(Success {
                    time,
                    event_id: batch.text(1, at).map(str::to_owned),
                    who: attempt.who,
                    mfa_used: attempt.mfa_used,
                });
            }
        }
    }

    /// Returns the successes that failures from the same address came before, within the hour.
    pub(super) fn guessed(&mut self) -> Vec<Guessed> {
        let mut found = Vec::new();
        for (&(source_ip_address, account), from_one) in &mut self.by_address {
            if source_ip_address == NONE || from_one.failures.len() < FAILURES_MIN {
                continue;
            }
            from_one.failures.sort_unstable();
            for success in &from_one.successes {
                let time = success.time;
                let behind = from_one
                    .failures
                    .partition_point(|(failed, _)| *failed <= time);
                let before = &from_one.failures[..behind];
                let first = before.partition_point(|(failed, _)| *failed < time - FAILURES_BEFORE);
                let failures = &before[first..];
                if failures.len() < FAILURES_MIN {
                    continue;
                }
                let tried: HashSet<Name> = failures.iter().map(|(_, name)| *name).collect();
                found.push(Guessed {
                    time,
                    event_id: success.event_id.clone(),
                    who: success.who,
                    source_ip_address,
                    account,
                    mfa_used: success.mfa_used,
                    failures: failures.len() as u64,
                    first_failure: failures[0].0,
                    names_tried: tried.len() as u64,
                });
            }
        }
        found
    }
}
