"""What can be wrong with a request about intervals; `exporter.rpc` turns each into one status code."""

from joulecast.errors import JoulecastError


class InvalidTag(JoulecastError):
    """A field that cannot be taken; the message names it."""


class UnknownInterval(JoulecastError):
    """No interval of that id: never begun, or pruned since."""


class IntervalConflict(JoulecastError):
    """The request contradicts the state the intervals are in."""


class OutOfHistory(JoulecastError):
    """The interval lies before what the energy curves remember."""


class TooManyOpen(JoulecastError):
    """More intervals are open than the exporter will hold."""
