"""Intervals: the ones that run, with their energy so far, and the latest that ended, as their clients got it."""

import math
from collections.abc import Iterator, Sequence

from exporter.intervals.interval import Energy, Interval, Status
from exporter.metrics.page.amounts import grams, joules, money, watts
from exporter.metrics.page.drawings import split_bar
from exporter.metrics.page.markup import Child, Markup, element
from exporter.metrics.page.pieces import COMPONENT_NAMES, moment, provenance_mark, quantity, section
from exporter.metrics.page.tables import Column, Row, absent, note, table
from exporter.metrics.page.view import View
from joulecast.client.readable import seconds_text
from joulecast.component import Component
from joulecast.footprint.footprint import footprint_of
from joulecast.footprint.rates import Rates

_RUNNING = (
    Column("Interval"),
    Column("For", number=True),
    Column("Gross so far", number=True),
    Column("Idle", number=True),
    Column("Net", number=True),
    Column("Parts"),
)
_ENDED = (
    Column("Interval"),
    Column("Took", number=True),
    Column("Gross", number=True),
    Column("Idle", number=True),
    Column("Net", number=True),
    Column("That is", number=True),
    Column("Parts"),
)
_AT_ONCE = 10
_NO_IDLE = "idle not known"


def intervals_section(view: View) -> Markup:
    """Two tables, or how to begin."""
    sight = view.intervals
    parts: list[Child] = []
    if sight.running:
        shown = f" ({len(sight.running)} newest shown)" if sight.running_in_all > len(sight.running) else ""
        parts.append(element("h3", f"Running: {sight.running_in_all:,}{shown}"))
        running = (_running_row(interval, view.wall) for interval in sight.running)
        parts.append(table("Running intervals", _RUNNING, running, kind="intervals running"))
    if sight.ended:
        parts.append(element("h3", "Latest ended"))
        rows = [_ended_row(interval, view.wall, view.rates) for interval in sight.ended]
        parts.append(table("Intervals that ended last", _ENDED, rows[:_AT_ONCE], kind="intervals ended"))
        if len(rows) > _AT_ONCE:
            earlier = table("Intervals that ended earlier", _ENDED, rows[_AT_ONCE:], kind="intervals ended")
            parts.append(
                element("details", element("summary", f"{len(rows) - _AT_ONCE} earlier"), earlier, id="earlier")
            )
    if sight.problem:
        parts.append(element("p", f"Earlier intervals cannot be shown: {sight.problem}", class_="remark"))
    if not sight.running and not sight.ended:
        parts.append(_how_to_begin())
    return section("intervals", "Intervals", *parts)


def _how_to_begin() -> Markup:
    ways = (
        element("code", "joulecast run -- COMMAND"),
        ", or ",
        element("code", "joulecast.interval(...)"),
        " in Python.",
    )
    return element("p", "None yet. Tag work with ", ways, class_="nothing")


def _running_row(interval: Interval, now: float) -> Row:
    # The wall clock may have been stepped back since.
    age = max(0.0, now - interval.begin_wall)
    energy = _energy(interval)
    cells = (
        _name(interval),
        (f"{age:.0f} s" if age < 100 else seconds_text(age), note(("since ", moment(interval.begin_wall, now)))),
        *_joules(energy, "first samples are awaited"),
        _parts(interval),
    )
    return Row(interval.interval_id, cells)


def _ended_row(interval: Interval, now: float, rates: Rates) -> Row:
    energy = _energy(interval)
    waiting = "settling" if interval.account is None else "not observed"
    ended = None if interval.end_wall is None else note(("ended ", moment(interval.end_wall, now)))
    cells = (
        _name(interval),
        (seconds_text(interval.duration_seconds), ended),
        *_joules(energy, waiting),
        [*_per_count(interval), *_footprint(energy, rates)],
        _parts(interval),
    )
    return Row(interval.interval_id, cells)


def _energy(interval: Interval) -> Energy | None:
    return None if interval.account is None else interval.account.node


