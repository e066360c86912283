"""The page people see at `/`: what this node uses now, from which sensors, and what stands in the way of more."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

from exporter.intervals.interval import Interval
from exporter.metering.snapshot import EMPTY, IdleState, SensorState, SeriesState, Snapshot
from exporter.metrics.amounts import joules_text, time_text, watts_text
from exporter.metrics.tables import Row, table
from exporter.metrics.usage_tables import usage_tables
from joulecast.component import SeriesKey
from joulecast.version import __version__

_REFRESH_SECONDS = 5
_MOST_INTERVALS = 50  # a page is for people; `joulecast intervals list` shows all


@dataclass(frozen=True, slots=True)
class About:
    """What the page says about the exporter itself. `replaying` names the capture or simulation behind all numbers."""

    hostname: str = ""
    grpc_address: str = ""
    replaying: str = ""


def status_page(
    snapshot: Snapshot, open_intervals: Sequence[Interval], about: About, trouble: str | None, wall: float
) -> str:
    """Return the page as HTML that needs no other resource; every text from outside is escaped."""
    title = escape(_title(about))
    body = "\n".join(_parts(snapshot, open_intervals, about, trouble, wall))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="refresh" content="{_REFRESH_SECONDS}"><link rel="icon" href="data:,">\n'
        f"<style>{_style()}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _parts(
    snapshot: Snapshot, open_intervals: Sequence[Interval], about: About, trouble: str | None, wall: float
) -> Iterator[str]:
    yield _header(snapshot, about)
    if about.replaying:
        yield _banner(f"Not this machine: all numbers come from {about.replaying}.")
    if trouble:
        yield _banner(f"Not healthy: {trouble}.", "bad")
    yield _node(snapshot)
    yield table(
        "Power",
        ("component", "device", "zone", "#power", "#energy", "provenance", "sensor", "in node power"),
        map(_series_row, snapshot.series),
        "No sensor gives power yet.",
    )
    yield from usage_tables(snapshot)
    yield table(
        "Idle baseline",
        ("component", "device", "zone", "#power", "#spread", "from"),
        (_idle_row(key, idle) for key, idle in snapshot.idle.items()),
        "Not known yet, so net energy is not either: run `joulecast idle` on the idle machine.",
    )
    yield table(
        "Sensors",
        ("sensor", "status", "what it says", "what to do", "#refused readings", "#last read took"),
        map(_sensor_row, snapshot.sensors),
        "No sensor was looked for yet.",
    )
    yield _intervals(open_intervals, wall)


@cache
def _style() -> str:
    return files("exporter.metrics").joinpath("status_page.css").read_text("utf-8")


def _title(about: About) -> str:
    return f"Joulecast on {about.hostname}" if about.hostname else "Joulecast"


def _header(snapshot: Snapshot, about: About) -> str:
    seen = "no reading yet" if snapshot is EMPTY else f"as of {time_text(snapshot.wall)}"
    grpc = f"intervals: {about.grpc_address}" if about.grpc_address else ""
    facts = "".join(f"<p>{escape(fact)}</p>" for fact in (f"version {__version__}", seen, grpc) if fact)
    links = "".join(f'<a href="{path}">{path}</a>' for path in ("/metrics", "/-/healthy", "/-/ready"))
    return f"<header><h1>{escape(_title(about))}</h1>{facts}<nav>{links}</nav></header>"


def _banner(text: str, kind: str = "") -> str:
    return f'<p class="banner {kind}" role="alert">{escape(text)}</p>'


def _node(snapshot: Snapshot) -> str:
    if snapshot.node_watts is None:
        return '<p class="node">Node power is not known: no sensor that counts towards it gives a reading.</p>'
    provenance = snapshot.node_provenance.value if snapshot.node_provenance else "unknown"
    energy = "" if snapshot.node_joules is None else f" · {joules_text(snapshot.node_joules)} so far"
    return f'<p class="node"><strong>{watts_text(snapshot.node_watts)}</strong> node power, {provenance}{energy}</p>'


def _series_row(state: SeriesState) -> Row:
    key = state.series.key
    power = "no reading" if state.watts is None else watts_text(state.watts)
    if state.watts is not None and state.uncertainty_watts is not None:
        power += f" ± {watts_text(state.uncertainty_watts)}"
    counted = f"{'yes' if state.counted else 'no'}: {state.reason}"
    note = f" ({state.series.note})" if state.series.note else ""
    provenance = state.series.provenance.value + note
    cells = (key.component.value, key.device, key.zone, power, joules_text(state.joules), provenance)
    return Row((*cells, state.series.sensor, counted), "" if state.counted else "aside")


def _idle_row(key: SeriesKey, idle: IdleState) -> Row:
    source = f"{idle.source}, {idle.seconds:.0f} s, {time_text(idle.measured_wall)}"
    return Row(
        (key.component.value, key.device, key.zone, watts_text(idle.watts), watts_text(idle.spread_watts), source)
    )


def _sensor_row(sensor: SensorState) -> Row:
    refused = ", ".join(f"{count} {reason}" for reason, count in sensor.rejected.items())
    took = "" if sensor.read_seconds is None else f"{sensor.read_seconds * 1e3:.1f} ms"
    kind = sensor.status if sensor.status in ("up", "failing", "denied", "absent") else ""
    return Row((sensor.sensor, sensor.status, sensor.message, sensor.remedy, refused, took), kind)


def _intervals(intervals: Sequence[Interval], wall: float) -> str:
    shown = f" ({_MOST_INTERVALS} shown)" if len(intervals) > _MOST_INTERVALS else ""
    return table(
        f"Open intervals: {len(intervals)}{shown}",
        ("name", "job", "phase", "id", "begun", "#for"),
        (_interval_row(interval, wall) for interval in intervals[:_MOST_INTERVALS]),
        "None. Tag work with `joulecast run -- command`, or joulecast.interval in Python.",
    )


def _interval_row(interval: Interval, wall: float) -> Row:
    tag = interval.tag
    age = max(0.0, wall - interval.begin_wall)  # the wall clock may have been stepped back since
    return Row((tag.name, tag.job, tag.phase, interval.interval_id, time_text(interval.begin_wall), f"{age:,.0f} s"))
