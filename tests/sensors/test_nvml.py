"""NVIDIA GPUs, through the real pynvml and a library that answers as drivers do on good and bad days."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pynvml
import pytest
from doubles.fake_nvml import (
    AMPERE,
    DRIVER_NOT_LOADED,
    FUNCTION_NOT_FOUND,
    NO_PERMISSION,
    NOT_SUPPORTED,
    TIMEOUT,
    UNKNOWN,
    Call,
    FakeGpu,
    FakeNvml,
)

from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.sensor import NvmlSensor
from exporter.sensors.sensor import (
    Missed,
    Quantity,
    Reading,
    SensorAbsent,
    SensorDenied,
    SensorFailed,
    survey,
)
from joulecast.component import Component
from joulecast.provenance import Provenance

START = 5000.0
GA102 = 0x223510DE  # an A40


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeNvml]:
    """A driver without GPUs yet; its clock stands still."""
    with FakeNvml.build(tmp_path) as fake:
        fake.freeze(at=START)
        fake.use_here()
        yield fake


@pytest.fixture
def sensor(fake: FakeNvml) -> Iterator[NvmlSensor]:
    """A sensor that has looked at nothing yet."""
    del fake  # it must be there first
    sensor = NvmlSensor(NvmlLibrary())
    yield sensor
    sensor.close()


def _add(fake: FakeNvml, watts: float = 100.0, **options: object) -> FakeGpu:
    return fake.add(watts, tick_ms=0, power_tick_ms=0, **options)  # type: ignore[arg-type]


def _read(sensor: NvmlSensor, now: float) -> list[Reading | Missed]:
    return list(sensor.read(now))


def _readings(sensor: NvmlSensor, now: float) -> list[Reading]:
    outcomes = _read(sensor, now)
    assert all(isinstance(outcome, Reading) for outcome in outcomes)
    return [outcome for outcome in outcomes if isinstance(outcome, Reading)]


def _first_reading(sensor: NvmlSensor, now: float) -> Reading:
    return _readings(sensor, now)[0]


# What is found.


def test_a_modern_gpu_is_one_measured_series_with_counter_and_instant_power(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """The series says where its values come from and how far they may be trusted."""
    gpu = _add(fake)
    (series,) = sensor.discover()
    assert series.key == (Component.GPU, gpu.uuid, "")
    assert series.quantity is Quantity.COUNTER_AND_POWER
    assert series.provenance is Provenance.MEASURED
    assert series.source == "nvmlDeviceGetTotalEnergyConsumption + NVML_FI_DEV_POWER_INSTANT"
    assert (series.update_seconds, series.resolution_joules, series.relative_error) == (0.1, 1e-3, 0.05)
    assert (series.averaging_seconds, series.power_update_seconds) == (0.0, 0.1)
    assert series.max_watts == pytest.approx(700 * 1.5)


def test_identities_are_told(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Model, driver, address, memory and limit of every GPU."""
    gpu = _add(fake)
    sensor.discover()
    (identity,) = sensor.gpus()
    assert (identity.uuid, identity.index, identity.model) == (gpu.uuid, 0, "NVIDIA H100 80GB HBM3")
    assert (identity.driver, identity.pci_bus_id) == ("570.86.15", "00000000:01:00.0")
    assert (identity.memory_bytes, identity.power_limit_watts) == (80 * 2**30, 700.0)


