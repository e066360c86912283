"""The client never breaks, blocks or slows what it measures, and loses nothing an exporter could still give."""

import warnings

import grpc
import pytest
from doubles.awaiting import until
from doubles.energy_service import EnergyServer

import joulecast

NOWHERE = "unix:///nonexistent/joulecast.sock"


def test_without_an_exporter_there_is_one_warning_and_no_energy() -> None:
    """Work goes on with every figure None, except the duration, which needs no exporter."""
    with pytest.warns(RuntimeWarning, match="no exporter answers at unix:///nonexistent") as seen:
        energies = [_bracketed(NOWHERE) for _ in range(100)]

    energy = energies[-1]
    assert len(seen) == 1
    assert (energy.joules, energy.net_joules, energy.coverage, energy.provenance) == (None, None, None, None)
    assert (energy.components, energy.devices, energy.joules_per("sample")) == ({}, (), None)
    assert energy.duration_seconds > 0
    assert energy.result().status == "unknown"
    assert str(energy).startswith("energy unknown, ")


def test_warnings_as_errors_do_not_stop_the_work(caplog: pytest.LogCaptureFixture) -> None:
    """Where warnings are errors, the one about the exporter goes to the log: a training is never killed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with joulecast.interval("train", address=NOWHERE) as energy:
            pass
        assert energy.joules is None

    assert "no exporter answers" in caplog.text


def test_strict_raises_before_the_work_begins() -> None:
    """Who would rather not work unmeasured is told what is wrong and what to do."""
    with (
        pytest.raises(joulecast.Unreachable, match="start one with `joulecast exporter`"),
        joulecast.interval("train", strict=True, address=NOWHERE),
    ):
        raise AssertionError("the body must not run")


def test_strict_never_hides_the_workloads_exception(server: EnergyServer) -> None:
    """An exporter lost meanwhile says nothing while the workload's own exception is on its way."""

    def work() -> None:
        with joulecast.interval("train", strict=True, address=server.address):
            server.stop()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        work()


def test_strict_raises_at_the_end_and_when_read(server: EnergyServer) -> None:
    """A strict interval whose exporter went away is an error at its end and at every reading."""
    connection = joulecast.Connection(server.address, patience=0.05)
    energy = joulecast.begin("train", strict=True, address=connection)
    server.stop()

    with pytest.raises(joulecast.Unreachable):
        energy.end()
    with pytest.raises(joulecast.Unreachable):
        _ = energy.joules


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:9878", "host:99999", "unix:"])
@pytest.mark.filterwarnings("ignore:joulecast")
def test_a_wrong_address_is_a_warning_too(address: str) -> None:
    """A typing error in JOULECAST_ADDRESS does not stop a training either; `connect` and strict do say it."""
    with joulecast.interval("train", address=address) as energy:
        pass

    assert energy.joules is None
    with pytest.raises(joulecast.JoulecastError, match="address"):
        joulecast.connect(address)


@pytest.mark.filterwarnings("ignore:joulecast")
def test_a_hanging_exporter_is_waited_for_once(server: EnergyServer) -> None:
    """After one call timed out, the next intervals do not even try."""
    server.service.delay = 0.5
    connection = joulecast.Connection(server.address, timeout=0.05)
    for _ in range(50):
        with joulecast.interval("train", address=connection) as energy:
            pass
        assert energy.joules is None

    assert [method for method, _ in server.service.calls] == ["BeginInterval"]


@pytest.mark.filterwarnings("ignore:joulecast")
def test_an_exporter_that_starts_late_loses_nothing(server: EnergyServer) -> None:
    """An interval whose begin found nobody is recorded at its end, with both of the workload's timestamps."""
    server.stop()
    connection = joulecast.Connection(server.address)
    energy = joulecast.begin("train", job="j", address=connection, epoch=1)
    energy.count(sample=5)
    server.start()
    energy.end()
    until(lambda: _read_at_once(connection, energy).status == "finished")

    (request,) = server.service.asked("RecordIntervals")
    (row,) = request.intervals
    assert (row.name, row.job, dict(row.labels), dict(row.counts)) == ("train", "j", {"epoch": "1"}, {"sample": 5.0})
    assert row.begin.monotonic_ns < row.end.monotonic_ns <= request.sent.monotonic_ns


