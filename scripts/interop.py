"""Holds trailmill against programs that nobody here wrote.

    scripts/python.sh scripts/interop.py target/debug/trailmill

A trail is put into moto's S3 server and into a folder; the binary reads both, and the tables must be equal row by
row. It writes to both as well, and the files must be equal byte by byte. DuckDB and pyarrow read what was written, and
`export` must give back the JSON that went in. Real trails are held to the same where `../shared/realdata` (or
TRAILMILL_REALDATA) has some. The first thing that is not as it should be ends the script with exit 1.
"""

import contextlib
import datetime
import gzip
import hashlib
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet as pq
from checks import TABLES, check, equal, passed, section
from moto_s3 import SIGNED, client_of, environment, moto, upload

REPOSITORY = Path(__file__).resolve().parent.parent
BINARY = str(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else sys.exit(__doc__)
REALDATA = Path(os.environ.get("TRAILMILL_REALDATA", REPOSITORY.parent / "shared" / "realdata"))

BOOKS = ["duplicates", "rejects", "objects"]
JSON_COLUMNS = {
    "request_parameters", "response_elements", "additional_event_data", "service_event_details", "edge_device_details",
    "event_context", "mcp_event_details", "in_scope_of", "extra", "attributions", "details",
}
# What differs between a bucket and a copy of it: where it was read from, and what follows from that.
LINEAGE = {"source", "etag", "version_id", "commit_id", "object_hash"}


# The binary


def mill(*args, env=SIGNED, code=0, stdin=None):
    """Runs trailmill, and wants that exit code of it."""
    command = [BINARY, *map(str, args)]
    done = subprocess.run(command, capture_output=True, env=environment(**env), input=stdin, timeout=600)
    said = done.stderr.decode(errors="replace")
    equal(done.returncode, code, "exit code of", *command, "\n", said)
    return done.stdout, said


def run(source, out, *args, code=0, **how):
    """Mills a source, and returns the summary, which must balance."""
    printed, _ = mill("run", source, "--out", out, "--json", *args, code=code, **how)
    summary = json.loads(printed)
    objects, records = summary["objects"], summary["records"]
    kinds = ["read", "skipped", "filtered", "digest", "foreign", "failed"]
    equal(objects["listed"], sum(objects[kind] for kind in kinds), "objects of", source)
    kinds = ["written", "duplicates", "filtered", "rejected", "read_before"]
    equal(records["read"], sum(records[kind] for kind in kinds), "records of", source)
    return summary


# JSON


def parse(text):
    """JSON with numbers as they were written, as far as JSON tells them apart."""
    return json.loads(text, parse_float=Decimal)


def plain(value, inside=False):
    """A record up to what counts as the same: nulls and CloudTrail's empty session objects as if they were absent."""
    if isinstance(value, list):
        return [plain(item, inside) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, member in value.items():
        is_empty = inside and key in ("sessionIssuer", "webIdFederationData", "attributes") and plain(member) == {}
        if member is not None and not is_empty:
            kept[key] = plain(member, inside or key == "sessionContext")
    return kept


def text_of(value, **how):
    return json.dumps(value, default=lambda number: {"number": str(number.normalize())}, **how)


def same(record):
    return text_of(plain(record), sort_keys=True)


USABLE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)|\d{8}T\d{6}Z|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?"
)


def usable_time(record):
    return "timeWindow" in record or bool(USABLE_TIME.fullmatch(str(record.get("eventTime"))))


