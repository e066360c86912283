"""A kept-open sysfs number: replaced files are noticed, and what is no number is refused."""

from pathlib import Path

import pytest
from doubles.sysfs import public_directory, unprivileged

from exporter.sensors.attribute import Attribute, Unreadable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A counter file."""
    path = tmp_path / "energy_uj"
    path.write_text("100\n")
    return path


@pytest.fixture
def attribute(file: Path) -> Attribute:
    """That file, open."""
    attribute = Attribute(file)
    attribute.open()
    return attribute


def reason_of(attribute: Attribute, now: float = 0.0) -> str:
    """Why the attribute cannot be read."""
    with pytest.raises(Unreadable) as caught:
        attribute.read(now)
    return caught.value.reason


def test_reads_what_is_there_now(attribute: Attribute, file: Path) -> None:
    """Writing into the same file is seen at once."""
    assert attribute.read(0.0) == 100

    file.write_text("250\n")

    assert attribute.read(0.1) == 250


def test_a_renamed_over_file_is_noticed_within_a_second(attribute: Attribute, file: Path) -> None:
    """The old file stays open and unchanged for ever, so a value that stands still is looked into."""
    assert attribute.read(0.0) == 100
    fresh = file.with_name("fresh")
    fresh.write_text("300\n")
    fresh.replace(file)

    assert attribute.read(0.5) == 100
    assert attribute.read(1.0) == 300


def test_a_moved_away_tree_is_noticed(attribute: Attribute, file: Path) -> None:
    """Also where the old file still has its name, in a directory that is another one now."""
    assert attribute.read(0.0) == 100
    directory = file.parent / "zone"
    directory.mkdir()
    moved = Attribute(directory / "energy_uj")
    moved.path.write_text("1\n")
    assert moved.read(0.0) == 1
    directory.rename(file.parent / "old")
    directory.mkdir()
    moved.path.write_text("2\n")

    assert moved.read(1.5) == 2


def test_a_vanished_file_is_gone_and_may_come_back(attribute: Attribute, file: Path) -> None:
    """No stale value is served for long, and the same object reads again when the file is back."""
    assert attribute.read(0.0) == 100
    file.unlink()

    assert reason_of(attribute, 1.0) == "gone"
    assert reason_of(attribute, 1.1) == "gone"

    file.write_text("400\n")

    assert attribute.read(1.2) == 400


@pytest.mark.parametrize(
    "text", ["", "\n", "abc\n", "-5\n", "12 34\n", "12ab\n", "1.5\n", "1_000\n", "0x10\n", "\0\0\n"]
)
def test_what_is_not_a_number_is_garbage(attribute: Attribute, file: Path, text: str) -> None:
    """Nothing but digits is taken for a counter, whatever Python's int() would accept."""
    file.write_text(text)

    assert reason_of(attribute) == "garbage"


def test_garbage_passes(attribute: Attribute, file: Path) -> None:
    """After garbage the next number is read as usual, the same number included."""
    assert attribute.read(0.0) == 100
    file.write_text("?\n")
    assert reason_of(attribute, 0.1) == "garbage"

    file.write_text("100\n")

    assert attribute.read(0.2) == 100


def test_half_a_number_is_garbage_once(attribute: Attribute, file: Path) -> None:
    """A number without its newline is cut off, until the writer proves that it never writes one."""
    assert attribute.read(0.0) == 100
    file.write_text("12")

    assert reason_of(attribute, 0.1) == "garbage"
    assert attribute.read(0.2) == 12


def test_negative_numbers_only_where_they_make_sense(file: Path) -> None:
    """A current may flow backwards; a counter may not."""
    file.write_text("-8\n")

    assert Attribute(file, signed=True).read(0.0) == -8


def test_blanks_around_a_number_are_no_garbage(attribute: Attribute, file: Path) -> None:
    """Fixed-width writers pad with blanks."""
    file.write_text("       42  \n")

    assert attribute.read(0.0) == 42


def test_denied_is_told_apart_from_gone() -> None:
    """A file that lost its read permission is denied at the next opening."""
    with public_directory() as directory:
        path = directory / "energy_uj"
        path.write_text("1\n")
        path.chmod(0)
        with unprivileged():
            assert reason_of(Attribute(path)) == "denied"
