"""Servers measured at the wall at known loads: the results of SPECpower_ssj2008, one row for each server."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from joulecast.errors import JoulecastError
from predictor.hardware.catalogue import device_named
from predictor.node_power.generations import year_of

LOADS = tuple(percent / 100 for percent in range(0, 101, 10))
_COLUMNS = ("idle_watts", *(f"watts_{percent}_percent" for percent in range(10, 101, 10)))
# Less than this for each core was never sold: a memory of "2" in a table in GB was one of 2 TB.
_LEAST_BYTES_PER_CORE = 0.25 * 2**30


@dataclass(frozen=True, slots=True)
class Server:
    """One result. `watts` at each of LOADS, None where the load was not published; cores and threads are per socket."""

    record_id: str
    cpu: str
    vendor: str
    system: str
    sockets: int
    cores: float
    threads: float
    tdp_watts: float  # of a socket
    memory_bytes: float | None
    year: float | None  # in which its CPU came to market
    watts: tuple[float | None, ...]

    @property
    def generation(self) -> str:
        """Parts of one vendor and year: they share an architecture."""
        return f"{self.vendor} {self.year:.0f}" if self.year else self.cpu


def read_servers(path: Path) -> list[Server]:
    """The servers whose CPU the catalogue knows, in the order of their identifiers.

    Raises JoulecastError naming file, row and column of what cannot be.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise JoulecastError(f"{path} cannot be read: {error}", "name the table of SPECpower results") from error
    found = [_server(row, f"{path}, row {line}") for line, row in enumerate(rows, start=2)]
    return sorted((each for each in found if each is not None), key=lambda each: each.record_id)


def _server(row: Mapping[str, str], where: str) -> Server | None:
    model = row.get("cpu_model") or ""
    try:
        device = device_named(model)
    except JoulecastError:
        return None
    if device.tdp_watts is None:
        return None
    sockets, cores, threads = (_number(row, name, where) for name in ("sockets", "cores", "threads"))
    if sockets is None or cores is None or threads is None:
        raise JoulecastError(f"{where}: sockets, cores or threads is empty", "give all three")
    memory = _number(row, "memory_bytes", where)
    if memory is not None and memory < _LEAST_BYTES_PER_CORE * cores:
        memory = None
    return Server(
        record_id=row.get("record_id") or where,
        cpu=device.name,
        vendor=device.name.split()[0],
        system=(row.get("system") or "").split("(")[0].strip(),
        sockets=round(sockets),
        cores=cores / sockets,
        threads=threads / sockets,
        tdp_watts=device.tdp_watts,
        memory_bytes=memory,
        year=year_of(device.name) or year_of(model),
        watts=tuple(_number(row, name, where) for name in _COLUMNS),
    )


def _number(row: Mapping[str, str], name: str, where: str) -> float | None:
    text = (row.get(name) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise JoulecastError(f"{where}: {name} is {text[:40]!r}", "give a number, or leave it empty") from None
    if not math.isfinite(value) or value <= 0:
        raise JoulecastError(f"{where}: {name} is {text[:40]}", "give a number above 0, or leave it empty")
    return value


def known_loads(servers: Sequence[Server]) -> list[tuple[Server, float, float]]:
    """Every measured point: server, load 0..1, watts at the wall."""
    return [
        (server, load, watts)
        for server in servers
        for load, watts in zip(LOADS, server.watts, strict=True)
        if watts is not None
    ]
