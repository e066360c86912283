"""Which series count: for each component the one order of preference among sensors, and the reason in words.

Eq. 3 of the paper adds each socket, each GPU and the memory once. So of several sensors for one component the first in
the order is used and the others are not even metered; zones inside a package and the platform's own meter are metered
and shown, and never added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.sensors.sensor import Finding, Series
from joulecast.component import Component, SeriesKey, is_node_part

# Strongest first. A machine's CPU and memory are covered by one sensor as a whole.
ORDER: Mapping[Component, tuple[str, ...]] = {
    Component.CPU: ("rapl", "hwmon", "predicted", "tdp"),
    Component.DRAM: ("rapl", "hwmon", "predicted", "dimm"),
    Component.GPU: ("nvml", "hwmon", "predicted"),
    Component.PLATFORM: (),
}
# GPUs of several makers sit side by side, so each device has its own winner.
_BY_DEVICE = frozenset({Component.GPU})
# Plays a whole machine: while it is there, nothing of the real one is used.
REPLAY = "replay"

_TITLES = {
    "rapl": "RAPL",
    "hwmon": "hwmon",
    "nvml": "NVML",
    "predicted": "prediction",
    "dimm": "DIMM model",
    "tdp": "TDP model",
}
_KINDS = {
    ("rapl", Component.CPU): "RAPL package counter",
    ("rapl", Component.DRAM): "RAPL dram counter",
    ("dimm", Component.DRAM): "DIMM model",
    ("tdp", Component.CPU): "TDP x utilisation, crude",
    ("predicted", Component.CPU): "trained model of utilisation",
    ("predicted", Component.DRAM): "model of size and utilisation",
    ("predicted", Component.GPU): "trained model of utilisation",
}
_COVERS = {("rapl", Component.DRAM): "has a dram zone"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of one series. What is not metered would repeat energy that another series has already."""

    counted: bool  # part of node power
    metered: bool  # given a curve and shown
    reason: str


def choose(findings: Sequence[Finding]) -> dict[Series, Choice]:
    """Decide about every series found, in the order of the findings."""
    replaying = any(finding.sensor == REPLAY and finding.series for finding in findings)
    winners = _winners(findings)
    choices: dict[Series, Choice] = {}
    shown: dict[SeriesKey, str] = {}
    for finding in findings:
        for series in finding.series:
            if replaying:
                choice = _while_replaying(series)
            elif not is_node_part(series.key):
                choice = Choice(counted=False, metered=True, reason=_outside(series.key))
            else:
                choice = _among(series, winners[_slot(series.key)], findings)
            if choice.metered and shown.setdefault(series.key, series.source) != series.source:
                # Two curves of one identity would be one line of /metrics written twice.
                choice = Choice(counted=False, metered=False, reason=f"not used: {shown[series.key]} shows the same")
            choices[series] = choice
    return choices


def _slot(key: SeriesKey) -> tuple[Component, str]:
    """What only one sensor may cover."""
    return (key.component, key.device if key.component in _BY_DEVICE else "")


def _winners(findings: Sequence[Finding]) -> dict[tuple[Component, str], str]:
    """The strongest sensor that covers each slot."""
    winners: dict[tuple[Component, str], str] = {}
    for finding in findings:
        for series in finding.series:
            if not is_node_part(series.key):
                continue
            slot = _slot(series.key)
            if slot not in winners or _rank(series) < _rank_of(winners[slot], series.key.component):
                winners[slot] = series.sensor
    return winners


def _rank(series: Series) -> int:
    return _rank_of(series.sensor, series.key.component)


def _rank_of(sensor: str, component: Component) -> int:
    order = ORDER[component]
    return order.index(sensor) if sensor in order else len(order)


def _among(series: Series, winner: str, findings: Sequence[Finding]) -> Choice:
    title = _TITLES.get(series.sensor, series.sensor)
    component = series.key.component
    if series.sensor != winner:
        stronger = _TITLES.get(winner, winner)
        covers = _COVERS.get((winner, component)) or f"covers the {'device' if component in _BY_DEVICE else component}"
        return Choice(counted=False, metered=False, reason=f"{title} not used: {stronger} {covers}")
    kind = _KINDS.get((series.sensor, component), title)
    covering = {one.sensor for finding in findings for one in finding.series if one.key.component == component}
    standing = "the strongest source here" if len(covering) > 1 else "the only source here"
    denied = [
        _TITLES[finding.sensor]
        for finding in findings
        if finding.status == "denied" and finding.sensor in ORDER[component][: _rank(series)]
    ]
    if denied:
        standing += f"; {' and '.join(denied)} may be better, but access is denied"
    return Choice(counted=True, metered=True, reason=f"{kind}, {standing}")


def _outside(key: SeriesKey) -> str:
    if key.component is Component.PLATFORM:
        return "the whole machine by its own meter: shown, never added"
    if key.component is Component.CPU:
        return "inside the package: shown, never added"
    return f"a part of the {key.component} power: shown, never added"


def _while_replaying(series: Series) -> Choice:
    if series.sensor != REPLAY:
        return Choice(counted=False, metered=False, reason="not used: a capture is being replayed")
    counted = is_node_part(series.key)
    reason = "part of the capture that is played" if counted else _outside(series.key)
    return Choice(counted=counted, metered=True, reason=reason)
