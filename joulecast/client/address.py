"""Where the exporter listens."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from joulecast.client.failure import Misconfigured

DEFAULT_SOCKET = Path("/run/joulecast/joulecast.sock")
DEFAULT_TCP = "127.0.0.1:9878"

_REMEDY = "write it as unix:///path/to/socket or HOST:PORT"


@dataclass(frozen=True, slots=True)
class Address:
    """One endpoint as gRPC takes it. `private` means nothing sent to it leaves this machine."""

    target: str
    private: bool
    unix: bool = False


def chosen_address(argument: str | None, environ: Mapping[str, str], socket: Path = DEFAULT_SOCKET) -> str:
    """What was asked for, else JOULECAST_ADDRESS, else this machine's socket if it is there, else its TCP port."""
    return argument or environ.get("JOULECAST_ADDRESS") or (f"unix://{socket}" if socket.exists() else DEFAULT_TCP)


def parse_address(text: str) -> Address:
    """Read `unix:///path`, `unix:path`, `host:port` or `[v6]:port`.

    Raises Misconfigured.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:").removeprefix("//")
        if not path:
            raise Misconfigured(f"the address {text!r} names no socket", _REMEDY)
        return Address(f"unix:{path}", private=True, unix=True)
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise Misconfigured(f"the address {text!r} has no port", _REMEDY)
    if "/" in host:
        raise Misconfigured(f"the address {text!r} is a URL", _REMEDY)
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise Misconfigured(f"the address {text!r} has several colons", "write an IPv6 host in brackets, [::1]:9878")
    return Address(text, private=_is_loopback(host.strip("[]")))


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
