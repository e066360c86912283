"""Whose energy it was: the workloads that were charged most, and openly what is idle and what is nobody's."""

import math
from collections.abc import Mapping

from exporter.attribution.workload import OTHER
from exporter.metering.snapshot import BillState, LineState, Snapshot
from exporter.metrics.page.amounts import total_joules_text
from exporter.metrics.page.drawings import split_bar
from exporter.metrics.page.markup import Child, Markup, element
from exporter.metrics.page.pieces import COMPONENT_NAMES, section
from exporter.metrics.page.tables import Column, Row, absent, note, table
from exporter.metrics.page.view import View
from joulecast.component import Component

MOST_SHOWN = 15
_COLUMNS = (Column("Workload"), Column("Energy so far", number=True), Column("Share", number=True), Column("Parts"))
_OTHER = (OTHER.manager.value, OTHER.namespace, OTHER.pod, OTHER.container, OTHER.unit)
_MANAGERS = {"kubernetes": "Kubernetes", "containers": "container", "systemd": "systemd", "slurm": "SLURM job"}


def workloads_section(view: View) -> Markup | None:
    """The largest lines of the bill; nothing where energy is not attributed."""
    snapshot = view.snapshot
    bill = snapshot.bill
    if bill is None:
        return None
    lines = sorted(bill.lines, key=_joules, reverse=True)
    shown = [line for line in lines[:MOST_SHOWN] if _joules(line) > 0]
    if not shown:
        nothing = "No workload was charged yet: all energy is idle or unattributed."
        return section("workloads", "Workloads", element("p", nothing, class_="nothing"))
    not_theirs = (bill.idle, bill.unattributed, bill.retired)
    whole = math.fsum((*map(_joules, lines), *(joules for each in not_theirs for joules in each.values())))
    most = _joules(shown[0])
    rows = [
        *(_row("/".join(line.name), _name(line), _parts(line), whole, most) for line in shown),
        _row("idle", ("Idle", note("taken when nobody works")), _known_idle(bill, snapshot), whole),
        _row("unattributed", ("Unattributed", note("used, and nobody's to pay")), bill.unattributed, whole),
    ]
    if bill.retired:
        earlier = ("Earlier workloads", note("ended a while ago, or made room for others"))
        rows.insert(-2, _row("retired", earlier, bill.retired, whole))
    told = table("Energy by workload", _COLUMNS, rows, kind="workloads")
    return section("workloads", "Workloads", told, aside=_counts(bill, len(lines) - len(shown)))


def _row(key: str, name: Child, parts: Mapping[Component, float], whole: float, most: float | None = None) -> Row:
    kind = "aside" if most is None else ""
    if not parts:
        return Row(key, (name, absent("not known"), absent("not known", quiet=True), None), kind)
    joules = math.fsum(parts.values())
    words = " · ".join(_unbroken(f"{COMPONENT_NAMES[each]} {total_joules_text(part)}") for each, part in parts.items())
    bar = None if most is None else split_bar(parts, most)
    total = element("data", total_joules_text(joules), value=repr(joules))
    return Row(key, (name, total, _share(joules, whole), (bar, note(words))), kind)


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _share(joules: float, whole: float) -> str:
    percent = 100 * joules / whole if whole else 0.0
    return "< 0.1 %" if 0 < percent < 0.1 else f"{percent:.1f} %"


def _known_idle(bill: BillState, snapshot: Snapshot) -> dict[Component, float]:
    """Without a baseline no energy is told to be idle: that is not to say that none was."""
    with_baseline = {key.component for key in snapshot.idle}
    return {component: joules for component, joules in bill.idle.items() if joules or component in with_baseline}


def _name(line: LineState) -> Child:
    if line.name == _OTHER:
        return ("Other workloads", note("too small for a line of their own"))
    manager, namespace, pod, container, unit = line.name
    first = unit or "/".join(filter(None, (pod, container)))
    second = " · ".join(filter(None, (namespace, _MANAGERS.get(manager, manager))))
    held = None
    if line.allocated_idle:
        held = note(f"{total_joules_text(line.allocated_idle)} of GPUs that it held and did not use")
    return (element("span", first, class_="break"), note(element("span", second, class_="break")), held)


def _parts(line: LineState) -> dict[Component, float]:
    parts = {Component.CPU: line.cpu, Component.DRAM: line.dram, Component.GPU: line.gpu}
    return {component: joules for component, joules in parts.items() if joules is not None}


def _joules(line: LineState) -> float:
    return math.fsum(_parts(line).values())


def _counts(bill: BillState, hidden: int) -> str:
    told = [
        f"{bill.counts[state]:,} {state}" for state in ("running", "finished", "unmapped") if bill.counts.get(state)
    ]
    if hidden > 0:
        told.append(f"{hidden:,} not shown")
    return ", ".join(told)
