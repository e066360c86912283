"""Tag a piece of work, get its joules: `with joulecast.interval("train") as energy: ...`.

The ground floor of the house: the vocabulary every room shares, the client a workload imports, the one command.
Importing it loads none of gRPC; each name below comes from its module when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

from joulecast.version import __version__

if TYPE_CHECKING:
    from joulecast.client.batch import Batch as Batch
    from joulecast.client.batch import batch as batch
    from joulecast.client.connection import Connection as Connection
    from joulecast.client.connection import connect as connect
    from joulecast.client.energy import Energy as Energy
    from joulecast.client.failure import Refused as Refused
    from joulecast.client.failure import Unreachable as Unreachable
    from joulecast.client.interval import Interval as Interval
    from joulecast.client.interval import begin as begin
    from joulecast.client.interval import interval as interval
    from joulecast.client.result import Result as Result
    from joulecast.errors import JoulecastError as JoulecastError
    from joulecast.phase import Phase as Phase
    from joulecast.provenance import Provenance as Provenance

_HOMES = {
    "Batch": "joulecast.client.batch",
    "Connection": "joulecast.client.connection",
    "Energy": "joulecast.client.energy",
    "Interval": "joulecast.client.interval",
    "JoulecastError": "joulecast.errors",
    "Phase": "joulecast.phase",
    "Provenance": "joulecast.provenance",
    "Refused": "joulecast.client.failure",
    "Result": "joulecast.client.result",
    "Unreachable": "joulecast.client.failure",
    "batch": "joulecast.client.batch",
    "begin": "joulecast.client.interval",
    "connect": "joulecast.client.connection",
    "interval": "joulecast.client.interval",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - every key is a string


def __getattr__(name: str) -> Any:
    """Load the module that is home to `name` (PEP 562), and keep the name here for the next time."""
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'joulecast' has no attribute {name!r}") from None
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Names that are here, and names that come when asked for."""
    return sorted({*globals(), *_HOMES})
