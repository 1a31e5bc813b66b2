"""Runs what README.md and docs/answers.md show and checks that it still prints what they say.

    scripts/python.sh scripts/readme.py target/debug/trailmill            # exit 1 and a diff where it does not
    scripts/python.sh scripts/readme.py target/debug/trailmill --write    # puts the output into them

Blocks below the line `<!-- checked by scripts/readme.py -->` are run in order, in one scratch folder: in a `console` block each
line with `$ `, `cargo run --release --locked --` being the binary given; an `sql` block by DuckDB, its result in the `text` block
that follows. docs/answers.md is about a real trail, which is not part of this repository: where it is not, that is said. Seconds, rates, memory and a log entry's checksum differ from run to run and are not compared.
"""

import contextlib
import difflib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

REPOSITORY = Path(__file__).resolve().parent.parent
# Each document with the folder that its commands read.
DOCUMENTS = {
    REPOSITORY / "README.md": REPOSITORY / "fixtures",
    REPOSITORY / "docs" / "answers.md": REPOSITORY.parent / "shared" / "realdata",
}
MARK = "<!-- checked by scripts/readme.py -->\n"
CARGO_RUN = "cargo run --release --locked -- "
BLOCK = re.compile(
    re.escape(MARK) + r"(?:```console\n(?P<console>.*?)```\n|```sql\n(?P<sql>.*?)```\n\n```text\n(?P<result>.*?)```\n)", re.DOTALL
)
VARIES = re.compile(r"(?<= in )[\d.]+ s: \d+ records/s, [\d.]+ \w+(?= of memory at most)|(?<=\.json: )[0-9a-f]{64}")


def console(text, binary):
    """A console block with what its commands print now."""
    lines = []
    for command in (line[2:] for line in text.splitlines() if line.startswith("$ ")):
        if not command.startswith(CARGO_RUN):
            sys.exit(f"readme: this is not run, it does not begin with {CARGO_RUN!r}: {command}")
        words = [binary, *shlex.split(command.removeprefix(CARGO_RUN))]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f"readme: exit code {done.returncode} of {command}\n{done.stdout}")
        lines += [f"$ {command}", *done.stdout.splitlines()]
    return "".join(f"{line}\n" for line in lines)


def query(sql):
    """What DuckDB prints for a query."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        duckdb.sql(sql).show(max_width=160, max_rows=40)
    return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines() if line.strip())


def rewritten(text, binary):
    """A document as it has to be."""

    def block(found):
        if found["console"] is not None:
            return f"{MARK}```console\n{console(found['console'], binary)}```\n"
        return f"{MARK}```sql\n{found['sql']}```\n\n```text\n{query(found['sql'])}```\n"

    if text.count(MARK) != len(BLOCK.findall(text)):
        sys.exit("readme: a mark without a block that can be run")
    return BLOCK.sub(block, text)


def check(document, data, binary, write):
    if not data.exists():
        print(f"-- {document.name} is NOT checked: there is no {data.name} here")
        return
    said = document.read_text()
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(data, Path(folder) / data.name)
        os.chdir(folder)
        now = rewritten(said, binary)
        os.chdir(REPOSITORY)
    told, seen = (VARIES.sub("…", text) for text in (said, now))
    if write and told != seen:
        document.write_text(now)
    elif told != seen:
        sys.stdout.writelines(difflib.unified_diff(told.splitlines(True), seen.splitlines(True), document.name, "what is printed"))
        sys.exit(f"readme: {document.name} does not say what is printed; --write puts it right")
    print(f"-- {said.count(MARK)} blocks of {document.name} say what is printed")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary, write = str(Path(sys.argv[1]).resolve()), "--write" in sys.argv[2:]
    for document, data in DOCUMENTS.items():
        check(document, data, binary, write)


main()