def records_of(path):
    """The records of an object, by the shapes that CloudTrail and those who copy from it write."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    text = content.decode("utf-8")
    if path.suffix == ".ndjson":
        return [parse(line) for line in text.splitlines() if line.strip()]
    document = parse(text)
    if isinstance(document, list):
        return document
    if "Records" in document:
        return document["Records"]
    if "detail-type" in document:
        return [document["detail"]] if "via CloudTrail" in document["detail-type"] else []
    return [document]


def check_lossless(records, out, what):
    """What export prints is what went in: each content once, and what is missing stands in rejects with its bytes."""
    printed, _ = mill("export", out)
    exported = Counter(same(parse(line)) for line in printed.decode("utf-8", "surrogatepass").splitlines())
    went_in = {}
    for record in records:
        went_in.setdefault(same(record), set()).add(text_of(record))
    rejected = {same(parse(raw)) for (raw,) in rows(out, "rejects", "raw") if is_json(raw)}
    missing = [record for record in went_in if record not in exported]
    equal([r for r in missing if r not in rejected], [], what, "lost")
    equal([r for r in missing if usable_time(json.loads(r))], [], what, "rejected though they have a time")
    equal([r for r in exported if r not in went_in], [], what, "exported, but never went in")
    # Copies go; records that differ in how they are written only (a null more) stay, each with its own content.
    many = [r for r, n in exported.items() if not 1 <= n <= len(went_in[r])]
    equal(many, [], what, "exported more often than they went in")
    document, _ = mill("export", out, "--format", "records")
    equal(len(parse(document)["Records"]), exported.total(), what, "records of export --format records")
    return exported.total()


def is_json(raw):
    try:
        return isinstance(parse(raw), dict)
    except ValueError:
        return False


# What others read


def connect(zone="UTC"):
    connection = duckdb.connect()
    connection.execute(f"set timezone = '{zone}'")
    return connection


def glob(out, table):
    return f"read_parquet('{out}/{table}/**/*.parquet', hive_partitioning = true)"


def has(out, table):
    return (Path(out) / table).is_dir()


def rows(out, table, columns, connection=None):
    if not has(out, table):
        return []
    return (connection or connect()).sql(f"select {columns} from {glob(out, table)}").fetchall()


def scalar(sql, connection=None):
    return (connection or connect()).sql(sql).fetchall()[0][0]


def columns_of(out, table, connection):
    return {name: kind for name, kind, *_ in connection.sql(f"describe select * from {glob(out, table)}").fetchall()}


def check_dataset(out, summary):
    """Reads every table with DuckDB and pyarrow, and holds the tables against each other."""
    written = {table for table in TABLES if has(out, table)}
    equal(written, set(summary["tables"]), "tables of", out)
    for table in written:
        equal(scalar(f"select count(*) from {glob(out, table)}"), summary["tables"][table]["rows"], "rows of", table)
        check_columns(out, table)
    check_files(out)
    check_sums(out, summary)


def check_columns(out, table):
    utc, tokyo = connect(), connect("Asia/Tokyo")
    partition = "delivery_date" if table in BOOKS else "event_date"
    for column, kind in columns_of(out, table, utc).items():
        if column in JSON_COLUMNS:
            bad = f"select count(*) from {glob(out, table)} where {column} is not null and not json_valid({column})"
            equal(scalar(bad, utc), 0, f"{table}.{column}: not JSON to DuckDB")
        if column.endswith("_time") or kind.startswith("TIMESTAMP"):
            equal(kind, "TIMESTAMP", f"type of {table}.{column}")
            read = f"""select count({column}), min({column})::varchar, max({column})::varchar, sum(epoch_us({column})),
                count(*) filter ({column} < timestamp '2026-08-02 05:00:00'), count(distinct {column}::date)
                from {glob(out, table)}"""
            equal(tokyo.sql(read).fetchall(), utc.sql(read).fetchall(), f"{table}.{column} in Tokyo and in UTC")
        check(kind != "JSON" and "JSON[]" not in kind, table, column, "is to be text")
    times = {
        "activity": "bucket_start", "aggregated_events": "window_start", "mcp_links": "mcp_event_time",
        "resource_activity": "first_event_time", "objects": "delivery_time",
    }
    if table not in ("rejects", "duplicates"):
        moment = times.get(table, "event_time")
        strays = f"select count(*) from {glob(out, table)} where {moment}::date <> {partition}"
        equal(scalar(strays, utc), 0, f"{table}: rows outside of their {partition}")


def check_files(out):
    """The log's word for each file: size, checksum, rows, times; and no file that the log does not know."""
    entry = json.loads((Path(out) / "_trailmill/log/1.json").read_text())
    on_disk = {str(path.relative_to(out)) for path in Path(out).rglob("*.parquet")}
    equal({file["path"] for file in entry["added"]}, on_disk, "files in the log and on disk")
    for file in entry["added"]:
        path = Path(out) / file["path"]
        content = path.read_bytes()
        equal((len(content), hashlib.sha256(content).hexdigest()), (file["bytes"], file["sha256"]), file["path"])
        parquet = pq.ParquetFile(path)
        metadata, schema = parquet.metadata, parquet.schema_arrow
        equal(metadata.num_rows, file["rows"], "rows of", file["path"])
        equal(parquet.read().num_rows, file["rows"], "rows that pyarrow reads of", file["path"])
        check(b"trailmill.schema_version" in (schema.metadata or {}), file["path"], "has no schema version")
        for field in schema:
            check((field.metadata or {}).get(b"description"), file["path"], field.name, "has no description")
            if pa.types.is_timestamp(field.type):
                equal(field.type, pa.timestamp("us"), file["path"], field.name)
        for group in range(metadata.num_row_groups):
            first = metadata.row_group(group).column(0)
            check(first.is_stats_set, file["path"], "has a row group without statistics")
            equal(first.compression, "ZSTD", "compression of", file["path"])
    for table in {file["table"] for file in entry["added"]}:
        read = pa.dataset.dataset(Path(out) / table, partitioning="hive").count_rows()
        equal(read, sum(file["rows"] for file in entry["added"] if file["table"] == table), "rows of", table)


