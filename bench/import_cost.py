"""What `import joulecast` adds to a bare interpreter, each in a fresh process: time and resident memory."""

import statistics
import subprocess
import sys

from bench.figure import Figure, run

ROUNDS = 11
MILLISECONDS_LIMIT = 100.0
MEGABYTES_LIMIT = 25.0

# What a workload runs: the import alone, and with all that the first interval loads (gRPC, the stubs, a channel).
IMPORT = "import joulecast"
FIRST_INTERVAL = "import joulecast; joulecast.interval('x'); joulecast.connect('127.0.0.1:1')"

# Prints nanoseconds and kB; the high-water mark, since memory that an import needed for a moment was needed too.
PROBE = """\
import time
begin = time.perf_counter_ns()
{statement}
elapsed = time.perf_counter_ns() - begin
with open("/proc/self/status") as status:
    print(elapsed, next(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


def cost_of(statement: str) -> tuple[float, float]:
    """Milliseconds of a statement, and MB of a fresh process that ran it."""
    probe = PROBE.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", probe], stdout=subprocess.PIPE, text=True, check=True)
    nanoseconds, kibibytes = map(int, done.stdout.split())
    return nanoseconds * 1e-6, kibibytes * 1024e-6


def measure() -> list[Figure]:
    """Medians, in turns with an interpreter that imports nothing."""
    bare, imported, ready = [], [], []
    for _ in range(ROUNDS):
        bare.append(cost_of("pass"))
        imported.append(cost_of(IMPORT))
        ready.append(cost_of(FIRST_INTERVAL))
    (bare_ms, bare_mb), (import_ms, import_mb), (ready_ms, ready_mb) = (
        (statistics.median(ms for ms, _ in costs), statistics.median(mb for _, mb in costs))
        for costs in (bare, imported, ready)
    )
    return [
        Figure("import joulecast", import_ms - bare_ms, "ms", MILLISECONDS_LIMIT),
        Figure("import joulecast, memory", import_mb - bare_mb, "MB", MEGABYTES_LIMIT),
        Figure("import and what the first interval loads", ready_ms - bare_ms, "ms"),
        Figure("import and what the first interval loads, memory", ready_mb - bare_mb, "MB"),
    ]


if __name__ == "__main__":
    sys.exit(run(measure))
