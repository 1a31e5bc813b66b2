//! What the tables come to, as a document.

use super::agents::{self, Agents, known};
use super::ask::Ask;
use super::books::{Books, Place as PlaceNames};
use super::document::{
    self, AgentAction, AgentResource, Caller, Chain, Channel, Claim, Coverage, CoverageDay,
    Failure, Gap, Guessed, NewIdentity, Place, Reason, SignInUser, Switched, Time, Top,
    Unauthenticated,
};
use super::names::{Name, Names, cut};
use super::resources::Resources;
use super::sign_ins::SignIns;
use super::tally::Tally;
use super::top::top;
use crate::limits;
use crate::mcp;
use crate::trail::time::{self, DAY};

/// What agents did; `resources` has names of its own, and who did how much comes from `activity`.
pub(super) fn agents(
    ask: &Ask,
    agents: &Agents,
    names: &Names,
    resources: (&Resources, &Names),
    principals: Top<document::AgentShare>,
) -> document::Agents {
    let shown = |name: Name| names.shown(name);
    let text = |name: Name| names.shown(name).unwrap_or_default();
    let rows = ask.rows;
    let events = |tally: &Tally| tally.events;
    document::Agents {
        channels: top(
            names,
            &agents.channels,
            rows,
            |_, tally| events(tally),
            |channel, tally| Channel {
                mcp_channel: text(*channel),
                is_sure: names.text(*channel) != mcp::Channel::SelfHosted.name(),
                events: tally.events,
                writes: tally.writes,
                deletions: tally.deletions,
                errors: tally.errors,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
            },
        )
        .rows,
        callers: top(
            names,
            &agents.callers,
            rows,
            |_, tally| events(tally),
            |caller, tally| Caller {
                principal: shown(caller.principal),
                mcp_client: shown(caller.client),
                mcp_server: shown(caller.server),
                mcp_tool: shown(caller.tool),
                mcp_method: shown(caller.method),
                mcp_channel: text(caller.channel),
                calls: tally.events,
                failures: tally.errors,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
            },
        ),
        actions: top(
            names,
            &agents.actions,
            rows,
            |_, tally| events(tally),
            |action, tally| AgentAction {
                event_source: shown(action.event_source),
                event_name: shown(action.event_name),
                principal: shown(action.principal),
                mcp_channel: text(action.channel),
                read_only: action.read_only,
                is_deletion: tally.deletions > 0,
                events: tally.events,
                errors: tally.errors,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
            },
        ),
        resources: touched(ask, resources.0, resources.1),
        chains: top(
            names,
            &agents.chains(),
            rows,
            |_, requests| requests.named,
            |chain, requests| Chain {
                mcp_server: shown(chain.server),
                mcp_tool: shown(chain.tool),
                principal: shown(chain.principal),
                event_source: shown(chain.event_source),
                event_name: shown(chain.event_name),
                read_only: chain.read_only,
                requests: requests.named,
                found: requests.found,
                errors: requests.errors,
            },
        ),
        failures: top(
            names,
            &agents.failures,
            rows,
            |_, tally| events(tally),
            |failure, tally| Failure {
                mcp_channel: text(failure.channel),
                mcp_server: shown(failure.server),
                mcp_tool: shown(failure.tool),
                status_code: known(failure.status_code),
                jsonrpc_error_code: known(failure.jsonrpc_error_code),
                error_code: shown(failure.error_code),
                message: shown(failure.message),
                calls: tally.events,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
                event_id: agents.last_failures.get(failure).map(|(_, id)| cut(id)),
            },
        ),
        principals,
        unauthenticated: top(
            names,
            &agents.unauthenticated,
            rows,
            |_, tally| events(tally),
            |call, tally| Unauthenticated {
                mcp_server: shown(call.server),
                mcp_tool: shown(call.tool),
                source_ip_address: shown(call.source_ip_address),
                user_agent: shown(call.user_agent),
                calls: tally.events,
                failures: tally.errors,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
            },
        ),
        claims: top(
            names,
            &agents.claims,
            rows,
            |_, tally| events(tally),
            |claim, tally| Claim {
                principal: shown(claim.principal),
                mcp_server: shown(claim.server),
                user_agent: shown(claim.user_agent),
                event_source: shown(claim.event_source),
                event_name: shown(claim.event_name),
                events: tally.events,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
            },
        ),
    }
}

