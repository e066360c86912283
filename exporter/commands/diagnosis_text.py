"""The diagnosis as a page of text, at most as wide as asked, and readable without colours."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from exporter.commands.diagnosis import Diagnosis, SeriesDiagnosis
from exporter.commands.diagnosis_attribution import AttributionDiagnosis
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.sensor import Finding
from joulecast.component import Component

WIDTH = 100
_INDENT = "  "
_BOLD, _GREEN, _YELLOW, _DIM, _RESET = "\033[1m", "\033[32m", "\033[33m", "\033[2m", "\033[0m"
_STATUS_COLOURS = {"found": _GREEN, "denied": _YELLOW, "failed": _YELLOW, "absent": _DIM}
_NAMES_COLOURS = {"up": _GREEN, "absent": _DIM}
_METHODS = {
    "process_utilization": "split by what its processes used of it",
    "equal_shares": "split equally: the driver does not tell its processes apart",
    "slices": "split by its MIG slices",
    "holder": "all of its one holder: no process is seen on it",
    "none": "unattributed now: no process on it, and nobody is known to hold it",
}
_WITHOUT = {
    Component.CPU: "none: no counter, no power sensor, and no CPU in procfs to model from",
    Component.DRAM: "none: no counter, and no memory size in procfs to model from",
    Component.GPU: "none found; what nvml and hwmon say is below",
}


def render(diagnosis: Diagnosis, *, colour: bool, width: int = WIDTH) -> str:
    """The whole page, without a final newline."""
    page = _Page(colour=colour, width=width)
    cpus = diagnosis.cpus
    page.line(
        f"{cpus.model or 'unknown CPU'}: {_count(cpus.sockets, 'socket')}, {_count(cpus.logical_cpus, 'logical CPU')}"
    )
    for gpu in diagnosis.gpus:
        page.line(f"GPU {gpu.index}: {gpu.model}, driver {gpu.driver}, {gpu.uuid}", indent=_INDENT, first="")
    if diagnosis.replaying:
        page.line(f"Replaying capture {diagnosis.replaying}: nothing below is this machine.", _YELLOW)
    _used(page, diagnosis)
    for title, rows in (
        ("Shown beside, never added", [row for row in diagnosis.rows if row.choice.metered and not row.choice.counted]),
        ("Not used", [row for row in diagnosis.rows if not row.choice.metered]),
    ):
        if rows:
            page.heading(title)
            for row in rows:
                _row(page, row, diagnosis.gpus)
    if diagnosis.attribution is not None:
        page.heading("Whose energy it is")
        _attribution(page, diagnosis.attribution, diagnosis.gpus)
    page.heading("Sensors")
    for finding in diagnosis.findings:
        _finding(page, finding)
    return "\n".join(page.lines)


class _Page:
    """Lines that never grow wider than the page; colours add no width."""

    def __init__(self, *, colour: bool, width: int) -> None:
        self.lines: list[str] = []
        self._colour = colour
        self._width = width

    def heading(self, text: str) -> None:
        self.lines += ["", self.painted(text, _BOLD)]

    def line(self, text: str, colour: str = "", *, indent: str = "", first: str | None = None) -> None:
        """A paragraph; `first` stands at its beginning in the place of the indent."""
        wrapped = textwrap.wrap(
            text,
            self._width,
            initial_indent=indent if first is None else first,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
        self.lines += [self.painted(one, colour) for one in wrapped or [first or ""]]

    def painted(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if colour and self._colour else text


def _used(page: _Page, diagnosis: Diagnosis) -> None:
    page.heading("Used for node power")
    for component in (Component.CPU, Component.DRAM, Component.GPU):
        rows = [row for row in diagnosis.counted if row.series.key.component is component]
        for row in rows:
            _row(page, row, diagnosis.gpus)
        if not rows:
            why = "the capture has none" if diagnosis.replaying else _WITHOUT[component]
            page.line(why, _DIM, indent=_INDENT * 2, first=f"{_INDENT}{component:<25}")
    provenance = diagnosis.node_provenance
    total = f"{_watts(diagnosis.node_watts)}  {provenance}, as its weakest part" if provenance else "nothing to add"
    page.line(total, _BOLD, indent=_INDENT, first=f"{_INDENT}{'node':<25}")


def _row(page: _Page, row: SeriesDiagnosis, gpus: Sequence[Gpu]) -> None:
    """One series: its figures, then why, then where they come from."""
    series = row.series
    name = " ".join(filter(None, (series.key.component, _device(row, gpus), series.key.zone)))
    error = f"±{series.relative_error:.0%}" if series.relative_error else ""
    page.lines.append(
        f"{_INDENT}{_shortened(name, 24):<24} {_watts(row.watts)} {error:>6}  {series.provenance:<10}  {series.sensor}"
    )
    deep = _INDENT * 3
    page.line(row.choice.reason, indent=deep)
    page.line(f"from {series.source}", _DIM, indent=deep)
    for remark in filter(None, (series.note if series.note not in row.choice.reason else "", row.problem)):
        page.line(remark, _DIM, indent=deep)


def _attribution(page: _Page, attribution: AttributionDiagnosis, gpus: Sequence[Gpu]) -> None:
    deep = " " * 20
    unnamed = f", {attribution.unnamed} of them without a name" if attribution.unnamed else ""
    page.line(attribution.cgroups, indent=deep, first=f"{_INDENT}{'cgroups':<18}")
    for uuid, method in attribution.gpu_methods.items():
        index = next((str(gpu.index) for gpu in gpus if gpu.uuid == uuid), uuid)
        page.line(_METHODS[method], indent=deep, first=f"{_INDENT}{f'GPU {index}':<18}")
    for finding in attribution.names:
        page.line(
            f"{finding.status}: {finding.message}" if finding.message else finding.status,
            _NAMES_COLOURS.get(finding.status, _YELLOW),
            indent=deep,
            first=f"{_INDENT}{finding.source:<18}",
        )
        if finding.remedy:
            page.line(finding.remedy, indent=f"{deep}  ", first=f"{deep}> ")
    if attribution.workloads is not None:
        page.line(f"{attribution.workloads} now{unnamed}", indent=deep, first=f"{_INDENT}{'workloads':<18}")


def _finding(page: _Page, finding: Finding) -> None:
    deep = " " * 20
    colour = _STATUS_COLOURS[finding.status]
    text = finding.message or _count(len(finding.series), "series", "series")
    page.line(text, colour, indent=deep, first=f"{_INDENT}{finding.status:<7} {finding.sensor:<10}")
    for remark in _remarks(finding):
        page.line(remark, indent=f"{deep}  ", first=f"{deep}> ")


def _remarks(finding: Finding) -> Iterator[str]:
    """What a person can do, one each."""
    if finding.remedy:
        yield finding.remedy
    seen: Iterable[str] = dict.fromkeys(str(caveat) for caveat in finding.caveats)
    yield from seen


def _device(row: SeriesDiagnosis, gpus: Sequence[Gpu]) -> str:
    """A GPU by its index, for its UUID stands at the top of the page."""
    device = row.series.key.device
    return next((str(gpu.index) for gpu in gpus if gpu.uuid == device), device)


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _watts(watts: float | None) -> str:
    return f"{'-':>9} " if watts is None else f"{watts:>8.1f} W"


def _count(number: int, word: str, plural: str = "") -> str:
    return f"{number} {word if number == 1 else plural or word + 's'}"
