"""Runs the walk-throughs in docs/ as they stand there.

    scripts/python.sh scripts/walkthrough.py target/debug/trailmill

Blocks below the line `<!-- run by scripts/walkthrough.py -->` are run in order, each document in a folder of its own: `sh` blocks by bash, with
`trailmill` being the binary given and `s3://my-trail-bucket` a bucket of moto's server; `sql` blocks by DuckDB, which have to give rows. The
commands of the cron line and of the systemd units are tried with --dry-run; the units are checked by systemd-analyze where it is installed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
from moto_s3 import SIGNED, environment, moto, upload

REPOSITORY = Path(__file__).resolve().parent.parent
BINARY = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else sys.exit(__doc__)
MARK = "<!-- run by scripts/walkthrough.py -->\n"
BLOCK = re.compile(re.escape(MARK) + r"```(sh|sql)\n(.*?)```\n", re.DOTALL)
UNIT = re.compile(r"<!-- (trailmill\.\w+) -->\n```ini\n(.*?)```\n", re.DOTALL)
COMMAND = re.compile(r"/usr/local/bin/trailmill (.*?)(?: 2>>.*)?$", re.MULTILINE)


def fail(document, what):
    sys.exit(f"walkthrough: {document.name}: {what}")


def run(document, command, env):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], capture_output=True, text=True, env=env)
    if done.returncode != 0:
        fail(document, f"exit code {done.returncode} of\n{command}{done.stdout}{done.stderr}")


def walk(document, env):
    text = document.read_text()
    blocks = BLOCK.findall(text)
    if not blocks or len(blocks) != text.count(MARK):
        fail(document, "a mark without a block that can be run")
    for language, block in blocks:
        if language == "sh":
            run(document, block, env)
        elif not duckdb.sql(block).fetchall():
            fail(document, f"no row comes of\n{block}")
    commands = COMMAND.findall(text)
    for command in commands:
        run(document, f"trailmill {command} --dry-run\n", env)
    return len(blocks) + len(commands)


def check_units(document):
    units = UNIT.findall(document.read_text())
    if not units:
        return
    if not shutil.which("systemd-analyze"):
        print(f"   systemd-analyze is not here: {len(units)} units are NOT checked")
        return
    for name, text in units:
        # The binary is not installed there, and the user not made.
        Path(name).write_text(text.replace("/usr/local/bin/trailmill", str(BINARY)).replace("User=trailmill\n", ""))
    done = subprocess.run(["systemd-analyze", "verify", *(f"./{name}" for name, _ in units)], capture_output=True, text=True)
    if done.returncode != 0 or "trailmill" in done.stderr:
        fail(document, f"systemd-analyze says\n{done.stderr}")


def main():
    with tempfile.TemporaryDirectory() as folder, moto() as url:
        upload(url, "my-trail-bucket", REPOSITORY / "fixtures" / "trail")
        bin_folder = Path(folder) / "bin"
        bin_folder.mkdir()
        (bin_folder / "trailmill").symlink_to(BINARY)
        env = environment(**SIGNED, AWS_ENDPOINT_URL=url, PATH=f"{bin_folder}:{os.environ['PATH']}")
        for document in sorted((REPOSITORY / "docs").glob("*.md")):
            if MARK not in document.read_text():
                continue
            here = Path(folder) / document.stem
            here.mkdir()
            os.chdir(here)
            n_run = walk(document, env)
            check_units(document)
            print(f"-- {document.name}: {n_run} blocks and commands ran as they stand there", flush=True)
        os.chdir(REPOSITORY)


main()
