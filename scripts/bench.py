"""Measures trailmill against its targets, and prints a table in Markdown.

    scripts/bench.sh                          # every row; installs the peers, builds, generates: the better part of an hour
    scripts/bench.sh --only tiny,s3           # some of them
    scripts/bench.sh --events 4000000 --runs 5

The data are synthetic: `trailmill generate` makes the records, scripts/corpus.py cuts them into buckets of few large, many tiny and mixed
objects. They stay in --work; a folder `mixed`, `tiny` or `large` that is there already is taken as it is, so that a copy of a real
bucket can be measured as well. What is compared runs in turn (A B, B A, ...) and medians are taken, because a machine is not the
same from one minute to the next. Where there are more than two cores, two are used.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from pathlib import Path

import corpus

HERE = Path(__file__).resolve().parent
CORES = 2
MIB = 1 << 20

# Seconds that went by and of processors, the most memory in bytes, standard output.
Usage = namedtuple("Usage", "wall cpu memory stdout")
# A line of the table; `met` is none where nothing is demanded.
Row = namedtuple("Row", "measure target seen met")


class Bench:
    """Corpora, made when they are first asked for, and measured runs over them."""

    def __init__(self, args):
        self.args = args
        self.work = Path(args.work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        # A copy: building the programs of benches/ builds another where it lies.
        self.binary = shutil.copy2(args.binary, self.work / "trailmill")
        self.numbers = 0

    def generated(self, events, days=3):
        bucket = self.work / f"generated-{events}-{days}"
        if not bucket.exists():
            note(f"generate {events} events")
            part = bucket.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            run([self.binary, "generate", part, "--events", events, "--days", days])
            part.rename(bucket)
        return bucket

    def corpus(self, profile, times=1):
        """A bucket of a shape; tiny objects are a quarter of the events, large ones half of them."""
        events = {"mixed": 8, "tiny": 5, "large": 8}[profile] * self.args.events * times // 8
        bucket = self.work / (profile if times == 1 else f"{profile}-{times}x")
        if not bucket.exists():
            generated = self.generated(events)
            note(f"cut {events} events into {profile} objects")
            part = bucket.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            corpus.lay_out(generated, part, profile)
            part.rename(bucket)
        return bucket

    def new(self, name):
        """A path where nothing is yet."""
        self.numbers += 1
        return self.work / "out" / f"{self.numbers}-{name}"

    @contextlib.contextmanager
    def out(self, name):
        path = self.new(name)
        path.parent.mkdir(exist_ok=True)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)

    def mill(self, source, *more):
        """A run over a bucket, with all tables; its usage, and what its report says."""
        with self.out("tables") as out:
            used = run([self.binary, "run", source, "--out", out, *more], env=CREDENTIALS)
            [report] = (out / "_trailmill" / "runs").glob("*.json")
            return used, json.loads(report.read_text())

    def in_turn(self, **jobs):
        """Runs each job as often as asked for, in rotating order; their usages by name."""
        seen = {name: [] for name in jobs}
        names = list(jobs)
        for turn in range(self.args.runs):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                note(f"{name}, {turn + 1} of {self.args.runs}")
                seen[name].append(jobs[name]())
        return seen

    def cargo(self, bench, *args):
        """The command of a program in benches/."""
        profile = ["--profile", "dev"] if self.args.smoke else []
        return ["cargo", "bench", "--quiet", "--locked", *profile, "--bench", bench, "--", *args]

    @contextlib.contextmanager
    def s3(self, *served):
        """A light S3 on loopback; gives its address, and what it counted when it is closed."""
        command = [str(word) for word in self.cargo("s3_server", *served)]
        server = subprocess.Popen(command, cwd=HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        counted = []
        try:
            yield server.stdout.readline().strip(), counted
        finally:
            server.stdin.close()
            counted += server.stdout.read().split()
            server.wait()


CREDENTIALS = {**os.environ, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}


def run(command, env=None):
    """Runs a command to its end; exits where it fails."""
    command = [str(word) for word in command]
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=env, cwd=HERE.parent)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        stderr.seek(0)
        if process.returncode:
            sys.exit(f"bench: {' '.join(command)}: {stderr.read().decode()[-2000:]}")
        memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return Usage(wall, used.ru_utime + used.ru_stime, memory, stdout.read().decode())


def median(values):
    return statistics.median(values)


def bytes_of(bucket):
    return sum(path.stat().st_size for path in bucket.rglob("*.gz"))


def at_least(measure, target, seen, unit="×", digits=1):
    return Row(measure, f"at least {target:,}{unit}", f"{seen:,.{digits}f}{unit}", seen >= target)


def at_most(measure, target, seen, unit="×", digits=2):
    return Row(measure, f"at most {target:,}{unit}", f"{seen:,.{digits}f}{unit}", seen <= target)


# The rows. Each takes a bench and yields lines of the table.


def peers(bench):
    """Mixed objects against ClickHouse, DuckDB and Polars; size of the output."""
    bucket = bench.corpus("mixed")
    targets = {"clickhouse": 5, "duckdb": 16, "polars": 11}
    sizes = {}

    def convert(peer):
        with bench.out(f"{peer}.parquet") as out:
            used = run([sys.executable, HERE / "peers.py", "convert", peer, bucket, out])
            sizes[peer] = out.stat().st_size
            return used

    named = [peer for peer in targets if peer in bench.args.peers.split(",")]
    seen = bench.in_turn(trailmill=lambda: bench.mill(bucket), **{peer: (lambda peer=peer: convert(peer)) for peer in named})
    ours = median(used.wall for used, _ in seen["trailmill"])
    report = seen["trailmill"][0][1]
    events = report["records"]["read"]
    yield Row(f"mixed: {events:,} events, {report['objects']['read']:,} objects", "", f"{events / ours:,.0f} events/s", None)
    for peer in named:
        theirs = median(used.wall for used in seen[peer])
        note(f"{peer}: {events / theirs:,.0f} events/s")
        yield at_least(f"mixed: as fast as {peer}, times", targets[peer], theirs / ours)
    written = report["tables"]["events"]["bytes"]
    yield at_most("output: bytes of `events` for one of gzip", 0.62, written / bytes_of(bucket), "×", 3)
    if "duckdb" in sizes:
        yield at_most("output: bytes of `events` for one of DuckDB's zstd Parquet", 1.1, written / sizes["duckdb"])


def floor(bench):
    """CPU of a run over mixed objects against the bare libraries'."""
    bucket = bench.corpus("mixed")
    with bench.out("dataset") as dataset:
        run([bench.binary, "run", bucket, "--out", dataset])
        command = bench.cargo("floor", bucket, dataset)
        run(command)  # builds
        seen = bench.in_turn(trailmill=lambda: bench.mill(bucket)[0].cpu, floor=lambda: json.loads(run(command).stdout))
    stages = {stage: median(turn[stage] for turn in seen["floor"]) for stage in ("inflate", "sha256", "parse", "encode")}
    ours = median(seen["trailmill"])
    note(f"floor: {stages}; trailmill {ours:.2f} s")
    split = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in stages.items())
    yield Row("mixed: CPU seconds of the bare libraries", "", split, None)
    yield Row("mixed: CPU seconds", "", f"{ours:.2f}", None)
    yield at_most("mixed: CPU for one of the bare libraries", 1.3, ours / sum(stages.values()))
    yield Row("mixed: the same without SHA-256 below the line", "", f"{ours / (sum(stages.values()) - stages['sha256']):.2f}×", None)


