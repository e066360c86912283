"""Columns of numbers between numpy and protobuf without a Python object per number.

A packed repeated double is, on the wire, a tag, a length, and the numbers themselves as little-endian IEEE 754.
"""

from typing import Any

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from joulecast.v1 import prediction_pb2 as pb

_LENGTH_DELIMITED = 2
_DOUBLE = np.dtype("<f8")


def numbers_of(message: pb.Numbers) -> NDArray[np.float64]:
    """The values of a column, as a read-only array."""
    count = len(message.values)
    size = count * _DOUBLE.itemsize
    wire = message.SerializeToString()
    header = len(_header(1, size))
    if len(wire) != header + size:  # there is something else in it, from a newer client
        return np.fromiter(message.values, np.float64, count)
    return np.frombuffer(wire, _DOUBLE, count, header).astype(np.float64, copy=False)


def put_doubles(message: Message, fields: dict[int, Any]) -> None:
    """Fill repeated double fields, given by their numbers."""
    message.MergeFromString(b"".join(_field(number, values, _DOUBLE) for number, values in fields.items()))


def put_flags(message: Message, number: int, values: NDArray[np.bool_]) -> None:
    """Fill a repeated bool field; each is one byte on the wire."""
    message.MergeFromString(_field(number, values, np.dtype(np.bool_)))


def _field(number: int, values: Any, kind: np.dtype[Any]) -> bytes:
    content = np.ascontiguousarray(values, kind).tobytes()
    return _header(number, len(content)) + content


def _header(number: int, size: int) -> bytes:
    """Tag and length, the length in groups of seven bits, the lowest first."""
    head = bytearray([number << 3 | _LENGTH_DELIMITED])
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head)
