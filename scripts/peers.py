"""What others make of the same bucket, as somebody who knows them well would have it, and queries of the result.

    peers.py convert duckdb|clickhouse|polars BUCKET OUT.parquet
    peers.py pick OUT.parquet                      # JSON: what there is to look for
    peers.py query FILES SQL                       # JSON: seconds, bytes read, the first column

Each in a process of its own, so that nobody finds the other's memory warm. All of them keep every field of a record: typed where
CloudTrail's are the same in all services, JSON where they are not.
"""

import glob
import gzip
import json
import os
import sys
import time

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

TEXTS = """eventVersion eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage requestID eventID
eventType apiVersion recipientAccountId sharedEventID vpcEndpointId eventCategory""".split()
OPEN = """userIdentity requestParameters responseElements additionalEventData resources tlsDetails serviceEventDetails""".split()

ISSUER = "STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR)"
SESSION = f"""STRUCT(attributes STRUCT(mfaAuthenticated VARCHAR, creationDate VARCHAR), sessionIssuer {ISSUER}, sourceIdentity VARCHAR,
    webIdFederationData JSON)"""
IDENTITY = f"""STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, accessKeyId VARCHAR, userName VARCHAR,
    invokedBy VARCHAR, identityProvider VARCHAR, onBehalfOf JSON, sessionContext {SESSION})"""
TLS = "STRUCT(tlsVersion VARCHAR, cipherSuite VARCHAR, clientProvidedHostHeader VARCHAR, keyExchange VARCHAR)"
RECORD = {
    **dict.fromkeys(TEXTS, "VARCHAR"),
    **dict.fromkeys(OPEN, "JSON"),
    "eventTime": "TIMESTAMP",
    "userIdentity": IDENTITY,
    "tlsDetails": TLS,
    "readOnly": "BOOLEAN",
    "managementEvent": "BOOLEAN",
    "sessionCredentialFromConsole": "VARCHAR",
}


def main():
    what, *args = sys.argv[1:]
    {"convert": convert, "pick": pick, "query": query}[what](*args)


def convert(peer, bucket, out):
    {"duckdb": duckdb_convert, "clickhouse": clickhouse_convert, "polars": polars_convert}[peer](bucket, out)


def duckdb_convert(bucket, out):
    import duckdb

    fields = ", ".join(f"{name} {kind}" for name, kind in RECORD.items()).replace("\n", " ")
    connection = duckdb.connect()
    connection.execute(f"set threads = {THREADS}; set preserve_insertion_order = false")
    connection.execute(
        f"""copy (select r.* from (select unnest(Records) as r from read_json('{bucket}/**/*.json.gz',
        columns = {{Records: 'STRUCT({fields})[]'}}, maximum_object_size = 268435456)))
        to '{out}' (format parquet, compression zstd)"""
    )


def clickhouse_convert(bucket, out):
    import chdb

    columns = [f"JSONExtractString(r, '{name}') as {name}" for name in TEXTS]
    columns += [f"JSONExtractRaw(r, '{name}') as {name}" for name in OPEN]
    columns += [f"JSONExtractBool(r, '{name}') as {name}" for name in ("readOnly", "managementEvent")]
    columns += [f"JSONExtractString(r, 'userIdentity', '{name}') as {name}" for name in ("arn", "type", "accessKeyId")]
    records = f"arrayJoin(JSONExtractArrayRaw(json, 'Records')) as r from file('{bucket}/**/*.json.gz', 'JSONAsString')"
    chdb.query(
        f"""select {', '.join(columns)} from (select {records}) into outfile '{out}' truncate format Parquet
        settings max_threads = {THREADS}, output_format_parquet_compression_method = 'zstd'"""
    )


def polars_convert(bucket, out):
    import polars

    frames, records = [], []
    for path in glob.glob(f"{bucket}/**/*.json.gz", recursive=True):
        with gzip.open(path) as content:
            for record in json.load(content).get("Records", []):
                for name, value in record.items():
                    if isinstance(value, (dict, list)):
                        record[name] = json.dumps(value, separators=(",", ":"))
                records.append(record)
        if len(records) > 50_000:
            frames.append(polars.DataFrame(records, infer_schema_length=None))
            records = []
    frames.append(polars.DataFrame(records, infer_schema_length=None))
    polars.concat(frames, how="diagonal_relaxed").write_parquet(out, compression="zstd")


def pick(file):
    """A day, principal, key, event and kind of error that are neither the most common nor the rarest."""
    import duckdb

    def median(column, at_most=10**9, unless="false"):
        found = duckdb.sql(
            f"""select {column} as value, count(*) as events from '{file}' where {column} is not null and not {unless}
            group by all having events <= {at_most} order by events, value"""
        ).fetchall()
        return str(found[len(found) // 2][0])

    issuer = "userIdentity.sessionContext.sessionIssuer.arn"
    picked = {
        "day": median("eventTime::date"),
        # A role of single sign-on stands for many people, who to us are principals of their own.
        "principal": median(issuer, unless=f"contains({issuer}, '/aws-reserved/')"),
        "access_key": median("userIdentity.accessKeyId", 1_000),
        "event_id": duckdb.sql(f"select eventID from '{file}' order by hash(eventID) limit 1").fetchall()[0][0],
        "error": median("errorCode"),
    }
    print(json.dumps(picked))


def query(files, sql):
    import duckdb

    connection = duckdb.connect()
    # The page cache stays warm for both; what DuckDB keeps from one query to the next does not.
    connection.execute(f"set threads = {THREADS}; set enable_external_file_cache = false; pragma enable_profiling = 'no_output'")
    began = time.perf_counter()
    rows = connection.execute(sql.format(files=f"'{files}'")).fetchall()
    seconds = time.perf_counter() - began
    read = json.loads(connection.get_profiling_information())["io"]["total_bytes_read"]
    # Numbers of events differ: copies that were delivered again are among theirs, and aggregates, which have no name.
    found = sorted({str(row[0]) for row in rows if row[0] is not None})
    print(json.dumps({"seconds": seconds, "bytes": read, "found": found}))


if __name__ == "__main__":
    main()
