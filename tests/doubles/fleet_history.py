"""Hours of what an imaginary fleet would have said, as OpenMetrics with time stamps, for Prometheus to start with.

Every sample is of a declared family and has exactly its labels, so no dashboard can pass on a metric that is not there.
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from random import Random

from doubles.imaginary_fleet import Machine, Part, Task, fleet

from exporter.metrics import families as f
from exporter.metrics.families import BUCKETS, Family, Kind
from joulecast.component import Component
from joulecast.provenance import weakest

STEP_SECONDS = 15.0
_ATTRIBUTED = 0.86  # of what is above idle, while something runs
_HOLDERS = {  # hold a GPU and do nothing with it
    "gpu-01:9877": ("training", "debug-shell", "bash"),
    "gpu-02:9877": ("research", "notebook-2b", "jupyter"),
    "gpu-03:9877": ("research", "notebook-9e", "jupyter"),
}


class FleetHistory:
    """The last `seconds` of a fleet until `until`, a Unix time.

    `job_label` is what the scrape calls a workload's job: `job` with honor_labels, else `exported_job`.
    """

    def __init__(self, until: float, *, seconds: float = 7200.0, job_label: str = "job", cluster: str = "") -> None:
        self.until = until
        self.begin = until - seconds
        self._job_label = job_label
        self._cluster = cluster
        self._samples: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._totals: dict[tuple[str, str], float] = {}
        self._over: set[Task] = set()
        self.families: set[Family] = set()

    def lines(self) -> Iterator[str]:
        """The history line by line."""
        for machine in fleet():
            time = self.begin
            while time <= self.until - machine.silent_seconds:
                self._observe(machine, time)
                time += STEP_SECONDS
        self._serve_predictions()
        for name, series in self._samples.items():
            for labels, points in series.items():
                yield from (f"{name}{{{labels}}} {point}" for point in points)
        yield "# EOF"

    def _observe(self, machine: Machine, time: float) -> None:
        watts = {part: machine.watts(part, time) for part in machine.parts}
        self._power(machine, watts, time)
        self._usage(machine, watts, time)
        self._attribution(machine, watts, time)
        self._intervals(machine, time)
        self._site_and_self(machine, time)

    def _power(self, machine: Machine, watts: Mapping[Part, float], time: float) -> None:
        for part, value in watts.items():
            labels = (part.component.value, part.device, part.zone, part.provenance.value)
            self._say(machine, time, f.POWER, labels, value)
            self._say(machine, time, f.POWER_UNCERTAINTY, labels, value * part.error)
            self._say(machine, time, f.ENERGY, labels, value * STEP_SECONDS)
            if part.node_part and part.provenance.value == "measured":
                self._say(machine, time, f.IDLE_POWER, (part.component.value, part.device), part.idle_watts)
        ours = [part for part in watts if part.node_part]
        provenance = weakest(part.provenance for part in ours)
        assert provenance is not None
        whole = sum(watts[part] for part in ours)
        self._say(machine, time, f.NODE_POWER, (provenance.value,), whole)
        self._say(machine, time, f.NODE_ENERGY, (provenance.value,), whole * STEP_SECONDS)
        for component, device, residual in machine.residuals:
            wander = 0.05 * math.sin(time / 500 + len(device))
            self._say(machine, time, f.PREDICTION_RESIDUAL, (component.value, device), residual + wander)

    def _usage(self, machine: Machine, watts: Mapping[Part, float], time: float) -> None:
        load = machine.load(time)
        self._say(machine, time, f.CPU_UTILIZATION, (), 0.55 * load)
        self._say(machine, time, f.MEMORY_UTILIZATION, (), 0.2 + 0.3 * load)
        self._say(machine, time, f.CPU_INFO, ("Imaginary Xeon 8000", "2", "128"), 1)
        self._say(machine, time, f.BUILD_INFO, ("0.0", "3.13"), 1)
        self._say(machine, time, f.REPLAY_INFO, ("imaginary",), 1)
        for part, value in watts.items():
            if part.component is Component.CPU and part.zone == "package":
                self._say(machine, time, f.TEMPERATURE, ("cpu", part.device, "package"), 31 + value / 8)
            if part.component is Component.GPU:
                self._gpu(machine, part, value, time)

    def _gpu(self, machine: Machine, part: Part, watts: float, time: float) -> None:
        uuid, index, limit = part.device, machine.gpus.index(part.device), part.idle_watts + part.swing_watts
        busy = (watts - part.idle_watts) / part.swing_watts
        info = (uuid, str(index), machine.model, "580.65", f"00000000:{index:02X}:00.0")
        self._say(machine, time, f.GPU_INFO, info, 1)
        self._say(machine, time, f.GPU_ATTRIBUTION, (uuid, "process_utilization" if index else "holder"), 1)
        self._say(machine, time, f.GPU_UTILIZATION, (uuid,), max(0.0, min(1.0, busy * 1.08)))
        self._say(machine, time, f.GPU_MEMORY_USED, (uuid,), 8e10 * (0.05 + 0.8 * busy))
        self._say(machine, time, f.GPU_MEMORY_TOTAL, (uuid,), 8.5e10)
        self._say(machine, time, f.GPU_POWER_LIMIT, (uuid,), limit)
        self._say(machine, time, f.GPU_CLOCK, (uuid, "sm"), 1.98e9 if watts < 0.95 * limit else 1.7e9)
        self._say(machine, time, f.GPU_CLOCK, (uuid, "memory"), 2.6e9)
        self._say(machine, time, f.GPU_THROTTLED, (uuid, "power_cap"), float(watts > 0.95 * limit))
        self._say(machine, time, f.GPU_ENERGY_TO_POWER, (uuid,), 1.0 + 0.02 * index + 0.01 * math.sin(time / 300))
        self._say(machine, time, f.TEMPERATURE, ("gpu", uuid, "core"), 30 + watts / 14)

    def _attribution(self, machine: Machine, watts: Mapping[Part, float], time: float) -> None:
        tasks = [task for _, task, _ in machine.running(time)]
        share = _ATTRIBUTED / len(tasks) if tasks else 0.0
        for component in (Component.CPU, Component.DRAM, Component.GPU):
            parts = [part for part in watts if part.component is component and part.node_part]
            if not parts:
                continue
            idle = sum(min(watts[part], part.idle_watts) for part in parts) * STEP_SECONDS
            above = sum(watts[part] for part in parts) * STEP_SECONDS - idle
            for task in machine.tasks:
                family = f.CONTAINER_ENERGY if len(task.where) == 3 else f.UNIT_ENERGY
                charged = above * share if task in tasks else 0.0
                self._say(machine, time, family, (*task.where, component.value), charged)
            self._say(machine, time, f.UNIT_ENERGY, ("systemd", "sshd.service", component.value), above * 0.02)
            self._say(machine, time, f.IDLE_ENERGY, (component.value,), idle)
            rest = above * (0.98 - share * len(tasks))
            self._say(machine, time, f.UNATTRIBUTED_ENERGY, (component.value,), rest)
            self._say(machine, time, f.RETIRED_ENERGY, (component.value,), 0.0)  # nobody has left yet
        if machine.gpus:
            joules = min(part.idle_watts for part in machine.parts if part.component is Component.GPU) * STEP_SECONDS
            self._say(machine, time, f.ALLOCATED_IDLE_ENERGY, _HOLDERS[machine.name], joules)
        for state, count in (("running", len(tasks) + 1), ("finished", 2), ("unmapped", 0), ("folded", 0)):
            self._say(machine, time, f.WORKLOADS, (state,), count)

    def _intervals(self, machine: Machine, time: float) -> None:
        self._say(machine, time, f.INTERVALS_OPEN, (), sum(1 for _ in machine.running(time)))
        before = {(task, number): since for number, task, since in machine.running(time - STEP_SECONDS)}
        now = {(task, number) for number, task, _ in machine.running(time)}
        for (task, number), since in before.items():
            if (task, number) not in now and task not in self._over:
                self._end(machine, task, since, time)
        self._repeat(machine, time)

    def _end(self, machine: Machine, task: Task, since: float, time: float) -> None:
        if task.once:
            self._over.add(task)
        gross = net = 0.0
        for part in machine.parts:
            if part.node_part:
                joules = machine.watts(part, (since + time) / 2) * (time - since)
                labels = (task.job, task.phase, part.component.value, part.provenance.value)
                self._say(machine, time, f.INTERVAL_ENERGY, labels, joules, quiet=True)
                gross += joules
                net += joules - part.idle_watts * (time - since)
        status = "truncated" if Random(f"{task}{since}").random() < 0.06 else "finished"
        self._say(machine, time, f.INTERVALS, (task.job, task.phase, status), 1, quiet=True)
        self._count(machine, (task.job, task.phase), net)

    def _count(self, machine: Machine, pair: tuple[str, str], net: float) -> None:
        bounds = BUCKETS[f.INTERVAL_NET]
        for place, bound in enumerate([*map(str, bounds), "+Inf"]):
            labels = self._labels(machine, f.INTERVAL_NET, pair) + f',le="{bound}"'
            key = (f"{f.INTERVAL_NET.name}_bucket", labels)
            self._totals[key] = self._totals.get(key, 0.0) + float(place >= bisect_left(bounds, net))
        self.families.add(f.INTERVAL_NET)

    def _repeat(self, machine: Machine, time: float) -> None:
        """Say again where every total of the intervals stands."""
        mine = f'instance="{machine.name}"'
        for (name, labels), total in self._totals.items():
            if name.startswith("joulecast_interval") and mine in labels:
                self._samples[name][labels].append(f"{total!r} {time}")

    def _site_and_self(self, machine: Machine, time: float) -> None:
        grams = {"DE": 340.0, "FR": 55.0, "SE": 28.0}[machine.zone] * (1 + 0.25 * math.sin(time / 14_000))
        self._say(machine, time, f.CARBON_INTENSITY, (machine.zone, "file"), grams)
        self._say(machine, time, f.ELECTRICITY_PRICE, ("EUR",), 0.21 + 0.04 * math.sin(time / 9000))
        if machine.pue is not None:
            self._say(machine, time, f.PUE, (), machine.pue)
        self._say(machine, time, f.EXPORTER_ENERGY, (), 0.04 * STEP_SECONDS)
        for sensor in (*machine.sensors, *machine.failing):
            up = sensor in machine.sensors
            self._say(machine, time, f.SENSOR_UP, (sensor,), float(up))
            self._say(machine, time, f.SENSOR_READ, (sensor,), 0.0002 if up else 0.01)
            self._say(machine, time, f.SENSOR_LAST_SUCCESS, (sensor,), time if up else self.begin)
            refused = float(not up and Random(f"{machine.name}{time}").random() < 0.1)
            self._say(machine, time, f.SENSOR_REJECTED, (sensor, "impossible"), refused)
        plain = self._labels(machine, f.EXPORTER_ENERGY, ())
        self._samples["process_cpu_seconds_total"][plain].append(f"{(time - self.begin) * 0.012!r} {time}")
        self._samples["process_start_time_seconds"][plain].append(f"{self.begin!r} {time}")
        self._samples["process_resident_memory_bytes"][plain].append(f"{61e6 + 1e6 * math.sin(time / 600)!r} {time}")

    def _serve_predictions(self) -> None:
        """The prediction service beside the fleet."""
        plain = f'instance="predictor:9878",job="joulecast-predictor"{self._cluster_label()}'
        time, calls = self.begin, 0.0
        while time <= self.until:
            calls += STEP_SECONDS * (3 + 2 * math.sin(time / 900))
            for name, labels, value in (
                ("joulecast_predictor_requests_total", 'method="Predict",code="OK"', calls),
                ("joulecast_predictor_requests_total", 'method="Predict",code="INVALID_ARGUMENT"', calls * 0.02),
                ("joulecast_predictor_estimates_total", 'model="discriminative",in_domain="true"', calls * 0.8),
                ("joulecast_predictor_estimates_total", 'model="discriminative",in_domain="false"', calls * 0.05),
                ("joulecast_predictor_estimates_total", 'model="node-power",in_domain="true"', calls * 0.15),
                ("joulecast_predictor_request_seconds_bucket", 'method="Predict",le="0.0001"', calls * 0.3),
                ("joulecast_predictor_request_seconds_bucket", 'method="Predict",le="0.00025"', calls * 0.9),
                ("joulecast_predictor_request_seconds_bucket", 'method="Predict",le="0.001"', calls * 0.995),
                ("joulecast_predictor_request_seconds_bucket", 'method="Predict",le="+Inf"', calls),
                ("joulecast_predictor_artifacts_failed", "", 0.0),
                *(
                    (
                        "joulecast_predictor_artifact_info",
                        f'model="{model}",version="{version}",question="{question}",answers_by_default="true"',
                        1.0,
                    )
                    for model, version, question in (
                        ("discriminative", "4f1c90ab12de", "discriminative"),
                        ("generative-known-runtime", "9b77e0c2a4f1", "generative"),
                        ("node-power", "01dd52c8e36b", "node_power"),
                    )
                ),
            ):
                self._samples[name][f"{plain},{labels}".rstrip(",")].append(f"{value!r} {time}")
            time += STEP_SECONDS

    def _say(
        self,
        machine: Machine,
        time: float,
        family: Family,
        values: tuple[str, ...],
        value: float,
        *,
        quiet: bool = False,
    ) -> None:
        """One sample; counters are given what was added. A `quiet` one is said only when totals are repeated."""
        self.families.add(family)
        labels = self._labels(machine, family, values)
        if family.kind is Kind.COUNTER:
            key = (family.name, labels)
            value = self._totals[key] = self._totals.get(key, 0.0) + value
        if not quiet:
            self._samples[family.name][labels].append(f"{value!r} {time}")

    def _labels(self, machine: Machine, family: Family, values: tuple[str, ...]) -> str:
        own = dict(zip(family.labels, values, strict=True))
        scrape = {"instance": machine.name, "job": "joulecast"}
        if "job" in own and self._job_label != "job":
            own[self._job_label] = own.pop("job")
        pairs = ",".join(f'{name}="{text}"' for name, text in {**scrape, **own}.items())
        return pairs + self._cluster_label()

    def _cluster_label(self) -> str:
        return f',cluster="{self._cluster}"' if self._cluster else ""