def check_sums(out, summary):
    """What one table says is what another says."""
    connection = connect()

    def count(table, where="true", what="count(*)"):
        if not has(out, table):
            return 0
        return scalar(f"select coalesce({what}, 0) from {glob(out, table)} where {where}", connection)

    events, records = count("events"), summary["records"]
    equal(count("activity", what="sum(events)::bigint"), events, "events that activity counts")
    check(count("activity", what="sum(errors)::bigint") >= count("events", "error_code is not null"), "errors of activity")
    equal(count("mcp_events"), count("events", "mcp_channel is not null"), "rows of mcp_events")
    if has(out, "mcp_events") and has(out, "activity"):
        mcp_sum = count("activity", "mcp_channel is not null", "sum(events)::bigint")
        equal(mcp_sum, count("mcp_events"), "events with a channel that activity counts")
    for table, key in [("sign_ins", "event_id"), ("mcp_events", "event_id"), ("mcp_links", "mcp_event_id")]:
        if has(out, table):
            lost = f"select count(*) from {glob(out, table)} t anti join {glob(out, 'events')} e on t.{key} = e.event_id"
            equal(scalar(lost, connection), 0, f"{table}: rows without an event")
    if has(out, "resource_activity"):
        check(count("resource_activity", what="sum(events)") > 0, "resource_activity counts nothing")
        equal(count("resource_activity", "resource_arn is null"), 0, "resource_activity without a resource")
    aggregates = "count(distinct (source_object, source_index))"
    written = events + count("insights") + count("aggregated_events", what=aggregates)
    equal(written, records["written"], "records written")
    equal(count("duplicates"), records["duplicates"], "rows of duplicates")
    for column in ["records", "written", "duplicates", "rejected", "filtered"]:
        wanted = records["read" if column == "records" else column]
        equal(count("objects", what=f"sum({column})::bigint"), wanted, f"objects.{column}")
    objects = summary["objects"]
    equal(count("objects"), sum(objects[kind] for kind in ["read", "digest", "foreign", "failed"]), "rows of objects")
    equal(count("objects", "status = 'digest'"), objects["digest"], "digests in objects")
    equal(count("rejects"), sum(summary["rejects"].values()), "rows of rejects")


def check_equal_tables(left, right):
    """Two datasets, row by row, up to where they were read from."""
    connection = connect()
    for table in TABLES:
        equal(has(left, table), has(right, table), "whether there is", table)
        if not has(left, table):
            continue
        equal(columns_of(left, table, connection), columns_of(right, table, connection), "columns of", table)
        aside = ", ".join(sorted(LINEAGE & set(columns_of(left, table, connection))))
        chosen = f"select * {f'exclude ({aside})' if aside else ''} from"
        for one, other in [(left, right), (right, left)]:
            only = f"{chosen} {glob(one, table)} except all {chosen} {glob(other, table)} limit 3"
            only = connection.sql(only).fetchall()
            equal(only, [], f"{table}: rows in {one} and not in {other}")


