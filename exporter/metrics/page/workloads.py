"""Whose energy it was: the workloads that were charged most, and openly what is idle and what is nobody's."""

import math
from collections.abc import Mapping

from exporter.metering.snapshot import BillState, LineState
from exporter.metrics.page.amounts import total_joules_text
from exporter.metrics.page.drawings import STACKED, split_bar
from exporter.metrics.page.markup import Child, Markup, element
from exporter.metrics.page.pieces import section
from exporter.metrics.page.tables import Column, Row, absent, note, table
from exporter.metrics.page.view import View
from joulecast.component import Component

MOST_SHOWN = 15
_COLUMNS = (
    Column("Workload"),
    Column("Energy so far", number=True),
    Column("Share", number=True),
    Column("CPU", number=True),
    Column("Memory", number=True),
    Column("GPU", number=True),
    Column("Parts"),
)
_MANAGERS = {"kubernetes": "Kubernetes", "containers": "container", "systemd": "systemd", "slurm": "SLURM job"}


def workloads_section(view: View) -> Markup | None:
    """The largest lines of the bill; nothing where energy is not attributed."""
    bill = view.snapshot.bill
    if bill is None:
        return None
    lines = sorted(bill.lines, key=_joules, reverse=True)
    shown = [line for line in lines[:MOST_SHOWN] if _joules(line) > 0]
    rest: list[tuple[str, str, Mapping[Component, float]]] = [
        ("Idle", "what the machine takes when nobody works", bill.idle),
        ("Unattributed", "used, and not to be charged to anybody", bill.unattributed),
    ]
    whole = math.fsum((*map(_joules, lines), *bill.idle.values(), *bill.unattributed.values()))
    most = max((*map(_joules, shown), *(math.fsum(parts.values()) for _, _, parts in rest)), default=0.0)
    rows = [_row("/".join(line.name), _name(line), _parts(line), whole, most) for line in shown]
    for name, meaning, parts in rest:
        rows.append(_row(name, (name, note(meaning)), parts, whole, most, kind="aside"))
    told = table("Energy by workload", _COLUMNS, rows, kind="workloads")
    return section("workloads", "Workloads", told, aside=_counts(bill, len(lines) - len(shown)))


def _row(key: str, name: Child, parts: Mapping[Component, float], whole: float, most: float, *, kind: str = "") -> Row:
    joules = math.fsum(parts.values())
    of = [total_joules_text(parts[each]) if each in parts else None for each in STACKED]
    share = f"{100 * joules / whole:.1f} %" if whole else absent("nothing yet")
    total = element("data", total_joules_text(joules), value=repr(joules))
    return Row(key, (name, total, share, *of, split_bar(parts, most)), kind)


def _name(line: LineState) -> Child:
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
