"""gRPC's own log beside a command's output: errors only, unless the environment asks for more.

It would tell on standard error of every exporter that restarts, in the middle of what people and scripts read there.
"""

import os

_VERBOSITY = "GRPC_VERBOSITY"
_set_here: set[str] = set()


def quieten() -> None:
    """Let gRPC log errors only; to be called before it is loaded."""
    if _VERBOSITY not in os.environ:
        os.environ[_VERBOSITY] = "ERROR"
        _set_here.add(_VERBOSITY)


def environment_given() -> dict[str, str]:
    """The environment for a command that we start: ours, without what we have set for ourselves."""
    return {name: value for name, value in os.environ.items() if name not in _set_here}
