"""Intervals and accounts for tests: only what a test names differs from an ordinary one."""

from typing import Any

from exporter.attribution.workload import Workload
from exporter.intervals.identity import new_interval_id
from exporter.intervals.interval import (
    Account,
    ChargedEnergy,
    ContainerShare,
    DeviceEnergy,
    Energy,
    GpuUsage,
    Interval,
    Status,
    Tag,
    Usage,
)
from exporter.usage.manager import Manager
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

BEGIN_WALL = 1_800_000_000.0


def an_energy(**fields: Any) -> Energy:
    """120 J gross over 20 J idle, measured and fully covered."""
    ordinary = Energy(
        gross_joules=120.0,
        idle_joules=20.0,
        uncertainty_joules=1.5,
        calibration_uncertainty_joules=2.5,
        coverage=1.0,
        provenance=Provenance.MEASURED,
        idle_uncertainty_joules=0.25,
    )
    return ordinary._replace(**fields)


def an_account() -> Account:
    """One measured socket, one shown zone that was never seen, one GPU in use."""
    unseen = an_energy(gross_joules=None, idle_joules=None, coverage=0.0, provenance=None, idle_uncertainty_joules=None)
    return Account(
        node=an_energy(below_resolution=True),
        components={Component.CPU: an_energy(), Component.GPU: an_energy(provenance=Provenance.INTEGRATED)},
        devices=(
            DeviceEnergy(SeriesKey(Component.CPU, "0", "package"), "rapl", counted=True, energy=an_energy()),
            DeviceEnergy(SeriesKey(Component.CPU, "0", "core"), "rapl", counted=False, energy=unseen),
        ),
        usage=Usage(0.5, None, (GpuUsage("GPU-1", utilization_ratio=0.9),)),
        notes=("the counter was reset once",),
    )


def a_share() -> ContainerShare:
    """12.5 J of a pod's container, all of them of its CPU; of the GPU nobody tells."""
    return ContainerShare(
        workload=Workload(Manager.KUBERNETES, "shop", "web-0", "main"),
        gross_joules=12.5,
        uncertainty_joules=0.5,
        calibration_uncertainty_joules=0.25,
        coverage=0.9,
        components={
            Component.CPU: ChargedEnergy(12.5, 0.5, 0.25, 0.9, ("cpu_time",)),
            Component.GPU: ChargedEnergy(None, 0.0, 0.0, 0.0, ("holder",)),
        },
        notes=('over a "restart"',),
    )


def an_open_interval(number: int = 0, **tag: Any) -> Interval:
    """The interval begun `number` seconds after `BEGIN_WALL`; `tag` overrides fields of its tag."""
    begin_wall = BEGIN_WALL + number
    fields: dict[str, Any] = {"request_id": f"request-{number}", "name": "train", "job": "vision", "phase": "training"}
    return Interval(
        interval_id=new_interval_id(begin_wall),
        tag=Tag(**fields | tag),
        boot_id="boot-1",
        begin=1000.0 + number,
        begin_wall=begin_wall,
        lease_seconds=86_400.0,
        last_heard=1000.0 + number,
    )


def a_finished_interval(number: int = 0, **tag: Any) -> Interval:
    """The same, two seconds long, with counts and an account."""
    interval = an_open_interval(number, **tag)
    interval.status = Status.FINISHED
    interval.end = interval.begin + 2.0
    interval.end_wall = interval.begin_wall + 2.0
    interval.counts = {"sample": 512.0}
    interval.account = an_account()
    interval.notes = ["begun by hand"]
    return interval
