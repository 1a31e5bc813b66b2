"""What the checking scripts share: the first thing that does not hold ends the script, and those that hold are counted."""

import sys
from pathlib import Path

TABLES = [
    "events", "mcp_events", "mcp_links", "activity", "sign_ins", "resource_activity", "insights", "aggregated_events",
    "duplicates", "rejects", "objects",
]

n_checks = 0


def check(holds, *what):
    """Ends the script unless something holds."""
    global n_checks
    n_checks += 1
    if not holds:
        sys.exit(f"{Path(sys.argv[0]).stem}: " + " ".join(str(part) for part in what))


def equal(found, wanted, *what):
    check(found == wanted, *what, f"\n  found  {found!r:.2000}\n  wanted {wanted!r:.2000}")


def section(title):
    print(f"-- {title}", flush=True)


def passed(seconds):
    print(f"-- {n_checks} checks passed in {seconds:.0f} s")