# A trail


ACCOUNT, REGION = "111122223333", "us-east-1"
AGENT = {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/kim", "accountId": ACCOUNT,
         "invokedBy": "aws-mcp.amazonaws.com", "sessionContext": {"sessionIssuer": {}, "attributes": {
             "creationDate": "2026-08-01T00:00:00Z", "mfaAuthenticated": "true"}}}


class Trail:
    """A synthetic delivery bucket in a folder: more keys in a day than a page of a listing holds, every family of
    folders, copies, records that are hard to keep, and things that do not belong."""

    def __init__(self, root):
        self.root, self.random, self.records = root, random.Random(7), []
        self.n_objects = self.n_copies = 0

    def id(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def object(self, records, family="CloudTrail", day=1, content=None, region=REGION, account=ACCOUNT):
        self.n_objects += 1
        name = f"{account}_CloudTrail_{region}_202608{day:02}T{self.n_objects // 60 % 24:02}{self.n_objects % 60:02}Z_{self.random.getrandbits(64):016x}.json.gz"
        path = self.root / "org" / "AWSLogs" / account / family / region / f"2026/08/{day:02}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode() if content is None else content, mtime=0))
        if family != "CloudTrail-Digest":
            self.records += parse(json.dumps(records))

    def call(self, nth, source, name, day=1, **more):
        second = nth * 37 % 86_400
        moment = datetime.datetime(2026, 8, day) + datetime.timedelta(seconds=second)
        return {
            "eventVersion": "1.11",
            "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": ACCOUNT,
                             "arn": f"arn:aws:iam::{ACCOUNT}:user/user-{nth % 5}", "userName": f"user-{nth % 5}"},
            "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "eventSource": f"{source}.amazonaws.com", "eventName": name,
            "awsRegion": REGION, "sourceIPAddress": f"198.51.100.{nth % 9}", "userAgent": "aws-cli/2.30 \u001b[31mred",
            "requestParameters": {"bucketName": f"bucket-{nth % 3}", "number": 1.50, "big": 12345678901234567890123},
            "responseElements": None, "requestID": self.id(), "eventID": self.id(), "readOnly": True,
            "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": ACCOUNT,
            "eventCategory": "Management", **more,
        }

    def lay_out(self):
        for nth in range(1_150):  # a page of a listing has 1,000 keys
            self.object([self.call(nth, "s3", "GetBucketAcl"), self.call(nth + 1, "s3", "ListBuckets")])
        for day in range(2, 5):
            for region in ["us-east-1", "eu-west-1"]:
                self.object([self.call(n, "ec2", "RunInstances", day, errorCode="Client.UnauthorizedOperation", readOnly=False)
                             for n in range(40)], day=day, region=region)
        late = [self.call(1, "s3", "PutObject", day=2, responseElements={"x": "caf\u00e9 \ud83d\ude00"})]
        self.object(late, day=4)
        self.object(late, day=4)  # delivered twice
        self.n_copies += 1
        self.object([self.call(1, "sts", "GetCallerIdentity", requestID="shared-1", userIdentity=AGENT)])
        tool_call = self.call(1, "aws-mcp", "CallReadWriteTool", eventType="AwsMcpEvent",
                              requestParameters={"method": "tools/call", "id": 1, "params": {"name": "aws___call_aws"}},
                              additionalEventData={"downstreamRequests": [
                                  {"apiName": "sts:GetCallerIdentity", "requestId": "shared-1", "awsRegion": REGION}]})
        self.object([tool_call], day=2)
        self.object([self.call(n, "signin", "ConsoleLogin", eventType="AwsConsoleSignIn",
                               responseElements={"ConsoleLogin": "Failure" if n % 2 else "Success"}) for n in range(6)])
        insight = {
            "eventVersion": "1.09", "eventTime": "2026-08-02T10:00:00Z", "awsRegion": REGION, "eventID": self.id(),
            "eventType": "AwsCloudTrailInsight", "recipientAccountId": ACCOUNT, "sharedEventID": self.id(),
            "eventCategory": "Insight", "insightDetails": {
                "state": "Start", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
                "insightType": "ApiCallRateInsight", "insightContext": {"statistics": {
                    "baseline": {"average": 9.82222e-5}, "insight": {"average": 8.0}, "insightDuration": 1,
                    "baselineDuration": 11459}, "attributions": [{"attribute": "userAgent", "insight": [], "baseline": []}]}},
        }
        self.object([insight], family="CloudTrail-Insight", day=2)
        aggregate = {
            "eventVersion": "1.0", "accountId": ACCOUNT, "eventId": self.id(), "eventCategory": "Aggregated",
            "eventType": "AwsAggregatedEvent", "awsRegion": REGION, "eventSource": "s3.amazonaws.com",
            "timeWindow": {"windowStart": "2026-08-02T19:20:00Z", "windowEnd": "2026-08-02T19:25:00Z", "windowSize": "PT5M"},
            "summary": {"primaryDimension": {"dimension": "eventName", "aggregationType": "Count", "statistics": [
                {"name": "GetObject", "value": 7}, {"name": "PutObject", "value": 3}]}, "details": []},
        }
        self.object([aggregate], family="CloudTrail-Aggregated", day=2)
        self.object([self.call(3, "kms", "Decrypt", day=3, eventType="AwsVpceEvent", eventCategory="NetworkActivity")],
                    family="CloudTrail-NetworkActivity", day=3)
        self.object([], family="CloudTrail-Digest", content=b"{}")
        timeless = self.call(5, "s3", "GetObject")
        timeless["eventTime"] = "soon"
        self.object([self.call(6, "s3", "GetObject"), timeless])
        self.object([])
        lone_surrogate = json.dumps(self.call(7, "s3", "PutObject", requestParameters={"key": "\ud83d"}))
        self.object([json.loads(lone_surrogate)])
        foreign = self.root / "org/AWSLogs" / ACCOUNT / "elasticloadbalancing/us-east-1/2026/08/01/lb.log"
        foreign.parent.mkdir(parents=True)
        foreign.write_text("h2 2026-08-01T00:00:00Z app/lb 198.51.100.1")
        return self


