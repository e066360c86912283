"""The bill as bytes: names only when they change, totals at every tick, so that no restart loses what was shown."""

import json
import struct
from typing import Any

from exporter.attribution.bill import Bill
from exporter.attribution.line import Line
from exporter.attribution.workload import Workload
from exporter.usage.manager import Manager
from joulecast.component import Component, SeriesKey

_FORMAT = 2
_HEAD = struct.Struct("<HI")  # format, length of the names
_BYTES = 16  # of one total: 2^128 quanta are more joules than anyone will count
_NOTHING = bytes(_BYTES)
_SPLIT = (Component.CPU, Component.DRAM, Component.GPU)


class Checkpoint:
    """Packs one bill again and again."""

    def __init__(self, bill: Bill) -> None:
        self._bill = bill
        self._revision = -1
        self._names = b""

    def pack(self) -> bytes:
        """Everything the next run needs to go on."""
        bill = self._bill
        if self._revision != bill.revision:
            names = {
                "lines": [list(line.name) for line in bill.lines.values()],
                "series": [list(key) for key in bill.accounted],
            }
            encoded = json.dumps(names, separators=(",", ":")).encode()
            self._names = _HEAD.pack(_FORMAT, len(encoded)) + encoded
            self._revision = bill.revision
        totals: list[int] = []
        for line in bill.lines.values():
            totals += (line.cpu, line.dram, line.gpu, line.allocated_idle)
        totals += (bill.other.cpu, bill.other.dram, bill.other.gpu, bill.other.allocated_idle)
        for component in _SPLIT:
            totals += (bill.retired[component], bill.idle[component], bill.unattributed[component])
        totals += bill.accounted.values()
        return self._names + b"".join([total.to_bytes(_BYTES, "little") if total else _NOTHING for total in totals])


def restore(bill: Bill, document: bytes, now: float) -> None:
    """Take over what an earlier run had billed, into an empty bill. Its lines count as seen just now.

    Raises ValueError for what is no such document, and leaves the bill as it was.
    """
    names, totals = _unpack(document)
    lines = [_line(texts, now) for texts in _rows(names["lines"])]
    series = [SeriesKey(Component(component), device, zone) for component, device, zone in _rows(names["series"])]
    values = iter(totals)
    for line in (*lines, bill.other):
        line.cpu, line.dram, line.gpu, line.allocated_idle = (next(values) for _ in range(4))
        line.has_gpu = bool(line.gpu or line.allocated_idle)
    for component in _SPLIT:
        bill.retired[component], bill.idle[component], bill.unattributed[component] = (next(values) for _ in range(3))
    bill.accounted = dict(zip(series, values, strict=True))
    bill.lines = {line.workload: line for line in lines}
    bill.revision += 1


def _unpack(document: bytes) -> tuple[Any, list[int]]:
    try:
        form, length = _HEAD.unpack_from(document)
        names = json.loads(document[_HEAD.size : _HEAD.size + length])
        packed = document[_HEAD.size + length :]
        totals = [int.from_bytes(packed[at : at + _BYTES], "little") for at in range(0, len(packed), _BYTES)]
        expected = 4 * (len(names["lines"]) + 1) + 3 * len(_SPLIT) + len(names["series"])
    except (struct.error, KeyError, TypeError) as error:
        raise ValueError(f"no bill: {error}") from error
    if form != _FORMAT or len(packed) != expected * _BYTES:
        raise ValueError(f"a bill of format {form} with {len(packed)} bytes of totals")
    return names, totals


def _rows(rows: Any) -> list[list[str]]:
    if all(isinstance(row, list) and all(isinstance(text, str) for text in row) for row in rows):
        return list(rows)
    raise ValueError("no bill: names that are no text")


def _line(texts: list[str], now: float) -> Line:
    manager, namespace, pod, container, unit = texts
    return Line(Workload(Manager(manager), namespace, pod, container, unit), now)
