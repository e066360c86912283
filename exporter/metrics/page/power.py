"""Node power: the one figure, its last minutes, what it is made of, and every device behind it."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exporter.metering.snapshot import IdleState, SeriesState, Snapshot
from exporter.metrics.page import drawings
from exporter.metrics.page.amounts import grams, moment_text, money, total_joules_text, watts
from exporter.metrics.page.history import STEP_SECONDS, Step
from exporter.metrics.page.markup import Child, Markup, element
from exporter.metrics.page.pieces import COMPONENT_NAMES, component_mark, provenance_mark, quantity, section
from exporter.metrics.page.tables import Column, Row, absent, note, table
from exporter.metrics.page.view import View
from joulecast.component import Component, is_node_part
from joulecast.footprint.footprint import footprint_of
from joulecast.footprint.rates import Rates
from joulecast.provenance import Provenance, weakest

_DEVICE_COLUMNS = (
    Column("Device"),
    Column("Power", number=True),
    Column("Level"),
    Column("Idle", number=True),
    Column("Energy so far", number=True),
    Column("How it is known"),
)
_HOUR_SECONDS = 3600.0
_NO_POWER = "no sensor that counts gives a reading"


@dataclass(frozen=True, slots=True)
class Power:
    """Watts of several series at once. Their errors may all lean one way, so half-widths are added up."""

    watts: float
    half_width: float | None  # None if that of any part is not known
    provenance: Provenance | None


def sum_of(states: Sequence[SeriesState]) -> Power | None:
    """The power of those that show any; None if none does."""
    known = [(state.watts, state.uncertainty_watts, state) for state in states if state.watts is not None]
    if not known:
        return None
    half_widths = [half_width for _, half_width, _ in known if half_width is not None]
    return Power(
        math.fsum(value for value, _, _ in known),
        math.fsum(half_widths) if len(half_widths) == len(known) else None,
        weakest(state.series.provenance for _, _, state in known),
    )


def power_section(view: View) -> Markup:
    """The figure, the chart and the components."""
    snapshot = view.snapshot
    hero = element(
        "div", element("div", _figure(snapshot, view.rates), class_="figure"), _chart(view.history), class_="hero"
    )
    return section("power", "Node power", hero, _components(snapshot))


def devices_section(view: View) -> Markup:
    """Every series, also those that are shown and not added."""
    snapshot = view.snapshot
    if not snapshot.series:
        return section("devices", "Devices", element("p", "No sensor gives power yet.", class_="nothing"))
    full = max((_most(state) for state in snapshot.series), default=0.0)
    rows = (_device_row(state, snapshot, full) for state in snapshot.series)
    remark = None
    if not snapshot.idle:
        command = element("code", "joulecast idle")
        remark = element(
            "p",
            ("Idle power is not known yet, so net energy is not either: run ", command, " while the machine is idle."),
            class_="remark",
        )
    return section("devices", "Devices", remark, table("Power by device", _DEVICE_COLUMNS, rows, kind="devices"))


def _figure(snapshot: Snapshot, rates: Rates) -> Iterator[Markup]:
    power = sum_of([state for state in snapshot.series if state.counted])
    if snapshot.node_watts is None or power is None:
        yield element("p", "\N{EN DASH}", class_="watts")
        yield element("p", f"Node power is not known: {_NO_POWER}. ", element("a", "See the sensors", href="#sensors"))
        return
    amount = watts(snapshot.node_watts, power.half_width)
    yield element("p", quantity(snapshot.node_watts, amount), class_="watts")
    so_far = None if snapshot.node_joules is None else f"{total_joules_text(snapshot.node_joules)} so far"
    yield element("p", provenance_mark(snapshot.node_provenance), " ", so_far, class_="beneath")
    silent = Counter(state.series.key.component for state in snapshot.series if state.counted and state.watts is None)
    if silent:
        parts = ", ".join(f"{count} {COMPONENT_NAMES[component]}" for component, count in silent.items())
        yield element("p", f"Without {parts}: no reading", class_="beneath warn")
    hourly = footprint_of(rates, snapshot.node_watts * _HOUR_SECONDS)
    told = [] if hourly.grams_co2e is None else [str(grams(hourly.grams_co2e))]
    if hourly.cost is not None:
        told.append(str(money(hourly.cost, hourly.currency)))
    if told:
        yield element("p", f"{' · '.join(told)} per hour", class_="beneath")


def _chart(history: Sequence[Step]) -> Markup:
    known = [sum(step.watts.values()) for step in history]
    if not known:
        return element("div", element("p", "The chart begins with the first reading.", class_="nothing"), class_="past")
    top = drawings.rounded_top(max(known))
    span = drawings.span_of(history)
    label = f"Node power over the last {_ago(span)}, between {watts(min(known))} and {watts(max(known))}"
    return element(
        "figure",
        element("span", f"{top:,g} W", class_="axis top", aria_hidden="true"),
        drawings.power_chart(history, span, top, label),
        element("span", f"{_ago(span)} ago", class_="axis from", aria_hidden="true"),
        element("span", "now", class_="axis to", aria_hidden="true"),
        class_="past",
    )


def _ago(steps: int) -> str:
    seconds = steps * STEP_SECONDS
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _components(snapshot: Snapshot) -> Markup | None:
    groups: dict[Component, list[SeriesState]] = {}
    for state in snapshot.series:
        if state.counted:
            groups.setdefault(state.series.key.component, []).append(state)
    if not groups:
        return None
    powers = {component: sum_of(states) for component, states in groups.items()}
    ends = [power.watts + (power.half_width or 0.0) for power in powers.values() if power is not None]
    full = max(snapshot.node_watts or 0.0, *ends, 0.0)
    items = (_component(each, states, powers[each], snapshot.node_watts, full) for each, states in groups.items())
    return element("ul", items, class_="components", aria_label="Power by component")


def _component(
    component: Component, states: Sequence[SeriesState], power: Power | None, node_watts: float | None, full: float
) -> Markup:
    name = element("p", component_mark(component), _number_of(component, states), class_="name")
    if power is None:
        return element("li", name, element("p", absent("no reading"), class_="amount"), data_key=component.value)
    amount = quantity(power.watts, watts(power.watts, power.half_width))
    share = f"{100 * power.watts / node_watts:.0f} %" if node_watts else ""
    return element(
        "li",
        name,
        element("p", amount, class_="amount"),
        drawings.power_bar(component, power.watts, power.half_width, full, power.provenance),
        element("p", provenance_mark(power.provenance), element("span", share, class_="share"), class_="beneath"),
        data_key=component.value,
    )


def _number_of(component: Component, states: Sequence[SeriesState]) -> Markup | None:
    if len(states) < 2 or component is Component.DRAM:  # memory has no pieces a person would count
        return None
    return element("span", f" \N{MULTIPLICATION SIGN} {len(states)}", class_="times")


def _most(state: SeriesState) -> float:
    return (state.watts or 0.0) + (state.uncertainty_watts or 0.0)


def _device_row(state: SeriesState, snapshot: Snapshot, full: float) -> Row:
    series = state.series
    key = series.key
    power: Child = absent("no reading")
    bar = None
    if state.watts is not None:
        power = quantity(state.watts, watts(state.watts, state.uncertainty_watts))
        bar = drawings.power_bar(key.component, state.watts, state.uncertainty_watts, full, series.provenance)
    summary = element("summary", provenance_mark(series.provenance), " ", series.sensor)
    how = element("details", summary, element("p", _standing(state), class_="note"))
    cells = (
        (component_mark(key.component), note(_device_text(state, snapshot))),
        power,
        bar,
        _idle(snapshot.idle.get(key)),
        total_joules_text(state.joules),
        how,
    )
    return Row(
        f"{key.component.value}/{key.device}/{key.zone}/{series.sensor}", cells, "" if state.counted else "aside"
    )


def _standing(state: SeriesState) -> str:
    stands = "counted" if state.counted else "not counted"
    return "; ".join(filter(None, (f"{stands}: {state.reason}", state.series.note)))


def _device_text(state: SeriesState, snapshot: Snapshot) -> str:
    key = state.series.key
    gpu = next((gpu for gpu in snapshot.gpus if gpu.uuid == key.device), None)
    if gpu is not None:
        return f"{gpu.index} · {gpu.model}"
    # RAPL names sockets by number; what stands for a whole socket needs no further name.
    device = f"socket {key.device}" if key.device.isdecimal() else key.device
    zone = "" if is_node_part(key) and key.zone != key.device else key.zone
    return " ".join(filter(None, (device, zone))) or COMPONENT_NAMES[key.component]


def _idle(idle: IdleState | None) -> Child:
    if idle is None:
        return absent("not known")
    source = f"{idle.source}, {idle.seconds:.0f} s"
    when = element("span", note(source), title=f"measured {moment_text(idle.measured_wall)}")
    return (quantity(idle.watts, watts(idle.watts, idle.spread_watts)), when)
