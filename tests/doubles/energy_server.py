"""The real energy service on real listeners, over a node whose sensors are simulated and whose clock tests move."""

from collections.abc import Sequence
from typing import Self

import grpc
from doubles.measured_node import BOOT, MeasuredNode
from doubles.simulated import Load, SimulatedRapl

from exporter.intervals.experiment import IdleExperiment
from exporter.intervals.ledger import Ledger
from exporter.metering.snapshot import EMPTY, Snapshot
from exporter.rpc.energy_service import EnergyService
from exporter.rpc.server import RpcServer
from joulecast.footprint.rates import NO_RATES, Rates
from joulecast.serving.address import Address, TcpAddress
from joulecast.serving.security import Security
from joulecast.v1.energy_pb2_grpc import EnergyServiceStub

ANY_PORT = TcpAddress("127.0.0.1", 0)
LOAD_WATTS = 100.0


class EnergyServer:
    """A CPU that draws 100 W, served on `addresses`; `snapshot` is what watchers and describers see."""

    def __init__(
        self,
        *addresses: Address,
        security: Security | None = None,
        ledger: Ledger | None = None,
        streams: int = 8,
        rates: Rates = NO_RATES,
    ) -> None:
        self.node = MeasuredNode([SimulatedRapl(Load(LOAD_WATTS))], ledger=ledger)
        self.snapshot: Snapshot = EMPTY
        self.experiment = IdleExperiment(
            self.node.clock,
            self.node.node,
            self.node.attention,
            self.node.idle,
            open_intervals=lambda: len(self.node.book.open_intervals()),
            sleep=self.node.run_for,
            keep=lambda: None,
        )
        service = EnergyService(
            self.node.book,
            self.experiment,
            lambda: self.snapshot,
            self.node.clock,
            node="node-1",
            boot_id=BOOT,
            period=1.0,
            streams=streams,
            rates=rates,
        )
        self.server = RpcServer(service, addresses or (ANY_PORT,), security)
        self._channels: list[grpc.Channel] = []

    def channel(
        self, credentials: grpc.ChannelCredentials | None = None, *, options: Sequence[tuple[str, object]] = ()
    ) -> grpc.Channel:
        """A new channel to the first address; local subchannels, so that tests share no connection."""
        target = str(self.server.addresses[0])
        options = (*options, ("grpc.use_local_subchannel_pool", 1))
        if credentials is None:
            self._channels.append(grpc.insecure_channel(target, options))
        else:
            self._channels.append(grpc.secure_channel(target, credentials, options))
        return self._channels[-1]

    def stub(self, credentials: grpc.ChannelCredentials | None = None) -> EnergyServiceStub:
        """The service as a workload calls it."""
        return EnergyServiceStub(self.channel(credentials))

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self._channels:
            channel.close()
        self.server.stop()