def test_power_is_read_every_time_and_in_watts(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Each read shows the power of that moment."""
    gpu = _add(fake, watts=100.0)
    sensor.discover()
    assert _first_reading(sensor, START).watts == pytest.approx(100.0)
    gpu.set_power(412.5)
    assert _first_reading(sensor, START + 0.02).watts == pytest.approx(412.5)


def test_the_counter_is_the_true_energy_in_joules(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Two counter readings differ by what was consumed between them."""
    gpu = _add(fake, watts=350.0)
    sensor.discover()
    _read(sensor, fake.now())
    joules = []
    for _ in range(2):
        fake.advance(1.0)
        joules.append(_first_reading(sensor, fake.now()).joules)
    assert joules[0] is not None
    assert joules[1] is not None
    assert joules[1] - joules[0] == pytest.approx(gpu.true_joules(START + 1.0, START + 2.0), abs=2e-3)


def test_the_counter_is_never_read_faster_than_its_period(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Peers that poll the counter at a high rate disturb it: whatever the spacing of reads, it gets 0.1 s of rest."""
    gpu = _add(fake)
    sensor.discover()
    asked_at = [START]  # by discover
    for gap in (0.001, 0.02, 0.02, 0.05, 0.02, 0.3, 0.02, 0.09, 0.011, 0.5, 0.099, 0.002) * 5:
        fake.advance(gap)
        before = gpu.calls(Call.ENERGY)
        reading = _first_reading(sensor, fake.now())
        assert reading.watts is not None
        if gpu.calls(Call.ENERGY) > before:
            assert reading.joules is not None
            asked_at.append(fake.now())
    assert len(asked_at) > 10
    assert min(later - earlier for earlier, later in pairwise(asked_at)) >= 0.1 - 1e-9
    assert gpu.shortest_energy_gap is not None
    assert gpu.shortest_energy_gap >= 0.1 - 1e-9


@pytest.mark.parametrize(
    ("architecture", "pci_device_id", "averaging"),
    [(5, 0x1DB110DE, 0.0), (AMPERE, 0x20B210DE, 0.0), (AMPERE, GA102, 1.0), (9, 0x233010DE, 1.0), (0xFFFFFFFF, 0, 0.0)],
    ids=["V100", "A100", "A40", "H100", "unknown"],
)
def test_an_old_driver_gives_averaged_power_on_newer_boards(
    fake: FakeNvml, sensor: NvmlSensor, architecture: int, pci_device_id: int, averaging: float
) -> None:
    """Without the instantaneous field, power is a 1 s mean on Ampere (not GA100) and newer, and the series says so."""
    _add(fake, architecture=architecture, pci_device_id=pci_device_id).fail(Call.INSTANT, NOT_SUPPORTED)
    (series,) = sensor.discover()
    assert series.source.endswith("nvmlDeviceGetPowerUsage")
    assert series.averaging_seconds == averaging
    assert ("mean of the last 1 s" in series.note) == (averaging > 0)
    assert _first_reading(sensor, START).watts == pytest.approx(100.0)


def test_a_very_old_driver_still_gives_power(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """No field values, no architecture, no limits, no counter: power usage alone is read, within the default bound."""
    gpu = _add(fake)
    for call in (Call.FIELDS, Call.ARCHITECTURE, Call.CONSTRAINTS, Call.ENERGY, Call.MIG, Call.PCI, Call.LIMIT):
        gpu.fail(call, FUNCTION_NOT_FOUND)
    (series,) = sensor.discover()
    assert (series.quantity, series.averaging_seconds, series.max_watts) == (Quantity.POWER, 0.0, 1500.0)
    assert sensor.gpus()[0].power_limit_watts is None
    assert _first_reading(sensor, START).watts == pytest.approx(100.0)


def test_a_counter_without_power_is_read_when_due(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Between two readings of the counter there is nothing to say, and that is no failure."""
    gpu = _add(fake)
    gpu.fail(Call.INSTANT, NOT_SUPPORTED)
    gpu.fail(Call.POWER, NOT_SUPPORTED)
    (series,) = sensor.discover()
    assert (series.quantity, series.provenance) == (Quantity.COUNTER, Provenance.MEASURED)
    assert _read(sensor, START) == []
    assert _read(sensor, START + 0.05) == []
    assert _first_reading(sensor, START + 0.2).joules == pytest.approx(1000.0)


# Nothing is found.


def test_no_driver_library_is_absence() -> None:
    """The normal case of a machine without a GPU is one short line."""

    def no_library() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    library = NvmlLibrary(lambda: SimpleNamespace(NVMLError=pynvml.NVMLError, nvmlInit=no_library))
    with pytest.raises(SensorAbsent, match=r"^no NVIDIA driver library$"):
        NvmlSensor(library).discover()


def test_no_bindings_is_absence_with_a_remedy() -> None:
    """Without pynvml installed the doctor says what to install."""

    def not_installed() -> None:
        raise ImportError("No module named 'pynvml'")

    with pytest.raises(SensorAbsent, match=r"joulecast\[exporter\]"):
        NvmlSensor(NvmlLibrary(not_installed)).discover()


def test_no_gpu_is_absence(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """A driver that lists no GPU."""
    del fake
    with pytest.raises(SensorAbsent, match="no NVIDIA GPU"):
        sensor.discover()


def test_an_unloaded_driver_is_absence_at_first(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """The library alone, as in many CPU images, makes no alarm."""
    _add(fake)
    fake.unload_driver(DRIVER_NOT_LOADED)
    with pytest.raises(SensorAbsent, match="modprobe nvidia"):
        sensor.discover()


def test_a_refused_user_is_told_how_to_grant(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """No permission is not absence, and the remedy names the device files."""
    fake.unload_driver(NO_PERMISSION)
    finding = survey(sensor)
    assert finding.status == "denied"
    assert "/dev/nvidiactl" in finding.remedy


def test_one_denied_gpu_is_a_caveat_beside_the_others(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """The readable GPU is returned; the other is named with its remedy."""
    _add(fake).fail(Call.HANDLE, NO_PERMISSION)
    readable = _add(fake)
    assert [series.key.device for series in sensor.discover()] == [readable.uuid]
    (caveat,) = sensor.caveats()
    assert isinstance(caveat, SensorDenied)
    assert "GPU 0" in caveat.problem


def test_a_gpu_that_tells_nothing_is_absence(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """A virtual GPU without power sensors makes no series, and the person is sent to the host."""
    gpu = _add(fake)
    for call in (Call.INSTANT, Call.POWER, Call.ENERGY):
        gpu.fail(call, NOT_SUPPORTED)
    with pytest.raises(SensorAbsent, match="measure on its host"):
        sensor.discover()


def test_another_version_of_the_library_than_of_the_driver_fails_with_a_remedy(
    fake: FakeNvml, sensor: NvmlSensor
) -> None:
    """After a driver upgrade under a running exporter, restarting it is the cure."""
    fake.unload_driver(pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH)
    with pytest.raises(SensorFailed, match="restart the exporter"):
        sensor.discover()


# What never becomes a reading.


def test_a_gpu_without_a_counter_is_not_zero(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Peers report 0 J for boards without an energy counter; here their power is integrated, and says so."""
    _add(fake, watts=180.0).fail(Call.ENERGY, NOT_SUPPORTED)
    (series,) = sensor.discover()
    assert (series.quantity, series.provenance) == (Quantity.POWER, Provenance.INTEGRATED)
    assert "no energy counter" in series.note
    for now in (START, START + 0.5, START + 1.0):
        reading = _first_reading(sensor, now)
        assert reading.joules is None
        assert reading.watts == pytest.approx(180.0)


def test_a_counter_that_shows_zero_does_not_count(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Some boards answer the counter with success and 0 for ever: that is no counter."""
    _add(fake).pin_counter(0)
    (series,) = sensor.discover()
    assert series.quantity is Quantity.POWER


@pytest.mark.parametrize("raw", [0xFFFFFFFFFFFFFFFF, 9223372036854775794, 2**63, 2**64 - 3, 0])
def test_a_counter_sentinel_never_leaks(fake: FakeNvml, sensor: NvmlSensor, raw: int) -> None:
    """Peers export their "not available" as 9 exajoules or a negative energy; here such a read has power only."""
    gpu = _add(fake)
    sensor.discover()
    _read(sensor, START)
    gpu.pin_counter(raw)
    reading = _first_reading(sensor, START + 1.0)
    assert gpu.calls(Call.ENERGY) == 2
    assert reading.joules is None
    assert reading.watts == pytest.approx(100.0)


@pytest.mark.parametrize("raw", [0xFFFFFFFF, 0x7FFFFFF0, 2**31, 2**32 - 5000])
def test_a_power_sentinel_never_leaks(fake: FakeNvml, sensor: NvmlSensor, raw: int) -> None:
    """All ones, or a negative number, read as milliwatts would be megawatts: the read is missed instead."""
    gpu = _add(fake)
    sensor.discover()
    gpu.pin_power(raw)
    (outcome,) = _read(sensor, START)
    assert isinstance(outcome, Missed)
    assert outcome.reason == "garbage"


@pytest.mark.parametrize(("code", "reason"), [(0, "zero"), (NOT_SUPPORTED, "not_supported")])
def test_too_quick_power_reads_are_not_zero_watts(fake: FakeNvml, sensor: NvmlSensor, code: int, reason: str) -> None:
    """Boards polled faster than 50 ms answer 0 mW or NotSupported: a miss, while the counter and later reads go on."""
    gpu = _add(fake, watts=250.0)
    sensor.discover()
    gpu.dislike_quick_power_reads(50, code)
    seen: list[Reading | Missed] = []
    for gap in (0.1, 0.02, 0.02, 0.1, 0.02, 0.06, 0.06):
        fake.advance(gap)
        seen += _read(sensor, fake.now())
    assert [outcome.reason for outcome in seen if isinstance(outcome, Missed)] == [reason] * 3
    readings = [outcome for outcome in seen if isinstance(outcome, Reading)]
    assert [reading.watts for reading in readings] == [pytest.approx(250.0)] * 4
    assert any(reading.joules for reading in readings)


def test_a_board_probed_too_soon_after_somebody_else_keeps_its_instant_power(
    fake: FakeNvml, sensor: NvmlSensor
) -> None:
    """A 0 mW at start, because another program had just polled, is no verdict on the sensor."""
    gpu = _add(fake)
    gpu.dislike_quick_power_reads(50)
    pynvml.nvmlInit()
    pynvml.nvmlDeviceGetPowerUsage(pynvml.nvmlDeviceGetHandleByIndex(0))
    pynvml.nvmlShutdown()
    (series,) = sensor.discover()
    assert series.source.endswith("NVML_FI_DEV_POWER_INSTANT")
    fake.advance(0.1)
    assert _first_reading(sensor, fake.now()).watts == pytest.approx(100.0)


def test_a_failing_counter_leaves_power(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """One question's failure costs only its own answer."""
    gpu = _add(fake)
    (series,) = sensor.discover()
    _read(sensor, START)
    gpu.fail(Call.ENERGY, UNKNOWN)
    assert _first_reading(sensor, START + 1.0) == Reading(series, None, 100.0)


@pytest.mark.parametrize(("code", "reason"), [(TIMEOUT, "timeout"), (UNKNOWN, "unknown"), (NO_PERMISSION, "denied")])
def test_a_passing_error_is_missed_and_the_next_read_continues(
    fake: FakeNvml, sensor: NvmlSensor, code: int, reason: str
) -> None:
    """The reason is told, no value is invented, and the series goes on when the error is over."""
    gpu = _add(fake)
    (series,) = sensor.discover()
    gpu.fail(Call.FIELDS, code)
    (missed,) = _read(sensor, START)
    assert isinstance(missed, Missed)
    assert (missed.series, missed.reason) == (series, reason)
    assert missed.message.startswith("GPU 0: ")
    gpu.fail(Call.FIELDS, 0)
    assert _first_reading(sensor, START + 0.02).watts == pytest.approx(100.0)


# GPUs that go and come.


def test_a_lost_gpu_is_reported_and_the_others_go_on(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Peers go silent, or stop altogether, when one GPU falls off the bus; here only that one is missed, by name."""
    gpus = [_add(fake, watts=100.0 + index) for index in range(3)]
    series = sensor.discover()
    gpus[1].lose()
    first, lost, last = _read(sensor, START)
    assert isinstance(lost, Missed)
    assert (lost.series, lost.reason) == (series[1], "lost")
    assert [first, last] == [Reading(series[0], None, 100.0), Reading(series[2], None, 102.0)]


def test_a_gpu_that_is_back_continues_its_series(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """The same series goes on, so its curve does too."""
    gpus = [_add(fake), _add(fake)]
    series = sensor.discover()
    gpus[1].lose()
    assert isinstance(_read(sensor, START)[1], Missed)
    gpus[1].restore()
    assert [reading.series for reading in _readings(sensor, START + 1)] == series


def test_a_gpu_reset_under_us_is_found_under_its_new_handle(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """A reset GPU answers only those who open the library anew: tried once a minute, without asking the others."""
    gpus = [_add(fake), _add(fake)]
    series = sensor.discover()
    gpus[1].lose()
    _read(sensor, START)
    gpus[1].restore(same_handle=False)
    assert isinstance(_read(sensor, START + 30)[1], Missed)
    asked = gpus[0].calls(Call.ENERGY)
    assert isinstance(_read(sensor, START + 61)[1], Missed)
    assert gpus[0].calls(Call.ENERGY) == asked + 1
    assert [reading.series for reading in _readings(sensor, START + 61.1)] == series


def test_a_gpu_lost_during_recovery_does_not_hide_the_others(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """While one GPU stays lost for hours, opening the library anew in vain costs the others nothing."""
    gpus = [_add(fake), _add(fake)]
    series = sensor.discover()
    gpus[1].lose()
    for minute in range(5):
        healthy, lost = _read(sensor, START + 61.0 * minute)
        assert isinstance(healthy, Reading)
        assert isinstance(lost, Missed)
        assert lost.reason == "lost"
    gpus[1].restore(same_handle=False)
    _read(sensor, START + 1000.0)
    assert [reading.series for reading in _readings(sensor, START + 1001.0)] == series


def test_a_gpu_lost_at_the_start_is_introduced_when_it_appears(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """It is a caveat first; once it answers, the sensor asks to be discovered again and has both."""
    first, second = _add(fake), _add(fake)
    second.lose()
    assert [series.key.device for series in sensor.discover()] == [first.uuid]
    assert "GPU 1 is lost" in str(sensor.caveats()[0])
    assert len(_readings(sensor, START)) == 1
    second.restore()
    with pytest.raises(SensorFailed, match="appeared"):
        _read(sensor, START + 61)
    assert [series.key.device for series in sensor.discover()] == [first.uuid, second.uuid]
    assert sensor.caveats() == ()


def test_all_gpus_lost_is_a_failure_that_ends(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Each is missed and then the sensor fails, so that it is discovered again; the old series continue."""
    gpus = [_add(fake), _add(fake)]
    series = sensor.discover()
    for gpu in gpus:
        gpu.lose()
    outcomes = []
    with pytest.raises(SensorFailed, match="no NVIDIA GPU answers"):
        outcomes.extend(sensor.read(START))
    with pytest.raises(SensorFailed, match="GPU 0 is lost"):
        sensor.discover()
    for gpu in gpus:
        gpu.restore(same_handle=False)
    assert sensor.discover() == series
    assert len(_readings(sensor, START + 1)) == 2


def test_a_driver_reload_is_survived(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Peers export stale or zero values after it; here it fails once, and discovery finds old and new GPUs."""
    first = _add(fake, watts=120.0)
    series = sensor.discover()
    _add(fake)
    fake.reload_driver()
    with pytest.raises(SensorFailed, match="driver went away"):
        _read(sensor, START)
    fake.advance(1.0)
    again = sensor.discover()
    assert again[0] is series[0]
    assert len(again) == 2
    _read(sensor, START + 1.0)
    fake.advance(1.0)
    reading = _first_reading(sensor, START + 2.0)
    assert reading.joules == pytest.approx(first.true_joules(START, START + 2.0), abs=2e-3)


def test_trouble_just_after_a_reload_does_not_change_the_series(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """The counter is at zero in its first moments, or a GPU is not ready: what it could before it still can."""
    _add(fake)
    _add(fake)
    series = sensor.discover()
    fake.reload_driver()
    fake.device(1).fail(Call.ENERGY, UNKNOWN)
    fake.device(1).fail(Call.FIELDS, TIMEOUT)
    fake.device(1).fail(Call.POWER, TIMEOUT)
    assert sensor.discover() == series


def test_a_driver_that_stays_away_is_a_failure_and_not_absence(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """A driver that was there once and is not loaded now is something to tell."""
    _add(fake)
    sensor.discover()
    fake.unload_driver()
    with pytest.raises(SensorFailed):
        _read(sensor, START)
    with pytest.raises(SensorFailed, match="NVML does not start"):
        sensor.discover()
    fake.reload_driver()
    fake.advance(1.0)
    assert len(sensor.discover()) == 1


def test_a_sensor_that_never_found_anything_fails_to_read(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Reading before discovery is a failure to be retried, not silence."""
    del fake
    with pytest.raises(SensorFailed):
        _read(sensor, START)


def test_closing_twice_is_harmless(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """The driver may even have gone first."""
    _add(fake)
    sensor.discover()
    fake.reload_driver()
    sensor.close()
    sensor.close()
    assert sensor.gpus() == ()


# MIG.


def test_the_energy_of_a_board_split_by_mig_is_not_repeated(fake: FakeNvml, sensor: NvmlSensor) -> None:
    """Peers copy the board's power to each MIG instance, so that seven instances burn seven boards' energy."""
    gpu = _add(fake, watts=300.0)
    gpu.split("MIG-aaaa", "MIG-bbbb", "MIG-cccc")
    (series,) = sensor.discover()
    assert series.key.device == gpu.uuid
    assert [reading.watts for reading in _readings(sensor, START)] == [pytest.approx(300.0)]
    (caveat,) = sensor.caveats()
    assert "split by MIG into 3" in caveat.problem
    assert sensor.gpus()[0].mig_uuids == ("MIG-aaaa", "MIG-bbbb", "MIG-cccc")
