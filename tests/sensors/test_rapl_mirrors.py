"""Dies that show one counter twice are counted once; sockets that only look alike are not confused with them."""

from pathlib import Path

from doubles.sysfs import PowercapTree

from exporter.sensors.rapl import RaplSensor
from exporter.sensors.sensor import Missed


def reasons(sensor: RaplSensor, now: float) -> list[str]:
    """For each zone in order, "ok" or why it was missed."""
    return [one.reason if isinstance(one, Missed) else "ok" for one in sensor.read(now)]


def two_dies(tmp_path: Path, first_uj: int, second_uj: int) -> tuple[PowercapTree, RaplSensor]:
    """A socket with two die zones that start at these values."""
    tree = PowercapTree(tmp_path)
    tree.add_zone("package-0-die-0", start_uj=first_uj)
    tree.add_zone("package-0-die-1", start_uj=second_uj)
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    return tree, sensor


def burn_both(tree: PowercapTree, joules: float, other: float | None = None) -> None:
    """Burn in both dies."""
    tree.burn({"package-0-die-0": joules, "package-0-die-1": joules if other is None else other})


def test_a_mirrored_die_is_counted_once(tmp_path: Path) -> None:
    """Equal to the microjoule in three moving readings is one counter: the second zone is left out, and told."""
    tree, sensor = two_dies(tmp_path, 5_000_000, 5_000_000)
    assert reasons(sensor, 0.0) == ["ok", "ok"]
    for round_ in range(3):
        burn_both(tree, 1.7)
        seen = reasons(sensor, 0.1 * (round_ + 1))

    assert seen == ["ok", "mirror"]
    assert any("intel-rapl:1 repeats the counter of intel-rapl:0" in str(caveat) for caveat in sensor.caveats())


def test_standing_counters_prove_nothing(tmp_path: Path) -> None:
    """Equal values that do not move are no evidence, however often they are read."""
    _, sensor = two_dies(tmp_path, 5_000_000, 5_000_000)

    assert {reason for now in range(10) for reason in reasons(sensor, now)} == {"ok"}


def test_counters_at_zero_prove_nothing(tmp_path: Path) -> None:
    """Two sockets fresh from a reset both show zero, and may even burn alike."""
    tree, sensor = two_dies(tmp_path, 0, 0)
    for now in range(10):
        burn_both(tree, 1.0)

        assert reasons(sensor, now) == ["ok", "ok"]


def test_a_common_reset_proves_nothing(tmp_path: Path) -> None:
    """Zeros after a reset of both do not count towards the evidence, though they are equal and new."""
    tree, sensor = two_dies(tmp_path, 5_000_000, 5_000_000)
    for now in range(2):
        burn_both(tree, 1.0)
        reasons(sensor, now)
    tree.reset("package-0-die-0")
    tree.reset("package-0-die-1")

    assert reasons(sensor, 2.0) == ["ok", "ok"]


def test_counters_that_part_are_two(tmp_path: Path) -> None:
    """A chance of equal values at the start is forgotten as soon as they differ."""
    tree, sensor = two_dies(tmp_path, 5_000_000, 5_000_000)
    for now in range(10):
        burn_both(tree, 1.0, 1.001)

        assert reasons(sensor, now) == ["ok", "ok"]


def test_an_update_between_two_reads_is_forgiven(tmp_path: Path) -> None:
    """A mirror read just after a tick differs once; that neither clears nor confirms it."""
    tree, sensor = two_dies(tmp_path, 5_000_000, 5_000_000)
    burn_both(tree, 1.0)
    reasons(sensor, 0.1)
    tree.burn({"package-0-die-1": 0.05})
    assert reasons(sensor, 0.2) == ["ok", "ok"]
    tree.burn({"package-0-die-0": 0.05})
    reasons(sensor, 0.3)
    burn_both(tree, 1.0)

    assert reasons(sensor, 0.4) == ["ok", "mirror"]


def test_a_wrong_verdict_is_revised(tmp_path: Path) -> None:
    """Zones taken for mirrors that go apart after all are counted again."""
    tree, sensor = two_dies(tmp_path, 5_000_000, 5_000_000)
    for now in range(3):
        burn_both(tree, 1.0)
        reasons(sensor, now)
    for now in range(3, 6):
        burn_both(tree, 1.0, 2.0)
        seen = reasons(sensor, now)

    assert seen == ["ok", "ok"]
    assert not sensor.caveats()


def test_a_mirror_stays_known_when_discovered_again(tmp_path: Path) -> None:
    """A second discovery does not count the socket twice for another three readings."""
    tree, sensor = two_dies(tmp_path, 5_000_000, 5_000_000)
    for now in range(3):
        burn_both(tree, 1.0)
        reasons(sensor, now)

    sensor.discover()

    assert reasons(sensor, 4.0) == ["ok", "mirror"]
