"""The contributions of one estimate, kept as plain numbers: they go onto the wire all at once."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, overload

from joulecast.v1 import prediction_pb2 as pb
from predictor.estimate import Contribution
from predictor.service.wire import FIXED_64, header, tag

_CONTRIBUTIONS = pb.PredictResponse.DESCRIPTOR.fields_by_name["contributions"].number
_FEATURE = pb.Contribution.DESCRIPTOR.fields_by_name["feature"].number
_LOG_RATIO = pb.Contribution.DESCRIPTOR.fields_by_name["log_ratio"].number


class Layout(NamedTuple):
    """Names in order, and what stands before the eight bytes of each one's number in a PredictResponse."""

    names: tuple[str, ...]
    heads: tuple[bytes, ...]
    together: struct.Struct


def layout_of(names: Sequence[str]) -> Layout:
    """Prepare the wire for contributions of these names."""
    heads = tuple(contribution_head(name) for name in names)
    return Layout(tuple(names), heads, struct.Struct("<" + "".join(f"{len(head)}sd" for head in heads)))


class Shares(Sequence[Contribution]):
    """How far each of the layout's names moves an estimate. As a sequence: the largest first, and none that is zero."""

    def __init__(self, layout: Layout, values: Sequence[float]) -> None:
        self._layout = layout
        self._values = values

    def packed(self) -> bytes:
        """All of them as fields of a PredictResponse, in the order of the layout."""
        parts: list[bytes | float] = [b""] * (2 * len(self._values))
        parts[::2] = self._layout.heads
        parts[1::2] = self._values
        return self._layout.together.pack(*parts)

    @cached_property
    def _contributions(self) -> list[Contribution]:
        sums: dict[str, float] = {}
        for name, value in zip(self._layout.names, self._values, strict=True):
            sums[name] = sums.get(name, 0.0) + value
        ordered = sorted(sums.items(), key=lambda each: (-abs(each[1]), each[0]))
        return [Contribution(name, value) for name, value in ordered if value]

    @overload
    def __getitem__(self, place: int) -> Contribution: ...
    @overload
    def __getitem__(self, place: slice) -> list[Contribution]: ...
    def __getitem__(self, place: int | slice) -> Contribution | list[Contribution]:
        return self._contributions[place]

    def __len__(self) -> int:
        return len(self._contributions)


def contribution_head(feature: str) -> bytes:
    """A contribution on the wire, all but the eight bytes of its number."""
    name = feature.encode()
    field = header(_FEATURE, len(name)) + name + tag(_LOG_RATIO, FIXED_64)
    return header(_CONTRIBUTIONS, len(field) + 8) + field
