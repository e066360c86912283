"""Machines that never existed, and what they would draw at any moment: shapes and noise from one seed each."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from joulecast.component import Component
from joulecast.provenance import Provenance

MEASURED, INTEGRATED = Provenance.MEASURED, Provenance.INTEGRATED
MODELLED, PREDICTED = Provenance.MODELLED, Provenance.PREDICTED


class Task(NamedTuple):
    """What a machine does over and over: an interval of a job, and the container or unit it runs in."""

    job: str
    phase: str
    every: float
    seconds: float
    load: float
    where: tuple[str, ...]  # namespace, pod, container; or manager, unit
    once: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One series of a machine, with its power at load 0 and what load 1 adds."""

    component: Component
    device: str
    zone: str
    provenance: Provenance
    idle_watts: float
    swing_watts: float
    error: float
    node_part: bool = True


@dataclass(frozen=True)
class Machine:
    """A node: its parts, its tasks, the grid it hangs on. It may have fallen silent before the end."""

    name: str
    model: str
    parts: Sequence[Part]
    tasks: Sequence[Task]
    zone: str
    sensors: Sequence[str]
    failing: Sequence[str] = ()
    residuals: Sequence[tuple[Component, str, float]] = ()
    pue: float | None = None
    silent_seconds: float = 0.0

    @property
    def gpus(self) -> list[str]:
        """The UUIDs of its GPUs."""
        return [part.device for part in self.parts if part.component is Component.GPU]

    def running(self, time: float) -> Iterator[tuple[int, Task, float]]:
        """The tasks under way: which round of each, and since when."""
        for task in self.tasks:
            shift = Random(f"{self.name} {task.job}").random() * task.every
            number, into = divmod(time + shift, task.every)
            if into < task.seconds:
                yield int(number), task, time - into

    def load(self, time: float) -> float:
        """How busy it is, from 0 to 1: its tasks with the ripple of their steps."""
        wanted = sum(task.load * _ripple(time, task.every) for _, task, _ in self.running(time))
        return min(1.0, 0.02 + wanted)

    def watts(self, part: Part, time: float) -> float:
        """What a part draws: idle power, its share of the load, and a noise of one percent."""
        appetite = 0.55 if part.component in {Component.CPU, Component.DRAM} else 1.0
        if part.component is Component.GPU:  # no two of them get quite the same work
            appetite -= 0.09 * self.gpus.index(part.device)
        noise = 1 + 0.01 * Random(f"{self.name} {part.device} {part.zone} {time}").gauss(0, 1)
        return (part.idle_watts + part.swing_watts * appetite * self.load(time)) * noise


def _ripple(time: float, phase: float) -> float:
    return 0.85 + 0.08 * math.sin(time / 37 + phase) + 0.07 * math.sin(time / 411 + phase)


def fleet() -> list[Machine]:
    """Every way of knowing power, at least once: counters, power sensors, formulas, models."""
    search = Task("hyperparameter-search", "experimentation", 840, 600, 0.62, ("research", "sweep-7f9c", "trainer"))
    return [
        Machine(
            "gpu-01:9877",
            "NVIDIA H100 80GB HBM3 (imaginary)",
            _server(4, gpu=MEASURED, idle=72, swing=610),
            [
                Task("llama-8b", "fine-tuning", 3000, 2700, 0.88, ("training", "llama-8b-0", "trainer")),
                Task("llama-8b-eval", "training", 3000, 150, 0.35, ("training", "llama-8b-eval", "eval"), once=True),
            ],
            "DE",
            ("rapl", "nvml", "dimm"),
            residuals=((Component.CPU, "0", 0.06), (Component.CPU, "1", -0.04)),
            pue=1.18,
        ),
        Machine(
            "gpu-02:9877",
            "NVIDIA L40S (imaginary)",
            _server(4, gpu=INTEGRATED, idle=34, swing=270),
            [
                Task("chat", "inference", 150, 120, 0.55, ("serving", "chat-5d4f", "vllm")),
                Task("embeddings", "inference", 240, 90, 0.25, ("serving", "embed-77c2", "server")),
            ],
            "DE",
            ("rapl", "nvml"),
            failing=("hwmon",),
            pue=1.18,
        ),
        Machine(
            "gpu-03:9877",
            "NVIDIA A100-SXM4-80GB (imaginary)",
            _server(2, gpu=MEASURED, idle=58, swing=330),
            [search, Task("resnet50", "training", 1080, 420, 0.4, ("slurm", "job-4711"))],
            "FR",
            ("rapl", "nvml"),
            residuals=((Component.CPU, "0", -0.11), (Component.CPU, "1", -0.09), (Component.DRAM, "", 0.19)),
        ),
        Machine(
            "cpu-01:9877",
            "",
            _server(0, dram=MODELLED),
            [Task("tokenise", "data", 600, 420, 0.8, ("batch", "tokenise-x2x", "worker"))],
            "FR",
            ("rapl", "dimm"),
            residuals=((Component.CPU, "0", 0.12), (Component.CPU, "1", 0.1)),
        ),
        Machine(
            "vm-01:9877",
            "",
            _server(0, cpu=PREDICTED, dram=PREDICTED),
            [Task("classifier", "inference", 300, 210, 0.6, ("serving", "classify-9a1b", "server"))],
            "SE",
            ("predicted",),
        ),
        Machine("cpu-02:9877", "", _server(0), [], "SE", ("rapl",), silent_seconds=900),
    ]


def _server(
    gpus: int,
    *,
    gpu: Provenance = MEASURED,
    cpu: Provenance = MEASURED,
    dram: Provenance = MEASURED,
    idle: float = 0.0,
    swing: float = 0.0,
) -> list[Part]:
    dram_zone = "" if dram is MODELLED else "dram"
    parts = []
    for socket in ("0", "1"):
        parts += [
            Part(Component.CPU, socket, "package", cpu, 95.0, 240.0, 0.05 if cpu is MEASURED else 0.25),
            Part(Component.DRAM, socket, dram_zone, dram, 12.0, 20.0, 0.1 if dram is MEASURED else 0.3),
        ]
        if cpu is MEASURED:
            parts.append(Part(Component.CPU, socket, "core", cpu, 41.0, 190.0, 0.05, node_part=False))
    if cpu is MEASURED:  # fans and losses come on top
        parts.append(
            Part(
                *(Component.PLATFORM, "acpi", "", INTEGRATED),
                *(1.15 * (214.0 + gpus * idle) + 60.0, 1.25 * (286.0 + gpus * swing), 0.03),
                node_part=False,
            )
        )
    uuids = (f"GPU-{index:08x}-5e7d-4d00-8000-000000000000" for index in range(gpus))
    return [*parts, *(Part(Component.GPU, uuid, "", gpu, idle, swing, 0.05) for uuid in uuids)]