# S3


def check_refusal(words, *args, code=1, env=SIGNED):
    """One line that says what is wrong, and nothing left behind."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tables"
        printed, said = mill("run", *args, "--out", out, env=env, code=code)
        equal(printed, b"", args, "stdout")
        equal(len(said.strip().splitlines()), 1, args, "lines of error", said)
        for word in words:
            check(word.lower() in said.lower(), args, f"the error does not say {word!r}:", said)
        check(not out.exists(), args, "left something behind:", list(out.rglob("*")))


def check_faults(url, client):
    at = ["--endpoint-url", url]
    check_refusal(["no-such-bucket"], "s3://no-such-bucket", *at, code=76)
    check_refusal(["credentials"], "s3://trail", *at, code=76, env={"AWS_REGION": "us-east-1"})
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        check_refusal(["127.0.0.1"], "s3://trail", "--endpoint-url", f"http://127.0.0.1:{closed.getsockname()[1]}", code=75)
    check_refusal(["nothing/here", "prefix"], "s3://trail/nothing/here/", *at)
    # From here on moto asks who it is. Nobody it knows has the key "test".
    as_text = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{url}/moto-api/reset-auth", data=b"0", headers=as_text, method="POST")
    urllib.request.urlopen(request).close()
    check_refusal(["trail", "credentials"], "s3://trail", *at, code=76)


# What is held against what


@contextlib.contextmanager
def through_s3(url, root, bucket, code):
    """A folder and its copy in S3 give equal tables."""
    with tempfile.TemporaryDirectory() as folder:
        here, there = f"{folder}/here", f"{folder}/there"
        summary = run(root, here, code=code)
        client = upload(url, bucket, root)
        in_s3 = run(f"s3://{bucket}", there, "--endpoint-url", url, code=code)
        for part in ["objects", "records", "rejects"]:
            equal(in_s3[part], summary[part], part, "through S3")
        check(in_s3["requests"]["list"] > 0 and in_s3["requests"]["get"] == summary["objects"]["read"], "requests", in_s3["requests"])
        check_equal_tables(here, there)
        check_dataset(here, summary)
        check_dataset(there, in_s3)
        yield summary, here, client


def list_keys(client, bucket, prefix):
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def fetch(client, bucket, prefix, folder):
    """Copies what lies below a prefix into a folder."""
    for key in list_keys(client, bucket, prefix):
        path = Path(folder) / key.removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())


def data_files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*.parquet")}


def into_s3(url):
    """A run into moto gives a folder's files, which pyarrow reads where they lie, and export gives back."""
    section("a run into moto's S3")
    root, at, client = REPOSITORY / "fixtures" / "trail", ["--endpoint-url", url], client_of(url)
    client.create_bucket(Bucket="dest")
    out = "s3://dest/team a/tables"
    with tempfile.TemporaryDirectory() as folder:
        here, there = f"{folder}/here", f"{folder}/there"
        run(root, here)
        summary = run(root, out, *at)
        fetch(client, "dest", "team a/tables/", there)
        equal({path: len(content) for path, content in data_files(there).items()},
              {path: len(content) for path, content in data_files(here).items()}, "files in S3 and in a folder")
        check(data_files(there) == data_files(here), "the bytes of files in S3 and in a folder differ")
        check_dataset(there, summary)
        equal(client.list_multipart_uploads(Bucket="dest").get("Uploads", []), [], "uploads left open")
        s3 = pa.fs.S3FileSystem(access_key="test", secret_key="test", endpoint_override=url, region="us-east-1")
        for table, counts in summary["tables"].items():
            read = pa.dataset.dataset(f"dest/team a/tables/{table}", filesystem=s3, partitioning="hive").count_rows()
            equal(read, counts["rows"], "rows that pyarrow reads in S3 of", table)
        exported, _ = mill("export", out, *at)
        equal(exported, mill("export", here)[0], "records exported from S3 and from a folder")
        mill("verify", out, *at)
        views = mill("sql", "duckdb", out, *at)[0].decode()
        check(f"read_parquet('{out}/events/*/*.parquet'," in views, "views over a dataset in S3:", views)
    section("a committed file whose upload moto no longer has")
    gone = list_keys(client, "dest", "team a/tables/events/")[0]
    for key in [gone, "team a/tables/_trailmill/log/1.done"]:
        client.delete_object(Bucket="dest", Key=key)
    again = run(root, out, *at)
    equal(again["records"]["written"], summary["records"]["written"], "records written anew")
    entry = json.loads(client.get_object(Bucket="dest", Key="team a/tables/_trailmill/log/2.json")["Body"].read())
    equal(entry["purpose"], {"void": 1}, "the entry that takes back")
    equal(mill("export", out, *at)[0], exported, "records exported after that")


