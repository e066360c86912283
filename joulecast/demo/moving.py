"""What the demonstration says of itself while it runs: power now, and how the tagged energy splits by phase."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from joulecast.demo.places import HOST
from joulecast.phase import Phase

PHASES = (Phase.DATA, Phase.TRAINING, Phase.INFERENCE)
_WATTS = re.compile(r"^joulecast_node_power_watts\{[^}]*\} (\S+)$", re.MULTILINE)
_PHASE = re.compile(r'^joulecast_interval_energy_joules_total\{[^}]*phase="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)
_ENDED = re.compile(r"^joulecast_intervals_total\{[^}]*\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Motion:
    """One scrape of the exporter, as far as a person watches it."""

    watts: float | None = None
    ended: int = 0
    joules: Mapping[str, float] = field(default_factory=dict)  # by phase

    @property
    def is_whole(self) -> bool:
        """Whether power is known and an interval of every phase has ended."""
        return self.watts is not None and all(self.joules.get(phase, 0.0) > 0 for phase in PHASES)

    def text(self) -> str:
        """In one line."""
        watts = "power is not known yet" if self.watts is None else f"{self.watts:,.0f} W"
        return f"{watts}, {self.ended} intervals ended{self._split()}"

    def _split(self) -> str:
        if not self.is_whole:  # shares of what happens to have ended first would say nothing
            return ""
        whole = sum(self.joules[phase] for phase in PHASES)
        return ": " + ", ".join(f"{phase} {self.joules[phase] / whole:.0%}" for phase in PHASES)


def motion(exposition: str) -> Motion:
    """What a scrape tells."""
    watts = _WATTS.search(exposition)
    joules: defaultdict[str, float] = defaultdict(float)
    for phase, value in _PHASE.findall(exposition):
        joules[phase] += float(value)
    ended = sum(float(value) for value in _ENDED.findall(exposition))
    return Motion(None if watts is None else float(watts[1]), round(ended), joules)


def answer(port: int, path: str, patience: float = 2.0) -> str | None:
    """The body of a page of this machine; None if there is no good answer."""
    connection = HTTPConnection(HOST, port, timeout=patience)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return body if response.status == 200 else None
