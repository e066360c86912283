"""Many numbers between Python and protobuf without an object for each.

A packed repeated double is, on the wire, a tag, a length, and the numbers themselves as little-endian IEEE 754.
"""

from typing import Any

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from joulecast.v1 import prediction_pb2 as pb
from predictor.service.wire import header

_DOUBLE = np.dtype("<f8")
_INDEXES = pb.Texts.DESCRIPTOR.fields_by_name["indexes"].number
_ONE_BYTE = 128  # unsigned integers below this take one byte


def numbers_of(message: pb.Numbers) -> NDArray[np.float64]:
    """The values of a column, as a read-only array."""
    count = len(message.values)
    size = count * _DOUBLE.itemsize
    wire = message.SerializeToString()
    start = len(header(1, size))
    if len(wire) != start + size:  # there is something else in it, from a newer client
        return np.fromiter(message.values, np.float64, count)
    return np.frombuffer(wire, _DOUBLE, count, start).astype(np.float64, copy=False)


def indexes_of(message: pb.Texts) -> NDArray[np.intp]:
    """The indexes of a column of names; of a small dictionary each is one byte on the wire."""
    count = len(message.indexes)
    if len(message.values) <= _ONE_BYTE:
        wire = message.SerializeToString()
        head = header(_INDEXES, count)
        start = len(wire) - count
        if wire[start - len(head) : start] == head:
            found = np.frombuffer(wire, np.uint8, count, start)
            if not count or int(found.max()) < _ONE_BYTE:
                return found.astype(np.intp)
    return np.fromiter(message.indexes, np.intp, count)


def put_doubles(message: Message, fields: dict[int, Any]) -> None:
    """Fill repeated double fields, given by their numbers."""
    message.MergeFromString(b"".join(_field(number, values, _DOUBLE) for number, values in fields.items()))


def put_flags(message: Message, number: int, values: NDArray[np.bool_]) -> None:
    """Fill a repeated bool field; each is one byte on the wire."""
    message.MergeFromString(_field(number, values, np.dtype(np.bool_)))


def _field(number: int, values: Any, kind: np.dtype[Any]) -> bytes:
    content = np.ascontiguousarray(values, kind).tobytes()
    return header(number, len(content)) + content
