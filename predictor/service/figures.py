"""What the service tells Prometheus about itself: calls, how long they took, estimates, and the artifacts it serves."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from joulecast.version import __version__
from predictor.service.artifacts import Artifacts

# A point takes tens of microseconds, a batch of a million rows seconds.
_SECONDS = (5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 0.1, 0.25, 1.0, 2.5, 10.0)


class Figures:
    """Counts, on a registry of their own. Series are looked up once, since every call counts itself."""

    def __init__(self, artifacts: Artifacts) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "joulecast_predictor_requests", "Calls answered", ["method", "code"], registry=self.registry
        )
        self._seconds = Histogram(
            "joulecast_predictor_request_seconds",
            "Time to answer, without that of the transport",
            ["method"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._estimates = Counter(
            "joulecast_predictor_estimates", "Points estimated", ["model", "in_domain"], registry=self.registry
        )
        self._answered: dict[tuple[str, str], Counter] = {}
        self._took: dict[str, Histogram] = {}
        self._estimated: dict[tuple[str, bool], Counter] = {}
        self.registry.register(_ArtifactCollector(artifacts))
        ProcessCollector(registry=self.registry)

    def answered(self, method: str, code: str, seconds: float) -> None:
        """One call is over."""
        requests = self._answered.get((method, code))
        if requests is None:
            requests = self._answered[method, code] = self._requests.labels(method, code)
        requests.inc()
        took = self._took.get(method)
        if took is None:
            took = self._took[method] = self._seconds.labels(method)
        took.observe(seconds)

    def estimated(self, model: str, *, in_domain: bool, points: int = 1) -> None:
        """So many points were estimated inside, or outside, of what the model was trained on."""
        estimates = self._estimated.get((model, in_domain))
        if estimates is None:
            estimates = self._estimated[model, in_domain] = self._estimates.labels(model, str(in_domain).lower())
        estimates.inc(points)


class _ArtifactCollector(Collector):
    """What is served at the moment of the scrape."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def collect(self) -> Iterator[Metric]:
        """One series for each artifact, and whether any could not be loaded."""
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
        failures = CounterMetricFamily(
            "joulecast_predictor_artifact_failures", "Times a file could not be loaded", value=self._artifacts.failures
        )
        yield failures
        build = GaugeMetricFamily(
            "joulecast_predictor_build_info", "Always 1: the release that runs", labels=["version"]
        )
        build.add_metric([__version__], 1.0)
        yield build
