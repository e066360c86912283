"""Power and energy from the kernel's hardware monitoring chips, read through sysfs by explicit rules per chip.

A power is the mean over the chip's averaging window, to be integrated over time; an energy is a counter that the
driver accumulates in 64 bits, so that it never wraps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.sensors.attribute import Attribute, Unreadable
from exporter.sensors.hwmon_channel import Channel, Part
from exporter.sensors.hwmon_chips import channels
from exporter.sensors.hwmon_class import Chip, read_chips
from exporter.sensors.identity import KnownSeries
from exporter.sensors.sensor import (
    Missed,
    Quantity,
    Reading,
    SensorAbsent,
    SensorDenied,
    SensorFailed,
    Series,
)
from joulecast.component import SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance
from joulecast.quantities import (
    amperes_from_milliamperes,
    joules_from_microjoules,
    volts_from_millivolts,
    watts_from_microwatts,
)

_GRANT = (
    "run as root, or let a group read them: "
    "echo 'z /sys/class/hwmon/*/energy*_input 0440 root joulecast - -' "
    "| sudo tee -a /etc/tmpfiles.d/joulecast.conf && sudo systemd-tmpfiles --create joulecast.conf"
)


@dataclass(slots=True)
class _Meter:
    """An open channel."""

    series: Series
    parts: Sequence[tuple[int, Sequence[Attribute]]]  # sign, files

    def close(self) -> None:
        for _, attributes in self.parts:
            for attribute in attributes:
                attribute.close()

    def watts(self, now: float) -> float:
        """The sum of the parts. Raises Unreadable if any of them cannot be read: half a sum is no reading."""
        return sum(sign * _watts(attributes, now) for sign, attributes in self.parts)

    def joules(self, now: float) -> float:
        """The sum of the counters. Raises Unreadable."""
        return sum(sign * joules_from_microjoules(attributes[0].read(now)) for sign, attributes in self.parts)


class HwmonSensor:
    """Every known power or energy channel of the chips below `sysfs`."""

    name = "hwmon"

    def __init__(self, sysfs: Path) -> None:
        """`sysfs` is /sys, or where the host's /sys is mounted."""
        self._sysfs = sysfs
        self._meters: list[_Meter] = []
        self._caveats: list[JoulecastError] = []
        self._known = KnownSeries()

    def discover(self) -> Sequence[Series]:
        """Open every channel that a rule knows. Raises SensorAbsent, or SensorDenied if none may be read."""
        self.close()
        self._caveats = []
        denied = []
        taken: set[SeriesKey] = set()
        for found in channels(self._list_chips()):
            if isinstance(found, JoulecastError):
                self._caveats.append(found)
                continue
            if found.key in taken:
                self._caveats.append(JoulecastError(f"{_source(found.parts)} measures something once more", "not used"))
                continue
            taken.add(found.key)
            try:
                self._meters.append(self._open(found))
            except PermissionError:
                denied.append(_source(found.parts))
            except OSError as error:
                self._caveats.append(JoulecastError(f"{_source(found.parts)}: {error.strerror}", "not used"))
        self._caveats += [SensorDenied(f"{source} may not be read", _GRANT) for source in denied]
        if not self._meters:
            raise self._nothing(denied)
        return [meter.series for meter in self._meters]

    def caveats(self) -> Sequence[JoulecastError]:
        """The chips that were found and are not used, and why."""
        return list(self._caveats)

    def read(self, now: float) -> Iterator[Reading | Missed]:
        """Read every channel; one that fails does not stop the others."""
        if not self._meters:
            raise SensorFailed("no hwmon channel is open", "discover again")
        for meter in self._meters:
            series = meter.series
            try:
                if series.quantity is Quantity.COUNTER:
                    yield Reading(series, joules=meter.joules(now))
                    continue
                watts = meter.watts(now)
            except Unreadable as unreadable:
                yield Missed(series, unreadable.reason, str(unreadable))
                continue
            if watts < 0:
                yield Missed(series, "negative", f"{series.source} gives {watts:.3f} W")
            else:
                yield Reading(series, watts=watts)

    def close(self) -> None:
        """Close all channels."""
        for meter in self._meters:
            meter.close()
        self._meters = []

    def _list_chips(self) -> Sequence[Chip]:
        directory = self._sysfs / "class" / "hwmon"
        try:
            return read_chips(self._sysfs)
        except (FileNotFoundError, NotADirectoryError):
            raise SensorAbsent(f"no {directory}", "normal on virtual machines") from None
        except PermissionError:
            raise SensorDenied(f"{directory} may not be listed", "run as root") from None
        except OSError as error:
            raise SensorFailed(f"{directory} cannot be listed ({error.strerror})", "see dmesg") from error

    def _nothing(self, denied: Sequence[str]) -> JoulecastError:
        if denied:
            return SensorDenied(f"{' and '.join(denied)} may not be read", _GRANT)
        unused = "; ".join(caveat.problem for caveat in self._caveats)
        return SensorAbsent(
            f"no known power sensor below {self._sysfs / 'class' / 'hwmon'}" + (f" ({unused})" if unused else ""),
            "normal on most servers, whose processors have RAPL",
        )

    def _open(self, channel: Channel) -> _Meter:
        parts = []
        opened: list[Attribute] = []
        try:
            for part in channel.parts:
                # Only of two files, volts and amperes, the latter may be negative: a current can flow back.
                attributes = [Attribute(file, signed=position > 0) for position, file in enumerate(part.files)]
                for attribute in attributes:
                    attribute.open()
                    opened.append(attribute)
                parts.append((part.sign, attributes))
        except OSError:
            for attribute in opened:
                attribute.close()
            raise
        return _Meter(self._known.settle(self._series(channel)), parts)

    def _series(self, channel: Channel) -> Series:
        return Series(
            key=channel.key,
            sensor=self.name,
            provenance=Provenance.MEASURED if channel.is_counter else Provenance.INTEGRATED,
            quantity=Quantity.COUNTER if channel.is_counter else Quantity.POWER,
            source=_source(channel.parts),
            max_watts=channel.bound_watts,
            resolution_joules=channel.resolution_joules,
            update_seconds=channel.update_seconds,
            averaging_seconds=channel.averaging_seconds,
            relative_error=channel.relative_error,
            note=channel.note,
        )


def _watts(attributes: Sequence[Attribute], now: float) -> float:
    if len(attributes) == 1:
        return watts_from_microwatts(attributes[0].read(now))
    volts, amperes = attributes
    return volts_from_millivolts(volts.read(now)) * amperes_from_milliamperes(amperes.read(now))


def _source(parts: Sequence[Part]) -> str:
    """The files behind a channel as a sum, for people."""
    text = ""
    for part in parts:
        sign = " - " if part.sign < 0 else " + " if text else ""
        text += sign + " x ".join(str(file) for file in part.files)
    return text