def synthetic(url, folder):
    section("a synthetic trail, in a folder and through moto's S3")
    trail = Trail(Path(folder) / "bucket").lay_out()
    with through_s3(url, trail.root, "trail", code=3) as (summary, out, client):
        equal(summary["objects"]["read"], trail.n_objects - 1, "objects read")
        equal((summary["objects"]["digest"], summary["objects"]["foreign"]), (1, 1), "objects left aside")
        equal(summary["records"]["read"], len(trail.records), "records read")
        equal(summary["records"]["duplicates"], trail.n_copies, "copies")
        equal(summary["rejects"], {"no_event_time": 1}, "rejects")
        equal(summary["tables"]["aggregated_events"]["rows"], 2, "statistics")
        joined = f"""select e.event_name, e.mcp_channel from {glob(out, 'mcp_links')} l join {glob(out, 'events')} e
            on e.request_id = l.downstream_request_id and l.downstream_api = split_part(e.event_source, '.', 1) || ':' || e.event_name
            and abs(date_diff('day', e.event_date, l.event_date)) <= 1"""
        equal(connect().sql(joined).fetchall(), [("GetCallerIdentity", "downstream")], "what the tool call led to")
        outcomes = Counter(outcome for (outcome,) in rows(out, "sign_ins", "outcome"))
        equal(outcomes, {"success": 3, "failure": 3}, "outcomes of sign-ins")
        # "soon" is no time; the record stands in rejects.
        check_lossless_with_timeless(trail, out)
        section("a list of keys on standard input")
        keys = "".join(f"s3://trail/{path.relative_to(trail.root)}\n" for path in sorted(trail.root.rglob("*/02/*.json.gz")))
        listed = run("-", f"{folder}/keys", "--endpoint-url", url, stdin=keys.encode())
        equal(listed["objects"]["read"], keys.count("\n"), "objects of a list of keys")
        section("what a server refuses")
        check_faults(url, client)


