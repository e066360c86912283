"""One `Series` object per thing, also after it was discovered again: the meter knows series by identity."""

from dataclasses import fields

from exporter.sensors.sensor import Series
from joulecast.component import SeriesKey

_FIELDS = tuple(field.name for field in fields(Series))


class KnownSeries:
    """Remembers every series a sensor ever handed out."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, SeriesKey], Series] = {}

    def settle(self, fresh: Series) -> Series:
        """The series handed out before for the same source, if nothing about it has changed, or else `fresh`."""
        name = (fresh.source, fresh.key)
        known = self._known.get(name)
        if known is not None and all(getattr(known, field) == getattr(fresh, field) for field in _FIELDS):
            return known
        self._known[name] = fresh
        return fresh
