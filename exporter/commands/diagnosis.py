"""What the doctor finds out: every sensor surveyed, the choice about every series, and its power just now."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.commands.diagnosis_attribution import AttributionDiagnosis, AttributionLook
from exporter.evidence import Evidence
from exporter.sensors.inventory import Inventory
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.preference import Choice, choose
from exporter.sensors.sensor import Finding, Missed, Reading, Sensor, SensorFailed, Series, survey
from exporter.usage.host import Cpus
from joulecast.clock import Clock
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance, weakest

# Long enough for a power of all but the slowest sensors, short enough not to be waited for.
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SeriesDiagnosis:
    """One series: what becomes of it, and its power over the look, or why there is none."""

    series: Series
    choice: Choice
    watts: float | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything the doctor tells."""

    cpus: Cpus
    gpus: Sequence[Gpu]
    replaying: str  # the capture's title, or empty
    findings: Sequence[Finding]
    rows: Sequence[SeriesDiagnosis]
    attribution: AttributionDiagnosis | None = None  # None for a capture that tells nobody's names

    @property
    def counted(self) -> Sequence[SeriesDiagnosis]:
        """The parts of node power."""
        return [row for row in self.rows if row.choice.counted]

    @property
    def node_watts(self) -> float | None:
        """Eq. 3, if every part of it is known."""
        known = [row.watts for row in self.counted if row.watts is not None]
        return math.fsum(known) if known and len(known) == len(self.counted) else None

    @property
    def node_provenance(self) -> Provenance | None:
        """That of the weakest part."""
        return weakest(row.series.provenance for row in self.counted)


def diagnose(
    inventory: Inventory, clock: Clock, pause: Callable[[float], None], evidence: Evidence | None = None
) -> Diagnosis:
    """Survey every sensor and look twice at those that were found, and at who uses them, `LOOK_SECONDS` apart."""
    surveyed = [(sensor, survey(sensor)) for sensor in inventory.sensors]
    found = [(sensor, finding) for sensor, finding in surveyed if finding.status == "found"]
    first = _look(found, clock)
    users = None if evidence is None else AttributionLook(evidence, clock)
    pause(LOOK_SECONDS)
    second = _look(found, clock)
    attribution = None if users is None else users.finish()
    # Some caveats come to light by reading: counters that mirror each other, for one.
    findings = [
        replace(finding, caveats=tuple(sensor.caveats())) if finding.status == "found" else finding
        for sensor, finding in surveyed
    ]
    rows = [
        SeriesDiagnosis(series, choice, present_watts(first.get(series), second.get(series)), _problem(series, second))
        for series, choice in choose(findings).items()
    ]
    gpus = tuple(inventory.gpus())
    for sensor in inventory.sensors:
        sensor.close()
    replaying = inventory.capture.title if inventory.capture else ""
    return Diagnosis(inventory.cpus, gpus, replaying, findings, rows, attribution)


@dataclass(frozen=True, slots=True)
class Glance:
    """What one series showed in one look."""

    seconds: float
    outcome: Reading | Missed | JoulecastError


def present_watts(first: Glance | None, second: Glance | None) -> float | None:
    """Power by a sensor that tells it, else by what a counter gained between two looks; None if neither can be had."""
    reading = second.outcome if second else None
    if not isinstance(reading, Reading):
        return None
    if reading.watts is not None:
        return reading.watts
    before = first.outcome if first else None
    if first is None or second is None or not isinstance(before, Reading):
        return None
    if before.joules is None or reading.joules is None or second.seconds <= first.seconds:
        return None
    gained = reading.joules - before.joules
    if gained < 0 and reading.series.range_joules is not None:
        gained += reading.series.range_joules
    watts = gained / (second.seconds - first.seconds)
    return watts if 0 <= watts <= reading.series.max_watts else None


def _look(found: Sequence[tuple[Sensor, Finding]], clock: Clock) -> dict[Series, Glance]:
    """Read every sensor once. What failed as a whole is told for each of its series."""
    seen: dict[Series, Glance] = {}
    for sensor, finding in found:
        try:
            for outcome in sensor.read(clock.monotonic()):
                seen[outcome.series] = Glance(clock.monotonic(), outcome)
        except SensorFailed as failure:
            for series in finding.series:
                seen.setdefault(series, Glance(clock.monotonic(), failure))
    return seen


def _problem(series: Series, seen: Mapping[Series, Glance]) -> str:
    glance = seen.get(series)
    if glance is None:
        return "no reading during the look"
    if isinstance(glance.outcome, Missed):
        return glance.outcome.message
    return str(glance.outcome) if isinstance(glance.outcome, JoulecastError) else ""
