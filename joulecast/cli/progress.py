"""One line on a terminal that is written over and over, and gone when the work is done."""

import os
import shutil
from typing import TextIO

from joulecast.client.readable import joules_text, seconds_text, watts_text
from joulecast.client.result import Result

_BAR = 30


class ProgressLine:
    """Shows text on a terminal, and nothing anywhere else."""

    def __init__(self, stream: TextIO) -> None:
        self.active = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._stream = stream
        self._shown = False

    def show(self, text: str) -> None:
        """Replace what is shown."""
        if self.active:
            self._stream.write(f"\r\x1b[2K{text[: shutil.get_terminal_size().columns - 1]}")
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        """Leave the line as if nothing had been there."""
        if self._shown:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._shown = False


def work_text(before: Result | None, now: Result) -> str:
    """Elapsed time, present power and energy so far, from two looks at an open interval."""
    gross = now.energy.gross_joules
    if gross is None:
        return f"joulecast: {seconds_text(now.duration_seconds)}, energy unknown"
    watts = _power_between(before, now)
    power = "" if watts is None else f"{watts_text(watts)}, "
    return f"joulecast: {seconds_text(now.duration_seconds)}, {power}{joules_text(gross)} so far"


def bar_text(done: float, total: float) -> str:
    """How much of a known time has passed."""
    share = min(1.0, done / total) if total else 0.0
    filled = int(share * _BAR)
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {done:.0f} of {total:.0f} s"


def _power_between(before: Result | None, now: Result) -> float | None:
    if before is None or before.energy.gross_joules is None or now.energy.gross_joules is None:
        return now.energy.mean_watts
    seconds = (now.duration_seconds or 0.0) - (before.duration_seconds or 0.0)
    return (now.energy.gross_joules - before.energy.gross_joules) / seconds if seconds > 0 else None
