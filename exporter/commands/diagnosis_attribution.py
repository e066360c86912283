"""What the doctor finds out about whose energy it is: cgroups, processes on GPUs, and what the kubelet tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.attribution.attribution import Attribution
from exporter.attribution.bill import Bill
from exporter.evidence import Evidence
from exporter.kubernetes.names import KubernetesNames
from exporter.usage.cgroups.reader import CgroupReader
from exporter.usage.evidence import NamesFinding
from joulecast.clock import Clock

_TTL_SECONDS = 600.0
_MOST_LINES = 10_000


@dataclass(frozen=True, slots=True)
class AttributionDiagnosis:
    """By what energy is told apart on this machine."""

    cgroups: str  # what is read, or what to do to have something
    gpu_methods: Mapping[str, str]  # by UUID
    names: Sequence[NamesFinding]
    workloads: int | None  # that run now; None if nobody tells
    unnamed: int | None  # of those, containers whose names nobody tells


class AttributionLook:
    """Looks at the evidence when it is made, and once more to finish: processes are told since the look before."""

    def __init__(self, evidence: Evidence, clock: Clock) -> None:
        self._evidence = evidence
        if isinstance(evidence.names, KubernetesNames):
            evidence.names.look()
        bill = Bill(ttl_seconds=_TTL_SECONDS, max_lines=_MOST_LINES)
        self._attribution = Attribution(bill, clock, cpu=evidence.cpu, gpu=evidence.gpu, names=evidence.names)
        self._attribution.step([], {})

    def finish(self) -> AttributionDiagnosis:
        """Look again, and let go of everything."""
        evidence = self._evidence
        if isinstance(evidence.names, KubernetesNames):
            evidence.names.look()  # for what was new at the first look
        bill = self._attribution.step([], {})
        cgroups = evidence.cpu.describe() if isinstance(evidence.cpu, CgroupReader) else "those of the capture"
        evidence.close()
        counts, methods = ({}, {}) if bill is None else (bill.counts, bill.gpu_methods)
        findings = evidence.names.findings()
        return AttributionDiagnosis(cgroups, methods, findings, counts.get("running"), counts.get("unmapped"))
