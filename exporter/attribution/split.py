"""One step of one energy curve, split into what is charged, what is idle, and what is openly unattributed."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.attribution.cpu_shares import Shares
from exporter.attribution.line import Consumer
from exporter.attribution.quanta import quanta_from_joules


@dataclass(frozen=True, slots=True)
class Step:
    """What a curve gained between two snapshots."""

    quanta: int
    seconds: float  # between its fronts
    observed: float  # seconds of them in which something was really seen


@dataclass(slots=True)
class Split:
    """Charges + idle + unattributed = the step, to the last quantum."""

    charges: dict[Consumer, int]
    idle: int
    unattributed: int
    resting: int = 0  # what was not made by use, whoever bears it


def split(
    step: Step, shares: Shares, idle_watts: float | None, idle_shares: Mapping[Consumer, float] | None = None
) -> Split:
    """Divide a step. Without a baseline only the part of the machine that was in use is charged for.

    So the smallest process is never charged with a whole idle machine; what it left over is then unattributed and not
    idle, for idle is not known. `idle_shares` is what the policy makes of the idle part; by default nobody bears it.
    """
    seen = min(1.0, max(0.0, step.observed / step.seconds)) if step.seconds > 0 else 0.0
    idle, active = 0, step.quanta
    if idle_watts is None:
        active = _part(active, shares.busy)
        resting = step.quanta - active
    else:
        idle = min(step.quanta, quanta_from_joules(max(0.0, idle_watts) * max(0.0, min(step.observed, step.seconds))))
        active -= idle
        resting = idle
    # What came in while nothing was observed, or nobody was seen, may be anybody's.
    chargeable = _part(active, seen * shares.covered)
    charges, rest = _charge(chargeable, shares.by_consumer)
    charged = chargeable - rest
    kept = idle
    if idle and idle_shares:
        borne, kept = _charge(idle, idle_shares)
        charged += idle - kept
        for consumer, quanta in borne.items():
            charges[consumer] = charges.get(consumer, 0) + quanta
    return Split(charges, kept, step.quanta - charged - kept, resting)


def _part(quanta: int, share: float) -> int:
    """A share of some quanta, never more than all: a float of many quanta may be rounded up."""
    return min(quanta, int(quanta * share))


def _charge(quanta: int, shares: Mapping[Consumer, float]) -> tuple[dict[Consumer, int], int]:
    """Each share in whole quanta, and the rest; shares that add up to 1 and a rounding error charge all and no more."""
    charges = {}
    rest = quanta
    for consumer, share in shares.items():
        part = min(int(quanta * share), rest)
        if part > 0:
            charges[consumer] = part
            rest -= part
    return charges, rest