def tiny(bench):
    """Tiny objects from a folder."""
    bucket = bench.corpus("tiny")
    bench.mill(bucket)  # warms the page cache
    seen = bench.in_turn(tiny=lambda: bench.mill(bucket))["tiny"]
    objects = seen[0][1]["objects"]["read"]
    yield at_least(f"tiny: {objects:,} objects, a second", 30_000, objects / median(used.wall for used, _ in seen), "", 0)


def s3(bench):
    """CPU of runs over S3 on loopback against runs over the folder."""
    for profile in ("mixed", "tiny"):
        bucket = bench.corpus(profile)
        with bench.s3(bucket) as (url, _):
            seen = bench.in_turn(
                folder=lambda: bench.mill(bucket),
                s3=lambda: bench.mill("s3://bench", "--endpoint-url", url),
            )
        folder, from_s3 = (median(used.cpu for used, _ in seen[name]) for name in ("folder", "s3"))
        objects = seen["s3"][0][1]["objects"]["read"]
        note(f"{profile}: folder {folder:.2f} s, S3 {from_s3:.2f} s of CPU for {objects} objects")
        if profile == "mixed":
            yield at_most("S3, mixed: CPU for one of the folder run", 1.25, from_s3 / folder)
        else:
            yield at_most("S3, tiny: CPU an object beyond the folder run", 200, (from_s3 - folder) / objects * 1e6, " µs", 0)