def test_an_exporter_restarted_over_the_end_loses_nothing(
    server: EnergyServer, recwarn: pytest.WarningsRecorder
) -> None:
    """An end that found nobody is delivered when the energy is read, with the timestamp of the real end."""
    with joulecast.interval("train", address=server.address) as energy:
        server.stop()
    seconds = energy.duration_seconds
    server.start()

    assert energy.result().status == "finished"
    assert energy.result().duration_seconds == pytest.approx(seconds, abs=1e-6)
    assert not recwarn.list


@pytest.mark.filterwarnings("ignore:joulecast")
def test_the_keeper_delivers_an_end_nobody_reads(server: EnergyServer) -> None:
    """A decorated function's energy is read by no one in the process, and is recorded all the same."""
    connection = joulecast.Connection(server.address)
    with joulecast.interval("train", lease=1.0, address=connection):
        server.stop()
    server.start()

    until(lambda: connection._outage.over() or server.service.asked("EndInterval"))


def test_an_exporter_that_forgot_the_interval_is_told_again(server: EnergyServer) -> None:
    """An exporter that lost its state meanwhile is given the whole interval at the end."""
    with joulecast.interval("train", address=server.address) as energy:
        server.service.forget()

    assert energy.result().status == "finished"
    assert len(server.service.asked("RecordIntervals")) == 1


def test_a_restart_between_two_intervals_is_not_noticed(server: EnergyServer, recwarn: pytest.WarningsRecorder) -> None:
    """The connection a restart cut is opened again within the very next call."""
    with joulecast.interval("first", address=server.address):
        pass
    server.stop()
    server.start()
    with joulecast.interval("second", address=server.address) as second:
        pass

    assert second.result().status == "finished"
    assert not recwarn.list


@pytest.mark.filterwarnings("ignore:joulecast")
def test_reading_waits_for_a_lost_exporter_once(server: EnergyServer) -> None:
    """The first attribute spends the outage's patience; those after it, of any interval, answer at once."""
    connection = joulecast.Connection(server.address, patience=0.2)
    energies = [joulecast.begin("train", address=connection) for _ in range(3)]
    server.stop()
    for energy in energies:
        energy.end()

    assert [energy.joules for energy in energies] == [None] * 3
    assert connection._outage.patience == 0


@pytest.mark.parametrize("status", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAUTHENTICATED])
def test_an_exporter_that_refuses_is_a_warning(server: EnergyServer, status: grpc.StatusCode) -> None:
    """A refusal is told once, with what the exporter said, and the work goes on."""
    server.service.refusals = dict.fromkeys(
        ("BeginInterval", "EndInterval", "RecordIntervals", "GetInterval"), (status, "because")
    )
    with pytest.warns(RuntimeWarning, match="because") as seen:
        energies = [_bracketed(server.address) for _ in range(3)]

    assert len(seen) == 1
    assert energies[-1].joules is None
    assert "because" in energies[-1].notes[0]


def test_what_the_exporter_warns_of_is_passed_on_once(server: EnergyServer) -> None:
    """A full disk behind the exporter is something the workload's owner should read, one time."""
    server.service.warning = "kept in memory only: the disk is full"
    with pytest.warns(RuntimeWarning, match="disk is full") as seen:
        assert all(_bracketed(server.address).joules for _ in range(3))

    assert len(seen) == 1


def _bracketed(address: str) -> joulecast.Energy:
    with joulecast.interval("train", address=address) as energy:
        energy.count(sample=1)
    return energy


def _read_at_once(connection: joulecast.Connection, energy: joulecast.Energy) -> joulecast.Result:
    """Read as if the pause after a failed call were over; the pause itself is tested with a clock of its own."""
    connection._outage.over()
    return energy.result()
