"""Where the demonstration listens: ports of loopback that nobody has, next to each other so that they are known."""

import socket
from typing import NamedTuple

from joulecast.errors import JoulecastError

HOST = "127.0.0.1"
FIRST_PORT = 19877
_HIGHEST_PORT = 65_535


class Places(NamedTuple):
    """One port for each door."""

    page: int
    energy: int
    predictions: int
    predictor: int
    prometheus: int


def places(first_port: int) -> Places:
    """Ports from `first_port` on, or free ones anywhere for 0. Raises JoulecastError for one that is taken."""
    if first_port == 0:
        return _anywhere()
    doors = len(Places._fields)
    highest = _HIGHEST_PORT + 1 - doors
    if not 0 < first_port <= highest:
        raise JoulecastError(f"port {first_port} begins no row of {doors} ports", f"name one from 1 to {highest}")
    chosen = Places(*range(first_port, first_port + doors))
    for door, port in chosen._asdict().items():
        try:
            _bound(port).close()
        except OSError as failure:
            raise JoulecastError(
                f"port {port}, the demo's {door}, cannot be had ({failure.strerror})",
                f"is another demo running? name another row, as by --first-port {_another(first_port)}",
            ) from failure
    return chosen


def url(port: int, path: str = "/") -> str:
    """The address of a page."""
    return f"http://{HOST}:{port}{path}"


def _anywhere() -> Places:
    doors = [_bound(0) for _ in Places._fields]
    try:
        return Places(*(door.getsockname()[1] for door in doors))
    finally:
        for door in doors:
            door.close()


def _bound(port: int) -> socket.socket:
    return socket.create_server((HOST, port))


def _another(first_port: int) -> int:
    return first_port + 1000 if first_port < 60_000 else FIRST_PORT
