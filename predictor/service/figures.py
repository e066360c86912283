"""What the service tells Prometheus about itself: calls, how long they took, estimates, and the artifacts it serves."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from joulecast.version import __version__
from predictor.service.artifacts import Artifacts
from predictor.service.tallies import Counts, Tallies

# A point takes tens of microseconds, a batch of a million rows seconds.
_SECONDS = (5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 0.1, 0.25, 1.0, 2.5, 10.0)


class Figures(Collector):
    """Counts, on a registry of their own. Every call counts itself, so that this is a few look-ups and no lock."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self._tallies = Tallies([])
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def answered(self, method: str, code: str, seconds: float) -> None:
        """One call is over."""
        mine = self._tallies.mine
        mine.calls[method, code, bisect_left(_SECONDS, seconds)] += 1
        mine.seconds[method] += seconds

    def estimated(self, model: str, *, in_domain: bool, points: int = 1) -> None:
        """So many points were estimated inside, or outside, of what the model was trained on."""
        self._tallies.mine.points[model, in_domain] += points

    def collect(self) -> Iterator[Metric]:
        """Everything as it is at the moment of the scrape."""
        total = self._tallies.total()
        requests = CounterMetricFamily("joulecast_predictor_requests", "Calls answered", labels=["method", "code"])
        answered: Counter[tuple[str, str]] = Counter()
        for (method, code, _), count in total.calls.items():
            answered[method, code] += int(count)
        for (method, code), calls in sorted(answered.items()):
            requests.add_metric([method, code], calls)
        yield requests
        yield _durations(total)
        estimates = CounterMetricFamily(
            "joulecast_predictor_estimates", "Points estimated", labels=["model", "in_domain"]
        )
        for (model, in_domain), points in sorted(total.points.items()):
            estimates.add_metric([model, str(in_domain).lower()], points)
        yield estimates
        yield from self._served()

    def _served(self) -> Iterator[Metric]:
        registry = self._artifacts.current
        names = ["model", "version", "question", "answers_by_default"]
        served = GaugeMetricFamily("joulecast_predictor_artifact_info", "Always 1: an artifact served", labels=names)
        for name, each in registry.by_name.items():
            default = str(registry.answers_by_default(each)).lower()
            served.add_metric([name, each.description.version, str(each.description.question), default], 1.0)
        yield served
        yield GaugeMetricFamily(
            "joulecast_predictor_artifacts_failed",
            "Files that could not be loaded as they are now",
            value=len(self._artifacts.failed),
        )
        yield CounterMetricFamily(
            "joulecast_predictor_artifact_failures", "Times a file could not be loaded", value=self._artifacts.failures
        )
        build = GaugeMetricFamily("joulecast_predictor_build_info", "Always 1: what runs", labels=["version"])
        build.add_metric([__version__], 1.0)
        yield build


def _durations(total: Counts) -> Metric:
    durations = HistogramMetricFamily(
        "joulecast_predictor_request_seconds", "Time to answer, without that of the transport", labels=["method"]
    )
    taken: Counter[tuple[str, int]] = Counter()
    for (method, _, place), count in total.calls.items():
        taken[method, place] += int(count)
    names = [*map(str, _SECONDS), "+Inf"]
    for method, seconds in sorted(total.seconds.items()):
        counts = accumulate(taken[method, place] for place in range(len(names)))
        durations.add_metric([method], list(zip(names, counts, strict=True)), seconds)
    return durations
