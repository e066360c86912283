"""What counters gained in a range, asked of real servers: over births, restarts, and nights in which nobody watched."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pytest
from doubles.prometheus import Prometheus, needs_prometheus, needs_promtool
from doubles.victoria_metrics import needs_victoria_metrics, victoria_metrics

from grafana.asking import Asking, http
from grafana.promql import gained, gained_or_none, node_joules, share_known_as, written_out

STEP = 15
HOUR = 3600
EVERYTHING = {"cluster": ".*", "node": ".+", "job": ".+", "job_label": "job"}
INTERVALS, CONTAINERS = "joulecast_interval_energy_joules_total", "joulecast_container_energy_joules_total"


class Counter(NamedTuple):
    """A counter as it was scraped, in seconds after the range began, and what it gained in that hour."""

    family: str
    steps: Sequence[tuple[float, float]]  # from when it had which value
    gained: float | None
    until: float = HOUR


# By node. The first is watched for an hour before the range; the exporter of the second starts half an hour into it,
# and those of the others were running when they were scraped first.
COUNTERS: Mapping[str, Mapping[str, Counter]] = {
    "watched": {
        "goes-on": Counter(INTERVALS, [(-HOUR, 500), (600, 900), (1200, 1000)], 500),
        "born": Counter(INTERVALS, [(900, 70)], 70),
        "stands-still": Counter(INTERVALS, [(-HOUR, 500)], None),
        "begins-anew": Counter(INTERVALS, [(-HOUR, 500), (600, 900), (1200, 0), (1800, 700)], 1100),
        "container-born": Counter(CONTAINERS, [(900, 70)], 70),
        "container-that-left": Counter(CONTAINERS, [(-HOUR, 40), (900, 70)], 30, until=1200),
    },
    "started": {
        "born": Counter(INTERVALS, [(2400, 70)], 70),
        "service": Counter(CONTAINERS, [(1800, 9e9), (2400, 9e9 + 80)], 80),
    },
    "scraped-late": {
        "born-or-not": Counter(INTERVALS, [(1800, 9e9)], None),
        "seen-to-grow": Counter(INTERVALS, [(1800, 9e9), (2400, 9e9 + 80)], 80),
        "service": Counter(CONTAINERS, [(1800, 9e9), (2400, 9e9 + 80)], 80),
    },
}


def history(begin: float) -> Iterator[str]:
    """All of them as OpenMetrics, family by family."""
    samples: dict[str, list[str]] = defaultdict(list)
    for node, counters in COUNTERS.items():
        scraped = range(-HOUR if node == "watched" else HOUR // 2, HOUR + 1, STEP)
        started = begin + (HOUR / 2 if node == "started" else -10 * HOUR)
        target = f'{{instance="{node}",job="joulecast"}}'
        for at in scraped:
            samples["joulecast_build_info"].append(f"{target} 1 {begin + at}")
            samples["process_start_time_seconds"].append(f"{target} {started} {begin + at}")
        for name, counter in counters.items():
            labels = f'{{instance="{node}",job="{name}"}}'
            for at in scraped:
                known = [value for since, value in counter.steps if since <= at <= counter.until]
                if known:
                    samples[counter.family].append(f"{labels} {known[-1]} {begin + at}")
    for at in range(-HOUR, HOUR + 1, STEP):
        provenance = "predicted" if 1200 < at <= 2400 else "measured"
        said = f'instance="watched",job="joulecast",provenance="{provenance}"'
        joules = f"{1e6 + 100 * at} {begin + at}"
        samples["joulecast_node_energy_joules_total"].append(f"{{{said}}} {joules}")
        samples["joulecast_energy_joules_total"].append(f'{{{said},component="cpu",zone="package"}} {joules}')
    for family, lines in samples.items():
        yield from (f"{family}{line}" for line in lines)
    yield "# EOF"


@pytest.fixture(scope="module")
def begin() -> float:
    """An hour ago, in whole minutes."""
    return time.time() // 60 * 60 - HOUR


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("prometheus", marks=[needs_prometheus, needs_promtool]),
        pytest.param("victoria_metrics", marks=needs_victoria_metrics),
    ],
)
def asking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, begin: float) -> Iterator[Asking]:
    """Either server, over the hour."""
    directory = tmp_path_factory.mktemp(request.param)
    if request.param == "prometheus":
        server = Prometheus(directory)
        server.remember(history(begin))
        with server:
            yield Asking(http(server.url), begin, begin + HOUR)
    else:
        with victoria_metrics(directory, history(begin)) as url:
            yield Asking(http(url), begin, begin + HOUR)


def answer(asking: Asking, query: str) -> dict[tuple[str, str], float]:
    """What is gained, by node and the counter's name."""
    text = asking.written(written_out(query), EVERYTHING)
    result = asking.get("/api/v1/query", {"query": text, "time": str(asking.end)})["result"]
    return {(one["metric"]["instance"], one["metric"]["job"]): float(one["value"][1]) for one in result}


@pytest.mark.parametrize("family", [INTERVALS, CONTAINERS])
def test_what_was_gained_in_the_range(asking: Asking, family: str) -> None:
    """What is born counts in full where its birth was seen; what a node brought along from before is not charged."""
    expected = {
        (node, name): counter.gained
        for node, counters in COUNTERS.items()
        for name, counter in counters.items()
        if counter.family == family and counter.gained is not None
    }

    assert answer(asking, gained(f"{family}{{NODES}}")) == pytest.approx(expected, rel=0.01)


def test_what_stood_still_gained_nothing(asking: Asking) -> None:
    """It is left out, or 0 where buckets of a histogram need it."""
    still = ("watched", "stands-still")

    assert still not in answer(asking, gained(f"{INTERVALS}{{NODES}}"))
    assert answer(asking, gained_or_none(f"{INTERVALS}{{NODES}}"))[still] == 0


def test_a_provenance_that_comes_back_counts_no_joule_twice(asking: Asking) -> None:
    """A node's counter goes on under another label for a while: its energy is what it gained under either."""
    text = asking.written(written_out(node_joules()), EVERYTHING)
    (answer,) = asking.get("/api/v1/query", {"query": text, "time": str(asking.end)})["result"]

    assert float(answer["value"][1]) == pytest.approx(100 * HOUR, rel=0.03)


def test_each_way_of_knowing_has_its_own_share(asking: Asking) -> None:
    """A third of the hour was predicted, and the counter of what is measured did not see it."""
    text = asking.written(written_out(share_known_as("measured|integrated")), EVERYTHING)
    (answer,) = asking.get("/api/v1/query", {"query": text, "time": str(asking.end)})["result"]

    assert float(answer["value"][1]) == pytest.approx(2 / 3, abs=0.05)