def _name(interval: Interval) -> Child:
    tag = interval.tag
    under = " · ".join(filter(None, (tag.job, tag.phase)))
    notes = [*interval.notes, *(interval.account.notes if interval.account else ())]
    return (
        element("span", tag.name or "unnamed", class_="break"),
        element("span", "truncated", class_="mark truncated") if interval.status is Status.TRUNCATED else None,
        note(element("span", under, class_="break")) if under else None,
        _notes(notes),
    )


def _notes(notes: Sequence[str]) -> Markup | None:
    if not notes:
        return None
    summary = element("summary", "1 note" if len(notes) == 1 else f"{len(notes)} notes")
    return element("details", summary, (note(element("span", text, class_="break")) for text in notes), class_="note")


def _joules(energy: Energy | None, waiting: str) -> tuple[Child, Child, Child]:
    """Gross, idle and net. Sampling error and calibration stay two numbers: only one shrinks with time."""
    if energy is None or energy.gross_joules is None:
        return absent(waiting), absent(waiting, quiet=True), absent(waiting, quiet=True)
    half_width = energy.uncertainty_joules
    calibration = energy.calibration_uncertainty_joules
    gross = (
        quantity(energy.gross_joules, joules(energy.gross_joules, half_width), "gross"),
        note(f"calibration ± {joules(calibration)}") if calibration else None,
        note("shorter than two sensor updates") if energy.below_resolution else None,
        note(f"{min(99.9, 100 * energy.coverage):.1f} % observed") if energy.coverage < 1 else None,
    )
    if energy.idle_joules is None or energy.net_joules is None:
        return gross, absent(_NO_IDLE), absent(_NO_IDLE, quiet=True)
    idle_width = energy.idle_uncertainty_joules
    net_width = half_width if idle_width is None else math.hypot(half_width, idle_width)
    idle = quantity(energy.idle_joules, joules(energy.idle_joules, idle_width), "idle")
    return gross, idle, quantity(energy.net_joules, joules(energy.net_joules, net_width), "net")


def _per_count(interval: Interval) -> Iterator[Markup]:
    gross = interval.account.node.gross_joules if interval.account else None
    for what, count in interval.counts.items():
        if gross is not None and count:
            name = element("small", " per ", element("span", what, class_="break"), class_="unit")
            yield element("div", quantity(gross / count, joules(gross / count)), name, data_key=what)


def _footprint(energy: Energy | None, rates: Rates) -> Iterator[Markup]:
    """Derived at the rates of now, so beside the energy and never in it."""
    if energy is None:
        return
    found = footprint_of(rates, energy.gross_joules, energy.uncertainty_joules)
    if found.grams_co2e is not None:
        amount = grams(found.grams_co2e, found.uncertainty_grams_co2e)
        yield element("div", quantity(found.grams_co2e, amount), data_key="co2e")
    if found.cost is not None:
        yield element("div", quantity(found.cost, money(found.cost, found.currency)), data_key="cost")


def _parts(interval: Interval) -> Child:
    if interval.account is None:
        return None
    known = {
        component: energy.gross_joules
        for component, energy in interval.account.components.items()
        if energy.gross_joules is not None
    }
    if not known:
        return None
    seconds = interval.duration_seconds
    gross = interval.account.node.gross_joules
    mean = f" mean {watts(gross / seconds)}" if gross is not None and seconds else ""
    return (
        split_bar(known),
        note(_shares(known)),
        element("p", provenance_mark(interval.account.node.provenance), mean, class_="note"),
    )


def _shares(known: dict[Component, float]) -> str:
    whole = math.fsum(known.values())
    if not whole:
        return " · ".join(COMPONENT_NAMES[component] for component in known)
    return " · ".join(
        f"{COMPONENT_NAMES[c]}\N{NO-BREAK SPACE}{100 * value / whole:.0f}\N{NO-BREAK SPACE}%"
        for c, value in known.items()
    )
