"""Cuts a bucket that `trailmill generate` laid out into delivery objects of another shape: the same records, other objects.

    scripts/corpus.py GENERATED OUT --profile mixed|tiny|large

mixed   log-normal, median 90 and at most 6,000 records an object: some 50 kB compressed
tiny    1 to 4 records an object, as most accounts have
large   10,000 to 30,000 records an object, as far as a day of a region has them

Records stay in the account, region and day that they were delivered in. The same arguments give the same bytes, with one zlib.
"""

import argparse
import gzip
import random
import re
from multiprocessing import Pool
from pathlib import Path

HEAD, TAIL = '{"Records":[', "]}"
# How every record begins that `generate` makes, and nothing inside of one.
BETWEEN = ',{"eventVersion":"'
KEY = re.compile(r"(?P<account>\d{12})_CloudTrail_(?P<region>[a-z0-9-]+)_(?P<time>\d{8}T\d{4})Z_")
SIZES = {
    "mixed": lambda rng: min(max(int(rng.lognormvariate(4.5, 1.6)), 1), 6_000),
    "tiny": lambda rng: rng.randrange(1, 5),
    "large": lambda rng: rng.randrange(10_000, 30_000),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("generated", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--profile", choices=SIZES, required=True)
    args = parser.parse_args()
    lay_out(args.generated, args.out, args.profile)


def lay_out(generated, out, profile):
    """Lays out the bucket, one folder of a day after the other on each processor."""
    days = sorted({path.parent for path in generated.glob("AWSLogs/*/CloudTrail/**/*.json.gz")})
    with Pool() as pool:
        pool.starmap(cut_day, [(day, out / day.relative_to(generated), profile) for day in days], chunksize=1)


def cut_day(day, out, profile):
    account_region_and_date = "/".join(day.parts[-6:])
    rng = random.Random(f"{profile} {account_region_and_date}")
    out.mkdir(parents=True)
    records, size = [], SIZES[profile](rng)
    for path in sorted(day.iterdir(), key=lambda path: KEY.match(path.name)["time"]):
        records += records_of(path)
        while len(records) >= size:
            write(out, path.name, records[:size], rng)
            records, size = records[size:], SIZES[profile](rng)
    if records:
        write(out, path.name, records, rng)


def records_of(path):
    content = gzip.decompress(path.read_bytes()).decode()
    assert content.startswith(HEAD) and content.endswith(TAIL), path
    first, *others = content[len(HEAD) : -len(TAIL)].split(BETWEEN)
    return [first, *(BETWEEN[1:] + other for other in others)]


def write(out, name, records, rng):
    key = KEY.match(name).group() + f"{rng.getrandbits(64):016x}.json.gz"
    content = HEAD + ",".join(records) + TAIL
    (out / key).write_bytes(gzip.compress(content.encode(), 6, mtime=0))


if __name__ == "__main__":
    main()
