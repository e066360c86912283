"""NVIDIA GPUs: a counter read seldom and power read often, one series per board, each lost and found by itself."""

from collections.abc import Iterator, Sequence

from exporter.sensors.identity import KnownSeries
from exporter.sensors.nvml.board import COUNTER_SECONDS, NAME, Abilities, Board, describe, examine
from exporter.sensors.nvml.device import NvmlDevice
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.refusal import RefusedError
from exporter.sensors.sensor import Missed, Reading, SensorAbsent, SensorDenied, SensorFailed, Series
from joulecast.errors import JoulecastError

# Looking for a lost GPU means opening the library anew, which no other GPU should often have to wait for.
RECOVERY_SECONDS = 60.0


class NvmlSensor:
    """Implements `Sensor` for every NVIDIA GPU of this machine.

    A counter is read at most once per `counter_period`, however often `read` is called: faster reads are reported to
    disturb it. A board split by MIG is one series: its instances share one supply and have no meters of their own.
    """

    name = NAME

    def __init__(
        self,
        library: NvmlLibrary,
        counter_period: float = COUNTER_SECONDS,
        recovery_period: float = RECOVERY_SECONDS,
    ) -> None:
        self._library = library
        self._counter_period = counter_period
        self._recovery_period = recovery_period
        self._known = KnownSeries()
        self._abilities: dict[str, Abilities] = {}  # by UUID, of every GPU ever found
        self._boards: list[Board] = []
        self._caveats: list[JoulecastError] = []
        self._well_at: float | None = None  # when no GPU was missing, or one was last looked for

    def discover(self) -> Sequence[Series]:
        """Open the library anew and find out what each GPU tells."""
        self._boards, self._caveats = [], []
        self._library.open()
        self._caveats += self._library.problems
        for device in self._library.devices:
            self._introduce(device)
        if not self._boards:
            raise self._why_none()
        return [board.series for board in self._boards]

    def caveats(self) -> Sequence[JoulecastError]:
        """GPUs that are there and tell nothing, and boards that are told as a whole."""
        return tuple(self._caveats)

    def gpus(self) -> tuple[Gpu, ...]:
        """What each GPU is that the driver lists."""
        return tuple(device.gpu for device in self._library.devices)

    def read(self, now: float) -> Iterator[Reading | Missed]:
        """Power of every GPU, and the counters that are due; a lost GPU leaves the others alone."""
        lost = 0
        for board in self._boards:
            try:
                outcome = board.read(now)
            except RefusedError as error:
                raise SensorFailed(f"the NVIDIA driver went away ({error})") from error
            if outcome is not None:
                lost += isinstance(outcome, Missed) and outcome.reason == "lost"
                yield outcome
        if lost == len(self._boards):
            raise SensorFailed("no NVIDIA GPU answers", "look at dmesg for NVRM Xid lines; a reboot may be needed")
        if lost or self._is_one_missing():
            self._recover(now)
        else:
            self._well_at = now

    def close(self) -> None:
        """Let the driver go."""
        self._boards = []
        self._library.close()

    def _introduce(self, device: NvmlDevice) -> None:
        try:
            abilities = examine(device, self._abilities.get(device.gpu.uuid))
        except (SensorAbsent, SensorDenied, SensorFailed) as silent:
            self._caveats.append(silent)
            return
        self._abilities[device.gpu.uuid] = abilities
        series = self._known.settle(describe(device, abilities))
        self._boards.append(Board(device, abilities, series, self._counter_period))
        if device.gpu.mig_uuids:
            self._caveats.append(
                JoulecastError(
                    f"GPU {device.gpu.index} is split by MIG into {len(device.gpu.mig_uuids)}",
                    "its energy is told once, as the whole board's, and is shared out to what runs in its instances; "
                    "whoever names an instance gets the board",
                )
            )

    def _is_one_missing(self) -> bool:
        return any(isinstance(caveat, SensorFailed) for caveat in self._caveats)

    def _recover(self, now: float) -> None:
        """Look for missing GPUs now and then: after a reset a GPU has a new handle.

        The others only change their handles; they are not asked anything, so their counters keep their rest.
        """
        if self._well_at is None:
            self._well_at = now
        if now - self._well_at < self._recovery_period:
            return
        self._well_at = now
        try:
            self._library.open()
        except JoulecastError as error:
            raise SensorFailed(error.problem, error.remedy) from error
        listed = {device.gpu.uuid: device for device in self._library.devices}
        for board in self._boards:
            board.device = listed.pop(board.gpu.uuid, None)
        known = len(self._boards)
        self._caveats = [caveat for caveat in self._caveats if not isinstance(caveat, SensorFailed)]
        self._caveats += self._library.problems
        for device in listed.values():
            self._introduce(device)
        if len(self._boards) > known:
            raise SensorFailed("an NVIDIA GPU appeared")  # only `discover` can hand out its series

    def _why_none(self) -> JoulecastError:
        """The problem that a person can do most about, or that there is no GPU."""
        for kind in (SensorDenied, SensorFailed, SensorAbsent):
            for caveat in self._caveats:
                if isinstance(caveat, kind):
                    return caveat
        return SensorAbsent("no NVIDIA GPU")
