"""Evaluations as people read them: one sentence, one table of all and of its parts, and what else to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from joulecast.cli.table import Column, printable, rendered
from predictor.commands.evaluate_document import notes_of
from predictor.scoring.asking import Asked
from predictor.scoring.breakdown import Part, part, parts
from predictor.scoring.scores import Scores

COLUMNS = (
    Column("", flexible=True),
    Column("records", right=True),
    Column("MAPE %", right=True),
    Column("median %", right=True),
    Column("R2 log", right=True),
    Column("in 2x", right=True),
    Column("in band", right=True),
    Column("inside", right=True),
)
"""Of the table of errors of models as they are."""

LEGEND = "in band: truths within P10 to P90, where 80 % should be; inside: records within what was in training"

_REASONS = 5


def asked_lines(asked: Asked, width: int | None) -> Iterator[str]:
    """Everything about records answered by models as they are."""
    yield sentence(part(asked.answers).scores)
    yield ""
    yield from rendered(COLUMNS, list(asked_rows(asked)), width)
    yield LEGEND
    reasons = list(unanswered_lines(asked))
    if reasons:
        yield ""
        yield from reasons
    notes = notes_of(asked)
    if notes:
        yield ""
        yield from (f"note: {printable(note)}" for note in notes)


def asked_rows(asked: Asked) -> Iterator[Sequence[str]]:
    """The rows of COLUMNS: all, inside and outside the domain, by model, source and device."""
    whole = part(asked.answers)
    models = {
        f"{model.description.name} {model.description.version}": part(asked.answers.take(asked.of_model(place)))
        for place, model in enumerate(asked.models)
    }
    yield row("all", whole.scores, whole.share)
    yield row("  in domain", whole.inside)
    yield row("  outside", whole.outside)
    yield from _section("model", {name: each for name, each in models.items() if each.scores.records})
    for title, names in (
        ("source", [each.source for each in asked.records]),
        ("device", [each.device for each in asked.records]),
    ):
        found = parts(asked.answers, names)
        yield from _section(title, found) if len(found) > 1 else ()


def unanswered_lines(asked: Asked) -> Iterator[str]:
    """How many records have no answer, and why."""
    reasons = Counter(reason for reason in asked.reasons if reason).most_common()
    if reasons:
        yield f"{sum(count for _, count in reasons)} records were not answered:"
    yield from (f"  {count}: {printable(reason)}" for reason, count in reasons[:_REASONS])
    rest = sum(count for _, count in reasons[_REASONS:])
    if rest:
        yield f"  {rest}: for other reasons (--json lists them)"


def sentence(it: Scores) -> str:
    """The figures in one line."""
    total = it.records + it.unanswered
    if it.mape is None or it.median_ape is None:
        return f"none of {total} records was answered"
    answered = f"{total} records" if not it.unanswered else f"{it.records} of {total} records answered"
    return f"{answered}: off by {it.mape:.1%} on average, {it.median_ape:.1%} in the median"


def _section(title: str, found: Mapping[str, Part]) -> Iterator[Sequence[str]]:
    if found:
        yield (f"by {title}", *[""] * (len(COLUMNS) - 1))
    yield from (row(f"  {name}", each.scores, each.share) for name, each in found.items())


def row(name: str, it: Scores, share: float | None = None) -> Sequence[str]:
    """One row of COLUMNS; what cannot be said is empty."""
    return (
        name,
        f"{it.records}" if not it.unanswered else f"{it.records}/{it.records + it.unanswered}",
        percent(it.mape),
        percent(it.median_ape),
        "" if it.r2_log is None else f"{it.r2_log:.3f}",
        whole_percent(it.within_factor_two),
        whole_percent(it.band_coverage),
        whole_percent(share),
    )


def percent(ratio: float | None) -> str:
    """A ratio in percent, with a digit of it."""
    return "" if ratio is None else f"{100 * ratio:.1f}"


def whole_percent(ratio: float | None) -> str:
    """A share in whole percent."""
    return "" if ratio is None else f"{ratio:.0%}"
