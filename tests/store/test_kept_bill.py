"""Where the bill is kept: through deaths, through its growth, and through what can be wrong with either place."""

from pathlib import Path

from doubles.ledger import FailingLedger

from exporter.store.kept_bill import BILL, KeptBill

LINES = 10
TOO_LONG = bytes(range(256)) * 400  # more than so few lines can need


def test_what_was_written_last_is_read_by_the_next_run(tmp_path: Path) -> None:
    """Without closing, as after a kill, the next run reads the newest document; the store is not asked."""
    ledger = FailingLedger()
    kept = KeptBill(tmp_path / "bill", ledger, LINES)
    assert kept.read() is None
    kept.write(b"first")
    kept.write(b"second")

    assert KeptBill(tmp_path / "bill", ledger, LINES).read() == b"second"
    assert ledger.writes == 0


def test_a_bill_that_outgrows_its_file_goes_to_the_store_and_comes_back(tmp_path: Path) -> None:
    """The newest is read wherever it is: an older one in the file is not taken for it, nor one left in the store."""
    ledger = FailingLedger()
    kept = KeptBill(tmp_path / "bill", ledger, LINES)
    kept.write(b"small")
    kept.write(TOO_LONG)
    assert KeptBill(tmp_path / "bill", ledger, LINES).read() == TOO_LONG
    kept.write(b"small again")

    assert KeptBill(tmp_path / "bill", ledger, LINES).read() == b"small again"


def test_a_store_that_is_away_costs_a_moment(tmp_path: Path) -> None:
    """With the file outgrown and the store full, what was kept before is what the next run finds."""
    ledger = FailingLedger()
    kept = KeptBill(tmp_path / "bill", ledger, LINES)
    kept.write(b"before")
    ledger.is_full = True
    kept.write(TOO_LONG)

    assert KeptBill(tmp_path / "bill", ledger, LINES).read() == b"before"


def test_without_room_for_a_file_the_store_keeps_it(tmp_path: Path) -> None:
    """A place where no file can be made: every write is one to the store, and is read from there."""
    ledger = FailingLedger()
    nowhere = tmp_path / "missing" / "bill"
    KeptBill(nowhere, ledger, LINES).write(b"a bill")

    assert KeptBill(nowhere, ledger, LINES).read() == b"a bill"


def test_garbage_in_the_store_is_no_bill(tmp_path: Path) -> None:
    """A document that is none in the store gives nothing, and raises nothing."""
    ledger = FailingLedger()
    nowhere = tmp_path / "missing" / "bill"
    for garbage in ({}, {"bill": 7}, {"bill": "not base64!"}):
        ledger.save_state(BILL, garbage)
        assert KeptBill(nowhere, ledger, LINES).read() is None
