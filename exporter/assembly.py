"""The only wiring: from a configuration to a running exporter. Tests build theirs through here too."""

import logging
import time
from collections.abc import Sequence

from exporter.attribution.attribution import Attribution
from exporter.attribution.bill import Bill
from exporter.attribution.checkpoint import Checkpoint, restore
from exporter.attribution.idle_policy import IdlePolicy
from exporter.config import Config
from exporter.evidence import Evidence, find_evidence
from exporter.intervals.accountant import Accountant
from exporter.intervals.book import IntervalBook
from exporter.intervals.checkpoints import IDLE, METERS, Checkpoints, load_state
from exporter.intervals.container_watch import ContainerWatch
from exporter.intervals.edges import Edges
from exporter.intervals.experiment import IdleExperiment
from exporter.intervals.figures import FigureBook
from exporter.intervals.idle import IdleBaselines, QuietWatch
from exporter.intervals.ledger import LedgerUnavailable
from exporter.intervals.timeline import Timeline
from exporter.kubernetes.access import kubelet_access
from exporter.kubernetes.names import KEEP_SECONDS
from exporter.metering.cadence import Attention, Pace
from exporter.metering.fusion import LOOK_AHEAD_SECONDS
from exporter.metering.lane import Lane
from exporter.metering.node import NodeMeter
from exporter.metering.observer import Observer
from exporter.metering.own_cost import OwnCost
from exporter.metering.sampler import Sampler
from exporter.metering.usage_tracks import UsageTracks
from exporter.metrics.http import MetricsServer
from exporter.metrics.page.history import PowerHistory
from exporter.metrics.page.sight import IntervalsInSight
from exporter.metrics.page.view import About
from exporter.metrics.site import Site
from exporter.metrics.tls import Tls
from exporter.rpc.energy_service import EnergyService
from exporter.rpc.server import RpcServer
from exporter.sensors.capture import Capture
from exporter.sensors.estimator import RemoteEstimator
from exporter.sensors.inventory import take_inventory
from exporter.sensors.nvml.gpu import resolve_gpus
from exporter.sensors.sensor import Sensor
from exporter.store.journal import Journal
from exporter.store.journaled import JournaledLedger
from exporter.store.kept_bill import KeptBill
from exporter.store.ledger import SqlLedger
from exporter.store.slate import Slate
from exporter.store.state_directory import StateDirectory
from exporter.usage.host import memory_bytes
from joulecast.clock import Clock, SystemClock, boot_id
from joulecast.errors import JoulecastError
from joulecast.footprint.rates import Rates, rates_of
from joulecast.serving import security
from joulecast.serving.token import read_token

log = logging.getLogger(__name__)

PRUNE_SECONDS = 3600.0
SECONDS_PER_DAY = 86400.0
# The tick is late by this many periods before the exporter calls itself unhealthy.
LATE_PERIODS = 5


def pace_of(sensor: str, period: float, *, far: bool = False) -> Pace:
    """How each kind of sensor wants to be read; modelled ones are as cheap as counters, unless they are `far`."""
    match sensor:
        case "nvml" | "replay":
            return Pace.fused(period, LOOK_AHEAD_SECONDS)
        case "hwmon":
            return Pace.power(period)
        case "predicted" if far:
            return Pace.slow(period)
        case _:
            return Pace.counter(period)


