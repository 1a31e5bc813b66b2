"""Runs what `trailmill sql` prints, and the queries of scripts/queries, where they are meant to run.

    scripts/python.sh scripts/queries.py target/debug/trailmill

A synthetic bucket and a few records planted in it become a dataset. DuckDB runs its script; Spark SQL runs its own, and Athena's, whose
tables are Hive's DDL as they stand and whose views are brought over from Trino's SQL by sqlglot. `cloudtrail_logs` must be the
same rows everywhere, and those of the raw JSON read as AWS documents it. Every query runs in DuckDB, parses as Athena's
SQL, gives the same rows in Spark, and what is known of its answer from the raw JSON or from what was planted must hold. Filters on
partition columns must prune. The first thing that is not as it should be ends the script with exit 1.
"""

import datetime
import decimal
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import duckdb
import sqlglot
from answers import check_answers
from checks import TABLES, check, equal, passed, section
from sqlglot import exp

REPOSITORY = Path(__file__).resolve().parent.parent
BINARY = str(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else sys.exit(__doc__)
QUERIES = {path.stem: path.read_text() for path in sorted((REPOSITORY / "scripts" / "queries").glob("*.sql"))}
# Where Athena's script says that the tables lie.
LOCATION = "s3://my-tables/cloudtrail"
ACCOUNT = "111122223333"


def trailmill(*args, code=0):
    done = subprocess.run([BINARY, *map(str, args)], capture_output=True, text=True, timeout=600)
    equal(done.returncode, code, "exit code of", args, done.stderr)
    return done.stdout, done.stderr


# The bucket


def planted():
    """Records of what the synthetic bucket has none of, and such as are hard to carry over."""
    user = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": f"arn:aws:iam::{ACCOUNT}:user/zoë", "accountId": ACCOUNT,
            "accessKeyId": "AKIAEXAMPLE", "userName": "zoë"}
    anonymous = {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    file, bucket = "arn:aws:s3:::my-bucket/example/datafile.txt", "arn:aws:s3:::my-bucket"
    read = {"requestParameters": {"bucketName": "my-bucket", "key": "example/datafile.txt"}, "readOnly": True, "resources": [
        {"type": "AWS::S3::Object", "ARN": file}, {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": bucket}]}
    second = {"additionalEventData": {"SignatureVersion": "SigV2", "bytesTransferredOut": 3}}
    attributes = {"iss": "https://idp.example.com", "aud": "it's \"quoted\" \\ and ü"}
    gateway = {"requestParameters": {"body": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "Orders___List"}}},
               "responseElements": {"body": {"jsonrpc": "2.0", "id": 1, "result": {}}, "statusCode": 200}, "readOnly": False}
    everything = {
        "vpcEndpointId": "vpce-1", "vpcEndpointAccountId": ACCOUNT, "sharedEventID": "shared", "apiVersion": "2016-11-15",
        "addendum": {"reason": "DELIVERY_DELAY", "updatedFields": "a,b", "originalRequestID": "r", "originalEventID": "e"},
        "sessionCredentialFromConsole": "true", "edgeDeviceDetails": {"type": "snow"}, "serviceEventDetails": {"state": "é\n'\";--"},
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "c", "clientProvidedHostHeader": "h"},
        "userAgent": "'; DROP TABLE events; -- \\ \" \u202e", "errorCode": "AccessDenied", "errorMessage": "no\ttabs",
        "responseElements": {"a": [1, 0.5, None, {"b": "$.c"}]}, "readOnly": False,
    }
    session = {"type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/pod/s",
               "accountId": ACCOUNT, "accessKeyId": "ASIAEXAMPLE", "invokedBy": "x.amazonaws.com",
               "onBehalfOf": {"userId": "u", "identityStoreArn": "arn:aws:identitystore:::i"}, "sessionContext": {
                   "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": f"arn:aws:iam::{ACCOUNT}:role/pod",
                                     "accountId": ACCOUNT, "userName": "pod"},
                   "webIdFederationData": {"federatedProvider": "arn:aws:iam::1:oidc-provider/p", "attributes": attributes},
                   "attributes": {"creationDate": "2026-08-02T00:00:00Z", "mfaAuthenticated": "false"}, "ec2RoleDelivery": "2.0"}}
    scenes = [
        ("s3", "GetObject", user, read | second),
        ("s3", "GetObject", anonymous, read),
        ("s3", "DeleteBucket", user, {"requestParameters": {"bucketName": "my-bucket"}, "readOnly": False, "resources": [
            {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": bucket}]}),
        ("ec2", "RevokeSecurityGroupEgress", user, {"requestParameters": {"groupId": "sg-1"}, "readOnly": False}),
        ("bedrock-agentcore", "InvokeGateway", anonymous, gateway),
        ("sqs", "PurgeQueue", session, everything),
        ("sts", "GetCallerIdentity", {"type": "AWSService", "invokedBy": "x.amazonaws.com"}, {}),
    ]
    for n, (service, name, who, more) in enumerate(scenes):
        yield {"eventVersion": "1.11", "userIdentity": who, "eventTime": f"2026-08-02T10:00:{n:02}Z",
               "eventSource": f"{service}.amazonaws.com", "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.77",
               "eventID": f"planted-{n}", "requestID": f"request-{n}", "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT,
               "eventCategory": "Management", **more}


def lay_out(folder):
    """The synthetic bucket with the planted records, one of them twice; returns what it says of itself."""
    _, said = trailmill("generate", folder, "--events", 3000, "--days", 2, "--accounts", 2, "--seed", 5)
    records = list(planted())
    for part, name in [(records, "0000000000000001"), (records[:1], "0000000000000002")]:
        key = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/08/02/{ACCOUNT}_CloudTrail_us-east-1_20260802T1005Z_{name}.json.gz"
        text = json.dumps({"Records": part}, ensure_ascii=False, separators=(",", ":"))
        (folder / key).write_bytes(gzip.compress(text.encode()))
    number = lambda words: int(re.search(words, said)[1])
    return {
        "events": number(r"^(\d+) events") + len(records),
        "redelivered": number(r"(\d+) redelivered") + 1,
        "late": number(r"(\d+) events late"),
        "agents": number(r"(\d+) by agents") + 1,
        "sign_ins": number(r"(\d+) sign-ins"),
        "burst": number(r"burst of (\d+) DeleteSnapshot at 2026-08-02T13:05:00Z"),
        "planted": records,
    }


def raw_records(folder):
    """The events as they were delivered, copies left aside, and their keys."""
    records, keys = {}, []
    for path in sorted(folder.rglob("*.json.gz")):
        key = str(path.relative_to(folder))
        keys.append(key)
        if "/CloudTrail/" in key or "/CloudTrail-NetworkActivity/" in key:
            for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
                records[record["eventID"], record["recipientAccountId"]] = record
    return list(records.values()), keys


# cloudtrail_logs as AWS documents it, from the raw JSON

IDENTITY = """struct("type" varchar, principalid varchar, arn varchar, accountid varchar, invokedby varchar, accesskeyid varchar,
    username varchar, onbehalfof struct(userid varchar, identitystorearn varchar), sessioncontext struct(
        attributes struct(mfaauthenticated varchar, creationdate varchar),
        sessionissuer struct("type" varchar, principalid varchar, arn varchar, accountid varchar, username varchar),
        ec2roledelivery varchar, webidfederationdata struct(federatedprovider varchar, attributes map(varchar, varchar))))"""
DOCUMENTED = [
    "eventversion", ("useridentity", IDENTITY), "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent",
    "errorcode", "errormessage", "requestparameters", "responseelements", "additionaleventdata", "requestid", "eventid", "readonly",
    ("resources", 'struct(arn varchar, accountid varchar, "type" varchar)[]'), "eventtype", "apiversion", "recipientaccountid",
    "serviceeventdetails", "sharedeventid", "vpcendpointid", "vpcendpointaccountid", "eventcategory",
    ("addendum", "struct(reason varchar, updatedfields varchar, originalrequestid varchar, originaleventid varchar)"),
    "sessioncredentialfromconsole", "edgedevicedetails",
    ("tlsdetails", "struct(tlsversion varchar, ciphersuite varchar, clientprovidedhostheader varchar)"),
    "timestamp", "region", "account", "year", "month", "day",
]
DOCUMENTED = [column if isinstance(column, tuple) else (column, "varchar") for column in DOCUMENTED]


def lowered(value, inside=True):
    """Members by their names in lower case, as Hive's SerDe reads them; empty objects as if they were absent."""
    if isinstance(value, list):
        return [lowered(item) for item in value]
    if not isinstance(value, dict):
        return value
    keep = {key.lower(): member if key == "attributes" and "iss" in member else lowered(member) for key, member in value.items()}
    return {key: member for key, member in keep.items() if member != {}}


def as_documented(record):
    row = {}
    for column, kind in DOCUMENTED:
        value = next((member for key, member in record.items() if key.lower() == column), None)
        if kind == "varchar" and isinstance(value, (dict, list)):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        elif isinstance(value, bool):
            value = str(value).lower()
        row[column] = lowered(value)
    year, month, day = record["eventTime"][:10].split("-")
    partitions = {"timestamp": f"{year}/{month}/{day}", "year": year, "month": month, "day": day}
    return row | partitions | {"region": record["awsRegion"], "account": record["recipientAccountId"]}


def read_raw(connection, records, folder):
    """Makes raw.cloudtrail_logs of the records, with the types that AWS documents."""
    path = folder / "raw.ndjson"
    path.write_text("".join(json.dumps(as_documented(record), ensure_ascii=False) + "\n" for record in records))
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in DOCUMENTED)
    connection.execute("create schema raw")
    records = f"read_json('{path}', format = 'newline_delimited', columns = {{{columns}}})"
    connection.execute(f"create table raw.cloudtrail_logs as select * from {records}")


# DuckDB


def statements(script):
    """The statements of a script: none has a semicolon at a line's end inside."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    parts = re.split(r";\s*(?:\n|$)", "\n".join(lines))
    return [part.strip() for part in parts if part.strip()]


def connect(script):
    connection = duckdb.connect()
    connection.execute("set timezone = 'Asia/Tokyo'")  # times are UTC whatever the session's zone is
    connection.execute(script)
    return connection


def rows_of(connection, sql):
    """Rows as dictionaries."""
    answer = connection.execute(sql)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row)) for row in answer.fetchall()]


def check_duckdb(connection, out, facts):
    section("DuckDB: views and macros")
    for table in TABLES:
        files = list((out / table).rglob("*.parquet"))
        wanted = duckdb.sql(f"select count(*) from read_parquet({[str(file) for file in files]})").fetchall()[0][0] if files else 0
        equal(connection.sql(f"select count(*) from {table}").fetchall()[0][0], wanted, "rows of", table)
        comment = connection.sql(f"select comment from duckdb_views() where view_name = '{table}'").fetchall()[0][0]
        check(comment, table, "has no comment")
    snapshot = connect(trailmill("sql", "duckdb", out, "--snapshot")[0])
    everything = "select count(*), count(distinct eventid) from cloudtrail_logs"
    equal(connection.sql(everything).fetchall(), [(facts["events"], facts["events"])], "events of cloudtrail_logs")
    equal(snapshot.sql(everything).fetchall(), [(facts["events"], facts["events"])], "events of a snapshot")
    count = lambda sql: len(connection.sql(sql).fetchall())
    equal(count("from event('planted-5')"), 1, "events by id")
    equal(count("from resource_history('arn:aws:s3:::my-bucket')"), 3, "history of a resource")
    issued = "select issued_access_key_id, event_id from events where issued_access_key_id is not null limit 1"
    key, issuer = connection.sql(issued).fetchall()[0]
    check((issuer,) in connection.sql(f"select event_id from issued('{key}')").fetchall(), "the call that issued", key)
    scalars = """select json_extract_scalar('{"a":"x"}', '$.a'), json_extract_scalar('{"a":2}', '$.a'),
        json_extract_scalar('{"a":{}}', '$.a')"""
    equal(connection.sql(scalars).fetchall(), [("x", "2", None)], "json_extract_scalar")


PRUNING = {
    "\"timestamp\" = '2026/08/01'": 1,
    "\"timestamp\" BETWEEN '2026/08/02' AND '2026/08/31'": 1,
    "year = '2026' AND month = '08' AND day = '02'": 1,
    "day = '01'": 1,
    "month = '09'": 0,
    "year = '2025'": 0,
    # Nothing that the statistics of a file could hold.
    "region = 'zz-north-1'": 0,
    "account = '999999999999'": 0,
}


def check_pruning(connection):
    section("DuckDB: filters on the partition columns of cloudtrail_logs read fewer files")
    for where, wanted in {"eventid IS NOT NULL": 2, **PRUNING}.items():
        plan = connection.sql(f"explain analyze select eventid, eventname from cloudtrail_logs where {where}").fetchall()[0][1]
        read = re.search(r"Total Files Read: (\d+)", plan)
        equal(int(read[1]) if read else 0, wanted, "files read for", where, plan)


# Spark


def spark_session(folder):
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    # For many small queries: compile as little as can be.
    options = {
        "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1", "spark.sql.maxMetadataStringLength": "10000",
        "spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.log.level": "ERROR", "spark.sql.adaptive.enabled": "false",
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={folder}/derby -Dderby.system.durability=test "
        "-Duser.timezone=UTC -XX:TieredStopAtLevel=1",
    }
    builder = SparkSession.builder.master("local[2]").enableHiveSupport()
    for name, value in options.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def parse_athena(sql):
    """Parses Athena's SQL, of which nothing may be left that the parser only passes on."""
    tree = sqlglot.parse_one(sql, read="athena")
    check(not list(tree.find_all(exp.Command)), "sqlglot does not know:", sql)
    return tree


def to_spark(sql):
    return parse_athena(sql).sql(dialect="spark")


def run_athena(spark, out):
    """Runs Athena's tables as they stand, but for where they lie, and its views in Spark's words."""
    section("Athena's script: parsed, and run in Spark")
    spark.sql("create database athena")
    spark.sql("use athena")
    for statement in statements(trailmill("sql", "athena", out, "--location", LOCATION)[0]):
        tree = parse_athena(statement)
        if isinstance(tree.find(exp.Create).args.get("kind"), str) and "EXTERNAL TABLE" in statement:
            spark.sql(statement.replace(LOCATION, str(out).replace("'", r"\'")))
        else:
            spark.sql(to_spark(statement))
    for table in TABLES:
        check_columns(spark, table)
        if (out / table).is_dir():  # what partition projection does in Athena
            spark.sql(f"msck repair table {table}")


def check_columns(spark, table):
    for column in spark.catalog.listColumns(table):
        check(column.description, f"{table}.{column.name} has no comment")
    equal([column.name for column in spark.catalog.listColumns(table) if column.isPartition],
          ["delivery_date" if table in ("objects", "duplicates", "rejects") else "event_date"], "partitions of", table)


def run_spark(spark, out):
    section("Spark's script")
    spark.sql("create database spark")
    spark.sql("use spark")
    for statement in statements(trailmill("sql", "spark", out)[0]):
        spark.sql(statement)
    for table in TABLES:
        check_columns(spark, table)


def normal(value):
    """A value as DuckDB, Spark and Python agree on it."""
    if isinstance(value, dict):
        return ("members", tuple(normal(member) for member in value.values()))
    if hasattr(value, "asDict"):
        return ("members", tuple(normal(member) for member in value))
    if isinstance(value, (list, tuple)):
        return tuple(normal(item) for item in value)
    if isinstance(value, (float, decimal.Decimal)):
        return round(float(value), 6) if value % 1 else int(value)
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    return value


def bag(rows):
    return Counter(repr(tuple(normal(value) for value in row)) for row in rows)


def same_rows(found, wanted, *what):
    found, wanted = bag(found), bag(wanted)
    equal((list((found - wanted).elements())[:2], list((wanted - found).elements())[:2]), ([], []), *what)


def check_spark_pruning(spark):
    for where, wanted in PRUNING.items():
        frame = spark.sql(to_spark(f"SELECT eventid, eventname FROM cloudtrail_logs WHERE {where}"))
        plan = frame._jdf.queryExecution().executedPlan().toString()
        scan = re.search(r"(?:InMemory|Catalog)FileIndex\((\d+) paths?\).*?PartitionFilters: (.*?), PushedFilters: (.*?), ReadSchema", plan)
        check(scan, "no scan of files for", where, plan)
        column = {"region": "aws_region", "account": "recipient_account_id"}.get(where.split()[0])
        if column:
            check(f"EqualTo({column}," in scan[3], "no filter is pushed for", where, plan)
        else:
            check("event_date" in scan[2], "no partition filter for", where, plan)
            equal(int(scan[1]), wanted, "partitions read for", where, plan)


# The queries


def check_headers():
    for name, text in QUERIES.items():
        first = text.splitlines()[0]
        check(first.startswith("-- ") and "?" in first, name, "does not begin with the question that it answers")
        equal(len(statements(text)), 1, "statements in", name)


def is_agents(record):
    return record["eventType"] == "AwsMcpEvent" or record["eventName"] in ("InvokeGateway", "InvokeMcp")


def failed(record):
    response = record.get("responseElements") or {}
    body = response.get("body", response)
    result = body.get("result")
    return bool("error" in body or response.get("statusCode", 200) >= 400 or record.get("errorCode")
                or isinstance(result, dict) and result.get("isError"))


def downstream(record):
    more = record.get("additionalEventData") or {}
    return [request["requestId"] for request in more.get("downstreamRequests", [])] + more.get("downstreamRequestIds", [])


def s3_buckets(record):
    arns = {resource.get("ARN", "") for resource in record.get("resources") or []}
    return {arn.split("/")[0] for arn in arns if arn.startswith("arn:aws:s3:::example-")}


def known_answers(raw, keys, facts):
    """By query: what is asked of its rows, and what the raw JSON or the plan of the bucket says."""
    ids = lambda rows: sorted(row["event_id"] for row in rows)
    wanted = lambda holds: sorted(record["eventID"] for record in raw if holds(record))
    total = lambda rows, column="calls": sum(row[column] for row in rows)
    n = lambda holds: len(wanted(holds))
    name, source, who = (lambda r: r["eventName"]), (lambda r: r["eventSource"].split(".")[0]), (lambda r: r["userIdentity"])
    parameter = lambda r, key: (r.get("requestParameters") or {}).get(key)
    writes = [r for r in raw if r.get("readOnly") is False]
    newest = sorted(writes, key=lambda r: r["eventID"])
    newest = sorted(newest, key=lambda r: r["eventTime"], reverse=True)[:100]
    by_request = {r["requestID"]: r["eventID"] for r in raw if r.get("requestID")}
    used = Counter(who(r).get("accessKeyId") for r in raw if who(r).get("accessKeyId", "").startswith("ASIA"))
    groups = ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupEgress", "CreateSecurityGroup"]
    times = {}  # the first time of each service
    for r in sorted(raw, key=lambda r: r["eventTime"]):
        times.setdefault(r["eventSource"], r["eventTime"])
    new_services = [service for service, first in times.items() if first >= "2026-08-02"]
    busiest = Counter(r["eventSource"] for r in raw).most_common(1)[0]
    guesser = "198.51.100.250"  # tries a name that is not there, then five passwords, then comes in
    minutes = datetime.timedelta(minutes=15)
    burst = [datetime.datetime(2026, 8, 2, 13) + i * minutes for i in range(2)]
    delivered = {}  # by account and region: the hours with an object, and whether there are digests
    for key in keys:
        parts = re.match(r"AWSLogs/(\d+)/(CloudTrail[\w-]*)/([\w-]+)/.*_(\d{8}T\d{2})\d{2,4}Z", key)
        if parts:
            hours, digests = delivered.setdefault((parts[1], parts[3]), (set(), set()))
            hours.add(datetime.datetime.strptime(parts[4], "%Y%m%dT%H"))
            digests.update(["digest"] if "Digest" in parts[2] else [])
    with_digests = [hours for hours, digests in delivered.values() if digests]
    end = max(max(hours) for hours, _ in delivered.values())
    n_gap_hours = sum(int((end - min(hours)).total_seconds() // 3600) + 1 - len(hours) for hours in with_digests)
    claims = re.compile(r"awslabs|mcp-server|mcp-proxy|MCPClient")
    is_claim = lambda r: bool(claims.search(r.get("userAgent") or "")) and not who(r).get("invokedBy") and not is_agents(r)
    is_anonymous = lambda r: who(r).get("accountId") == "anonymous" and "example" in json.dumps(r["requestParameters"])
    made = ("CreateUser", "CreateRole", "CreateAccessKey")
    values = lambda rows: [tuple(row.values()) for row in rows]
    return {
        "who_did_what": lambda rows: ([row["event_id"] for row in rows], [r["eventID"] for r in newest]),
        "who_deleted_objects": lambda rows: (
            ids(rows), wanted(lambda r: name(r) == "DeleteObject" and parameter(r, "bucketName").startswith("example-"))),
        "who_touched_resource": lambda rows: (
            total([row for row in rows if row["event_name"] == "GetObject"]),
            sum(len(s3_buckets(r)) for r in raw if name(r) == "GetObject")),
        "where_a_key_came_from": lambda rows: ({row["access_key"]: row["calls"] for row in rows}, dict(used)),
        "agent_activity": lambda rows: (total(rows), facts["agents"]),
        "agent_chains": lambda rows: (
            sorted(row["event_id"] for row in rows if row["event_id"]),
            sorted(by_request[id] for r in raw if is_agents(r) for id in downstream(r) if id in by_request)),
        "agent_failures": lambda rows: (ids(rows), wanted(lambda r: is_agents(r) and failed(r))),
        "agent_resources": lambda rows: (
            total([row for row in rows if row["event_name"] == "InvokeGateway"]),
            n(lambda r: name(r) == "InvokeGateway" and r.get("resources") and not failed(r))),
        "agent_or_human": lambda rows: (total(rows, "by_agents") + total(rows, "claimed"), facts["agents"]),
        "agent_claims": lambda rows: (total(rows), n(is_claim)),
        "agent_unauthenticated": lambda rows: (ids(rows), ["planted-4"]),
        "calls_by_service": lambda rows: (
            {(row["event_source"], row["event_name"]): row["calls"] for row in rows},
            dict(Counter((r["eventSource"], r["eventName"]) for r in raw))),
        "busiest_service": lambda rows: ((rows[0]["event_source"], total(rows)), busiest),
        "timeline": lambda rows: ((total(rows), total(rows, "by_agents")), (facts["events"], facts["agents"])),
        "bursts": lambda rows: (
            (sorted(row["bucket_start"] for row in rows), {row["event_name"] for row in rows}, total(rows) >= facts["burst"]),
            (burst, {"DeleteSnapshot"}, True)),
        "refused_bursts": lambda rows: (all(row["calls"] >= 5 for row in rows) and len(rows) > 0, True),
        "first_seen": lambda rows: (
            sorted(row["value"] for row in rows if row["kind"] == "service"), sorted(new_services)),
        "costs": lambda rows: (
            total([row for row in rows if row["event_name"] in ("RunInstances", "Invoke", "PutObject")]),
            n(lambda r: name(r) in ("RunInstances", "Invoke", "PutObject") and not r.get("errorCode"))),
        "sign_ins": lambda rows: (total(rows, "attempts"), facts["sign_ins"]),
        "sign_ins_guessed": lambda rows: (
            [row["failures"] for row in rows if row["source_ip_address"] == guesser],
            [6] * n(lambda r: r["sourceIPAddress"] == guesser and (r.get("responseElements") or {}).get("ConsoleLogin") == "Success")),
        "switched_roles": lambda rows: (ids(rows), wanted(lambda r: name(r) == "SwitchRole")),
        "root_activity": lambda rows: (ids(rows), wanted(lambda r: who(r).get("type") == "Root")),
        "new_identities": lambda rows: (
            sorted((row["event_id"], row["made"]) for row in rows),
            sorted((r["eventID"], parameter(r, "userName") or parameter(r, "roleName")) for r in raw if name(r) in made)),
        "iam_changes": lambda rows: (ids(rows), wanted(lambda r: source(r) == "iam" and r["readOnly"] is False)),
        "security_group_changes": lambda rows: (ids(rows), wanted(lambda r: source(r) == "ec2" and name(r) in groups)),
        "data_events": lambda rows: (total(rows), n(lambda r: r["eventCategory"] == "Data")),
        "refused": lambda rows: (total(rows, "refused"), n(lambda r: bool(r.get("errorCode")))),
        "coverage": lambda rows: (
            (total(rows, "redelivered"), total(rows, "late_events"), total(rows, "unread"), total(rows, "rejected")),
            (facts["redelivered"], facts["late"], 0, 0)),
        "coverage_gaps": lambda rows: (total(rows, "hours"), n_gap_hours),
        "aws_anonymous_requests": lambda rows: (
            sorted(row["eventid"] for row in rows), wanted(lambda r: name(r) == "GetObject" and is_anonymous(r))),
        "aws_session_issuers": lambda rows: (len(rows), 10),
        "aws_resource": lambda rows: ([row["s3_resource"] for row in rows], ["my-bucket/example/datafile.txt"] * 2),
        "aws_deleted_buckets": lambda rows: (values(rows), [("us-east-1", "my-bucket", "2026-08-02T10:00:02Z", "zoë", ACCOUNT)]),
        "aws_who_called_what": lambda rows: (len(rows), 100),
        "aws_signature_version_2": lambda rows: ([row["eventtime"] for row in rows], ["2026-08-02T10:00:00Z"]),
        "aws_signature_version_2_requesters": lambda rows: (values(rows), [(f"arn:aws:iam::{ACCOUNT}:user/zoë", 1)]),
        "aws_object_access": lambda rows: (len(rows), n(lambda r: name(r) in ("GetObject", "PutObject"))),
        "aws_failed_sign_ins": lambda rows: (len(rows), n(lambda r: r.get("errorMessage") == "Failed authentication")),
    }


def check_queries(connection, answers):
    section(f"{len(QUERIES)} queries in DuckDB, and what is known of their answers")
    equal(sorted(answers), sorted(QUERIES), "queries with a known answer")
    found = {}
    for name, sql in QUERIES.items():
        found[name] = rows_of(connection, sql)
        check(found[name], name, "has no row")
        equal(*answers[name](found[name]), "the answer of", name)
    return found


# As they stand in the Athena user guide (Example CloudTrail log queries) and the S3 user guide (Identifying Amazon S3 requests using
# CloudTrail), but for the names of buckets and the days.
VERBATIM = [
    """SELECT * FROM cloudtrail_logs WHERE eventsource = 's3.amazonaws.com' AND eventname in ('GetObject') AND
    useridentity.accountid = 'anonymous' AND useridentity.arn IS NULL AND requestparameters LIKE '%my-bucket%';""",
    """SELECT eventsource, eventname, useridentity.sessioncontext.attributes.creationdate,
    useridentity.sessioncontext.sessionissuer.arn FROM cloudtrail_logs
    WHERE useridentity.sessioncontext.sessionissuer.arn IS NOT NULL ORDER BY eventsource, eventname""",
    """SELECT awsregion, replace(unnested.resources_entry.ARN,'arn:aws:s3:::') as s3_resource, eventname, eventtime, useragent
    FROM cloudtrail_logs t CROSS JOIN UNNEST(t.resources) unnested (resources_entry)
    WHERE unnested.resources_entry.ARN LIKE '%example/datafile.txt' ORDER BY eventtime""",
    """SELECT awsregion, replace(unnested.resources_entry.ARN,'arn:aws:s3:::') as deleted_bucket, eventtime AS time_deleted,
    useridentity.username, unnested.resources_entry.accountid as bucket_acct_id
    FROM cloudtrail_logs t CROSS JOIN UNNEST(t.resources) unnested (resources_entry) WHERE eventname = 'DeleteBucket' ORDER BY eventtime""",
    "SELECT useridentity.arn, eventname, sourceipaddress, eventtime FROM cloudtrail_logs",
    """SELECT EventTime, EventName as S3_Action, requestParameters as Request_Parameters, awsregion as AWS_Region,
    sourceipaddress as Source_IP, useragent as User_Agent FROM cloudtrail_logs WHERE eventsource='s3.amazonaws.com'
    AND json_extract_scalar(additionalEventData, '$.SignatureVersion')='SigV2' LIMIT 10;""",
    """SELECT useridentity.arn, Count(requestid) AS RequestCount FROM cloudtrail_logs WHERE eventsource='s3.amazonaws.com'
    AND json_extract_scalar(additionalEventData, '$.SignatureVersion')='SigV2' AND region='us-east-1' AND year='2026' AND month='08'
    AND day='02' Group by useridentity.arn""",
    """SELECT eventTime, eventName, eventSource, sourceIpAddress, userAgent,
    json_extract_scalar(requestParameters, '$.bucketName') as bucketName,
    json_extract_scalar(requestParameters, '$.key') as object, userIdentity.arn as userArn FROM cloudtrail_logs
    WHERE eventName = 'GetObject' AND eventTime BETWEEN '2026-08-01T00:00:00Z' and '2026-08-03T00:00:00Z'""",
]


def check_raw(connection):
    section("cloudtrail_logs against the raw JSON, in whole and through the documented queries")
    described = lambda table: [row[:2] for row in connection.sql(f"describe {table}").fetchall()]
    equal(described("cloudtrail_logs"), described("raw.cloudtrail_logs"), "columns of cloudtrail_logs")
    for one, other in [("main", "raw"), ("raw", "main")]:
        only = connection.sql(f"from {one}.cloudtrail_logs except all from {other}.cloudtrail_logs limit 2").fetchall()
        equal(only, [], "rows in", one, "and not in", other)
    for name, sql in [*QUERIES.items(), *enumerate(VERBATIM)]:
        if "cloudtrail_logs" in sql:
            sql = re.sub(r"(replace\([\w.]+,'[^']*')\)", r"\1, '')", sql)  # DuckDB wants to be told with what to replace
            on_raw = re.sub(r"\bcloudtrail_logs\b", "raw.cloudtrail_logs", sql)
            wanted = connection.execute(on_raw).fetchall()
            check(wanted, "no row of", sql)
            same_rows(connection.execute(sql).fetchall(), wanted, "the raw JSON and cloudtrail_logs give other rows for", name)


def check_views_in_spark(spark, connection):
    for name in ["cloudtrail_logs", "mcp_calls"]:
        everything = f"select * from {name}"
        same_rows(spark.sql(everything).collect(), connection.execute(everything).fetchall(), name, "in Spark and in DuckDB")


def check_in_spark(spark, connection, found):
    """The same rows as in DuckDB: of cloudtrail_logs, and of every query, written for Athena."""
    check_views_in_spark(spark, connection)
    kinds = {column.name: column.dataType for column in spark.catalog.listColumns("cloudtrail_logs")}
    equal([name for name, _ in DOCUMENTED], list(kinds), "columns of cloudtrail_logs")
    equal({kinds[name] for name, kind in DOCUMENTED if kind == "varchar"}, {"string"}, "types of its texts")
    for name, sql in QUERIES.items():
        answer = spark.sql(to_spark(sql)).collect()
        same_rows(answer, [tuple(row.values()) for row in found[name]], name, "in Spark and in DuckDB")
    for sql in VERBATIM:
        check(spark.sql(to_spark(sql)).collect(), "no row of", sql)


def main():
    started = time.monotonic()
    check_headers()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        facts = lay_out(folder / "bucket")
        raw, keys = raw_records(folder / "bucket")
        equal(len(raw), facts["events"], "raw events")
        # A name that is nothing but one, in whichever language it stands.
        out = folder / "it's [a] 100%"
        trailmill("run", folder / "bucket", "--out", out)
        connection = connect(trailmill("sql", "duckdb", out)[0])
        check_duckdb(connection, out, facts)
        check_pruning(connection)
        found = check_queries(connection, known_answers(raw, keys, facts))
        section("report and lookup say what the queries say")
        check_answers(trailmill, out, found, REPOSITORY / "docs" / "report.schema.json")
        read_raw(connection, raw, folder)
        check_raw(connection)
        check(shutil.which("java"), "Java 17 is not here: on Debian, apt-get install openjdk-17-jre-headless")
        spark = spark_session(folder)
        # Spark takes a path with brackets or a percent sign for something else.
        plain = folder / "it's tables"
        out.rename(plain)
        run_athena(spark, plain)
        connection = connect(trailmill("sql", "duckdb", plain)[0])
        check_in_spark(spark, connection, found)
        check_spark_pruning(spark)
        run_spark(spark, plain)
        check_views_in_spark(spark, connection)
        check_spark_pruning(spark)
        spark.stop()
    passed(time.monotonic() - started)


main()
