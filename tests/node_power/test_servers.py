"""The table of servers: what is read, what is left out, and errors that name the place."""

from pathlib import Path

import pytest
from doubles.measured_servers import HEADER, a_row, write_servers

from joulecast.errors import JoulecastError
from predictor.node_power.generations import year_of
from predictor.node_power.servers import known_loads, read_servers


def test_a_server_has_what_its_cpu_tells(tmp_path: Path) -> None:
    """TDP and year by the CPU's name; cores and threads are those of one socket, whatever the table sums up."""
    (server,) = read_servers(write_servers(tmp_path, [a_row(cpu="AMD EPYC 7763", sockets=2, cores=128, threads=256)]))

    assert (server.cpu, server.vendor, server.tdp_watts, server.year) == ("AMD EPYC 7763", "AMD", 280.0, 2021.0)
    assert (server.cores, server.threads, server.generation) == (64.0, 128.0, "AMD 2021")


def test_only_published_loads_are_points(tmp_path: Path) -> None:
    """An empty cell is unknown and no point; it is never zero watts."""
    (server,) = read_servers(write_servers(tmp_path, [a_row(watts={0: 100.0, 100: 400.0})]))

    assert [(load, watts) for _, load, watts in known_loads([server])] == [(0.0, 100.0), (1.0, 400.0)]


def test_an_impossible_memory_is_unknown(tmp_path: Path) -> None:
    """2 GiB for 128 cores was 2 TiB in a table in the wrong unit: unknown, rather than learnt from."""
    (server,) = read_servers(write_servers(tmp_path, [a_row(memory_bytes=2 * 2**30)]))

    assert server.memory_bytes is None


def test_unknown_cpus_are_left_out(tmp_path: Path) -> None:
    """Without a TDP there is nothing to relate watts to."""
    found = read_servers(write_servers(tmp_path, [a_row(cpu="Zilog Z80"), a_row(record_id="spec-2")]))

    assert [each.record_id for each in found] == ["spec-2"]


@pytest.mark.parametrize("cell", ["n/a", "nan", "-5", "inf", "1,5"])
def test_what_cannot_be_is_named_with_its_place(tmp_path: Path, cell: str) -> None:
    """File, row and column stand in the error."""
    path = write_servers(tmp_path, [a_row(), a_row(record_id="spec-2")])
    lines = path.read_text().splitlines()
    cells = lines[2].split(",")
    cells[HEADER.index("idle_watts")] = f'"{cell}"'
    path.write_text("\n".join([*lines[:2], ",".join(cells)]))
    with pytest.raises(JoulecastError, match=r"row 3: idle_watts"):
        read_servers(path)


def test_no_table_is_an_error(tmp_path: Path) -> None:
    """One line that names the file."""
    with pytest.raises(JoulecastError, match=r"missing\.csv"):
        read_servers(tmp_path / "missing.csv")


@pytest.mark.parametrize(
    ("model", "year"),
    [
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 2016),
        ("Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz", 2017),
        ("Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", 2019),
        ("INTEL(R) XEON(R) PLATINUM 8480+", 2023),
        ("AMD EPYC 7R13 Processor", 2021),
        ("AMD EPYC 9V74 80-Core Processor", 2022),
        ("AMD EPYC 9965 192-Core Processor", 2024),
        ("Ampere(R) Altra(R) Max Processor M128-30", 2021),
        ("Arm Neoverse-N1", 2020),
    ],
)
def test_a_name_tells_the_generation(model: str, year: int) -> None:
    """As Linux and clouds spell them."""
    assert year_of(model) == year


def test_cpuid_tells_where_the_name_does_not() -> None:
    """A hypervisor's "AMD EPYC" of family 25, model 17 is of 2022; an unknown one is unknown."""
    assert year_of("AMD EPYC", "AuthenticAMD", 25, 17) == 2022
    assert year_of("AMD EPYC", "AuthenticAMD", 99, 1) is None
    assert year_of("") is None
