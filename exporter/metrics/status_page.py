"""The page people see at `/`: what this node uses now, from which sensors, and what stands in the way of more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files

from exporter.intervals.interval import Interval
from exporter.metering.snapshot import EMPTY, IdleState, SensorState, SeriesState, Snapshot
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import SeriesKey
from joulecast.quantities import kilowatt_hours_from_joules
from joulecast.version import __version__

_REFRESH_SECONDS = 5
_MOST_INTERVALS = 50  # a page is for people; `joulecast intervals list` shows all


@dataclass(frozen=True, slots=True)
class About:
    """What the page says about the exporter itself. `replaying` names the capture or simulation behind all numbers."""

    hostname: str = ""
    grpc_address: str = ""
    replaying: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    cells: Sequence[str]
    kind: str = ""  # one of the stylesheet's words, never data


def status_page(
    snapshot: Snapshot, open_intervals: Sequence[Interval], about: About, trouble: str | None, wall: float
) -> str:
    """Return the page as HTML that needs no other resource; every text from outside is escaped."""
    body = "\n".join(
        (
            _header(snapshot, about),
            *_banners(about, trouble),
            _node(snapshot),
            _table(
                "Power",
                ("component", "device", "zone", "#power", "#energy", "provenance", "sensor", "in node power"),
                map(_series_row, snapshot.series),
                "No sensor gives power yet.",
            ),
            _table(
                "Usage", ("of", "device", "detail", "#value"), map(_usage_row, snapshot.usage), "No usage is known yet."
            ),
            _table(
                "Idle baseline",
                ("component", "device", "zone", "#power", "#spread", "from"),
                (_idle_row(key, idle) for key, idle in snapshot.idle.items()),
                "Not known yet, so net energy is not either: run `joulecast idle` on the idle machine.",
            ),
            _table(
                "Sensors",
                ("sensor", "status", "what it says", "what to do", "#refused readings", "#last read took"),
                map(_sensor_row, snapshot.sensors),
                "No sensor was looked for yet.",
            ),
            _intervals(open_intervals, wall),
        )
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(_title(about))}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="refresh" content="{_REFRESH_SECONDS}"><link rel="icon" href="data:,">\n'
        f"<style>{_style()}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


@cache
def _style() -> str:
    return files("exporter.metrics").joinpath("status_page.css").read_text("utf-8")


def _title(about: About) -> str:
    return f"Joulecast on {about.hostname}" if about.hostname else "Joulecast"


def _header(snapshot: Snapshot, about: About) -> str:
    seen = "no reading yet" if snapshot is EMPTY else f"as of {_time(snapshot.wall)}"
    grpc = f"intervals: {about.grpc_address}" if about.grpc_address else ""
    facts = "".join(f"<p>{escape(fact)}</p>" for fact in (f"version {__version__}", seen, grpc) if fact)
    links = "".join(f'<a href="{path}">{path}</a>' for path in ("/metrics", "/-/healthy", "/-/ready"))
    return f"<header><h1>{escape(_title(about))}</h1>{facts}<nav>{links}</nav></header>"


def _banners(about: About, trouble: str | None) -> Iterable[str]:
    if about.replaying:
        yield (f'<p class="banner" role="alert">Not this machine: all numbers come from {escape(about.replaying)}.</p>')
    if trouble:
        yield f'<p class="banner bad" role="alert">Not healthy: {escape(trouble)}.</p>'


def _node(snapshot: Snapshot) -> str:
    if snapshot.node_watts is None:
        return '<p class="node">Node power is not known: no sensor that counts towards it gives a reading.</p>'
    provenance = snapshot.node_provenance.value if snapshot.node_provenance else "unknown"
    energy = "" if snapshot.node_joules is None else f" · {_joules(snapshot.node_joules)} so far"
    return f'<p class="node"><strong>{_watts(snapshot.node_watts)}</strong> node power, {provenance}{energy}</p>'


def _series_row(state: SeriesState) -> _Row:
    key = state.series.key
    power = "no reading" if state.watts is None else _watts(state.watts)
    if state.watts is not None and state.uncertainty_watts is not None:
        power += f" ± {_watts(state.uncertainty_watts)}"
    counted = f"{'yes' if state.counted else 'no'}: {state.reason}"
    note = f" ({state.series.note})" if state.series.note else ""
    provenance = state.series.provenance.value
    cells = (key.component.value, key.device, key.zone, power, _joules(state.joules), provenance + note)
    return _Row((*cells, state.series.sensor, counted), "" if state.counted else "aside")


def _usage_row(reading: UsageReading) -> _Row:
    subject, _, unit = reading.gauge.value.rpartition("_")
    detail = reading.detail
    match unit:
        case "ratio":
            value = f"{reading.value:.1%}"
        case "bytes":
            value = f"{reading.value / 1024**3:.1f} GiB"
        case "hertz":
            value = f"{reading.value / 1e6:.0f} MHz"
        case "celsius":
            value = f"{reading.value:.0f} °C"
        case "watts":
            value = _watts(reading.value)
        case _:
            subject, value = reading.gauge.value, "yes" if reading.value else "no"
    if reading.gauge is Gauge.TEMPERATURE:
        subject = f"{reading.component} temperature"
    return _Row((subject.replace("_", " "), reading.device, detail, value))


def _idle_row(key: SeriesKey, idle: IdleState) -> _Row:
    source = f"{idle.source}, {idle.seconds:.0f} s, {_time(idle.measured_wall)}"
    return _Row((key.component.value, key.device, key.zone, _watts(idle.watts), _watts(idle.spread_watts), source))


def _sensor_row(sensor: SensorState) -> _Row:
    refused = ", ".join(f"{count} {reason}" for reason, count in sensor.rejected.items())
    took = "" if sensor.read_seconds is None else f"{sensor.read_seconds * 1e3:.1f} ms"
    kind = sensor.status if sensor.status in ("up", "failing", "denied", "absent") else ""
    return _Row((sensor.sensor, sensor.status, sensor.message, sensor.remedy, refused, took), kind)


def _intervals(intervals: Sequence[Interval], wall: float) -> str:
    rows = (
        _Row(
            (
                interval.tag.name,
                interval.tag.job,
                interval.tag.phase,
                interval.interval_id,
                _time(interval.begin_wall),
                f"{max(0.0, wall - interval.begin_wall):,.0f} s",
            )
        )
        for interval in intervals[:_MOST_INTERVALS]
    )
    more = len(intervals) - _MOST_INTERVALS
    title = f"Open intervals: {len(intervals)}" + (f" ({_MOST_INTERVALS} shown)" if more > 0 else "")
    heads = ("name", "job", "phase", "id", "begun", "#for")
    return _table(
        title, heads, rows, "None. Tag work with `joulecast run -- command`, or joulecast.interval in Python."
    )


def _table(title: str, heads: Sequence[str], rows: Iterable[_Row], empty: str) -> str:
    """Lay rows out under `heads`; a head that starts with # marks a column of numbers."""
    lines = [_line(row, heads) for row in rows]
    if not lines:
        return f'<h2>{escape(title)}</h2>\n<p class="none">{escape(empty)}</p>'
    head = "".join(f"<th{_number(name)}>{escape(name.removeprefix('#'))}</th>" for name in heads)
    return (
        f'<h2>{escape(title)}</h2>\n<div class="scroll"><table>\n<tr>{head}</tr>\n'
        + "\n".join(lines)
        + "\n</table></div>"
    )


def _line(row: _Row, heads: Sequence[str]) -> str:
    cells = "".join(f"<td{_number(name)}>{escape(cell)}</td>" for name, cell in zip(heads, row.cells, strict=True))
    return f'<tr class="{row.kind}">{cells}</tr>' if row.kind else f"<tr>{cells}</tr>"


def _number(head: str) -> str:
    return ' class="number"' if head.startswith("#") else ""


def _watts(watts: float) -> str:
    return f"{watts:,.1f} W" if abs(watts) >= 10 else f"{watts:.2f} W"


def _joules(joules: float) -> str:
    kilowatt_hours = kilowatt_hours_from_joules(joules)
    if kilowatt_hours >= 1:
        return f"{kilowatt_hours:,.2f} kWh"
    return f"{joules / 1e3:,.1f} kJ" if joules >= 1e3 else f"{joules:.1f} J"


def _time(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
