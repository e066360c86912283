"""Keeps the state of the meters and the idle baselines, so that a restart, even after a kill, goes on counting."""

import logging
from collections.abc import Mapping
from typing import Any

from exporter.intervals.idle import IdleBaselines
from exporter.intervals.ledger import Ledger, LedgerUnavailable
from exporter.metering.node import NodeMeter

log = logging.getLogger(__name__)

METERS = "meters"
IDLE = "idle"

IDLE_SECONDS = 600.0


def load_state(ledger: Ledger, name: str) -> Mapping[str, Any] | None:
    """A document kept earlier; None if there is none, or none can be read."""
    try:
        return ledger.load_state(name)
    except LedgerUnavailable as unavailable:
        log.warning("starting without what an earlier run knew: %s", unavailable)
        return None


class Checkpoints:
    """Writes both documents when they are due."""

    def __init__(self, ledger: Ledger, node: NodeMeter, idle: IdleBaselines) -> None:
        self._ledger = ledger
        self._node = node
        self._idle = idle
        self._idle_at = float("-inf")

    def tick(self, now: float) -> None:
        """Write the meters every time, since what a power sensor saw after the last checkpoint is lost to a kill."""
        self._write(METERS, self._node.checkpoint())
        if now - self._idle_at >= IDLE_SECONDS:
            self.write_idle(now)

    def write_idle(self, now: float) -> None:
        """Keep the idle baselines, as after an experiment."""
        self._idle_at = now
        self._write(IDLE, self._idle.pack())

    def write(self, now: float) -> None:
        """Write both now, as before an orderly exit."""
        self._write(METERS, self._node.checkpoint())
        self.write_idle(now)

    def _write(self, name: str, state: Mapping[str, Any]) -> None:
        try:
            self._ledger.save_state(name, state)
        except LedgerUnavailable as unavailable:
            log.debug("checkpoint %s is not written: %s", name, unavailable)
