"""`python -m bench [NAME ...] [--json]`: every benchmark in a process of its own, then one table of all figures."""

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict

from bench import ROOT
from bench.figure import Figure, table

# The quick ones first.
BENCHES = (
    "import_cost",
    "back_dated_tag",
    "scrape",
    "node_page",
    "begin_end",
    "attribution",
    "predict",
    "interval_accuracy",
    "exporter_cost",
)


def run_alone(bench: str) -> Sequence[Figure]:
    """Run one benchmark in a fresh interpreter, so that none sees the heap and the threads of another."""
    command = [sys.executable, "-m", f"bench.{bench}", "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if not done.stdout:
        sys.exit(f"bench.{bench} ended with {done.returncode} and no figures")
    return [Figure(**fields) for fields in json.loads(done.stdout)]


def main() -> int:
    """Run what was asked for; 1 if any figure misses its limit."""
    parser = ArgumentParser(prog="python -m bench", description="Measure what the project claims, in one run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    unknown = set(args.names) - set(BENCHES)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    found: list[tuple[str, Figure]] = []
    for bench in args.names or BENCHES:
        print(f"measuring {bench} ...", file=sys.stderr, flush=True)
        found += [(bench, figure) for figure in run_alone(bench)]
    if args.json:
        print(json.dumps([{"bench": bench, **asdict(figure), "holds": figure.holds} for bench, figure in found]))
    else:
        print(table(found))
    return 0 if all(figure.holds for _, figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
