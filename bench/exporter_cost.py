"""What the exporter takes from its machine: CPU, idle and with an interval open, and memory over many intervals.

Two sockets and eight GPUs, default settings. CPU is a share of one core; memory is all that is resident, libraries too.
"""

import re
import sys
import time

from doubles.exporter_process import ExporterProcess

import joulecast
from bench.figure import Figure, run
from bench.process import cpu_seconds, resident_megabytes
from bench.simulated_server import exporter_on_simulated_server

WARM_UP_SECONDS = 5.0
WATCHED_SECONDS = 30.0
INTERVALS = 10_000

CPU_LIMIT = 0.5
MEMORY_LIMIT = 70.0
GROWTH_LIMIT = 1.0  # over as many intervals again

ENDED = re.compile(r'^joulecast_intervals_total\{.*status="finished".*\} (\S+)$', re.MULTILINE)


def cpu_percent(pid: int) -> float:
    """Share of one core that the process takes while we do nothing."""
    cpu, begin = cpu_seconds(pid), time.monotonic()
    time.sleep(WATCHED_SECONDS)
    return 100 * (cpu_seconds(pid) - cpu) / (time.monotonic() - begin)


def tag_many(exporter: ExporterProcess) -> None:
    """Begin and end intervals one after another, and wait until all of them are accounted for and stored."""
    connection = joulecast.connect(exporter.grpc)
    finished = ended(exporter) + INTERVALS
    for step in range(INTERVALS):
        joulecast.begin("step", job="bench", phase="training", address=connection, step=step).end()
    exporter.until(lambda: ended(exporter) >= finished)


def ended(exporter: ExporterProcess) -> float:
    """Intervals that are final, by the exporter's own count."""
    return sum(float(count) for count in ENDED.findall(exporter.scrape()))


def measure() -> list[Figure]:
    """Idle first, then with one interval open, then many intervals."""
    with exporter_on_simulated_server() as exporter:
        time.sleep(WARM_UP_SECONDS)
        started = resident_megabytes(exporter.pid)
        idle = cpu_percent(exporter.pid)
        with joulecast.interval("watched", address=exporter.grpc):
            attentive = cpu_percent(exporter.pid)
        tag_many(exporter)
        used = resident_megabytes(exporter.pid)
        tag_many(exporter)
        grown = resident_megabytes(exporter.pid) - used
    return [
        Figure("CPU, idle", idle, "%", CPU_LIMIT),
        Figure("CPU, one interval open", attentive, "%"),
        Figure("memory after start", started, "MB", MEMORY_LIMIT),
        Figure(f"memory after {INTERVALS:,} intervals", used, "MB", MEMORY_LIMIT),
        Figure(f"growth over {INTERVALS:,} more", grown, "MB", GROWTH_LIMIT),
    ]


if __name__ == "__main__":
    sys.exit(run(measure))
