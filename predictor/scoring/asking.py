"""Models asked about measured records: each record goes to the first model of its kind that can answer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.estimate import InvalidFeature, Model, Quantity, QuantityColumn, Question
from predictor.planning.host_share import NOTE, with_host
from predictor.points import truth_of
from predictor.record import Record
from predictor.scoring.answers import Answers, tables

QUESTIONS: Mapping[str, tuple[Question, ...]] = {
    "generative": (Question.GENERATIVE_KNOWN_RUNTIME, Question.GENERATIVE_A_PRIORI, Question.NODE_POWER),
    "diffusion": (Question.DIFFUSION, Question.NODE_POWER),
    "discriminative": (Question.DISCRIMINATIVE, Question.NODE_POWER),
}
"""What is asked about records of a kind, in this order: where more is known, less is guessed."""

_PREFERRED = ("joules_per_sample", "joules_per_output_token", "power_watts")
_GPUS_AND_HOST = frozenset({"wall", "gpu+cpu+dram", "gpu+cpu"})


@dataclass(frozen=True)
class Asked:
    """Records beside their answers, row by row: who answered (a place in `models`, -1 is nobody), and why nobody did.

    What is compared is the energy of a sample, else that of a token, else power: the first both measured and answered.
    """

    records: Sequence[Record]
    models: Sequence[Model]
    answers: Answers
    model: NDArray[np.intp]
    reasons: Sequence[str]
    notes: Sequence[str]

    def of_model(self, place: int) -> NDArray[np.bool_]:
        """The rows that one model answered."""
        return np.asarray(self.model == place)


def ask(models: Sequence[Model], records: Sequence[Record]) -> Asked:
    """Ask about every record the models that answer for its kind, one after the other until one can."""
    found = Answers.empty(len(records))
    who = np.full(len(records), -1, dtype=np.intp)
    reasons = ["" for _ in records]
    with_hosts = 0
    for kind in sorted({each.kind for each in records}):
        rows = np.array([row for row, each in enumerate(records) if each.kind == kind])
        for row in rows.tolist():
            reasons[row] = f"no model answers for {kind} records"
        for place in _for_kind(models, kind):
            waiting = rows[who[rows] < 0]
            part, why, hosts = ask_model(models[place], [records[row] for row in waiting.tolist()])
            with_hosts += hosts
            found.put(waiting, part)
            who[waiting[part.answered]] = place
            for row, reason in zip(waiting.tolist(), why, strict=True):
                reasons[row] = reason
    notes = [f"{with_hosts} records are of GPUs and what is around them: {NOTE}"] if with_hosts else []
    return Asked(records, models, found, who, reasons, notes)


def _for_kind(models: Sequence[Model], kind: str) -> list[int]:
    return [
        place
        for question in QUESTIONS[kind]
        for place, model in enumerate(models)
        if model.description.question is question
    ]


def ask_model(model: Model, records: Sequence[Record]) -> tuple[Answers, list[str], int]:
    """One model's answers, why each of the others has none, and for how many the host around the GPUs was added."""
    found = Answers.empty(len(records))
    reasons = ["" for _ in records]
    scope = _Scope(model)
    truths = [truth_of(each) for each in records]
    for row, truth in enumerate(truths):
        found.truth[row] = next((truth[target] for target in _PREFERRED if target in truth), np.nan)
    answerable = [row for row, each in enumerate(records) if scope.fits(each)]
    for row in set(range(len(records))) - set(answerable):
        reasons[row] = f"{model.description.name} is of {scope.name}, the record of {records[row].energy_scope}"
    hosts = 0
    for places, table in tables(model, [records[row] for row in answerable]):
        rows = np.array(answerable)[places]
        try:
            estimates = model.estimate_table(table)
        except InvalidFeature as problem:
            for row in rows.tolist():
                reasons[row] = problem.problem
            continue
        for error in estimates.errors:
            reasons[int(rows[error.row])] = error.message
        columns = {target: getattr(estimates, target) for target in _PREFERRED}
        for place, row in enumerate(rows.tolist()):
            quantity, measured = _first(columns, place, truths[row])
            if quantity is None:
                reasons[row] = reasons[row] or f"{model.description.name} says nothing of what was measured"
                continue
            inside = bool(estimates.in_domain[place])
            if scope.needs_host(records[row]):
                quantity, inside, hosts = with_host(quantity), False, hosts + 1
            reasons[row] = ""
            found.truth[row], found.value[row] = measured, quantity.value
            found.p10[row], found.p90[row], found.in_domain[row] = quantity.p10, quantity.p90, inside
    return found, reasons, hosts


class _Scope:
    """Whose energy a model answers for, beside whose was measured."""

    def __init__(self, model: Model) -> None:
        it = model.description
        self.name = it.scope
        self._is_asked = any(each.name == "energy_scope" for each in it.inputs)

    def fits(self, record: Record) -> bool:
        return self._is_asked or record.energy_scope == self.name or self.needs_host(record)

    def needs_host(self, record: Record) -> bool:
        """The model answers for GPUs, and what was measured holds the machine around them too."""
        return not self._is_asked and self.name == "gpu" and record.energy_scope in _GPUS_AND_HOST


def _first(
    columns: Mapping[str, QuantityColumn | None], place: int, truths: Mapping[str, float]
) -> tuple[Quantity | None, float]:
    for target in _PREFERRED:
        column = columns[target]
        if target in truths and column is not None and np.isfinite(column.value[place]):
            return Quantity(*(float(each[place]) for each in (column.value, column.p10, column.p90))), truths[target]
    return None, np.nan
