"""Where answers come from: an artifact in this process, or a prediction service elsewhere. Both are asked alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from joulecast.errors import JoulecastError
from predictor.artifact import PACKAGED, artifact_paths, read_artifact
from predictor.checking import Checks
from predictor.estimate import Description, Estimate, Model, Question
from predictor.lasso_model import LassoModel
from predictor.nearest import nearest


class Source(Protocol):
    """Something that can be asked about one point at a time."""

    @property
    def description(self) -> Description:
        """What it takes, and how good it is."""
        ...

    def ask(self, numbers: Mapping[str, float], texts: Mapping[str, str]) -> Estimate:
        """Answer one point. Raises JoulecastError; InvalidFeature where it is known which feature is wrong."""
        ...


class LocalSource:
    """A model in this process; a point is checked before the model sees it."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._checks = Checks(model.description)

    @property
    def description(self) -> Description:
        """What it takes, and how good it is."""
        return self._model.description

    def ask(self, numbers: Mapping[str, float], texts: Mapping[str, str]) -> Estimate:
        """Answer one point. Raises InvalidFeature."""
        self._checks.point(numbers, texts)
        return self._model.estimate(numbers, texts)


def local_source(question: Question, artifact: str = "", packaged: Path = PACKAGED) -> LocalSource:
    """The artifact of this file or packaged name, else the packaged one that answers the question.

    Raises JoulecastError where there is none, or where it answers another question.
    """
    if not artifact and not (packaged / f"{packaged_name(question)}.json").is_file():
        raise JoulecastError(f"no packaged artifact answers {said(question)}", _TRAIN)
    model = LassoModel(read_artifact(artifact_path(artifact or packaged_name(question), packaged)))
    found = model.description
    if found.question is not question:
        raise JoulecastError(
            f"{found.name} answers {said(found.question)}, and this is about {said(question)}",
            _WHAT_ASKS[found.question],
        )
    return LocalSource(model)


def artifact_path(named: str, packaged: Path = PACKAGED) -> Path:
    """The file that is meant: one that is there, or a packaged artifact by its name. Raises JoulecastError."""
    path = Path(named)
    if path.is_file():
        return path
    inside = packaged / f"{named.removesuffix('.json')}.json"
    if path.name == named and inside.is_file():
        return inside
    known = [each.stem for each in artifact_paths(packaged)]
    there_is = nearest(named, known) if known else _TRAIN
    raise JoulecastError(f"no artifact {named!r}, neither a file nor packaged", there_is)


def packaged_name(question: Question) -> str:
    """How the artifact is called that comes with this version for a question.

    >>> packaged_name(Question.NODE_POWER)
    'node-power'
    """
    return question.value.replace("_", "-")


def said(question: Question) -> str:
    """A question in words."""
    return question.value.replace("_", " ")


_TRAIN = "train one with `joulecast train`, and name its file with --artifact"
_WHAT_ASKS: Mapping[Question, str] = {
    Question.GENERATIVE_KNOWN_RUNTIME: "give --rps or --tokens-per-second with --concurrency or --latency-per-token",
    Question.GENERATIVE_A_PRIORI: "leave out the rate, or what is in flight: both together are a runtime that is known",
    Question.DISCRIMINATIVE: "ask `joulecast predict discriminative`",
    Question.DIFFUSION: "ask `joulecast predict diffusion`",
    Question.NODE_POWER: "ask `joulecast predict node`",
}
