"""What `trailmill report` and `trailmill lookup` answer, held against what the queries of scripts/queries answer over the same dataset."""

import json
from collections import Counter

import jsonschema
from checks import check, equal

# The days that the queries ask for.
DAYS = ["--from", "2026-08-01", "--to", "2026-09-01"]


def of_list(part, *count):
    """The rows of a list of the report, all of them."""
    equal(part["left_out"], 0, "rows that are left out")
    return part["rows"]


def summed(rows, keys, count):
    """A count by what rows have in some columns; what is missing is None."""
    counts = Counter()
    for row in rows:
        counts[tuple(row.get(key) for key in keys)] += int(row[count])
    return +counts


def agree(part, count, rows, query_count, keys, name, also=()):
    """A list of the report has the counts that a query has, by the same columns. `also` renames columns of the query."""
    renamed = dict(also)
    theirs = [{**row, **{ours: row[their] for ours, their in renamed.items()}} for row in rows]
    equal(summed(of_list(part), keys, count), summed(theirs, keys, query_count), "report and query disagree:", name)


def report(trailmill, out, schema, *args):
    found = json.loads(trailmill("report", out, "--format", "json", *args)[0])
    jsonschema.validate(found, schema)
    return found


def check_answers(trailmill, out, found, schema_path):
    """`found` has the rows of each query."""
    schema = json.loads(schema_path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    said = report(trailmill, out, schema, *DAYS)
    agents, rate, sign_ins, refused, coverage = (said[part] for part in ("agents", "rate", "sign_ins", "refused", "coverage"))

    # What did the agents do?
    rows = found["agent_activity"]
    by_channel = summed(rows, ["mcp_channel"], "calls")
    equal({(row["mcp_channel"],): row["events"] for row in agents["channels"]}, by_channel, "events by channel")
    deletions = [row for row in rows if row["effect"] == "deletion" and row["mcp_channel"] != "self_hosted"]
    sure = [row for row in agents["channels"] if row["is_sure"]]
    equal(sum(row["deletions"] for row in sure), sum(row["calls"] for row in deletions), "deletions of agents")
    calls = [row for row in rows if row["mcp_channel"] in ("tool_call", "gateway")]
    keys = ["principal", "mcp_client", "mcp_server", "mcp_tool", "mcp_channel"]
    agree(agents["callers"], "calls", calls, "calls", keys, "tool calls")
    agree(agents["callers"], "failures", calls, "errors", keys, "failed tool calls")
    others = [row for row in rows if row["mcp_channel"] not in ("tool_call", "gateway", "self_hosted")]
    agree(agents["actions"], "events", others, "calls", ["event_source", "event_name", "principal", "mcp_channel"], "API calls of agents")
    linked = [row for row in found["agent_chains"] if row["event_id"]]
    counted = summed([{**row, "one": 1} for row in linked], ["mcp_server", "mcp_tool", "principal", "event_source", "event_name"], "one")
    chains = summed(of_list(agents["chains"]), ["mcp_server", "mcp_tool", "principal", "event_source", "event_name"], "found")
    equal(chains, counted, "report and query disagree: agent_chains")
    failures = [{**row, "one": 1} for row in found["agent_failures"]]
    keys = ["mcp_channel", "mcp_server", "mcp_tool", "status_code", "jsonrpc_error_code", "error_code"]
    agree(agents["failures"], "calls", failures, "one", keys, "agent_failures")
    agree(agents["principals"], "by_agents", found["agent_or_human"], "by_agents", ["principal"], "agent_or_human")
    agree(agents["principals"], "others", found["agent_or_human"], "others", ["principal"], "agent_or_human, others")
    agree(agents["claims"], "events", found["agent_claims"], "calls", ["principal", "mcp_server", "user_agent", "event_name"], "agent_claims")
    nobody = [{**row, "one": 1} for row in found["agent_unauthenticated"]]
    agree(agents["unauthenticated"], "calls", nobody, "one", ["mcp_server", "mcp_tool", "source_ip_address"], "agent_unauthenticated")
    changed = [row for row in of_list(agents["resources"]) if row["read_only"] is False and row["mcp_channel"] != "self_hosted"]
    ok = Counter()
    for row in changed:
        ok[row["resource_arn"], row["principal"], row["event_name"]] += row["events"] - row["errors"]
    equal(+ok, summed(found["agent_resources"], ["resource_arn", "principal", "event_name"], "calls"), "report and query disagree: resources")

    # Why did the call rate jump?
    agree(rate["actions"], "events", found["calls_by_service"], "calls", ["event_source", "event_name"], "calls_by_service")
    busiest = found["busiest_service"]
    equal(rate["busiest"]["event_source"], busiest[0]["event_source"], "the busiest service")
    for part, column in [("event_names", "event_name"), ("source_ips", "source_ip_address"), ("principals", "principal")]:
        agree(rate["busiest"][part], "events", busiest, "calls", ["name"], f"busiest_service by {column}", [("name", column)])
    agree(rate["costs"], "calls", found["costs"], "calls", ["event_source", "event_name", "billed", "principal"], "costs")
    series = {row["kind"]: row["events"] for row in said["timeline"]["series"] if row["name"] is None}
    equal(sum(series["all"]), sum(row["calls"] for row in found["timeline"]), "events of the timeline")
    equal(sum(series["errors"]), sum(row["errors"] for row in found["timeline"]), "errors of the timeline")
    burst = rate["bursts"]["rows"][0]
    of_query = [row for row in found["bursts"] if row["event_name"] == burst["event_name"]]
    equal(burst["events"], sum(row["calls"] for row in of_query), "the burst")
    later = report(trailmill, out, schema, "--from", "2026-08-02", "--to", "2026-09-01", "--baseline", "1d")
    kinds = {"source_ip": "address"}
    new = {(kinds.get(row["kind"], row["kind"]), row["value"], row["events"]) for row in of_list(later["rate"]["unseen"])}
    equal(new, {(row["kind"], row["value"], row["calls"]) for row in found["first_seen"]}, "what was never seen before")

    # Who came in, and who failed to?
    keys = ["who", "method", "outcome", "mfa_used", "source_ip_address", "recipient_account_id"]
    agree(sign_ins["users"], "events", found["sign_ins"], "attempts", keys, "sign_ins")
    agree(sign_ins["guessed"], "failures", found["sign_ins_guessed"], "failures", ["source_ip_address", "mfa_used"], "sign_ins_guessed")
    equal(sum(row["events"] for row in of_list(sign_ins["root"])), len(found["root_activity"]), "root")
    switched = [row for row in of_list(sign_ins["switched"]) if row["event_name"] == "SwitchRole"]
    equal(sum(row["events"] for row in switched), len(found["switched_roles"]), "role switches")
    made = [{**row, "one": 1} for row in found["new_identities"]]
    agree(sign_ins["new_identities"], "events", made, "one", ["event_name", "principal"], "new_identities")

    # What was refused? How complete is this?
    keys = ["principal", "event_source", "event_name", "error_code"]
    agree(refused["actions"], "events", found["refused"], "refused", keys, "refused")
    days = [{**row, "day": row["delivery_date"].isoformat()} for row in found["coverage"]]
    for field in ("objects", "digests", "unread", "written", "redelivered", "late_events", "rejected"):
        agree(coverage["days"], field, days, field, ["account_id", "region", "day"], f"coverage, {field}")
    agree(coverage["gaps"], "hours", found["coverage_gaps"], "hours", ["account_id", "region"], "coverage_gaps")

    # lookup finds as many events as they count, and every finding's command works.
    n_found = lambda *filters: len(trailmill("lookup", out, "--limit", 0, "--format", "jsonl", *filters)[0].splitlines())
    equal(n_found("--mcp"), sum(by_channel.values()), "events of agents that lookup finds")
    equal(n_found("--event-source", busiest[0]["event_source"]), rate["busiest"]["events"], "events of the busiest service")
    equal(n_found("--principal", sign_ins["root"]["rows"][0]["principal"]) > 0, True, "events of root")
    filters = ["--principal", burst["principal"], "--event-name", burst["event_name"], "--from", burst["start"], "--to", burst["end"]]
    equal(n_found(*filters), burst["events"], "events of the burst")
    sections = {finding["section"] for finding in said["findings"]}
    for section in sections:
        part, name = section.split(".")
        check(name in said[part], "a finding names", section)
