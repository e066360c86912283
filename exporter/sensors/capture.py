r"""A capture: what the sensors and usage sources of one machine said over some time, as a file of JSON lines.

The first line is the header, each other line one moment; `.gz` at the end of the name means gzip.

    {"format": "joulecast-capture", "version": 1, "machine": "...", "recorded": "2026-01-31T12:00:00+00:00",
     "simulated": false, "series": [{...}], "gpus": [{...}], "cpu": {...}, "workloads": [{...}]}
    {"t": 0.1, "r": [[series index, joules or null, watts or null], ...],
     "u": [[gauge, value, component, device, detail], ...], "w": who used the machine, see `capture_workloads`}

Times are seconds from the first moment. `capture_format` says how each part is written.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import IO, Any, cast

from exporter.sensors.capture_format import (
    CapturedReading,
    Header,
    Moment,
    header_from_json,
    header_to_json,
    moment_from_json,
    moment_to_json,
)
from exporter.sensors.capture_workloads import CapturedUse
from exporter.sensors.sensor import Reading
from exporter.usage.source import UsageReading
from joulecast.errors import JoulecastError

SHIPPED = Path(__file__).parent / "captures"
_SUFFIX = ".jsonl.gz"
_UNFINISHED_LINE = b"{"
_FLUSH_SECONDS = 1.0  # at most this much is lost when the recorder is killed


class CaptureError(JoulecastError):
    """A capture that is not there, or that says something impossible; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A whole capture in memory: at least two moments, over more than no time."""

    name: str
    header: Header
    moments: Sequence[Moment]
    caveats: Sequence[JoulecastError] = field(default_factory=tuple)

    @property
    def title(self) -> str:
        """Its name for people, which never leaves out that a capture is simulated."""
        return f"{self.name} (simulated)" if self.header.simulated else self.name

    @property
    def duration_seconds(self) -> float:
        """From the first moment to the last."""
        return self.moments[-1].seconds - self.moments[0].seconds

    @property
    def period_seconds(self) -> float:
        """The usual time between two moments."""
        return median(after.seconds - before.seconds for before, after in pairwise(self.moments))

    @classmethod
    def load(cls, path: Path) -> "Capture":
        """Read a capture; a bare name such as "demo" may mean one that is shipped. Raises CaptureError.

        A file that ends in the middle of a line, as that of a killed recorder does, is used up to there.
        """
        path = _find(path)
        try:
            return _load(path)
        except (OSError, zlib.error) as failure:
            raise CaptureError(f"capture {path} cannot be read", str(failure)) from failure


class CaptureWriter:
    """Writes a capture as it happens, so that a kill loses at most a second."""

    def __init__(self, path: Path, header: Header) -> None:
        """Create the file and write its header. Raises OSError."""
        self._index = {series: index for index, series in enumerate(header.series)}
        self._file = _open(path, "wb")
        self._flushed = 0.0
        self._write(header_to_json(header))

    def write(
        self,
        seconds: float,
        readings: Iterable[Reading],
        usage: Iterable[UsageReading],
        use: CapturedUse | None = None,
    ) -> None:
        """Append one moment, `seconds` after the first one. Readings of series not in the header are left out."""
        rows = (
            CapturedReading(self._index[one.series], one.joules, one.watts)
            for one in readings
            if one.series in self._index
        )
        self._write(moment_to_json(Moment(seconds, tuple(rows), tuple(usage), use)))
        if seconds - self._flushed >= _FLUSH_SECONDS:
            self._file.flush()
            self._flushed = seconds

    def close(self) -> None:
        """Finish the file; harmless twice."""
        self._file.close()

    def _write(self, entry: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(entry, separators=(",", ":"), allow_nan=False).encode() + b"\n")


def _open(path: Path, mode: str) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(path, mode)) if path.suffix == ".gz" else path.open(mode)


def _find(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        return path
    shipped = SHIPPED / f"{path}{_SUFFIX}"
    if len(path.parts) == 1 and shipped.exists():
        return shipped
    names = ", ".join(sorted(file.name.removesuffix(_SUFFIX) for file in SHIPPED.glob(f"*{_SUFFIX}")))
    raise CaptureError(
        f"there is no capture {path}",
        f"name a file written by `joulecast sensors --record`, or a shipped one ({names})",
    )


def _load(path: Path) -> Capture:
    header: Header | None = None
    moments: list[Moment] = []
    cut_short = False
    for number, line in enumerate(_lines(path), start=1):
        try:
            entry = json.loads(line)
            if header is None:
                header = header_from_json(entry)
            else:
                moments.append(moment_from_json(entry, header, moments[-1].seconds if moments else 0.0))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
            if header is not None and not line.endswith(b"\n"):
                cut_short = True
                break
            what = f"{wrong} is missing" if isinstance(wrong, KeyError) else str(wrong)
            raise CaptureError(f"capture {path}, line {number}: {what}") from wrong
    if header is None or len(moments) < 2 or moments[-1].seconds <= moments[0].seconds:
        raise CaptureError(f"capture {path} holds fewer than two moments", "record for longer, as by --seconds 60")
    name = path.name.removesuffix(".gz").removesuffix(".jsonl")
    if not cut_short:
        return Capture(name, header, moments)
    cut = CaptureError(f"capture {path} is cut short", f"it is played up to there, {moments[-1].seconds:.1f} s")
    return Capture(name, header, moments, (cut,))


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file. Of one that was cut short, the last has no end."""
    with _open(path, "rb") as file:
        while True:
            try:
                line = file.readline()
            except EOFError:  # gzip without its trailer: what could be unpacked has been given
                yield _UNFINISHED_LINE
                return
            if not line:
                return
            yield line
