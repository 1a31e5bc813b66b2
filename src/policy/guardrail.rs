//! Evidence to policies, and to what each of their statements is based on.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::destructive::{is_destructive, patterns};
use super::document::{Condition, Document, Effect, Kind, Statement, Which};
use super::evidence::{Evidence, Tally};
use super::names::actions;
use super::resources::{self, ANY};
use super::split::pack;

const ALLOW_SEEN: &str = "AllowSeenThroughMcp";
const DENY_UNSEEN: &str = "DenyUnseenThroughMcp";
const DENY_DESTRUCTIVE: &str = "DenyDestructiveThroughMcp";

/// What is wanted of policies.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What they are attached to.
    pub kind: Kind,
    /// When they count.
    pub condition: Condition,
}

/// Policies, and what they are based on.
#[derive(Debug, Serialize)]
pub struct Guardrail {
    /// The policies. All of them have to be attached.
    pub policies: Vec<Policy>,
    /// The actions that are let through, each with what was seen of it.
    pub basis: Vec<Basis>,
    /// Actions that were done, and are denied from now on.
    pub destructive: Vec<Basis>,
    /// Events that succeeded, and that no policy can let through.
    pub without_action: Vec<Other>,
    /// Calls that failed: no evidence of what is needed.
    pub failed: Vec<Other>,
}

/// A policy with its name.
#[derive(Debug, Serialize)]
pub struct Policy {
    /// Its name, also of its file.
    pub name: String,
    /// Its characters without white space.
    pub characters: usize,
    /// The policy itself.
    pub document: Document,
}

/// An action, and what was seen of it.
#[derive(Debug, Serialize)]
pub struct Basis {
    /// The action, such as `s3:GetObject`.
    pub action: String,
    /// The statements that name it.
    pub statements: Vec<String>,
    /// What it is allowed on.
    pub resources: Vec<String>,
    /// The events behind it, as `source name`.
    pub events: BTreeSet<String>,
    /// The calls.
    #[serde(flatten)]
    pub tally: Tally,
}

