"""Models asked about measured records: each record goes to the first model of its kind that can answer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.estimate import InvalidFeature, Model, Quantity, QuantityColumn, Question
from predictor.known import figures_of_names
from predictor.planning.host_share import NOTE, with_host
from predictor.points import point_of, truth_of
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

    What is compared is the energy of a sample, else that of a token, else power: the first both measured and answered,
    `targets`.
    """

    records: Sequence[Record]
    models: Sequence[Model]
    answers: Answers
    model: NDArray[np.intp]
    targets: Sequence[str]
    reasons: Sequence[str]
    notes: Sequence[str]

    def of_model(self, place: int) -> NDArray[np.bool_]:
        """The rows that one model answered."""
        return np.asarray(self.model == place)


@dataclass(frozen=True)
class AskedOne:
    """One model's answers, row by row, and for how many of them the host around the GPUs was added."""

    answers: Answers
    targets: list[str]
    reasons: list[str]
    hosts: int


def ask(models: Sequence[Model], records: Sequence[Record]) -> Asked:
    """Ask about every record the models that answer for its kind, one after the other until one can."""
    found = Answers.empty(len(records))
    who = np.full(len(records), -1, dtype=np.intp)
    targets = ["" for _ in records]
    reasons = ["" for _ in records]
    with_hosts = 0
    for kind in sorted({each.kind for each in records}):
        rows = np.array([row for row, each in enumerate(records) if each.kind == kind])
        for row in rows.tolist():
            reasons[row] = f"no model answers for {kind} records"
        for place in _for_kind(models, kind):
            waiting = rows[who[rows] < 0]
            one = ask_model(models[place], [records[row] for row in waiting.tolist()])
            with_hosts += one.hosts
            found.put(waiting, one.answers)
            who[waiting[one.answers.answered]] = place
            for row, target, reason in zip(waiting.tolist(), one.targets, one.reasons, strict=True):
                targets[row], reasons[row] = target, reason
    notes = [f"{with_hosts} records are of GPUs and what is around them: {NOTE}"] if with_hosts else []
    return Asked(records, models, found, who, targets, reasons, notes)


def _for_kind(models: Sequence[Model], kind: str) -> list[int]:
    return [
        place
        for question in QUESTIONS[kind]
        for place, model in enumerate(models)
        if model.description.question is question
    ]


def ask_model(model: Model, records: Sequence[Record]) -> AskedOne:
    """One model's answers, and why each of the other records has none."""
    found = Answers.empty(len(records))
    targets = ["" for _ in records]
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
                reasons[row] = _nameless(records[row]) or problem.problem
            continue
        for error in estimates.errors:
            reasons[int(rows[error.row])] = error.message
        columns = {target: getattr(estimates, target) for target in _PREFERRED}
        for place, row in enumerate(rows.tolist()):
            targets[row] = _target(columns, place, truths[row])
            column = columns.get(targets[row])
            if column is None:
                reasons[row] = reasons[row] or f"{model.description.name} says nothing of what was measured"
                continue
            quantity = Quantity(*(float(each[place]) for each in (column.value, column.p10, column.p90)))
            inside = bool(estimates.in_domain[place])
            if scope.needs_host(records[row]):
                quantity, inside, hosts = with_host(quantity), False, hosts + 1
            reasons[row] = ""
            found.truth[row], found.value[row] = truths[row][targets[row]], quantity.value
            found.p10[row], found.p90[row], found.in_domain[row] = quantity.p10, quantity.p90, inside
    return AskedOne(found, targets, reasons, hosts)


def _nameless(record: Record) -> str:
    """What is wrong with a record's device or precision, which may be why a model lacks something; "" if nothing is."""
    try:
        figures_of_names(*point_of(record, ("device", "device_tdp_watts", "precision")))
    except InvalidFeature as problem:
        return problem.problem
    return ""


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


def _target(columns: Mapping[str, QuantityColumn | None], place: int, truths: Mapping[str, float]) -> str:
    """The first target both measured and answered in this place; "" where there is none."""
    for target in _PREFERRED:
        column = columns[target]
        if target in truths and column is not None and np.isfinite(column.value[place]):
            return target
    return ""
