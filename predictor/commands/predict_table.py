"""Many answers as a table that fits a terminal, and below it what holds for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from joulecast.cli.table import Column, printable, rendered
from joulecast.client.readable import joules_text, seconds_text, watts_text
from joulecast.footprint.rates import NO_RATES, Rates
from predictor.commands.predict_footprint import day_cells, day_of
from predictor.commands.predict_text import departure_text, energy_per_day_text, model_lines, notes_of, number_text
from predictor.estimate import Description, Estimate, Quantity
from predictor.planning.answer import Answer
from predictor.planning.sweep import Row

_NONE = ""


def sweep_lines(
    rows: Sequence[Row],
    over: Sequence[str],
    description: Description,
    sample: str,
    width: int | None,
    *,
    rates: Rates = NO_RATES,
) -> Iterator[str]:
    """A row for each point: what was varied, and what it takes. Columns that would be empty are left out."""
    planned = any(row.answer is not None and row.answer.serving is not None for row in rows)
    columns = [
        *(Column(name, right=True) for name in over),
        *((Column("in flight", right=True), Column("replicas", right=True, expendable=2)) if planned else ()),
        *((Column("a token takes", right=True, expendable=4),) if planned else ()),
        Column("power", right=True),
        Column("P10 to P90", right=True, expendable=1),
        Column(f"per {sample}", right=True),
        Column("per token", right=True, expendable=3),
        Column("a day", right=True, expendable=5),
        Column("CO2e a day", right=True, expendable=5),
        Column("cost a day", right=True, expendable=5),
        Column("in domain", flexible=True),
    ]
    cells = [[*(f"{row.numbers[name]:g}" for name in over), *_cells(row, rates, planned=planned)] for row in rows]
    filled = [place for place in range(len(columns)) if any(row[place] for row in cells)]
    yield from rendered(
        [columns[place] for place in filled], [[row[place] for place in filled] for row in cells], width
    )
    yield ""
    notes = [
        note
        for row in rows
        if row.answer is not None
        for note in notes_of(row.answer, description, day_of(row.answer.estimate, rates))
    ]
    yield from (f"note: {printable(note)}" for note in _of_all(notes, sum(row.answer is not None for row in rows)))
    yield from model_lines(description)


def _cells(row: Row, rates: Rates, *, planned: bool) -> list[str]:
    before = 3 if planned else 0
    if row.answer is None:
        return [*[_NONE] * (before + 7), f"cannot be: {row.problem}"]
    return [
        *(_serving_cells(row.answer) if planned else []),
        *_figures(row.answer.estimate),
        *day_cells(day_of(row.answer.estimate, rates)),
        _domain(row.answer),
    ]


def _serving_cells(answer: Answer) -> list[str]:
    it = answer.serving
    if it is None:
        return [_NONE] * 3
    return [number_text(it.concurrency), str(it.replicas), seconds_text(it.seconds_per_token)]


def _figures(it: Estimate) -> list[str]:
    return [
        _text(it.power_watts, watts_text),
        "" if it.power_watts is None else f"{it.power_watts.p10:.0f} to {watts_text(it.power_watts.p90)}",
        _text(it.joules_per_sample, joules_text),
        _text(it.joules_per_output_token, joules_text),
        _text(it.kilowatt_hours_per_day, energy_per_day_text),
    ]


def _text(quantity: Quantity | None, text: object) -> str:
    return "" if quantity is None else str(text(quantity.value))  # type: ignore[operator]


def _domain(answer: Answer) -> str:
    left = answer.estimate.departures
    return "yes" if not left else "no: " + "; ".join(departure_text(each) for each in left)


def _of_all(notes: Sequence[str], rows: int) -> list[str]:
    """The notes that every answer has, in order; what is said of single points is read when one of them is asked."""
    return [note for note in dict.fromkeys(notes) if notes.count(note) == rows]
