"""The sensors: which answer, what stands in the way of the others, and what to do about it."""

from exporter.metering.snapshot import SensorState
from exporter.metrics.page.markup import Child, Markup, element
from exporter.metrics.page.pieces import moment, section
from exporter.metrics.page.tables import Column, Row, absent, note, table
from exporter.metrics.page.view import View

_COLUMNS = (
    Column("Sensor"),
    Column("Status"),
    Column("What it says"),
    Column("What to do"),
    Column("Last reading"),
    Column("Refused", number=True),
)
_WORST_FIRST = ("failing", "denied", "up", "absent")  # what one can do something about comes first


def sensors_section(view: View) -> Markup:
    """Every sensor that was looked for."""
    sensors = sorted(view.snapshot.sensors, key=lambda sensor: _rank(sensor.status))
    if not sensors:
        return section("sensors", "Sensors", element("p", "No sensor was looked for yet.", class_="nothing"))
    told = table(
        "Sensors and what to do about them", _COLUMNS, (_row(each, view.wall) for each in sensors), kind="sensors"
    )
    troubled = sum(sensor.status in ("failing", "denied") for sensor in sensors)
    summary = f"{troubled} of {len(sensors)} could be helped" if troubled else None
    return section("sensors", "Sensors", told, aside=summary)


def _rank(status: str) -> int:
    return _WORST_FIRST.index(status) if status in _WORST_FIRST else 0


def _row(sensor: SensorState, now: float) -> Row:
    kind = sensor.status if sensor.status in _WORST_FIRST else "failing"
    cells = (
        sensor.sensor,
        element("span", sensor.status, class_=f"status {kind}"),
        sensor.message,
        element("span", sensor.remedy, class_="remedy") if sensor.remedy else None,
        _last(sensor, now),
        [note(f"{count} {reason.replace('_', ' ')}") for reason, count in sensor.rejected.items()] or "none",
    )
    return Row(sensor.sensor, cells, "aside" if kind == "absent" else "")


def _last(sensor: SensorState, now: float) -> Child:
    if sensor.last_success_wall is None:
        return absent("none yet")
    took = None if sensor.read_seconds is None else note(f"took {sensor.read_seconds * 1e3:.1f} ms")
    return (moment(sensor.last_success_wall, now), took)
