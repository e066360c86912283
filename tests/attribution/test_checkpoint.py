"""The bill as bytes: what comes back is what went in, and what is no bill is refused whole."""

import json
import struct

import pytest
from doubles.attributed_machine import AttributedMachine
from hypothesis import given
from hypothesis import strategies as st

from exporter.attribution.bill import Bill
from exporter.attribution.checkpoint import Checkpoint, restore


def a_document() -> bytes:
    """A bill with lines, two components and a GPU that is held."""
    machine = AttributedMachine()
    machine.idle_watts = {machine.cpu().series.key: 10.0}
    machine.gpu("GPU-1")
    machine.container("wëb\udcff")
    machine.hold("GPU-1", "web")
    machine.run_on_gpu("GPU-1", {"web": 1.0}, utilization=1.0)
    machine.tick()
    for _ in range(3):
        machine.use_cpu("web", 1.0)
        machine.cpu().joules += 1e9 / 3
        machine.gpu("GPU-1").joules += 1e12 / 7
        machine.tick()
    return machine.kept


def test_what_comes_back_is_what_went_in() -> None:
    """Every name and every total survives to the last quantum, also those too large for a float."""
    document = a_document()
    bill = Bill(ttl_seconds=60.0, max_lines=100)
    restore(bill, document, 0.0)

    assert Checkpoint(bill).pack() == document
    assert sum(bill.accounted.values()) == (
        sum(line.quanta for line in bill.lines.values())
        + bill.other.quanta
        + sum(bill.idle.values())
        + sum(bill.unattributed.values())
        + sum(bill.retired.values())
    )


def test_every_change_of_lines_is_packed() -> None:
    """The names are packed anew when a line comes or goes, and only the totals otherwise."""
    machine = AttributedMachine()
    machine.cpu()
    machine.tick()
    alone = machine.kept
    machine.container("web")
    machine.tick()
    with_line = machine.kept
    machine.use_cpu("web", 1.0)
    machine.cpu().joules += 1.0
    machine.tick()

    assert len(with_line) > len(alone)
    assert len(machine.kept) == len(with_line)
    assert machine.kept != with_line


@given(cut=st.integers(0, 400), noise=st.binary(max_size=40))
def test_what_is_no_bill_is_refused_whole(cut: int, noise: bytes) -> None:
    """A document that was cut or overwritten raises ValueError and leaves the bill empty."""
    document = a_document()
    broken = document[:cut] + noise
    bill = Bill(ttl_seconds=60.0, max_lines=100)

    with pytest.raises(ValueError, match=r".+"):
        restore(bill, broken, 0.0)
    assert not bill.lines
    assert not bill.accounted
    assert bill.other.quanta == 0


@pytest.mark.parametrize(
    "names",
    [
        {"lines": [5], "series": []},
        {"lines": [["kubernetes", [], "", "", ""]], "series": []},
        {"lines": [["kubernetes", 1, 2, 3, 4]], "series": []},
        {"lines": [], "series": [5]},
        {"lines": [], "series": [["cpu", [], {}]]},
        {"lines": [], "series": {"cpu": 1}},
        {"lines": [["nobody", "", "", "", ""]], "series": []},
        {"lines": [["systemd", "", "", ""]], "series": []},
        [1, 2],
    ],
)
def test_names_that_are_none_are_refused_whole(names: dict[str, list[object]] | list[object]) -> None:
    """A document that is whole and says nonsense raises ValueError too: the exporter starts without it."""
    encoded = json.dumps(names).encode()
    totals = 4 * (len(names["lines"]) + 1) + 6 + len(names["series"]) if isinstance(names, dict) else 10
    bill = Bill(ttl_seconds=60.0, max_lines=100)

    with pytest.raises(ValueError, match=r".+"):
        restore(bill, struct.pack("<HI", 1, len(encoded)) + encoded + bytes(16 * totals), 0.0)
    assert not bill.lines
    assert not bill.accounted