fn touched(ask: &Ask, resources: &Resources, names: &Names) -> Top<AgentResource> {
    top(
        names,
        &resources.touched,
        ask.rows,
        |_, tally| tally.events,
        |touch, tally| AgentResource {
            resource_arn: names.shown(touch.resource).unwrap_or_default(),
            resource_type: names.shown(touch.kind),
            event_source: names.shown(touch.event_source),
            event_name: names.shown(touch.event_name),
            principal: names.shown(touch.principal),
            mcp_channel: names.shown(touch.channel).unwrap_or_default(),
            read_only: touch.read_only,
            is_deletion: touch.read_only != Some(true)
                && agents::is_deletion(names.text(touch.event_name)),
            events: tally.events,
            errors: tally.errors,
            last_event_time: Time(tally.last),
        },
    )
}

/// Who came in; what root did comes from `activity`, what was made from `resource_activity`.
pub(super) fn sign_ins(
    ask: &Ask,
    sign_ins: &mut SignIns,
    names: &Names,
    resources: (&Resources, &Names),
    root: Top<document::RootUse>,
) -> document::SignIns {
    let shown = |name: Name| names.shown(name);
    let text = |name: Name| names.shown(name).unwrap_or_default();
    let mut guessed = sign_ins.guessed();
    guessed.sort_by_cached_key(|guessed| {
        (
            std::cmp::Reverse(guessed.failures),
            guessed.time,
            names.text(guessed.who),
            guessed.event_id.clone(),
        )
    });
    let guessed = guessed.into_iter().map(|guessed| Guessed {
        event_time: Time(guessed.time),
        event_id: guessed.event_id.as_deref().map(cut),
        who: shown(guessed.who),
        source_ip_address: shown(guessed.source_ip_address),
        recipient_account_id: shown(guessed.account),
        mfa_used: guessed.mfa_used,
        failures: guessed.failures,
        first_failure: Time(guessed.first_failure),
        names_tried: guessed.names_tried,
    });
    document::SignIns {
        successes: sign_ins.successes,
        failures: sign_ins.failures,
        unknown: sign_ins.unknown,
        guessed: Top::first(guessed.collect(), ask.rows, |guessed| guessed.failures),
        users: top(
            names,
            &sign_ins.attempts,
            ask.rows,
            |_, tally| tally.events,
            |attempt, tally| SignInUser {
                who: shown(attempt.who),
                method: text(attempt.method),
                outcome: text(attempt.outcome),
                mfa_used: attempt.mfa_used,
                source_ip_address: shown(attempt.source_ip_address),
                recipient_account_id: shown(attempt.account),
                failure_reason: shown(attempt.failure_reason),
                events: tally.events,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
            },
        ),
        root,
        switched: top(
            names,
            &sign_ins.switched,
            ask.rows,
            |_, tally| tally.events,
            |switch, tally| Switched {
                from: shown(switch.from),
                to: shown(switch.to),
                event_name: text(switch.event_name),
                outcome: text(switch.outcome),
                source_ip_address: shown(switch.source_ip_address),
                recipient_account_id: shown(switch.account),
                events: tally.events,
                first_event_time: Time(tally.first),
                last_event_time: Time(tally.last),
            },
        ),
        new_identities: made(ask, resources.0, resources.1),
    }
}