def listing(bench):
    """Keys a second of CPU, and requests against the fewest possible."""
    keys = bench.args.keys
    with bench.s3("--keys", keys) as (url, counted):
        command = [bench.binary, "list", "s3://bench", "--endpoint-url", url, "--json"]
        seen = bench.in_turn(list=lambda: run(command, CREDENTIALS))["list"]
    assert json.loads(seen[0].stdout)["listed"]["objects"] == keys
    lists = int(counted[counted.index("LIST") - 1]) / len(seen)
    yield at_least(f"listing: {keys:,} keys, a second of CPU", 150_000, keys / median(used.cpu for used in seen), "", 0)
    yield at_most("listing: LIST requests for one of the fewest", 1.1, lists / -(-keys // 1000), digits=3)


def memory(bench):
    """The most memory of a run at default, whatever the shape, and at ten times the events."""
    most = {}
    for profile, times in (("mixed", 1), ("tiny", 1), ("large", 1), ("mixed", 10)):
        bucket = bench.corpus(profile, times)
        used = bench.in_turn(memory=lambda: bench.mill(bucket)[0])["memory"]
        most[profile, times] = max(turn.memory for turn in used) / MIB
        name = profile if times == 1 else f"{profile}, {times} times the events"
        yield at_most(f"memory: {name}", 512, most[profile, times], " MB", 0)


def growth(bench):
    """Ten times the events."""
    buckets = {"one": bench.corpus("mixed"), "ten": bench.corpus("mixed", 10)}
    seen = bench.in_turn(**{name: (lambda bucket=bucket: bench.mill(bucket)[0].wall) for name, bucket in buckets.items()})
    yield at_most("growth: time of ten times the events", 10.5, median(seen["ten"]) / median(seen["one"]))


def start(bench):
    """Start-up, and the binary's size."""
    turns = [run([bench.binary, "--version"]).wall for _ in range(10 * bench.args.runs)]
    yield at_most("start-up: `--version`", 10, median(turns) * 1000, " ms", 1)
    with bench.out("stripped") as stripped:
        run(["strip", "-o", stripped, bench.binary])
        yield at_most("binary, stripped", 40, stripped.stat().st_size / 1e6, " MB", 1)


QUERIES = {
    "a day": (
        "select event_name, count(*) from {files} where event_date = '%(day)s' group by all",
        "select eventName, count(*) from {files} where eventTime >= '%(day)s' and eventTime < date '%(day)s' + 1 group by all",
    ),
    "a principal": (
        "select event_name, count(*) from {files} where principal = '%(principal)s' group by all",
        "select eventName, count(*) from {files} where userIdentity.sessionContext.sessionIssuer.arn = '%(principal)s' group by all",
    ),
    "an access key": (
        "select event_time, event_name, source_ip_address from {files} where user_access_key_id = '%(access_key)s'",
        "select eventTime, eventName, sourceIPAddress from {files} where userIdentity.accessKeyId = '%(access_key)s'",
    ),
    "an event id": (
        "select event_time, event_name, request_parameters from {files} where event_id = '%(event_id)s'",
        "select eventTime, eventName, requestParameters from {files} where eventID = '%(event_id)s'",
    ),
    "an error class": (
        "select event_source, count(*) from {files} where error_code = '%(error)s' group by all",
        "select eventSource, count(*) from {files} where errorCode = '%(error)s' group by all",
    ),
}
POINTS = ("an access key", "an event id")


def queries(bench):
    """What people ask, of our files and of DuckDB's own conversion of the same records."""
    bucket = bench.generated(bench.args.query_events, days=max(1, bench.args.query_events // 200_000)) / "AWSLogs"
    peers_py = [sys.executable, HERE / "peers.py"]
    with bench.out("dataset") as dataset, bench.out("duckdb.parquet") as converted:
        note("convert by both")
        run([bench.binary, "run", bucket, "--out", dataset, "--tables", "events"])
        run([*peers_py, "convert", "duckdb", bucket, converted])
        picked = json.loads(run([*peers_py, "pick", converted]).stdout)
        for name, (ours, theirs) in QUERIES.items():
            ask = lambda files, sql: json.loads(run([*peers_py, "query", files, sql % picked]).stdout)
            seen = bench.in_turn(ours=lambda: ask(f"{dataset}/events/*/*.parquet", ours), theirs=lambda: ask(converted, theirs))
            if seen["ours"][0]["found"] != seen["theirs"][0]["found"]:
                yield Row(f"query: {name}", "what DuckDB finds", "something else", False)
                continue
            target = 5 if name in POINTS else 1
            for what, digits in (("bytes", 1), ("seconds", 1)):
                factor = [median(turn[what] for turn in seen[whose]) for whose in ("theirs", "ours")]
                shown = "{:,.0f} kB" if what == "bytes" else "{:,.0f} ms"
                of = " against ".join(shown.format(value / 1e3 if what == "bytes" else value * 1e3) for value in reversed(factor))
                row = at_least(f"query: {name}, {'fewer bytes' if what == 'bytes' else 'faster'}", target, factor[0] / factor[1])
                yield row._replace(seen=f"{row.seen} ({of})")


ROWS = {row.__name__: row for row in (peers, floor, tiny, s3, listing, memory, growth, start, queries)}


def main():
    args = parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    bench = Bench(args)
    print(f"{machine()}; {args.events:,} events, medians of {args.runs}\n", flush=True)
    print("| measure | target | seen | |\n| --- | --- | --- | --- |", flush=True)
    n_missed = 0
    for name in args.only.split(","):
        for row in ROWS[name](bench):
            verdict = {None: "", True: "met", False: "**missed**"}[row.met]
            n_missed += row.met is False
            print(f"| {row.measure} | {row.target} | {row.seen} | {verdict} |", flush=True)
    note(f"{n_missed} missed")


def parse_args():
    rows = "\n".join(f"  {name:10}{row.__doc__}" for name, row in ROWS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/bench.sh", description=f"{__doc__}\nrows:\n{rows}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(ROWS), help="these rows, with commas between them")
    parser.add_argument("--events", type=int, default=400_000, help="of the mixed bucket [%(default)s]")
    parser.add_argument("--query-events", type=int, default=2_000_000, help="of the files that are queried [%(default)s]")
    parser.add_argument("--keys", type=int, default=1_000_000, help="of the listing [%(default)s]")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken [%(default)s]")
    parser.add_argument("--peers", default="clickhouse,duckdb,polars", help="[%(default)s]")
    parser.add_argument("--binary", required=True, help="what is measured [the release build]")
    parser.add_argument("--work", required=True, help="where corpora are kept [target/bench]")
    parser.add_argument("--smoke", action="store_true", help="tiny data and the dev profile: only shows that every row computes")
    args = parser.parse_args()
    if args.smoke:
        args.events, args.query_events, args.keys, args.runs, args.peers = 2_000, 2_000, 20_000, 1, "duckdb"
    unknown = set(args.only.split(",")) - set(ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}")
    return args


def machine():
    with contextlib.suppress(OSError):
        models = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
        return f"{CORES} of {len(models)} cores, {models[0]}, {platform.system()} {platform.release()}"
    return f"{os.cpu_count()} cores, {platform.processor()}, {platform.system()}"


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
