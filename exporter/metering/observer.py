"""Draws the snapshot once per period and hands it to whoever asks: readers never reach behind it."""

import math
from collections.abc import Callable, Mapping, Sequence

from exporter.metering.lane import Lane
from exporter.metering.node import NodeMeter
from exporter.metering.own_cost import OwnCost
from exporter.metering.snapshot import EMPTY, BillState, IdleState, SeriesState, Snapshot
from exporter.metering.usage_tracks import UsageTracks
from exporter.sensors.nvml.gpu import Gpu
from exporter.usage.host import Cpus
from joulecast.clock import Clock
from joulecast.component import Component, SeriesKey

Idle = Mapping[SeriesKey, IdleState]


class Observer:
    """Holds the latest snapshot; replacing it is atomic, so every reader sees one moment."""

    def __init__(
        self,
        node: NodeMeter,
        tracks: UsageTracks,
        lanes: Sequence[Lane],
        clock: Clock,
        *,
        idle: Callable[[], Idle],
        gpus: Callable[[], Sequence[Gpu]],
        cpu: Cpus | None,
        own_cost: OwnCost,
        attribute: Callable[[Sequence[SeriesState], Idle], BillState | None] = lambda _states, _idle: None,
    ) -> None:
        """`attribute` says whose joules the states of the series are, and is given the very ones that are shown."""
        self._node = node
        self._tracks = tracks
        self._lanes = lanes
        self._clock = clock
        self._idle = idle
        self._gpus = gpus
        self._cpu = cpu
        self._own_cost = own_cost
        self._attribute = attribute
        self._latest = EMPTY

    def latest(self) -> Snapshot:
        """The last snapshot drawn; `EMPTY` before the first."""
        return self._latest

    def show(self, snapshot: Snapshot) -> None:
        """Let everyone see this one from now on."""
        self._latest = snapshot

    def draw(self, now: float) -> Snapshot:
        """Draw a new one, for nobody's eyes yet."""
        states = self._node.states()
        total = self._node.node(states)
        packages = [s.watts for s in states if s.counted and s.series.key.component is Component.CPU]
        known = [watts for watts in packages if watts is not None]
        idle = self._idle()
        return Snapshot(
            wall=self._clock.wall(),
            monotonic=now,
            series=states,
            node_watts=total.watts,
            node_joules=total.joules,
            node_provenance=total.provenance,
            sensors=[lane.state(now) for lane in self._lanes],
            usage=self._tracks.latest(now),
            gpus=self._gpus(),
            cpu=self._cpu,
            idle=idle,
            counter_to_power=self._node.gains(),
            residuals=self._node.residuals(),
            exporter_joules=self._own_cost.update(now, math.fsum(known) if known else None),
            bill=self._attribute(states, idle),
        )