fn made(ask: &Ask, resources: &Resources, names: &Names) -> Top<NewIdentity> {
    top(
        names,
        &resources.made,
        ask.rows,
        |_, tally| tally.events,
        |made, tally| NewIdentity {
            event_name: names.shown(made.event_name).unwrap_or_default(),
            resource_arn: names.shown(made.resource),
            principal: names.shown(made.principal),
            recipient_account_id: names.shown(made.account),
            is_error: made.is_error,
            events: tally.events,
            first_event_time: Time(tally.first),
        },
    )
}

/// How complete it is.
pub(super) fn coverage(ask: &Ask, books: &mut Books, names: &Names) -> Coverage {
    let text = |name: Name| names.shown(name).unwrap_or_default();
    let mut gaps = books.gaps();
    let place = |place: PlaceNames| (names.text(place.0), names.text(place.1));
    gaps.sort_unstable_by_key(|gap| (std::cmp::Reverse(gap.hours()), place(gap.place), gap.from));
    let gaps = gaps.into_iter().map(|gap| Gap {
        account_id: text(gap.place.0),
        region: text(gap.place.1),
        from: Time(gap.from),
        to: Time(gap.to),
        hours: gap.hours(),
    });
    let gaps = Top::first(gaps.collect(), ask.rows, |gap| gap.hours);
    let without = books.without_digests().map(|(account, region)| Place {
        account_id: text(*account),
        region: text(*region),
    });
    let mut without: Vec<Place> = without.collect();
    without.sort_unstable_by(|one, other| {
        (&one.account_id, &one.region).cmp(&(&other.account_id, &other.region))
    });
    let without_digests = Top::first(without, ask.rows, |_| 1);
    let unread = top(
        names,
        &books.unread,
        ask.rows,
        |_, (count, _)| *count,
        |(status, detail), (count, example)| Reason {
            reason: match names.shown(*detail) {
                Some(detail) => format!("{}: {detail}", text(*status)),
                None => text(*status),
            },
            count: *count,
            example: Some(cut(example)),
        },
    );
    let rejects = top(
        names,
        &books.rejects,
        ask.rows,
        |_, (count, _)| *count,
        |reason, (count, example)| Reason {
            reason: text(*reason),
            count: *count,
            example: names.shown(*example),
        },
    );
    let total = books.total;
    Coverage {
        objects: total.objects,
        digests: total.digests,
        unread: total.unread,
        written: total.written,
        redelivered: total.redelivered,
        filtered: total.filtered,
        rejected: total.rejected,
        late_objects: total.late_objects,
        late_events: total.late_events,
        days: days(books, names),
        gaps,
        without_digests,
        unread_reasons: unread,
        reject_reasons: rejects,
    }
}

/// The latest days, in order: by account, region and day.
fn days(books: &Books, names: &Names) -> Top<CoverageDay> {
    let mut days: Vec<(&(PlaceNames, i64), _)> = books.days.iter().collect();
    days.sort_unstable_by_key(|((place, day), _)| {
        let place = (names.text(place.0), names.text(place.1));
        (std::cmp::Reverse(*day), place)
    });
    let left_out = days.len().saturating_sub(limits::REPORT_DAYS_MAX) as u64;
    days.truncate(limits::REPORT_DAYS_MAX);
    let mut rows: Vec<CoverageDay> = days
        .into_iter()
        .map(|(((account, region), day), counts)| CoverageDay {
            account_id: names.shown(*account).unwrap_or_default(),
            region: names.shown(*region).unwrap_or_default(),
            day: time::format_date(day.saturating_mul(DAY)),
            objects: counts.objects,
            digests: counts.digests,
            unread: counts.unread,
            written: counts.written,
            late_events: counts.late_events,
            redelivered: counts.redelivered,
            rejected: counts.rejected,
            gap_hours: counts.gap_hours,
        })
        .collect();
    rows.sort_unstable_by(|one, other| {
        let key = |day: &CoverageDay| (day.account_id.clone(), day.region.clone(), day.day.clone());
        key(one).cmp(&key(other))
    });
    let total = books.total.written;
    Top {
        rows,
        left_out,
        total,
    }
}
