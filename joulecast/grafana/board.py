"""One shipped dashboard beside the one that Grafana keeps: is it the same, and who wrote what is there."""

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from joulecast.version import __version__

# Grafana's own numbering; everything else of a dashboard is its content.
_NUMBERING = ("id", "version")
_OUR_MESSAGE = re.compile(r"joulecast grafana push \S+ sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Source:
    """The data source that dashboards open with."""

    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard as it is to be pushed."""

    name: str  # of its file, "fleet"
    model: Mapping[str, Any]

    @property
    def uid(self) -> str:
        """By which Grafana finds it again, whatever its title."""
        return str(self.model["uid"])

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.model["title"])

    @property
    def message(self) -> str:
        """What is written beside the version in Grafana, by which a later push knows that nobody edited it since."""
        text = json.dumps(_content(self.model), sort_keys=True, ensure_ascii=True)
        return f"joulecast grafana push {__version__} sha256:{sha256(text.encode()).hexdigest()}"

    def equals(self, stored: Mapping[str, Any]) -> bool:
        """Whether Grafana keeps just this."""
        return _content(self.model) == _content(stored)

    def wrote(self, message: str) -> bool:
        """Whether a push of exactly this wrote the version with that message, however Grafana keeps it since."""
        ours, theirs = _OUR_MESSAGE.fullmatch(self.message), _OUR_MESSAGE.fullmatch(message)
        return ours is not None and theirs is not None and ours[1] == theirs[1]


def pushed_by_us(message: str) -> bool:
    """Whether some push wrote the version with that message: what people save has another, or none."""
    return _OUR_MESSAGE.fullmatch(message) is not None


def board_of(name: str, text: str, source: Source | None, stored: Mapping[str, Any] | None) -> Board:
    """The shipped dashboard, opening with this data source; without one, with that which the stored one opens with."""
    model = json.loads(text)
    current = _current(stored) if source is None else {"selected": True, "text": source.name, "value": source.uid}
    if current is not None:
        for variable in _source_variables(model):
            variable["current"] = copy.deepcopy(current)
    return Board(name, model)


def _current(stored: Mapping[str, Any] | None) -> Any:
    return next((variable.get("current") for variable in _source_variables(stored or {})), None)


def _source_variables(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    templating = model.get("templating")
    variables = templating.get("list") if isinstance(templating, dict) else None
    return [
        variable for variable in variables or () if isinstance(variable, dict) and variable.get("type") == "datasource"
    ]


def _content(model: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in model.items() if key not in _NUMBERING}