def check_lossless_with_timeless(trail, out):
    timed = [record for record in trail.records if record.get("eventTime") != "soon"]
    exported = check_lossless(timed, out, "the synthetic trail")
    equal(exported, len(trail.records) - 1 - trail.n_copies, "records exported")
    equal([parse(raw)["eventTime"] for (raw,) in rows(out, "rejects", "raw")], ["soon"], "what stands in rejects")


def fixture(url):
    root = REPOSITORY / "fixtures" / "trail"
    if not root.is_dir():
        print("-- SKIPPED: there is no fixtures/trail", flush=True)
        return
    section("fixtures/trail, in a folder and through moto's S3")
    with tempfile.TemporaryDirectory() as folder:
        printed = subprocess.run([BINARY, "run", root, "--out", f"{folder}/t", "--json"], capture_output=True)
        check(printed.returncode in (0, 3), "fixtures/trail", printed.stderr)
    with through_s3(url, root, "fixture", code=printed.returncode) as (summary, out, _):
        links = f"""select count(distinct l.downstream_request_id) from {glob(out, 'mcp_links')} l
            join {glob(out, 'events')} e on e.request_id = l.downstream_request_id"""
        check(scalar(links) > 0, "no link of fixtures/trail leads to an API call")
        everything = [r for path in sorted(root.rglob("*.json.gz")) if "CloudTrail-Digest" not in path.parts for r in records_of(path)]
        equal(len(everything), summary["records"]["read"], "records read")
        check_lossless(everything, out, "fixtures/trail")


def real(url):
    if not REALDATA.is_dir():
        check("TRAILMILL_REALDATA" not in os.environ, "there is no", REALDATA)
        print(f"-- SKIPPED: no real trails, {REALDATA} is not there", flush=True)
        return
    section("a real trail, in a folder and through moto's S3")
    root = REALDATA / "trail"
    with through_s3(url, root, "real", code=0) as (summary, out, _):
        equal(summary["records"]["written"], 2_902, "events of the real trail")
        equal(scalar(f"select count(distinct event_id) from {glob(out, 'events')}"), 2_902, "ids of the real trail")
        everything = [r for path in sorted(root.rglob("*.gz")) for r in records_of(path)]
        equal(check_lossless(everything, out, "the real trail"), 2_902, "records exported")
    section("real records, one file after another")
    for path in sorted(REALDATA.glob("pool/*.ndjson")) + sorted(REALDATA.glob("shapes/*/*")):
        with tempfile.TemporaryDirectory() as folder:
            records, out = records_of(path), f"{folder}/t"
            n_usable = sum(map(usable_time, records))
            # An envelope around something else is one reject.
            n_rejects = len(records) - n_usable if records else 1
            summary = run(path, out, code=3 if n_rejects else 0)
            found = summary["records"]
            equal((found["written"] + found["duplicates"], found["rejected"]), (n_usable, n_rejects), path.name)
            check_dataset(out, summary)
            n_exported = check_lossless(records, out, path.name)
            if path.suffix == ".ndjson":
                print(f"   {path.name:32}{len(records):>6} records {n_exported:>6} exported", flush=True)


def main():
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, moto() as url:
        fixture(url)
        into_s3(url)
        real(url)
        synthetic(url, folder)
    passed(time.monotonic() - started)


main()
