"""Servers that obey a known law, in a table like that of SPECpower results."""

import csv
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

LOADS = tuple(range(0, 101, 10))
HEADER = (
    "record_id", "cpu_model", "system", "sockets", "cores", "threads", "memory_bytes", "year", "idle_watts",
    *(f"watts_{load}_percent" for load in LOADS[1:]),
)  # fmt: skip
# Parts the catalogue knows: name, TDP, cores.
PARTS = (
    ("AMD EPYC 7763", 280, 64), ("AMD EPYC 7742", 225, 64), ("AMD EPYC 7601", 180, 32), ("AMD EPYC 9654", 360, 96),
    ("Intel Xeon Platinum 8180", 205, 28), ("Intel Xeon Platinum 8280", 205, 28), ("Intel Xeon Platinum 8380", 270, 40),
    ("Intel Xeon Platinum 8480+", 350, 56), ("Intel Xeon E5-2699 v4", 145, 22), ("Intel Xeon E5-2660", 95, 8),
)  # fmt: skip


def a_row(
    *,
    record_id: str = "spec-1",
    cpu: str = "AMD EPYC 7763",
    system: str = "A server",
    sockets: int = 2,
    cores: int = 128,
    threads: int = 256,
    memory_bytes: int = 256 * 2**30,
    watts: Mapping[int, float] | None = None,
) -> dict[str, str]:
    """One server; `watts` by load in percent, a straight line from 100 to 500 W unless given."""
    curve = {load: 100.0 + 4.0 * load for load in LOADS} if watts is None else watts
    given = {load: f"{curve[load]:.6g}" if load in curve else "" for load in LOADS}
    powers = {"idle_watts": given[0], **{f"watts_{load}_percent": given[load] for load in LOADS[1:]}}
    return {
        "record_id": record_id, "cpu_model": cpu, "system": system, "sockets": str(sockets), "cores": str(cores),
        "threads": str(threads), "memory_bytes": str(memory_bytes), "year": "2021", **powers,
    }  # fmt: skip


def write_servers(directory: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """The table as a file."""
    path = directory / "servers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


def lawful_watts(tdp: float, sockets: int, gibibytes: float, load: float) -> float:
    """30 W for the board, memory by its size, and per socket a quarter of its TDP at rest and all of it busy."""
    busy = 0.25 + 0.75 * load + 0.1 * math.sin(math.pi * load)
    return 30.0 + (0.05 + 0.1 * load) * gibibytes + sockets * tdp * busy


def lawful_rows() -> list[dict[str, str]]:
    """Servers of ten CPUs, of one and two sockets and three sizes of memory."""
    rows = []
    for place, (cpu, tdp, cores) in enumerate(PARTS):
        for sockets in (1, 2):
            for gibibytes in (64, 128, 256):
                curve = {load: lawful_watts(tdp, sockets, gibibytes, load / 100) for load in LOADS}
                row = a_row(
                    record_id=f"spec-{len(rows):03d}",
                    cpu=cpu,
                    system=f"Server {place % 4}-{gibibytes}",
                    sockets=sockets,
                    cores=cores * sockets,
                    threads=2 * cores * sockets,
                    memory_bytes=gibibytes * 2**30,
                    watts=curve,
                )
                rows.append(row)
    return rows