class Exporter:
    """One exporter: measures, keeps intervals, and serves both doors. `start`, then `stop`."""

    def __init__(self, config: Config, *, clock: Clock | None = None, evidence: Evidence | None = None) -> None:
        """Claim the state directory, open the store and wire the rooms; nothing is read or served yet.

        `evidence` of who uses this machine is found on it unless it is given.

        Raises JoulecastError with a remedy for whatever of the configuration cannot be had.
        """
        self.config = config
        self.clock = clock or SystemClock()
        self.rates = _rates(config)
        self.state = StateDirectory(config.state_dir)
        self.ledger = self._open_ledger()
        boot = boot_id()

        replay = Capture.load(config.replay) if config.replay else None
        self.inventory = take_inventory(
            config.sysfs,
            config.procfs,
            replay=replay,
            tdp_watts=config.cpu_tdp_watts,
            estimator=None if config.predictor is None else RemoteEstimator(config.predictor),
        )
        stale = max(3.0, 3 * config.period)
        self.attention = Attention()
        self.tracks = UsageTracks(stale)
        self.node = NodeMeter(self.clock, boot, stale_seconds=stale, checkpoint=load_state(self.ledger, METERS))
        self.lanes = [self._lane(sensor) for sensor in self.inventory.sensors]
        self.baselines = IdleBaselines(load_state(self.ledger, IDLE))
        self.kept_bill = KeptBill(self.state.path / "bill", self.ledger, config.max_workloads)
        self.evidence = evidence or self._evidence()
        self.attribution = self._attribution(self.evidence)
        self.bill_checkpoint = Checkpoint(self.attribution.bill)
        self.observer = self._observer()
        self.history = PowerHistory()
        self.sampler = Sampler(
            self.lanes,
            self.attention,
            self.inventory.usage,
            self.tracks,
            self.clock,
            period=config.period,
            is_used=self.node.is_used,
            is_published=self.node.is_published,
            on_tick=self._tick,
        )

        self.timeline = Timeline(self.clock, boot)
        self.figures = FigureBook(config.max_label_sets)
        containers = ContainerWatch(self.attribution, self.evidence.of_caller, boot_id=boot)
        accountant = Accountant(self.node, self.tracks, self.baselines, period=config.period, containers=containers)
        self.book = IntervalBook(
            self.timeline,
            accountant,
            self.attention,
            self.ledger,
            self.figures,
            resolve_gpus=self._resolve_gpus,
        )
        self.quiet = QuietWatch(self.baselines, self.tracks)
        self.checkpoints = Checkpoints(self.ledger, self.node, self.baselines)
        self.experiment = IdleExperiment(
            self.clock,
            self.node,
            self.attention,
            self.baselines,
            open_intervals=lambda: len(self.book.open_intervals()),
            sleep=time.sleep,
            keep=lambda: self.checkpoints.write_idle(self.clock.monotonic()),
        )
        self._pruned = float("-inf")
        self._unrecovered: Edges | None = None
        self._started = self.clock.monotonic()
        token = read_token(config.token_file) if config.token_file else None
        self.http = self._http_server(token)
        self.rpc = self._rpc_server(token, boot)

    def start(self) -> None:
        """Find the sensors, pick up what an earlier run left, and open both doors."""
        last_known = self.node.last_known()
        self.evidence.start()
        self.sampler.start()
        self._recover(last_known)
        self.http.start()
        self.rpc.start()

    def stop(self) -> None:
        """Close the doors, then stop measuring and keep what is needed to go on; open intervals stay open."""
        self.rpc.stop()
        self.http.close()
        self.sampler.stop()
        self.book.keep_charged()
        self.evidence.close()
        self.checkpoints.write(self.clock.monotonic())
        self.kept_bill.close()
        self.ledger.close()
        self.state.release()

    @property
    def replaying(self) -> str:
        """The capture that is played instead of this machine; empty when it is this machine."""
        return "" if self.inventory.capture is None else self.inventory.capture.title

    def trouble(self) -> str | None:
        """Why this exporter is not well, or None: its tick is overdue."""
        late = self.clock.monotonic() - max(self.sampler.last_tick, self._started)
        if late > max(LATE_PERIODS * self.config.period, 10.0):
            return f"nothing was sampled for {late:.0f} s"
        return None

    def _recover(self, last_known: Edges) -> None:
        """Pick up what an earlier run left open; with the store away, as soon as it is back."""
        try:
            self.book.recover(last_known)
            self._unrecovered = None
        except LedgerUnavailable as unavailable:
            log.debug("intervals of an earlier run wait: %s", unavailable)
            self._unrecovered = last_known

    def _resolve_gpus(self, selection: Sequence[str]) -> tuple[str, ...]:
        gpus = self.inventory.gpus()
        return resolve_gpus(selection, gpus) if gpus else ()

    def _tick(self, now: float) -> None:
        """Once per period, after usage was read."""
        if self._unrecovered is not None:
            self._recover(self._unrecovered)
        self.timeline.watch()
        snapshot = self.observer.draw(now)
        self.checkpoints.tick(now)
        # After the meters: a bill that is ahead of them would be worth nothing.
        self.kept_bill.write(self.bill_checkpoint.pack())
        # Shown only once it is kept: no restart can make a total go down that somebody has scraped.
        self.observer.show(snapshot)
        self.history.add(snapshot)
        self.book.tick(now)
        open_intervals = len(self.book.open_intervals())
        self.quiet.look(self.node.meters(), now, self.clock.wall(), open_intervals=open_intervals)
        if self.config.retention_days and now - self._pruned > PRUNE_SECONDS:
            self._pruned = now
            self.ledger.prune(self.clock.wall() - self.config.retention_days * SECONDS_PER_DAY)

    def _open_ledger(self) -> SqlLedger | JournaledLedger:
        """The store, behind a journal unless every begin is to survive a power cut, or there is no room for one."""
        config = self.config
        store = SqlLedger(config.store or self.state.database, node=config.node, synchronous=config.store_sync)
        if config.store_sync == "full":
            return store
        try:
            journals = Journal(self.state.path / "journal-a"), Journal(self.state.path / "journal-b")
            return JournaledLedger(store, *journals, Slate(self.state.path / "meters"))
        except JoulecastError as problem:
            log.warning("begins go straight to the store: %s", problem)
            return store

    def _evidence(self) -> Evidence:
        config = self.config
        access = kubelet_access(
            config.kubelet,
            token_file=config.kubelet_token_file,
            ca_file=config.kubelet_ca,
            insecure=config.kubelet_insecure,
            pod_resources=config.pod_resources,
        )
        return find_evidence(
            self.inventory,
            access,
            self.clock,
            sysfs=config.sysfs,
            procfs=config.procfs,
            keep_seconds=max(KEEP_SECONDS, config.attribution_ttl),
        )

    def _attribution(self, evidence: Evidence) -> Attribution:
        config = self.config
        bill = Bill(ttl_seconds=config.attribution_ttl, max_lines=config.max_workloads)
        kept = self.kept_bill.read()
        if kept is not None:
            try:
                restore(bill, kept, self.clock.monotonic())
            except ValueError as problem:
                log.warning("starting without what an earlier run had billed: %s", problem)
        return Attribution(
            bill,
            self.clock,
            cpu=evidence.cpu,
            gpu=evidence.gpu,
            names=evidence.names,
            policy=IdlePolicy(config.attribution_idle),
            memory_bytes=memory_bytes(config.procfs),
        )

    def _lane(self, sensor: Sensor) -> Lane:
        pace = pace_of(sensor.name, self.config.period, far=self.config.predictor is not None)
        return Lane(sensor, pace, self.clock, self.node.feed, self.node.adopt)

    def _observer(self) -> Observer:
        return Observer(
            self.node,
            self.tracks,
            self.lanes,
            self.clock,
            idle=self.baselines.known,
            gpus=self.inventory.gpus,
            cpu=self.inventory.cpus,
            own_cost=OwnCost(time.process_time, self.inventory.cpus.logical_cpus),
            attribute=self.attribution.step,
        )

    def _rpc_server(self, token: str | None, boot: str) -> RpcServer:
        config = self.config
        service = EnergyService(
            self.book,
            self.experiment,
            self.observer.latest,
            self.clock,
            node=config.node,
            boot_id=boot,
            period=config.period,
            rates=self.rates,
        )
        tls = None
        if config.tls_cert and config.tls_key:
            tls = security.Tls(config.tls_cert, config.tls_key, config.tls_client_ca)
        return RpcServer(service, config.grpc, security.Security(tls, token, config.insecure))

    def _http_server(self, token: str | None) -> MetricsServer:
        config = self.config
        site = Site(
            latest=self.observer.latest,
            figures=lambda: self.figures.snapshot(len(self.book.open_intervals())),
            intervals=IntervalsInSight(self.book, self.clock.monotonic).look,
            history=self.history.steps,
            healthy=self.trouble,
            about=About(config.node, ", ".join(map(str, config.grpc)), self.replaying, config.period),
            rates=self.rates,
        )
        tls = None
        if config.tls_cert and config.tls_key:
            tls = Tls(config.tls_cert, config.tls_key, config.tls_client_ca)
        # On this machine everyone may read, as everyone may read /proc.
        asked = "" if token is None or config.listen.is_loopback else token
        return MetricsServer(config.listen, site, tls=tls, token=asked)


def _rates(config: Config) -> Rates:
    """What a kilowatt-hour comes to here, as far as it is configured."""
    return rates_of(
        zone=config.carbon_zone,
        intensity=config.carbon_intensity,
        source=config.carbon_source,
        price=config.electricity_price,
        currency=config.currency,
        pue=config.pue,
    )