/// An event that no action stands for.
#[derive(Debug, Serialize)]
pub struct Other {
    /// The event, as `source name`.
    pub event: String,
    /// Why it is let through by nothing.
    pub reason: String,
    /// The calls.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Names that fit into no policy.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was seen does not fit into policies of {0} characters")]
pub struct Unfit(usize);

/// What was seen of an action.
type Seen = BTreeMap<String, (BTreeSet<String>, Tally)>;

impl Guardrail {
    /// Returns the policies that let through what succeeded.
    ///
    /// # Errors
    ///
    /// Returns an error where a part of a policy fits into none.
    pub fn new(evidence: Evidence, wanted: &Wanted) -> Result<Self, Unfit> {
        let (mut seen, mut destructive) = (Seen::new(), Seen::new());
        let (mut without_action, mut failed) = (Vec::new(), Vec::new());
        for (event, outcomes) in evidence.events {
            let told = format!("{} {}", event.source, event.name);
            let other = |reason: String, tally| Other {
                event: told.clone(),
                reason,
                tally,
            };
            failed.extend(
                outcomes
                    .failed
                    .into_iter()
                    .map(|(error, tally)| other(error, tally)),
            );
            let Some(tally) = outcomes.succeeded else {
                continue;
            };
            let actions = if event.is_api_call {
                actions(&event.source, &event.name)
            } else {
                Vec::new()
            };
            if actions.is_empty() {
                let reason = if event.is_api_call {
                    "no documented IAM action"
                } else {
                    "not a call of an API"
                };
                without_action.push(other(reason.to_owned(), tally));
                continue;
            }
            let is_deletion = event.name.starts_with("Delete");
            let is_one = actions.len() == 1;
            for action in actions {
                let into = if is_deletion || is_destructive(&action) {
                    &mut destructive
                } else {
                    &mut seen
                };
                // Of several actions of a call, nothing says which was on what.
                let tally = if is_one {
                    tally.clone()
                } else {
                    tally.clone().on_anything()
                };
                add(into, action, &told, tally);
            }
        }
        let seen = seen.into_iter().map(|(action, (events, tally))| Basis {
            resources: match wanted.kind {
                Kind::Iam => resources::allowed(&action, &tally),
                Kind::Scp => vec![ANY.to_owned()],
            },
            statements: Vec::new(),
            action,
            events,
            tally,
        });
        let (mut basis, unfit): (Vec<Basis>, Vec<Basis>) =
            seen.partition(|basis| !basis.resources.is_empty());
        without_action.extend(unfit.into_iter().map(|basis| Other {
            event: basis.events.into_iter().collect::<Vec<_>>().join(", "),
            reason: "its resources are unfit for a policy".to_owned(),
            tally: basis.tally,
        }));
        let mut destructive: Vec<Basis> = destructive.into_iter().map(denied).collect();
        let policies = policies(&basis, &destructive, wanted)?;
        for row in &mut basis {
            row.statements = naming(&policies, &row.action);
        }
        for row in &mut destructive {
            row.statements = denying(&policies, &row.action);
        }
        Ok(Self {
            policies,
            basis,
            destructive,
            without_action,
            failed,
        })
    }
}

fn add(seen: &mut Seen, action: String, event: &str, tally: Tally) {
    match seen.get_mut(&action) {
        Some((events, all)) => {
            events.insert(event.to_owned());
            all.add(tally);
        }
        None => {
            seen.insert(action, (BTreeSet::from([event.to_owned()]), tally));
        }
    }
}

fn denied((action, (events, tally)): (String, (BTreeSet<String>, Tally))) -> Basis {
    Basis {
        action,
        statements: Vec::new(),
        resources: vec![ANY.to_owned()],
        events,
        tally,
    }
}

fn policies(basis: &[Basis], destructive: &[Basis], wanted: &Wanted) -> Result<Vec<Policy>, Unfit> {
    let statement = |sid: &str, effect, which, resources: &[String]| Statement {
        sid: sid.to_owned(),
        effect,
        which,
        resources: resources.to_vec(),
        condition: wanted.condition.clone(),
    };
    let any = [ANY.to_owned()];
    let mut statements = match wanted.kind {
        Kind::Scp => {
            let names = basis.iter().map(|row| row.action.clone()).collect();
            vec![statement(DENY_UNSEEN, Effect::Deny, all_but(names), &any)]
        }
        Kind::Iam => {
            let mut by_resources: BTreeMap<&[String], Vec<String>> = BTreeMap::new();
            for row in basis {
                let actions = by_resources.entry(&row.resources).or_default();
                actions.push(row.action.clone());
            }
            let allow = |(resources, actions)| {
                statement(ALLOW_SEEN, Effect::Allow, Which::These(actions), resources)
            };
            by_resources.into_iter().map(allow).collect()
        }
    };
    let rows = basis.iter().chain(destructive);
    let services = rows.filter_map(|row| row.action.split(':').next());
    let which = Which::These(patterns(services));
    statements.push(statement(DENY_DESTRUCTIVE, Effect::Deny, which, &any));
    let chars_max = wanted.kind.chars_max();
    let documents = pack(statements, chars_max).ok_or(Unfit(chars_max))?;
    let policy = |(n, document): (usize, Document)| Policy {
        name: format!("trailmill-{}-{n}", wanted.kind.name()),
        characters: document.chars(),
        document,
    };
    Ok((1..).zip(documents).map(policy).collect())
}

/// All actions but these; all where there are none, which IAM's grammar has no empty list for.
fn all_but(names: Vec<String>) -> Which {
    if names.is_empty() {
        return Which::These(vec![ANY.to_owned()]);
    }
    Which::AllBut(names)
}

/// The names of the statements that name an action as it is.
fn naming(policies: &[Policy], action: &str) -> Vec<String> {
    sids(policies, |statement| match &statement.which {
        Which::These(names) | Which::AllBut(names) => names.iter().any(|name| name == action),
    })
}

/// The names of the statements that deny an action.
fn denying(policies: &[Policy], action: &str) -> Vec<String> {
    sids(policies, |statement| {
        let is_named = |names: &[String]| names.iter().any(|name| super::split::fits(name, action));
        statement.effect == Effect::Deny
            && match &statement.which {
                Which::These(names) => is_named(names),
                Which::AllBut(names) => !is_named(names),
            }
    })
}

fn sids(policies: &[Policy], is_wanted: impl Fn(&Statement) -> bool) -> Vec<String> {
    let statements = policies
        .iter()
        .flat_map(|policy| &policy.document.statements);
    let wanted = statements.filter(|statement| is_wanted(statement));
    wanted.map(|statement| statement.sid.clone()).collect()
}
